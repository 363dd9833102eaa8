import { ClosedError, EncodeError } from '../../errors.ts'
import { writeUtf8 } from '../bytes/utf8.ts'
import { sizeOfUnsignedVarint } from '../bytes/varint.ts'
import { COMPRESSION_NAMES, type CompressionName } from '../compression/codec.ts'
import { compress } from '../compression/registry.ts'
import { type BatchMemory, NEW_MEMORY } from './batch-memory.ts'
import { ATTRIBUTE, BATCH_HEADER_SIZE, writeBatchHeader, writePlainHeader, type ProducerState } from './batch-header.ts'
import { recordFault } from './record-fault.ts'
import type { EncodableHeader } from './record.ts'
import { putDifference, putLength, putUnsignedVarint } from './varints.ts'

/** Most bytes of a record apart from key, value and headers (Java: DefaultRecord.MAX_RECORD_OVERHEAD, and one header count). */
const RECORD_OVERHEAD = 5 + 1 + 10 + 5 + 5 + 5 + 5

/** Fewest bytes of a record apart from key, value and headers. */
const MIN_RECORD_OVERHEAD = 7

/** Most bytes of the two lengths of a header. */
const HEADER_OVERHEAD = 10

/** A batch length is an int32, and so is every length within. */
const MAX_BATCH_SIZE = 0x7fffffff

/** Offsets within a batch are int32 as well. */
const MAX_OFFSET_DELTA = 0x7fffffff

const NO_HEADERS: readonly EncodableHeader[] = []
const NO_BYTES: Uint8Array = new Uint8Array(0)

/** Key or value of a record to write; text is written as UTF-8. */
type Content = Uint8Array | string | null

/** How a batch starts. */
export interface BuilderOptions {
  /** Bytes to allocate at first, header included; the buffer doubles as needed. Default 1024. */
  capacity?: number
  /** Time until which the tombstones of a compacted batch are kept, in milliseconds (KIP-534). Only brokers set it. */
  deleteHorizonMs?: number | undefined
  /** Where the buffer comes from. Default: new memory. */
  memory?: BatchMemory | undefined
}

/** What is said about a batch when it ends. The producer fields default to "not idempotent". */
export interface FinishOptions extends Partial<ProducerState> {
  /** Default none. */
  compression?: CompressionName | undefined
  /** The codec's own scale; default the codec's default. */
  level?: number | undefined
  isTransactional?: boolean | undefined
  isControl?: boolean | undefined
  /** Offset of the first record. Default 0: the broker assigns it. */
  baseOffset?: number | undefined
  /** Default: that of the last record. Larger when compaction removed the records at the end. */
  lastOffsetDelta?: number | undefined
  /** Default: the largest of the records. Different only when compaction removed the record that had it. */
  maxTimestamp?: number | undefined
  /** Default -1: the broker assigns it. */
  partitionLeaderEpoch?: number | undefined
  /** Time at which a broker appended the batch, which then holds for all its records. */
  logAppendTime?: number | undefined
}

/**
 * Builds one v2 record batch. Records are encoded straight into the batch when they are appended; nothing is kept of them.
 * The source of the format is KIP-98 (Java: DefaultRecordBatch, DefaultRecord, MemoryRecordsBuilder).
 */
export class RecordBatchBuilder {
  #bytes: Uint8Array
  #length = BATCH_HEADER_SIZE
  #count = 0
  #nextOffsetDelta = 0
  #baseTimestamp = -1
  #maxTimestamp = -1
  #isFinished = false
  readonly #hasDeleteHorizon: boolean
  readonly #memory: BatchMemory

  constructor(options: BuilderOptions = {}) {
    this.#memory = options.memory ?? NEW_MEMORY
    this.#bytes = this.#memory.take(Math.max(options.capacity ?? 1024, BATCH_HEADER_SIZE))
    this.#hasDeleteHorizon = options.deleteHorizonMs !== undefined
    if (options.deleteHorizonMs !== undefined) this.#baseTimestamp = options.deleteHorizonMs
  }

  /** Records appended so far. */
  get count(): number {
    return this.#count
  }

  /** Bytes of the batch so far, its header included, before compression. */
  get sizeInBytes(): number {
    return this.#length
  }

  /** Largest timestamp so far; -1 while there is no record. */
  get maxTimestamp(): number {
    return this.#maxTimestamp
  }

  /** Leaves out `count` offsets before the next record, as compaction does. Throws EncodeError when no offset would be left in the batch. */
  skipOffsets(count: number): void {
    const next = this.#nextOffsetDelta + count
    if (!(count >= 0 && next <= MAX_OFFSET_DELTA && Number.isInteger(next))) {
      throw new EncodeError(`a batch cannot span ${next} offsets`, 'record.offset')
    }
    this.#nextOffsetDelta = next
  }

