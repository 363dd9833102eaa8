import { garbled } from './codec.ts'
import { xxhash32 } from './xxhash32.ts'

/** What a block is uncompressed to at most in the frames written here, as in Java's. */
export const MAX_BLOCK_SIZE: number = 64 * 1024

/** Bit of a block length that says the block is stored as it is. */
export const STORED = 0x80000000

/** The block length 0, which ends a frame. */
export const FRAME_END: Uint8Array = new Uint8Array(4)

const FRAME_MAGIC = 0x184d2204
const MAGIC_SIZE = 4

const FLAG = {
  VERSION: 0xc0,
  INDEPENDENT_BLOCKS: 0x20,
  BLOCK_CHECKSUMS: 0x10,
  CONTENT_SIZE: 0x08,
  CONTENT_CHECKSUM: 0x04,
  RESERVED: 0x02,
  DICTIONARY: 0x01,
} as const

/** A block as it is in the frame. */
interface Lz4Block {
  content: Uint8Array
  /** Not compressed, as it would have become longer. */
  isStored: boolean
}

/** What a frame consists of, nothing of it decompressed yet. */
export interface Lz4Frame {
  blocks: Lz4Block[]
  maxBlockSize: number
  hasLinkedBlocks: boolean
  contentSize: number | undefined
  contentChecksum: number | undefined
}

/**
 * The header of a frame with independent blocks of 64 KiB. In message sets v0 its checksum covers the frame's magic as well, a mistake of
 * the first Java client that old readers insist on (KAFKA-3160).
 */
export function frameHeader(magic: 0 | 1 | 2): Uint8Array {
  const header = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x40 | FLAG.INDEPENDENT_BLOCKS, 4 << 4, 0)
  header[6] = (xxhash32(header, magic === 0 ? 0 : MAGIC_SIZE, 6) >>> 8) & 0xff
  return header
}

/** Takes a frame apart. Bytes after it are left alone, as in Java (KafkaLZ4BlockInputStream). Throws CompressionError when it is broken. */
export function readLz4Frame(bytes: Uint8Array, magic: 0 | 1 | 2): Lz4Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 7) throw garbled('lz4', 'it is shorter than a frame header')
  if (view.getUint32(0, true) !== FRAME_MAGIC) throw garbled('lz4', 'it does not start with the magic of a frame')
  const flags = bytes[4]!
  const blockSizeCode = (bytes[5]! >>> 4) & 7
  if (
    (flags & FLAG.VERSION) !== 0x40 ||
    (flags & FLAG.RESERVED) !== 0 ||
    (bytes[5]! & 0x8f) !== 0 ||
    blockSizeCode < 4
  ) {
    throw garbled('lz4', 'its header is not of a known version')
  }
  if ((flags & FLAG.DICTIONARY) !== 0) throw garbled('lz4', 'it needs a dictionary')
  const hasContentSize = (flags & FLAG.CONTENT_SIZE) !== 0
  const checksumAt = hasContentSize ? 14 : 6
  if (bytes.length <= checksumAt) throw garbled('lz4', 'it ends within its header')
  // The checksum of v0 is wrong in one of two ways or right, depending on the client; Java does not look at it there.
  if (magic !== 0 && bytes[checksumAt] !== ((xxhash32(bytes, MAGIC_SIZE, checksumAt) >>> 8) & 0xff)) {
    throw garbled('lz4', 'the checksum of its header is wrong')
  }
  const maxBlockSize = 1 << (8 + 2 * blockSizeCode)
  const frame: Lz4Frame = {
    blocks: [],
    maxBlockSize,
    hasLinkedBlocks: (flags & FLAG.INDEPENDENT_BLOCKS) === 0,
    contentSize: hasContentSize ? view.getUint32(10, true) * 0x100000000 + view.getUint32(6, true) : undefined,
    contentChecksum: undefined,
  }
  const checksumSize = (flags & FLAG.BLOCK_CHECKSUMS) === 0 ? 0 : 4
  let at = checksumAt + 1
  for (;;) {
    if (bytes.length - at < 4) throw garbled('lz4', 'it ends before its last block')
    const word = view.getUint32(at, true)
    at += 4
    if (word === 0) break
    const length = word & ~STORED
    if (length > maxBlockSize || length + checksumSize > bytes.length - at) {
      throw garbled('lz4', `it ends within the block at byte ${at}`)
    }
    const content = bytes.subarray(at, at + length)
    at += length
    if (checksumSize !== 0 && xxhash32(content) !== view.getUint32(at, true)) {
      throw garbled('lz4', `the checksum of the block before byte ${at} is wrong`)
    }
    at += checksumSize
    frame.blocks.push({ content, isStored: word >= STORED })
  }
  if ((flags & FLAG.CONTENT_CHECKSUM) !== 0) {
    if (bytes.length - at < 4) throw garbled('lz4', 'it ends before its checksum')
    frame.contentChecksum = view.getUint32(at, true)
  }
  return frame
}
