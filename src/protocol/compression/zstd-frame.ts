import { garbled } from './codec.ts'

/** A frame within zstd data, none of it decompressed (RFC 8878). */
export interface ZstdFrame {
  /** The frame from its magic to its checksum. */
  bytes: Uint8Array
  /** How much output must be kept at hand to decompress it, in bytes. */
  windowSize: number
  /** Where in `bytes` the window size is; -1 when the frame is a single segment and has none. */
  windowAt: number
  /** Least and most bytes that it decompresses to, as far as can be told without doing so. */
  minSize: number
  maxSize: number
}

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const MAX_BLOCK_SIZE = 128 * 1024

const DESCRIPTOR = { SINGLE_SEGMENT: 0x20, RESERVED: 0x08, CHECKSUM: 0x04 } as const

/** Bytes of the dictionary id and of the content size, by their two-bit codes. */
const DICTIONARY_ID_SIZES = [0, 1, 2, 4] as const
const CONTENT_SIZE_SIZES = [0, 2, 4, 8] as const

/**
 * Finds the frames of zstd data by hopping over their blocks. This shows what is cut off or far too large before anything is decompressed: zstd-codec
 * takes data that ends early for complete, and node:zlib stops after the first frame. Throws CompressionError for what is broken.
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
  let minSize = 0
  let maxSize = 0
  for (let isLast = false; !isLast;) {
    need(bytes, at, 3)
    const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
    isLast = (header & 1) === 1
    const type = (header >>> 1) & 3
    const size = header >>> 3
    at += 3
    // A block holds its bytes as they are, one byte to repeat, or something compressed.
    const stored = type === 1 ? 1 : size
    if (type === 3 || size > maxBlockSize) throw garbled('zstd', `the block at byte ${at} is of an unknown kind`)
    need(bytes, at, stored)
    at += stored
    if (type !== 2) minSize += size
    maxSize += type === 2 ? maxBlockSize : size
  }
  if ((descriptor & DESCRIPTOR.CHECKSUM) !== 0) {
    need(bytes, at, 4)
    at += 4
  }
  return {
    bytes: bytes.subarray(start, at),
    windowSize,
    windowAt: windowAt < 0 ? -1 : windowAt - start,
    minSize: contentSize ?? minSize,
    maxSize: contentSize ?? maxSize,
  }
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

/**
 * The frame with a window no larger than its content needs. Java announces a window of 128 MiB at level 22 even for a
 * few bytes, since it does not know the size in advance, and a decompressor would allocate all of it.
 */
export function shrinkWindow(frame: ZstdFrame, atMost: number): Uint8Array {
  if (frame.windowAt < 0 || frame.windowSize <= atMost) return frame.bytes
  // Not below the largest block size, which depends on the window as well.
  let exponent = 17
  while (2 ** exponent < frame.maxSize) exponent++
  if (2 ** exponent > atMost) return frame.bytes
  const shrunk = frame.bytes.slice()
  shrunk[frame.windowAt] = (exponent - 10) << 3
  return shrunk
}

function need(bytes: Uint8Array, at: number, size: number): void {
  if (at + size > bytes.length) throw garbled('zstd', `it ends early, at byte ${bytes.length}`)
}
