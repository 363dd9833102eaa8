import { DecodeError } from '../../errors.ts'
import { dataViewOf } from './data-view.ts'
import { decodeUtf8 } from './utf8.ts'
import { readUuid } from './uuid.ts'

/**
 * Reads Kafka's primitive types, big endian, from a byte array it does not copy.
 * Every read checks what is left and throws DecodeError rather than going past the end; byte values are views of the input.
 */
export class ByteReader {
  readonly bytes: Uint8Array
  /** Position of the next read, counted from the start of `bytes`. */
  offset: number
  /** Position after the last readable byte. */
  readonly end: number
  /** Made when it is needed: what is read byte by byte needs none. */
  #view: DataView | undefined
  /** Place of `bytes` within what the view shows. */
  readonly #base: number

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.offset = start
    this.end = end
    this.#base = bytes.byteOffset
  }

  #makeView(): DataView {
    return (this.#view = dataViewOf(this.bytes.buffer))
  }

  /** Bytes that are still to be read. */
  get remaining(): number {
    return this.end - this.offset
  }

  /** Takes `size` bytes: returns where they start and moves past them. */
  take(size: number): number {
    const at = this.offset
    if (size > this.end - at || size < 0) {
      throw new DecodeError(`${size} bytes are needed and ${this.end - at} are left`, { offset: at })
    }
    this.offset = at + size
    return at
  }

  int8(): number {
    return (this.#view ?? this.#makeView()).getInt8(this.#base + this.take(1))
  }

  uint8(): number {
    return this.bytes[this.take(1)]!
  }

  int16(): number {
    return (this.#view ?? this.#makeView()).getInt16(this.#base + this.take(2))
  }

  uint16(): number {
    return (this.#view ?? this.#makeView()).getUint16(this.#base + this.take(2))
  }

  int32(): number {
    return (this.#view ?? this.#makeView()).getInt32(this.#base + this.take(4))
  }

  uint32(): number {
    return (this.#view ?? this.#makeView()).getUint32(this.#base + this.take(4))
  }

  int64(): bigint {
    return (this.#view ?? this.#makeView()).getBigInt64(this.#base + this.take(8))
  }

  /** An int64 as a number: exact within +-(2^53 - 1), rounded beyond. */
  int64AsNumber(): number {
    const at = this.#base + this.take(8)
    const view = this.#view ?? this.#makeView()
    return view.getInt32(at) * 0x100000000 + view.getUint32(at + 4)
  }

  float64(): number {
    return (this.#view ?? this.#makeView()).getFloat64(this.#base + this.take(8))
  }

  /** A UUID in the 22-character form that Kafka prints. */
  uuid(): string {
    return readUuid(this.bytes, this.take(16))
  }

  /** A base-128 integer of at most five bytes, as a uint32 (KIP-482). Bits above the 32nd are dropped, as in Java. */
  unsignedVarint(): number {
    const { bytes, end } = this
    let at = this.offset
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= end) throw new DecodeError('a varint goes past the end', { offset: this.offset })
      const byte = bytes[at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.offset = at
        return value >>> 0
      }
    }
    throw new DecodeError('a varint is longer than 5 bytes', { offset: this.offset })
  }

  /** A zig-zag int32. */
  varint(): number {
    const value = this.unsignedVarint()
    return (value >>> 1) ^ -(value & 1)
  }

  /** A zig-zag int64 of at most ten bytes, as a number: exact within +-(2^53 - 1), rounded beyond. */
  varlong(): number {
    const { bytes, end } = this
    let at = this.offset
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) throw new DecodeError('a varlong goes past the end', { offset: this.offset })
      const byte = bytes[at++]!
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.offset = at
        return (low >>> 1) ^ -(low & 1)
      }
    }
    return this.#longVarlong(at, low)
  }

  /** The rest of a varlong of more than four bytes: 28 low bits are known, up to 36 follow. */
  #longVarlong(start: number, low: number): number {
    const { bytes, end } = this
    let at = start
    let high = 0
    let scale = 1
    for (let i = 0; i < 6; i++) {
      if (at >= end) throw new DecodeError('a varlong goes past the end', { offset: this.offset })
      const byte = bytes[at++]!
      // The tenth byte carries the 64th bit only; Java shifts the others out.
      high += (i === 5 ? byte & 1 : byte & 0x7f) * scale
      scale *= 128
      if (byte < 0x80) {
        this.offset = at
        const magnitude = high * 0x8000000 + (low >>> 1)
        return (low & 1) === 0 ? magnitude : -magnitude - 1
      }
    }
    throw new DecodeError('a varlong is longer than 10 bytes', { offset: this.offset })
  }

  /** `size` bytes as a view of the input. */
  slice(size: number): Uint8Array {
    const at = this.take(size)
    return this.bytes.subarray(at, at + size)
  }

  /** `size` bytes as text. */
  utf8(size: number): string {
    const at = this.take(size)
    return decodeUtf8(this.bytes, at, at + size)
  }
}
