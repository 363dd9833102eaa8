import { at32, increment } from './arrays'
import { copyApart } from './copy'
import {
  bitsFor,
  buildTable,
  buildTableOfOne,
  costOf,
  firstState,
  logFor,
  putShares,
  share,
  stateAfter,
  TABLE_SIZE,
} from './fse-encode'
import {
  LITERALS_BITS,
  LITERALS_CODES,
  LITERALS_DISTRIBUTION,
  LITERALS_DISTRIBUTION_LOG,
  MATCH_BITS,
  MATCH_CODES,
  MATCH_DISTRIBUTION,
  MATCH_DISTRIBUTION_LOG,
  OFFSET_DISTRIBUTION,
  OFFSET_DISTRIBUTION_CODES,
  OFFSET_DISTRIBUTION_LOG,
} from './zstd-codes'
import { LITERALS } from './zstd-encode-literals'

/** The most sequences that a block has. */
const MAX_SEQUENCES: u32 = 16384

/** Sequences: from bit 0 on the literals of each, from bit 18 on the length of its match less 3, from bit 36 on its offset as it is written. */
const SEQUENCES: usize = memory.data(8 * 16384, 64)
const MATCH_SHIFT: u64 = 18
const OFFSET_SHIFT: u64 = 36
const LENGTH_MASK: u64 = (1 << 18) - 1

/** Of each sequence the codes of its literals, its match from bit 8 on, and its offset from bit 16 on. */
const SEQUENCE_CODES: usize = memory.data(4 * 16384, 64)

/** The codes of lengths below 64 and 128. */
const LITERALS_CODE_OF: usize = memory.data(64)
const MATCH_CODE_OF: usize = memory.data(128)

/** How often each code occurs. */
const LITERALS_COUNTS: usize = memory.data(4 * 36, 16)
const MATCH_COUNTS: usize = memory.data(4 * 53, 16)
const OFFSET_COUNTS: usize = memory.data(4 * 29, 16)

const SHARES: usize = memory.data(2 * 53)
const LITERALS_TABLE: usize = memory.data(TABLE_SIZE, 16)
const MATCH_TABLE: usize = memory.data(TABLE_SIZE, 16)
const OFFSET_TABLE: usize = memory.data(TABLE_SIZE, 16)

/** How a table is given (RFC 8878, 3.1.1.3.2.1). */
const PREDEFINED: u32 = 0
const SINGLE: u32 = 1
const OWN: u32 = 2

let sequences: u32 = 0
let literalsEnd: usize = LITERALS

/** Of the table that was put last: how it is given, where its shares end, and the logarithm of its states. */
let mode: u32 = 0
let sharesEnd: usize = 0
let tableLog: u32 = 0

fillCodes(LITERALS_CODE_OF, 64, LITERALS_BITS)
fillCodes(MATCH_CODE_OF, 128, MATCH_BITS)

function fillCodes(codes: usize, size: u32, bits: usize): void {
  let code: u32 = 0
  for (let length: u32 = 0; length < size; code++) {
    for (const end: u32 = min(length + ((<u32>1) << load<u8>(bits + code)), size); length < end; length++)
      store<u8>(codes + length, code)
  }
}

export function startSequences(): void {
  sequences = 0
  literalsEnd = LITERALS
  memory.fill(LITERALS_COUNTS, 0, 4 * 36)
  memory.fill(MATCH_COUNTS, 0, 4 * 53)
  memory.fill(OFFSET_COUNTS, 0, 4 * 29)
}

export function sequenceRoom(): u32 {
  return MAX_SEQUENCES - sequences
}

export function literalsSize(): usize {
  return literalsEnd - LITERALS
}

/** Adds literals that no match follows. */
export function addLiterals(from: usize, size: usize): void {
  copyApart(literalsEnd, from, size)
  literalsEnd += size
}

/** Adds literals and a match of `length`; `offset` is 1 for the last one again (the one before that where there are no literals), else 3 more than the distance. */
export function addSequence(from: usize, size: usize, length: usize, offset: usize): void {
  copyApart(literalsEnd, from, size)
  literalsEnd += size
  const match = <u32>length - 3
  const literalCode = size < 64 ? <u32>load<u8>(LITERALS_CODE_OF + size) : 50 - clz(<u32>size)
  const matchCode = match < 128 ? <u32>load<u8>(MATCH_CODE_OF + match) : 67 - clz(match)
  const offsetCode = 31 - clz(<u32>offset)
  increment(LITERALS_COUNTS, literalCode)
  increment(MATCH_COUNTS, matchCode)
  increment(OFFSET_COUNTS, offsetCode)
  store<u64>(SEQUENCES + (sequences << 3), <u64>size | ((<u64>match) << MATCH_SHIFT) | ((<u64>offset) << OFFSET_SHIFT))
  store<u32>(SEQUENCE_CODES + (sequences << 2), literalCode | (matchCode << 8) | (offsetCode << 16))
  sequences++
}

