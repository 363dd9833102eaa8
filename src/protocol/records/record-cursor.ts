import type { DecodeError } from '../../errors.ts'
import { decodeUtf8 } from '../bytes/utf8.ts'
import type { DecodedRecord, RecordHeader } from './record.ts'

/**
 * Steps through the records of a batch without making an object for each:
 * `while (cursor.next()) use(cursor.offset, cursor.value())`. Throws DecodeError at the first record that is not valid.
 */
export interface RecordCursor {
  /** Offset of the current record. */
  readonly offset: number
  /** Timestamp of the current record, in milliseconds; -1 when it has none. */
  readonly timestamp: number
  /** Bytes of the key; -1 when it is null. */
  readonly keySize: number
  /** Bytes of the value; -1 when it is null. */
  readonly valueSize: number
  readonly headerCount: number
  /** Moves to the next record; false when there is none. */
  next(): boolean
  /** The key as a view of the batch. */
  key(): Uint8Array | null
  /** The value as a view of the batch. */
  value(): Uint8Array | null
  headers(): RecordHeader[]
  /** The current record as an object of its own. */
  record(): DecodedRecord
  /** Another cursor at the current record, which moves on its own. */
  fork(): RecordCursor
}

/** What the records of a v2 batch take from its header, and how to report a broken one. */
export interface RecordSection {
  baseOffset: number
  /** What timestamp deltas are added to. */
  baseTimestamp: number
  /** The timestamp of all records when the broker stamped the batch. */
  appendTime: number | undefined
  count: number
  /** Makes the error for a fault at a byte of the section, in the record of that index. */
  fault: (reason: string, at: number, record: number) => DecodeError
}

/** Fewest bytes of a record: seven fields of one byte. */
const MIN_RECORD_SIZE = 7

/** A cursor over the uncompressed records of a v2 batch (Java: DefaultRecord.readFrom). */
export class BatchCursor implements RecordCursor {
  offset = 0
  timestamp = 0
  keySize = -1
  valueSize = -1
  headerCount = 0
  readonly #bytes: Uint8Array
  /** What views are made of: the constructor takes two thirds of the time of `subarray`. */
  readonly #buffer: ArrayBufferLike
  readonly #origin: number
  readonly #start: number
  readonly #end: number
  readonly #section: RecordSection
  #at: number
  #index = -1
  #keyAt = 0
  #valueAt = 0
  #headersAt = 0

  /** `bytes` from `start` to `end` are the records and nothing else. */
  constructor(bytes: Uint8Array, start: number, end: number, section: RecordSection) {
    this.#bytes = bytes
    this.#buffer = bytes.buffer
    this.#origin = bytes.byteOffset
    this.#at = start
    this.#start = start
    this.#end = end
    this.#section = section
    if (section.count < 0) throw section.fault(`the record count is ${section.count}`, start, -1)
    // Checked before anything is allocated or looped by that number.
    if (section.count * MIN_RECORD_SIZE > end - start) {
      throw section.fault(`${section.count} records cannot fit ${end - start} bytes`, start, -1)
    }
  }

