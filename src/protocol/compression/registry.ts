import { DEFAULT_MAX_DECOMPRESSED_BYTES, type Codec, type CompressionName } from './codec.ts'
import { loadGzip } from './gzip.ts'

export type { CompressionName } from './codec.ts'

type CodecName = Exclude<CompressionName, 'none'>

const loaders: Record<CodecName, () => Promise<Codec>> = {
  gzip: loadGzip,
  snappy: loadGzip,
  lz4: loadGzip,
  zstd: loadGzip,
}

const loaded = new Map<CodecName, Promise<Codec>>()

/** Loads a codec on its first use. A codec whose package is missing is asked for again the next time. */
export function loadCodec(name: CodecName): Promise<Codec> {
  let codec = loaded.get(name)
  if (codec === undefined) {
    codec = loaders[name]()
    loaded.set(name, codec)
    codec.catch(() => loaded.delete(name))
  }
  return codec
}

/** Compresses a record section. Throws CompressionError when the codec or its package is not there. */
export async function compress(name: CompressionName, bytes: Uint8Array, level?: number): Promise<Uint8Array> {
  if (name === 'none') return bytes
  return (await loadCodec(name)).compress(bytes, level)
}

/** Decompresses a record section. Throws CompressionError when it is garbled or longer than `maxBytes` (default 256 MiB). */
export async function decompress(
  name: CompressionName,
  bytes: Uint8Array,
  maxBytes: number = DEFAULT_MAX_DECOMPRESSED_BYTES,
): Promise<Uint8Array> {
  if (name === 'none') return bytes
  return (await loadCodec(name)).decompress(bytes, maxBytes)
}
