import { DecodeError, EncodeError, UnsupportedVersionError, type VersionRange } from '../errors.ts'
import { ByteReader } from './bytes/reader.ts'
import { ZERO_UUID } from './bytes/uuid.ts'
import { ByteWriter } from './bytes/writer.ts'

/** Most elements an array may announce. Larger counts are refused before anything is allocated. */
export const MAX_ARRAY_LENGTH = 1_000_000
/** Most tagged fields a struct may announce. */
export const MAX_TAGGED_FIELDS = 10_000

/** Key of the tagged fields that a decoded struct carried and this schema does not know; they are encoded again as they came. */
export const unknownTaggedFields: unique symbol = Symbol('kafkawire.unknownTaggedFields')

/** One tagged field as raw bytes (KIP-482). */
export interface UnknownTaggedField {
  tag: number
  data: Uint8Array
}

/** What encoding accepts for T: any field may be left out and then has its default, at every depth. */
export type Encodable<T> = T extends Uint8Array
  ? T
  : T extends readonly (infer E)[]
    ? readonly Encodable<E>[]
    : T extends object
      ? { [K in keyof T]?: Encodable<T[K]> | undefined }
      : T

/** Reads and writes one type as one version has it. */
export interface Codec<T> {
  readonly read: (reader: ByteReader) => T
  readonly write: (writer: ByteWriter, value: T) => void
  /** Fewest bytes an encoded value can have: bounds how many elements may be announced. */
  readonly minSize: number
}

/** The version a codec is compiled for. */
export interface CodecContext {
  version: number
  /** Whether the version uses compact lengths and tagged fields (KIP-482). */
  isFlexible: boolean
  isNullable: boolean
  isTagged: boolean
}

/** A type of the wire, for all versions. `kind` and what hangs on it let tools walk a schema. */
export interface WireType<T> {
  readonly kind:
    | 'int8'
    | 'int16'
    | 'uint16'
    | 'int32'
    | 'int64'
    | 'float64'
    | 'boolean'
    | 'string'
    | 'bytes'
    | 'records'
    | 'uuid'
    | 'array'
    | 'struct'
  readonly compile: (context: CodecContext) => Codec<T>
  /** The default of a field that names none; a new object at each call. */
  readonly zero: () => T
  readonly isZero: (value: T) => boolean
  /** Of an array. */
  readonly element?: Field<unknown>
  /** Of a struct, in wire order. */
  readonly fields?: Readonly<Record<string, Field<unknown>>>
}

/** How a field differs from version to version. */
export interface FieldOptions<T> {
  /** First version that has the field. */
  readonly since: number
  /** Last version that has the field. */
  readonly until: number
  /** First and last version at which the field may be null; undefined when it never may. */
  readonly nullable: VersionRange | undefined
  readonly tag: number | undefined
  /** Boxed, since null is a default too. */
  readonly default: { readonly value: T } | undefined
  /** Whether a value is dropped in silence where the version cannot carry it. */
  readonly isIgnorable: boolean
}

/** One field of a struct: a type and the versions it applies to. Every method returns a new field. */
export class Field<T> {
  readonly type: WireType<T>
  readonly options: FieldOptions<T>

  constructor(type: WireType<T>, options: FieldOptions<T>) {
    this.type = type
    this.options = options
  }

