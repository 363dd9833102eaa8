import type { ByteReader } from '../bytes/reader.ts'
import type { ByteWriter } from '../bytes/writer.ts'
import type { Encodable } from './field.ts'

/**
 * The usual case of a message in straight code, for messages that latency hangs on: between two of them other processes have had the core, and
 * what is many small functions, called through a table, then runs some ten times slower than in a loop. All that is unusual, wrong values included, is
 * left to the fields, which define the message: both must agree, byte for byte.
 */
export interface DirectCodec<T> {
  /** Undefined when the message is not of the usual kind; may throw DecodeError, or leave bytes of the message unread. */
  readonly read?: (reader: ByteReader, version: number) => T | undefined
  /** False, with nothing written, when the message is not of the usual kind. */
  readonly write?: (writer: ByteWriter, value: Encodable<T>, version: number) => boolean
}
