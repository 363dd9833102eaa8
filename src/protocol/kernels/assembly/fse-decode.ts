/**
 * Tables that decode finite state entropy (RFC 8878, 4.1). A table has an entry of eight bytes for each state: how many bits the next state takes (one byte), what
 * the symbol stands for (one byte, then two unused), eight times the next state, to which eight times those bits are added (two bytes), and a mask of those bits.
 */

/** How often each symbol occurs, as it was read last: 16-bit numbers, -1 for less than once. */
export const COUNTS: usize = memory.data(2 * 256, 16)

/** What was read last besides: the number of symbols, and the binary logarithm of the number of states. */
export let countedSymbols: u32 = 0
export let stateBits: u32 = 0

/** The symbol of each state, and for each symbol the next of its states. */
const SPREAD: usize = memory.data(1 << 9, 16)
const NEXT: usize = memory.data(4 * 256, 16)

/**
 * Reads to COUNTS how often each of up to `maxSymbols` symbols occurs in up to `1 << maxBits` states. Returns where that ends, or 0 for what is not valid or goes
 * past `end`.
 */
export function readCounts(from: usize, end: usize, maxSymbols: u32, maxBits: u32): usize {
  if (from == end) return 0
  const bitsEnd = (<u32>(end - from)) << 3
  stateBits = (<u32>load<u8>(from) & 15) + 5
  if (stateBits > maxBits) return 0
  memory.fill(COUNTS, 0, maxSymbols << 1)
  let bit: u32 = 4
  // One more than is left to be shared out, and the power of two that is not above it.
  let left: u32 = (1 << stateBits) + 1
  let power: u32 = 1 << stateBits
  let width = stateBits
  let symbol: u32 = 0
  while (left > 1) {
    if (symbol >= maxSymbols || bit > bitsEnd) return 0
    const word = load<u32>(from + (bit >> 3)) >> (bit & 7)
    // Small values take one bit less, as far as there is room for that.
    const short: u32 = 2 * power - 1 - left
    let value = word & (power - 1)
    bit += width
    if (value >= short) {
      value = word & (2 * power - 1)
      if (value >= power) value -= short
      bit++
    }
    store<u16>(COUNTS + (symbol++ << 1), value - 1)
    left -= value == 0 ? 1 : value - 1
    if (value == 1) {
      let skipped: u32
      do {
        if (bit > bitsEnd) return 0
        skipped = (<u32>load<u16>(from + (bit >> 3)) >> (bit & 7)) & 3
        symbol += skipped
        bit += 2
      } while (skipped == 3)
    }
    while (left < power) {
      power >>= 1
      width--
    }
  }
  countedSymbols = symbol
  return bit <= bitsEnd ? from + ((bit + 7) >> 3) : 0
}

/** Builds the table of `1 << bits` states in which `symbols` symbols occur as often as `counts` says. `values` has a byte for each of them: what it stands for. */
export function buildStates(table: usize, counts: usize, symbols: u32, bits: u32, values: usize): void {
  const size: u32 = 1 << bits
  const lastState = size - 1
  let last = lastState
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = load<i16>(counts + (symbol << 1))
    store<u32>(NEXT + (symbol << 2), count < 0 ? 1 : count)
    if (count < 0) store<u8>(SPREAD + last--, symbol)
  }
  const step = (size >> 1) + (size >> 3) + 3
  let state: u32 = 0
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    for (let count: i32 = load<i16>(counts + (symbol << 1)); count > 0; count--) {
      store<u8>(SPREAD + state, symbol)
      do state = (state + step) & lastState
      while (state > last)
    }
  }
  for (state = 0; state < size; state++) {
    const symbol = <u32>load<u8>(SPREAD + state)
    const at = NEXT + (symbol << 2)
    const next = load<u32>(at)
    store<u32>(at, next + 1)
    const nextBits = bits + clz(next) - 31
    const mask: u32 = (1 << nextBits) - 1
    store<u64>(table + (state << 3), entryOf(load<u8>(values + symbol), nextBits, (next << nextBits) - size, mask))
  }
}

/** Writes the table of a single state, which takes no bits. */
export function buildState(table: usize, value: u32): void {
  store<u64>(table, entryOf(value, 0, 0, 0))
}

function entryOf(value: u32, bits: u32, next: u32, mask: u32): u64 {
  return ((<u64>((mask << 16) | (next << 3))) << 32) | <u64>((value << 8) | bits)
}

/** How many bits there are to read of a stream, whose last byte has a one above them; -1 for none or one that does not. */
export function bitsIn(start: usize, end: usize): i32 {
  if (end <= start) return -1
  const last = <u32>load<u8>(end - 1)
  return last == 0 ? -1 : ((<i32>(end - start)) << 3) - 1 - <i32>(clz(last) - 24)
}
