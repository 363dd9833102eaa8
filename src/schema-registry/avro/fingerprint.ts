import type * as Crypto from 'node:crypto'
import { ConfigError } from '../../errors.ts'
import { builtinModule } from '../../builtin-module.ts'
import { encodeUtf8 } from '../../protocol/bytes/utf8.ts'
import { canonicalForm } from './canonical.ts'
import type { AvroType } from './types.ts'

/** The fingerprint of no bytes at all, and the polynomial that the specification gives. */
const EMPTY = 0xc15d213aa4d7a795n

/** What each byte adds to the fingerprint. Made on first use. */
let table: BigUint64Array | undefined

function byteTable(): BigUint64Array {
  const entries = new BigUint64Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit++) value = (value & 1n) === 0n ? value >> 1n : (value >> 1n) ^ EMPTY
    entries[byte] = value
  }
  return entries
}

/** CRC-64-AVRO of bytes (the specification calls it a Rabin fingerprint), as an unsigned number. */
export function crc64(bytes: Uint8Array): bigint {
  table ??= byteTable()
  let value = EMPTY
  for (const byte of bytes) value = (value >> 8n) ^ table[Number(value & 0xffn) ^ byte]!
  return value
}

/** CRC-64-AVRO of the schema's canonical form: what single-object encoding names a schema by. */
export function rabinFingerprint(type: AvroType): bigint {
  return crc64(encodeUtf8(canonicalForm(type)))
}

/** How to fingerprint a schema. */
export type FingerprintAlgorithm = 'CRC-64-AVRO' | 'MD5' | 'SHA-256'

/** A digest of the schema's canonical form. CRC-64-AVRO comes in little endian, as Java has it. */
export function fingerprint(type: AvroType, algorithm: FingerprintAlgorithm = 'SHA-256'): Uint8Array {
  if (algorithm === 'CRC-64-AVRO') {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigUint64(0, rabinFingerprint(type), true)
    return bytes
  }
  const crypto = builtinModule('node:crypto') as typeof Crypto | undefined
  if (crypto === undefined) throw new ConfigError('algorithm', `${algorithm} needs a runtime that has node:crypto`)
  const name = algorithm === 'MD5' ? 'md5' : 'sha256'
  return new Uint8Array(crypto.createHash(name).update(canonicalForm(type)).digest())
}
