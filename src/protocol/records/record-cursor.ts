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
    const bytes = this.#bytes
    const start = this.#at
    // A read past the array gives undefined, which fails every `< 0x80` and ends up in the slow, checked way.
    let byte = bytes[start]!
    let size: number
    if (byte < 0x80) {
      size = (byte >>> 1) ^ -(byte & 1)
      this.#at = start + 1
    } else {
      size = this.#varint()
    }
    const body = this.#at
    const end = body + size
    if (size < 0 || end > this.#end) throw this.#fault(`a record of ${size} bytes where ${this.#end - body} are left`)
    // body is the attributes byte, of which no bit is defined
    byte = bytes[body + 1]!
    let delta: number
    if (byte < 0x80) {
      delta = (byte >>> 1) ^ -(byte & 1)
      this.#at = body + 2
    } else {
      this.#at = body + 1
      delta = this.#varlong()
    }
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

  /** A zig-zag int32. May read past the record, though never past the array: the record's end is checked afterwards. */
  #varint(): number {
    const bytes = this.#bytes
    let at = this.#at
    let byte = bytes[at++]!
    let value = byte
    if (byte >= 0x80) {
      value = byte & 0x7f
      for (let shift = 7; ; shift += 7) {
        if (shift === 35) throw this.#fault('a varint is longer than 5 bytes')
        if (at >= bytes.length) throw this.#fault('a varint goes past the end')
        byte = bytes[at++]!
        value |= (byte & 0x7f) << shift
        if (byte < 0x80) break
      }
    } else if (byte === undefined) {
      throw this.#fault('a varint goes past the end')
    }
    this.#at = at
    return (value >>> 1) ^ -(value & 1)
  }

  /** A zig-zag int64 of at most ten bytes: exact within +-(2^53 - 1), rounded beyond. */
  #varlong(): number {
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
