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

/**
 * Some records of one partition that follow each other, to be handled together. What it says of itself costs nothing; where neither keys nor values
 * have a deserializer, or only total ones such as `string`, its records are made when they are asked for: one at a time, and not kept,
 * by `for (const record of batch)`, all at once by `records`. They can be read as long as the batch is kept, which keeps their bytes.
 */
export interface ConsumerBatch<K = Uint8Array | null, V = Uint8Array | null>
  extends TopicPartition, Iterable<ConsumerRecord<K, V>> {
  /** Number of records, at least one. */
  readonly count: number
  readonly firstOffset: number
  /** Of the last record. Offsets in between may be missing. */
  readonly lastOffset: number
  /** All records in a list, which is made on first use and kept. */
  readonly records: readonly ConsumerRecord<K, V>[]
  /** Offset of the first record that is not yet replicated everywhere: where reading ends for now. */
  readonly highWatermark: number
}
