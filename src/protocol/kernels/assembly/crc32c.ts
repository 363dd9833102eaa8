/**
 * CRC-32C of much at once: sixteen parts of 2 KiB side by side, a lane for each, whose checksums are then joined. What a byte adds is looked up by its two
 * halves, in tables of sixteen bytes that shuffles index (as in erasure codes that use `pshufb`).
 */

/** Castagnoli's polynomial, bit-reversed. */
const POLYNOMIAL: u32 = 0x82f63b78

/** The bytes of a part, and of sixteen. */
const PART: usize = 128
const BLOCK: usize = 16 * 128

/** What a low and a high half add to each of the four bytes of a checksum. */
const HALVES: usize = memory.data(8 * 16, 16)

/** What each byte of a checksum adds to it when as many zeros follow as a part has bytes. */
const SHIFTS: usize = memory.data(4 * 4 * 256, 64)

/** The checksums of the parts. */
const SUMS: usize = memory.data(4 * 16, 16)

/** The sixteen places of sixteen parts, each with a byte of every part. */
const COLUMNS: usize = memory.data(16 * 16, 16)

let isPrepared = false

function prepare(): void {
  for (let half: u32 = 0; half < 16; half++) {
    putHalf(HALVES + half, afterZeros(half, 1))
    putHalf(HALVES + 16 + half, afterZeros(half << 4, 1))
  }
  for (let byte: u32 = 0; byte < 4; byte++) {
    const table = SHIFTS + (byte << 10)
    for (let value: u32 = 1; value < 256; value++) {
      // A value is one of a single bit and one of the rest, which comes before it.
      const rest = value & (value - 1)
      const sum =
        rest == 0
          ? afterZeros(value << (byte << 3), <u32>PART)
          : load<u32>(table + (rest << 2)) ^ load<u32>(table + ((value ^ rest) << 2))
      store<u32>(table + (value << 2), sum)
    }
  }
  isPrepared = true
}

function putHalf(to: usize, sum: u32): void {
  for (let byte: u32 = 0; byte < 4; byte++) store<u8>(to + (byte << 5), sum >> (byte << 3))
}

/** The checksum after so many bytes that are 0. */
function afterZeros(sum: u32, bytes: u32): u32 {
  for (let bits = bytes << 3; bits > 0; bits--) sum = (sum >> 1) ^ (POLYNOMIAL & (0 - (sum & 1)))
  return sum
}

/** Continues the checksum `sum`, not inverted, over the bytes from `from` to `end`, which are a multiple of 2,048. */
export function crc32c(from: usize, end: usize, sum: u32): u32 {
  if (!isPrepared) prepare()
  const low0 = v128.load(HALVES)
  const high0 = v128.load(HALVES, 16)
  const low1 = v128.load(HALVES, 32)
  const high1 = v128.load(HALVES, 48)
  const low2 = v128.load(HALVES, 64)
  const high2 = v128.load(HALVES, 80)
  const low3 = v128.load(HALVES, 96)
  const high3 = v128.load(HALVES, 112)
  const four = i8x16.splat(15)
  for (; from < end; from += BLOCK) {
    // The first part goes on from what came before.
    let sum0 = i8x16.replace_lane(i8x16.splat(0), 0, <i8>sum)
    let sum1 = i8x16.replace_lane(i8x16.splat(0), 0, <i8>(sum >> 8))
    let sum2 = i8x16.replace_lane(i8x16.splat(0), 0, <i8>(sum >> 16))
    let sum3 = i8x16.replace_lane(i8x16.splat(0), 0, <i8>(sum >> 24))
    for (let at = from; at < from + PART; at += 16) {
      turn(at)
      for (let column = COLUMNS; column < COLUMNS + 256; column += 16) {
        const bytes = v128.xor(sum0, v128.load(column))
        const low = v128.and(bytes, four)
        const high = v128.and(i16x8.shr_u(bytes, 4), four)
        sum0 = v128.xor(sum1, v128.xor(i8x16.swizzle(low0, low), i8x16.swizzle(high0, high)))
        sum1 = v128.xor(sum2, v128.xor(i8x16.swizzle(low1, low), i8x16.swizzle(high1, high)))
        sum2 = v128.xor(sum3, v128.xor(i8x16.swizzle(low2, low), i8x16.swizzle(high2, high)))
        sum3 = v128.xor(i8x16.swizzle(low3, low), i8x16.swizzle(high3, high))
      }
    }
    sum = join(sum0, sum1, sum2, sum3)
  }
  return sum
}

