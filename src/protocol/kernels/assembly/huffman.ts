/**
 * Tables that say what the next bits of deflated data mean (RFC 1951, 3.2.2), built as libdeflate does it. An index is the next bits, the first of them
 * lowest; codes that are longer go on in a subtable.
 *
 * An entry holds in bits 0 to 5 how many bits it takes, and then
 * - for literals: LITERAL, in bits 24 and 25 how many there are, in bits 8 to 23 one or two of them;
 * - for a length or a distance: in bits 16 to 30 the least that it is, in bits 8 to 12 after how many bits of the buffer its extra bits begin;
 * - for a subtable: EXCEPTIONAL and SUBTABLE, in bits 16 to 30 the index at which it begins, in bits 8 to 12 how many bits are its index;
 * - for the end of a block: EXCEPTIONAL and END_OF_BLOCK; and for bits that mean nothing: EXCEPTIONAL alone.
 */
export const LITERAL: u32 = 0x80000000
export const ONE_LITERAL: u32 = 0x01000000
export const EXCEPTIONAL: u32 = 0x8000
export const END_OF_BLOCK: u32 = 0x4000
export const SUBTABLE: u32 = 0x2000

/** The buffer of bits has so many unused ones at its end: with them, the bits of an index are the offset of an entry of four bytes. */
export const SPARE_BITS: u32 = 2

export const SYMBOL_BITS: u32 = 10
export const DISTANCE_BITS: u32 = 8
export const LENGTH_BITS: u32 = 7

/** Entries with all their subtables: what zlib's `enough 288 10 15` and `enough 32 8 15` say, and no subtables. */
export const SYMBOL_TABLE: usize = memory.data(4 * 1334, 64)
export const DISTANCE_TABLE: usize = memory.data(4 * 402, 64)
export const LENGTH_TABLE: usize = memory.data(4 * 128, 64)

/** The lengths of codes, a byte each, of symbols and then of distances. */
export const CODE_LENGTHS: usize = memory.data(288 + 32)

/** What the entry of a symbol has besides the length of its code: of 256 literals, the end of a block, 29 lengths and two that are not used. */
const SYMBOL_MEANINGS: usize = memory.data(4 * 288)
const DISTANCE_MEANINGS: usize = memory.data(4 * 32)

const MAX_CODE_BITS: u32 = 15

/** For each length of codes how many there are, and where in SORTED they begin, or the next of them goes. */
const COUNTS: usize = memory.data(4 * 16)
const PLACES: usize = memory.data(4 * 16)

/** Symbols in the order of their codes, and those codes, as 16-bit numbers. */
const SORTED: usize = memory.data(2 * 288)
const CODES: usize = memory.data(2 * 288)

/** Where the table of symbols is kept while pairs are made of its literals, and what the second of a pair adds to an entry. */
const SINGLES: usize = memory.data(4 << (SYMBOL_BITS - 1), 16)
const SECONDS: usize = memory.data(4 << (SYMBOL_BITS - 1), 16)

/** Literals are put into pairs when more than so many of 32,768 symbols should be literals. */
const MIN_LITERALS_FOR_PAIRS: u32 = 0x4000

let hasFixedTables = false

setMeanings()

function setMeanings(): void {
  for (let literal: u32 = 0; literal < 256; literal++) {
    store<u32>(SYMBOL_MEANINGS + (literal << 2), LITERAL | ONE_LITERAL | (literal << 8))
  }
  store<u32>(SYMBOL_MEANINGS + (256 << 2), EXCEPTIONAL | END_OF_BLOCK)
  let least: u32 = 3
  for (let i: u32 = 0; i < 28; i++) {
    const extraBits: u32 = i < 8 ? 0 : (i - 4) >> 2
    store<u32>(SYMBOL_MEANINGS + ((257 + i) << 2), (least << 16) | extraBits)
    least += 1 << extraBits
  }
  store<u32>(SYMBOL_MEANINGS + (285 << 2), 258 << 16)
  store<u32>(SYMBOL_MEANINGS + (286 << 2), EXCEPTIONAL)
  store<u32>(SYMBOL_MEANINGS + (287 << 2), EXCEPTIONAL)
  least = 1
  for (let i: u32 = 0; i < 30; i++) {
    const extraBits: u32 = i < 2 ? 0 : (i >> 1) - 1
    store<u32>(DISTANCE_MEANINGS + (i << 2), (least << 16) | extraBits)
    least += 1 << extraBits
  }
  store<u32>(DISTANCE_MEANINGS + (30 << 2), EXCEPTIONAL)
  store<u32>(DISTANCE_MEANINGS + (31 << 2), EXCEPTIONAL)
}