  next(): boolean {
    const section = this.#section
    if (++this.#index >= section.count) return this.#stop()
    return this.#nextShort(section) || this.#nextLong(section)
  }

  /** Reads a record without headers whose lengths take two bytes at most, as most are, from a local position. False, with nothing done, for any other. */
  #nextShort({ appendTime, baseTimestamp, baseOffset }: RecordSection): boolean {
    const bytes = this.#bytes
    let at = this.#at
    let raw = short(bytes, at)
    if (raw < 0 || (raw & 1) === 1) return false
    at += raw < 0x80 ? 1 : 2
    const end = at + (raw >>> 1)
    if (end > this.#end) return false
    // Over the attributes byte, of which no bit is defined.
    raw = short(bytes, ++at)
    if (raw < 0) return false
    at += raw < 0x80 ? 1 : 2
    const timestamp = appendTime ?? baseTimestamp + ((raw >>> 1) ^ -(raw & 1))
    raw = short(bytes, at)
    if (raw < 0) return false
    at += raw < 0x80 ? 1 : 2
    const offset = baseOffset + ((raw >>> 1) ^ -(raw & 1))
    raw = short(bytes, at)
    if (raw < 0) return false
    const keyAt = at + (raw < 0x80 ? 1 : 2)
    const keySize = (raw & 1) === 1 ? -1 : raw >>> 1
    at = keySize > 0 ? keyAt + keySize : keyAt
    raw = short(bytes, at)
    if (raw < 0) return false
    const valueAt = at + (raw < 0x80 ? 1 : 2)
    const valueSize = (raw & 1) === 1 ? -1 : raw >>> 1
    at = valueSize > 0 ? valueAt + valueSize : valueAt
    if (bytes[at] !== 0 || at + 1 !== end) return false
    this.#at = end
    this.timestamp = timestamp
    this.offset = offset
    this.#keyAt = keyAt
    this.keySize = keySize
    this.#valueAt = valueAt
    this.valueSize = valueSize
    this.headerCount = 0
    this.#headersAt = end
    return true
  }

  #nextLong(section: RecordSection): boolean {
    const size = this.#varint()
    const body = this.#at
    const end = body + size
    if (size < 0 || end > this.#end) throw this.#fault(`a record of ${size} bytes where ${this.#end - body} are left`)
    // body is the attributes byte, of which no bit is defined
    this.#at = body + 1
    const delta = this.#varlong()
    this.timestamp = section.appendTime ?? section.baseTimestamp + delta
    this.offset = section.baseOffset + this.#varint()
    const keySize = this.#varint()
    this.#keyAt = this.#at
    this.keySize = this.#skip(keySize, end, 'key')
    const valueSize = this.#varint()
    this.#valueAt = this.#at
    this.valueSize = this.#skip(valueSize, end, 'value')
    const headerCount = this.#varint()
    this.headerCount = headerCount
    this.#headersAt = this.#at
    if (headerCount !== 0) this.#skipHeaders(headerCount, end)
    if (this.#at !== end) throw this.#fault(`its fields take ${this.#at - body} bytes and its length is ${size}`)
    return true
  }

  key(): Uint8Array | null {
    if (this.keySize < 0) return null
    return new Uint8Array(this.#buffer, this.#origin + this.#keyAt, this.keySize)
  }

  value(): Uint8Array | null {
    if (this.valueSize < 0) return null
    return new Uint8Array(this.#buffer, this.#origin + this.#valueAt, this.valueSize)
  }

  headers(): RecordHeader[] {
    const headers: RecordHeader[] = []
    const resumeAt = this.#at
    this.#at = this.#headersAt
    for (let i = 0; i < this.headerCount; i++) {
      const keySize = this.#varint()
      const keyEnd = this.#at + keySize
      const key = decodeUtf8(this.#bytes, this.#at, keyEnd)
      this.#at = keyEnd
      const size = this.#varint()
      if (size < 0) {
        headers.push({ key, value: null })
      } else {
        headers.push({ key, value: new Uint8Array(this.#buffer, this.#origin + this.#at, size) })
        this.#at += size
      }
    }
    this.#at = resumeAt
    return headers
  }

  record(): DecodedRecord {
    return {
      offset: this.offset,
      timestamp: this.timestamp,
      key: this.key(),
      value: this.value(),
      headers: this.headerCount === 0 ? [] : this.headers(),
    }
  }

  fork(): BatchCursor {
    const fork = new BatchCursor(this.#bytes, this.#start, this.#end, this.#section)
    fork.offset = this.offset
    fork.timestamp = this.timestamp
    fork.keySize = this.keySize
    fork.valueSize = this.valueSize
    fork.headerCount = this.headerCount
    fork.#at = this.#at
    fork.#index = this.#index
    fork.#keyAt = this.#keyAt
    fork.#valueAt = this.#valueAt
    fork.#headersAt = this.#headersAt
    return fork
  }

  #stop(): false {
    this.#index = this.#section.count
    if (this.#at !== this.#end) {
      throw this.#section.fault(`${this.#end - this.#at} bytes are left after the last record`, this.#at, -1)
    }
    return false
  }

  /** Moves past a key or value. Any negative size is null, as in Java. */
  #skip(size: number, end: number, what: string): number {
    if (size < 0) return -1
    if (size > end - this.#at) throw this.#fault(`a ${what} of ${size} bytes where ${end - this.#at} are left`)
    this.#at += size
    return size
  }

  #skipHeaders(count: number, end: number): void {
    // Each takes two bytes at least.
    if (count < 0 || count * 2 > end - this.#at) {
      throw this.#fault(`${count} headers where ${end - this.#at} bytes are left`)
    }
    for (let i = 0; i < count; i++) {
      const keySize = this.#varint()
      if (keySize < 0) throw this.#fault(`the key of header ${i} is null`)
      this.#skip(keySize, end, 'header key')
      this.#skip(this.#varint(), end, 'header value')
    }
  }

  /**
   * A zig-zag int32. May read past the record, though never past the array: the record's end is checked afterwards. Small enough for V8 to inline
   * it wherever a record has one; most take a byte or two.
   */
  #varint(): number {
    const bytes = this.#bytes
    const at = this.#at
    // A read past the array gives undefined, which fails every `< 0x80` and ends up in the slow, checked way.
    const first = bytes[at]!
    if (first < 0x80) {
      this.#at = at + 1
      return (first >>> 1) ^ -(first & 1)
    }
    const second = bytes[at + 1]!
    if (second < 0x80) {
      this.#at = at + 2
      return (((first & 0x7f) | (second << 7)) >>> 1) ^ -(first & 1)
    }
    return this.#longVarint()
  }

  #longVarint(): number {
    const bytes = this.#bytes
    let at = this.#at
    let value = 0
    for (let shift = 0; ; shift += 7) {
      if (shift === 35) throw this.#fault('a varint is longer than 5 bytes')
      if (at >= bytes.length) throw this.#fault('a varint goes past the end')
      const byte = bytes[at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    this.#at = at
    return (value >>> 1) ^ -(value & 1)
  }

  /** A zig-zag int64 of at most ten bytes: exact within +-(2^53 - 1), rounded beyond. */
  #varlong(): number {
    const bytes = this.#bytes
    const at = this.#at
    // So short, it is the same.
    return bytes[at]! < 0x80 || bytes[at + 1]! < 0x80 ? this.#varint() : this.#longVarlong()
  }

  #longVarlong(): number {
    const bytes = this.#bytes
    let at = this.#at
    let low = 0
    let high = 0
    let scale = 1
    for (let i = 0; i < 10; i++) {
      if (at >= bytes.length) throw this.#fault('a varlong goes past the end')
      const byte = bytes[at++]!
      if (i < 4) {
        low |= (byte & 0x7f) << (7 * i)
      } else {
        // The tenth byte carries the 64th bit only; Java shifts the others out.
        high += (i === 9 ? byte & 1 : byte & 0x7f) * scale
        scale *= 128
      }
      if (byte < 0x80) {
        this.#at = at
        const magnitude = high * 0x8000000 + (low >>> 1)
        return (low & 1) === 0 ? magnitude : -magnitude - 1
      }
    }
    throw this.#fault('a varlong is longer than 10 bytes')
  }

  #fault(reason: string): DecodeError {
    return this.#section.fault(reason, this.#at, this.#index)
  }
}

/** The bits of a varint of one byte, or of two where one would not do; -1 for any other. */
function short(bytes: Uint8Array, at: number): number {
  // A read past the array gives undefined, which fails every comparison.
  const first = bytes[at]!
  if (first < 0x80) return first
  const second = bytes[at + 1]!
  return second > 0 && second < 0x80 ? (first & 0x7f) | (second << 7) : -1
}
