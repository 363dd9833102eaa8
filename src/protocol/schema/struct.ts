import { DecodeError, EncodeError } from '../../errors.ts'
import type { ByteReader } from '../bytes/reader.ts'
import type { ByteWriter } from '../bytes/writer.ts'
import { type Codec, type Field, field } from './field.ts'
import { CannotCarryError, within } from './path.ts'
import { type CompiledField, readTaggedFields, unknownTaggedFields, writeTaggedFields } from './tagged-fields.ts'

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
    isZero: (value) =>
      typeof value === 'object' &&
      !(unknownTaggedFields in value) &&
      entries.every(([name, of]) => of.isDefault((value as Record<string, unknown>)[name])),
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
      if (!of.isDefault(given[name])) throw new CannotCarryError(name, version)
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
