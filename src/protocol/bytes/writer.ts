import { EncodeError } from '../../errors.ts'
import { allocate } from './allocate.ts'
import { dataViewOf } from './data-view.ts'
import { writeUtf8 } from './utf8.ts'
import { writeUuid } from './uuid.ts'

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/**
 * Writes Kafka's primitive types, big endian, into a byte array that grows by doubling.
 * A value of the wrong type or out of range throws EncodeError; nothing is ever wrapped or truncated.
 */
export class ByteWriter {
  #bytes: Uint8Array
  #view: DataView
  /** Place of `#bytes` within what the view shows. */
  #base: number
  /** Where what was written since `begin` starts. */
  #start = 0
  /** Bytes of the above that are used. */
  #length = 0
  readonly #allocate: (bytes: number) => Uint8Array
  readonly #shareFromBytes: number
  /** Arrays that are part of what was written without being copied, and which place in `#bytes` each comes before. */
  readonly #shared: { readonly before: number; readonly bytes: Uint8Array }[] = []
  #sharedBytes = 0

  /**
   * @param capacity - bytes to start with.
   * @param shareFromBytes - arrays of at least so many bytes are not copied: only `parts` can be called then, and they must not change
   * before its result has been used. Default: all are copied.
   * @param allocateMemory - makes arrays of zeros.
   */
  constructor(
    capacity = 256,
    shareFromBytes: number = Infinity,
    allocateMemory: (bytes: number) => Uint8Array = allocate,
  ) {
    this.#allocate = allocateMemory
    this.#bytes = allocateMemory(capacity)
    this.#view = dataViewOf(this.#bytes.buffer)
    this.#base = this.#bytes.byteOffset
    this.#shareFromBytes = shareFromBytes
  }

