import type { Api } from '../api.ts'
import { array, int16, int32, int64, int8, message, string, struct } from '../schema.ts'

/**
 * Finds offsets of partitions by time: the first, the next, or that of the first record at or after a timestamp. Goes
 * to the leaders.
 */
export interface ListOffsetsRequest {
  /** -1 for clients, -2 in Kafka's own debugging tools. */
  replicaId: number
  /** 0 counts every record; 1 (read committed) ends at the last stable offset. */
  isolationLevel: number
  topics: ListOffsetsTopic[]
  /** Milliseconds that the broker may take to read remote storage (KIP-1075). */
  timeoutMs: number
}

export interface ListOffsetsTopic {
  name: string
  partitions: ListOffsetsPartition[]
}

export interface ListOffsetsPartition {
  partitionIndex: number
  /** Leader epoch in the client's metadata, which the broker compares with its own; -1 not to. */
  currentLeaderEpoch: number
  /**
   * Milliseconds since 1970, or -1 the next offset, -2 the first, -3 the record with the largest timestamp (version 7),
   * -4 the first that is on the broker's own disk (8), -5 the last in remote storage (9), -6 the first not in remote
   * storage yet (11).
   */
  timestamp: bigint
}

const partition = struct<ListOffsetsPartition>({
  partitionIndex: int32,
  currentLeaderEpoch: int32.since(4).default(-1).ignorable(),
  timestamp: int64,
})

const topic = struct<ListOffsetsTopic>({
  name: string,
  partitions: array(partition),
})

export interface ListOffsetsResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  topics: ListOffsetsTopicResult[]
}

export interface ListOffsetsTopicResult {
  name: string
  partitions: ListOffsetsPartitionResult[]
}

export interface ListOffsetsPartitionResult {
  partitionIndex: number
  /**
   * After new metadata: NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE, FENCED_LEADER_EPOCH,
   * KAFKA_STORAGE_ERROR; simply retried: UNKNOWN_LEADER_EPOCH, OFFSET_NOT_AVAILABLE, REQUEST_TIMED_OUT; else
   * TOPIC_AUTHORIZATION_FAILED, UNSUPPORTED_FOR_MESSAGE_FORMAT.
   */
  errorCode: number
  /** Milliseconds since 1970 of the record at `offset`; -1 when the request named no time. */
  timestamp: bigint
  /** -1 when no record is that late. */
  offset: bigint
  /** Leader epoch of the record at `offset`; -1 when unknown. */
  leaderEpoch: number
}

const partitionResult = struct<ListOffsetsPartitionResult>({
  partitionIndex: int32,
  errorCode: int16,
  timestamp: int64.default(-1n),
  offset: int64.default(-1n),
  leaderEpoch: int32.since(4).default(-1),
})

const topicResult = struct<ListOffsetsTopicResult>({
  name: string,
  partitions: array(partitionResult),
})

export const listOffsetsApi: Api<ListOffsetsRequest, ListOffsetsResponse> = {
  name: 'ListOffsets',
  key: 2,
  request: message<ListOffsetsRequest>({
    name: 'ListOffsetsRequest',
    apiKey: 2,
    versions: { min: 1, max: 11 },
    flexibleFrom: 6,
    fields: {
      replicaId: int32,
      isolationLevel: int8.since(2),
      topics: array(topic),
      timeoutMs: int32.since(10).ignorable(),
    },
  }),
  response: message<ListOffsetsResponse>({
    name: 'ListOffsetsResponse',
    apiKey: 2,
    versions: { min: 1, max: 11 },
    flexibleFrom: 6,
    fields: {
      throttleTimeMs: int32.since(2).ignorable(),
      topics: array(topicResult),
    },
  }),
}
