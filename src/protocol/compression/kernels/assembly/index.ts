export { deflate } from './deflate'
export { inflate } from './inflate'
export { lz4Compress, lz4Uncompress } from './lz4'
export { snappyCompress, snappyUncompress } from './snappy'

/** The first address that is free. */
export const base: usize = __heap_base
