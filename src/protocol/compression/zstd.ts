import type { CompressionError } from '../../errors.ts'
import { Kernels } from '../kernels/kernels.ts'
import {
  checkLevel,
  chunkSizeFor,
  garbled,
  join,
  messageOf,
  notCompressed,
  tooLarge,
  type Codec,
  type CompressOptions,
  type DecompressOptions,
} from './codec.ts'
import { compressFrame } from './zstd-compress.ts'
import { decompressFrames } from './zstd-decompress.ts'
import { readZstdFrames, type ZstdFrame } from './zstd-frame.ts'

type Callback = (error: Error | null, result: Uint8Array) => void

/** What is used of node:zlib from Node.js 22.15 and 23.8 on. */
interface ZstdZlib {
  constants: Record<`ZSTD_c_${'compressionLevel' | 'minMatch'}`, number>
  zstdCompress(bytes: Uint8Array, options: object, callback: Callback): void
  zstdCompressSync(bytes: Uint8Array, options: object): Uint8Array
  zstdDecompress(bytes: Uint8Array, options: object, callback: Callback): void
  zstdDecompressSync(bytes: Uint8Array, options: object): Uint8Array
}

const DEFAULT_LEVEL = 3

/**
 * What zstd takes at its default level for most sizes. With the 4 that it takes from 128 to 256 KiB and up to 16 KiB, batches of JSON come out 6 to 8 % larger,
 * and large ones after a third more time.
 */
const DEFAULT_MIN_MATCH = 5

/** Java's range of levels (ZstdCompression). */
const MIN_LEVEL = -131072
const MAX_LEVEL = 22

/** From this size on it compresses in the thread pool, lest the event loop stand still for more than two or three milliseconds. It costs half as much CPU time again there. */
const OFF_LOOP_BYTES = 512 * 1024

/** From this size on node:zlib decompresses, in its thread pool: more than a millisecond of work. */
const OFF_LOOP_OUTPUT_BYTES = 1024 * 1024

/** Larger windows are refused by node:zlib, which makes a buffer of that size. */
const ZLIB_MAX_WINDOW = 128 * 1024 * 1024

/**
 * The zstd codec. Kernels do what takes a millisecond or two at the most; node:zlib, where it has zstd, what is larger, other levels, and everything where kernels
 * are not usable. Where node:zlib has none, there is one level.
 */
export async function loadZstd(importZlib: () => Promise<unknown> = () => import('node:zlib')): Promise<Codec> {
  const imported = (await importZlib().catch(() => ({}))) as Partial<ZstdZlib>
  const zlib = typeof imported.zstdDecompressSync === 'function' ? (imported as ZstdZlib) : undefined
  const hasKernels = Kernels.areUsable()
  return {
    compress(bytes: Uint8Array, { level = DEFAULT_LEVEL }: CompressOptions) {
      checkLevel('zstd', level, MIN_LEVEL, MAX_LEVEL)
      if (zlib === undefined) return compressFrame(bytes)
      const suitsKernel = level === DEFAULT_LEVEL && bytes.length < OFF_LOOP_BYTES
      return suitsKernel && hasKernels ? compressFrame(bytes) : compressByZlib(zlib, bytes, level)
    },
    decompress(bytes: Uint8Array, { maxBytes }: DecompressOptions) {
      const frames = readFrames(bytes, maxBytes)
      if (zlib === undefined || (hasKernels && isForKernel(frames))) return decompressFrames(frames, maxBytes)
      const [first] = frames
      if (frames.length === 1 && first!.maxSize < OFF_LOOP_OUTPUT_BYTES) return decompressNow(zlib, first!, maxBytes)
      return decompressOffLoop(zlib, frames, maxBytes)
    },
  }
}

function isForKernel(frames: readonly ZstdFrame[]): boolean {
  let size = 0
  for (const frame of frames) {
    size += frame.maxSize
    if (frame.windowSize > ZLIB_MAX_WINDOW) return true
  }
  return size < OFF_LOOP_OUTPUT_BYTES
}

function readFrames(bytes: Uint8Array, maxBytes: number): ZstdFrame[] {
  const frames = readZstdFrames(bytes)
  let least = 0
  for (const frame of frames) least += frame.minSize
  if (least > maxBytes) throw tooLarge('zstd', maxBytes)
  return frames
}

function compressByZlib(zlib: ZstdZlib, bytes: Uint8Array, level: number): Uint8Array | Promise<Uint8Array> {
  const options = {
    params: paramsOf(zlib, level),
    // Knowing the size, zstd takes tables that fit it: half the time for batches of some ten KiB.
    pledgedSrcSize: bytes.length,
    chunkSize: chunkSizeFor(bytes.length / 2),
  }
  if (bytes.length < OFF_LOOP_BYTES) return zlib.zstdCompressSync(bytes, options)
  return new Promise((resolve, reject) => {
    zlib.zstdCompress(bytes, options, (error, result) => {
      if (error === null) resolve(result)
      else reject(notCompressed('zstd', error))
    })
  })
}

function paramsOf({ constants }: ZstdZlib, level: number): Record<number, number> {
  const params = { [constants.ZSTD_c_compressionLevel]: level }
  if (level === DEFAULT_LEVEL) params[constants.ZSTD_c_minMatch] = DEFAULT_MIN_MATCH
  return params
}

function decompressNow(zlib: ZstdZlib, frame: ZstdFrame, maxBytes: number): Uint8Array {
  try {
    return zlib.zstdDecompressSync(frame.bytes, decompressOptions(frame, maxBytes))
  } catch (cause) {
    throw notDecompressed(cause, maxBytes)
  }
}

async function decompressOffLoop(zlib: ZstdZlib, frames: readonly ZstdFrame[], maxBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let size = 0
  for (const frame of frames) {
    const options = decompressOptions(frame, maxBytes - size)
    const piece = await new Promise<Uint8Array>((resolve, reject) => {
      zlib.zstdDecompress(frame.bytes, options, (error, result) => {
        if (error === null) resolve(result)
        else reject(notDecompressed(error, maxBytes))
      })
    })
    size += piece.length
    if (size > maxBytes) throw tooLarge('zstd', maxBytes)
    pieces.push(piece)
  }
  return join(pieces, size)
}

function decompressOptions({ maxSize }: ZstdFrame, maxBytes: number): object {
  return { maxOutputLength: Math.max(1, maxBytes), chunkSize: chunkSizeFor(maxSize) }
}

function notDecompressed(cause: unknown, maxBytes: number): CompressionError {
  const isTooLarge = (cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
  return isTooLarge ? tooLarge('zstd', maxBytes) : garbled('zstd', messageOf(cause), cause)
}