  #with(change: Partial<FieldOptions<T>>): Field<T> {
    return new Field(this.type, { ...this.options, ...change })
  }

  /** The field exists from this version on. */
  since(version: number): Field<T> {
    return this.#with({ since: version })
  }

  /** The field exists up to and including this version. */
  until(version: number): Field<T> {
    return this.#with({ until: version })
  }

  /** The field is written as a tagged field, and only when it differs from its default. */
  tagged(tag: number): Field<T> {
    return this.#with({ tag })
  }

  /** The value on decoding a version without the field, and on encoding when it is left out. */
  default(value: T): Field<T> {
    return this.#with({ default: { value } })
  }

  /** Encoding a version without the field drops its value instead of throwing UnsupportedVersionError. */
  ignorable(): Field<T> {
    return this.#with({ isIgnorable: true })
  }

  /** A default value of this field; a new object at each call. */
  defaultValue(): T {
    return this.options.default === undefined ? this.type.zero() : this.options.default.value
  }

  isDefault(value: T): boolean {
    if (value === undefined) return true
    const { default: explicit } = this.options
    if (explicit !== undefined) return value === explicit.value
    return value !== null && this.type.isZero(value)
  }

  isPresentAt(version: number): boolean {
    return version >= this.options.since && version <= this.options.until
  }

  compile(version: number, isFlexible: boolean): Codec<T> {
    const { nullable: range } = this.options
    const isNullable = range !== undefined && version >= range.min && version <= range.max
    return this.type.compile({ version, isFlexible, isNullable, isTagged: this.options.tag !== undefined })
  }
}

function field<T>(type: WireType<T>): Field<T> {
  return new Field<T>(type, {
    since: 0,
    until: Infinity,
    nullable: undefined,
    tag: undefined,
    default: undefined,
    isIgnorable: false,
  })
}

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
    isZero: (value) => value.length === 0,
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
    isZero: (value) => value.length === 0,
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

/** The fields of T in wire order. */
export type FieldsOf<T> = { readonly [K in keyof T]-?: Field<T[K]> }

/**
 * A group of fields, in wire order. Always name T: `struct<T>({…})`.
 * A nullable struct is one byte, -1 for null and 1 for a value, before the fields (KIP-893); for null in a tagged field it is 0.
 */
export function struct<T extends object>(fields: FieldsOf<T>): Field<T> {
  const named = fields as unknown as Record<string, Field<unknown>>
  const entries = Object.entries(named)
  return field<T>({
    kind: 'struct',
    fields: named,
    zero: () => defaultsOf(entries) as T,
    isZero: (value) => entries.every(([name, of]) => of.isDefault((value as Record<string, unknown>)[name])),
    compile: ({ version, isFlexible, isNullable, isTagged }) => {
      const codec = compileStruct<T>(entries, version, isFlexible)
      return isNullable ? nullableStruct(codec, isTagged ? 0 : -1) : codec
    },
  })
}

function defaultsOf(entries: [string, Field<unknown>][]): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  for (const [name, of] of entries) value[name] = of.defaultValue()
  return value
}

function nullableStruct<T extends object>(codec: Codec<T>, nullMark: number): Codec<T> {
  return {
    minSize: 1,
    read: (reader) => {
      const at = reader.offset
      const mark = reader.int8()
      if (mark === 1) return codec.read(reader)
      if (mark === nullMark) return null as unknown as T
      throw new DecodeError(`${mark} does not say whether a struct follows: 1 and ${nullMark} do`, { offset: at })
    },
    write: (writer, value) => {
      writer.int8(value === null ? nullMark : 1)
      if (value !== null) codec.write(writer, value)
    },
  }
}

interface CompiledField {
  readonly name: string
  readonly field: Field<unknown>
  readonly codec: Codec<unknown>
}

