import { bitsIn } from './fse-decode'
import { BITS, LENGTHS, PAIRS, SYMBOLS, tableBits, usePairs } from './huffman-decode'

/** Where a stream is read next, and what is held of it. */
let streamAt: usize = 0
let streamBits: u64 = 0

/** Decodes one stream to the range from `to` to `toEnd`. Returns whether it is exactly as long. */
export function decodeStream(from: usize, end: usize, to: usize, toEnd: usize): bool {
  return openStream(from, end) && finishStream(from, to, toEnd)
}

/** Begins to read a stream: its bits are the highest of `streamBits`, and below them is a one, whose place says how many were read. */
function openStream(from: usize, end: usize): bool {
  const left = bitsIn(from, end)
  if (left < 0) return false
  streamAt = end - 8
  streamBits = (load<u64>(streamAt) | 1) << (<u64>(((<i32>(end - from)) << 3) - left))
  return true
}

/** Goes on with a stream up to its end, which must be that of the range as well. */
function finishStream(from: usize, to: usize, toEnd: usize): bool {
  let at = streamAt
  let bits = streamBits
  const shift = <u64>(64 - tableBits)
  while (to < toEnd) {
    const read = ctz(bits)
    at -= <usize>(read >> 3)
    bits = (load<u64>(at) | 1) << (read & 7)
    const pieceEnd = min(to + 4, toEnd)
    do {
      const code = <usize>(bits >> shift)
      bits <<= <u64>load<u8>(LENGTHS + code)
      store<u8>(to++, load<u8>(SYMBOLS + code))
    } while (to < pieceEnd)
  }
  return <i32>((at + 8 - from) << 3) == <i32>ctz(bits)
}

/**
 * Decodes four streams that follow each other, each to a quarter of the range from `to` to `toEnd`. Returns whether they are exactly as long. What is read is not
 * compared with where streams begin before the end: at most as many bytes before them as would be written.
 */
