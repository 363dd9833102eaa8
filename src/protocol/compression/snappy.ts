import { Kernels, SLACK_BYTES } from '../kernels/kernels.ts'
import { garbled, tooLarge, type Codec, type CompressOptions, type DecompressOptions } from './codec.ts'

/** What a block is uncompressed to at most when Java writes it (`SnappyOutputStream`, 32 KiB). */
const BLOCK_SIZE = 32 * 1024

/** Most bytes that a block comes out as, its length included: literals of 60 bytes with a tag each, and some matches for nothing (MaxCompressedLength). */
const MAX_COMPRESSED_BLOCK = 4 + 32 + BLOCK_SIZE + Math.ceil(BLOCK_SIZE / 6)

/** Eight bytes that open the framing of snappy-java (xerial), its version and the oldest version that can read it, both 1. */
const XERIAL_HEADER = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1)
const XERIAL_MAGIC_SIZE = 8

/** Three bytes of a block make 64 at the most. */
const MAX_RATIO = 22

/** What `snappyUncompress` returns of a block that is not valid, instead of an address (SnappyFault). */
const FAULTS: Record<number, string> = {
  1: 'a literal goes past the end of its block',
  2: 'a copy starts before its block',
  3: 'a block makes more than it says',
}

/** The snappy codec. Writes the xerial framing as Java does; reads that and raw blocks, as librdkafka and franz-go write them. */
export const snappy: Codec = {
  compress: (bytes: Uint8Array, _options: CompressOptions) => compress(bytes),
  decompress: (bytes: Uint8Array, options: DecompressOptions) => decompress(bytes, options.maxBytes),
}

function compress(bytes: Uint8Array): Uint8Array {
  const blockCount = Math.ceil(bytes.length / BLOCK_SIZE)
  const outputSize = XERIAL_HEADER.length + blockCount * MAX_COMPRESSED_BLOCK
  return Kernels.use('snappy', bytes.length + SLACK_BYTES + outputSize, (kernels) => {
    const { run, base, bytes: memory } = kernels
    const inputEnd = base + bytes.length
    memory.set(bytes, base)
    const output = inputEnd + SLACK_BYTES
    memory.set(XERIAL_HEADER, output)
    const view = new DataView(memory.buffer)
    let at = output + XERIAL_HEADER.length
    for (let start = base; start < inputEnd; start += BLOCK_SIZE) {
      const end = run.snappyCompress(start, Math.min(start + BLOCK_SIZE, inputEnd), at + 4)
      view.setInt32(at, end - at - 4)
      at = end
    }
    return memory.subarray(output, at)
  })
}

/** A raw block of the input: where its elements lie, and what they uncompress to. */
interface Block {
  readonly bodyAt: number
  readonly end: number
  readonly size: number
}

function decompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const ranges = startsWithMagic(bytes, 0) ? xerialBlocks(bytes) : [{ start: 0, end: bytes.length }]
  let size = 0
  const blocks = ranges.map(({ start, end }) => {
    const block = readBlock(bytes, start, end)
    size += block.size
    if (size > maxBytes) throw tooLarge('snappy', maxBytes)
    return block
  })
  return Kernels.use('snappy', bytes.length + SLACK_BYTES + size, ({ run, base, bytes: memory }) => {
    memory.set(bytes, base)
    const output = base + bytes.length + SLACK_BYTES
    let at = output
    for (const block of blocks) {
      const end = run.snappyUncompress(base + block.bodyAt, base + block.end, at, at + block.size)
      const fault = FAULTS[end]
      if (fault !== undefined) throw garbled('snappy', fault)
      if (end !== at + block.size) throw garbled('snappy', `a block of ${block.size} bytes makes ${end - at}`)
      at = end
    }
    return memory.slice(output, at)
  })
}

/** The beginning of the raw block from `start` to `end`. Throws CompressionError for a size that so few bytes cannot make. */
function readBlock(bytes: Uint8Array, start: number, end: number): Block {
  let bodyAt = start
  let size = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bodyAt < end && shift < 35 ? bytes[bodyAt++]! : undefined
    if (byte === undefined) throw garbled('snappy', 'a block has no valid length')
    size += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (size > (end - bodyAt) * MAX_RATIO) throw garbled('snappy', `${end - bodyAt} bytes cannot make ${size}`)
  return { bodyAt, end, size }
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
