import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * Commits offsets of a group as part of a transaction: they take effect when the transaction does (KIP-98). Goes to the
 * group's coordinator, after AddOffsetsToTxn went to the transaction's. Under transactions V2 (KIP-890) that one is
 * left out and version 5 or above used; without them, use version 4 at most.
 */
export interface TxnOffsetCommitRequest {
  transactionalId: string
  groupId: string
  producerId: bigint
  producerEpoch: number
  /**
   * Generation of a classic group or the member's epoch of a KIP-848 one; -1 to commit without being a member
   * (KIP-447).
   */
  generationIdOrMemberEpoch: number
  /** Empty when not a member. */
  memberId: string
  /** Null for a dynamic member. */
  groupInstanceId: string | null
  topics: TxnOffsetCommitTopic[]
}

export interface TxnOffsetCommitTopic {
  /** Up to version 5. */
  name: string
  /** From version 6 on (KIP-1319). */
  topicId: string
  partitions: TxnOffsetCommitPartition[]
}

export interface TxnOffsetCommitPartition {
  partitionIndex: number
  /** Offset of the next record to read. */
  committedOffset: bigint
  /** Leader epoch of the last record read; -1 when unknown. */
  committedLeaderEpoch: number
  /** Text to keep with the offset, up to the broker's `offset.metadata.max.bytes`. */
  committedMetadata: string | null
}

export interface TxnOffsetCommitResponse {
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  topics: TxnOffsetCommitTopicResult[]
}

export interface TxnOffsetCommitTopicResult {
  /** Up to version 5. */
  name: string
  /** From version 6 on. */
  topicId: string
  partitions: TxnOffsetCommitPartitionResult[]
}

export interface TxnOffsetCommitPartitionResult {
  partitionIndex: number
  /**
   * Retried: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE and NOT_COORDINATOR (the last two after a new
   * FindCoordinator), UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID (after a refresh of metadata),
   * CONCURRENT_TRANSACTIONS, REQUEST_TIMED_OUT. To be aborted, since the group has moved on: ILLEGAL_GENERATION,
   * UNKNOWN_MEMBER_ID and FENCED_INSTANCE_ID (from version 3 on), STALE_MEMBER_EPOCH and GROUP_ID_NOT_FOUND (from
   * version 6 on); also GROUP_AUTHORIZATION_FAILED, TOPIC_AUTHORIZATION_FAILED, OFFSET_METADATA_TOO_LARGE and
   * TRANSACTION_ABORTABLE (from version 4 on). Ends the producer: PRODUCER_FENCED, INVALID_PRODUCER_EPOCH,
   * INVALID_PRODUCER_ID_MAPPING, INVALID_TXN_STATE, TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
   * UNSUPPORTED_FOR_MESSAGE_FORMAT.
   */
  errorCode: number
}

const partition = struct<TxnOffsetCommitPartition>({
  partitionIndex: int32,
  committedOffset: int64,
  committedLeaderEpoch: int32.since(2).default(-1).ignorable(),
  committedMetadata: nullable(string),
})

const topic = struct<TxnOffsetCommitTopic>({
  name: string.until(5).ignorable(),
  topicId: uuid.since(6).ignorable(),
  partitions: array(partition),
})

const partitionResult = struct<TxnOffsetCommitPartitionResult>({
  partitionIndex: int32,
  errorCode: int16,
})

const topicResult = struct<TxnOffsetCommitTopicResult>({
  name: string.until(5).ignorable(),
  topicId: uuid.since(6).ignorable(),
  partitions: array(partitionResult),
})

export const txnOffsetCommitApi: Api<TxnOffsetCommitRequest, TxnOffsetCommitResponse> = {
  name: 'TxnOffsetCommit',
  key: 28,
  request: message<TxnOffsetCommitRequest>({
    name: 'TxnOffsetCommitRequest',
    apiKey: 28,
    versions: { min: 0, max: 6 },
    flexibleFrom: 3,
    fields: {
      transactionalId: string,
      groupId: string,
      producerId: int64,
      producerEpoch: int16,
      generationIdOrMemberEpoch: int32.since(3).default(-1),
      memberId: string.since(3),
      groupInstanceId: nullable(string, 3).since(3).default(null),
      topics: array(topic),
    },
  }),
  response: message<TxnOffsetCommitResponse>({
    name: 'TxnOffsetCommitResponse',
    apiKey: 28,
    versions: { min: 0, max: 6 },
    flexibleFrom: 3,
    fields: {
      throttleTimeMs: int32,
      topics: array(topicResult),
    },
  }),
}
