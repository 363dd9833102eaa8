import { at32, increment, set32, smoothLog2 } from './arrays'

/**
 * Finite state entropy, as zstd writes it (RFC 8878, 4.1): shares of a power of two for each symbol, which are written ahead of a stream, and the tables by which
 * symbols become bits.
 *
 * A table has 16-bit next states, and from TRANSFORMS on for each symbol 32 bits that are added to a state to find its next one, and 32 bits that say how many
 * of its bits are written: those above bit 16 of their sum.
 */
const TRANSFORMS: usize = 2 << 9
export const TABLE_SIZE: i32 = (2 << 9) + 8 * 53

const MIN_LOG: u32 = 5

/** For each state in turn its symbol, and for each symbol where its next state goes. */
const SPREAD: usize = memory.data(1 << 9)
const NEXT: usize = memory.data(4 * 53)

/** How many states `total` symbols are worth of which `highest` is the last: zstd's rule (FSE_optimalTableLog). */
export function logFor(total: u32, highest: u32, maxLog: u32): u32 {
  const enough = max<i32>(31 - clz(total - 1) - 2, 0)
  const least = min<u32>(32 - clz(total), 33 - clz(max<u32>(highest, 1)))
  return min(max(max(min(maxLog, <u32>enough), least), MIN_LOG), maxLog)
}

/** Writes to `shares`, 16 bits each, how many of 1 << `log` states each of the symbols gets that occur as often as `counts` say, `total` times in all. */
export function share(counts: usize, symbols: u32, total: u32, log: u32, shares: usize): void {
  const states: u32 = 1 << log
  let left = <i32>states
  let largest: u32 = 0
  let largestShare: i32 = 0
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = at32(counts, symbol)
    const part: i32 = count == 0 ? 0 : max<u32>(((count << log) + (total >> 1)) / total, 1)
    setShare(shares, symbol, part)
    left -= part
    if (part > largestShare) {
      largest = symbol
      largestShare = part
    }
  }
  // The largest hardly notices what rounding leaves; what is more is taken from whichever is largest then.
  while (left < 0 && largestShare + left < largestShare >> 1) {
    setShare(shares, largest, largestShare - 1)
    left++
    largestShare = 0
    for (let symbol: u32 = 0; symbol < symbols; symbol++) {
      const part = shareOf(shares, symbol)
      if (part <= largestShare) continue
      largest = symbol
      largestShare = part
    }
  }
  setShare(shares, largest, largestShare + left)
}

export function shareOf(shares: usize, symbol: u32): i32 {
  return load<i16>(shares + (symbol << 1))
}

function setShare(shares: usize, symbol: u32, part: i32): void {
  store<i16>(shares + (symbol << 1), part)
}

/** About how many bits symbols take that occur as often as `counts` say; u32.MAX_VALUE if one of them has no share. */
export function costOf(counts: usize, symbols: u32, shares: usize, log: u32): u32 {
  let bits: f32 = 0
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = at32(counts, symbol)
    if (count == 0) continue
    const part = shareOf(shares, symbol)
    if (part == 0) return u32.MAX_VALUE
    bits += <f32>count * (<f32>log - smoothLog2(<u32>max(part, 1)))
  }
  return <u32>bits
}

/** Writes shares as they stand ahead of a stream and returns where they end, after 3 bytes for two symbols and some more at the most. */
export function putShares(to: usize, shares: usize, symbols: u32, log: u32): usize {
  let buffer: u32 = log - MIN_LOG
  let count: u32 = 4
  let remaining: i32 = (1 << log) + 1
  let threshold: i32 = 1 << log
  let bits = log + 1
  let symbol: u32 = 0
  let isAfterNone = false
  while (remaining > 1) {
    if (isAfterNone) {
      let first = symbol
      while (shareOf(shares, symbol) == 0) symbol++
      while (symbol - first >= 3) {
        buffer |= 3 << count
        count += 2
        first += 3
        if (count > 16) {
          store<u16>(to, buffer)
          to += 2
          buffer >>= 16
          count -= 16
        }
      }
      buffer |= (symbol - first) << count
      count += 2
      if (count > 16) {
        store<u16>(to, buffer)
        to += 2
        buffer >>= 16
        count -= 16
      }
    }
    let part = shareOf(shares, symbol++)
    const most = 2 * threshold - 1 - remaining
    remaining -= abs(part)
    part++
    // Values that cannot be, as there are not so many states left, make room for shorter ones.
    if (part >= threshold) part += most
    buffer |= part << count
    count += bits - u32(part < most)
    isAfterNone = part == 1
    while (remaining < threshold) {
      bits--
      threshold >>= 1
    }
    if (count > 16) {
      store<u16>(to, buffer)
      to += 2
      buffer >>= 16
      count -= 16
    }
  }
  store<u16>(to, buffer)
  return to + ((count + 7) >> 3)
}

/** Builds the table that follows from shares (-1 stands for less than one). */
export function buildTable(table: usize, shares: usize, symbols: u32, log: u32): void {
  const states: u32 = 1 << log
  const mask = states - 1
  const step = (states >> 1) + (states >> 3) + 3
  let highest = mask
  let first: u32 = 0
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const part = shareOf(shares, symbol)
    set32(NEXT, symbol, first)
    if (part == -1) store<u8>(SPREAD + highest--, symbol)
    setTransform(table, symbol, part, first, log)
    first += abs(part)
  }
  let position: u32 = 0
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    for (let times = shareOf(shares, symbol); times > 0; times--) {
      store<u8>(SPREAD + position, symbol)
      do {
        position = (position + step) & mask
      } while (position > highest)
    }
  }
  for (let state: u32 = 0; state < states; state++) {
    const symbol = <u32>load<u8>(SPREAD + state)
    store<u16>(table + (at32(NEXT, symbol) << 1), states + state)
    increment(NEXT, symbol)
  }
}

function setTransform(table: usize, symbol: u32, part: i32, first: u32, log: u32): void {
  const to = table + TRANSFORMS + (symbol << 3)
  if (part <= 1 && part >= -1) {
    store<i32>(to, <i32>first - 1)
    store<u32>(to, (log << 16) - (1 << log), 4)
    return
  }
  const most = log - (31 - clz(part - 1))
  store<i32>(to, <i32>first - part)
  store<u32>(to, (most << 16) - (part << most), 4)
}

/** Builds the table of a single symbol, which takes no bits. */
export function buildTableOfOne(table: usize, symbol: u32): void {
  store<u32>(table, 0)
  store<u64>(table + TRANSFORMS + (symbol << 3), 0)
}

/** The state from which a stream ends with `symbol`: streams are read backwards. */
export function firstState(table: usize, symbol: u32): u32 {
  const transform = table + TRANSFORMS + (symbol << 3)
  const wanted = load<u32>(transform, 4)
  const bits = (wanted + (1 << 15)) >> 16
  return load<u16>(table + (((((bits << 16) - wanted) >> bits) + load<i32>(transform)) << 1))
}

/** How many bits of `state` are written for `symbol`. */
export function bitsFor(table: usize, state: u32, symbol: u32): u32 {
  return (state + load<u32>(table + TRANSFORMS + (symbol << 3), 4)) >> 16
}

/** The state after these bits were written. */
export function stateAfter(table: usize, state: u32, symbol: u32, bits: u32): u32 {
  return load<u16>(table + (((state >> bits) + load<i32>(table + TRANSFORMS + (symbol << 3))) << 1))
}
