/**
 * What is measured. `shape` says how records are handed over: `many` = calls of 1,000 with 5 in flight, `single` = one record a call
 * with 1,000 in flight, `sequential` = one record a call with 1 in flight, `enqueue` = without a promise for each, then flush.
 */
export const lanes = {
  many: { shape: 'many', valueBytes: 100, count: 3_000_000 },
  enqueue: { shape: 'enqueue', valueBytes: 100, count: 3_000_000 },
  single: { shape: 'single', valueBytes: 100, count: 1_500_000 },
  sequential: { shape: 'sequential', valueBytes: 100, count: 5_000 },
  '1kb': { shape: 'many', valueBytes: 1_000, count: 1_000_000 },
  '10kb': { shape: 'many', perCall: 100, valueBytes: 10_000, count: 100_000 },
  lz4: { shape: 'many', valueBytes: 1_000, count: 500_000, compression: 'lz4' },
  zstd: { shape: 'many', valueBytes: 1_000, count: 500_000, compression: 'zstd' },
  snappy: { shape: 'many', valueBytes: 1_000, count: 500_000, compression: 'snappy' },
  gzip: { shape: 'many', valueBytes: 1_000, count: 200_000, compression: 'gzip' },
}

/** Values that compress about as well as JSON events do: words of a small vocabulary and random digits. */
export function makeValues(valueBytes, count = 1000) {
  const words = [
    '"userId":',
    '"status":"active",',
    '"amount":',
    '"currency":"EUR",',
    '"country":"',
    '"timestamp":',
    '{',
    '}',
    'null,',
    'true,',
  ]
  let state = 12345
  const random = (n) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >>> 8) % n
  }
  return Array.from({ length: count }, () => {
    let text = ''
    while (text.length < valueBytes) text += words[random(words.length)] + random(1_000_000)
    return text.slice(0, valueBytes)
  })
}
