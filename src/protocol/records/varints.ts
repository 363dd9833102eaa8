/** Bits that a value shifted by seven keeps. Varints here are written straight into an array that is known to have room. */
const LOW_BITS = 0x7f
const MORE = 0x80

/** Writes a uint32 in base 128 at `at` and returns where it ends. Zig-zag is up to the caller. */
export function putUnsignedVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value
  let end = at
  while (rest >>> 7 !== 0) {
    bytes[end++] = (rest & LOW_BITS) | MORE
    rest >>>= 7
  }
  bytes[end++] = rest
  return end
}

/** Writes a length of at most 2^30 - 1, or -1 for null, in zig-zag form and returns where it ends. */
export function putLength(bytes: Uint8Array, at: number, length: number): number {
  return putUnsignedVarint(bytes, at, length < 0 ? 1 : length << 1)
}

/** Writes the difference of two int64 given as safe integers in zig-zag form, exactly, and returns where it ends. */
export function putDifference(bytes: Uint8Array, at: number, value: number, base: number): number {
  const difference = value - base
  if (difference < 0x40000000 && difference >= -0x40000000) {
    return putUnsignedVarint(bytes, at, (difference << 1) ^ (difference >> 31))
  }
  // Beyond 30 bits every step would need 64-bit arithmetic, and the difference of two safe integers may not be one itself.
  const exact = BigInt(value) - BigInt(base)
  let rest = BigInt.asUintN(64, (exact << 1n) ^ (exact >> 63n))
  let end = at
  while (rest > 0x7fn) {
    bytes[end++] = Number(rest & 0x7fn) | MORE
    rest >>= 7n
  }
  bytes[end++] = Number(rest)
  return end
}