/** Builds LENGTH_TABLE, whose entries have in their bits 16 to 30 a symbol, from 19 lengths at CODE_LENGTHS. False if they make no code. */
export function buildLengthTable(): bool {
  return build(CODE_LENGTHS, 19, LENGTH_TABLE, LENGTH_BITS, 0)
}

/** Builds the tables of symbols and distances from lengths at CODE_LENGTHS. False if they make no codes, by zlib's rules. */
export function buildTables(symbols: u32, distances: u32): bool {
  hasFixedTables = false
  // The distances first: COUNTS and the like have to be those of the symbols in the end.
  if (!build(CODE_LENGTHS + symbols, distances, DISTANCE_TABLE, DISTANCE_BITS, DISTANCE_MEANINGS)) return false
  if (!build(CODE_LENGTHS, symbols, SYMBOL_TABLE, SYMBOL_BITS, SYMBOL_MEANINGS)) return false
  let literals: u32 = 0
  for (let i: usize = 0; i < 256; i++) {
    const length = <u32>load<u8>(CODE_LENGTHS + i)
    if (length != 0) literals += 0x8000 >> length
  }
  if (literals > MIN_LITERALS_FOR_PAIRS) pairLiterals()
  return true
}

/** Builds the tables of the codes that blocks without codes of their own have (RFC 1951, 3.2.6). */
export function buildFixedTables(): void {
  if (hasFixedTables) return
  memory.fill(CODE_LENGTHS, 8, 144)
  memory.fill(CODE_LENGTHS + 144, 9, 112)
  memory.fill(CODE_LENGTHS + 256, 7, 24)
  memory.fill(CODE_LENGTHS + 280, 8, 8)
  memory.fill(CODE_LENGTHS + 288, 5, 32)
  buildTables(288, 32)
  hasFixedTables = true
}

/** `meanings` of 0 stands for the symbol itself, shifted by 16. */
function entryOf(meanings: usize, symbol: u32, length: u32): u32 {
  if (meanings == 0) return (symbol << 16) | length
  const meaning = load<u32>(meanings + (symbol << 2))
  return meaning + (<i32>meaning < 0 ? length : length | ((length + SPARE_BITS) << 8))
}

/** The code after `code`, which is not the last of `length` bits: one is added to bits that are in reverse. */
function codeAfter(code: u32, length: u32): u32 {
  const bit: u32 = 1 << (31 - clz<u32>(code ^ ((1 << length) - 1)))
  return (code & (bit - 1)) | bit
}

function build(lengths: usize, symbols: u32, table: usize, tableBits: u32, meanings: usize): bool {
  memory.fill(COUNTS, 0, 4 * 16)
  for (let i: u32 = 0; i < symbols; i++) {
    const count = COUNTS + ((<usize>load<u8>(lengths + i)) << 2)
    store<u32>(count, load<u32>(count) + 1)
  }
  let place: u32 = 0
  let used: u32 = 0
  let longest: u32 = 0
  for (let length: u32 = 1; length <= MAX_CODE_BITS; length++) {
    const count = load<u32>(COUNTS + (length << 2))
    store<u32>(PLACES + (length << 2), place)
    place += count
    used = (used << 1) + count
    if (count != 0) longest = length
  }
  const all: u32 = 1 << MAX_CODE_BITS
  if (used > all) return false
  if (used < all) {
    // Of codes that are not complete zlib lets pass a single one of one bit, and none at all.
    if (longest > 1 || meanings == 0) return false
    buildIncomplete(lengths, place, table, tableBits, meanings)
    return true
  }
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const length = <usize>load<u8>(lengths + symbol)
    if (length == 0) continue
    const next = PLACES + (length << 2)
    const to = load<u32>(next)
    store<u32>(next, to + 1)
    store<u16>(SORTED + (to << 1), symbol)
  }
  fillTable(table, tableBits, meanings)
  return true
}

function buildIncomplete(lengths: usize, count: u32, table: usize, tableBits: u32, meanings: usize): void {
  const end = table + (4 << tableBits)
  for (let at = table; at < end; at += 4) store<u32>(at, EXCEPTIONAL)
  if (count == 0) return
  let symbol: u32 = 0
  while (load<u8>(lengths + symbol) == 0) symbol++
  const entry = entryOf(meanings, symbol, 1)
  for (let at = table; at < end; at += 8) store<u32>(at, entry)
}

