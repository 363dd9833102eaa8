import { decodeUtf8 } from '../../protocol/bytes/utf8.ts'
import { Misfit } from './misfit.ts'

/** How many items without bytes, such as nulls, one message may have: they would let a few bytes ask for any amount of memory. */
const MAX_EMPTY_ITEMS = 100_000
/** How deep recursive records may be nested: far below where the stack ends. */
const MAX_DEPTH = 1000
/** How many records a message may have beyond those that its bytes explain: records of records of nothing multiply. */
const MAX_EMPTY_RECORDS = 100_000

const scratch = new DataView(new ArrayBuffer(8))
const scratchBytes = new Uint8Array(scratch.buffer)

/** Reads Avro's binary encoding. Every length is checked against what is left before anything is allocated. */
export class AvroReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at = 0
  #depth = 0
  #emptyItems = 0
  #records = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#end = bytes.length
  }

  get offset(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#end - this.#at
  }

  #fail(reason: string): Misfit {
    return new Misfit(`${reason}, at byte ${Math.min(this.#at, this.#end)} of ${this.#end}`)
  }

  /** Moves past `size` bytes and returns where they start. */
  #take(size: number, what: string): number {
    const at = this.#at
    if (size > this.#end - at) throw this.#fail(`${what} of ${size} bytes does not end within the message`)
    this.#at = at + size
    return at
  }

  #byte(): number {
    if (this.#at >= this.#end) throw this.#fail('the message ends within a value')
    return this.#bytes[this.#at++]!
  }

  /** Only 1 is true, as in Java. */
  boolean(): boolean {
    return this.#byte() === 1
  }

  /** Bits beyond 32 in the fifth byte are dropped, as in Java. */
  int(): number {
    const first = this.#bytes[this.#at]!
    // Most are of one byte. Beyond the end there is none, which compares as false.
    if (first < 0x80) {
      this.#at++
      return (first >>> 1) ^ -(first & 1)
    }
    let byte = this.#byte()
    let value = byte & 0x7f
    for (let shift = 7; byte > 0x7f; shift += 7) {
      if (shift > 28) throw this.#fail('an int takes more than 5 bytes')
      byte = this.#byte()
      value |= (byte & 0x7f) << shift
    }
    return (value >>> 1) ^ -(value & 1)
  }

  /** A number when it holds the value exactly, else a bigint. */
  long(): number | bigint {
    const start = this.#at
    const first = this.#bytes[start]!
    if (first < 0x80) {
      this.#at = start + 1
      return (first >>> 1) ^ -(first & 1)
    }
    let byte = this.#byte()
    let low = byte & 0x7f
    for (let shift = 7; byte > 0x7f; shift += 7) {
      if (shift > 21) return this.#longer(start, low)
      byte = this.#byte()
      low |= (byte & 0x7f) << shift
    }
    return (low >>> 1) ^ -(low & 1)
  }

  /** A long of more than four bytes; `low` are the first 28 bits. */
  #longer(start: number, low: number): number | bigint {
    let high = 0
    let byte = 0x80
    for (let shift = 0; byte > 0x7f; shift += 7) {
      if (shift > 21) return this.#longest(start)
      byte = this.#byte()
      high |= (byte & 0x7f) << shift
    }
    if (high >= 0x4000000) return this.#longest(start)
    const magnitude = high * 0x8000000 + (low >>> 1)
    if ((low & 1) === 0) return magnitude
    return magnitude === Number.MAX_SAFE_INTEGER ? BigInt(-magnitude) - 1n : -magnitude - 1
  }

  #longest(start: number): number | bigint {
    this.#at = start
    let value = 0n
    let byte = 0x80
    for (let shift = 0n; byte > 0x7f; shift += 7n) {
      if (shift > 63n) throw this.#fail('a long takes more than 10 bytes')
      byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
    }
    value = BigInt.asUintN(64, value)
    const signed = (value >> 1n) ^ -(value & 1n)
    // A value may be small for all its bytes.
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed
  }

  float(): number {
    const at = this.#take(4, 'a float')
    for (let i = 0; i < 4; i++) scratchBytes[i] = this.#bytes[at + i]!
    return scratch.getFloat32(0, true)
  }

  double(): number {
    const at = this.#take(8, 'a double')
    for (let i = 0; i < 8; i++) scratchBytes[i] = this.#bytes[at + i]!
    return scratch.getFloat64(0, true)
  }

  #length(what: string): number {
    const length = this.long()
    if (length < 0) throw this.#fail(`${what} has the length ${length}`)
    if (length > this.#end - this.#at) throw this.#fail(`${what} of ${length} bytes does not end within the message`)
    return Number(length)
  }

  string(): string {
    const length = this.#length('a string')
    const at = this.#at
    this.#at = at + length
    return decodeUtf8(this.#bytes, at, at + length)
  }

  /** A copy. */
  byteString(): Uint8Array {
    return this.raw(this.#length('a byte string'))
  }

  /** A copy of as many bytes. */
  raw(size: number): Uint8Array {
    const at = this.#take(size, 'a value')
    // Not slice(), which for a Buffer is no copy.
    return new Uint8Array(this.#bytes.subarray(at, at + size))
  }

  skip(size: number): void {
    this.#take(size, 'a value')
  }

  skipByteString(): void {
    this.skip(this.#length('a string'))
  }

  skipLong(): void {
    for (let size = 1; this.#byte() > 0x7f; size++) {
      if (size === 10) throw this.#fail('a long takes more than 10 bytes')
    }
  }

  /** The index of one of `count` branches or symbols. */
  index(count: number, what: string): number {
    const index = this.int()
    if (index < 0 || index >= count) throw this.#fail(`there is no ${what} ${index} of ${count}`)
    return index
  }

  /** How many items the next block of an array or map has, of at least `minBytes` each; 0 at the end. */
  blockCount(minBytes: number): number {
    let count = this.long()
    if (count < 0) {
      count = -count
      // Its size in bytes follows, which serves those who skip it.
      this.skipLong()
    }
    if (minBytes === 0) {
      if (count > MAX_EMPTY_ITEMS - this.#emptyItems) throw this.#fail(`${count} items without bytes are too many`)
      this.#emptyItems += Number(count)
    } else if (Number(count) * minBytes > this.#end - this.#at) {
      throw this.#fail(`a block of ${count} items does not end within the message`)
    }
    return Number(count)
  }

  /** As `blockCount`, for skipping: passes over blocks that tell their size. `minBytes` of 0: over all of them. */
  skipBlocks(minBytes: number, skipItem: (reader: AvroReader) => void): void {
    for (let count = this.long(); count !== 0; count = this.long()) {
      if (count < 0) {
        this.skip(this.#length('a block'))
      } else if (minBytes > 0) {
        if (Number(count) * minBytes > this.#end - this.#at) {
          throw this.#fail(`a block of ${count} items does not end within the message`)
        }
        for (let i = 0; i < count; i++) skipItem(this)
      }
    }
  }

  /** Enters a record. */
  enter(): void {
    if (++this.#depth > MAX_DEPTH) throw this.#fail(`records are nested more than ${MAX_DEPTH} deep`)
    if (++this.#records > MAX_EMPTY_RECORDS && this.#records > this.#end * 8)
      throw this.#fail('there are too many records')
  }

  leave(): void {
    this.#depth--
  }
}
