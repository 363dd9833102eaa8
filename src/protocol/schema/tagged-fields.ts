import { DecodeError, EncodeError } from '../../errors.ts'
import { ByteReader } from '../bytes/reader.ts'
import { ByteWriter } from '../bytes/writer.ts'
import type { Codec, Field } from './field.ts'
import { within } from './path.ts'

/** Most tagged fields a struct may announce. */
export const MAX_TAGGED_FIELDS = 10_000

/**
 * Key of the tagged fields that a decoded struct carried and this schema does not know; they are encoded again as they
 * came, and left out of versions without tagged fields.
 */
export const unknownTaggedFields: unique symbol = Symbol('kafkawire.unknownTaggedFields')

/** One tagged field as raw bytes (KIP-482). */
export interface UnknownTaggedField {
  tag: number
  data: Uint8Array
}

/** A field of one version, ready to be read and written. */
export interface CompiledField {
  readonly name: string
  readonly field: Field<unknown>
  readonly codec: Codec<unknown>
}

/** Reads the tagged fields at the end of a struct into `value`; those that are not `known` are kept as bytes. */
export function readTaggedFields(reader: ByteReader, known: CompiledField[], value: Record<string, unknown>): void {
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

/** Writes the tagged fields of `value` that differ from their defaults, and the unknown ones it was decoded with, in the order of tags. */
export function writeTaggedFields(writer: ByteWriter, known: CompiledField[], value: object): void {
  const given = value as Record<string, unknown> & { [unknownTaggedFields]?: UnknownTaggedField[] }
  const unknown = given[unknownTaggedFields]
  if (known.length === 0 && unknown === undefined) return writer.unsignedVarint(0)
  const parts: UnknownTaggedField[] = []
  for (const part of unknown ?? []) {
    if (known.some((of) => of.field.options.tag === part.tag)) {
      throw new EncodeError(`tag ${part.tag} is not unknown to this version`)
    }
    if (!(part.data instanceof Uint8Array)) throw new EncodeError(`${typeof part.data} is not a Uint8Array`)
    parts.push(part)
  }
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
  let previous = -1
  for (const { tag, data } of parts) {
    if (tag === previous) throw new EncodeError(`tag ${tag} is given twice`)
    previous = tag
    writer.unsignedVarint(tag)
    writer.unsignedVarint(data.length)
    writer.raw(data)
  }
}
