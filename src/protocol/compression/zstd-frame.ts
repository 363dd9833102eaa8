import { garbled } from './codec.ts'

/** A frame within zstd data, none of it decompressed (RFC 8878). */
export interface ZstdFrame {
  /** The frame from its magic to its checksum. */
  bytes: Uint8Array
  /** Where in `bytes` the first block is. */
  blocksAt: number
  /** How far back matches reach, in bytes. */
  windowSize: number
  /** Most bytes that a block decompresses to. */
  maxBlockSize: number
  /** How many bytes it decompresses to, where that is announced. */
  contentSize: number | undefined
  /** Least and most bytes that it decompresses to, as far as can be told without doing so. */
  minSize: number
  maxSize: number
  hasChecksum: boolean
}

/** A block within a frame. */
export interface ZstdBlock {
  kind: 'raw' | 'repeated' | 'compressed'
  /** Bytes that it decompresses to, or takes if it is compressed. */
  size: number
  /** Where in the frame its content is, and where that ends. */
  start: number
  end: number
  isLast: boolean
}

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const MAX_BLOCK_SIZE = 128 * 1024

/** The header of a block, before its content. */
export const BLOCK_HEADER_SIZE = 3

const BLOCK_KINDS = ['raw', 'repeated', 'compressed'] as const

const DESCRIPTOR = { SINGLE_SEGMENT: 0x20, RESERVED: 0x08, CHECKSUM: 0x04 } as const

/** Bytes of the dictionary id and of the content size, by their two-bit codes. */
const DICTIONARY_ID_SIZES = [0, 1, 2, 4] as const
const CONTENT_SIZE_SIZES = [0, 2, 4, 8] as const

/**
 * Finds the frames of zstd data by hopping over their blocks. This shows what is cut off or far too large before anything is decompressed, and node:zlib
 * stops after the first frame. Throws CompressionError for what is broken.
 */
export function readZstdFrames(bytes: Uint8Array): ZstdFrame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const frames: ZstdFrame[] = []
  let at = 0
  do {
    need(bytes, at, 8)
    const magic = view.getUint32(at, true)
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      const size = view.getUint32(at + 4, true)
      need(bytes, at + 8, size)
      at += 8 + size
    } else if (magic === FRAME_MAGIC) {
      const frame = readFrame(bytes, view, at)
      frames.push(frame)
      at += frame.bytes.length
    } else {
      throw garbled('zstd', `there is no frame at byte ${at}`)
    }
  } while (at < bytes.length)
  return frames
}

function readFrame(bytes: Uint8Array, view: DataView, start: number): ZstdFrame {
  let at = start + 4
  const descriptor = bytes[at++]!
  const isSingleSegment = (descriptor & DESCRIPTOR.SINGLE_SEGMENT) !== 0
  if ((descriptor & DESCRIPTOR.RESERVED) !== 0) throw garbled('zstd', 'a frame header has an unknown flag')
  const windowAt = isSingleSegment ? -1 : at++
  const idSize = DICTIONARY_ID_SIZES[(descriptor & 3) as 0 | 1 | 2 | 3]
  const sizeCode = (descriptor >>> 6) as 0 | 1 | 2 | 3
  const sizeSize = sizeCode === 0 && isSingleSegment ? 1 : CONTENT_SIZE_SIZES[sizeCode]
  need(bytes, at, idSize + sizeSize)
  for (let i = 0; i < idSize; i++) {
    if (bytes[at + i] !== 0) throw garbled('zstd', 'it needs a dictionary')
  }
  at += idSize
  const contentSize = readContentSize(view, at, sizeSize)
  at += sizeSize
  const windowSize = windowAt < 0 ? contentSize! : readWindowSize(bytes[windowAt]!)
  const maxBlockSize = Math.min(windowSize, MAX_BLOCK_SIZE)
  const blocksAt = at - start
  let minSize = 0
  let maxSize = 0
  for (let isLast = false; !isLast;) {
    need(bytes, at, BLOCK_HEADER_SIZE)
    const block = readZstdBlock(bytes, at)
    if (block === undefined || block.size > maxBlockSize) {
      throw garbled('zstd', `the block at byte ${at} is of an unknown kind`)
    }
    need(bytes, block.start, block.end - block.start)
    at = block.end
    isLast = block.isLast
    if (block.kind !== 'compressed') minSize += block.size
    maxSize += block.kind === 'compressed' ? maxBlockSize : block.size
  }
  const hasChecksum = (descriptor & DESCRIPTOR.CHECKSUM) !== 0
  if (hasChecksum) {
    need(bytes, at, 4)
    at += 4
  }
  return {
    bytes: bytes.subarray(start, at),
    blocksAt,
    windowSize,
    maxBlockSize,
    contentSize,
    minSize: contentSize ?? minSize,
    maxSize: contentSize ?? maxSize,
    hasChecksum,
  }
}

/** Reads the header of the block at `at`, which must be there. Returns undefined for a kind that does not exist. */
export function readZstdBlock(bytes: Uint8Array, at: number): ZstdBlock | undefined {
  const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
  const kind = BLOCK_KINDS[(header >>> 1) & 3]
  if (kind === undefined) return undefined
  const size = header >>> 3
  const start = at + BLOCK_HEADER_SIZE
  // One that is repeated has one byte.
  return { kind, size, start, end: start + (kind === 'repeated' ? 1 : size), isLast: (header & 1) === 1 }
}

function readContentSize(view: DataView, at: number, size: number): number | undefined {
  if (size === 1) return view.getUint8(at)
  if (size === 2) return view.getUint16(at, true) + 256
  if (size === 4) return view.getUint32(at, true)
  if (size === 8) return view.getUint32(at + 4, true) * 0x100000000 + view.getUint32(at, true)
  return undefined
}

function readWindowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3))
  return base + (base / 8) * (descriptor & 7)
}

function need(bytes: Uint8Array, at: number, size: number): void {
  if (at + size > bytes.length) throw garbled('zstd', `it ends early, at byte ${bytes.length}`)
}
