import { Kernels, SLACK_BYTES } from '../kernels/kernels.ts'
import { garbled, tooLarge } from './codec.ts'
import { readZstdBlock, type ZstdFrame } from './zstd-frame.ts'

/** What the kernel finds wrong with a block (`ZstdFault`): numbers below all addresses. */
const FAULTS = [
  '',
  'the literals of a block are broken',
  'the tables of a block are broken',
  'the sequences of a block are broken',
] as const

/**
 * Decompresses frames one after the other. Works block by block, with room for one more block than there is output: nothing reliable says how much a frame makes, and
 * one that makes too much is given up as soon as it does.
 */
export function decompressFrames(frames: readonly ZstdFrame[], maxBytes: number): Uint8Array {
  const inputSize = frames.reduce((most, frame) => Math.max(most, frame.maxBlockSize), 0) + SLACK_BYTES
  return Kernels.use('zstd', inputSize, (kernels) => {
    const output = kernels.base + inputSize
    let at = output
    for (const frame of frames) at = decompressFrame(kernels, frame, at, output, maxBytes)
    return kernels.bytes.slice(output, at)
  })
}

/** Decompresses a frame to `start` on and returns where that ends, at most `maxBytes` after `output`. */
function decompressFrame(kernels: Kernels, frame: ZstdFrame, start: number, output: number, maxBytes: number): number {
  const { run, base } = kernels
  const { bytes, contentSize, maxBlockSize } = frame
  run.zstdStart()
  let at = start
  let blockAt = frame.blocksAt
  for (let isLast = false; !isLast;) {
    const block = readZstdBlock(bytes, blockAt)!
    const content = bytes.subarray(block.start, block.end)
    isLast = block.isLast
    blockAt = block.end
    kernels.reserve(at + maxBlockSize - base)
    if (block.kind === 'raw') {
      kernels.bytes.set(content, at)
      at += block.size
    } else if (block.kind === 'repeated') {
      kernels.bytes.fill(content[0]!, at, at + block.size)
      at += block.size
    } else {
      kernels.bytes.set(content, base)
      at = run.zstdBlock(base, base + block.size, start, at, at + maxBlockSize)
      if (at < FAULTS.length) throw garbled('zstd', FAULTS[at]!)
    }
    if (at - output > maxBytes) throw tooLarge('zstd', maxBytes)
  }
  if (contentSize !== undefined && contentSize !== at - start) {
    throw garbled('zstd', `its header says ${contentSize} bytes and it makes ${at - start}`)
  }
  if (frame.hasChecksum) {
    const stored = new DataView(bytes.buffer, bytes.byteOffset + blockAt).getUint32(0, true)
    if (stored !== run.xxhash64(start, at) >>> 0) throw garbled('zstd', 'the checksum of its content is wrong')
  }
  return at
}
