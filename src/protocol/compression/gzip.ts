import type * as NodeZlib from 'node:zlib'
import { CompressionError } from '../../errors.ts'
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
import { announcedSize, gunzipPlain, gzipPlain } from './gzip-member.ts'

/** From this size on node:zlib compresses in the thread pool, below it the hand-over costs more than the work. */
const OFF_LOOP_BYTES = 32 * 1024

/** Up to this size batches are compressed at once at the default level, by a kernel: it takes half of zlib's time, 4 ms for 256 KiB of JSON. */
const KERNEL_BYTES = 512 * 1024

/** The same for what comes out: some milliseconds of work. To hand batches of 50 KiB over, even ahead of time, costs half as much again as the work. */
const OFF_LOOP_OUTPUT_BYTES = 512 * 1024

type Zlib = typeof NodeZlib

/** The gzip codec on node:zlib, or on CompressionStream where there is no node:zlib (browsers; without levels). */
export async function loadGzip(importZlib: () => Promise<Zlib> = () => import('node:zlib')): Promise<Codec> {
  let zlib: Zlib
  try {
    zlib = await importZlib()
  } catch (cause) {
    if (typeof DecompressionStream === 'function') return streamCodec
    throw new CompressionError('gzip needs node:zlib or DecompressionStream, and this runtime has neither', 'gzip', {
      cause,
    })
  }
  return zlibCodec(zlib)
}

function zlibCodec(zlib: Zlib): Codec {
  // Where it is not there, nor WebAssembly, node:zlib does the whole.
  const crc32 = Kernels.areUsable() ? (zlib.crc32 as Zlib['crc32'] | undefined) : undefined
  return {
    compress(bytes: Uint8Array, { level }: CompressOptions) {
      // -1 stands for the default, as it does in Java.
      checkLevel('gzip', level, -1, 9)
      const isDefault = level === undefined || level === -1
      if (isDefault && crc32 !== undefined && bytes.length < KERNEL_BYTES) return gzipPlain(bytes, crc32)
      const chunkSize = chunkSizeFor(bytes.length / 2)
      const options = level === undefined ? { chunkSize } : { level, chunkSize }
      if (bytes.length < OFF_LOOP_BYTES) {
        try {
          return zlib.gzipSync(bytes, options)
        } catch (cause) {
          throw notCompressed('gzip', cause)
        }
      }
      return new Promise((resolve, reject) => {
        try {
          zlib.gzip(bytes, options, (error, result) =>
            error === null ? resolve(result) : reject(notCompressed('gzip', error)),
          )
        } catch (cause) {
          reject(notCompressed('gzip', cause))
        }
      })
    },
    decompress(bytes: Uint8Array, { maxBytes }: DecompressOptions) {
      const announced = announcedSize(bytes)
      if (announced >= OFF_LOOP_OUTPUT_BYTES) return gunzip(zlib, bytes, announced, maxBytes)
      if (crc32 !== undefined && announced <= maxBytes && bytes.length < OFF_LOOP_OUTPUT_BYTES) {
        const output = gunzipPlain(bytes, announced, crc32)
        if (output !== undefined) return output
      }
      try {
        return zlib.gunzipSync(bytes, gunzipOptions(announced, maxBytes))
      } catch (cause) {
        throw notGunzipped(cause, maxBytes)
      }
    },
  }
}

function gunzip(zlib: Zlib, bytes: Uint8Array, announced: number, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    zlib.gunzip(bytes, gunzipOptions(announced, maxBytes), (error, result) =>
      error === null ? resolve(result) : reject(notGunzipped(error, maxBytes)),
    )
  })
}

function gunzipOptions(announced: number, maxBytes: number): NodeZlib.ZlibOptions {
  return { maxOutputLength: Math.max(1, maxBytes), chunkSize: chunkSizeFor(announced) }
}

function notGunzipped(cause: unknown, maxBytes: number): CompressionError {
  return isTooLarge(cause) ? tooLarge('gzip', maxBytes) : garbled('gzip', messageOf(cause), cause)
}

const streamCodec: Codec = {
  async compress(bytes: Uint8Array) {
    return collect(bytes, new CompressionStream('gzip'), Infinity)
  },
  async decompress(bytes: Uint8Array, { maxBytes }: DecompressOptions) {
    return collect(bytes, new DecompressionStream('gzip'), maxBytes)
  },
}

/** Runs bytes through a stream and joins what comes out. */
async function collect(
  bytes: Uint8Array,
  stream: { readable: ReadableStream; writable: WritableStream },
  maxBytes: number,
): Promise<Uint8Array> {
  const writer = stream.writable.getWriter()
  // A failure shows on the reading side as well, so it is reported from there.
  const written = writer.write(bytes).then(() => writer.close())
  written.catch(() => {})
  const reader = (stream.readable as ReadableStream<Uint8Array>).getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      size += value.length
      if (size > maxBytes) throw tooLarge('gzip', maxBytes)
      chunks.push(value)
    }
  } catch (cause) {
    if (cause instanceof CompressionError) {
      reader.cancel().catch(() => {})
      throw cause
    }
    throw garbled('gzip', messageOf(cause), cause)
  }
  return join(chunks, size)
}

function isTooLarge(cause: unknown): boolean {
  return cause instanceof Error && (cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
}
