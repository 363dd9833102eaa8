import { CompressionError } from '../../errors.ts'
import {
  checkLevel,
  chunkSizeFor,
  garbled,
  importOptional,
  join,
  messageOf,
  notCompressed,
  tooLarge,
  type Codec,
  type CompressOptions,
  type DecompressOptions,
  type ImportPackage,
} from './codec.ts'
import { Kernels } from './kernels/kernels.ts'
import { decompressFrames } from './zstd-decompress.ts'
import { readZstdFrames, type ZstdFrame } from './zstd-frame.ts'

type Callback = (error: Error | null, result: Uint8Array) => void

/** What is used of node:zlib from Node.js 22.15 and 23.8 on. */
interface ZstdZlib {
  constants: Record<`ZSTD_c_${'compressionLevel' | 'minMatch' | 'hashLog' | 'chainLog'}`, number>
  zstdCompress(bytes: Uint8Array, options: object, callback: Callback): void
  zstdCompressSync(bytes: Uint8Array, options: object): Uint8Array
  zstdDecompress(bytes: Uint8Array, options: object, callback: Callback): void
  zstdDecompressSync(bytes: Uint8Array, options: object): Uint8Array
}

/** A stream of zstd-codec. Each method returns whether it succeeded. */
interface ZstdStream {
  transform(chunk: Uint8Array, output: (chunk: Uint8Array) => void): boolean
  end(output: (chunk: Uint8Array) => void): boolean
  delete(): void
}

/** What is used of the WebAssembly module inside zstd-codec. */
interface ZstdModule {
  ZstdCompressStreamBinding: new () => ZstdStream & { begin(level: number): boolean }
}

type MakeModule = (module: object) => unknown

const DEFAULT_LEVEL = 3

/**
 * What zstd takes at its default level for most sizes. With the 4 that it takes from 128 to 256 KiB and up to 16 KiB, batches of JSON come out 6 to 8 % larger,
 * and large ones after a third more time.
 */
const DEFAULT_MIN_MATCH = 5

/**
 * Below this size tables of 192 KiB do at the default level, where zstd takes up to four times as much: they are new, and cleared, for each batch. A tenth to a fifth
 * less time, and no more than 1 % more bytes.
 */
const SMALL_TABLES_BYTES = 256 * 1024

/** Java's range of levels (ZstdCompression). */
const MIN_LEVEL = -131072
const MAX_LEVEL = 22

/** zstd-codec has 16 MiB of memory for everything, which higher levels exceed. */
const CODEC_MAX_LEVEL = 9
const CODEC_INPUT_CHUNK = 64 * 1024

/** From this size on it compresses in the thread pool, lest the event loop stand still for more than two or three milliseconds. It costs half as much CPU time again there. */
const OFF_LOOP_BYTES = 512 * 1024

/** From this size on node:zlib decompresses, in its thread pool: more than a millisecond of work. */
const OFF_LOOP_OUTPUT_BYTES = 1024 * 1024

/** Larger windows are refused by node:zlib, which makes a buffer of that size. */
const ZLIB_MAX_WINDOW = 128 * 1024 * 1024

/**
 * The zstd codec. Decompresses with a kernel, but for what is large where node:zlib has zstd or where kernels are not usable; compresses with node:zlib where that has
 * it, else with zstd-codec, which runs at about a third of the speed and knows levels up to 9.
 */
export async function loadZstd(
  importPackage?: ImportPackage,
  importZlib: () => Promise<unknown> = () => import('node:zlib'),
): Promise<Codec> {
  const imported = (await importZlib().catch(() => ({}))) as Partial<ZstdZlib>
  const zlib = typeof imported.zstdDecompressSync === 'function' ? (imported as ZstdZlib) : undefined
  const hasKernels = Kernels.areUsable()
  return {
    compress: zlib === undefined ? compressorOfPackage(importPackage) : compressorOfZlib(zlib),
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

function compressorOfZlib(zlib: ZstdZlib): Codec['compress'] {
  return (bytes: Uint8Array, { level = DEFAULT_LEVEL }: CompressOptions) => {
    checkLevel('zstd', level, MIN_LEVEL, MAX_LEVEL)
    const options = {
      params: paramsOf(zlib, level, bytes.length),
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
}

function paramsOf({ constants }: ZstdZlib, level: number, size: number): Record<number, number> {
  const params = { [constants.ZSTD_c_compressionLevel]: level }
  if (level !== DEFAULT_LEVEL) return params
  params[constants.ZSTD_c_minMatch] = DEFAULT_MIN_MATCH
  if (size < SMALL_TABLES_BYTES) {
    params[constants.ZSTD_c_hashLog] = 15
    params[constants.ZSTD_c_chainLog] = 14
  }
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

function compressorOfPackage(importPackage?: ImportPackage): Codec['compress'] {
  // Out of memory, the module aborts and must not be used again: the next call then starts a new one.
  let running: Promise<{ module: ZstdModule }> | undefined
  async function withModule<T>(work: (module: ZstdModule) => T): Promise<T> {
    try {
      running ??= importOptional('zstd', 'zstd-codec/lib/zstd-codec-binding-wasm.js', importPackage).then(
        (makeModule) => start(makeModule as MakeModule),
      )
      const { module } = await running
      return work(module)
    } catch (cause) {
      running = undefined
      throw cause
    }
  }
  return async (bytes: Uint8Array, { level = DEFAULT_LEVEL }: CompressOptions) => {
    checkLevel('zstd', level, MIN_LEVEL, MAX_LEVEL)
    try {
      return await withModule((module) => compressStream(module, bytes, Math.min(level, CODEC_MAX_LEVEL)))
    } catch (cause) {
      if (cause instanceof CompressionError) throw cause
      throw notCompressed('zstd', cause)
    }
  }
}

/** Starts the WebAssembly module. It comes in a wrapper because it has a `then` of its own, which a promise would wait for. */
function start(makeModule: MakeModule): Promise<{ module: ZstdModule }> {
  return new Promise((resolve) => {
    const module = {
      print() {},
      printErr() {},
      onRuntimeInitialized() {
        resolve({ module: module as unknown as ZstdModule })
      },
    }
    makeModule(module)
  })
}

function compressStream(module: ZstdModule, bytes: Uint8Array, level: number): Uint8Array {
  const pieces: Uint8Array[] = []
  let size = 0
  const push = (piece: Uint8Array): void => {
    pieces.push(piece)
    size += piece.length
  }
  const stream = new module.ZstdCompressStreamBinding()
  let isGood = stream.begin(level)
  for (let at = 0; at < bytes.length && isGood; at += CODEC_INPUT_CHUNK) {
    isGood = stream.transform(bytes.subarray(at, at + CODEC_INPUT_CHUNK), push)
  }
  isGood &&= stream.end(push)
  stream.delete()
  if (!isGood) throw new Error('zstd-codec gave up')
  return join(pieces, size)
}
