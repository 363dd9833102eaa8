import { plainBytes } from '../bytes/plain.ts'
import { DEFAULT_MAX_DECOMPRESSED_BYTES, type Codec, type CompressionName, type CompressOptions } from './codec.ts'
import { loadGzip } from './gzip.ts'
import { loadLz4 } from './lz4.ts'
import { snappy } from './snappy.ts'
import { loadZstd } from './zstd.ts'

export type { CompressionName } from './codec.ts'

type CodecName = Exclude<CompressionName, 'none'>

const loaders: Record<CodecName, () => Promise<Codec>> = {
  gzip: () => loadGzip(),
  snappy: () => Promise.resolve(snappy),
  lz4: () => loadLz4(),
  zstd: () => loadZstd(),
}

const loaded = new Map<CodecName, Promise<Codec>>()

/** Loads a codec on its first use. One whose package is missing rejects with CompressionError, and is looked for again the next time. */
export function loadCodec(name: CodecName): Promise<Codec> {
  let codec = loaded.get(name)
  if (codec === undefined) {
    codec = loaders[name]()
    loaded.set(name, codec)
    codec.catch(() => loaded.delete(name))
  }
  return codec
}

/** Compresses a record section. Rejects with CompressionError when the codec's package is not there. */
export async function compress(
  name: CompressionName,
  bytes: Uint8Array,
  options: CompressOptions = {},
): Promise<Uint8Array> {
  if (name === 'none') return bytes
  return plainBytes(await (await loadCodec(name)).compress(bytes, options))
}

/** Decompresses a record section. Rejects with CompressionError when it is garbled or longer than `maxBytes` (default 256 MiB). */
export async function decompress(
  name: CompressionName,
  bytes: Uint8Array,
  options: { maxBytes?: number | undefined; magic?: 0 | 1 | 2 | undefined } = {},
): Promise<Uint8Array> {
  if (name === 'none') return bytes
  const { maxBytes = DEFAULT_MAX_DECOMPRESSED_BYTES, magic = 2 } = options
  return plainBytes(await (await loadCodec(name)).decompress(bytes, { maxBytes, magic }))
}
