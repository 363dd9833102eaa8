import { forgetHuffman, hasHuffman, readHuffman } from './huffman-decode'
import { decodeStream, decodeStreams } from './huffman-decode-streams'
import { copyLast, readTables, runSequences, startSequences } from './zstd-decode-sequences'

const MAX_BLOCK_SIZE: usize = 128 * 1024

/** The literals of a block, unless they are in the input as they are; with room for what is copied beyond them. */
const LITERALS: usize = memory.data(128 * 1024 + 64, 64)

/** Where the literals of the block are. */
let literals: usize = 0
let literalsEnd: usize = 0

/** What is wrong with a block. */
export enum ZstdFault {
  LITERALS = 1,
  TABLES = 2,
  SEQUENCES = 3,
}

/** Begins a frame. Its compressed blocks follow in order, each with `zstdBlock`. */
export function zstdStart(): void {
  forgetHuffman()
  startSequences()
}

/**
 * Decompresses the content of a compressed block (RFC 8878, 3.1.1.3) from `from` to `end`, to `to` and up to `toEnd`, at most MAX_BLOCK_SIZE. Returns where that ended;
 * or, for a block that is not valid or makes more, a ZstdFault, which no address is as low as. Matches may begin at `history` at the earliest, where the frame's output does.
 * Once it has read a stream too far, it loads some bytes from before `from`, up to 48 KiB, and refuses the block.
 */
export function zstdBlock(from: usize, end: usize, history: usize, to: usize, toEnd: usize): usize {
  from = readLiterals(from, end, min(toEnd - to, MAX_BLOCK_SIZE))
  if (from == 0) return ZstdFault.LITERALS
  if (from == end) return ZstdFault.TABLES
  let count = <u32>load<u8>(from++)
  if (count >= 128) {
    if (count == 255) {
      if (end - from < 2) return ZstdFault.TABLES
      count = <u32>load<u16>(from) + 0x7f00
      from += 2
    } else {
      if (from == end) return ZstdFault.TABLES
      count = ((count - 128) << 8) + <u32>load<u8>(from++)
    }
  }
  if (count == 0) {
    if (from != end) return ZstdFault.TABLES
    return copyLast(to, toEnd, literals, literalsEnd)
  }
  from = readTables(from, end)
  if (from == 0) return ZstdFault.TABLES
  to = runSequences(from, end, count, literals, literalsEnd, history, to, toEnd)
  return to == 0 ? <usize>ZstdFault.SEQUENCES : to
}

/** Reads the literals of a block, at most `maxSize`. Returns where that ends, or 0 for what is not valid. */
function readLiterals(from: usize, end: usize, maxSize: usize): usize {
  if (end - from < 2) return 0
  const header = load<u32>(from)
  const kind = header & 3
  const form = (header >> 2) & 3
  if (kind >= 2) return readCompressed(from, end, maxSize, kind == 2, form)
  let size: usize
  if ((form & 1) == 0) {
    size = <usize>((header & 255) >> 3)
    from += 1
  } else if (form == 1) {
    size = <usize>((header & 0xffff) >> 4)
    from += 2
  } else {
    size = <usize>((header & 0xffffff) >> 4)
    from += 3
  }
  if (size > maxSize) return 0
  if (kind == 0) {
    if (from > end || size > end - from) return 0
    literals = from
    literalsEnd = from + size
    return literalsEnd
  }
  if (from >= end) return 0
  memory.fill(LITERALS, load<u8>(from), size)
  literals = LITERALS
  literalsEnd = LITERALS + size
  return from + 1
}

/** Literals in Huffman codes, which are described before them or were in a block before. */
function readCompressed(from: usize, end: usize, maxSize: usize, isDescribed: bool, form: u32): usize {
  if (end - from < 5) return 0
  const header = load<u64>(from) & 0xffffffffff
  // Both sizes have ten bits, or 14 or 18.
  const sizeBits = <u64>(form < 2 ? 10 : 2 + 4 * (form + 1))
  const mask = ((<u64>1) << sizeBits) - 1
  const size = <usize>((header >> 4) & mask)
  const storedSize = <usize>((header >> (4 + sizeBits)) & mask)
  from += form < 2 ? 3 : <usize>(form + 2)
  if (size > maxSize || storedSize > end - from) return 0
  const storedEnd = from + storedSize
  if (isDescribed) from = readHuffman(from, storedEnd)
  if (from == 0 || !hasHuffman()) return 0
  literals = LITERALS
  literalsEnd = LITERALS + size
  const isRight =
    form == 0
      ? decodeStream(from, storedEnd, LITERALS, literalsEnd)
      : decodeStreams(from, storedEnd, LITERALS, literalsEnd)
  return isRight ? storedEnd : 0
}
