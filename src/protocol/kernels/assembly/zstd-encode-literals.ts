import { at32, increment, set32 } from './arrays'
import { makeLengths } from './code-lengths'
import { bitsFor, buildTable, firstState, logFor, putShares, share, stateAfter, TABLE_SIZE } from './fse-encode'

/** The literals of the block, which are 128 KiB at the most, with room for what is copied too much. */
export const LITERALS: usize = memory.data(128 * 1024 + 64, 64)

const MAX_CODE_BITS: u32 = 11

/** Fewer are not worth a code (zstd's COMPRESS_LITERALS_SIZE_MIN). */
const MIN_CODED: usize = 64
const MIN_FOUR_STREAMS: usize = 256

/** How often each byte occurs: four times over, as a count that is raised twice in a row has to wait for itself. */
const COUNTS: usize = memory.data(4 * 4 * 256, 64)

const LENGTHS: usize = memory.data(256)

/** Codes above 4 bits of their lengths, 16 bits each. */
const CODES: usize = memory.data(2 * 256, 64)
const BY_LENGTH: usize = memory.data(4 * 12)

/** Lengths of codes from the other end: 0 for none, 1 for the longest, and so on. */
const WEIGHTS: usize = memory.data(256)
const WEIGHT_COUNTS: usize = memory.data(4 * 12)
const WEIGHT_SHARES: usize = memory.data(2 * 12)
const WEIGHT_TABLE: usize = memory.data(TABLE_SIZE, 16)
const MAX_WEIGHT_LOG: u32 = 6

/** The kinds of literals sections (RFC 8878, 3.1.1.3.1.1). */
const RAW: u32 = 0
const REPEATED: u32 = 1
const COMPRESSED: u32 = 2

/** Writes the literals section for `size` bytes at LITERALS, and returns where it ends: after 5 bytes more than they are at the most. */
export function putLiterals(to: usize, size: usize): usize {
  if (size < MIN_CODED) return putRaw(to, size)
  const most = countBytes(size)
  if (<usize>most == size) return putRepeated(to, size)
  // What is all over the place gets nothing from a code (zstd's rule).
  if (<usize>most <= (size >> 7) + 4) return putRaw(to, size)
  makeLengths(COUNTS, 256, MAX_CODE_BITS, LENGTHS)
  const highest = assignCodes()
  const hasFourStreams = size >= MIN_FOUR_STREAMS
  const headerSize: usize = size < 1024 ? 3 : size < 16384 ? 4 : 5
  const streams = putWeights(to + headerSize, highest)
  if (streams == 0) return putRaw(to, size)
  const expected = streams - to + (codedBits() >> 3)
  if (expected + (size >> 6) + 2 >= size) return putRaw(to, size)
  const end = hasFourStreams ? putFourStreams(streams, size) : putStream(streams, LITERALS, LITERALS + size)
  const compressed = <u64>(end - to - headerSize)
  // Sizes of 10, 14 or 18 bits.
  const sizeBits = <u64>headerSize * 4 - 2
  const kind = hasFourStreams ? <u32>headerSize - 2 : 0
  const header = <u64>(COMPRESSED | (kind << 2)) | ((<u64>size) << 4) | (compressed << (4 + sizeBits))
  store<u16>(to, <u32>header)
  store<u8>(to, <u32>(header >> 16), 2)
  if (headerSize > 3) store<u8>(to, <u32>(header >> 24), 3)
  if (headerSize > 4) store<u8>(to, <u32>(header >> 32), 4)
  return end
}

function putHeader(to: usize, kind: u32, size: usize): usize {
  if (size < 32) {
    store<u8>(to, kind | ((<u32>size) << 3))
    return to + 1
  }
  if (size < 4096) {
    store<u16>(to, kind | (1 << 2) | ((<u32>size) << 4))
    return to + 2
  }
  store<u32>(to, kind | (3 << 2) | ((<u32>size) << 4))
  return to + 3
}

