/**
 * The same bytes as a Uint8Array and nothing more. Views made of a Node.js Buffer would be Buffers themselves, whose `slice` and `toString`
 * differ, and what users get must not depend on where the bytes came from.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) return bytes
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
