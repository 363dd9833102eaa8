import { Kernels } from '../kernels/kernels.ts'

/** Castagnoli's polynomial, bit-reversed. */
const POLYNOMIAL = 0x82f63b78

/**
 * Sixteen tables of 256 entries, one after the other: entry `k * 256 + b` is what byte `b` adds to the checksum when `k` more bytes
 * follow it. They let sixteen bytes be folded in at once (slicing-by-16). A constant of the module, because the optimizer then knows
 * its length and leaves out bounds checks: as a parameter it costs a fifth of the speed.
 */
const TABLE = sliceTable()

function sliceTable(): Int32Array {
  const table = new Int32Array(16 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL
    table[byte] = crc
  }
  for (let i = 256; i < table.length; i++) {
    const previous = table[i - 256]!
    table[i] = (previous >>> 8) ^ table[previous & 0xff]!
  }
  return table
}

/** From here on slices pay: below, a batch often comes when nothing of the tables is in the processor's cache, and 1 KiB of them is there sooner than 16. */
const MIN_SLICED_BYTES = 512

/** From here on a kernel takes half of the time, its input's copy included. */
const MIN_KERNEL_BYTES = 4096

/** The kernel takes multiples of this. */
const KERNEL_BLOCK_BYTES = 2048

/** What the kernel is given at a time: little enough to be still in the processor's cache when it gets to it. */
const KERNEL_PIECE_BYTES = 32 * 1024

/** Until kernels cannot be had once: where WebAssembly is not allowed, or has no memory for another instance. */
let hasKernel = true

/** CRC-32C (Castagnoli) of `bytes` from `start` to `end`, as an unsigned number: the checksum of v2 record batches. */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let crc = -1
  let at = start
  if (end - at >= MIN_KERNEL_BYTES && (hasKernel &&= Kernels.areUsable())) {
    at = end - ((end - at) % KERNEL_BLOCK_BYTES)
    crc = byKernel(bytes, start, at)
  }
  if (end - at >= MIN_SLICED_BYTES) {
    const from = at
    at = end - ((end - at) & 15)
    crc = sliced(bytes, from, at, crc)
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}

/** The checksum of a multiple of KERNEL_BLOCK_BYTES, not inverted yet. */
function byKernel(bytes: Uint8Array, start: number, end: number): number {
  return Kernels.use('none', KERNEL_PIECE_BYTES, ({ run, base, bytes: memory }) => {
    let crc = -1
    for (let at = start; at < end; at += KERNEL_PIECE_BYTES) {
      const pieceEnd = Math.min(at + KERNEL_PIECE_BYTES, end)
      memory.set(bytes.subarray(at, pieceEnd), base)
      crc = run.crc32c(base, base + pieceEnd - at, crc)
    }
    return crc
  })
}

/** Continues a checksum, not inverted yet, over a multiple of sixteen bytes. */
function sliced(bytes: Uint8Array, start: number, end: number, before: number): number {
  // Words instead of bytes halve the number of loads, which is what bounds the speed.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let crc = before
  for (let at = start; at < end; at += 16) {
    const a = view.getInt32(at, true) ^ crc
    const b = view.getInt32(at + 4, true)
    const c = view.getInt32(at + 8, true)
    const d = view.getInt32(at + 12, true)
    crc =
      TABLE[0xf00 + (a & 0xff)]! ^
      TABLE[0xe00 + ((a >>> 8) & 0xff)]! ^
      TABLE[0xd00 + ((a >>> 16) & 0xff)]! ^
      TABLE[0xc00 + (a >>> 24)]! ^
      TABLE[0xb00 + (b & 0xff)]! ^
      TABLE[0xa00 + ((b >>> 8) & 0xff)]! ^
      TABLE[0x900 + ((b >>> 16) & 0xff)]! ^
      TABLE[0x800 + (b >>> 24)]! ^
      TABLE[0x700 + (c & 0xff)]! ^
      TABLE[0x600 + ((c >>> 8) & 0xff)]! ^
      TABLE[0x500 + ((c >>> 16) & 0xff)]! ^
      TABLE[0x400 + (c >>> 24)]! ^
      TABLE[0x300 + (d & 0xff)]! ^
      TABLE[0x200 + ((d >>> 8) & 0xff)]! ^
      TABLE[0x100 + ((d >>> 16) & 0xff)]! ^
      TABLE[d >>> 24]!
  }
  return crc
}
