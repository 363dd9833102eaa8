import { ZERO_UUID } from '../../protocol/bytes/uuid.ts'
import { ERROR, errorOf } from '../../protocol/error-codes.ts'
import {
  deleteTopicsApi,
  type DeleteTopicsRequest,
  type DeleteTopicsResponse,
} from '../../protocol/messages/20-delete-topics.ts'
import type { Handler, RequestContext } from '../handler.ts'

type Named = DeleteTopicsRequest['topics'][number]
type Result = DeleteTopicsResponse['responses'][number]

/** First version that can name topics by id. */
const FIRST_VERSION_WITH_IDS = 6

export const deleteTopicsHandler: Handler<DeleteTopicsRequest, DeleteTopicsResponse> = {
  api: deleteTopicsApi,

  handle(request, context) {
    const topics = topicsOf(request, context)
    const keys = topics.map(keyOf)
    const distinct = topics.filter((_, i) => keys.indexOf(keys[i]!) === i)
    return {
      responses: distinct.map((topic) => {
        const isTwice = keys.filter((key) => key === keyOf(topic)).length > 1
        const what = topic.name === null ? 'id' : 'name'
        return isTwice ? result(topic, ERROR.INVALID_REQUEST, `Duplicate topic ${what}.`) : remove(topic, context)
      }),
    }
  },

  fail(request, errorCode, context) {
    return { responses: topicsOf(request, context).map((topic) => result(topic, errorCode)) }
  },
}

function topicsOf({ topics, topicNames }: DeleteTopicsRequest, { apiVersion }: RequestContext): Named[] {
  if (apiVersion >= FIRST_VERSION_WITH_IDS) return topics
  return topicNames.map((name) => ({ name, topicId: ZERO_UUID }))
}

function keyOf({ name, topicId }: Named): string {
  return `${topicId}:${name ?? ''}`
}

function remove(named: Named, { cluster }: RequestContext): Result {
  const { name, topicId } = named
  const hasId = topicId !== ZERO_UUID
  if (name === null && !hasId) return result(named, ERROR.INVALID_REQUEST, 'Neither topic name nor id were specified.')
  if (name !== null && hasId) {
    return result(named, ERROR.INVALID_REQUEST, 'You may not specify both topic name and topic id.')
  }
  const topic = name === null ? cluster.topics.byId(topicId) : cluster.topics.get(name)
  if (topic === undefined) {
    return result(named, name === null ? ERROR.UNKNOWN_TOPIC_ID : ERROR.UNKNOWN_TOPIC_OR_PARTITION)
  }
  cluster.deleteTopic(topic)
  return result({ name: topic.name, topicId: topic.id }, ERROR.NONE)
}

function result({ name, topicId }: Named, errorCode: number, message?: string): Result {
  const errorMessage = errorCode === ERROR.NONE ? null : (message ?? errorOf(errorCode).message)
  return { name, topicId, errorCode, errorMessage }
}
