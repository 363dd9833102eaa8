import type { RecordHeader, TimestampType } from '../protocol/records/record.ts'
import type { TopicPartition } from './topic-partition.ts'

/** One record as the loop gets it. */
export interface ConsumerRecord<K = Uint8Array | null, V = Uint8Array | null> extends TopicPartition {
  readonly offset: number
  /** Milliseconds since 1970, -1 when the record has none. */
  readonly timestamp: number
  /** Who set the timestamp: the producer (`create`), the broker (`append`) or nobody (`none`, message format 0). */
  readonly timestampType: TimestampType
  readonly key: K
  readonly value: V
  /** In wire order, names may repeat. */
  readonly headers: readonly RecordHeader[]
  /** Epoch of the leader that appended it; undefined below message format 2. */
  readonly leaderEpoch: number | undefined
}

/** Records of one partition that lie next to each other, as one record batch on the broker held them. */
export interface ConsumerBatch<K = Uint8Array | null, V = Uint8Array | null> extends TopicPartition {
  /** At least one. */
  readonly records: readonly ConsumerRecord<K, V>[]
  /** Offset of the first record that is not yet replicated everywhere: where reading ends for now. */
  readonly highWatermark: number
}
