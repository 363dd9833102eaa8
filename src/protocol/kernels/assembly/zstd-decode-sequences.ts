import { copyBack } from './copy'
import { bitsIn, buildState, buildStates, COUNTS, countedSymbols, readCounts, stateBits } from './fse-decode'
import {
  LITERALS_BASELINES,
  LITERALS_BITS,
  LITERALS_CODES,
  LITERALS_DISTRIBUTION,
  LITERALS_DISTRIBUTION_LOG,
  MATCH_BASELINES,
  MATCH_BITS,
  MATCH_CODES,
  MATCH_DISTRIBUTION,
  MATCH_DISTRIBUTION_LOG,
  OFFSET_DISTRIBUTION,
  OFFSET_DISTRIBUTION_CODES,
  OFFSET_DISTRIBUTION_LOG,
} from './zstd-codes'

const OFFSET_CODES: u32 = 32

/** The logarithms of how many states there are at most. */
const MAX_LITERALS_LOG: u32 = 9
const MAX_OFFSET_LOG: u32 = 8
const MAX_MATCH_LOG: u32 = 9

/** What codes stand for: a length below LONG, or the code of one with extra bits and LONG more; an offset's code itself. */
const LITERALS_VALUES: usize = memory.data(36, 16)
const MATCH_VALUES: usize = memory.data(53, 16)
const OFFSET_VALUES: usize = memory.data(32, 16)
const LONG: u32 = 64

/** The tables of the predefined distributions. */
const DEFAULT_LITERALS: usize = memory.data(8 << 6, 64)
const DEFAULT_OFFSETS: usize = memory.data(8 << 5, 64)
const DEFAULT_MATCHES: usize = memory.data(8 << 6, 64)

/** The tables that are used. */
const LITERALS_STATES: usize = memory.data(8 << 9, 64)
const OFFSET_STATES: usize = memory.data(8 << 8, 64)
const MATCH_STATES: usize = memory.data(8 << 9, 64)

/** So many bits of ones, for each number of bits. */
const MASKS: usize = memory.data(4 * 32, 64)

let arePrepared: bool = false

/** Whether there are tables, from a block before; and the logarithms of their sizes. */
let hasTables: bool = false
let literalsLog: u32 = 0
let offsetLog: u32 = 0
let matchLog: u32 = 0

/** The last three offsets. */
let offset1: usize = 0
let offset2: usize = 0
let offset3: usize = 0

/** Where the table description that was read last ended, 0 for one that is not valid; and the logarithm of the size of its table. */
let tableEnd: usize = 0
let tableLog: u32 = 0

/** Begins a frame: there are no tables to use again, and the last offsets are those that the format says. */
export function startSequences(): void {
  if (!arePrepared) prepare()
  hasTables = false
  offset1 = 1
  offset2 = 4
  offset3 = 8
}

function prepare(): void {
  for (let i: u32 = 0; i < LITERALS_CODES; i++)
    store<u8>(LITERALS_VALUES + i, load<u8>(LITERALS_BITS + i) == 0 ? i : i + LONG)
  for (let i: u32 = 0; i < MATCH_CODES; i++)
    store<u8>(MATCH_VALUES + i, load<u8>(MATCH_BITS + i) == 0 ? i + 3 : i + LONG)
  for (let i: u32 = 0; i < OFFSET_CODES; i++) store<u8>(OFFSET_VALUES + i, i)
  for (let i: u32 = 0; i < 32; i++) store<u32>(MASKS + (i << 2), (1 << i) - 1)
  buildStates(DEFAULT_LITERALS, LITERALS_DISTRIBUTION, LITERALS_CODES, LITERALS_DISTRIBUTION_LOG, LITERALS_VALUES)
  buildStates(DEFAULT_OFFSETS, OFFSET_DISTRIBUTION, OFFSET_DISTRIBUTION_CODES, OFFSET_DISTRIBUTION_LOG, OFFSET_VALUES)
  buildStates(DEFAULT_MATCHES, MATCH_DISTRIBUTION, MATCH_CODES, MATCH_DISTRIBUTION_LOG, MATCH_VALUES)
  arePrepared = true
}

/**
 * Reads from a byte that says how and what follows it the three tables for sequences of a block (RFC 8878, 3.1.1.3.2.1). Returns where that ends, or 0 for what is not
 * valid.
 */
