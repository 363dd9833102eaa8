import type { DecodeError } from '../../errors.ts'
import { crc32 } from '../bytes/crc32.ts'
import { AT, LOG_OVERHEAD } from './batch-header.ts'
import { KEY_LENGTH_AT, MESSAGE_AT, MIN_MESSAGE_SIZE } from './message-layout.ts'
import type { RecordCursor } from './record-cursor.ts'
import type { DecodedRecord, RecordHeader } from './record.ts'

/** What the messages of a set have in common, and how to report a broken one. */
export interface MessageSection {
  magic: 0 | 1
  /** Makes the offsets within a wrapper absolute. */
  addToOffset: number
  /** The timestamp of all messages when the broker stamped them. */
  appendTime: number | undefined
  checkCrcs: boolean
  /** Makes the error for a fault at a byte of the set, in the message of that index. */
  fault: (reason: string, at: number, record: number) => DecodeError
}

/** A cursor over uncompressed messages of format v0 or v1. They are read by way of a DataView: these formats are of the past. */
export class MessageCursor implements RecordCursor {
  offset = 0
  timestamp = -1
  keySize = -1
  valueSize = -1
  readonly headerCount = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  readonly #section: MessageSection
  #at: number
  #index = -1
  #keyAt = 0
  #valueAt = 0

  /** `bytes` from `start` to `end` are messages and nothing else. */
  constructor(bytes: Uint8Array, start: number, end: number, section: MessageSection) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = start
    this.#end = end
    this.#section = section
  }

  next(): boolean {
    const start = this.#at
    if (start >= this.#end) return false
    this.#index++
    const { magic, addToOffset, appendTime, checkCrcs, fault } = this.#section
    const view = this.#view
    const left = this.#end - start
    const size = left < LOG_OVERHEAD ? left + 1 : LOG_OVERHEAD + view.getInt32(start + AT.LENGTH)
    if (size < MIN_MESSAGE_SIZE[magic] || size > left) {
      throw fault(`a message of ${size} bytes where ${left} are left`, start, this.#index)
    }
    const end = start + size
    if (checkCrcs) {
      const sent = view.getUint32(start + MESSAGE_AT.CRC)
      const computed = crc32(this.#bytes, start + MESSAGE_AT.MAGIC, end)
      if (sent !== computed) {
        throw fault(`the checksum is ${sent} and should be ${computed}: the message is corrupt`, start, this.#index)
      }
    }
    const offset = view.getInt32(start) * 0x100000000 + view.getUint32(start + 4) + addToOffset
    if (!Number.isSafeInteger(offset)) {
      const reason = `offset ${offset} is beyond 2^53 - 1, which a JavaScript number cannot hold exactly`
      throw fault(reason, start, this.#index)
    }
    this.offset = offset
    const timestampAt = start + MESSAGE_AT.TIMESTAMP
    if (magic === 1) {
      this.timestamp = appendTime ?? view.getInt32(timestampAt) * 0x100000000 + view.getUint32(timestampAt + 4)
    }
    this.#keyAt = start + KEY_LENGTH_AT[magic] + 4
    this.keySize = this.#size(this.#keyAt, end, 'key')
    this.#valueAt = this.#keyAt + Math.max(this.keySize, 0) + 4
    this.valueSize = this.#size(this.#valueAt, end, 'value')
    this.#at = end
    return true
  }

  key(): Uint8Array | null {
    return this.#slice(this.#keyAt, this.keySize)
  }

  value(): Uint8Array | null {
    return this.#slice(this.#valueAt, this.valueSize)
  }

  /** Always empty: these formats have no headers. */
  headers(): RecordHeader[] {
    return []
  }

  record(): DecodedRecord {
    return { offset: this.offset, timestamp: this.timestamp, key: this.key(), value: this.value(), headers: [] }
  }

  fork(): MessageCursor {
    const fork = new MessageCursor(this.#bytes, this.#at, this.#end, this.#section)
    fork.offset = this.offset
    fork.timestamp = this.timestamp
    fork.keySize = this.keySize
    fork.valueSize = this.valueSize
    fork.#index = this.#index
    fork.#keyAt = this.#keyAt
    fork.#valueAt = this.#valueAt
    return fork
  }

  /** The length that ends at `at`, of what is to end by `end`. Any negative length is null, as in Java. */
  #size(at: number, end: number, what: string): number {
    const room = end - at
    const size = room < 0 ? 0 : this.#view.getInt32(at - 4)
    if (size > room) throw this.#section.fault(`a ${what} of ${size} bytes where ${room} are left`, at - 4, this.#index)
    return size < 0 ? -1 : size
  }

  #slice(at: number, size: number): Uint8Array | null {
    return size < 0 ? null : this.#bytes.subarray(at, at + size)
  }
}
