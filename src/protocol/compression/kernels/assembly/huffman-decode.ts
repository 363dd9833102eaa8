import {
  bitsIn,
  buildStates,
  COUNTS,
  countedSymbols,
  highest,
  meaningOf,
  readCounts,
  stateBits,
  window,
} from './fse-decode'

/** Codes are looked up by so many bits. The reference implementation reads one more than the format has, in tables of their own. */
const BITS: u32 = 11
const MAX_BITS: u32 = 12

/** For each beginning of a code its symbol above eight bits of its length. */
const TABLE: usize = memory.data(2 << 12, 64)

/** How many bits entries of TABLE are looked up by; 0 as long as there are none. */
let tableBits: u32 = 0

/** The lengths of codes, as one more than the longest is longer than they; 0 for no code. Then how many there are of each, and where in the table these begin. */
const WEIGHTS: usize = memory.data(256, 16)
const WEIGHT_COUNTS: usize = memory.data(4 * 16, 16)
const PLACES: usize = memory.data(4 * 16, 16)

/** States of the code in which weights are written, and what they mean: as many as the reference implementation has room for when there are few states. */
const MAX_WEIGHT_BITS: u32 = 6
const MAX_WEIGHT_SYMBOLS: u32 = 92
const WEIGHT_STATES: usize = memory.data(8 << 6, 64)
const WEIGHT_MEANINGS: usize = memory.data(8 * 92, 8)

const MAX_WEIGHTS: u32 = 255

/** Where a stream is read next, and what is held of it. */
let streamAt: usize = 0
let streamBits: u64 = 0

/** Forgets the code of the frame before. */
export function forgetHuffman(): void {
  tableBits = 0
}

export function hasHuffman(): bool {
  return tableBits != 0
}

/** Reads a description of a code (RFC 8878, 4.2.1) and builds its table. Returns where that ends, or 0 for one that is not valid. */
export function readHuffman(from: usize, end: usize): usize {
  if (from == end) return 0
  const header = <usize>load<u8>(from++)
  let count: u32
  if (header >= 128) {
    count = <u32>header - 127
    const size = <usize>((count + 1) >> 1)
    if (size > end - from) return 0
    for (let i: u32 = 0; i < count; i += 2) {
      const two = <u32>load<u8>(from + (i >> 1))
      store<u8>(WEIGHTS + i, two >> 4)
      store<u8>(WEIGHTS + i, two & 15, 1)
    }
    from += size
  } else {
    if (header > end - from) return 0
    count = readWeights(from, from + header)
    if (count == 0) return 0
    from += header
  }
  return buildTable(count) ? from : 0
}

/** Reads weights that are compressed and returns how many they are, or 0. */
function readWeights(from: usize, end: usize): u32 {
  from = readCounts(from, end, MAX_WEIGHT_SYMBOLS, MAX_WEIGHT_BITS)
  if (from == 0 || (stateBits == MAX_WEIGHT_BITS && countedSymbols > MAX_BITS)) return 0
  if (load<u64>(WEIGHT_MEANINGS, 8) == 0) {
    for (let i: u32 = 0; i < MAX_WEIGHT_SYMBOLS; i++) store<u64>(WEIGHT_MEANINGS + (i << 3), meaningOf(i, 0))
  }
  buildStates(WEIGHT_STATES, COUNTS, countedSymbols, stateBits, WEIGHT_MEANINGS)
  let left = bitsIn(from, end)
  const start8 = from - 8
  // Two states take turns, of which the one reads on while the other's symbol is still to be written.
  let bits = window(start8, left)
  let state = highest(bits, stateBits) << 3
  let other = highest(bits << (<u64>stateBits), stateBits) << 3
  left -= <i32>(stateBits << 1)
  if (left < 0) return 0
  let count: u32 = 0
  while (count < MAX_WEIGHTS - 1) {
    const entry = load<u64>(WEIGHT_STATES + state)
    store<u8>(WEIGHTS + count++, <u32>(entry >> 32))
    const taken = <i32>entry & 255
    if (taken > left) {
      store<u8>(WEIGHTS + count++, load<u32>(WEIGHT_STATES + other, 4))
      return count
    }
    bits = window(start8, left)
    left -= taken
    state = other
    other = (<u32>entry >> 16) + (highest(bits, entry) << 3)
  }
  return 0
}

