import {
  buildFixedTables,
  buildLengthTable,
  buildTables,
  CODE_LENGTHS,
  DISTANCE_BITS,
  DISTANCE_TABLE,
  END_OF_BLOCK,
  EXCEPTIONAL,
  LENGTH_BITS,
  LENGTH_TABLE,
  SPARE_BITS,
  SUBTABLE,
  SYMBOL_BITS,
  SYMBOL_TABLE,
} from './huffman'

const SYMBOL_MASK: u32 = ((1 << SYMBOL_BITS) - 1) << SPARE_BITS
const DISTANCE_MASK: u32 = ((1 << DISTANCE_BITS) - 1) << SPARE_BITS
const LENGTH_MASK: u32 = ((1 << LENGTH_BITS) - 1) << SPARE_BITS

/** The order in which lengths of the code for lengths are given. */
const LENGTH_ORDER: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])

/** So far past the end input may be loaded without being used: the buffer holds so many bytes at most. */
const MAX_AHEAD: usize = 8

/** Bits of input that are still to be read, above SPARE_BITS, and how many they are, with SPARE_BITS. What is above those is what comes next, or zeros. */
let bitBuffer: u64 = 0
let bitsHeld: u32 = SPARE_BITS

/** Where the bits come from that follow. */
let inputAt: usize = 0

/**
 * Inflates the raw deflated data at `from` (RFC 1951) to the range from `output` to `outputEnd`. Returns where the data ended, or 0 for data that is not
 * valid, goes past `end`, or does not make exactly as many bytes. Reads up to 64 bytes past `end` and writes up to 320 past `outputEnd`.
 */
export function inflate(from: usize, end: usize, output: usize, outputEnd: usize): usize {
  let to = output
  inputAt = from
  bitBuffer = 0
  bitsHeld = SPARE_BITS
  let isLast: u32
  do {
    refill()
    isLast = takeBits(1)
    const kind = takeBits(2)
    if (kind == 0) {
      to = copyStored(end, to, outputEnd)
    } else {
      if (kind == 1) buildFixedTables()
      else if (kind == 3 || !readTables(end)) return 0
      to = inflateBlock(end, output, to, outputEnd)
    }
    if (to == 0) return 0
  } while (!isLast)
  const dataEnd = inputAt - ((bitsHeld - SPARE_BITS) >> 3)
  return to == outputEnd && dataEnd <= end ? dataEnd : 0
}

/** Fills the buffer to at least 56 bits, SPARE_BITS among them. Loads eight bytes wherever it is and counts those for which there was room. */
function refill(): void {
  bitBuffer |= load<u64>(inputAt) << (<u64>bitsHeld)
  inputAt += (63 - bitsHeld) >> 3
  bitsHeld |= 56
}

function takeBits(count: u32): u32 {
  const value = <u32>(bitBuffer >> SPARE_BITS) & ((1 << count) - 1)
  bitBuffer >>= <u64>count
  bitsHeld -= count
  return value
}

function copyStored(end: usize, to: usize, outputEnd: usize): usize {
  inputAt -= (bitsHeld - SPARE_BITS) >> 3
  bitBuffer = 0
  bitsHeld = SPARE_BITS
  if (inputAt + 4 > end) return 0
  const size = <usize>load<u16>(inputAt)
  if (size != <usize>(load<u16>(inputAt, 2) ^ 0xffff)) return 0
  inputAt += 4
  if (size > end - inputAt || size > outputEnd - to) return 0
  memory.copy(to, inputAt, size)
  inputAt += size
  return to + size
}

/** Reads the codes of a block and builds their tables. */
function readTables(end: usize): bool {
  refill()
  const symbols = takeBits(5) + 257
  const distances = takeBits(5) + 1
  const lengths = takeBits(4) + 4
  if (symbols > 286 || distances > 30) return false
  memory.fill(CODE_LENGTHS, 0, 19)
  for (let i: u32 = 0; i < lengths; i++) {
    refill()
    store<u8>(CODE_LENGTHS + <usize>load<u8>(LENGTH_ORDER + i), takeBits(3))
  }
  if (!buildLengthTable()) return false
  const all = symbols + distances
  let i: u32 = 0
  while (i < all) {
    if (inputAt > end + MAX_AHEAD) return false
    refill()
    const entry = load<u32>(<usize>(<u32>bitBuffer & LENGTH_MASK), LENGTH_TABLE)
    takeBits(entry & 63)
    const symbol = entry >> 16
    if (symbol < 16) {
      store<u8>(CODE_LENGTHS + i++, symbol)
      continue
    }
    let length: u8 = 0
    let times: u32
    if (symbol == 16) {
      if (i == 0) return false
      length = load<u8>(CODE_LENGTHS + i - 1)
      times = 3 + takeBits(2)
    } else if (symbol == 17) {
      times = 3 + takeBits(3)
    } else {
      times = 11 + takeBits(7)
    }
    if (times > all - i) return false
    memory.fill(CODE_LENGTHS + i, length, times)
    i += times
  }
  // A block without a code for its end is one that zlib refuses.
  return load<u8>(CODE_LENGTHS + 256) != 0 && buildTables(symbols, distances)
}

