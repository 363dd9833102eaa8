import { bitsIn, buildStates, COUNTS, countedSymbols, readCounts, stateBits } from './fse-decode'

/** Codes are looked up by so many bits. The reference implementation reads one more than the format has, in tables of their own. */
export const BITS: u32 = 11
const MAX_BITS: u32 = 12

/** The symbols of codes and their lengths, for all bits that may follow a code. */
export const SYMBOLS: usize = memory.data(1 << 12, 64)
export const LENGTHS: usize = memory.data(1 << 12, 64)

/**
 * Both with the symbol that follows, if its code fits in as well: the length of both codes, how many symbols they are, and those, in four bytes. And what symbols that
 * follow add to that.
 */
export const PAIRS: usize = memory.data(4 << 11, 64)
const SECONDS: usize = memory.data(4 << 10, 64)

/** Whether PAIRS goes with them. */
let hasPairs: bool = false

/** How many bits symbols are looked up by; 0 as long as there are none. */
export let tableBits: u32 = 0

/** The lengths of codes, as one more than the longest is longer than they; 0 for no code. Then how many there are of each, and where in the table these begin. */
const WEIGHTS: usize = memory.data(256, 16)
const WEIGHT_COUNTS: usize = memory.data(4 * 16, 16)
const PLACES: usize = memory.data(4 * 16, 16)

/** States of the code in which weights are written, and what its symbols stand for: as many as the reference implementation has room for when there are few states. */
const MAX_WEIGHT_BITS: u32 = 6
const MAX_WEIGHT_SYMBOLS: u32 = 92
const WEIGHT_STATES: usize = memory.data(8 << 6, 64)
const WEIGHT_VALUES: usize = memory.data(92, 8)

const MAX_WEIGHTS: u32 = 255

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
  for (let i: u32 = 0; i < MAX_WEIGHT_SYMBOLS; i++) store<u8>(WEIGHT_VALUES + i, i)
  buildStates(WEIGHT_STATES, COUNTS, countedSymbols, stateBits, WEIGHT_VALUES)
  let left = bitsIn(from, end) - <i32>(stateBits << 1)
  if (left < 0) return 0
  // Two states take turns, of which the one reads on while the other's symbol is still to be written.
  const mask: u32 = (1 << stateBits) - 1
  let state = (bitsFrom(from, left + stateBits) & mask) << 3
  let other = (bitsFrom(from, left) & mask) << 3
  let count: u32 = 0
  while (count < MAX_WEIGHTS - 1) {
    store<u8>(WEIGHTS + count++, load<u8>(WEIGHT_STATES + state, 1))
    left -= <i32>load<u8>(WEIGHT_STATES + state)
    if (left < 0) {
      store<u8>(WEIGHTS + count++, load<u8>(WEIGHT_STATES + other, 1))
      return count
    }
    const next =
      <u32>load<u16>(WEIGHT_STATES + state, 4) +
      ((bitsFrom(from, left) & <u32>load<u16>(WEIGHT_STATES + state, 6)) << 3)
    state = other
    other = next
  }
  return 0
}

/** The bits of a stream from one that is not before it on. */
function bitsFrom(start: usize, bit: u32): u32 {
  return load<u32>(start + (bit >> 3)) >> (bit & 7)
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
    fill(SYMBOLS + from, symbol, entries)
    fill(LENGTHS + from, longest + 1 - weight, entries)
  }
  hasPairs = false
  return true
}

/** Writes a byte so many times, which is a power of two. */
function fill(at: usize, byte: u32, count: u32): void {
  if (count >= 16) {
    const bytes = i8x16.splat(<i8>byte)
    const end = at + count
    do {
      v128.store(at, bytes)
      at += 16
    } while (at < end)
    return
  }
  const four = byte * 0x01010101
  if (count == 8) store<u64>(at, ((<u64>four) << 32) | <u64>four)
  else if (count == 4) store<u32>(at, four)
  else if (count == 2) store<u16>(at, four)
  else store<u8>(at, byte)
}

/** Fills PAIRS. What follows a symbol is the same for all that have codes of the same length. */
function buildPairs(): void {
  let at: usize = 0
  let length: u32 = 0
  while (at < 1 << BITS) {
    const lengthHere = <u32>load<u8>(LENGTHS + at)
    const size: usize = 1 << (BITS - lengthHere)
    if (lengthHere != length) {
      length = lengthHere
      findSeconds(length, size)
    }
    const one = pairOf(length, load<u8>(SYMBOLS + at))
    const to = PAIRS + (at << 2)
    if (size < 4) {
      for (let i: usize = 0; i < size << 2; i += 4) store<u32>(to + i, one)
    } else {
      const four = i32x4.splat(one)
      for (let i: usize = 0; i < size << 2; i += 16) v128.store(to + i, i32x4.add(four, v128.load(SECONDS + i)))
    }
    at += size
  }
  hasPairs = true
}

/** Writes to SECONDS what the symbol that follows a code of `length` bits adds, if there is room for its code. */
function findSeconds(length: u32, size: usize): void {
  const room = BITS - length
  for (let i: usize = 0; i < size; i++) {
    const lengthAfter = <u32>load<u8>(LENGTHS + (i << length))
    const second = pairOf(lengthAfter, (<u32>load<u8>(SYMBOLS + (i << length))) << 8)
    store<u32>(SECONDS + (i << 2), lengthAfter <= room ? second : 0)
  }
}

function pairOf(length: u32, symbols: u32): u32 {
  return length | (1 << 8) | (symbols << 16)
}

/** Whether literals are many enough, and their codes short enough, for PAIRS to be worth while. Then those are there. */
export function usePairs(size: usize, storedSize: usize): bool {
  if (size < 4096 || storedSize << 3 > size * 6) return false
  if (!hasPairs) buildPairs()
  return true
}
