import { plainBytes } from '../bytes/plain.ts'
import {
  garbled,
  importOptional,
  join,
  notCompressed,
  tooLarge,
  type Codec,
  type CompressOptions,
  type DecompressOptions,
  type ImportPackage,
} from './codec.ts'

/** What is used of the package snappyjs: whole raw blocks. */
interface SnappyJs {
  compress(block: Uint8Array): Uint8Array
  uncompress(block: Uint8Array): Uint8Array
}

/** What a block is uncompressed to at most when Java writes it (`SnappyOutputStream`, 32 KiB). */
const BLOCK_SIZE = 32 * 1024

/** Eight bytes that open the framing of snappy-java (xerial), its version and the oldest version that can read it, both 1. */
const XERIAL_HEADER = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1)
const XERIAL_MAGIC_SIZE = 8

/** The snappy codec on snappyjs. Writes the xerial framing as Java does; reads that and raw blocks, as librdkafka and franz-go write them. */
export async function loadSnappy(importPackage?: ImportPackage): Promise<Codec> {
  const snappy = (await importOptional('snappy', 'snappyjs', importPackage)) as SnappyJs
  return {
    compress: (bytes: Uint8Array, _options: CompressOptions) => compress(snappy, bytes),
    decompress: (bytes: Uint8Array, options: DecompressOptions) => decompress(snappy, bytes, options.maxBytes),
  }
}

function compress(snappy: SnappyJs, bytes: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [XERIAL_HEADER]
  let size = XERIAL_HEADER.length
  // snappyjs answers a Buffer with a slice that shares its memory.
  const input = plainBytes(bytes)
  for (let at = 0; at < bytes.length; at += BLOCK_SIZE) {
    let block: Uint8Array
    try {
      block = snappy.compress(input.subarray(at, at + BLOCK_SIZE))
    } catch (cause) {
      throw notCompressed('snappy', cause)
    }
    const length = new Uint8Array(4)
    new DataView(length.buffer).setInt32(0, block.length)
    pieces.push(length, block)
    size += 4 + block.length
  }
  return pieces.length === 1 ? XERIAL_HEADER.slice() : join(pieces, size)
}

function decompress(snappy: SnappyJs, bytes: Uint8Array, maxBytes: number): Uint8Array {
  const input = plainBytes(bytes)
  const blocks = startsWithMagic(input, 0) ? xerialBlocks(input) : [input]
  let size = 0
  for (const block of blocks) {
    size += checkBlock(block, maxBytes - size, maxBytes)
  }
  const pieces: Uint8Array[] = []
  for (const block of blocks) {
    try {
      pieces.push(snappy.uncompress(block))
    } catch (cause) {
      throw garbled('snappy', 'a block is broken', cause)
    }
  }
  return join(pieces, size)
}

function startsWithMagic(bytes: Uint8Array, at: number): boolean {
  if (bytes.length - at < XERIAL_HEADER.length) return false
  for (let i = 0; i < XERIAL_MAGIC_SIZE; i++) {
    if (bytes[at + i] !== XERIAL_HEADER[i]) return false
  }
  return true
}

function xerialBlocks(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getInt32(12) < 1) throw garbled('snappy', `its framing is of version ${view.getInt32(12)}`)
  const blocks: Uint8Array[] = []
  let at = XERIAL_HEADER.length
  while (at < bytes.length) {
    if (startsWithMagic(bytes, at)) {
      // Streams may be joined, header and all (Java: SnappyInputStream.hasNextChunk).
      at += XERIAL_HEADER.length
      continue
    }
    const length = bytes.length - at < 4 ? -1 : view.getInt32(at)
    if (length < 0 || length > bytes.length - at - 4) throw garbled('snappy', `it ends within the block at byte ${at}`)
    blocks.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return blocks
}

/**
 * Walks over a raw block without copying anything, checks that it is valid and returns what it uncompresses to. snappyjs itself does not
 * notice output that is too short or too long, and loops for ever on a literal whose length is negative as an int32.
 */
function checkBlock(block: Uint8Array, room: number, maxBytes: number): number {
  let at = 0
  let size = 0
  for (let shift = 0; ; shift += 7) {
    const byte = at < block.length && shift < 35 ? block[at++]! : undefined
    if (byte === undefined) throw garbled('snappy', 'a block has no valid length')
    size += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (size > room) throw tooLarge('snappy', maxBytes)
  let produced = 0
  while (at < block.length) {
    const tag = block[at++]!
    const kind = tag & 3
    if (kind === 0) {
      let length = (tag >>> 2) + 1
      if (length > 60) {
        const lengthSize = length - 60
        length = littleEndian(block, at, lengthSize) + 1
        at += lengthSize
      }
      if (!(length <= block.length - at)) throw garbled('snappy', 'a literal goes past the end of its block')
      at += length
      produced += length
    } else {
      const offsetSize = kind === 3 ? 4 : kind
      let distance = littleEndian(block, at, offsetSize)
      at += offsetSize
      let length = (tag >>> 2) + 1
      if (kind === 1) {
        distance += (tag >>> 5) << 8
        length = ((tag >>> 2) & 7) + 4
      }
      if (!(distance > 0 && distance <= produced)) throw garbled('snappy', 'a copy starts before its block')
      produced += length
    }
    if (produced > size) break
  }
  if (produced !== size) throw garbled('snappy', `a block of ${size} bytes makes ${produced} or more`)
  return size
}

/** One to four bytes as an unsigned number; NaN past the end. */
function littleEndian(bytes: Uint8Array, at: number, size: number): number {
  if (at + size > bytes.length) return NaN
  let value = 0
  for (let i = size - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!
  return value
}
