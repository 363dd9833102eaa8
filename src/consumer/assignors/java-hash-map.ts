/** Indexes of distinct keys in the order in which a java.util.HashMap would name them, had they been put in as they stand. */
export function hashMapOrder(keys: readonly string[]): number[] {
  const mask = tableSize(keys.length) - 1
  const buckets = keys.map((key) => {
    const hash = hashCode(key)
    return (hash ^ (hash >>> 16)) & mask
  })
  return [...keys.keys()].toSorted((a, b) => buckets[a]! - buckets[b]!)
}

/** java.lang.String.hashCode. */
function hashCode(text: string): number {
  let hash = 0
  // UTF-16 code units, since Java's chars are those.
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** Buckets of a map that began with its default size and doubled whenever it was more than three quarters full. */
function tableSize(count: number): number {
  let size = 16
  while (count > size * 0.75) size *= 2
  return size
}
