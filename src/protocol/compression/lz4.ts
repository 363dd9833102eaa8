import { Kernels, SLACK_BYTES } from '../kernels/kernels.ts'
import { checkLevel, garbled, tooLarge, type Codec, type CompressOptions, type DecompressOptions } from './codec.ts'
import { FRAME_END, frameHeader, MAX_BLOCK_SIZE, readLz4Frame, STORED } from './lz4-frame.ts'
import { xxhash32 } from './xxhash32.ts'

/** Most bytes that a block comes out as, its length included: literals, and a byte for each 255 of them (LZ4_compressBound). */
const MAX_COMPRESSED_BLOCK = 4 + MAX_BLOCK_SIZE + Math.ceil(MAX_BLOCK_SIZE / 255) + 16

/** No block expands to more than this for each of its bytes. */
const MAX_RATIO = 255

/** The lz4 codec. Writes frames as Java does: independent blocks of 64 KiB, no checksums but the header's. It has one level. */
export const lz4: Codec = {
  compress(bytes: Uint8Array, { level, magic = 2 }: CompressOptions) {
    checkLevel('lz4', level, 1, 17)
    return compress(bytes, magic)
  },
  decompress,
}

function compress(bytes: Uint8Array, magic: 0 | 1 | 2): Uint8Array {
  const header = frameHeader(magic)
  const blockCount = Math.ceil(bytes.length / MAX_BLOCK_SIZE)
  const outputSize = header.length + blockCount * MAX_COMPRESSED_BLOCK + FRAME_END.length
  return Kernels.use('lz4', bytes.length + SLACK_BYTES + outputSize, ({ run, base, bytes: memory }) => {
    const inputEnd = base + bytes.length
    memory.set(bytes, base)
    const output = inputEnd + SLACK_BYTES
    memory.set(header, output)
    const view = new DataView(memory.buffer)
    let at = output + header.length
    for (let start = base; start < inputEnd; start += MAX_BLOCK_SIZE) {
      const inputSize = Math.min(MAX_BLOCK_SIZE, inputEnd - start)
      const size = run.lz4Compress(start, start + inputSize, at + 4) - at - 4
      const isStored = size >= inputSize
      if (isStored) memory.copyWithin(at + 4, start, start + inputSize)
      view.setUint32(at, isStored ? inputSize | STORED : size, true)
      at += 4 + (isStored ? inputSize : size)
    }
    memory.set(FRAME_END, at)
    return memory.subarray(output, at + FRAME_END.length)
  })
}

function decompress(bytes: Uint8Array, { maxBytes, magic }: DecompressOptions): Uint8Array {
  const frame = readLz4Frame(bytes, magic)
  if (frame.contentSize !== undefined && frame.contentSize > maxBytes) throw tooLarge('lz4', maxBytes)
  const inputSize = frame.blocks.reduce((longest, { content }) => Math.max(longest, content.length), 0) + SLACK_BYTES
  const whole = Kernels.use('lz4', inputSize, (kernels) => {
    const { run, base } = kernels
    const output = base + inputSize
    let at = output
    for (const { content, isStored } of frame.blocks) {
      // Nothing says how much a block makes, or the frame.
      const limit = isStored ? content.length : Math.min(frame.maxBlockSize, content.length * MAX_RATIO)
      kernels.reserve(at + limit - base)
      if (isStored) {
        kernels.bytes.set(content, at)
        at += content.length
      } else {
        kernels.bytes.set(content, base)
        at = run.lz4Uncompress(base, base + content.length, at, at + limit, frame.hasLinkedBlocks ? output : at)
        if (at === 0) throw garbled('lz4', 'a block is broken')
      }
      if (at - output > maxBytes) throw tooLarge('lz4', maxBytes)
    }
    return kernels.bytes.slice(output, at)
  })
  if (frame.contentSize !== undefined && frame.contentSize !== whole.length) {
    throw garbled('lz4', `its header says ${frame.contentSize} bytes and it makes ${whole.length}`)
  }
  if (frame.contentChecksum !== undefined && xxhash32(whole) !== frame.contentChecksum) {
    throw garbled('lz4', 'the checksum of its content is wrong')
  }
  return whole
}
