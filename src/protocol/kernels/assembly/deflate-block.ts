import { at32, increment, set32 } from './arrays'
import { makeLengths } from './code-lengths'

/** The most literals and matches that a block has. */
const MAX_TOKENS: u32 = 16384

/** Literals as their byte; matches as MATCH, their length less 3 from bit 16 on, and their distance less 1. */
const TOKENS: usize = memory.data(4 * 16384, 64)
const MATCH: u32 = 0x80000000

const SYMBOLS: u32 = 286
const DISTANCES: u32 = 30
const LENGTHS: u32 = 19
const END_OF_BLOCK: u32 = 256

/** How often each symbol of the block occurs, and then each symbol of a distance, of a length of codes; 32-bit numbers. */
export const SYMBOL_COUNTS: usize = memory.data(4 * 288, 16)
export const DISTANCE_COUNTS: usize = memory.data(4 * 32, 16)
const LENGTH_COUNTS: usize = memory.data(4 * 19)

/** How many matches the block has. */
export const BLOCK_MATCH_COUNTS: usize = memory.data(4)

/** Lengths of codes, a byte each; those of distances are copied behind those of symbols to be written. */
const SYMBOL_BITS: usize = memory.data(288 + 32)
const DISTANCE_BITS: usize = memory.data(32)
const LENGTH_BITS: usize = memory.data(19)

/** Codes, the first bit lowest, and from bit 16 on their lengths. */
const SYMBOL_CODES: usize = memory.data(4 * 288)
const DISTANCE_CODES: usize = memory.data(4 * 32)
const LENGTH_CODES: usize = memory.data(4 * 19)

/** For each length how many codes have it, and which is the next. */
const BY_LENGTH: usize = memory.data(4 * 17)
const NEXT_CODES: usize = memory.data(4 * 17)

/** The lengths of codes as they are written: a symbol, and its extra bits from bit 5 on; 16-bit numbers. */
const RUNS: usize = memory.data(2 * 320)
const LENGTH_ORDER: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])

/** For each length of a match less 3, its symbol less 257. */
const MATCH_SYMBOLS: usize = memory.data(256)

let tokenCount: u32 = 0

/** Bits that are not written yet, how many they are, fewer than 8 between calls, and where they go. */
let bitBuffer: u64 = 0
let bitCount: u32 = 0
let outputAt: usize = 0

setMatchSymbols()

function setMatchSymbols(): void {
  for (let i: u32 = 0; i < 255; i++) {
    const group = i < 8 ? 0 : 29 - clz(i)
    store<u8>(MATCH_SYMBOLS + i, i < 8 ? i : (group << 2) + (i >> group))
  }
  store<u8>(MATCH_SYMBOLS + 255, 28)
}

export function startBlock(): void {
  tokenCount = 0
  store<u32>(BLOCK_MATCH_COUNTS, 0)
  memory.fill(SYMBOL_COUNTS, 0, 4 * 288)
  memory.fill(DISTANCE_COUNTS, 0, 4 * 32)
}

export function tokens(): u32 {
  return tokenCount
}

export function tokenRoom(): u32 {
  return MAX_TOKENS - tokenCount
}

export function putLiteral(at: usize): void {
  const byte = <u32>load<u8>(at)
  store<u32>(TOKENS + (tokenCount++ << 2), byte)
  increment(SYMBOL_COUNTS, byte)
}

export function putMatch(length: u32, distance: u32): void {
  store<u32>(TOKENS + (tokenCount++ << 2), MATCH | ((length - 3) << 16) | (distance - 1))
  increment(SYMBOL_COUNTS, 257 + <u32>load<u8>(MATCH_SYMBOLS + length - 3))
  increment(DISTANCE_COUNTS, distanceSymbol(distance - 1))
  increment(BLOCK_MATCH_COUNTS, 0)
}

/** The symbol of a distance less 1. */
function distanceSymbol(distance: u32): u32 {
  if (distance < 2) return distance
  const bits = 31 - clz(distance)
  return (bits << 1) + ((distance >> (bits - 1)) & 1)
}

function extraBitsOfSymbol(symbol: u32): u32 {
  return symbol < 265 || symbol == 285 ? 0 : (symbol - 261) >> 2
}

function extraBitsOfDistance(symbol: u32): u32 {
  return symbol < 4 ? 0 : (symbol >> 1) - 1
}

function extraBitsOfLength(symbol: u32): u32 {
  return symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7
}

export function beginBits(to: usize): void {
  outputAt = to
  bitBuffer = 0
  bitCount = 0
}

/** Fills the last byte, and returns where the output ends. */
export function endBits(): usize {
  bitCount = (bitCount + 7) & ~7
  flush()
  return outputAt
}

