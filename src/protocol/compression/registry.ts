import { plainBytes } from '../bytes/plain.ts'
import { DEFAULT_MAX_DECOMPRESSED_BYTES, type Codec, type CompressionName, type CompressOptions } from './codec.ts'
import { loadGzip } from './gzip.ts'
import { lz4 } from './lz4.ts'
import { snappy } from './snappy.ts'
import { loadZstd } from './zstd.ts'

export type { CompressionName } from './codec.ts'

type CodecName = Exclude<CompressionName, 'none'>

const loaders: Record<CodecName, () => Promise<Codec>> = {
  gzip: () => loadGzip(),
  snappy: () => Promise.resolve(snappy),
  lz4: () => Promise.resolve(lz4),
  zstd: () => loadZstd(),
}

const loading = new Map<CodecName, Promise<Codec>>()
const loaded = new Map<CodecName, Codec>()

/** Loads a codec on its first use. One that cannot be loaded is tried again the next time. */
export function loadCodec(name: CodecName): Promise<Codec> {
  let codec = loading.get(name)
  if (codec === undefined) {
    codec = loaders[name]()
    loading.set(name, codec)
    codec.then(
      (ready) => loaded.set(name, ready),
      () => loading.delete(name),
    )
  }
  return codec
}

/**
 * Compresses a record section, at once when the codec is loaded and works without the thread pool: what is returned at once is valid until
 * kernels are used again. Fails with CompressionError where the runtime does not allow the codec.
 */
export function compress(
  name: CompressionName,
  bytes: Uint8Array,
  options: CompressOptions = {},
): Uint8Array | Promise<Uint8Array> {
  if (name === 'none') return bytes
  const codec = loaded.get(name)
  if (codec !== undefined) return codec.compress(bytes, options)
  return loadCodec(name).then(async (ready) => {
    const compressed = ready.compress(bytes, options)
    return compressed instanceof Promise ? compressed : new Uint8Array(compressed)
  })
}

interface DecompressSettings {
  /** Default 256 MiB. */
  maxBytes?: number | undefined
  /** Version of the record format around it. Default 2. */
  magic?: 0 | 1 | 2 | undefined
}

/**
 * Decompresses a record section, at once when the codec is loaded and there is not too much of it. Fails with CompressionError when it is garbled or
 * comes out longer than `maxBytes`.
 */
export function decompress(
  name: CompressionName,
  bytes: Uint8Array,
  { maxBytes = DEFAULT_MAX_DECOMPRESSED_BYTES, magic = 2 }: DecompressSettings = {},
): Uint8Array | Promise<Uint8Array> {
  if (name === 'none') return bytes
  const codec = loaded.get(name)
  if (codec === undefined)
    return loadCodec(name).then(async (ready) => plain(ready.decompress(bytes, { maxBytes, magic })))
  return plain(codec.decompress(bytes, { maxBytes, magic }))
}

function plain(bytes: Uint8Array | Promise<Uint8Array>): Uint8Array | Promise<Uint8Array> {
  return bytes instanceof Promise ? bytes.then(plainBytes) : plainBytes(bytes)
}