export function decodeStreams(from: usize, end: usize, to: usize, toEnd: usize): bool {
  if (end - from < 10 || toEnd - to < 6) return false
  const start0 = from + 6
  const start1 = start0 + <usize>load<u16>(from)
  const start2 = start1 + <usize>load<u16>(from, 2)
  const start3 = start2 + <usize>load<u16>(from, 4)
  if (start3 >= end) return false
  const quarter = (toEnd - to + 3) >> 2
  let to0 = to
  let to1 = to0 + quarter
  let to2 = to1 + quarter
  let to3 = to2 + quarter
  const end0 = to1
  const end1 = to2
  const end2 = to3
  if (to3 > toEnd) return false
  if (!openStream(start0, start1)) return false
  let at0 = streamAt
  let bits0 = streamBits
  if (!openStream(start1, start2)) return false
  let at1 = streamAt
  let bits1 = streamBits
  if (!openStream(start2, start3)) return false
  let at2 = streamAt
  let bits2 = streamBits
  if (!openStream(start3, end)) return false
  let at3 = streamAt
  let bits3 = streamBits
  let code: usize
  let read: u64
  // Five codes of eleven bits are in the 57 that there are at least.
  if (tableBits == BITS && usePairs(toEnd - to, end - from)) {
    while (to0 + 10 <= end0 && to1 + 10 <= end1 && to2 + 10 <= end2 && to3 + 10 <= toEnd) {
      read = ctz(bits0)
      at0 -= <usize>(read >> 3)
      bits0 = (load<u64>(at0) | 1) << (read & 7)
      read = ctz(bits1)
      at1 -= <usize>(read >> 3)
      bits1 = (load<u64>(at1) | 1) << (read & 7)
      read = ctz(bits2)
      at2 -= <usize>(read >> 3)
      bits2 = (load<u64>(at2) | 1) << (read & 7)
      read = ctz(bits3)
      at3 -= <usize>(read >> 3)
      bits3 = (load<u64>(at3) | 1) << (read & 7)

      code = pairCode(bits0)
      bits0 <<= <u64>load<u8>(code)
      store<u16>(to0, load<u16>(code, 2))
      to0 += <usize>load<u8>(code, 1)
      code = pairCode(bits1)
      bits1 <<= <u64>load<u8>(code)
      store<u16>(to1, load<u16>(code, 2))
      to1 += <usize>load<u8>(code, 1)
      code = pairCode(bits2)
      bits2 <<= <u64>load<u8>(code)
      store<u16>(to2, load<u16>(code, 2))
      to2 += <usize>load<u8>(code, 1)
      code = pairCode(bits3)
      bits3 <<= <u64>load<u8>(code)
      store<u16>(to3, load<u16>(code, 2))
      to3 += <usize>load<u8>(code, 1)

      code = pairCode(bits0)
      bits0 <<= <u64>load<u8>(code)
      store<u16>(to0, load<u16>(code, 2))
      to0 += <usize>load<u8>(code, 1)
      code = pairCode(bits1)
      bits1 <<= <u64>load<u8>(code)
      store<u16>(to1, load<u16>(code, 2))
      to1 += <usize>load<u8>(code, 1)
      code = pairCode(bits2)
      bits2 <<= <u64>load<u8>(code)
      store<u16>(to2, load<u16>(code, 2))
      to2 += <usize>load<u8>(code, 1)
      code = pairCode(bits3)
      bits3 <<= <u64>load<u8>(code)
      store<u16>(to3, load<u16>(code, 2))
      to3 += <usize>load<u8>(code, 1)

      code = pairCode(bits0)
      bits0 <<= <u64>load<u8>(code)
      store<u16>(to0, load<u16>(code, 2))
      to0 += <usize>load<u8>(code, 1)
      code = pairCode(bits1)
      bits1 <<= <u64>load<u8>(code)
      store<u16>(to1, load<u16>(code, 2))
      to1 += <usize>load<u8>(code, 1)
      code = pairCode(bits2)
      bits2 <<= <u64>load<u8>(code)
      store<u16>(to2, load<u16>(code, 2))
      to2 += <usize>load<u8>(code, 1)
      code = pairCode(bits3)
      bits3 <<= <u64>load<u8>(code)
      store<u16>(to3, load<u16>(code, 2))
      to3 += <usize>load<u8>(code, 1)

      code = pairCode(bits0)
      bits0 <<= <u64>load<u8>(code)
      store<u16>(to0, load<u16>(code, 2))
      to0 += <usize>load<u8>(code, 1)
      code = pairCode(bits1)
      bits1 <<= <u64>load<u8>(code)
      store<u16>(to1, load<u16>(code, 2))
      to1 += <usize>load<u8>(code, 1)
      code = pairCode(bits2)
      bits2 <<= <u64>load<u8>(code)
      store<u16>(to2, load<u16>(code, 2))
      to2 += <usize>load<u8>(code, 1)
      code = pairCode(bits3)
      bits3 <<= <u64>load<u8>(code)
      store<u16>(to3, load<u16>(code, 2))
      to3 += <usize>load<u8>(code, 1)

      code = pairCode(bits0)
      bits0 <<= <u64>load<u8>(code)
      store<u16>(to0, load<u16>(code, 2))
      to0 += <usize>load<u8>(code, 1)
      code = pairCode(bits1)
      bits1 <<= <u64>load<u8>(code)
      store<u16>(to1, load<u16>(code, 2))
      to1 += <usize>load<u8>(code, 1)
      code = pairCode(bits2)
      bits2 <<= <u64>load<u8>(code)
      store<u16>(to2, load<u16>(code, 2))
      to2 += <usize>load<u8>(code, 1)
      code = pairCode(bits3)
      bits3 <<= <u64>load<u8>(code)
      store<u16>(to3, load<u16>(code, 2))
      to3 += <usize>load<u8>(code, 1)
    }
  } else if (tableBits == BITS) {
    while (to3 + 5 <= toEnd) {
      read = ctz(bits0)
      at0 -= <usize>(read >> 3)
      bits0 = (load<u64>(at0) | 1) << (read & 7)
      read = ctz(bits1)
      at1 -= <usize>(read >> 3)
      bits1 = (load<u64>(at1) | 1) << (read & 7)
      read = ctz(bits2)
      at2 -= <usize>(read >> 3)
      bits2 = (load<u64>(at2) | 1) << (read & 7)
      read = ctz(bits3)
      at3 -= <usize>(read >> 3)
      bits3 = (load<u64>(at3) | 1) << (read & 7)

      code = <usize>(bits0 >> (64 - BITS))
      bits0 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to0, load<u8>(code, SYMBOLS))
      code = <usize>(bits1 >> (64 - BITS))
      bits1 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to1, load<u8>(code, SYMBOLS))
      code = <usize>(bits2 >> (64 - BITS))
      bits2 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to2, load<u8>(code, SYMBOLS))
      code = <usize>(bits3 >> (64 - BITS))
      bits3 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to3, load<u8>(code, SYMBOLS))

      code = <usize>(bits0 >> (64 - BITS))
      bits0 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to0, load<u8>(code, SYMBOLS), 1)
      code = <usize>(bits1 >> (64 - BITS))
      bits1 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to1, load<u8>(code, SYMBOLS), 1)
      code = <usize>(bits2 >> (64 - BITS))
      bits2 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to2, load<u8>(code, SYMBOLS), 1)
      code = <usize>(bits3 >> (64 - BITS))
      bits3 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to3, load<u8>(code, SYMBOLS), 1)

      code = <usize>(bits0 >> (64 - BITS))
      bits0 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to0, load<u8>(code, SYMBOLS), 2)
      code = <usize>(bits1 >> (64 - BITS))
      bits1 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to1, load<u8>(code, SYMBOLS), 2)
      code = <usize>(bits2 >> (64 - BITS))
      bits2 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to2, load<u8>(code, SYMBOLS), 2)
      code = <usize>(bits3 >> (64 - BITS))
      bits3 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to3, load<u8>(code, SYMBOLS), 2)

      code = <usize>(bits0 >> (64 - BITS))
      bits0 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to0, load<u8>(code, SYMBOLS), 3)
      code = <usize>(bits1 >> (64 - BITS))
      bits1 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to1, load<u8>(code, SYMBOLS), 3)
      code = <usize>(bits2 >> (64 - BITS))
      bits2 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to2, load<u8>(code, SYMBOLS), 3)
      code = <usize>(bits3 >> (64 - BITS))
      bits3 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to3, load<u8>(code, SYMBOLS), 3)

      code = <usize>(bits0 >> (64 - BITS))
      bits0 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to0, load<u8>(code, SYMBOLS), 4)
      code = <usize>(bits1 >> (64 - BITS))
      bits1 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to1, load<u8>(code, SYMBOLS), 4)
      code = <usize>(bits2 >> (64 - BITS))
      bits2 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to2, load<u8>(code, SYMBOLS), 4)
      code = <usize>(bits3 >> (64 - BITS))
      bits3 <<= <u64>load<u8>(code, LENGTHS)
      store<u8>(to3, load<u8>(code, SYMBOLS), 4)
      to0 += 5
      to1 += 5
      to2 += 5
      to3 += 5
    }
  }
  streamAt = at0
  streamBits = bits0
  if (!finishStream(start0, to0, end0)) return false
  streamAt = at1
  streamBits = bits1
  if (!finishStream(start1, to1, end1)) return false
  streamAt = at2
  streamBits = bits2
  if (!finishStream(start2, to2, end2)) return false
  streamAt = at3
  streamBits = bits3
  return finishStream(start3, to3, toEnd)
}

/** Where the pair is that bits begin with. */
function pairCode(bits: u64): usize {
  return PAIRS + ((<usize>(bits >> (64 - BITS))) << 2)
}
