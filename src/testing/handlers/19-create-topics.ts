import { ERROR } from '../../protocol/error-codes.ts'
import {
  createTopicsApi,
  type CreateTopicsRequest,
  type CreateTopicsResponse,
} from '../../protocol/messages/19-create-topics.ts'
import type { Encodable } from '../../protocol/schema.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { isFault, type Topic, type TopicFault } from '../state/topics.ts'

type NewTopic = CreateTopicsRequest['topics'][number]
type TopicResult = Encodable<CreateTopicsResponse['topics'][number]>

/**
 * Where a setting's value is from: given for the topic, or Kafka's default (Java:
 * DescribeConfigsResponse.ConfigSource).
 */
const TOPIC_CONFIG = 1
const DEFAULT_CONFIG = 5

export const createTopicsHandler: Handler<CreateTopicsRequest, CreateTopicsResponse> = {
  api: createTopicsApi,

  // Any node takes the request (KRaft). Topics are there when the answer is.
  handle({ topics, validateOnly }, context) {
    const names = topics.map(({ name }) => name)
    const once = topics.filter(({ name }) => names.filter((other) => other === name).length === 1)
    const twice = [...new Set(names)].filter((name) => !once.some((topic) => topic.name === name))
    return {
      topics: [
        ...once.map((topic) => create(topic, validateOnly, context)),
        ...twice.map((name) => refuse(name, { errorCode: ERROR.INVALID_REQUEST, message: 'Duplicate topic name.' })),
      ],
    }
  },

  fail({ topics }, errorCode) {
    return { topics: topics.map(({ name }) => ({ name, errorCode })) }
  },
}

function create(topic: NewTopic, validateOnly: boolean, { cluster }: RequestContext): TopicResult {
  const { name, numPartitions, replicationFactor } = topic
  if (name === '__cluster_metadata') {
    const message = `Creation of internal topic ${name} is prohibited.`
    return refuse(name, { errorCode: ERROR.INVALID_REQUEST, message })
  }
  const nulls = topic.configs.filter(({ value }) => value === null)
  if (nulls.length > 0) {
    const message = `Null value not supported for topic configs: ${nulls.map((config) => config.name).join(',')}`
    return refuse(name, { errorCode: ERROR.INVALID_CONFIG, message })
  }
  const config = Object.fromEntries(topic.configs.map(({ name, value }) => [name, value ?? '']))
  const assignment = assignmentOf(topic)
  if (assignment !== undefined && 'errorCode' in assignment) return refuse(name, assignment)
  const spec = { name, partitions: numPartitions, replicationFactor, assignment, config }
  const created = cluster.topics.create(spec, { validateOnly })
  return isFault(created) ? refuse(name, created) : describe(created)
}

/** Replicas by partition index, if the client assigns them. Partitions that are left out are holes. */
function assignmentOf({ assignments }: NewTopic): number[][] | TopicFault | undefined {
  if (assignments.length === 0) return undefined
  const errorCode = ERROR.INVALID_REPLICA_ASSIGNMENT
  const byIndex: number[][] = []
  for (const { partitionIndex, brokerIds } of assignments.toSorted((a, b) => a.partitionIndex - b.partitionIndex)) {
    if (partitionIndex < byIndex.length) {
      return { errorCode, message: `Found multiple manual partition assignments for partition ${partitionIndex}` }
    }
    if (partitionIndex > byIndex.length) {
      return { errorCode, message: 'partitions should be a consecutive 0-based integer sequence' }
    }
    byIndex.push(brokerIds)
  }
  return byIndex
}

function refuse(name: string, { errorCode, message }: TopicFault): TopicResult {
  return { name, errorCode, errorMessage: message }
}

function describe({ name, id, partitions, config }: Topic): TopicResult {
  return {
    name,
    topicId: id,
    errorCode: ERROR.NONE,
    errorMessage: null,
    numPartitions: partitions.length,
    replicationFactor: partitions[0]!.replicas.length,
    configs: config.entries().map(({ name, value, isDefault }) => ({
      name,
      value,
      readOnly: false,
      configSource: isDefault ? DEFAULT_CONFIG : TOPIC_CONFIG,
      isSensitive: false,
    })),
  }
}
