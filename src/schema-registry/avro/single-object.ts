import { SerializationError } from '../errors.ts'
import type { AvroCodec } from './codec.ts'

/** Two bytes that start every message. */
const MAGIC = 0xc301
const HEADER = 10

/** The value behind its marker and the CRC-64-AVRO of its schema: Avro's single-object encoding. */
export function encodeSingleObject<T>(codec: AvroCodec<T>, value: T): Uint8Array {
  const header = new Uint8Array(HEADER)
  const view = new DataView(header.buffer)
  view.setUint16(0, MAGIC)
  view.setBigUint64(2, codec.rabinFingerprint, true)
  return codec.encode(value, header)
}

/**
 * The value of a message in single-object encoding. `find` gives what reads values of the schema with a fingerprint: a codec, or the
 * result of its `decoderOf`. Throws SerializationError for anything else, and for a schema that is not found.
 */
export function decodeSingleObject<T>(
  bytes: Uint8Array,
  find: (fingerprint: bigint) => ((bytes: Uint8Array) => T) | undefined,
): T {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < HEADER || view.getUint16(0) !== MAGIC) {
    throw new SerializationError('the bytes are not in single-object encoding: they do not start with C3 01')
  }
  const fingerprint = view.getBigUint64(2, true)
  const decode = find(fingerprint)
  if (decode === undefined) {
    throw new SerializationError(`no schema is known by the fingerprint ${fingerprint.toString(16).padStart(16, '0')}`)
  }
  return decode(bytes.subarray(HEADER))
}