function putBits(bits: u32, count: u32): void {
  bitBuffer |= (<u64>bits) << (<u64>bitCount)
  bitCount += count
  flush()
}

function flush(): void {
  store<u64>(outputAt, bitBuffer)
  outputAt += bitCount >> 3
  bitBuffer >>= <u64>(bitCount & ~7)
  bitCount &= 7
}

function putCode(codes: usize, symbol: u32): void {
  const code = at32(codes, symbol)
  putBits(code & 0xffff, code >> 16)
}

/** Writes the tokens of the block, which stand for the bytes from `start` to `end`: with codes of their own, the fixed ones, or stored, whichever is least. */
export function putBlock(start: usize, end: usize, isLast: bool): void {
  increment(SYMBOL_COUNTS, END_OF_BLOCK)
  makeLengths(SYMBOL_COUNTS, SYMBOLS, 15, SYMBOL_BITS)
  assignCodes(SYMBOL_BITS, SYMBOLS, SYMBOL_CODES)
  makeLengths(DISTANCE_COUNTS, DISTANCES, 15, DISTANCE_BITS)
  assignCodes(DISTANCE_BITS, DISTANCES, DISTANCE_CODES)
  let symbols = SYMBOLS
  while (load<u8>(SYMBOL_BITS + symbols - 1) == 0) symbols--
  let distances = DISTANCES
  while (load<u8>(DISTANCE_BITS + distances - 1) == 0) distances--
  const runs = findRuns(symbols, distances)
  makeLengths(LENGTH_COUNTS, LENGTHS, 7, LENGTH_BITS)
  assignCodes(LENGTH_BITS, LENGTHS, LENGTH_CODES)
  let lengths = LENGTHS
  while (lengths > 4 && load<u8>(LENGTH_BITS + <usize>load<u8>(LENGTH_ORDER + lengths - 1)) == 0) lengths--

  let dynamicBits: u32 = 14 + lengths * 3
  for (let i: u32 = 0; i < LENGTHS; i++) {
    dynamicBits += at32(LENGTH_COUNTS, i) * (<u32>load<u8>(LENGTH_BITS + i) + extraBitsOfLength(i))
  }
  let fixedBits: u32 = 0
  for (let i: u32 = 0; i < SYMBOLS; i++) {
    const count = at32(SYMBOL_COUNTS, i)
    dynamicBits += count * (<u32>load<u8>(SYMBOL_BITS + i) + extraBitsOfSymbol(i))
    fixedBits += count * (fixedBitsOf(i) + extraBitsOfSymbol(i))
  }
  for (let i: u32 = 0; i < DISTANCES; i++) {
    const count = at32(DISTANCE_COUNTS, i)
    dynamicBits += count * (<u32>load<u8>(DISTANCE_BITS + i) + extraBitsOfDistance(i))
    fixedBits += count * (5 + extraBitsOfDistance(i))
  }
  const size = <u32>(end - start)
  // Up to seven bits to the next byte, and the size twice.
  if (size < 65536 && (size << 3) + 39 <= min(dynamicBits, fixedBits)) {
    putBits(u32(isLast), 3)
    putStored(start, size)
    return
  }
  if (fixedBits <= dynamicBits) {
    putBits(u32(isLast) | (1 << 1), 3)
    for (let i: u32 = 0; i < 288; i++) store<u8>(SYMBOL_BITS + i, fixedBitsOf(i))
    memory.fill(DISTANCE_BITS, 5, DISTANCES)
    assignCodes(SYMBOL_BITS, 288, SYMBOL_CODES)
    assignCodes(DISTANCE_BITS, DISTANCES, DISTANCE_CODES)
  } else {
    putBits(u32(isLast) | (2 << 1), 3)
    putBits((symbols - 257) | ((distances - 1) << 5) | ((lengths - 4) << 10), 14)
    for (let i: u32 = 0; i < lengths; i++) putBits(load<u8>(LENGTH_BITS + <usize>load<u8>(LENGTH_ORDER + i)), 3)
    for (let i: u32 = 0; i < runs; i++) {
      const run = <u32>load<u16>(RUNS + (i << 1))
      putCode(LENGTH_CODES, run & 31)
      putBits(run >> 5, extraBitsOfLength(run & 31))
    }
  }
  putTokens()
  putCode(SYMBOL_CODES, END_OF_BLOCK)
}

/** The lengths of the fixed codes (RFC 1951, 3.2.6). */
function fixedBitsOf(symbol: u32): u32 {
  return symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8
}