function putRaw(to: usize, size: usize): usize {
  to = putHeader(to, RAW, size)
  memory.copy(to, LITERALS, size)
  return to + size
}

function putRepeated(to: usize, size: usize): usize {
  to = putHeader(to, REPEATED, size)
  store<u8>(to, load<u8>(LITERALS))
  return to + 1
}

/** Counts bytes in the first 256 of COUNTS, and returns how often the most frequent occurs. */
function countBytes(size: usize): u32 {
  memory.fill(COUNTS, 0, 4 * 4 * 256)
  const end = LITERALS + size
  let at = LITERALS
  for (; at + 8 <= end; at += 8) {
    const bytes = load<u64>(at)
    countByte(0, bytes)
    countByte(1, bytes >> 8)
    countByte(2, bytes >> 16)
    countByte(3, bytes >> 24)
    countByte(0, bytes >> 32)
    countByte(1, bytes >> 40)
    countByte(2, bytes >> 48)
    countByte(3, bytes >> 56)
  }
  for (; at < end; at++) countByte(0, load<u8>(at))
  let most: u32 = 0
  for (let byte: u32 = 0; byte < 256; byte++) {
    const count = at32(COUNTS, byte) + at32(COUNTS, 256 + byte) + at32(COUNTS, 512 + byte) + at32(COUNTS, 768 + byte)
    set32(COUNTS, byte, count)
    most = max(most, count)
  }
  return most
}

function countByte(part: u32, bytes: u64): void {
  increment(COUNTS + (part << 10), <u32>bytes & 0xff)
}

function codedBits(): usize {
  let bits: u32 = 0
  for (let byte: u32 = 0; byte < 256; byte++) bits += at32(COUNTS, byte) * load<u8>(LENGTHS + byte)
  return bits
}

/** Writes CODES and WEIGHTS from LENGTHS, and returns the highest byte that occurs. Codes are given to the longest first, by the values of their bytes (RFC 8878, 4.2.1). */
function assignCodes(): u32 {
  memory.fill(BY_LENGTH, 0, 4 * 12)
  let highest: u32 = 0
  let longest: u32 = 0
  for (let byte: u32 = 0; byte < 256; byte++) {
    const length = <u32>load<u8>(LENGTHS + byte)
    if (length == 0) continue
    increment(BY_LENGTH, length)
    highest = byte
    longest = max(longest, length)
  }
  let next: u32 = 0
  for (let length = longest; length > 0; length--) {
    const count = at32(BY_LENGTH, length)
    set32(BY_LENGTH, length, next)
    next = (next + count) >> 1
  }
  for (let byte: u32 = 0; byte <= highest; byte++) {
    const length = <u32>load<u8>(LENGTHS + byte)
    store<u8>(WEIGHTS + byte, length == 0 ? 0 : longest + 1 - length)
    if (length == 0) continue
    store<u16>(CODES + (byte << 1), (at32(BY_LENGTH, length) << 4) | length)
    increment(BY_LENGTH, length)
  }
  return highest
}

/** Writes the weights of all bytes before the highest, whose own follows from them: as an entropy stream or 4 bits each. Returns where they end, or 0 if neither can be. */
function putWeights(to: usize, count: u32): usize {
  const end = putWeightStream(to + 1, count)
  const size = <u32>(end - to - 1)
  if (end != 0 && size < 128 && size < count >> 1) {
    store<u8>(to, size)
    return end
  }
  if (count > 128) return 0
  store<u8>(to++, 127 + count)
  store<u8>(WEIGHTS + count, 0)
  for (let i: u32 = 0; i < count; i += 2) {
    store<u8>(to++, (load<u8>(WEIGHTS + i) << 4) | load<u8>(WEIGHTS + i, 1))
  }
  return to
}

