import { DecodeError, EncodeError } from '../errors.ts'
import type { ByteReader } from './bytes/reader.ts'
import { ZERO_UUID } from './bytes/uuid.ts'
import type { ByteWriter } from './bytes/writer.ts'
import { type Codec, Field, field, type FieldOptions, type WireType } from './schema/field.ts'
import { within } from './schema/path.ts'

// The vocabulary that message files are written in: these two are words of it that need a file of their own.
export { Field } from './schema/field.ts'
export type { Encodable } from './schema/field.ts'
export { Message, message } from './schema/message.ts'
export { struct } from './schema/struct.ts'
export { type UnknownTaggedField, unknownTaggedFields } from './schema/tagged-fields.ts'

/** Most elements an array may announce. Larger counts are refused before anything is allocated. */
export const MAX_ARRAY_LENGTH = 1_000_000

/** The field may be null, from version `since` up to and including `until`. Its default is still the type's own unless one is named. */
export function nullable<T>(of: Field<T>, since = 0, until: number = Infinity): Field<T | null> {
  // Null is handled by the codec, which is compiled knowing whether it may occur.
  return new Field(of.type as unknown as WireType<T | null>, {
    ...(of.options as FieldOptions<T | null>),
    nullable: { min: since, max: until },
  })
}

function primitive<T>(kind: WireType<T>['kind'], zero: T, codec: Codec<T>): Field<T> {
  return field<T>({ kind, zero: () => zero, isZero: (value) => value === zero, compile: () => codec })
}

/** A signed byte. */
export const int8: Field<number> = primitive('int8', 0, {
  minSize: 1,
  read: (r) => r.int8(),
  write: (w, v) => w.int8(v),
})
export const int16: Field<number> = primitive('int16', 0, {
  minSize: 2,
  read: (r) => r.int16(),
  write: (w, v) => w.int16(v),
})
/** Used for ports. */
export const uint16: Field<number> = primitive('uint16', 0, {
  minSize: 2,
  read: (r) => r.uint16(),
  write: (w, v) => w.uint16(v),
})
export const int32: Field<number> = primitive('int32', 0, {
  minSize: 4,
  read: (r) => r.int32(),
  write: (w, v) => w.int32(v),
})
export const int64: Field<bigint> = primitive('int64', 0n, {
  minSize: 8,
  read: (r) => r.int64(),
  write: (w, v) => w.int64(v),
})
export const float64: Field<number> = primitive('float64', 0, {
  minSize: 8,
  read: (r) => r.float64(),
  write: (w, v) => w.float64(v),
})
/** One byte; any value but 0 is true. */
export const boolean: Field<boolean> = primitive('boolean', false, {
  minSize: 1,
  read: (r) => r.int8() !== 0,
  write: (w, v) => w.boolean(v),
})
/** 16 bytes, held as the 22 characters that Kafka prints. */
export const uuid: Field<string> = primitive('uuid', ZERO_UUID, {
  minSize: 16,
  read: (r) => r.uuid(),
  write: (w, v) => w.uuid(v),
})

/** A length or element count as a version writes it. `read` gives -1 for null. */
interface LengthCodec {
  readonly minSize: number
  readonly read: (reader: ByteReader) => number
  readonly write: (writer: ByteWriter, length: number) => void
}

const COMPACT_LENGTH: LengthCodec = {
  minSize: 1,
  read: (r) => r.unsignedVarint() - 1,
  write: (w, length) => w.unsignedVarint(length + 1),
}
const INT16_LENGTH: LengthCodec = { minSize: 2, read: (r) => r.int16(), write: (w, length) => w.int16(length) }
const INT32_LENGTH: LengthCodec = { minSize: 4, read: (r) => r.int32(), write: (w, length) => w.int32(length) }

function readLength(reader: ByteReader, length: LengthCodec, isNullable: boolean): number {
  const at = reader.offset
  const size = length.read(reader)
  if (size >= 0) return size
  if (size < -1) throw new DecodeError(`length ${size} is negative`, { offset: at })
  if (!isNullable) throw new DecodeError('null where the version allows none', { offset: at })
  return -1
}

function writeNull(writer: ByteWriter, length: LengthCodec, isNullable: boolean): void {
  if (!isNullable) throw new EncodeError('null where the version allows none')
  length.write(writer, -1)
}

/** UTF-8 text: int16 length, or compact. */
export const string: Field<string> = field<string>({
  kind: 'string',
  zero: () => '',
  isZero: (value) => value === '',
  compile: ({ isFlexible, isNullable }) => {
    const length = isFlexible ? COMPACT_LENGTH : INT16_LENGTH
    return {
      minSize: length.minSize,
      read: (reader) => {
        const size = readLength(reader, length, isNullable)
        return size < 0 ? (null as unknown as string) : reader.utf8(size)
      },
      write: (writer, value) => {
        if (value === null) writeNull(writer, length, isNullable)
        else if (isFlexible) writer.compactString(value)
        else writer.string(value)
      },
    }
  },
})

function bytesType(kind: 'bytes' | 'records'): WireType<Uint8Array> {
  return {
    kind,
    zero: () => new Uint8Array(0),
    isZero: (value) => value instanceof Uint8Array && value.length === 0,
    compile: ({ isFlexible, isNullable }) => {
      const length = isFlexible ? COMPACT_LENGTH : INT32_LENGTH
      return {
        minSize: length.minSize,
        read: (reader) => {
          const size = readLength(reader, length, isNullable)
          return size < 0 ? (null as unknown as Uint8Array) : reader.slice(size)
        },
        write: (writer, value) => {
          if (value === null) return writeNull(writer, length, isNullable)
          if (!(value instanceof Uint8Array)) throw new EncodeError(`${typeof value} is not a Uint8Array`)
          length.write(writer, value.length)
          writer.raw(value)
        },
      }
    },
  }
}

/** A byte array, decoded as a view of the input: int32 length, or compact. */
export const bytes: Field<Uint8Array> = field(bytesType('bytes'))
/** Record batches or message sets, left undecoded here: see records/. */
export const records: Field<Uint8Array> = field(bytesType('records'))

/** A list of `element`: int32 count, or compact. */
export function array<T>(element: Field<T>): Field<T[]> {
  return field<T[]>({
    kind: 'array',
    element: element as Field<unknown>,
    zero: () => [],
    isZero: (value) => Array.isArray(value) && value.length === 0,
    compile: ({ version, isFlexible, isNullable }) => {
      const length = isFlexible ? COMPACT_LENGTH : INT32_LENGTH
      const { read, write, minSize } = element.compile(version, isFlexible)
      return {
        minSize: length.minSize,
        read: (reader) => {
          const at = reader.offset
          const count = readLength(reader, length, isNullable)
          if (count < 0) return null as unknown as T[]
          if (count > MAX_ARRAY_LENGTH || count * minSize > reader.remaining) {
            throw new DecodeError(`${count} elements are announced and ${reader.remaining} bytes are left`, {
              offset: at,
            })
          }
          const values: T[] = []
          try {
            while (values.length < count) values.push(read(reader))
          } catch (error) {
            throw within(`[${values.length}]`, error)
          }
          return values
        },
        write: (writer, values) => {
          if (values === null) return writeNull(writer, length, isNullable)
          if (!Array.isArray(values)) throw new EncodeError(`${typeof values} is not an array`)
          length.write(writer, values.length)
          let i = 0
          try {
            for (; i < values.length; i++) write(writer, values[i]!)
          } catch (error) {
            throw within(`[${i}]`, error)
          }
        },
      }
    },
  })
}
