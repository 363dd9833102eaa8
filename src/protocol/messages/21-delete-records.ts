import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, string, struct } from '../schema.ts'

/**
 * Moves the start of partitions forward, so that what lies before can no longer be read (KIP-107). Goes to the
 * partitions' leader.
 */
export interface DeleteRecordsRequest {
  topics: DeleteRecordsTopic[]
  /** How long the leader waits for all live replicas to move their start as well. */
  timeoutMs: number
}

export interface DeleteRecordsTopic {
  name: string
  partitions: DeleteRecordsPartition[]
}

export interface DeleteRecordsPartition {
  partitionIndex: number
  /** First offset to keep; -1 for the high watermark, which leaves nothing to read. */
  offset: bigint
}

export interface DeleteRecordsResponse {
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  topics: DeleteRecordsTopicResult[]
}

export interface DeleteRecordsTopicResult {
  name: string
  partitions: DeleteRecordsPartitionResult[]
}

export interface DeleteRecordsPartitionResult {
  partitionIndex: number
  /** Lowest start offset over the live replicas; -1 after an error. */
  lowWatermark: bigint
  /**
   * OFFSET_OUT_OF_RANGE when the offset is negative or beyond the high watermark, POLICY_VIOLATION when the topic's
   * cleanup policy is not `delete`, INVALID_TOPIC_EXCEPTION for an internal topic, TOPIC_AUTHORIZATION_FAILED. To be
   * retried: NOT_LEADER_OR_FOLLOWER and UNKNOWN_TOPIC_OR_PARTITION after a refresh of metadata, KAFKA_STORAGE_ERROR,
   * and REQUEST_TIMED_OUT when a replica did not follow in time (the leader has moved its start already).
   */
  errorCode: number
}

const partition = struct<DeleteRecordsPartition>({
  partitionIndex: int32,
  offset: int64,
})

const topic = struct<DeleteRecordsTopic>({
  name: string,
  partitions: array(partition),
})

const partitionResult = struct<DeleteRecordsPartitionResult>({
  partitionIndex: int32,
  lowWatermark: int64,
  errorCode: int16,
})

const topicResult = struct<DeleteRecordsTopicResult>({
  name: string,
  partitions: array(partitionResult),
})

export const deleteRecordsApi: Api<DeleteRecordsRequest, DeleteRecordsResponse> = {
  name: 'DeleteRecords',
  key: 21,
  request: message<DeleteRecordsRequest>({
    name: 'DeleteRecordsRequest',
    apiKey: 21,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      topics: array(topic),
      timeoutMs: int32,
    },
  }),
  response: message<DeleteRecordsResponse>({
    name: 'DeleteRecordsResponse',
    apiKey: 21,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      throttleTimeMs: int32,
      topics: array(topicResult),
    },
  }),
}
