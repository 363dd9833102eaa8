import { garbled } from './codec.ts'

/** Most bytes that one block is made from here: positions in it fit 16 bits. */
export const MAX_BLOCK_BYTES = 65_536

const HASH_BITS = 14
const TABLE_SIZE = 1 << HASH_BITS

/** Where in the block four bytes of a hash were seen last. One for all calls, as each runs to its end before the next begins. */
const table = new Uint16Array(TABLE_SIZE)

/** So many bytes before the end no match begins, so that four bytes can always be read. */
const MARGIN = 15

/** The first bytes are looked at one by one; the longer nothing is found, the larger the steps. */
const SKIP_START = 32

/** Below this size a loop copies faster than a call of `set` or `copyWithin`. */
const LOOPED_BYTES = 24

/** Most bytes that a block of so many comes out as. */
export function maxCompressedBytes(size: number): number {
  return 32 + size + Math.ceil(size / 6)
}

/**
 * Compresses `input` from `start` to `end`, at most MAX_BLOCK_BYTES, to a raw block at `at` of `output` and returns where that ends. Finds matches
 * as the reference implementation does (google/snappy, CompressFragment).
 */
export function compressBlock(input: Uint8Array, start: number, end: number, output: Uint8Array, at: number): number {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  let to = putLength(output, at, end - start)
  let emitted = start
  if (end - start >= MARGIN) {
    table.fill(0)
    const limit = end - MARGIN
    let from = start + 1
    search: for (;;) {
      let steps = SKIP_START
      let candidate: number
      for (;;) {
        if (from > limit) break search
        const four = view.getInt32(from, true)
        const hash = hashOf(four)
        candidate = start + table[hash]!
        table[hash] = from - start
        if (view.getInt32(candidate, true) === four) break
        from += steps++ >>> 5
      }
      to = putLiteral(input, emitted, from, output, to)
      for (let isMatch = true; isMatch;) {
        const matchEnd = endOfMatch(view, input, candidate + 4, from + 4, end)
        to = putCopy(output, to, from - candidate, matchEnd - from)
        from = emitted = matchEnd
        if (from >= limit) break search
        table[hashOf(view.getInt32(from - 1, true))] = from - 1 - start
        const four = view.getInt32(from, true)
        const hash = hashOf(four)
        candidate = start + table[hash]!
        table[hash] = from - start
        isMatch = view.getInt32(candidate, true) === four
      }
      from++
    }
  }
  return emitted < end ? putLiteral(input, emitted, end, output, to) : to
}

function hashOf(four: number): number {
  return Math.imul(four, 0x1e35a7bd) >>> (32 - HASH_BITS)
}

/** Where bytes stop being those that lie `behind - ahead` before them. */
function endOfMatch(view: DataView, input: Uint8Array, behind: number, ahead: number, end: number): number {
  let from = behind
  let to = ahead
  while (to + 4 <= end && view.getInt32(from, true) === view.getInt32(to, true)) {
    from += 4
    to += 4
  }
  while (to < end && input[from] === input[to]) {
    from++
    to++
  }
  return to
}

function putLength(output: Uint8Array, at: number, length: number): number {
  let to = at
  let rest = length
  for (; rest > 0x7f; rest >>>= 7) output[to++] = (rest & 0x7f) | 0x80
  output[to++] = rest
  return to
}

function putLiteral(input: Uint8Array, start: number, end: number, output: Uint8Array, at: number): number {
  const length = end - start
  let to = at
  if (length <= 60) {
    output[to++] = (length - 1) << 2
  } else if (length <= 256) {
    output[to++] = 60 << 2
    output[to++] = length - 1
  } else {
    output[to++] = 61 << 2
    output[to++] = (length - 1) & 0xff
    output[to++] = (length - 1) >>> 8
  }
  copy(input, start, end, output, to)
  return to + length
}