function compileStruct<T extends object>(
  entries: [string, Field<unknown>][],
  version: number,
  isFlexible: boolean,
): Codec<T> {
  const plain: CompiledField[] = []
  const tagged: CompiledField[] = []
  const absent: [string, Field<unknown>][] = []
  for (const [name, of] of entries) {
    if (!of.isPresentAt(version)) absent.push([name, of])
    else
      (of.options.tag === undefined ? plain : tagged).push({ name, field: of, codec: of.compile(version, isFlexible) })
  }
  tagged.sort((a, b) => a.field.options.tag! - b.field.options.tag!)
  // Only these need a new default at each decode; plain fields are always overwritten.
  const defaulted = entries.filter(([, of]) => !of.isPresentAt(version) || of.options.tag !== undefined)
  const refused = absent.filter(([, of]) => !of.options.isIgnorable)
  const shape = Object.fromEntries(entries.map(([name]) => [name, undefined]))

  const read = (reader: ByteReader): T => {
    const value: Record<string, unknown> = { ...shape }
    let i = 0
    try {
      for (; i < plain.length; i++) value[plain[i]!.name] = plain[i]!.codec.read(reader)
    } catch (error) {
      throw within(plain[i]!.name, error)
    }
    for (const [name, of] of defaulted) value[name] = of.defaultValue()
    if (isFlexible) readTaggedFields(reader, tagged, value)
    return value as T
  }

  const write = (writer: ByteWriter, value: T): void => {
    if (value === null || typeof value !== 'object')
      throw new EncodeError(`${value === null ? 'null' : typeof value} is not an object`)
    const given = value as Record<string, unknown>
    for (const [name, of] of refused) {
      if (!of.isDefault(given[name])) throw cannotCarry(name, version)
    }
    let i = 0
    try {
      for (; i < plain.length; i++) {
        const { name, field: of, codec } = plain[i]!
        const content = given[name]
        codec.write(writer, content === undefined ? of.defaultValue() : content)
      }
    } catch (error) {
      throw within(plain[i]!.name, error)
    }
    if (isFlexible) writeTaggedFields(writer, tagged, value)
  }

  let minSize = isFlexible ? 1 : 0
  for (const { codec } of plain) minSize += codec.minSize
  return { read, write, minSize }
}

function readTaggedFields(reader: ByteReader, known: CompiledField[], value: Record<string, unknown>): void {
  const at = reader.offset
  const count = reader.unsignedVarint()
  if (count === 0) return
  if (count > MAX_TAGGED_FIELDS) throw new DecodeError(`${count} tagged fields are announced`, { offset: at })
  const unknown: UnknownTaggedField[] = []
  let previous = -1
  for (let i = 0; i < count; i++) {
    const start = reader.offset
    const tag = reader.unsignedVarint()
    if (tag <= previous) throw new DecodeError(`tag ${tag} follows tag ${previous}`, { offset: start })
    previous = tag
    const size = reader.unsignedVarint()
    const from = reader.take(size)
    const of = known.find((candidate) => candidate.field.options.tag === tag)
    if (of === undefined) {
      unknown.push({ tag, data: reader.bytes.subarray(from, from + size) })
      continue
    }
    const part = new ByteReader(reader.bytes, from, from + size)
    try {
      value[of.name] = of.codec.read(part)
      if (part.remaining > 0)
        throw new DecodeError(`${part.remaining} bytes are left of the tagged field`, { offset: part.offset })
    } catch (error) {
      throw within(of.name, error)
    }
  }
  if (unknown.length > 0) (value as { [unknownTaggedFields]?: UnknownTaggedField[] })[unknownTaggedFields] = unknown
}

function writeTaggedFields(writer: ByteWriter, known: CompiledField[], value: object): void {
  const given = value as Record<string, unknown> & { [unknownTaggedFields]?: UnknownTaggedField[] }
  const unknown = given[unknownTaggedFields]
  if (known.length === 0 && unknown === undefined) return writer.unsignedVarint(0)
  const parts: UnknownTaggedField[] = unknown === undefined ? [] : [...unknown]
  for (const { name, field: of, codec } of known) {
    const content = given[name]
    if (of.isDefault(content)) continue
    const part = new ByteWriter(64)
    try {
      codec.write(part, content)
    } catch (error) {
      throw within(name, error)
    }
    parts.push({ tag: of.options.tag!, data: part.finish() })
  }
  parts.sort((a, b) => a.tag - b.tag)
  writer.unsignedVarint(parts.length)
  for (const { tag, data } of parts) {
    writer.unsignedVarint(tag)
    writer.unsignedVarint(data.length)
    writer.raw(data)
  }
}

/** An UnsupportedVersionError in the making: the path grows on the way up, the message puts its API to it. */
class CannotCarryError extends Error {
  readonly path: string
  readonly version: number
  constructor(path: string, version: number) {
    super()
    this.path = path
    this.version = version
  }
}