function putStored(start: usize, size: u32): void {
  bitCount = (bitCount + 7) & ~7
  flush()
  store<u16>(outputAt, size)
  store<u16>(outputAt + 2, ~size)
  memory.copy(outputAt + 4, start, size)
  outputAt += 4 + size
}

function putTokens(): void {
  let buffer = bitBuffer
  let count = bitCount
  let to = outputAt
  const end = TOKENS + (tokenCount << 2)
  for (let from = TOKENS; from < end; from += 4) {
    const token = load<u32>(from)
    if (token < MATCH) {
      const code = at32(SYMBOL_CODES, token)
      buffer |= (<u64>(code & 0xffff)) << (<u64>count)
      count += code >> 16
    } else {
      // At most 7 bits that are left and 48 of these.
      const length = (token >> 16) & 0xff
      const symbol = 257 + <u32>load<u8>(MATCH_SYMBOLS + length)
      let code = at32(SYMBOL_CODES, symbol)
      buffer |= (<u64>(code & 0xffff)) << (<u64>count)
      count += code >> 16
      let extraBits = extraBitsOfSymbol(symbol)
      buffer |= (<u64>(length & ((1 << extraBits) - 1))) << (<u64>count)
      count += extraBits
      const distance = token & 0x7fff
      const distanceOf = distanceSymbol(distance)
      code = at32(DISTANCE_CODES, distanceOf)
      buffer |= (<u64>(code & 0xffff)) << (<u64>count)
      count += code >> 16
      extraBits = extraBitsOfDistance(distanceOf)
      buffer |= (<u64>(distance & ((1 << extraBits) - 1))) << (<u64>count)
      count += extraBits
    }
    store<u64>(to, buffer)
    to += count >> 3
    buffer >>= <u64>(count & ~7)
    count &= 7
  }
  bitBuffer = buffer
  bitCount = count
  outputAt = to
}

/** Writes the lengths of the codes of both kinds to RUNS, those that repeat together, and counts what that takes. Returns how many it are. */
function findRuns(symbols: u32, distances: u32): u32 {
  memory.fill(LENGTH_COUNTS, 0, 4 * 19)
  memory.copy(SYMBOL_BITS + symbols, DISTANCE_BITS, distances)
  const all = symbols + distances
  let runs: u32 = 0
  let i: u32 = 0
  while (i < all) {
    const length = <u32>load<u8>(SYMBOL_BITS + i)
    let end = i + 1
    while (end < all && <u32>load<u8>(SYMBOL_BITS + end) == length) end++
    if (length == 0) {
      while (end - i >= 3) {
        const times = min<u32>(end - i, 138)
        runs = times < 11 ? putRun(runs, 17, times - 3) : putRun(runs, 18, times - 11)
        i += times
      }
    } else {
      runs = putRun(runs, length, 0)
      i++
      while (end - i >= 3) {
        const times = min<u32>(end - i, 6)
        runs = putRun(runs, 16, times - 3)
        i += times
      }
    }
    for (; i < end; i++) runs = putRun(runs, length, 0)
  }
  memory.fill(SYMBOL_BITS + symbols, 0, distances)
  return runs
}

function putRun(runs: u32, symbol: u32, extra: u32): u32 {
  store<u16>(RUNS + (runs << 1), symbol | (extra << 5))
  increment(LENGTH_COUNTS, symbol)
  return runs + 1
}

/** Gives symbols the codes that follow from their lengths (RFC 1951, 3.2.2). */
function assignCodes(bits: usize, symbols: u32, codes: usize): void {
  memory.fill(BY_LENGTH, 0, 4 * 17)
  for (let i: u32 = 0; i < symbols; i++) increment(BY_LENGTH, load<u8>(bits + i))
  set32(BY_LENGTH, 0, 0)
  let code: u32 = 0
  for (let length: u32 = 1; length < 16; length++) {
    code = (code + at32(BY_LENGTH, length - 1)) << 1
    set32(NEXT_CODES, length, code)
  }
  for (let i: u32 = 0; i < symbols; i++) {
    const length = <u32>load<u8>(bits + i)
    if (length == 0) continue
    const next = at32(NEXT_CODES, length)
    set32(NEXT_CODES, length, next + 1)
    set32(codes, i, (reversed(next) >> (16 - length)) | (length << 16))
  }
}

/** Sixteen bits in reverse. */
function reversed(bits: u32): u32 {
  bits = ((bits & 0x5555) << 1) | ((bits >> 1) & 0x5555)
  bits = ((bits & 0x3333) << 2) | ((bits >> 2) & 0x3333)
  bits = ((bits & 0x0f0f) << 4) | ((bits >> 4) & 0x0f0f)
  return ((bits & 0xff) << 8) | (bits >> 8)
}
