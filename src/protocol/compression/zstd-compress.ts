import { Kernels, SLACK_BYTES } from '../kernels/kernels.ts'
import { BLOCK_HEADER_SIZE } from './zstd-frame.ts'

/** The longest header of a frame: magic, descriptor, window, and four bytes of size. */
const MAX_HEADER_SIZE = 10

/** No block is smaller but the last: one ends after 128 KiB, or when it has 16,384 matches of 4 bytes at least. */
const MIN_BLOCK_SIZE = 64 * 1024

/** How far `zstdCompress` may write past the end of its output before it finds that a block is better left as it is. */
const OUTPUT_SLACK_BYTES = 1024

/** Compresses to one frame, about as small as zstd's default level makes it. What is returned is valid until the kernels are used again. */
export function compressFrame(bytes: Uint8Array): Uint8Array {
  const inputSize = bytes.length + SLACK_BYTES
  const blockCount = Math.ceil(bytes.length / MIN_BLOCK_SIZE) + 1
  const outputSize = MAX_HEADER_SIZE + blockCount * BLOCK_HEADER_SIZE + bytes.length + OUTPUT_SLACK_BYTES
  return Kernels.use('zstd', inputSize + outputSize, ({ run, base, bytes: memory }) => {
    memory.set(bytes, base)
    const start = base + inputSize
    const end = run.zstdCompress(base, base + bytes.length, start)
    return memory.subarray(start, end)
  })
}
