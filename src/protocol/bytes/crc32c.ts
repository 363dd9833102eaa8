/** Castagnoli's polynomial, bit-reversed: the checksum of v2 record batches. */
const CASTAGNOLI = 0x82f63b78

/** The polynomial of zlib and Ethernet, bit-reversed: the checksum of v0 and v1 messages. */
const IEEE = 0xedb88320

const castagnoliTable = sliceTable(CASTAGNOLI)
let ieeeTable: Int32Array | undefined

/** CRC-32C (Castagnoli) of `bytes` from `start` to `end`, as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  return checksum(castagnoliTable, bytes, start, end)
}

/** CRC-32 (IEEE, as in zlib) of `bytes` from `start` to `end`, as an unsigned 32-bit number. */
export function crc32(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  ieeeTable ??= sliceTable(IEEE)
  return checksum(ieeeTable, bytes, start, end)
}

/**
 * Sixteen tables of 256 entries, one after the other: entry `k * 256 + b` is what byte `b` adds to the checksum when `k` more bytes
 * follow it. They let sixteen bytes be folded in at once (slicing-by-16), which is several times faster than byte by byte.
 */
function sliceTable(polynomial: number): Int32Array {
  const table = new Int32Array(16 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ polynomial
    table[byte] = crc
  }
  for (let i = 256; i < table.length; i++) {
    const previous = table[i - 256]!
    table[i] = (previous >>> 8) ^ table[previous & 0xff]!
  }
  return table
}

function checksum(table: Int32Array, bytes: Uint8Array, start: number, end: number): number {
  let crc = -1
  let at = start
  for (const last = end - 16; at <= last; at += 16) {
    crc =
      table[0xf00 + (bytes[at]! ^ (crc & 0xff))]! ^
      table[0xe00 + (bytes[at + 1]! ^ ((crc >>> 8) & 0xff))]! ^
      table[0xd00 + (bytes[at + 2]! ^ ((crc >>> 16) & 0xff))]! ^
      table[0xc00 + (bytes[at + 3]! ^ (crc >>> 24))]! ^
      table[0xb00 + bytes[at + 4]!]! ^
      table[0xa00 + bytes[at + 5]!]! ^
      table[0x900 + bytes[at + 6]!]! ^
      table[0x800 + bytes[at + 7]!]! ^
      table[0x700 + bytes[at + 8]!]! ^
      table[0x600 + bytes[at + 9]!]! ^
      table[0x500 + bytes[at + 10]!]! ^
      table[0x400 + bytes[at + 11]!]! ^
      table[0x300 + bytes[at + 12]!]! ^
      table[0x200 + bytes[at + 13]!]! ^
      table[0x100 + bytes[at + 14]!]! ^
      table[bytes[at + 15]!]!
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}
