import { copyBack } from './copy'
import {
  bitsIn,
  buildOneState,
  buildStates,
  COUNTS,
  countedSymbols,
  highest,
  meaningOf,
  readCounts,
  stateBits,
  window,
} from './fse-decode'
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

/** What codes mean, and the tables of the predefined distributions and of those that were read last. */
const LITERALS_MEANINGS: usize = memory.data(8 * 36, 16)
const OFFSET_MEANINGS: usize = memory.data(8 * 32, 16)
const MATCH_MEANINGS: usize = memory.data(8 * 53, 16)
const DEFAULT_LITERALS: usize = memory.data(8 << 6, 64)
const DEFAULT_OFFSETS: usize = memory.data(8 << 5, 64)
const DEFAULT_MATCHES: usize = memory.data(8 << 6, 64)
const READ_LITERALS: usize = memory.data(8 << 9, 64)
const READ_OFFSETS: usize = memory.data(8 << 8, 64)
const READ_MATCHES: usize = memory.data(8 << 9, 64)

let arePrepared: bool = false

/** The tables that are used, 0 before the first are; and the logarithms of their sizes. */
let literalsTable: usize = 0
let literalsLog: u32 = 0
let offsetTable: usize = 0
let offsetLog: u32 = 0
let matchTable: usize = 0
let matchLog: u32 = 0

/** The last three offsets. */
let offset1: usize = 0
let offset2: usize = 0
let offset3: usize = 0

/** Where the table description that was read last ended. */
let tableEnd: usize = 0
let tableLog: u32 = 0

/** Begins a frame: there are no tables to use again, and the last offsets are those that the format says. */
export function startSequences(): void {
  if (!arePrepared) prepare()
  literalsTable = 0
  offsetTable = 0
  matchTable = 0
  offset1 = 1
  offset2 = 4
  offset3 = 8
}

function prepare(): void {
  for (let i: u32 = 0; i < LITERALS_CODES; i++) {
    const meaning = meaningOf(load<u32>(LITERALS_BASELINES + (i << 2)), load<u8>(LITERALS_BITS + i))
    store<u64>(LITERALS_MEANINGS + (i << 3), meaning)
  }
  for (let i: u32 = 0; i < MATCH_CODES; i++) {
    const meaning = meaningOf(load<u32>(MATCH_BASELINES + (i << 2)), load<u8>(MATCH_BITS + i))
    store<u64>(MATCH_MEANINGS + (i << 3), meaning)
  }
  // Those below 2 stand for offsets that were there before; the others for three more than the offset.
  for (let i: u32 = 0; i < OFFSET_CODES; i++)
    store<u64>(OFFSET_MEANINGS + (i << 3), meaningOf(i < 2 ? i : (1 << i) - 3, i))
  buildStates(DEFAULT_LITERALS, LITERALS_DISTRIBUTION, LITERALS_CODES, LITERALS_DISTRIBUTION_LOG, LITERALS_MEANINGS)
  buildStates(DEFAULT_OFFSETS, OFFSET_DISTRIBUTION, OFFSET_DISTRIBUTION_CODES, OFFSET_DISTRIBUTION_LOG, OFFSET_MEANINGS)
  buildStates(DEFAULT_MATCHES, MATCH_DISTRIBUTION, MATCH_CODES, MATCH_DISTRIBUTION_LOG, MATCH_MEANINGS)
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
  literalsTable = readTable(
    modes >> 6,
    end,
    literalsTable,
    DEFAULT_LITERALS,
    READ_LITERALS,
    LITERALS_CODES,
    LITERALS_MEANINGS,
    MAX_LITERALS_LOG,
    LITERALS_DISTRIBUTION_LOG,
    literalsLog,
  )
  literalsLog = tableLog
  if (literalsTable == 0) return 0
  offsetTable = readTable(
    (modes >> 4) & 3,
    end,
    offsetTable,
    DEFAULT_OFFSETS,
    READ_OFFSETS,
    OFFSET_CODES,
    OFFSET_MEANINGS,
    MAX_OFFSET_LOG,
    OFFSET_DISTRIBUTION_LOG,
    offsetLog,
  )
  offsetLog = tableLog
  if (offsetTable == 0) return 0
  matchTable = readTable(
    (modes >> 2) & 3,
    end,
    matchTable,
    DEFAULT_MATCHES,
    READ_MATCHES,
    MATCH_CODES,
    MATCH_MEANINGS,
    MAX_MATCH_LOG,
    MATCH_DISTRIBUTION_LOG,
    matchLog,
  )
  matchLog = tableLog
  return matchTable == 0 ? 0 : tableEnd
}

