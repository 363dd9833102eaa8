import { smoothLog2 } from './arrays'
import { endOfMatch } from './copy'
import {
  beginBits,
  BLOCK_MATCH_COUNTS,
  endBits,
  putBlock,
  putLiteral,
  putMatch,
  startBlock,
  SYMBOL_COUNTS,
  DISTANCE_COUNTS,
  tokenRoom,
  tokens,
} from './deflate-block'

/** How far back a match may begin. */
const WINDOW: usize = 32768

const HASH_BITS: u32 = 15

/** Where the bytes of a hash were seen last, as addresses. */
const HEADS: usize = memory.data(4 << HASH_BITS, 64)

/** For each place in the window how far before it bytes of the same hash were seen; 0 for none within the window. */
const STEPS: usize = memory.data(2 * 32768, 64)

/** No match is looked for so close to the end, as eight bytes are loaded at once. */
const MARGIN: usize = 8

const MAX_MATCH: usize = 258

/** From so many bytes without a match on some are passed over unseen; one more after as many again. */
const MISSES_BEFORE_SKIPS: usize = 64
const MAX_SKIPS: usize = 8

/** A match costs about so much before anything is known, its extra bits for the distance aside: in quarters of a bit, as all costs. */
const FIRST_MATCH_COST: u32 = 44

const SAMPLE_SIZE: u32 = 4096

/** The costs of literals and matches are reckoned again after so many of both. */
const TOKENS_BETWEEN_COSTS: u32 = 1024

/** Content of so few different bytes (numbers, hexadecimal digits, a few words) gets nothing from short matches, nor from a long search. */
const FEW_BYTES: u32 = 64

// How the next are looked for: set for each call by what its bytes are like.
let hashShift: u64 = 0
let maxTries: u32 = 0
/** A match of this length is taken at once. */
let goodLength: u32 = 0
let literalCost: u32 = 0
let matchCost: u32 = 0

/**
 * Deflates the bytes from `start` to `end` to `to` (RFC 1951) and returns where that ends, which is after an eighth more than they are at the most (the longest of
 * the fixed codes), a few bytes for each 16 KiB, and 8 written ahead. `start` is beyond the first 32 KiB of the memory. Finds matches as zlib's default level does, with chains of places of the same hash and a look at the next
 * byte before a match is taken; but takes those only that cost less than the literals they stand for.
 */
export function deflate(start: usize, end: usize, to: usize): usize {
  memory.fill(HEADS, 0, 4 << HASH_BITS)
  judge(start, end)
  beginBits(to)
  let at = start
  do {
    const blockStart = at
    startBlock()
    at = findTokens(at, end)
    putBlock(blockStart, at, at == end)
  } while (at < end)
  return endBits()
}

/** Chooses from a sample how to look for matches, and says what a literal costs for the beginning. */
function judge(start: usize, end: usize): void {
  const size = <u32>min<usize>(end - start, SAMPLE_SIZE)
  startBlock()
  for (let i: u32 = 0; i < size; i++) putLiteral(start + i)
  let different: u32 = 0
  for (let i: usize = 0; i < 256; i++) different += u32(load<u32>(SYMBOL_COUNTS + (i << 2)) != 0)
  const hasFew = different <= FEW_BYTES
  hashShift = hasFew ? 24 : 32
  maxTries = hasFew ? 16 : 40
  goodLength = hasFew ? 64 : 128
  literalCost = size == 0 ? 0 : costOf(SYMBOL_COUNTS, 256, size, size)
  matchCost = FIRST_MATCH_COST
}