/** Builds the table of codes by `count` weights, and that of the last symbol, which follows from them. */
function buildTable(count: u32): bool {
  memory.fill(WEIGHT_COUNTS, 0, 4 * 16)
  let total: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const weight = <u32>load<u8>(WEIGHTS + i)
    if (weight > MAX_BITS) return false
    const at = WEIGHT_COUNTS + (weight << 2)
    store<u32>(at, load<u32>(at) + 1)
    total += (1 << weight) >> 1
  }
  if (total == 0) return false
  const longest: u32 = 32 - clz(total)
  if (longest > MAX_BITS) return false
  const rest: u32 = (1 << longest) - total
  if ((rest & (rest - 1)) != 0) return false
  const lastWeight: u32 = 32 - clz(rest)
  store<u8>(WEIGHTS + count, lastWeight)
  const lastCount = WEIGHT_COUNTS + (lastWeight << 2)
  store<u32>(lastCount, load<u32>(lastCount) + 1)
  const longestCount = load<u32>(WEIGHT_COUNTS, 4)
  if (longestCount < 2 || (longestCount & 1) != 0) return false
  tableBits = max(longest, BITS)
  const scale = tableBits - longest
  let place: u32 = 0
  for (let weight: u32 = 1; weight <= longest; weight++) {
    store<u32>(PLACES + (weight << 2), place)
    place += load<u32>(WEIGHT_COUNTS + (weight << 2)) << (weight - 1 + scale)
  }
  for (let symbol: u32 = 0; symbol <= count; symbol++) {
    const weight = <u32>load<u8>(WEIGHTS + symbol)
    if (weight == 0) continue
    const at = PLACES + (weight << 2)
    const from = load<u32>(at)
    const entries: u32 = 1 << (weight - 1 + scale)
    store<u32>(at, from + entries)
    const entry = (symbol << 8) | (longest + 1 - weight)
    fill(TABLE + (from << 1), entry, entries)
  }
  return true
}

/** Writes an entry so many times, which is a power of two. */
function fill(at: usize, entry: u32, entries: u32): void {
  if (entries >= 8) {
    const eight = i16x8.splat(<i16>entry)
    const end = at + (entries << 1)
    do {
      v128.store(at, eight)
      at += 16
    } while (at < end)
    return
  }
  const two = entry | (entry << 16)
  if (entries == 4) store<u64>(at, ((<u64>two) << 32) | <u64>two)
  else if (entries == 2) store<u32>(at, two)
  else store<u16>(at, entry)
}

/** Decodes one stream to the range from `to` to `toEnd`. Returns whether it is exactly as long. */
export function decodeStream(from: usize, end: usize, to: usize, toEnd: usize): bool {
  return openStream(from, end) && finishStream(from, to, toEnd)
}

/** Begins to read a stream: its bits are the highest of `streamBits`, and below them is a one, whose place says how many were read. */
function openStream(from: usize, end: usize): bool {
  const left = bitsIn(from, end)
  if (left < 0) return false
  streamAt = end - 8
  streamBits = (load<u64>(streamAt) | 1) << (<u64>(((<i32>(end - from)) << 3) - left))
  return true
}

/** Goes on with a stream up to its end, which must be that of the range as well. */
function finishStream(from: usize, to: usize, toEnd: usize): bool {
  let at = streamAt
  let bits = streamBits
  const shift = <u64>(64 - tableBits)
  while (to < toEnd) {
    const read = ctz(bits)
    at -= <usize>(read >> 3)
    bits = (load<u64>(at) | 1) << (read & 7)
    const pieceEnd = min(to + 4, toEnd)
    do {
      const entry = <u64>load<u16>(TABLE + ((<usize>(bits >> shift)) << 1))
      bits <<= entry
      store<u8>(to++, <u32>(entry >> 8))
    } while (to < pieceEnd)
  }
  return <i32>((at + 8 - from) << 3) == <i32>ctz(bits)
}

/**
 * Decodes four streams that follow each other, each to a quarter of the range from `to` to `toEnd`. Returns whether they are exactly as long. What is read is not
 * compared with where streams begin before the end: at most as many bytes before them as would be written.
 */
