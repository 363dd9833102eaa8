import { copyApart, copyBack, endOfMatch } from './copy'

const HASH_BITS: u32 = 13

/** Where in the block four bytes of a hash were seen last, as 16-bit numbers. */
const TABLE: usize = memory.data(2 << 13, 64)

/** No match begins within so many bytes before the end (MFLIMIT of the reference implementation). */
const MARGIN: usize = 12

/** A block ends with so many literals at least. */
const LAST_LITERALS: usize = 5

const MIN_MATCH: usize = 4

/** The first bytes are looked at one by one; the longer nothing is found, the larger the steps. */
const SKIP_START: u32 = 64

/**
 * Compresses the bytes from `start` to `end`, 64 KiB at most, to a block at `to` and returns where that ends. Finds matches as the reference
 * implementation does (lz4/lz4, LZ4_compress_generic with an acceleration of 1).
 */
export function lz4Compress(start: usize, end: usize, to: usize): usize {
  if (end - start <= MARGIN) return putLastLiterals(to, start, end)
  memory.fill(TABLE, 0, 2 << 13)
  const limit = end - MARGIN
  const matchLimit = end - LAST_LITERALS
  let emitted = start
  let from = start + 1
  while (true) {
    let steps = SKIP_START
    let candidate: usize
    while (true) {
      if (from > limit) return putLastLiterals(to, emitted, end)
      const four = load<u32>(from)
      candidate = replace(start, from, four)
      if (load<u32>(candidate) == four) break
      from += <usize>(steps++ >> 6)
    }
    while (from > emitted && candidate > start && load<u8>(from - 1) == load<u8>(candidate - 1)) {
      from--
      candidate--
    }
    let literals = from - emitted
    while (true) {
      const matchEnd = endOfMatch(candidate + MIN_MATCH, from + MIN_MATCH, matchLimit)
      to = putSequence(to, emitted, literals, from - candidate, matchEnd - from - MIN_MATCH)
      from = emitted = matchEnd
      if (from > limit) return putLastLiterals(to, emitted, end)
      replace(start, from - 2, load<u32>(from - 2))
      const four = load<u32>(from)
      candidate = replace(start, from, four)
      if (load<u32>(candidate) != four) break
      literals = 0
    }
    from++
  }
}

/** Notes that `four` were seen at `from`, and returns where bytes of the same hash were seen before. */
function replace(start: usize, from: usize, four: u32): usize {
  const entry = TABLE + ((<usize>((four * 2654435761) >> (32 - HASH_BITS))) << 1)
  const before = start + <usize>load<u16>(entry)
  store<u16>(entry, <u32>(from - start))
  return before
}

/** Writes literals and a match, whose size is given less MIN_MATCH. */
function putSequence(to: usize, literalsAt: usize, literals: usize, distance: usize, match: usize): usize {
  const token = to++
  let nibbles = <u32>min(match, 15)
  if (literals < 15) {
    nibbles |= (<u32>literals) << 4
    v128.store(to, v128.load(literalsAt))
  } else {
    nibbles |= 0xf0
    to = putLength(to, literals - 15)
    copyApart(to, literalsAt, literals)
  }
  to += literals
  store<u16>(to, <u32>distance)
  to += 2
  store<u8>(token, nibbles)
  return match < 15 ? to : putLength(to, match - 15)
}

function putLastLiterals(to: usize, start: usize, end: usize): usize {
  const size = end - start
  const token = to++
  store<u8>(token, (<u32>min(size, 15)) << 4)
  if (size >= 15) to = putLength(to, size - 15)
  copyApart(to, start, size)
  return to + size
}

function putLength(to: usize, length: usize): usize {
  for (; length >= 255; length -= 255) store<u8>(to++, 255)
  store<u8>(to, <u32>length)
  return to + 1
}

/**
 * Uncompresses the block from `from` to `end` to `output` up to `outputEnd` and returns where that ended, or 0 for a block that is not valid or makes
 * more. It may refer to what is before `output` down to `historyStart`.
 */
export function lz4Uncompress(from: usize, end: usize, output: usize, outputEnd: usize, historyStart: usize): usize {
  let to = output
  while (from < end) {
    const token = <usize>load<u8>(from++)
    let size = token >> 4
    if (size == 15) {
      let byte: usize
      do {
        if (from == end) return 0
        byte = <usize>load<u8>(from++)
        size += byte
      } while (byte == 255)
    }
    if (size > end - from || size > outputEnd - to) return 0
    copyApart(to, from, size)
    from += size
    to += size
    // The last sequence has no match.
    if (from == end) return to
    if (end - from < 2) return 0
    const distance = <usize>load<u16>(from)
    from += 2
    if (distance == 0 || distance > to - historyStart) return 0
    size = token & 15
    if (size == 15) {
      let byte: usize
      do {
        if (from == end) return 0
        byte = <usize>load<u8>(from++)
        size += byte
      } while (byte == 255)
    }
    size += MIN_MATCH
    if (size > outputEnd - to) return 0
    copyBack(to, distance, size)
    to += size
  }
  return 0
}