/** Writes tokens for the bytes from `start` until there are enough for a block or all are done, and returns up to where. */
function findTokens(start: usize, end: usize): usize {
  let at = start
  const last = end - start >= MARGIN ? end - MARGIN : start
  let nextCosts = TOKENS_BETWEEN_COSTS
  let matchEnd = start
  while (at < last && tokenRoom() > 16) {
    if (tokens() > nextCosts) {
      reckonCosts()
      nextCosts += TOKENS_BETWEEN_COSTS
    }
    let found = find(at, end, 3, maxTries)
    if (found == 0 || !pays(found)) {
      putLiteral(at++)
      for (let skips = min((at - matchEnd) / MISSES_BEFORE_SKIPS, MAX_SKIPS); skips > 0 && at < last; skips--) {
        putLiteral(at++)
      }
      continue
    }
    let inserted: usize = 1
    while (lengthOf(found) < goodLength && at + 1 < last && tokenRoom() > 4) {
      // One that begins a byte later may be so much longer that it is worth the literal (libdeflate's rule).
      const next = find(at + 1, end, lengthOf(found) - 1, maxTries >> 1)
      inserted = 2
      const longer = <i32>lengthOf(next) - <i32>lengthOf(found)
      if (next == 0 || 4 * longer + <i32>log2(distanceOf(found)) - <i32>log2(distanceOf(next)) <= 2) break
      putLiteral(at++)
      found = next
      inserted = 1
    }
    putMatch(lengthOf(found), distanceOf(found))
    matchEnd = at + <usize>lengthOf(found)
    const insertEnd = min(matchEnd, last)
    for (at += inserted; at < insertEnd; at++) insert(at)
    at = matchEnd
  }
  while (at < end && at >= last && tokenRoom() > 0) putLiteral(at++)
  return at
}

/** Notes the bytes at `at`, and returns where some of their hash were noted before, or 0. */
function insert(at: usize): usize {
  const hash = ((load<u64>(at) << hashShift) * 0x9e3779b185ebca87) >> (64 - HASH_BITS)
  const head = HEADS + ((<usize>hash) << 2)
  const before = <usize>load<u32>(head)
  store<u32>(head, <u32>at)
  const step = at - before
  store<u16>(STEPS + ((at & (WINDOW - 1)) << 1), step <= WINDOW ? <u32>step : 0)
  return before
}

/** Notes the bytes at `at` and finds a match for them that is longer than `least`, which is 3 at least: its length above 16 bits of its distance, or 0. */
function find(at: usize, end: usize, least: u32, tries: u32): u32 {
  let candidate = insert(at)
  let longest = <usize>least
  let found: u32 = 0
  const limit = min(end, at + MAX_MATCH)
  const four = load<u32>(at)
  // What was seen nowhere is at address 0, and further away than that.
  while (at - candidate <= WINDOW) {
    if (load<u32>(candidate + longest - 3) == load<u32>(at + longest - 3) && load<u32>(candidate) == four) {
      const length = endOfMatch(candidate + 4, at + 4, limit) - at
      if (length > longest) {
        longest = length
        found = ((<u32>length) << 16) | <u32>(at - candidate)
        if (<u32>length >= goodLength) break
      }
    }
    const step = <usize>load<u16>(STEPS + ((candidate & (WINDOW - 1)) << 1))
    if (step == 0 || --tries == 0) break
    candidate -= step
  }
  return found
}

function lengthOf(found: u32): u32 {
  return found >> 16
}

function distanceOf(found: u32): u32 {
  return found & 0xffff
}

function log2(value: u32): u32 {
  return 31 - clz(value)
}

/** Whether a match takes less than its bytes would as literals. */
function pays(found: u32): bool {
  return lengthOf(found) * literalCost > matchCost + 4 * log2(distanceOf(found))
}

/** Reckons from the tokens of the block what literals and matches cost by now. */
function reckonCosts(): void {
  const matches = load<u32>(BLOCK_MATCH_COUNTS)
  const all = tokens()
  const literals = all - matches
  if (literals > 64) literalCost = max<u32>(costOf(SYMBOL_COUNTS, 256, literals, all), 4)
  if (matches > 64) {
    // A distance has one extra bit less than its logarithm.
    matchCost = costOf(SYMBOL_COUNTS + (257 << 2), 29, matches, all) + costOf(DISTANCE_COUNTS, 30, matches, matches) - 4
  }
}

/** What one of `part` symbols takes on the average, which are counted at `counts` and are some of `all`. */
function costOf(counts: usize, kinds: u32, part: u32, all: u32): u32 {
  let sum: f32 = 0
  for (let i: u32 = 0; i < kinds; i++) {
    const count = load<u32>(counts + (i << 2))
    if (count != 0) sum += <f32>count * smoothLog2(count)
  }
  return <u32>((smoothLog2(all) - sum / <f32>part) * 4)
}
