import { ConfigError, EncodeError } from './errors.ts'
import { inspect } from './inspect-value.ts'
import { decodeUtf8, encodeUtf8 } from './protocol/bytes/utf8.ts'
import type { RecordHeader } from './protocol/records/record.ts'

/** What a serialiser or deserialiser may know of the record at hand. */
export interface SerdeContext {
  readonly topic: string
  readonly field: 'key' | 'value'
  /** In wire order. A serialiser gets the headers as they will be written; see `addsHeaders` to add to them. */
  readonly headers: readonly RecordHeader[]
}

/** Turns a key or value into bytes. `null` makes a null key or a tombstone. */
export interface Serializer<T> {
  /** Whether it changes the headers: those of its context are then an array that belongs to the record alone. */
  readonly addsHeaders?: boolean | undefined
  serialize(data: T, context: SerdeContext): Uint8Array | string | null | Promise<Uint8Array | string | null>
}

/** Turns the bytes of a key or value into data. The bytes are a view of a larger buffer: copy them to keep them for long. */
export interface Deserializer<T> {
  /**
   * Whether it makes something of any bytes, and at once: it neither throws nor returns a promise. The records of `consumer.batches()` are then
   * not read before somebody looks at them. Should it throw all the same, looking throws RecordError, and the batch has not been handled.
   */
  readonly isTotal?: boolean | undefined
  deserialize(bytes: Uint8Array | null, context: SerdeContext): T | Promise<T>
}

/** Both directions. */
export interface Serde<T> extends Serializer<T>, Deserializer<T> {}

/** UTF-8 text; null stays null. */
export const string: Serde<string | null> = {
  serialize: (data) => {
    if (data !== null && typeof data !== 'string')
      throw new EncodeError(`the string serde cannot take ${inspect(data)}`)
    return data
  },
  isTotal: true,
  deserialize: (bytes) => (bytes === null ? null : decodeUtf8(bytes, 0, bytes.length)),
}

/** Bytes as they are; null stays null. The default of keys and values. Serialising also takes text, written as UTF-8. */
export const bytes: Serializer<Uint8Array | string | null> & Deserializer<Uint8Array | null> = {
  serialize: (data) => data,
  isTotal: true,
  deserialize: (data) => data,
}

/**
 * JSON as UTF-8 text: `json<Order>()`. A null record stays null, so T should allow null where tombstones occur.
 * What is read is trusted to be a T.
 */
export function json<T>(): Serde<T> {
  return {
    serialize: (data) => {
      if (data === null) return null
      const encoded: string | undefined = JSON.stringify(data)
      if (encoded === undefined) throw new EncodeError(`${inspect(data)} has no JSON form`)
      return encoded
    },
    deserialize: (data) => (data === null ? (null as T) : (JSON.parse(decodeUtf8(data, 0, data.length)) as T)),
  }
}

/** Headers as a producer takes them: an object for distinct names, or a list for duplicates and a fixed order. */
export type HeadersInput =
  | Readonly<Record<string, Uint8Array | string | null>>
  | readonly (RecordHeader | readonly [key: string, value: Uint8Array | string | null])[]

const NO_HEADERS: readonly RecordHeader[] = []

/** The headers in the form that records carry. Throws ConfigError for a value that is neither bytes, text nor null. */
export function toRecordHeaders(input: HeadersInput | undefined): readonly RecordHeader[] {
  if (input === undefined) return NO_HEADERS
  if (input === null || typeof input !== 'object') {
    throw new ConfigError('headers', `headers must be an object or an array, not ${inspect(input)}`)
  }
  if (!Array.isArray(input)) return Object.entries(input).map(([key, value]) => toRecordHeader(key, value))
  return input.map((item: RecordHeader | readonly [string, Uint8Array | string | null]) => {
    if (Array.isArray(item)) return toRecordHeader(item[0], item[1])
    const header = item as RecordHeader
    return toRecordHeader(header.key, header.value)
  })
}

function toRecordHeader(key: unknown, value: unknown): RecordHeader {
  if (typeof key !== 'string') throw new ConfigError('headers', `a header's key must be a string, not ${inspect(key)}`)
  if (value === null || value instanceof Uint8Array) return { key, value }
  if (typeof value === 'string') return { key, value: encodeUtf8(value) }
  throw new ConfigError('headers', `header ${key} must be bytes, a string or null, not ${inspect(value)}`)
}