/** Fills a table from SORTED: entries of short codes first, in a table of as many bits, which is doubled as they get longer. */
function fillTable(table: usize, tableBits: u32, meanings: usize): void {
  let sorted = SORTED
  let codes = CODES
  let code: u32 = 0
  let length: u32 = 1
  let count: u32
  while ((count = load<u32>(COUNTS + (length << 2))) == 0) length++
  let size: u32 = 1 << length
  while (length <= tableBits) {
    do {
      store<u32>(table + (code << 2), entryOf(meanings, load<u16>(sorted), length))
      store<u16>(codes, code)
      codes += 2
      sorted += 2
      if (code == size - 1) {
        for (; length < tableBits; length++) {
          memory.copy(table + (size << 2), table, size << 2)
          size <<= 1
        }
        return
      }
      code = codeAfter(code, length)
    } while (--count)
    do {
      if (++length <= tableBits) {
        memory.copy(table + (size << 2), table, size << 2)
        size <<= 1
      }
    } while ((count = load<u32>(COUNTS + (length << 2))) == 0)
  }
  fillSubtables(table, tableBits, meanings, sorted, code, length, count)
}

/** Goes on with codes that are longer than the table has bits: `code` is the first of them, of `count` that have its length. */
function fillSubtables(
  table: usize,
  tableBits: u32,
  meanings: usize,
  sorted: usize,
  code: u32,
  length: u32,
  count: u32,
): void {
  let end: u32 = 1 << tableBits
  const mask = end - 1
  let prefix: u32 = 0xffffffff
  let start: u32 = 0
  while (true) {
    if ((code & mask) != prefix) {
      prefix = code & mask
      start = end
      // As many bits as it takes for codes to fill it.
      let bits = length - tableBits
      let space = count
      while (space < (<u32>1) << bits) {
        bits++
        space = (space << 1) + load<u32>(COUNTS + ((tableBits + bits) << 2))
      }
      end = start + (1 << bits)
      store<u32>(table + (prefix << 2), (start << 16) | EXCEPTIONAL | SUBTABLE | (bits << 8) | tableBits)
    }
    const entry = entryOf(meanings, load<u16>(sorted), length - tableBits)
    sorted += 2
    const stride: u32 = 1 << (length - tableBits)
    for (let i: u32 = start + (code >> tableBits); i < end; i += stride) store<u32>(table + (i << 2), entry)
    if (code == (1 << length) - 1) return
    code = codeAfter(code, length)
    count--
    while (count == 0) count = load<u32>(COUNTS + (++length << 2))
  }
}

/** Adds a second literal to each entry of one literal whose bits have room for it: what text that is mostly literals is decoded by in half the steps. */
function pairLiterals(): void {
  memory.copy(SINGLES, SYMBOL_TABLE, 4 << (SYMBOL_BITS - 1))
  let sorted = SORTED
  let codes = CODES
  for (let length: u32 = 1; length < SYMBOL_BITS; length++) {
    const count = load<u32>(COUNTS + (length << 2))
    if (count == 0) continue
    const room = SYMBOL_BITS - length
    const size: usize = 4 << room
    findSeconds(room, size)
    const stride: usize = 4 << length
    for (let end = sorted + (count << 1); sorted < end; sorted += 2) {
      const symbol = <u32>load<u16>(sorted)
      const code = <usize>load<u16>(codes)
      codes += 2
      if (symbol > 255) continue
      const first = LITERAL | ONE_LITERAL | (symbol << 8) | length
      let to = SYMBOL_TABLE + (code << 2)
      for (let i: usize = 0; i < size; i += 4) {
        store<u32>(to, first + load<u32>(SECONDS + i))
        to += stride
      }
    }
  }
}

/** Writes to SECONDS what a second literal adds for each of the `room` bits that follow the first: itself, its bits, and one more; or nothing. */
function findSeconds(room: u32, size: usize): void {
  for (let i: usize = 0; i < size; i += 16) {
    const next = v128.load(SINGLES + i)
    const bits = v128.and(next, i32x4.splat(63))
    const fits = v128.and(i32x4.shr_s(next, 31), i32x4.le_u(bits, i32x4.splat(room)))
    const literal = i32x4.shl(v128.and(next, i32x4.splat(0xff00)), 8)
    v128.store(SECONDS + i, v128.and(fits, v128.or(v128.or(literal, bits), i32x4.splat(ONE_LITERAL))))
  }
}
