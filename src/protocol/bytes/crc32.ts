/** The polynomial of zlib and Ethernet, bit-reversed. */
const POLYNOMIAL = 0xedb88320

let table: Int32Array | undefined

/** What each byte adds to the checksum. Made on first use: only v0 and v1 messages need it. */
function byteTable(): Int32Array {
  const entries = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL
    entries[byte] = crc
  }
  return entries
}

/**
 * CRC-32 (IEEE, as in zlib) of `bytes` from `start` to `end`, as an unsigned number: the checksum of v0 and v1 messages. Byte by byte
 * and so slower than CRC-32C here, which is the one that matters: these formats are of the past.
 */
export function crc32(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  table ??= byteTable()
  let crc = -1
  for (let at = start; at < end; at++) crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}
