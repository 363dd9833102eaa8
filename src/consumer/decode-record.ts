import type { RecordBatch } from '../protocol/records/record-batch.ts'
import type { RecordCursor } from '../protocol/records/record-cursor.ts'
import type { RecordHeader } from '../protocol/records/record.ts'
import type { Deserializer } from '../serdes.ts'
import type { ConsumerRecord } from './record.ts'
import type { TopicPartition } from './topic-partition.ts'

/** Shared by all records without headers, which are most. */
const NO_HEADERS: readonly RecordHeader[] = Object.freeze([])

export function headersOf(cursor: RecordCursor): readonly RecordHeader[] {
  return cursor.headerCount === 0 ? NO_HEADERS : cursor.headers()
}

/** A key or value as the loop gets it. Throws what the deserializer throws. */
export function readField<T>(
  deserializer: Deserializer<T> | undefined,
  bytes: Uint8Array | null,
  topic: string,
  field: 'key' | 'value',
  headers: readonly RecordHeader[],
): T | Promise<T> {
  // Without a deserializer T is what bytes are typed as.
  return deserializer === undefined ? (bytes as T) : deserializer.deserialize(bytes, { topic, field, headers })
}

/** The current record with its bytes as they are. */
export function rawRecord(
  { topic, partition }: TopicPartition,
  { timestampType, partitionLeaderEpoch }: RecordBatch,
  cursor: RecordCursor,
  headers: readonly RecordHeader[],
): ConsumerRecord {
  const { offset, timestamp } = cursor
  const leaderEpoch = partitionLeaderEpoch < 0 ? undefined : partitionLeaderEpoch
  return {
    topic,
    partition,
    offset,
    timestamp,
    timestampType,
    key: cursor.key(),
    value: cursor.value(),
    headers,
    leaderEpoch,
  }
}
