/** A header of a record that was read. Keys may repeat; order is kept. */
export interface RecordHeader {
  key: string
  /** A view of the bytes that were decoded. */
  value: Uint8Array | null
}

/** A record that was read. `key`, `value` and header values are views of the decoded bytes and keep them alive. */
export interface DecodedRecord {
  offset: number
  /** Milliseconds since the epoch; -1 when it has none. Exact within +-(2^53 - 1), rounded beyond. */
  timestamp: number
  key: Uint8Array | null
  value: Uint8Array | null
  headers: RecordHeader[]
}

/** A header of a record to write. */
export interface EncodableHeader {
  key: string
  /** Text is written as UTF-8. */
  value: Uint8Array | string | null
}

/** A record to write. */
export interface EncodableRecord {
  /** Milliseconds since the epoch; -1 for none. */
  timestamp: number
  /** Text is written as UTF-8. Default null. */
  key?: Uint8Array | string | null | undefined
  /** Text is written as UTF-8. Null, the default, is a tombstone in a compacted topic. */
  value?: Uint8Array | string | null | undefined
  headers?: readonly EncodableHeader[] | undefined
  /** Default: one more than that of the record before it. Greater where compaction removed records in between. */
  offset?: number | undefined
}

/** Who set the timestamps of a batch: the producer, the broker when it appended the batch, or nobody (v0 message sets). */
export type TimestampType = 'none' | 'create' | 'append'