function cannotCarry(name: string, version: number): CannotCarryError {
  return new CannotCarryError(name, version)
}

/** The error with one more step put before its path. */
function within(step: string, error: unknown): unknown {
  if (error instanceof DecodeError)
    return new DecodeError(error.reason, { offset: error.offset, path: join(step, error.path) })
  if (error instanceof EncodeError) return new EncodeError(error.reason, join(step, error.path))
  if (error instanceof CannotCarryError) return new CannotCarryError(join(step, error.path), error.version)
  return error
}

function join(step: string, path: string): string {
  return path === '' || path.startsWith('[') ? step + path : `${step}.${path}`
}

/** What defines a message: its place in the protocol and its fields in wire order. */
export interface MessageDefinition<T> {
  /** Kafka's name, such as `FetchRequest`. */
  name: string
  /** The API key of a request or response; null for headers and for what is stored inside bytes. */
  apiKey: number | null
  /** Versions that can be encoded and decoded. */
  versions: VersionRange
  /** First version with compact lengths and tagged fields; null when none has them. */
  flexibleFrom: number | null
  fields: FieldsOf<T>
}

/** A request, response, header or stored blob: all versions of it. Compiled on first use of a version. */
export class Message<T extends object> {
  readonly name: string
  readonly apiKey: number | null
  readonly versions: VersionRange
  readonly flexibleFrom: number | null
  readonly root: Field<T>
  readonly #codecs: (Codec<T> | undefined)[] = []

  constructor(definition: MessageDefinition<T>) {
    this.name = definition.name
    this.apiKey = definition.apiKey
    this.versions = definition.versions
    this.flexibleFrom = definition.flexibleFrom
    this.root = struct<T>(definition.fields)
  }

  isFlexible(version: number): boolean {
    return this.flexibleFrom !== null && version >= this.flexibleFrom
  }

  /** The bytes of `value` at `version`. Fields left out have their defaults. Throws EncodeError or UnsupportedVersionError. */
  encode(value: Encodable<T>, version: number): Uint8Array {
    const writer = new ByteWriter()
    this.write(writer, value, version)
    return writer.finish()
  }

  /** Like `encode`, at the end of what `writer` holds. */
  write(writer: ByteWriter, value: Encodable<T>, version: number): void {
    try {
      this.#codec(version).write(writer, value as T)
    } catch (error) {
      if (error instanceof CannotCarryError) {
        throw new UnsupportedVersionError(
          `${this.name} version ${version} cannot carry ${error.path}: leave the field out or use a version that has it`,
          { api: this.name, client: this.versions },
        )
      }
      throw within(this.name, error)
    }
  }

  /** The value that `bytes` hold at `version`; byte fields are views of `bytes`. Throws DecodeError, also when bytes are left over. */
  decode(bytes: Uint8Array, version: number): T {
    const reader = new ByteReader(bytes)
    const value = this.read(reader, version)
    if (reader.remaining > 0) {
      throw new DecodeError(`${reader.remaining} bytes are left over`, { offset: reader.offset, path: this.name })
    }
    return value
  }

  /** Like `decode`, from where `reader` stands, leaving it after the message. */
  read(reader: ByteReader, version: number): T {
    try {
      return this.#codec(version).read(reader)
    } catch (error) {
      throw within(this.name, error)
    }
  }

  #codec(version: number): Codec<T> {
    const known = this.#codecs[version]
    if (known !== undefined) return known
    const { min, max } = this.versions
    if (!Number.isInteger(version) || version < min || version > max) {
      throw new UnsupportedVersionError(`${this.name} has no version ${version}: versions ${min} to ${max} are known`, {
        api: this.name,
        client: this.versions,
      })
    }
    const codec = this.root.compile(version, this.isFlexible(version))
    this.#codecs[version] = codec
    return codec
  }
}

/** Defines a message. Always name T: `message<T>({…})`. */
export function message<T extends object>(definition: MessageDefinition<T>): Message<T> {
  return new Message<T>(definition)
}