function putCopy(output: Uint8Array, at: number, distance: number, length: number): number {
  let to = at
  let rest = length
  // What is left must be four bytes at least.
  for (; rest >= 68; rest -= 64) to = putShortCopy(output, to, distance, 64)
  if (rest > 64) {
    to = putShortCopy(output, to, distance, 60)
    rest -= 60
  }
  return putShortCopy(output, to, distance, rest)
}

function putShortCopy(output: Uint8Array, at: number, distance: number, length: number): number {
  if (length < 12 && distance < 2048) {
    output[at] = 1 | ((length - 4) << 2) | ((distance >>> 8) << 5)
    output[at + 1] = distance & 0xff
    return at + 2
  }
  output[at] = 2 | ((length - 1) << 2)
  output[at + 1] = distance & 0xff
  output[at + 2] = distance >>> 8
  return at + 3
}

function copy(input: Uint8Array, start: number, end: number, output: Uint8Array, at: number): void {
  if (end - start > LOOPED_BYTES) {
    output.set(input.subarray(start, end), at)
    return
  }
  let to = at
  for (let from = start; from < end; from++) output[to++] = input[from]!
}

/** What a raw block says it uncompresses to. */
export interface BlockSize {
  readonly size: number
  /** Where its elements begin. */
  readonly bodyAt: number
}

/** The beginning of the raw block from `start` to `end`. Throws CompressionError for a size that so few bytes cannot make. */
export function readBlockSize(block: Uint8Array, start: number, end: number): BlockSize {
  let at = start
  let size = 0
  for (let shift = 0; ; shift += 7) {
    const byte = at < end && shift < 35 ? block[at++]! : undefined
    if (byte === undefined) throw garbled('snappy', 'a block has no valid length')
    size += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  // Three bytes make 64 at the most.
  if (size > (end - at) * 22) throw garbled('snappy', `${end - at} bytes cannot make ${size}`)
  return { size, bodyAt: at }
}

/**
 * Uncompresses the elements from `start` to `end` of `block` to `output` from `at` to `outputEnd`, which they have to fill exactly. Throws
 * CompressionError for anything that is not valid.
 */
export function uncompressBlock(
  block: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  at: number,
  outputEnd: number,
): void {
  let from = start
  let to = at
  while (from < end) {
    const tag = block[from++]!
    let length = (tag >>> 2) + 1
    if ((tag & 3) === 0) {
      if (length > 60) {
        const lengthSize = length - 60
        length = littleEndian(block, from, lengthSize, end) + 1
        from += lengthSize
      }
      if (!(length <= end - from)) throw garbled('snappy', 'a literal goes past the end of its block')
      if (length > outputEnd - to) throw garbled('snappy', 'a block makes more than it says')
      copy(block, from, from + length, output, to)
      from += length
      to += length
      continue
    }
    let distance: number
    if ((tag & 3) === 1) {
      length = ((tag >>> 2) & 7) + 4
      distance = littleEndian(block, from, 1, end) + ((tag >>> 5) << 8)
      from += 1
    } else {
      const offsetSize = (tag & 3) === 2 ? 2 : 4
      distance = littleEndian(block, from, offsetSize, end)
      from += offsetSize
    }
    if (!(distance > 0 && distance <= to - at)) throw garbled('snappy', 'a copy starts before its block')
    if (length > outputEnd - to) throw garbled('snappy', 'a block makes more than it says')
    repeat(output, to, distance, length)
    to += length
  }
  if (to !== outputEnd) throw garbled('snappy', `a block of ${outputEnd - at} bytes makes ${to - at}`)
}

/** Writes `length` bytes that are those `distance` before, which may be among them. */
function repeat(output: Uint8Array, at: number, distance: number, length: number): void {
  if (distance >= length && length > LOOPED_BYTES) {
    output.copyWithin(at, at - distance, at - distance + length)
    return
  }
  const end = at + length
  for (let to = at; to < end; to++) output[to] = output[to - distance]!
}

/** One to four bytes as an unsigned number; NaN past the end. */
function littleEndian(bytes: Uint8Array, at: number, size: number, end: number): number {
  if (at + size > end) return NaN
  let value = 0
  for (let i = size - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!
  return value
}
