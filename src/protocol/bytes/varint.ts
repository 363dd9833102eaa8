/** Number of bytes of a value written as an unsigned varint; `value` is taken as a uint32. */
export function sizeOfUnsignedVarint(value: number): number {
  const v = value >>> 0
  if (v < 0x80) return 1
  if (v < 0x4000) return 2
  if (v < 0x200000) return 3
  if (v < 0x10000000) return 4
  return 5
}

/** Number of bytes of an int32 written as a zig-zag varint. */
export function sizeOfVarint(value: number): number {
  return sizeOfUnsignedVarint((value << 1) ^ (value >> 31))
}

/**
 * Number of bytes of an integer written as a zig-zag varlong. Exact for |value| <= 2^53 - 1.
 * Seven bits of magnitude fit a byte, less the one that carries the sign.
 */
export function sizeOfVarlong(value: number): number {
  let magnitude = value < 0 ? -value - 1 : value
  if (magnitude < 0x40000000) return sizeOfUnsignedVarint(magnitude * 2)
  let size = 1
  while (magnitude >= 64) {
    magnitude = Math.floor(magnitude / 128)
    size++
  }
  return size
}
