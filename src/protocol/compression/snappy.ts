import { garbled, Scratch, tooLarge, type Codec, type CompressOptions, type DecompressOptions } from './codec.ts'
import { compressBlock, maxCompressedBytes, readBlockSize, uncompressBlock } from './snappy-block.ts'

/** What a block is uncompressed to at most when Java writes it (`SnappyOutputStream`, 32 KiB). */
const BLOCK_SIZE = 32 * 1024

/** Eight bytes that open the framing of snappy-java (xerial), its version and the oldest version that can read it, both 1. */
const XERIAL_HEADER = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1)
const XERIAL_MAGIC_SIZE = 8

/** The snappy codec. Writes the xerial framing as Java does; reads that and raw blocks, as librdkafka and franz-go write them. */
export const snappy: Codec = {
  compress: (bytes: Uint8Array, _options: CompressOptions) => compress(bytes),
  decompress: (bytes: Uint8Array, options: DecompressOptions) => decompress(bytes, options.maxBytes),
}

const scratch = new Scratch()

function compress(bytes: Uint8Array): Uint8Array {
  const blockCount = Math.ceil(bytes.length / BLOCK_SIZE)
  const output = scratch.take(XERIAL_HEADER.length + maxCompressedBytes(bytes.length) + blockCount * (4 + 32))
  const view = new DataView(output.buffer)
  output.set(XERIAL_HEADER)
  let at = XERIAL_HEADER.length
  for (let start = 0; start < bytes.length; start += BLOCK_SIZE) {
    const end = compressBlock(bytes, start, Math.min(start + BLOCK_SIZE, bytes.length), output, at + 4)
    view.setInt32(at, end - at - 4)
    at = end
  }
  return output.subarray(0, at)
}

/** A raw block: where its elements lie, and what they uncompress to. */
interface Block {
  readonly bodyAt: number
  readonly end: number
  readonly size: number
}

function decompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const ranges = startsWithMagic(bytes, 0) ? xerialBlocks(bytes) : [{ start: 0, end: bytes.length }]
  let size = 0
  const blocks = ranges.map(({ start, end }): Block => {
    const block = readBlockSize(bytes, start, end)
    size += block.size
    if (size > maxBytes) throw tooLarge('snappy', maxBytes)
    return { bodyAt: block.bodyAt, end, size: block.size }
  })
  const output = new Uint8Array(size)
  let at = 0
  for (const block of blocks) {
    uncompressBlock(bytes, block.bodyAt, block.end, output, at, at + block.size)
    at += block.size
  }
  return output
}

function startsWithMagic(bytes: Uint8Array, at: number): boolean {
  if (bytes.length - at < XERIAL_HEADER.length) return false
  for (let i = 0; i < XERIAL_MAGIC_SIZE; i++) {
    if (bytes[at + i] !== XERIAL_HEADER[i]) return false
  }
  return true
}

function xerialBlocks(bytes: Uint8Array): { start: number; end: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getInt32(12) < 1) throw garbled('snappy', `its framing is of version ${view.getInt32(12)}`)
  const blocks: { start: number; end: number }[] = []
  let at = XERIAL_HEADER.length
  while (at < bytes.length) {
    if (startsWithMagic(bytes, at)) {
      // Streams may be joined, header and all (Java: SnappyInputStream.hasNextChunk).
      at += XERIAL_HEADER.length
      continue
    }
    const length = bytes.length - at < 4 ? -1 : view.getInt32(at)
    if (length < 0 || length > bytes.length - at - 4) throw garbled('snappy', `it ends within the block at byte ${at}`)
    blocks.push({ start: at + 4, end: at + 4 + length })
    at += 4 + length
  }
  return blocks
}
