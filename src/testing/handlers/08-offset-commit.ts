import { ERROR } from '../../protocol/error-codes.ts'
import {
  offsetCommitApi,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from '../../protocol/messages/08-offset-commit.ts'
import type { Handler, RequestContext } from '../handler.ts'
import type { Topic } from '../state/topics.ts'
import { coordinatorError } from './coordinator-error.ts'

type TopicCommit = OffsetCommitRequest['topics'][number]
type TopicResponse = OffsetCommitResponse['topics'][number]

/** First version with topic ids instead of names (KIP-848). */
const FIRST_VERSION_WITH_IDS = 10
/** Longest text that may be stored with an offset (offset.metadata.max.bytes). */
export const MAX_METADATA_LENGTH = 4096

export const offsetCommitHandler: Handler<OffsetCommitRequest, OffsetCommitResponse> = {
  api: offsetCommitApi,

  handle(request, context) {
    const { cluster, apiVersion } = context
    const usesIds = apiVersion >= FIRST_VERSION_WITH_IDS
    const commits = request.topics.map((commit) => ({ commit, topic: cluster.topics.find(commit, usesIds) }))
    // A request about unknown topics only does not get to the coordinator.
    const errorCode = commits.some(({ topic }) => topic !== undefined)
      ? coordinatorError(request.groupId, context) || cluster.groups.commitError(request, apiVersion)
      : ERROR.NONE
    const unknown = usesIds ? ERROR.UNKNOWN_TOPIC_ID : ERROR.UNKNOWN_TOPIC_OR_PARTITION
    const topics = commits.map(({ commit, topic }) => {
      if (topic === undefined) return failTopic(commit, unknown)
      return errorCode === ERROR.NONE
        ? commitTopic(commit, topic, request.groupId, context)
        : failTopic(commit, errorCode)
    })
    return { topics }
  },

  fail({ topics }, errorCode) {
    return { topics: topics.map((commit) => failTopic(commit, errorCode)) }
  },
}

function commitTopic(commit: TopicCommit, topic: Topic, groupId: string, { cluster }: RequestContext): TopicResponse {
  const partitions = commit.partitions.map((partition) => {
    const { partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata } = partition
    if (topic.partitions[partitionIndex] === undefined) {
      return { partitionIndex, errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION }
    }
    const metadata = committedMetadata ?? ''
    if (metadata.length > MAX_METADATA_LENGTH) return { partitionIndex, errorCode: ERROR.OFFSET_METADATA_TOO_LARGE }
    cluster.offsets.put(groupId, {
      topic: topic.name,
      partition: partitionIndex,
      offset: Number(committedOffset),
      leaderEpoch: committedLeaderEpoch,
      metadata,
    })
    return { partitionIndex, errorCode: ERROR.NONE }
  })
  return { name: commit.name, topicId: commit.topicId, partitions }
}

function failTopic({ name, topicId, partitions }: TopicCommit, errorCode: number): TopicResponse {
  return { name, topicId, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })) }
}
