declare module 'zstd-codec' {
  interface Simple {
    /** Null for what cannot be compressed, or decompressed. */
    compress(bytes: Uint8Array, level?: number): Uint8Array | null
    decompress(bytes: Uint8Array): Uint8Array | null
  }
  export const ZstdCodec: { run(ready: (zstd: { Simple: new () => Simple }) => void): void }
}
