import { CompressionError } from '../../errors.ts'

/** The codecs of Kafka, by the names of `compression.type`. The index in `COMPRESSION_NAMES` is the number on the wire. */
export type CompressionName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Codec names in the order of their numbers in the batch attributes. */
export const COMPRESSION_NAMES: readonly CompressionName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** Most bytes that one batch may decompress to, unless told otherwise: 256 MiB. */
export const DEFAULT_MAX_DECOMPRESSED_BYTES: number = 256 * 1024 * 1024

/** Compresses and decompresses whole record sections. Bytes that cannot be read are a CompressionError. */
export interface Codec {
  /**
   * @param level - the codec's own scale: gzip 1-9 (default 6), zstd -131072-22 (default 3); snappy and lz4 have none here.
   */
  compress(bytes: Uint8Array, level?: number): Uint8Array | Promise<Uint8Array>
  /** Stops with a CompressionError once the output would be longer than `maxBytes`. */
  decompress(bytes: Uint8Array, maxBytes: number): Uint8Array | Promise<Uint8Array>
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