/** Joins the checksums of sixteen parts, of which there is a byte in each of four. */
function join(sum0: v128, sum1: v128, sum2: v128, sum3: v128): u32 {
  const low01 = lowHalves(sum0, sum1)
  const high01 = highHalves(sum0, sum1)
  const low23 = lowHalves(sum2, sum3)
  const high23 = highHalves(sum2, sum3)
  v128.store(SUMS, v128.shuffle<u16>(low01, low23, 0, 8, 1, 9, 2, 10, 3, 11))
  v128.store(SUMS, v128.shuffle<u16>(low01, low23, 4, 12, 5, 13, 6, 14, 7, 15), 16)
  v128.store(SUMS, v128.shuffle<u16>(high01, high23, 0, 8, 1, 9, 2, 10, 3, 11), 32)
  v128.store(SUMS, v128.shuffle<u16>(high01, high23, 4, 12, 5, 13, 6, 14, 7, 15), 48)
  let sum = load<u32>(SUMS)
  for (let part: usize = 4; part < 64; part += 4) {
    sum =
      load<u32>(SHIFTS + ((sum & 255) << 2)) ^
      load<u32>(SHIFTS + (((sum >> 8) & 255) << 2), 1024) ^
      load<u32>(SHIFTS + (((sum >> 16) & 255) << 2), 2048) ^
      load<u32>(SHIFTS + ((sum >> 24) << 2), 3072) ^
      load<u32>(SUMS + part)
  }
  return sum
}

function lowHalves(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
}

function highHalves(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
}

/** Writes to COLUMNS the sixteen bytes from `at` of each part, turned over. Four times each row is mixed with the one eight further. */
function turn(at: usize): void {
  const row0 = v128.load(at)
  const row1 = v128.load(at, 128)
  const row2 = v128.load(at, 256)
  const row3 = v128.load(at, 384)
  const row4 = v128.load(at, 512)
  const row5 = v128.load(at, 640)
  const row6 = v128.load(at, 768)
  const row7 = v128.load(at, 896)
  const row8 = v128.load(at, 1024)
  const row9 = v128.load(at, 1152)
  const row10 = v128.load(at, 1280)
  const row11 = v128.load(at, 1408)
  const row12 = v128.load(at, 1536)
  const row13 = v128.load(at, 1664)
  const row14 = v128.load(at, 1792)
  const row15 = v128.load(at, 1920)
  const a0 = lowHalves(row0, row8)
  const a1 = highHalves(row0, row8)
  const a2 = lowHalves(row1, row9)
  const a3 = highHalves(row1, row9)
  const a4 = lowHalves(row2, row10)
  const a5 = highHalves(row2, row10)
  const a6 = lowHalves(row3, row11)
  const a7 = highHalves(row3, row11)
  const a8 = lowHalves(row4, row12)
  const a9 = highHalves(row4, row12)
  const a10 = lowHalves(row5, row13)
  const a11 = highHalves(row5, row13)
  const a12 = lowHalves(row6, row14)
  const a13 = highHalves(row6, row14)
  const a14 = lowHalves(row7, row15)
  const a15 = highHalves(row7, row15)
  const b0 = lowHalves(a0, a8)
  const b1 = highHalves(a0, a8)
  const b2 = lowHalves(a1, a9)
  const b3 = highHalves(a1, a9)
  const b4 = lowHalves(a2, a10)
  const b5 = highHalves(a2, a10)
  const b6 = lowHalves(a3, a11)
  const b7 = highHalves(a3, a11)
  const b8 = lowHalves(a4, a12)
  const b9 = highHalves(a4, a12)
  const b10 = lowHalves(a5, a13)
  const b11 = highHalves(a5, a13)
  const b12 = lowHalves(a6, a14)
  const b13 = highHalves(a6, a14)
  const b14 = lowHalves(a7, a15)
  const b15 = highHalves(a7, a15)
  const c0 = lowHalves(b0, b8)
  const c1 = highHalves(b0, b8)
  const c2 = lowHalves(b1, b9)
  const c3 = highHalves(b1, b9)
  const c4 = lowHalves(b2, b10)
  const c5 = highHalves(b2, b10)
  const c6 = lowHalves(b3, b11)
  const c7 = highHalves(b3, b11)
  const c8 = lowHalves(b4, b12)
  const c9 = highHalves(b4, b12)
  const c10 = lowHalves(b5, b13)
  const c11 = highHalves(b5, b13)
  const c12 = lowHalves(b6, b14)
  const c13 = highHalves(b6, b14)
  const c14 = lowHalves(b7, b15)
  const c15 = highHalves(b7, b15)
  v128.store(COLUMNS, lowHalves(c0, c8))
  v128.store(COLUMNS, highHalves(c0, c8), 16)
  v128.store(COLUMNS, lowHalves(c1, c9), 32)
  v128.store(COLUMNS, highHalves(c1, c9), 48)
  v128.store(COLUMNS, lowHalves(c2, c10), 64)
  v128.store(COLUMNS, highHalves(c2, c10), 80)
  v128.store(COLUMNS, lowHalves(c3, c11), 96)
  v128.store(COLUMNS, highHalves(c3, c11), 112)
  v128.store(COLUMNS, lowHalves(c4, c12), 128)
  v128.store(COLUMNS, highHalves(c4, c12), 144)
  v128.store(COLUMNS, lowHalves(c5, c13), 160)
  v128.store(COLUMNS, highHalves(c5, c13), 176)
  v128.store(COLUMNS, lowHalves(c6, c14), 192)
  v128.store(COLUMNS, highHalves(c6, c14), 208)
  v128.store(COLUMNS, lowHalves(c7, c15), 224)
  v128.store(COLUMNS, highHalves(c7, c15), 240)
}
