import type { Api } from '../api.ts'
import { array, int16, int32, message, string, struct } from '../schema.ts'

/**
 * Deletes committed offsets of a group, for topics that no member is subscribed to (KIP-496). Goes to the group's
 * coordinator.
 */
export interface OffsetDeleteRequest {
  groupId: string
  topics: OffsetDeleteTopic[]
}

export interface OffsetDeleteTopic {
  name: string
  partitions: OffsetDeletePartition[]
}

export interface OffsetDeletePartition {
  partitionIndex: number
}

export interface OffsetDeleteResponse {
  /**
   * GROUP_ID_NOT_FOUND, INVALID_GROUP_ID, GROUP_AUTHORIZATION_FAILED, NON_EMPTY_GROUP for a group with members that do
   * not use it as consumers. Retried: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE and NOT_COORDINATOR, the
   * last two after a new FindCoordinator.
   */
  errorCode: number
  /** Milliseconds to wait before the next request after a quota was exceeded. */
  throttleTimeMs: number
  topics: OffsetDeleteTopicResult[]
}

export interface OffsetDeleteTopicResult {
  name: string
  partitions: OffsetDeletePartitionResult[]
}

export interface OffsetDeletePartitionResult {
  partitionIndex: number
  /**
   * GROUP_SUBSCRIBED_TO_TOPIC, UNKNOWN_TOPIC_OR_PARTITION, TOPIC_AUTHORIZATION_FAILED. A partition that has no
   * committed offset is no error.
   */
  errorCode: number
}

const partition = struct<OffsetDeletePartition>({
  partitionIndex: int32,
})

const topic = struct<OffsetDeleteTopic>({
  name: string,
  partitions: array(partition),
})

const partitionResult = struct<OffsetDeletePartitionResult>({
  partitionIndex: int32,
  errorCode: int16,
})

const topicResult = struct<OffsetDeleteTopicResult>({
  name: string,
  partitions: array(partitionResult),
})

export const offsetDeleteApi: Api<OffsetDeleteRequest, OffsetDeleteResponse> = {
  name: 'OffsetDelete',
  key: 47,
  request: message<OffsetDeleteRequest>({
    name: 'OffsetDeleteRequest',
    apiKey: 47,
    versions: { min: 0, max: 0 },
    flexibleFrom: null,
    fields: {
      groupId: string,
      topics: array(topic),
    },
  }),
  response: message<OffsetDeleteResponse>({
    name: 'OffsetDeleteResponse',
    apiKey: 47,
    versions: { min: 0, max: 0 },
    flexibleFrom: null,
    fields: {
      errorCode: int16,
      throttleTimeMs: int32.ignorable(),
      topics: array(topicResult),
    },
  }),
}
