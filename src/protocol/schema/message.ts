import { DecodeError, UnsupportedVersionError, type VersionRange } from '../../errors.ts'
import { ByteReader } from '../bytes/reader.ts'
import { ByteWriter } from '../bytes/writer.ts'
import type { DirectCodec } from './direct.ts'
import type { Codec, Encodable, Field } from './field.ts'
import { CannotCarryError, within } from './path.ts'
import { type FieldsOf, struct } from './struct.ts'

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
  /** A short cut for the usual case. */
  direct?: DirectCodec<T>
}

/** A request, response, header or stored blob: all versions of it. Compiled on first use of a version. */
export class Message<T extends object> {
  readonly name: string
  readonly apiKey: number | null
  readonly versions: VersionRange
  readonly flexibleFrom: number | null
  readonly root: Field<T>
  readonly direct: DirectCodec<T>
  readonly #codecs: (Codec<T> | undefined)[] = []

  constructor(definition: MessageDefinition<T>) {
    this.name = definition.name
    this.apiKey = definition.apiKey
    this.versions = definition.versions
    this.flexibleFrom = definition.flexibleFrom
    this.root = struct<T>(definition.fields)
    this.direct = definition.direct ?? {}
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

  /** Like `encode`, at the end of what `writer` holds; what is there after an error is of no use. */
  write(writer: ByteWriter, value: Encodable<T>, version: number): void {
    try {
      const codec = this.#codec(version)
      if (!this.#writeDirectly(writer, value, version)) codec.write(writer, value as T)
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

  #writeDirectly(writer: ByteWriter, value: Encodable<T>, version: number): boolean {
    try {
      return this.direct.write?.(writer, value, version) === true
    } catch {
      // The fields throw as well, and know the path.
      return false
    }
  }

  /** The value that `bytes` hold at `version`; byte fields are views of `bytes`. Throws DecodeError, also when bytes are left over. */
  decode(bytes: Uint8Array, version: number): T {
    const reader = new ByteReader(bytes)
    const value = this.read(reader, version)
    this.checkEnd(reader)
    return value
  }

  /** Throws DecodeError when bytes are left over. */
  checkEnd(reader: ByteReader): void {
    if (reader.offset === reader.end) return
    throw new DecodeError(`${reader.remaining} bytes are left over`, { offset: reader.offset, path: this.name })
  }

  /** Like `decode`, from where `reader` stands, leaving it after the message. */
  read(reader: ByteReader, version: number): T {
    try {
      const codec = this.#codec(version)
      return this.#readDirectly(reader, version) ?? codec.read(reader)
    } catch (error) {
      throw within(this.name, error)
    }
  }

  #readDirectly(reader: ByteReader, version: number): T | undefined {
    const start = reader.offset
    try {
      const value = this.direct.read?.(reader, version)
      if (value !== undefined) return value
    } catch {
      // As when writing.
    }
    reader.offset = start
    return undefined
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
