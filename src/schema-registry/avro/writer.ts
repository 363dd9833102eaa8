import { encodeUtf8, writeUtf8 } from '../../protocol/bytes/utf8.ts'
import { sizeOfUnsignedVarint } from '../../protocol/bytes/varint.ts'

/** Bytes that are taken at once for many small messages: allocating each on its own costs more than encoding it. */
const CHUNK = 8192

const scratch = new DataView(new ArrayBuffer(8))
const scratchBytes = new Uint8Array(scratch.buffer)

/**
 * Writes Avro's binary encoding. Messages stand one behind the other in a shared chunk, each handed out as a view of its own that
 * nothing writes to any more: they need not be copied. Values are checked by those who call.
 */
export class AvroWriter {
  #bytes = new Uint8Array(CHUNK)
  #start = 0
  #at = 0
  /** How many recursive records are open. */
  depth = 0

  /** Starts a message. What an earlier one left unfinished is dropped. */
  begin(): void {
    this.#at = this.#start
    this.depth = 0
  }

  /** The message since `begin`. */
  finish(): Uint8Array {
    const message = this.#bytes.subarray(this.#start, this.#at)
    this.#start = this.#at
    return message
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return
    const written = this.#at - this.#start
    const grown = new Uint8Array(Math.max(CHUNK, (written + size) * 2))
    grown.set(this.#bytes.subarray(this.#start, this.#at))
    this.#bytes = grown
    this.#start = 0
    this.#at = written
  }

  boolean(value: boolean): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = value ? 1 : 0
  }

  /** An int32. Also counts, lengths and indexes, which are longs that fit. */
  int(value: number): void {
    this.#reserve(5)
    const bytes = this.#bytes
    let rest = ((value << 1) ^ (value >> 31)) >>> 0
    while (rest > 0x7f) {
      bytes[this.#at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[this.#at++] = rest
  }

  /** A bigint of 64 bits, or a number that holds a whole one exactly. */
  long(value: number | bigint): void {
    if (typeof value === 'bigint') return this.#bigLong(value)
    if ((value | 0) === value) return this.int(value)
    this.#reserve(10)
    const bytes = this.#bytes
    const isNegative = value < 0
    let magnitude = isNegative ? -value - 1 : value
    // The lowest group carries the sign and six bits of magnitude, the others seven.
    let group = ((magnitude % 64) << 1) | (isNegative ? 1 : 0)
    magnitude = Math.floor(magnitude / 64)
    while (magnitude > 0) {
      bytes[this.#at++] = group | 0x80
      group = magnitude % 128
      magnitude = Math.floor(magnitude / 128)
    }
    bytes[this.#at++] = group
  }

  #bigLong(value: bigint): void {
    this.#reserve(10)
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    while (rest > 0x7fn) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#bytes[this.#at++] = Number(rest)
  }

  float(value: number): void {
    scratch.setFloat32(0, value, true)
    this.#reserve(4)
    for (let i = 0; i < 4; i++) this.#bytes[this.#at++] = scratchBytes[i]!
  }

  double(value: number): void {
    scratch.setFloat64(0, value, true)
    this.#reserve(8)
    for (let i = 0; i < 8; i++) this.#bytes[this.#at++] = scratchBytes[i]!
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** Bytes behind their length. */
  byteString(bytes: Uint8Array): void {
    this.int(bytes.length)
    this.raw(bytes)
  }

  /** Text as UTF-8 behind its length in bytes. */
  string(text: string): void {
    if (text.length > CHUNK) return this.byteString(encodeUtf8(text))
    this.#reserve(5 + text.length * 3)
    // Most text is ASCII, so its length in bytes is taken to be that in characters until it turns out to be more.
    const textAt = this.#at + sizeOfLength(text.length)
    const size = writeUtf8(this.#bytes, textAt, text)
    const shift = sizeOfLength(size) - sizeOfLength(text.length)
    if (shift > 0) this.#bytes.copyWithin(textAt + shift, textAt, textAt + size)
    this.int(size)
    this.#at += size
  }
}

/** Bytes that a length takes. It is written as a signed number: one bit of the first byte is lost. */
function sizeOfLength(length: number): number {
  return sizeOfUnsignedVarint(length * 2)
}
