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
import { readZstdFrames, shrinkWindow, type ZstdFrame } from './zstd-frame.ts'

type Callback = (error: Error | null, result: Uint8Array) => void

/** What is used of node:zlib from Node.js 22.15 and 23.8 on. */
interface ZstdZlib {
  constants: Record<`ZSTD_c_${'compressionLevel' | 'minMatch' | 'hashLog' | 'chainLog'}`, number>
  zstdCompress(bytes: Uint8Array, options: object, callback: Callback): void
  zstdCompressSync(bytes: Uint8Array, options: object): Uint8Array
  zstdDecompress(bytes: Uint8Array, options: object, callback: Callback): void
  zstdDecompressSync(bytes: Uint8Array, options: object): Uint8Array
}

/** A stream of zstd-codec. Each returns whether it succeeded. */
interface ZstdStream {
  transform(chunk: Uint8Array, output: (chunk: Uint8Array) => void): boolean
  end(output: (chunk: Uint8Array) => void): boolean
  delete(): void
}

/** What is used of the WebAssembly module inside zstd-codec; the API around it has no way to limit the output. */
interface ZstdModule {
  ZstdCompressStreamBinding: new () => ZstdStream & { begin(level: number): boolean }
  ZstdDecompressStreamBinding: new () => ZstdStream & { begin(): boolean }
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
const CODEC_MAX_WINDOW = 8 * 1024 * 1024
const CODEC_INPUT_CHUNK = 64 * 1024

/** The output limit is looked at after so many bytes of input, which can make 128 MB at the worst. What is over it is dropped at once. */
const CODEC_CHECKED_CHUNK = 4096

/** From this size on it compresses in the thread pool, lest the event loop stand still for more than two or three milliseconds. It costs half as much CPU time again there. */
const OFF_LOOP_BYTES = 512 * 1024

/** From this size on it decompresses in the thread pool: some milliseconds of work. */
const OFF_LOOP_OUTPUT_BYTES = 1024 * 1024

/** The zstd codec on node:zlib where that has it, else on zstd-codec, which runs at about a third of the speed and knows levels up to 9. */
export async function loadZstd(
  importPackage?: ImportPackage,
  importZlib: () => Promise<unknown> = () => import('node:zlib'),
): Promise<Codec> {
  const zlib = (await importZlib().catch(() => ({}))) as Partial<ZstdZlib>
  if (typeof zlib.zstdDecompressSync === 'function') return zlibCodec(zlib as ZstdZlib)
  const makeModule = await importOptional('zstd', 'zstd-codec/lib/zstd-codec-binding-wasm.js', importPackage)
  return wasmCodec(makeModule as MakeModule)
}

function readFrames(bytes: Uint8Array, maxBytes: number): ZstdFrame[] {
  const frames = readZstdFrames(bytes)
  let least = 0
  for (const frame of frames) least += frame.minSize
  if (least > maxBytes) throw tooLarge('zstd', maxBytes)
  return frames
}

function zlibCodec(zlib: ZstdZlib): Codec {
  return {
    compress(bytes: Uint8Array, { level = DEFAULT_LEVEL }: CompressOptions) {
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
    },
    decompress(bytes: Uint8Array, { maxBytes }: DecompressOptions) {
      const frames = readFrames(bytes, maxBytes)
      const [first] = frames
      if (frames.length === 1 && first!.maxSize < OFF_LOOP_OUTPUT_BYTES) return decompressNow(zlib, first!, maxBytes)
      return decompressFrames(zlib, frames, maxBytes)
    },
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

async function decompressFrames(zlib: ZstdZlib, frames: readonly ZstdFrame[], maxBytes: number): Promise<Uint8Array> {
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

function wasmCodec(makeModule: MakeModule): Codec {
  // Out of memory, the module aborts and must not be used again: the next call then starts a new one.
  let running: Promise<{ module: ZstdModule }> | undefined
  async function withModule<T>(work: (module: ZstdModule) => T): Promise<T> {
    running ??= start(makeModule)
    try {
      const { module } = await running
      return work(module)
    } catch (cause) {
      if (!(cause instanceof CompressionError)) running = undefined
      throw cause
    }
  }
  return {
    async compress(bytes: Uint8Array, { level = DEFAULT_LEVEL }: CompressOptions) {
      checkLevel('zstd', level, MIN_LEVEL, MAX_LEVEL)
      try {
        return await withModule((module) => compressStream(module, bytes, Math.min(level, CODEC_MAX_LEVEL)))
      } catch (cause) {
        throw notCompressed('zstd', cause)
      }
    },
    async decompress(bytes: Uint8Array, { maxBytes }: DecompressOptions) {
      const frames = readFrames(bytes, maxBytes)
      const output = new Output(maxBytes)
      for (const frame of frames) {
        const input = shrinkWindow(frame, CODEC_MAX_WINDOW)
        if (frame.windowSize > CODEC_MAX_WINDOW && input === frame.bytes) {
          throw new CompressionError(
            `zstd data with a window of ${frame.windowSize} bytes is beyond zstd-codec, which has room for ${CODEC_MAX_WINDOW}: ` +
              'use Node.js 22.15 or later, or a lower compression level in the producer',
            'zstd',
          )
        }
        try {
          await withModule((module) => decompressStream(module, input, output))
        } catch (cause) {
          if (cause instanceof CompressionError) throw cause
          throw garbled('zstd', messageOf(cause), cause)
        }
      }
      return output.finish()
    },
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
  const output = new Output(Infinity)
  const push = (chunk: Uint8Array): void => output.push(chunk)
  const stream = new module.ZstdCompressStreamBinding()
  let isGood = stream.begin(level)
  for (let at = 0; at < bytes.length && isGood; at += CODEC_INPUT_CHUNK) {
    isGood = stream.transform(bytes.subarray(at, at + CODEC_INPUT_CHUNK), push)
  }
  isGood &&= stream.end(push)
  stream.delete()
  if (!isGood) throw new CompressionError('zstd-codec gave up', 'zstd')
  return output.finish()
}

function decompressStream(module: ZstdModule, bytes: Uint8Array, output: Output): void {
  const push = (chunk: Uint8Array): void => output.push(chunk)
  const stream = new module.ZstdDecompressStreamBinding()
  let isGood = stream.begin()
  for (let at = 0; at < bytes.length && isGood && !output.isTooLong; at += CODEC_CHECKED_CHUNK) {
    isGood = stream.transform(bytes.subarray(at, at + CODEC_CHECKED_CHUNK), push)
  }
  isGood &&= stream.end(push)
  stream.delete()
  if (output.isTooLong) throw tooLarge('zstd', output.maxBytes)
  if (!isGood) throw garbled('zstd', 'a block is broken')
}

/** Collects output up to a limit and drops what is beyond it: zstd-codec has no way to be stopped from its callback. */
class Output {
  readonly maxBytes: number
  #pieces: Uint8Array[] = []
  #size = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  get isTooLong(): boolean {
    return this.#size > this.maxBytes
  }

  push(chunk: Uint8Array): void {
    this.#size += chunk.length
    if (this.isTooLong) this.#pieces = []
    else this.#pieces.push(chunk)
  }

  finish(): Uint8Array {
    return join(this.#pieces, this.#size)
  }
}