export function readTables(from: usize, end: usize): usize {
  if (from == end) return 0
  const modes = <u32>load<u8>(from++)
  if ((modes & 3) != 0) return 0
  tableEnd = from
  tableLog = literalsLog
  readTable(
    modes >> 6,
    end,
    LITERALS_STATES,
    DEFAULT_LITERALS,
    LITERALS_DISTRIBUTION_LOG,
    LITERALS_CODES,
    LITERALS_VALUES,
    MAX_LITERALS_LOG,
  )
  literalsLog = tableLog
  tableLog = offsetLog
  readTable(
    (modes >> 4) & 3,
    end,
    OFFSET_STATES,
    DEFAULT_OFFSETS,
    OFFSET_DISTRIBUTION_LOG,
    OFFSET_CODES,
    OFFSET_VALUES,
    MAX_OFFSET_LOG,
  )
  offsetLog = tableLog
  tableLog = matchLog
  readTable(
    (modes >> 2) & 3,
    end,
    MATCH_STATES,
    DEFAULT_MATCHES,
    MATCH_DISTRIBUTION_LOG,
    MATCH_CODES,
    MATCH_VALUES,
    MAX_MATCH_LOG,
  )
  matchLog = tableLog
  hasTables = tableEnd != 0
  return tableEnd
}

/** Makes the table that a mode says: the predefined one, one with a single code, one that is described, or the one of the block before. */
function readTable(
  mode: u32,
  end: usize,
  table: usize,
  predefined: usize,
  predefinedLog: u32,
  codes: u32,
  values: usize,
  maxLog: u32,
): void {
  if (tableEnd == 0) return
  if (mode == 0) {
    memory.copy(table, predefined, 8 << predefinedLog)
    tableLog = predefinedLog
  } else if (mode == 1) {
    const code: u32 = tableEnd == end ? codes : load<u8>(tableEnd)
    tableEnd = code < codes ? tableEnd + 1 : 0
    if (code < codes) buildState(table, load<u8>(values + code))
    tableLog = 0
  } else if (mode == 2) {
    tableEnd = readCounts(tableEnd, end, codes, maxLog)
    if (tableEnd != 0) buildStates(table, COUNTS, countedSymbols, stateBits, values)
    tableLog = stateBits
  } else if (!hasTables) {
    tableEnd = 0
  }
}

/**
 * Carries out the `count` sequences, one at least, of the stream from `from` to `end`, and what is left of the literals from `literals` to `literalsEnd`: writes from
 * `to` up to `toEnd` and returns where that ended, or 0 for what is not valid. Matches may begin at `history` at the earliest.
 */