function symbolEntry(buffer: u64): u32 {
  return load<u32>(<usize>(<u32>buffer & SYMBOL_MASK), SYMBOL_TABLE)
}

/** The entry of a subtable that `pointer` leads to. */
function subtableEntry(table: usize, pointer: u32, buffer: u64): u32 {
  const mask: u32 = ((1 << ((pointer >> 8) & 15)) - 1) << SPARE_BITS
  return load<u32>(table + ((<usize>(pointer >> 16)) << 2) + <usize>(<u32>buffer & mask))
}

/** The length or distance that an entry and the extra bits behind its code make. */
function valueOf(entry: u32, buffer: u64): usize {
  const extra = <u32>(buffer & ((((<u64>1) << SPARE_BITS) << (<u64>entry)) - 1)) >> ((entry >> 8) & 31)
  return <usize>((entry >> 16) + extra)
}

/**
 * Inflates the symbols of one block to `from` and returns where that ended, or 0. Shifts take their lowest six bits as the count and so need no mask of an
 * entry; `held` is only right in those bits meanwhile. Bounds are looked at once in each turn, which explains what is read and written beyond them.
 */
function inflateBlock(end: usize, output: usize, from: usize, outputEnd: usize): usize {
  let to = from
  let at = inputAt
  let buffer = bitBuffer
  let held = bitsHeld
  const lastAt = end + MAX_AHEAD
  buffer |= load<u64>(at) << (<u64>held)
  at += (63 - held) >> 3
  held |= 56
  let entry = symbolEntry(buffer)
  while (at <= lastAt && to <= outputEnd) {
    buffer |= load<u64>(at) << (<u64>held)
    at += 7 - ((held >> 3) & 7)
    held |= 56
    // Of 54 bits, three entries of literals and a length take 50; or four and the index of the next.
    if (<i32>entry < 0) {
      buffer >>= <u64>entry
      held -= entry
      store<u16>(to, entry >> 8)
      to += (entry >> 24) & 3
      entry = symbolEntry(buffer)
      if (<i32>entry < 0) {
        buffer >>= <u64>entry
        held -= entry
        store<u16>(to, entry >> 8)
        to += (entry >> 24) & 3
        entry = symbolEntry(buffer)
        if (<i32>entry < 0) {
          buffer >>= <u64>entry
          held -= entry
          store<u16>(to, entry >> 8)
          to += (entry >> 24) & 3
          entry = symbolEntry(buffer)
          if (<i32>entry < 0) {
            buffer >>= <u64>entry
            held -= entry
            store<u16>(to, entry >> 8)
            to += (entry >> 24) & 3
            entry = symbolEntry(buffer)
            continue
          }
        }
      }
    }
    if (entry & EXCEPTIONAL) {
      if (entry & SUBTABLE) {
        buffer >>= <u64>entry
        held -= entry
        entry = subtableEntry(SYMBOL_TABLE, entry, buffer)
        if (<i32>entry < 0) {
          buffer >>= <u64>entry
          held -= entry
          store<u8>(to++, entry >> 8)
          buffer |= load<u64>(at) << (<u64>held)
          at += 7 - ((held >> 3) & 7)
          held |= 56
          entry = symbolEntry(buffer)
          continue
        }
      }
      if (entry & EXCEPTIONAL) {
        if ((entry & END_OF_BLOCK) == 0 || to > outputEnd) return 0
        bitBuffer = buffer >> <u64>entry
        bitsHeld = (held - entry) & 63
        inputAt = at
        return to
      }
    }
    const length = valueOf(entry, buffer)
    buffer >>= <u64>entry
    held -= entry
    buffer |= load<u64>(at) << (<u64>held)
    at += 7 - ((held >> 3) & 7)
    held |= 56
    entry = load<u32>(<usize>(<u32>buffer & DISTANCE_MASK), DISTANCE_TABLE)
    if (entry & EXCEPTIONAL) {
      if ((entry & SUBTABLE) == 0) return 0
      buffer >>= <u64>entry
      held -= entry
      entry = subtableEntry(DISTANCE_TABLE, entry, buffer)
      if (entry & EXCEPTIONAL) return 0
    }
    const distance = valueOf(entry, buffer)
    buffer >>= <u64>entry
    held -= entry
    if (distance > to - output) return 0
    // Looked up before it is needed, while the match is copied.
    entry = symbolEntry(buffer)
    copyMatch(to, distance, to + length)
    to += length
  }
  return 0
}

/** Writes up to `end` the bytes that are those `distance` before, and up to 31 more. */
function copyMatch(start: usize, distance: usize, end: usize): void {
  let to = start
  let from = start - distance
  if (distance >= 16) {
    v128.store(to, v128.load(from))
    v128.store(to, v128.load(from, 16), 16)
    while (to + 32 < end) {
      to += 32
      from += 32
      v128.store(to, v128.load(from))
      v128.store(to, v128.load(from, 16), 16)
    }
  } else if (distance == 1) {
    const repeated = i8x16.splat(load<i8>(from))
    do {
      v128.store(to, repeated)
      to += 16
    } while (to < end)
  } else {
    // Of eight bytes as many are right as the distance says, and no others are needed by the next.
    const step = min<usize>(distance, 8)
    do {
      store<u64>(to, load<u64>(from))
      to += step
      from += step
    } while (to < end)
  }
}
