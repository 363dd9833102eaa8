import { int32, int64, message, string, uuid, type Message } from '../schema.ts'

/** Key of a committed offset in `__consumer_offsets`. */
export interface OffsetCommitKey {
  group: string
  topic: string
  partition: number
}

export const offsetCommitKey: Message<OffsetCommitKey> = message<OffsetCommitKey>({
  name: 'OffsetCommitKey',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: null,
  fields: { group: string, topic: string, partition: int32 },
})

/**
 * A committed offset. Kafka 4.4 writes version 4, or 1 when the commit set an expiry of its own; older brokers also
 * write 2 and 3.
 */
export interface OffsetCommitValue {
  /** Offset of the next record to consume. */
  offset: bigint
  /** Leader epoch of the last record consumed (KIP-320); -1 when unknown. */
  leaderEpoch: number
  /** What the client gave along with the offset. */
  metadata: string
  /** Milliseconds since the epoch at which the offset was committed. */
  commitTimestamp: bigint
  /**
   * Milliseconds since the epoch after which the offset may be dropped; -1 when the broker's retention decides. Version
   * 1 only.
   */
  expireTimestamp: bigint
  /** The zero UUID when the offset was committed by topic name (KIP-848). */
  topicId: string
}

export const offsetCommitValue: Message<OffsetCommitValue> = message<OffsetCommitValue>({
  name: 'OffsetCommitValue',
  apiKey: null,
  versions: { min: 0, max: 4 },
  flexibleFrom: 4,
  fields: {
    offset: int64,
    leaderEpoch: int32.since(3).default(-1).ignorable(),
    metadata: string,
    commitTimestamp: int64,
    expireTimestamp: int64.since(1).until(1).default(-1n).ignorable(),
    topicId: uuid.since(4).tagged(0).ignorable(),
  },
})