  /**
   * Begins something new of about `capacity` bytes. What was written before is left as it is, in the same memory if that has room for both:
   * many small messages cost one allocation.
   *
   * @param memoryBytes - size of the memory that is taken when there is no room; larger arrays are not kept for what comes next.
   */
  begin(capacity: number, memoryBytes: number): void {
    const { length } = this.#bytes
    if (length > memoryBytes || capacity > length - this.#length) {
      this.#bytes = this.#allocate(Math.max(capacity, memoryBytes))
      this.#view = new DataView(this.#bytes.buffer)
      this.#base = this.#bytes.byteOffset
      this.#length = 0
    }
    this.#start = this.#length
    if (this.#sharedBytes === 0) return
    this.#shared.length = 0
    this.#sharedBytes = 0
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length - this.#start + this.#sharedBytes
  }

  /** What was written so far, as a view that later writes may leave behind. Throws EncodeError when arrays were shared: they are not in it. */
  finish(): Uint8Array {
    if (this.#sharedBytes > 0) throw new EncodeError('a writer with shared arrays has its output in parts')
    return this.#bytes.subarray(this.#start, this.#length)
  }

  /** What was written so far, in pieces: what was shared, and views of the rest between. */
  parts(): Uint8Array[] {
    if (this.#sharedBytes === 0) return [this.#bytes.subarray(this.#start, this.#length)]
    const parts: Uint8Array[] = []
    let from = this.#start
    for (const { before, bytes } of this.#shared) {
      if (before > from) parts.push(this.#bytes.subarray(from, before))
      parts.push(bytes)
      from = before
    }
    if (this.#length > from) parts.push(this.#bytes.subarray(from, this.#length))
    return parts
  }

  /**
   * Makes room for `size` bytes, moves past them and returns where they start. Reserve first, then use the array: it
   * may be replaced.
   */
  reserve(size: number): number {
    const at = this.#length
    if (at + size > this.#bytes.length) this.#grow(at + size)
    this.#length = at + size
    return at
  }

  #grow(needed: number): void {
    const grown = this.#allocate(Math.max(needed, this.#bytes.length * 2))
    // Places stay what they were.
    grown.set(this.#bytes.subarray(this.#start, this.#length), this.#start)
    this.#bytes = grown
    this.#view = dataViewOf(grown.buffer)
    this.#base = grown.byteOffset
  }

  int8(value: number): void {
    if (typeof value !== 'number' || (value << 24) >> 24 !== value) throw outOfRange(value, 'int8')
    const at = this.reserve(1)
    this.#view.setInt8(this.#base + at, value)
  }

  int16(value: number): void {
    if (typeof value !== 'number' || (value << 16) >> 16 !== value) throw outOfRange(value, 'int16')
    const at = this.reserve(2)
    this.#view.setInt16(this.#base + at, value)
  }

  uint16(value: number): void {
    if (typeof value !== 'number' || (value & 0xffff) !== value) throw outOfRange(value, 'uint16')
    const at = this.reserve(2)
    this.#view.setUint16(this.#base + at, value)
  }

  int32(value: number): void {
    if (typeof value !== 'number' || (value | 0) !== value) throw outOfRange(value, 'int32')
    const at = this.reserve(4)
    this.#view.setInt32(this.#base + at, value)
  }

  /** Overwrites four bytes at a place that was reserved before. */
  int32At(offset: number, value: number): void {
    this.#view.setInt32(this.#base + offset, value)
  }

  int64(value: bigint): void {
    if (typeof value !== 'bigint' || value < INT64_MIN || value > INT64_MAX) throw outOfRange(value, 'int64')
    const at = this.reserve(8)
    this.#view.setBigInt64(this.#base + at, value)
  }

  float64(value: number): void {
    if (typeof value !== 'number') throw outOfRange(value, 'float64')
    const at = this.reserve(8)
    this.#view.setFloat64(this.#base + at, value)
  }

  boolean(value: boolean): void {
    if (typeof value !== 'boolean') throw outOfRange(value, 'boolean')
    const at = this.reserve(1)
    this.#view.setInt8(this.#base + at, value ? 1 : 0)
  }

  /** A UUID in its 22-character form, as 16 bytes. */
  uuid(value: string): void {
    const at = this.reserve(16)
    writeUuid(this.#bytes, at, value)
  }

  /** A uint32 in base 128, one to five bytes (KIP-482). */
  unsignedVarint(value: number): void {
    if (value >>> 0 !== value) throw outOfRange(value, 'unsigned varint')
    let rest = value
    while (rest > 0x7f) {
      const at = this.reserve(1)
      this.#bytes[at] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    const at = this.reserve(1)
    this.#bytes[at] = rest
  }

  /** An int32 in zig-zag form. */
  varint(value: number): void {
    if ((value | 0) !== value) throw outOfRange(value, 'varint')
    this.unsignedVarint(((value << 1) ^ (value >> 31)) >>> 0)
  }

  /** An integer within +-(2^53 - 1) in zig-zag form, one to eight bytes. */
  varlong(value: number): void {
    if (!Number.isSafeInteger(value)) throw outOfRange(value, 'varlong')
    const isNegative = value < 0
    let magnitude = isNegative ? -value - 1 : value
    // The lowest group carries the sign bit and six bits of magnitude, the others seven.
    let group = ((magnitude % 64) << 1) | (isNegative ? 1 : 0)
    magnitude = Math.floor(magnitude / 64)
    while (magnitude > 0) {
      const at = this.reserve(1)
      this.#bytes[at] = group | 0x80
      group = magnitude % 128
      magnitude = Math.floor(magnitude / 128)
    }
    const at = this.reserve(1)
    this.#bytes[at] = group
  }

  /** Bytes as they are, without a length. */
  raw(bytes: Uint8Array): void {
    if (bytes.length >= this.#shareFromBytes) {
      this.#shared.push({ before: this.#length, bytes })
      this.#sharedBytes += bytes.length
      return
    }
    const at = this.reserve(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** Text after its length as an int16, so at most 32,767 bytes. */
  string(text: string): void {
    const lengthAt = this.reserve(2)
    const size = this.#utf8(text)
    checkStringSize(size)
    this.#view.setInt16(this.#base + lengthAt, size)
  }

  /**
   * Text after its length + 1 as an unsigned varint (KIP-482). At most 32,767 bytes here too: brokers refuse longer
   * strings.
   */
  compactString(text: string): void {
    if (typeof text === 'string' && text.length * 3 + 1 < 0x80) {
      // The length is known to fit one byte, so the text can be written before it.
      const lengthAt = this.reserve(1)
      const size = this.#utf8(text)
      this.#bytes[lengthAt] = size + 1
      return
    }
    const size = utf8Size(text)
    checkStringSize(size)
    this.unsignedVarint(size + 1)
    this.#utf8(text)
  }

  #utf8(text: string): number {
    if (typeof text !== 'string') throw outOfRange(text, 'string')
    const at = this.#length
    const room = at + text.length * 3
    if (room > this.#bytes.length) this.#grow(room)
    const size = writeUtf8(this.#bytes, at, text)
    this.#length = at + size
    return size
  }
}

function checkStringSize(size: number): void {
  if (size > 0x7fff) throw new EncodeError(`a string of ${size} bytes is longer than 32767`)
}

function utf8Size(text: string): number {
  if (typeof text !== 'string') throw outOfRange(text, 'string')
  let size = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) size += 1
    else if (unit < 0x800) size += 2
    else if (unit < 0xd800 || unit > 0xdfff) size += 3
    else size += 2 // half of a surrogate pair, whose two units make four bytes
  }
  return size
}

function outOfRange(value: unknown, type: string): EncodeError {
  let shown: string = typeof value
  if (typeof value === 'string') shown = JSON.stringify(value.slice(0, 40))
  else if (value === null || !['object', 'function', 'symbol'].includes(shown)) shown = String(value)
  return new EncodeError(`${shown} is not ${/^[aiu]/.test(type) ? 'an' : 'a'} ${type}`)
}
