import type { CompressionName } from '../compression/codec.ts'
import type { RecordCursor } from './record-cursor.ts'
import type { DecodedRecord, TimestampType } from './record.ts'

/** What is known about a batch without reading its records. */
export interface BatchInfo {
  /** 2 for a record batch (0.11 and later), 0 or 1 for a message of an older message set. */
  magic: 0 | 1 | 2
  /** Where the batch starts in the input, in bytes. */
  position: number
  sizeInBytes: number
  /**
   * Offset of the first record, also when compaction removed it. Of a compressed v0 or v1 message it is not known before the records are
   * read, and given as `lastOffset`.
   */
  baseOffset: number
  /** Offset of the last record, also when compaction removed it: reading goes on after it. */
  lastOffset: number
  /** Leader epoch in which the batch was appended; -1 when unknown. */
  partitionLeaderEpoch: number
  /** The attribute bits as they are. */
  attributes: number
  compression: CompressionName
  timestampType: TimestampType
  /** What the records' timestamps are relative to, in milliseconds; -1 in v0 and v1. */
  baseTimestamp: number
  /** Largest timestamp, or with timestamp type `append` the timestamp of all records; -1 when there is none. */
  maxTimestamp: number
  /** -1 when the producer was not idempotent. */
  producerId: bigint
  producerEpoch: number
  /** Sequence number of the first record; -1 when the producer was not idempotent. */
  baseSequence: number
  isTransactional: boolean
  /** Its records are markers for clients, such as the end of a transaction, and no data. */
  isControl: boolean
  /** Time until which tombstones and markers are kept, in milliseconds, once compaction has set it (KIP-534). */
  deleteHorizonMs: number | undefined
  /** Number of records; undefined when only decompression can tell (compressed v0 and v1 messages). */
  count: number | undefined
}

/**
 * A batch of records as it was found in the input: a v2 record batch, or one message of a v0 or v1 message set, which may be a compressed
 * wrapper of several. Its records are decoded only when they are asked for, and views of the input.
 */
export class RecordBatch implements BatchInfo {
  readonly magic: 0 | 1 | 2
  readonly position: number
  readonly sizeInBytes: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly partitionLeaderEpoch: number
  readonly attributes: number
  readonly compression: CompressionName
  readonly timestampType: TimestampType
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly deleteHorizonMs: number | undefined
  readonly count: number | undefined
  /** The whole batch, as a view of the input. */
  readonly bytes: Uint8Array
  readonly #open: () => RecordCursor | Promise<RecordCursor>

  /** @param open - starts over the records, which it decompresses first if need be. */
  constructor(info: BatchInfo, bytes: Uint8Array, open: () => RecordCursor | Promise<RecordCursor>) {
    this.magic = info.magic
    this.position = info.position
    this.sizeInBytes = info.sizeInBytes
    this.baseOffset = info.baseOffset
    this.lastOffset = info.lastOffset
    this.partitionLeaderEpoch = info.partitionLeaderEpoch
    this.attributes = info.attributes
    this.compression = info.compression
    this.timestampType = info.timestampType
    this.baseTimestamp = info.baseTimestamp
    this.maxTimestamp = info.maxTimestamp
    this.producerId = info.producerId
    this.producerEpoch = info.producerEpoch
    this.baseSequence = info.baseSequence
    this.isTransactional = info.isTransactional
    this.isControl = info.isControl
    this.deleteHorizonMs = info.deleteHorizonMs
    this.count = info.count
    this.bytes = bytes
    this.#open = open
  }

  /**
   * All records as objects; a promise when the codec is still to be loaded, or the thread pool decompresses. Throws, or rejects with, DecodeError
   * for records that are not valid and CompressionError for a missing codec, garbled data or too much of it.
   */
  records(): DecodedRecord[] | Promise<DecodedRecord[]> {
    const cursor = this.cursor()
    return cursor instanceof Promise
      ? cursor.then((opened) => collect(opened, this.count))
      : collect(cursor, this.count)
  }

  /** A cursor before the first record, for reading without an object per record. A promise and errors as with `records()`. */
  cursor(): RecordCursor | Promise<RecordCursor> {
    return this.#open()
  }
}

function collect(cursor: RecordCursor, count: number | undefined): DecodedRecord[] {
  // An array that is of the right length from the start saves a third of the time. The cursor has checked the count against the bytes there are.
  const records: DecodedRecord[] = []
  records.length = count ?? 0
  for (let i = 0; cursor.next(); i++) records[i] = cursor.record()
  return records
}