/** Returns where the stream ends, or 0 where there can be none because there are too few different weights. */
function putWeightStream(to: usize, count: u32): usize {
  if (count < 2) return 0
  memory.fill(WEIGHT_COUNTS, 0, 4 * 12)
  let symbols: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const weight = <u32>load<u8>(WEIGHTS + i)
    increment(WEIGHT_COUNTS, weight)
    symbols = max(symbols, weight + 1)
  }
  let most: u32 = 0
  for (let weight: u32 = 0; weight < symbols; weight++) most = max(most, at32(WEIGHT_COUNTS, weight))
  if (most == count || most == 1) return 0
  const log = logFor(count, symbols - 1, MAX_WEIGHT_LOG)
  share(WEIGHT_COUNTS, symbols, count, log, WEIGHT_SHARES)
  to = putShares(to, WEIGHT_SHARES, symbols, log)
  buildTable(WEIGHT_TABLE, WEIGHT_SHARES, symbols, log)
  // Two states take turns, of which the first has all that are at even places. They end with the last symbol of each.
  let other = firstState(WEIGHT_TABLE, load<u8>(WEIGHTS + count - 1))
  let state = firstState(WEIGHT_TABLE, load<u8>(WEIGHTS + count - 2))
  let buffer: u64 = 0
  let bitCount: u32 = 0
  for (let i = <i32>count - 3; i >= 0; i--) {
    const weight = <u32>load<u8>(WEIGHTS + i)
    const bits = bitsFor(WEIGHT_TABLE, other, weight)
    buffer |= (<u64>(other & ((1 << bits) - 1))) << (<u64>bitCount)
    bitCount += bits
    const next = stateAfter(WEIGHT_TABLE, other, weight, bits)
    other = state
    state = next
    store<u64>(to, buffer)
    to += bitCount >> 3
    buffer >>= <u64>(bitCount & ~7)
    bitCount &= 7
  }
  // Now `other` is the state of the higher of the first two places, which is written first and read last.
  buffer |= (<u64>(other & ((1 << log) - 1))) << (<u64>bitCount)
  bitCount += log
  buffer |= (<u64>(state & ((1 << log) - 1))) << (<u64>bitCount)
  bitCount += log
  buffer |= (<u64>1) << (<u64>bitCount)
  store<u64>(to, buffer)
  return to + ((bitCount + 8) >> 3)
}

/** Writes four streams of a quarter of the literals each, after the sizes of the first three. */
function putFourStreams(to: usize, size: usize): usize {
  const quarter = (size + 3) >> 2
  let from = LITERALS
  const end = from + size
  let sizes = to
  to += 6
  for (let i = 0; i < 3; i++) {
    const streamEnd = putStream(to, from, from + quarter)
    store<u16>(sizes, <u32>(streamEnd - to))
    sizes += 2
    to = streamEnd
    from += quarter
  }
  return putStream(to, from, end)
}

/** Writes the codes of the bytes from `start` to `end`, the last one first, and a bit that marks where they begin for who reads them backwards. */
function putStream(to: usize, start: usize, end: usize): usize {
  let buffer: u64 = 0
  let count: u64 = 0
  let at = end
  // Five codes and what is left of a byte fit into 64 bits.
  for (const last = start + 5; at >= last; at -= 5) {
    let code = codeOf(at, 1)
    buffer |= (code >> 4) << count
    count += code & 15
    code = codeOf(at, 2)
    buffer |= (code >> 4) << count
    count += code & 15
    code = codeOf(at, 3)
    buffer |= (code >> 4) << count
    count += code & 15
    code = codeOf(at, 4)
    buffer |= (code >> 4) << count
    count += code & 15
    code = codeOf(at, 5)
    buffer |= (code >> 4) << count
    count += code & 15
    store<u64>(to, buffer)
    to += <usize>(count >> 3)
    buffer >>= count & ~7
    count &= 7
  }
  while (at > start) {
    const code = codeOf(at--, 1)
    buffer |= (code >> 4) << count
    count += code & 15
  }
  buffer |= (<u64>1) << count
  store<u64>(to, buffer)
  return to + <usize>((count + 8) >> 3)
}

function codeOf(end: usize, before: usize): u64 {
  return <u64>load<u16>(CODES + ((<usize>load<u8>(end - before)) << 1))
}
