import { DecodeError } from '../../errors.ts'
import { ByteReader } from '../bytes/reader.ts'
import { ByteWriter } from '../bytes/writer.ts'
import type { Encodable, Message } from '../schema.ts'

/** What one record of an internal topic says. The value is null when the record deletes the key (a tombstone). */
export interface StoredRecord<Kind extends string, Key, Value> {
  kind: Kind
  key: Key
  value: Value | null
}

/** A record of an internal topic whose type this version of the library does not know: bytes as they came. */
export interface UnknownStoredRecord {
  kind: 'unknown'
  /** The int16 that the key begins with. */
  type: number
  key: Uint8Array
  value: Uint8Array | null
}

/** The part of a Message that reading takes. */
export type Readable<T extends object> = Pick<Message<T>, 'name' | 'read'>

/** Reads the int16 that stored keys and values begin with. Throws DecodeError when the bytes are too few. */
export function readPrefix(bytes: Uint8Array, name: string): number {
  if (bytes.length < 2)
    throw new DecodeError(`2 bytes of version are needed and ${bytes.length} are there`, { offset: 0, path: name })
  return new ByteReader(bytes).int16()
}

/** Reads a message after its int16 prefix, at the given version. Throws DecodeError, also when bytes are left over. */
export function decodeAfterPrefix<T extends object>(message: Readable<T>, bytes: Uint8Array, version: number): T {
  const reader = new ByteReader(bytes, 2)
  const value = message.read(reader, version)
  if (reader.remaining > 0) {
    throw new DecodeError(`${reader.remaining} bytes are left over`, { offset: reader.offset, path: message.name })
  }
  return value
}

/**
 * Reads a message that its own version precedes as an int16 (Java: MessageUtil.toVersionPrefixedBytes).
 * Throws DecodeError, or UnsupportedVersionError when the version is not known.
 */
export function decodeVersioned<T extends object>(message: Readable<T>, bytes: Uint8Array): T {
  return decodeAfterPrefix(message, bytes, readPrefix(bytes, message.name))
}

/** Writes a message after its version as an int16. */
export function encodeVersioned<T extends object>(
  message: Message<T>,
  value: Encodable<T>,
  version: number,
): Uint8Array {
  const writer = new ByteWriter()
  writer.int16(version)
  message.write(writer, value, version)
  return writer.finish()
}
