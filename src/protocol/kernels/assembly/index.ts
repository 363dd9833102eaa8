export { crc32c } from './crc32c'
export { deflate } from './deflate'
export { inflate } from './inflate'
export { lz4Compress, lz4Uncompress } from './lz4'
export { snappyCompress, snappyUncompress } from './snappy'
export { xxhash64 } from './xxhash64'
export { zstdBlock, zstdStart } from './zstd-decode'
export { zstdCompress } from './zstd-encode'

/** The first address that is free. */
export const base: usize = __heap_base