/** The table that a mode says: the predefined one, one with a single code, one that is described, or the one `before`. 0 for none. */
function readTable(
  mode: u32,
  end: usize,
  before: usize,
  predefined: usize,
  table: usize,
  codes: u32,
  meanings: usize,
  maxLog: u32,
  predefinedLog: u32,
  logBefore: u32,
): usize {
  if (mode == 0) {
    tableLog = predefinedLog
    return predefined
  }
  if (mode == 3) {
    tableLog = logBefore
    return before
  }
  if (mode == 1) {
    if (tableEnd == end) return 0
    const code = <u32>load<u8>(tableEnd++)
    if (code >= codes) return 0
    buildOneState(table, load<u64>(meanings + (code << 3)))
    tableLog = 0
    return table
  }
  tableEnd = readCounts(tableEnd, end, codes, maxLog)
  if (tableEnd == 0) return 0
  buildStates(table, COUNTS, countedSymbols, stateBits, meanings)
  tableLog = stateBits
  return table
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
  let left = bitsIn(from, end)
  if (left < 0) return 0
  const start8 = from - 8
  let first = offset1
  let second = offset2
  let third = offset3
  let bits = window(start8, left)
  let literalsState = literalsTable + (highest(bits, literalsLog) << 3)
  bits <<= <u64>literalsLog
  let offsetState = offsetTable + (highest(bits, offsetLog) << 3)
  bits <<= <u64>offsetLog
  let matchState = matchTable + (highest(bits, matchLog) << 3)
  left -= <i32>(literalsLog + offsetLog + matchLog)
  while (left >= 0) {
    bits = window(start8, left)
    const literalsEntry = load<u64>(literalsState)
    const offsetEntry = load<u64>(offsetState)
    const matchEntry = load<u64>(matchState)
    const sums = <i32>literalsEntry + <i32>offsetEntry + <i32>matchEntry
    const extra = (sums >> 8) & 255
    // The offset.
    let distance = <usize>(offsetEntry >> 32) + <usize>highest(bits, offsetEntry >> 8)
    bits <<= offsetEntry >> 8
    if ((<u32>offsetEntry & 0xfe00) != 0) {
      third = second
      second = first
      first = distance
    } else {
      distance += <usize>(literalsEntry >> 32 == 0)
      if (distance == 0) {
        distance = first
      } else {
        if (distance == 1) {
          distance = second
        } else {
          distance = distance == 2 ? third : first - 1
          third = second
        }
        second = first
        first = distance
      }
    }
    const matchSize = <usize>(matchEntry >> 32) + <usize>highest(bits, matchEntry >> 8)
    bits <<= matchEntry >> 8
    // Of 57 bits, the three states take 26.
    if (extra > 31) bits = window(start8, left - <i32>((offsetEntry >> 8) & 63) - <i32>((matchEntry >> 8) & 63))
    const literalsSize = <usize>(literalsEntry >> 32) + <usize>highest(bits, literalsEntry >> 8)
    left -= extra
    if (--count != 0) {
      bits <<= literalsEntry >> 8
      literalsState = literalsTable + <usize>(<u32>literalsEntry >> 16) + ((<usize>highest(bits, literalsEntry)) << 3)
      bits <<= literalsEntry
      matchState = matchTable + <usize>(<u32>matchEntry >> 16) + ((<usize>highest(bits, matchEntry)) << 3)
      bits <<= matchEntry
      offsetState = offsetTable + <usize>(<u32>offsetEntry >> 16) + ((<usize>highest(bits, offsetEntry)) << 3)
      left -= sums & 255
    }
    if (literalsSize > literalsEnd - literals || literalsSize + matchSize > toEnd - to) return 0
    v128.store(to, v128.load(literals))
    if (literalsSize > 16) copyMore(to, literals, literalsSize)
    to += literalsSize
    literals += literalsSize
    // One of 0 is as wrong as one that is too far.
    if (distance - 1 >= to - history) return 0
    if (distance >= 16) {
      const match = to - distance
      v128.store(to, v128.load(match))
      if (matchSize > 16) copyMore(to, match, matchSize)
    } else {
      copyBack(to, distance, matchSize)
    }
    to += matchSize
    if (count == 0) {
      offset1 = first
      offset2 = second
      offset3 = third
      return left == 0 ? copyLast(to, toEnd, literals, literalsEnd) : 0
    }
  }
  return 0
}

/** Copies `size` bytes but the first 16, in pieces of 16 of which the ranges may overlap. */
function copyMore(to: usize, from: usize, size: usize): void {
  const end = to + size
  do {
    to += 16
    from += 16
    v128.store(to, v128.load(from))
  } while (to + 16 < end)
}

/** Copies the literals behind all sequences. */
export function copyLast(to: usize, toEnd: usize, literals: usize, literalsEnd: usize): usize {
  const size = literalsEnd - literals
  if (size > toEnd - to) return 0
  memory.copy(to, literals, size)
  return to + size
}
