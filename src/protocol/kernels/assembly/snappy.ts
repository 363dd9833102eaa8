import { copyApart, copyBack, endOfMatch } from './copy'

const HASH_BITS: u32 = 13

/** Where in the block four bytes of a hash were seen last, as 16-bit numbers. */
const TABLE: usize = memory.data(2 << 13, 64)

/** So many bytes before the end no match begins, so that eight bytes can always be read. */
const MARGIN: usize = 15

/** Every second place is looked at, and fewer as there are more literals: a match that begins between is found later, and then extended to the front. */
const LITERALS_BEFORE_SKIPS: usize = 32

/**
 * Compresses the bytes from `start` to `end`, 64 KiB at most, to a raw block at `to` and returns where that ends. Finds matches much as the reference
 * implementation does (google/snappy, CompressFragment), with half of the table and of the places.
 */
export function snappyCompress(start: usize, end: usize, to: usize): usize {
  to = putLength(to, <u32>(end - start))
  if (end - start < MARGIN) return putRest(to, start, end)
  memory.fill(TABLE, 0, 2 << 13)
  const limit = end - MARGIN
  let emitted = start
  let from = start + 1
  while (true) {
    let candidate: usize
    while (true) {
      if (from > limit) return putRest(to, emitted, end)
      const four = load<u32>(from)
      candidate = replace(start, from, four)
      if (load<u32>(candidate) == four) break
      from += (from - emitted) / LITERALS_BEFORE_SKIPS + 2
    }
    while (from > emitted && candidate > start && load<u8>(from - 1) == load<u8>(candidate - 1)) {
      from--
      candidate--
    }
    if (from > emitted) to = putLiteral(to, emitted, from)
    while (true) {
      const matchEnd = endOfMatch(candidate + 4, from + 4, end)
      to = putCopy(to, <u32>(from - candidate), <u32>(matchEnd - from))
      from = emitted = matchEnd
      if (from >= limit) return putRest(to, emitted, end)
      const eight = load<u64>(from - 1)
      replace(start, from - 1, <u32>eight)
      const four = <u32>(eight >> 8)
      candidate = replace(start, from, four)
      if (load<u32>(candidate) != four) break
    }
    from++
  }
}

/** Notes that `four` were seen at `from`, and returns where bytes of the same hash were seen before. */
function replace(start: usize, from: usize, four: u32): usize {
  const entry = TABLE + ((<usize>((four * 0x1e35a7bd) >> (32 - HASH_BITS))) << 1)
  const before = start + <usize>load<u16>(entry)
  store<u16>(entry, <u32>(from - start))
  return before
}

function putLength(to: usize, length: u32): usize {
  for (; length > 0x7f; length >>= 7) store<u8>(to++, (length & 0x7f) | 0x80)
  store<u8>(to, length)
  return to + 1
}

function putRest(to: usize, start: usize, end: usize): usize {
  return start < end ? putLiteral(to, start, end) : to
}

function putLiteral(to: usize, start: usize, end: usize): usize {
  const size = end - start
  if (size <= 60) {
    store<u8>(to++, (<u32>(size - 1)) << 2)
  } else if (size <= 256) {
    store<u8>(to, 60 << 2)
    store<u8>(to + 1, <u32>(size - 1))
    to += 2
  } else {
    store<u8>(to, 61 << 2)
    store<u16>(to + 1, <u32>(size - 1))
    to += 3
  }
  copyApart(to, start, size)
  return to + size
}

function putCopy(to: usize, distance: u32, size: u32): usize {
  // What is left must be four bytes at least.
  for (; size >= 68; size -= 64) to = putShortCopy(to, distance, 64)
  if (size > 64) {
    to = putShortCopy(to, distance, 60)
    size -= 60
  }
  return putShortCopy(to, distance, size)
}

function putShortCopy(to: usize, distance: u32, size: u32): usize {
  if (size < 12 && distance < 2048) {
    store<u16>(to, 1 | ((size - 4) << 2) | ((distance >> 8) << 5) | ((distance & 0xff) << 8))
    return to + 2
  }
  store<u8>(to, 2 | ((size - 1) << 2))
  store<u16>(to + 1, distance)
  return to + 3
}

/** What is wrong with a block: no literal or copy may go past an end. */
export enum SnappyFault {
  LITERAL_PAST_END = 1,
  COPY_BEFORE_START = 2,
  TOO_LONG = 3,
}

/**
 * Uncompresses the elements from `from` to `end`, without the length before them, to `output` up to `outputEnd` and returns where that ended; or, for
 * elements that are not valid, a SnappyFault, which no address is as low as.
 */
export function snappyUncompress(from: usize, end: usize, output: usize, outputEnd: usize): usize {
  let to = output
  while (from < end) {
    const tag = <u32>load<u8>(from++)
    let size: usize
    if ((tag & 3) == 0) {
      size = <usize>(tag >> 2) + 1
      if (size > 60) {
        const sizeBytes = size - 60
        if (sizeBytes > end - from) return SnappyFault.LITERAL_PAST_END
        // A size of four bytes wraps to 0 when it is the largest.
        size = <usize>((<u64>load<u32>(from) & (0xffffffff >> ((<u64>(4 - sizeBytes)) << 3))) + 1)
        from += sizeBytes
        if (size == 0) return SnappyFault.LITERAL_PAST_END
      }
      if (size > end - from) return SnappyFault.LITERAL_PAST_END
      if (size > outputEnd - to) return SnappyFault.TOO_LONG
      copyApart(to, from, size)
      from += size
      to += size
      continue
    }
    let distance: usize
    if ((tag & 3) == 1) {
      if (from == end) return SnappyFault.COPY_BEFORE_START
      size = <usize>((tag >> 2) & 7) + 4
      distance = ((<usize>(tag >> 5)) << 8) | <usize>load<u8>(from++)
    } else {
      size = <usize>(tag >> 2) + 1
      const distanceBytes: usize = (tag & 3) == 2 ? 2 : 4
      if (distanceBytes > end - from) return SnappyFault.COPY_BEFORE_START
      distance = distanceBytes == 2 ? <usize>load<u16>(from) : <usize>load<u32>(from)
      from += distanceBytes
    }
    if (distance == 0 || distance > to - output) return SnappyFault.COPY_BEFORE_START
    if (size > outputEnd - to) return SnappyFault.TOO_LONG
    copyBack(to, distance, size)
    to += size
  }
  return to
}
