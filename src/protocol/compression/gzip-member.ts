import { Kernels, SLACK_BYTES } from '../kernels/kernels.ts'

/** Magic, deflate as the method, and no flags, as a number; after it a time, and what compressed it where. */
const HEADER = 0x00088b1f
const HEADER_SIZE = 10

/** CRC-32 and size of what was compressed. */
const TRAILER_SIZE = 8

/** CRC-32, by whatever computes it fastest. */
export type Crc32 = (bytes: Uint8Array) => number

/** Room for what `deflate` makes besides an eighth more than its input: ends of blocks, and what is written ahead. */
const DEFLATE_SLACK_BYTES = 1024

/** How far `inflate` may write past the end of its output. */
const OUTPUT_SLACK_BYTES = 320

/** What the last four bytes of gzip data say it decompresses to: a hint for choosing the way, and nothing to rely on. */
export function announcedSize(bytes: Uint8Array): number {
  if (bytes.length < 4) return 0
  return viewOf(bytes).getUint32(bytes.length - 4, true)
}

/** Compresses to one member, about as small as zlib's default level makes it. What is returned is valid until the kernels are used again. */
export function gzipPlain(bytes: Uint8Array, crc32: Crc32): Uint8Array {
  const inputSize = bytes.length + SLACK_BYTES
  const outputSize = HEADER_SIZE + Math.ceil(bytes.length / 7) + bytes.length + TRAILER_SIZE + DEFLATE_SLACK_BYTES
  return Kernels.use('gzip', inputSize + outputSize, ({ run, base, bytes: memory }) => {
    memory.set(bytes, base)
    const start = base + inputSize
    const view = new DataView(memory.buffer)
    memory.fill(0, start, start + HEADER_SIZE)
    view.setUint32(start, HEADER, true)
    const end = run.deflate(base, base + bytes.length, start + HEADER_SIZE)
    view.setUint32(end, crc32(bytes), true)
    view.setUint32(end + 4, bytes.length, true)
    return memory.subarray(start, end + TRAILER_SIZE)
  })
}

/**
 * Decompresses gzip data of the kind that producers write: one member without a name or other fields, which makes `size` bytes, as it announces. Returns
 * undefined for any other, and for data that is broken: node:zlib can read the one and say what is wrong with the other.
 */
export function gunzipPlain(bytes: Uint8Array, size: number, crc32: Crc32): Uint8Array | undefined {
  const trailerAt = bytes.length - TRAILER_SIZE
  if (trailerAt < HEADER_SIZE) return undefined
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== HEADER) return undefined
  const inputSize = bytes.length + SLACK_BYTES
  const output = Kernels.use('gzip', inputSize + size + OUTPUT_SLACK_BYTES, ({ run, base, bytes: memory }) => {
    memory.set(bytes, base)
    const at = base + inputSize
    const end = run.inflate(base + HEADER_SIZE, base + trailerAt, at, at + size)
    return end === base + trailerAt ? memory.slice(at, at + size) : undefined
  })
  return output !== undefined && crc32(output) === view.getUint32(trailerAt, true) ? output : undefined
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