export function runSequences(
  from: usize,
  end: usize,
  count: u32,
  literals: usize,
  literalsEnd: usize,
  history: usize,
  to: usize,
  toEnd: usize,
): usize {
  const bitCount = bitsIn(from, end)
  if (bitCount < 0) return 0
  let first = offset1
  let second = offset2
  let third = offset3
  let room = <i32>(toEnd - to)
  // Streams are read from their end: the next bit is the highest of 57, and `rest` more, at this address.
  const start8 = from - 8
  let at = start8 + <usize>((bitCount + 7) >> 3)
  let rest = <u64>((bitCount + 7) & 7)
  let bits = load<u64>(at)
  let place = 57 + rest - <u64>literalsLog
  let literalsState = bitsAt(bits, place, maskOf(literalsLog)) << 3
  place -= <u64>offsetLog
  let offsetState = bitsAt(bits, place, maskOf(offsetLog)) << 3
  place -= <u64>matchLog
  let matchState = bitsAt(bits, place, maskOf(matchLog)) << 3
  at += <usize>(<i64>(place - 57) >> 3)
  rest = (place - 57) & 7
  while (at >= start8) {
    bits = load<u64>(at)
    place = 57 + rest
    let literalsSize = <usize>load<u8>(literalsState, LITERALS_STATES + 1)
    let matchSize = <usize>load<u8>(matchState, MATCH_STATES + 1)
    const offsetCode = <u64>load<u8>(offsetState, OFFSET_STATES + 1)
    const mask = maskOf(<u32>offsetCode)
    place -= offsetCode
    let distance = <usize>bitsAt(bits, place, mask)
    if (offsetCode > 1) {
      // A one before those bits, and three less.
      distance += <usize>(mask - 2)
      third = second
      second = first
      first = distance
    } else {
      const repeat = distance + <usize>offsetCode + <usize>(literalsSize == 0)
      distance = select(select(first, second, repeat == 0), select(third, first - 1, repeat == 2), repeat < 2)
      third = select(third, second, repeat < 2)
      second = select(second, first, repeat == 0)
      first = distance
    }
    // There may be 63 extra bits, and the next states take 26: all are read at once only where there are those of an offset alone.
    if ((literalsSize | matchSize) >= LONG) {
      at += <usize>(<i64>(place - 57) >> 3)
      place = 57 + ((place - 57) & 7)
      bits = load<u64>(at)
      if (matchSize >= LONG) {
        const code = matchSize - LONG
        const extra = <u64>load<u8>(MATCH_BITS + code)
        place -= extra
        matchSize = <usize>load<u32>(MATCH_BASELINES + (code << 2)) + <usize>bitsAt(bits, place, maskOf(<u32>extra))
      }
      if (literalsSize >= LONG) {
        const code = literalsSize - LONG
        const extra = <u64>load<u8>(LITERALS_BITS + code)
        place -= extra
        literalsSize =
          <usize>load<u32>(LITERALS_BASELINES + (code << 2)) + <usize>bitsAt(bits, place, maskOf(<u32>extra))
      }
      at += <usize>(<i64>(place - 57) >> 3)
      place = 57 + ((place - 57) & 7)
      bits = load<u64>(at)
    }
    // The last sequence has no next states.
    if (--count != 0) {
      place -= <u64>load<u8>(literalsState, LITERALS_STATES)
      literalsState =
        <u32>load<u16>(literalsState, LITERALS_STATES + 4) +
        (bitsAt(bits, place, load<u16>(literalsState, LITERALS_STATES + 6)) << 3)
      place -= <u64>load<u8>(matchState, MATCH_STATES)
      matchState =
        <u32>load<u16>(matchState, MATCH_STATES + 4) +
        (bitsAt(bits, place, load<u16>(matchState, MATCH_STATES + 6)) << 3)
      place -= <u64>load<u8>(offsetState, OFFSET_STATES)
      offsetState =
        <u32>load<u16>(offsetState, OFFSET_STATES + 4) +
        (bitsAt(bits, place, load<u16>(offsetState, OFFSET_STATES + 6)) << 3)
    }
    at += <usize>(<i64>(place - 57) >> 3)
    rest = (place - 57) & 7
    room -= <i32>(literalsSize + matchSize)
    const literalsNext = literals + literalsSize
    if (literalsNext > literalsEnd || room < 0) return 0
    v128.store(to, v128.load(literals))
    const matchStart = to + literalsSize
    for (let piece: usize = 16; piece < literalsSize; piece += 16) v128.store(to + piece, v128.load(literals + piece))
    literals = literalsNext
    // One of 0 is as wrong as one that is too far.
    if (distance - 1 >= matchStart - history) return 0
    to = matchStart + matchSize
    if (distance >= 16) {
      const match = matchStart - distance
      v128.store(matchStart, v128.load(match))
      v128.store(matchStart, v128.load(match, 16), 16)
      for (let piece: usize = 32; piece < matchSize; piece += 16)
        v128.store(matchStart + piece, v128.load(match + piece))
    } else {
      copyBack(matchStart, distance, matchSize)
    }
    if (count == 0) {
      offset1 = first
      offset2 = second
      offset3 = third
      return at == start8 && rest == 7 ? copyLast(to, toEnd, literals, literalsEnd) : 0
    }
  }
  return 0
}

/** The bits from a place on that a mask leaves. */
function bitsAt(bits: u64, place: u64, mask: u32): u32 {
  return <u32>(bits >> place) & mask
}

function maskOf(count: u32): u32 {
  return load<u32>(MASKS + (count << 2))
}

/** Copies the literals behind all sequences. */
export function copyLast(to: usize, toEnd: usize, literals: usize, literalsEnd: usize): usize {
  const size = literalsEnd - literals
  if (size > toEnd - to) return 0
  memory.copy(to, literals, size)
  return to + size
}