/** Writes the sequences section, and returns where it ends; or 0 when that would be after `limit`, which leaves 1 KiB of room at least. */
export function putSequences(to: usize, limit: usize): usize {
  to = putCount(to)
  if (sequences == 0) return to
  const modes = to++
  to = putTable(
    to,
    LITERALS_TABLE,
    LITERALS_COUNTS,
    LITERALS_CODES,
    LITERALS_DISTRIBUTION,
    LITERALS_DISTRIBUTION_LOG,
    9,
  )
  const literalLog = tableLog
  let allModes = mode << 6
  to = putTable(
    to,
    OFFSET_TABLE,
    OFFSET_COUNTS,
    OFFSET_DISTRIBUTION_CODES,
    OFFSET_DISTRIBUTION,
    OFFSET_DISTRIBUTION_LOG,
    8,
  )
  const offsetLog = tableLog
  allModes |= mode << 4
  to = putTable(to, MATCH_TABLE, MATCH_COUNTS, MATCH_CODES, MATCH_DISTRIBUTION, MATCH_DISTRIBUTION_LOG, 9)
  store<u8>(modes, allModes | (mode << 2))
  return putStream(to, limit, literalLog, offsetLog, tableLog)
}

function putCount(to: usize): usize {
  if (sequences < 128) {
    store<u8>(to, sequences)
    return to + 1
  }
  store<u8>(to, (sequences >> 8) + 128)
  store<u8>(to, sequences, 1)
  return to + 2
}

/** Builds the table for codes that occur as often as `counts` say, in the way that takes the least bits; writes what a reader needs for it and returns where that ends. */
function putTable(
  to: usize,
  table: usize,
  counts: usize,
  codes: u32,
  defaults: usize,
  defaultLog: u32,
  maxLog: u32,
): usize {
  let symbols = codes
  while (at32(counts, symbols - 1) == 0) symbols--
  if (at32(counts, symbols - 1) == sequences) {
    mode = SINGLE
    tableLog = 0
    buildTableOfOne(table, symbols - 1)
    store<u8>(to, symbols - 1)
    return to + 1
  }
  tableLog = logFor(sequences, symbols - 1, maxLog)
  share(counts, symbols, sequences, tableLog, SHARES)
  const end = putShares(to, SHARES, symbols, tableLog)
  const own = costOf(counts, symbols, SHARES, tableLog) + ((<u32>(end - to)) << 3)
  if (costOf(counts, symbols, defaults, defaultLog) <= own) {
    mode = PREDEFINED
    tableLog = defaultLog
    buildTable(table, defaults, codes, defaultLog)
    return to
  }
  mode = OWN
  buildTable(table, SHARES, symbols, tableLog)
  return end
}

/** Writes the sequences, the last one first: what they take of each table, then their extra bits. */
function putStream(to: usize, limit: usize, literalLog: u32, offsetLog: u32, matchLog: u32): usize {
  let at = sequences - 1
  let codes = at32(SEQUENCE_CODES, at)
  let literalCode = codes & 255
  let matchCode = (codes >> 8) & 255
  let offsetCode = codes >> 16
  let literalState = firstState(LITERALS_TABLE, literalCode)
  let matchState = firstState(MATCH_TABLE, matchCode)
  let offsetState = firstState(OFFSET_TABLE, offsetCode)
  let buffer: u64 = 0
  let count: u64 = 0
  while (true) {
    const sequence = load<u64>(SEQUENCES + (at << 3))
    const literalBits = <u64>load<u8>(LITERALS_BITS + literalCode)
    const matchBits = <u64>load<u8>(MATCH_BITS + matchCode)
    buffer |= (sequence & (((<u64>1) << literalBits) - 1)) << count
    count += literalBits
    buffer |= ((sequence >> MATCH_SHIFT) & (((<u64>1) << matchBits) - 1)) << count
    count += matchBits
    store<u64>(to, buffer)
    to += <usize>(count >> 3)
    buffer >>= count & ~7
    count &= 7
    // 7 bits, 22 and then 26 at the most.
    buffer |= ((sequence >> OFFSET_SHIFT) & (((<u64>1) << (<u64>offsetCode)) - 1)) << count
    count += <u64>offsetCode
    if (at == 0) break
    if (to > limit) return 0
    codes = at32(SEQUENCE_CODES, --at)
    literalCode = codes & 255
    matchCode = (codes >> 8) & 255
    offsetCode = codes >> 16
    let bits = bitsFor(OFFSET_TABLE, offsetState, offsetCode)
    buffer |= (<u64>(offsetState & ((1 << bits) - 1))) << count
    count += <u64>bits
    offsetState = stateAfter(OFFSET_TABLE, offsetState, offsetCode, bits)
    bits = bitsFor(MATCH_TABLE, matchState, matchCode)
    buffer |= (<u64>(matchState & ((1 << bits) - 1))) << count
    count += <u64>bits
    matchState = stateAfter(MATCH_TABLE, matchState, matchCode, bits)
    bits = bitsFor(LITERALS_TABLE, literalState, literalCode)
    buffer |= (<u64>(literalState & ((1 << bits) - 1))) << count
    count += <u64>bits
    literalState = stateAfter(LITERALS_TABLE, literalState, literalCode, bits)
    store<u64>(to, buffer)
    to += <usize>(count >> 3)
    buffer >>= count & ~7
    count &= 7
  }
  store<u64>(to, buffer)
  to += <usize>(count >> 3)
  buffer >>= count & ~7
  count &= 7
  buffer |= (<u64>(matchState & ((1 << matchLog) - 1))) << count
  count += <u64>matchLog
  buffer |= (<u64>(offsetState & ((1 << offsetLog) - 1))) << count
  count += <u64>offsetLog
  buffer |= (<u64>(literalState & ((1 << literalLog) - 1))) << count
  count += <u64>literalLog
  buffer |= (<u64>1) << count
  store<u64>(to, buffer)
  return to + <usize>((count + 8) >> 3)
}
