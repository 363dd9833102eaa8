/**
 * 32-bit MurmurHash2 with Kafka's seed, as a signed number (Java: Utils.murmur2). Keyed records go to partition
 * `(murmur2(key) & 0x7fffffff) % partitionCount`, so that every client puts a key into the same partition.
 */
export function murmur2(bytes: Uint8Array): number {
  const multiplier = 0x5bd1e995
  const length = bytes.length
  let hash = 0x9747b28c ^ length
  let at = 0
  for (const last = length - 4; at <= last; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    word = Math.imul(word, multiplier)
    word = Math.imul(word ^ (word >>> 24), multiplier)
    hash = Math.imul(hash, multiplier) ^ word
  }
  const rest = length - at
  if (rest > 0) {
    if (rest === 3) hash ^= bytes[at + 2]! << 16
    if (rest >= 2) hash ^= bytes[at + 1]! << 8
    hash = Math.imul(hash ^ bytes[at]!, multiplier)
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}
