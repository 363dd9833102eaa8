/** What is read: records of so many bytes, as Java's producer left them in the log. */
export const lanes = {
  '100b': { valueBytes: 100, count: 2_000_000 },
  '1kb': { valueBytes: 1_000, count: 400_000 },
  '10kb': { valueBytes: 10_000, count: 40_000 },
  lz4: { valueBytes: 1_000, count: 400_000, compression: 'lz4' },
  zstd: { valueBytes: 1_000, count: 400_000, compression: 'zstd' },
  snappy: { valueBytes: 1_000, count: 400_000, compression: 'snappy' },
  gzip: { valueBytes: 1_000, count: 200_000, compression: 'gzip' },
}
