import { CompressionError } from '../../errors.ts'

/** The codecs of Kafka, by the names of `compression.type`. */
export type CompressionName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Codec names in the order of their numbers in the batch attributes. */
export const COMPRESSION_NAMES: readonly CompressionName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** Most bytes that one batch may decompress to, unless told otherwise: 256 MiB. */
export const DEFAULT_MAX_DECOMPRESSED_BYTES: number = 256 * 1024 * 1024

/** How a record section is compressed. */
export interface CompressOptions {
  /** The codec's own scale, with Java's bounds: gzip 1 to 9, lz4 1 to 17 (without effect here), zstd -131072 to 22 (without effect before Node.js 22.15). Snappy has none. */
  level?: number | undefined
  /** Version of the record format around it, which matters to lz4 only. Default 2. */
  magic?: 0 | 1 | 2 | undefined
}

/** How a record section is decompressed. */
export interface DecompressOptions {
  /** Most bytes that may come out. */
  maxBytes: number
  /** Version of the record format around it, which matters to lz4 only. */
  magic: 0 | 1 | 2
}

/** Compresses and decompresses whole record sections. Every failure is a CompressionError. */
export interface Codec {
  /** What is returned at once is valid until kernels are used again: for the next call, or a checksum. */
  compress(bytes: Uint8Array, options: CompressOptions): Uint8Array | Promise<Uint8Array>
  /** Makes an array of its own, of which nothing is part of the input. Fails once the output would be longer than `maxBytes`, without having allocated much more than that. */
  decompress(bytes: Uint8Array, options: DecompressOptions): Uint8Array | Promise<Uint8Array>
}

/** Throws CompressionError unless `level` is an integer within the bounds, which are Java's (KIP-390). */
export function checkLevel(codec: CompressionName, level: number | undefined, min: number, max: number): void {
  if (level === undefined || (Number.isInteger(level) && level >= min && level <= max)) return
  throw new CompressionError(`${level} is not a compression level of ${codec}, which has ${min} to ${max}`, codec)
}

/** The error of a decompression that went over its limit. */
export function tooLarge(codec: CompressionName, maxBytes: number): CompressionError {
  return new CompressionError(
    `${codec} data decompresses to more than ${maxBytes} bytes: raise maxDecompressedBytes if such batches are expected`,
    codec,
  )
}

/** The error of compressed bytes that are broken. */
export function garbled(codec: CompressionName, why: string, cause?: unknown): CompressionError {
  return new CompressionError(`${codec} data cannot be decompressed: ${why}`, codec, { cause })
}

/** The error of bytes that could not be compressed. */
export function notCompressed(codec: CompressionName, cause: unknown): CompressionError {
  return new CompressionError(`${codec} compression failed: ${messageOf(cause)}`, codec, { cause })
}

/** The text of whatever a codec package threw. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** Most that node:zlib is told to allocate at a time, whatever the data announce. */
const MAX_CHUNK_BYTES = 1024 * 1024

/**
 * The size of the pieces in which node:zlib makes output of about `expectedBytes`: one, if it is not too large. Each more is another task
 * of the thread pool and another copy, and its default is 16 KiB.
 */
export function chunkSizeFor(expectedBytes: number): number {
  // With some room left, it need not ask whether there is more.
  return Math.min(Math.max(expectedBytes, 1024) + 64, MAX_CHUNK_BYTES)
}

/** Joins pieces that are `size` bytes in all. */
export function join(pieces: readonly Uint8Array[], size: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!
  const joined = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}
