import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * Stores how far a group has read. Goes to the group's coordinator; of use without any member too, as for
 * administration.
 */
export interface OffsetCommitRequest {
  groupId: string
  /** Generation of a classic group, epoch of a KIP-848 member (version 9), or -1 to commit without being a member. */
  generationIdOrMemberEpoch: number
  /** Empty when not a member. */
  memberId: string
  /** Null for a dynamic member. */
  groupInstanceId: string | null
  /** Up to version 4: milliseconds to keep the offsets; -1 leaves it to the broker's `offsets.retention.minutes`. */
  retentionTimeMs: bigint
  topics: OffsetCommitTopic[]
}

export interface OffsetCommitTopic {
  /** Up to version 9. */
  name: string
  /** From version 10 on. */
  topicId: string
  partitions: OffsetCommitPartition[]
}

export interface OffsetCommitPartition {
  partitionIndex: number
  /** Offset of the next record to read. */
  committedOffset: bigint
  /** Leader epoch of the last record read; -1 when unknown. */
  committedLeaderEpoch: number
  /** Text to keep with the offset, up to the broker's `offset.metadata.max.bytes`. */
  committedMetadata: string | null
}

const partition = struct<OffsetCommitPartition>({
  partitionIndex: int32,
  committedOffset: int64,
  committedLeaderEpoch: int32.since(6).default(-1).ignorable(),
  committedMetadata: nullable(string),
})

const topic = struct<OffsetCommitTopic>({
  name: string.until(9).ignorable(),
  topicId: uuid.since(10).ignorable(),
  partitions: array(partition),
})

export interface OffsetCommitResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  topics: OffsetCommitTopicResult[]
}

export interface OffsetCommitTopicResult {
  /** Up to version 9. */
  name: string
  /** From version 10 on. */
  topicId: string
  partitions: OffsetCommitPartitionResult[]
}

export interface OffsetCommitPartitionResult {
  partitionIndex: number
  /**
   * After a new FindCoordinator: NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE; simply retried:
   * COORDINATOR_LOAD_IN_PROGRESS, UNKNOWN_TOPIC_OR_PARTITION, REQUEST_TIMED_OUT; join again first: ILLEGAL_GENERATION,
   * UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS, FENCED_MEMBER_EPOCH; with the latest epoch: STALE_MEMBER_EPOCH; else
   * FENCED_INSTANCE_ID, GROUP_ID_NOT_FOUND, UNKNOWN_TOPIC_ID, OFFSET_METADATA_TOO_LARGE, INVALID_COMMIT_OFFSET_SIZE,
   * GROUP_AUTHORIZATION_FAILED, TOPIC_AUTHORIZATION_FAILED.
   */
  errorCode: number
}

const partitionResult = struct<OffsetCommitPartitionResult>({
  partitionIndex: int32,
  errorCode: int16,
})

const topicResult = struct<OffsetCommitTopicResult>({
  name: string.until(9).ignorable(),
  topicId: uuid.since(10).ignorable(),
  partitions: array(partitionResult),
})

export const offsetCommitApi: Api<OffsetCommitRequest, OffsetCommitResponse> = {
  name: 'OffsetCommit',
  key: 8,
  request: message<OffsetCommitRequest>({
    name: 'OffsetCommitRequest',
    apiKey: 8,
    versions: { min: 2, max: 10 },
    flexibleFrom: 8,
    fields: {
      groupId: string,
      generationIdOrMemberEpoch: int32.default(-1),
      memberId: string,
      groupInstanceId: nullable(string, 7).since(7).default(null),
      retentionTimeMs: int64.until(4).default(-1n).ignorable(),
      topics: array(topic),
    },
  }),
  response: message<OffsetCommitResponse>({
    name: 'OffsetCommitResponse',
    apiKey: 8,
    versions: { min: 2, max: 10 },
    flexibleFrom: 8,
    fields: {
      throttleTimeMs: int32.since(3).ignorable(),
      topics: array(topicResult),
    },
  }),
}