  /**
   * Appends a record, unless the batch would then be longer than `maxBytes`: returns whether it was appended.
   * Throws EncodeError with a path such as `record.headers[1].value` for what cannot be encoded. The batch is left as it was then.
   *
   * @param timestamp - milliseconds since the epoch, -1 for none
   * @param maxBytes - uncompressed, header of the batch included. Java lets the first record of a batch be of any size.
   */
  append(
    timestamp: number,
    key: Content,
    value: Content,
    headers: readonly EncodableHeader[] = NO_HEADERS,
    maxBytes: number = MAX_BATCH_SIZE,
  ): boolean {
    if (this.#isFinished) throw new ClosedError('the record batch builder')
    if (this.#nextOffsetDelta > MAX_OFFSET_DELTA) throw new EncodeError('the batch has no offset left', 'record.offset')
    let end: number
    const start = this.#length
    const base = this.#count === 0 && !this.#hasDeleteHorizon ? timestamp : this.#baseTimestamp
    try {
      if (!Number.isSafeInteger(timestamp)) throw new EncodeError('not a timestamp')
      let lower = lowerBound(key) + lowerBound(value)
      let growth = textGrowth(key) + textGrowth(value)
      if (headers !== NO_HEADERS) {
        lower += headersLowerBound(headers)
        growth += headersGrowth(headers)
      }
      if (start + lower + MIN_RECORD_OVERHEAD > maxBytes) return false
      const room = start + lower + growth + RECORD_OVERHEAD
      if (room > this.#bytes.length) this.#grow(room)
      end = this.#write(start, lower, timestamp, base, key, value, headers)
    } catch (cause) {
      throw recordFault(timestamp, key, value, headers, cause)
    }
    if (end > maxBytes) return false
    this.#length = end
    this.#baseTimestamp = base
    if (this.#count === 0 || timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    this.#nextOffsetDelta++
    this.#count++
    return true
  }

  /** Writes a record at `start` and returns where it ends. */
  #write(
    start: number,
    lower: number,
    timestamp: number,
    base: number,
    key: Content,
    value: Content,
    headers: readonly EncodableHeader[],
  ): number {
    const bytes = this.#bytes
    // The length comes first and is not known yet. Room for it is left by a guess, which is nearly always right.
    const guess = sizeOfUnsignedVarint((lower + 8) << 1)
    const bodyAt = start + guess
    let at = bodyAt
    bytes[at++] = 0 // attributes: none are defined
    at = putDifference(bytes, at, timestamp, base)
    at = putUnsignedVarint(bytes, at, this.#nextOffsetDelta << 1)
    at = putContent(bytes, at, key)
    at = putContent(bytes, at, value)
    const headerCount = headers.length
    at = putLength(bytes, at, headerCount)
    for (let i = 0; i < headerCount; i++) {
      const header = headers[i]!
      at = putText(bytes, at, header.key)
      at = putContent(bytes, at, header.value)
    }
    const size = at - bodyAt
    const lengthSize = sizeOfUnsignedVarint(size << 1)
    if (lengthSize !== guess) {
      bytes.copyWithin(start + lengthSize, bodyAt, at)
      at += lengthSize - guess
    }
    putLength(bytes, start, size)
    return at
  }

  #grow(needed: number): void {
    this.#moveTo(this.#memory.take(Math.max(needed, this.#bytes.length * 2)))
  }

  /** Goes on in other memory, which holds all that was written. */
  #moveTo(memory: Uint8Array): void {
    memory.set(this.#bytes.subarray(0, this.#length))
    this.#memory.give(this.#bytes)
    this.#bytes = memory
  }

  /** Gives the memory of the batch back, the array that `finish` returned included: nothing may read that from now on. */
  release(): void {
    this.#isFinished = true
    this.#memory.give(this.#bytes)
    this.#bytes = NO_BYTES
  }

  /** Ends the batch and returns its bytes, at once unless they are compressed in the thread pool. Nothing can be appended afterwards. */
  finish(options: FinishOptions = {}): Uint8Array | Promise<Uint8Array> {
    if (this.#isFinished) throw new ClosedError('the record batch builder')
    const codec = options.compression ?? 'none'
    const codecNumber = COMPRESSION_NAMES.indexOf(codec)
    if (codecNumber < 0) throw new EncodeError(`${codec} is not a codec`, 'batch.compression')
    this.#isFinished = true
    if (codec === 'none' || this.#count === 0) {
      const batch = this.#whole()
      this.#writeHeader(batch, options, codecNumber)
      return batch
    }
    const compressed = compress(codec, this.#bytes.subarray(BATCH_HEADER_SIZE, this.#length), { level: options.level })
    if (!(compressed instanceof Promise)) return this.#finishCompressed(compressed, codecNumber, options)
    return compressed.then((bytes) => this.#finishCompressed(bytes, codecNumber, options))
  }

  /**
   * As `finish` without compression, for records that were appended one after the other.
   *
   * @param state - undefined for a producer that is not idempotent.
   */
  finishPlain(state: (ProducerState & { readonly isTransactional: boolean }) | undefined): Uint8Array {
    if (this.#isFinished) throw new ClosedError('the record batch builder')
    this.#isFinished = true
    const batch = this.#whole()
    writePlainHeader(batch, this.#count, this.#baseTimestamp, this.#maxTimestamp, state)
    return batch
  }

  #whole(): Uint8Array {
    // An array that is mostly empty would keep too much memory from others while the batch is in flight.
    if (this.#length * 4 < this.#bytes.length) this.#moveTo(this.#memory.take(this.#length))
    return this.#bytes.subarray(0, this.#length)
  }

  #finishCompressed(compressed: Uint8Array, codecNumber: number, options: FinishOptions): Uint8Array {
    const size = BATCH_HEADER_SIZE + compressed.length
    // The records as they were need not be kept while the batch is in flight.
    this.#memory.give(this.#bytes)
    this.#bytes = this.#memory.take(size)
    this.#bytes.set(compressed, BATCH_HEADER_SIZE)
    const batch = this.#bytes.subarray(0, size)
    this.#writeHeader(batch, options, codecNumber)
    return batch
  }

  #writeHeader(batch: Uint8Array, options: FinishOptions, codecNumber: number): void {
    let attributes = codecNumber
    if (options.logAppendTime !== undefined) attributes |= ATTRIBUTE.APPEND_TIME
    if (options.isTransactional === true) attributes |= ATTRIBUTE.TRANSACTIONAL
    if (options.isControl === true) attributes |= ATTRIBUTE.CONTROL
    if (this.#hasDeleteHorizon) attributes |= ATTRIBUTE.DELETE_HORIZON
    writeBatchHeader(batch, {
      baseOffset: options.baseOffset ?? 0,
      lastOffsetDelta: options.lastOffsetDelta ?? Math.max(this.#nextOffsetDelta - 1, 0),
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: options.logAppendTime ?? options.maxTimestamp ?? this.#maxTimestamp,
      partitionLeaderEpoch: options.partitionLeaderEpoch ?? -1,
      attributes,
      producerId: options.producerId ?? -1n,
      producerEpoch: options.producerEpoch ?? -1,
      baseSequence: options.baseSequence ?? -1,
      count: this.#count,
    })
  }
}

/** Bytes that a record takes in a batch at most, so that memory can be reserved or its size be refused before it is encoded. */
export function recordSizeBound(
  key: Content,
  value: Content,
  headers: readonly EncodableHeader[] = NO_HEADERS,
): number {
  let size = RECORD_OVERHEAD + utf8Size(key) + utf8Size(value)
  for (const header of headers) size += HEADER_OVERHEAD + utf8Size(header.key) + utf8Size(header.value)
  return size
}

function utf8Size(content: Content): number {
  if (typeof content !== 'string') return content === null ? 0 : content.length
  let size = content.length
  for (let i = 0; i < content.length; i++) {
    const unit = content.charCodeAt(i)
    // A surrogate is half of a pair, which makes four bytes of two units.
    if (unit >= 0x80) size += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return size
}

/** Bytes that a key or value takes at least. Throws when it is neither bytes, text nor null. */
function lowerBound(content: Content): number {
  if (content === null) return 0
  if (typeof content === 'string' || content instanceof Uint8Array) return content.length
  throw new EncodeError('neither bytes, text nor null')
}

function headersLowerBound(headers: readonly EncodableHeader[]): number {
  if (!Array.isArray(headers)) throw new EncodeError('not an array of headers')
  let size = 0
  for (let i = 0; i < headers.length; i++) {
    const { key, value } = headers[i]!
    if (typeof key !== 'string') throw new EncodeError('a header key that is no string')
    size += key.length + lowerBound(value) + 2
  }
  return size
}

/** Bytes that a key or value may take beyond its length: UTF-8 has up to three for a UTF-16 unit. */
function textGrowth(content: Content): number {
  return typeof content === 'string' ? content.length * 2 : 0
}

function headersGrowth(headers: readonly EncodableHeader[]): number {
  let size = 0
  for (let i = 0; i < headers.length; i++) {
    const { key, value } = headers[i]!
    size += HEADER_OVERHEAD + textGrowth(key) + textGrowth(value)
  }
  return size
}

function putContent(bytes: Uint8Array, at: number, content: Content): number {
  if (content === null) {
    bytes[at] = 1
    return at + 1
  }
  if (typeof content === 'string') return putText(bytes, at, content)
  const start = putLength(bytes, at, content.length)
  bytes.set(content, start)
  return start + content.length
}

function putText(bytes: Uint8Array, at: number, text: string): number {
  // Exact for ASCII; other text may have to move a little.
  const guess = sizeOfUnsignedVarint(text.length << 1)
  const size = writeUtf8(bytes, at + guess, text)
  if (size !== text.length) {
    const lengthSize = sizeOfUnsignedVarint(size << 1)
    if (lengthSize !== guess) bytes.copyWithin(at + lengthSize, at + guess, at + guess + size)
  }
  return putLength(bytes, at, size) + size
}