export function decodeStreams(from: usize, end: usize, to: usize, toEnd: usize): bool {
  if (end - from < 10 || toEnd - to < 6) return false
  const start0 = from + 6
  const start1 = start0 + <usize>load<u16>(from)
  const start2 = start1 + <usize>load<u16>(from, 2)
  const start3 = start2 + <usize>load<u16>(from, 4)
  if (start3 >= end) return false
  const quarter = (toEnd - to + 3) >> 2
  let to0 = to
  let to1 = to0 + quarter
  let to2 = to1 + quarter
  let to3 = to2 + quarter
  const end0 = to1
  const end1 = to2
  const end2 = to3
  if (to3 > toEnd) return false
  if (!openStream(start0, start1)) return false
  let at0 = streamAt
  let bits0 = streamBits
  if (!openStream(start1, start2)) return false
  let at1 = streamAt
  let bits1 = streamBits
  if (!openStream(start2, start3)) return false
  let at2 = streamAt
  let bits2 = streamBits
  if (!openStream(start3, end)) return false
  let at3 = streamAt
  let bits3 = streamBits
  if (tableBits == BITS) {
    let e0: u32
    let e1: u32
    let e2: u32
    let e3: u32
    let read: u64
    // Five codes of eleven bits are in the 57 that there are at least.
    while (to3 + 5 <= toEnd) {
      read = ctz(bits0)
      at0 -= <usize>(read >> 3)
      bits0 = (load<u64>(at0) | 1) << (read & 7)
      read = ctz(bits1)
      at1 -= <usize>(read >> 3)
      bits1 = (load<u64>(at1) | 1) << (read & 7)
      read = ctz(bits2)
      at2 -= <usize>(read >> 3)
      bits2 = (load<u64>(at2) | 1) << (read & 7)
      read = ctz(bits3)
      at3 -= <usize>(read >> 3)
      bits3 = (load<u64>(at3) | 1) << (read & 7)

      e0 = entryAt(bits0)
      e1 = entryAt(bits1)
      e2 = entryAt(bits2)
      e3 = entryAt(bits3)
      bits0 <<= <u64>e0
      bits1 <<= <u64>e1
      bits2 <<= <u64>e2
      bits3 <<= <u64>e3
      store<u8>(to0, e0 >> 8)
      store<u8>(to1, e1 >> 8)
      store<u8>(to2, e2 >> 8)
      store<u8>(to3, e3 >> 8)

      e0 = entryAt(bits0)
      e1 = entryAt(bits1)
      e2 = entryAt(bits2)
      e3 = entryAt(bits3)
      bits0 <<= <u64>e0
      bits1 <<= <u64>e1
      bits2 <<= <u64>e2
      bits3 <<= <u64>e3
      store<u8>(to0, e0 >> 8, 1)
      store<u8>(to1, e1 >> 8, 1)
      store<u8>(to2, e2 >> 8, 1)
      store<u8>(to3, e3 >> 8, 1)

      e0 = entryAt(bits0)
      e1 = entryAt(bits1)
      e2 = entryAt(bits2)
      e3 = entryAt(bits3)
      bits0 <<= <u64>e0
      bits1 <<= <u64>e1
      bits2 <<= <u64>e2
      bits3 <<= <u64>e3
      store<u8>(to0, e0 >> 8, 2)
      store<u8>(to1, e1 >> 8, 2)
      store<u8>(to2, e2 >> 8, 2)
      store<u8>(to3, e3 >> 8, 2)

      e0 = entryAt(bits0)
      e1 = entryAt(bits1)
      e2 = entryAt(bits2)
      e3 = entryAt(bits3)
      bits0 <<= <u64>e0
      bits1 <<= <u64>e1
      bits2 <<= <u64>e2
      bits3 <<= <u64>e3
      store<u8>(to0, e0 >> 8, 3)
      store<u8>(to1, e1 >> 8, 3)
      store<u8>(to2, e2 >> 8, 3)
      store<u8>(to3, e3 >> 8, 3)

      e0 = entryAt(bits0)
      e1 = entryAt(bits1)
      e2 = entryAt(bits2)
      e3 = entryAt(bits3)
      bits0 <<= <u64>e0
      bits1 <<= <u64>e1
      bits2 <<= <u64>e2
      bits3 <<= <u64>e3
      store<u8>(to0, e0 >> 8, 4)
      store<u8>(to1, e1 >> 8, 4)
      store<u8>(to2, e2 >> 8, 4)
      store<u8>(to3, e3 >> 8, 4)
      to0 += 5
      to1 += 5
      to2 += 5
      to3 += 5
    }
  }
  streamAt = at0
  streamBits = bits0
  if (!finishStream(start0, to0, end0)) return false
  streamAt = at1
  streamBits = bits1
  if (!finishStream(start1, to1, end1)) return false
  streamAt = at2
  streamBits = bits2
  if (!finishStream(start2, to2, end2)) return false
  streamAt = at3
  streamBits = bits3
  return finishStream(start3, to3, toEnd)
}

function entryAt(bits: u64): u32 {
  return load<u16>(TABLE + ((<usize>(bits >> (64 - BITS))) << 1))
}
