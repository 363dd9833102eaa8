import type { VersionRange } from '../../errors.ts'
import type { ByteReader } from '../bytes/reader.ts'
import type { ByteWriter } from '../bytes/writer.ts'

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

/** A field of every version, plain and never null, until its methods say otherwise. */
export function field<T>(type: WireType<T>): Field<T> {
  return new Field<T>(type, {
    since: 0,
    until: Infinity,
    nullable: undefined,
    tag: undefined,
    default: undefined,
    isIgnorable: false,
  })
}
