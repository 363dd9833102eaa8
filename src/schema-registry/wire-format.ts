import { SerializationError } from './errors.ts'

/** First byte of a record whose schema id stands before the body. */
const PREFIX_MAGIC = 0
/** First byte of a header that holds a schema's GUID. */
const HEADER_MAGIC = 1
/** Bytes before the body, or before the message indexes of Protobuf. */
const PREFIX_BYTES = 5
const HEADER_BYTES = 17
/** More than any schema nests, so that hostile counts are refused before anything is allocated. */
const MAX_INDEXES = 1000

/** Names of the headers that hold GUIDs (Java: SchemaId.KEY_SCHEMA_ID_HEADER and VALUE_SCHEMA_ID_HEADER). */
export const KEY_SCHEMA_ID_HEADER = '__key_schema_id'
export const VALUE_SCHEMA_ID_HEADER = '__value_schema_id'

const FIRST_MESSAGE: readonly number[] = [0]
const NO_BYTES = new Uint8Array(0)

/** Which schema bytes were written with, and where the body begins. */
export interface SchemaFrame {
  /** Undefined when a GUID tells. */
  readonly id: number | undefined
  /** With dashes, in lower case; undefined when an id tells. */
  readonly guid: string | undefined
  /** The way to a Protobuf message within its file; undefined for other formats. */
  readonly messageIndexes: readonly number[] | undefined
  /** Offset of the body in the record's bytes. */
  readonly bodyOffset: number
}

/** What stands before the body: magic byte 0, the id as int32, and message indexes if there are any. */
export function encodePrefix(id: number, messageIndexes?: readonly number[]): Uint8Array {
  const indexes = messageIndexes === undefined ? NO_BYTES : encodeMessageIndexes(messageIndexes)
  const bytes = new Uint8Array(PREFIX_BYTES + indexes.length)
  bytes[0] = PREFIX_MAGIC
  new DataView(bytes.buffer).setInt32(1, id)
  bytes.set(indexes, PREFIX_BYTES)
  return bytes
}

/** Value of the header: magic byte 1, the 16 bytes of the GUID, and message indexes if there are any. */
export function encodeHeader(guid: string, messageIndexes?: readonly number[]): Uint8Array {
  const indexes = messageIndexes === undefined ? NO_BYTES : encodeMessageIndexes(messageIndexes)
  const bytes = new Uint8Array(HEADER_BYTES + indexes.length)
  bytes[0] = HEADER_MAGIC
  bytes.set(encodeGuid(guid), 1)
  bytes.set(indexes, HEADER_BYTES)
  return bytes
}

/** Reads what stands before the body. Throws SerializationError when the bytes were not written with a registry's serialiser. */
export function decodePrefix(bytes: Uint8Array, hasMessageIndexes: boolean): SchemaFrame {
  if (bytes[0] !== PREFIX_MAGIC) {
    const found = bytes.length === 0 ? 'there are none' : `the first is ${bytes[0]}`
    throw new SerializationError(`not bytes of a registry's serialiser, which begin with 0: ${found}`)
  }
  if (bytes.length < PREFIX_BYTES) {
    throw new SerializationError(`cut off: ${bytes.length} bytes cannot hold a schema id`)
  }
  const id = (bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!
  if (id < 0) throw new SerializationError(`${id} is no schema id: not bytes of a registry's serialiser`)
  if (!hasMessageIndexes) return { id, guid: undefined, messageIndexes: undefined, bodyOffset: PREFIX_BYTES }
  const { indexes, end } = decodeMessageIndexes(bytes, PREFIX_BYTES)
  return { id, guid: undefined, messageIndexes: indexes, bodyOffset: end }
}

/** Reads the header that names the schema of a bare body. Throws SerializationError when it does not. */
export function decodeHeader(value: Uint8Array, hasMessageIndexes: boolean): SchemaFrame {
  if (value[0] !== HEADER_MAGIC || value.length < HEADER_BYTES) {
    throw new SerializationError(
      `the header with the schema's GUID must hold 1 and 16 bytes, not ${value.length} bytes that begin with ${value[0]}`,
    )
  }
  const guid = decodeGuid(value, 1)
  if (!hasMessageIndexes) return { id: undefined, guid, messageIndexes: undefined, bodyOffset: 0 }
  // Without any, the first message is meant.
  if (value.length === HEADER_BYTES) return { id: undefined, guid, messageIndexes: FIRST_MESSAGE, bodyOffset: 0 }
  const { indexes } = decodeMessageIndexes(value, HEADER_BYTES)
  return { id: undefined, guid, messageIndexes: indexes, bodyOffset: 0 }
}

/** Message indexes as zig-zag varints behind their count; the first message of a file is the single byte 0. */
export function encodeMessageIndexes(indexes: readonly number[]): Uint8Array {
  if (indexes.length === 1 && indexes[0] === 0) return new Uint8Array(1)
  const bytes: number[] = []
  for (const value of [indexes.length, ...indexes]) {
    let rest = value * 2
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
    bytes.push(rest)
  }
  return Uint8Array.from(bytes)
}

/** Reads message indexes at `offset`. Throws SerializationError when they are cut off or cannot be. */
export function decodeMessageIndexes(bytes: Uint8Array, offset: number): { indexes: readonly number[]; end: number } {
  // Nearly every file has its message first.
  if (bytes[offset] === 0) return { indexes: FIRST_MESSAGE, end: offset + 1 }
  let at = offset
  const next = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) throw new SerializationError('cut off within the message indexes')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) break
      if (scale > 2 ** 28) throw new SerializationError('a message index takes more than 5 bytes')
    }
    if (value % 2 === 1 || value > 0xffffffff) throw new SerializationError('a message index is negative or too large')
    return value / 2
  }
  const count = next()
  if (count === 0) return { indexes: FIRST_MESSAGE, end: at }
  if (count > MAX_INDEXES || count > bytes.length - at) {
    throw new SerializationError(`cut off: ${count} message indexes do not fit`)
  }
  const indexes = Array.from({ length: count }, next)
  return { indexes, end: at }
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The 16 bytes of a GUID as text prints it. */
export function encodeGuid(guid: string): Uint8Array {
  const text = guid.toLowerCase()
  if (!GUID.test(text)) throw new SerializationError(`${JSON.stringify(guid.slice(0, 40))} is no GUID`)
  const hex = text.replaceAll('-', '')
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16))
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** The GUID in the 16 bytes at `offset`. */
export function decodeGuid(bytes: Uint8Array, offset: number): string {
  let text = ''
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-'
    text += HEX[bytes[offset + i]!]!
  }
  return text
}
