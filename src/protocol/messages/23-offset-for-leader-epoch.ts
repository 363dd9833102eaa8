import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, string, struct } from '../schema.ts'

/**
 * Asks a partition's leader where a leader epoch ended. A follower truncates there (KIP-101); a consumer that has read
 * further has read records that were lost in an unclean election (KIP-320). Versions 0 and 1, which brokers before 4.0
 * have, ask for ClusterAction on the cluster, so they are of no use to a consumer; Java's uses version 3 or above.
 */
export interface OffsetForLeaderEpochRequest {
  /**
   * Node id of the follower that asks, -1 for a consumer, -2 for a debugging consumer, which may see past the high
   * watermark.
   */
  replicaId: number
  topics: OffsetForLeaderEpochTopic[]
}

export interface OffsetForLeaderEpochTopic {
  topic: string
  partitions: OffsetForLeaderEpochPartition[]
}

export interface OffsetForLeaderEpochPartition {
  partition: number
  /** Epoch of the leader as the client knows it from metadata, to find out that either is behind; -1 not to check. */
  currentLeaderEpoch: number
  /** Epoch whose end is asked for: that of the last record read. */
  leaderEpoch: number
}

export interface OffsetForLeaderEpochResponse {
  /** Milliseconds to wait before the next request after a quota was exceeded. */
  throttleTimeMs: number
  topics: OffsetForLeaderEpochTopicResult[]
}

export interface OffsetForLeaderEpochTopicResult {
  topic: string
  partitions: OffsetForLeaderEpochPartitionResult[]
}

export interface OffsetForLeaderEpochPartitionResult {
  /**
   * Retried after a refresh of metadata: NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH (the client's epoch is old),
   * UNKNOWN_LEADER_EPOCH (the broker's is old), UNKNOWN_TOPIC_OR_PARTITION, REPLICA_NOT_AVAILABLE, KAFKA_STORAGE_ERROR,
   * OFFSET_NOT_AVAILABLE and LEADER_NOT_AVAILABLE. Final: TOPIC_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED.
   */
  errorCode: number
  partition: number
  /** The largest epoch not above the one asked for that the leader has records of; -1 when it has none (KIP-279). */
  leaderEpoch: number
  /** First offset after `leaderEpoch`; the log's end when that epoch still lasts, -1 when it is unknown. */
  endOffset: bigint
}

const partition = struct<OffsetForLeaderEpochPartition>({
  partition: int32,
  currentLeaderEpoch: int32.since(2).default(-1).ignorable(),
  leaderEpoch: int32,
})

const topic = struct<OffsetForLeaderEpochTopic>({
  topic: string,
  partitions: array(partition),
})

const partitionResult = struct<OffsetForLeaderEpochPartitionResult>({
  errorCode: int16,
  partition: int32,
  leaderEpoch: int32.since(1).default(-1).ignorable(),
  endOffset: int64.default(-1n),
})

const topicResult = struct<OffsetForLeaderEpochTopicResult>({
  topic: string,
  partitions: array(partitionResult),
})

export const offsetForLeaderEpochApi: Api<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse> = {
  name: 'OffsetForLeaderEpoch',
  key: 23,
  request: message<OffsetForLeaderEpochRequest>({
    name: 'OffsetForLeaderEpochRequest',
    apiKey: 23,
    versions: { min: 0, max: 4 },
    flexibleFrom: 4,
    fields: {
      replicaId: int32.since(3).default(-2).ignorable(),
      topics: array(topic),
    },
  }),
  response: message<OffsetForLeaderEpochResponse>({
    name: 'OffsetForLeaderEpochResponse',
    apiKey: 23,
    versions: { min: 0, max: 4 },
    flexibleFrom: 4,
    fields: {
      throttleTimeMs: int32.since(2).ignorable(),
      topics: array(topicResult),
    },
  }),
}
