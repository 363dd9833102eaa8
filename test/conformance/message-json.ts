import type { Field } from '../../src/protocol/schema.ts'

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/**
 * A decoded value as Java's JsonConverters print it at `version`, with int64 in decimal text and bytes in hex: plain
 * fields of the version always, tagged ones when they differ from their default.
 */
export function toJson(field: Field<unknown>, value: unknown, version: number): Json {
  if (value === null) return null
  const { kind, element, fields } = field.type
  switch (kind) {
    case 'struct': {
      const json: Record<string, Json> = {}
      for (const [name, of] of Object.entries(fields!)) {
        const content = (value as Record<string, unknown>)[name]
        if (!of.isPresentAt(version)) continue
        if (of.options.tag === undefined || !of.isDefault(content)) json[name] = toJson(of, content, version)
      }
      return json
    }
    case 'array':
      return (value as unknown[]).map((item) => toJson(element!, item, version))
    case 'int64':
      return (value as bigint).toString()
    case 'bytes':
    case 'records':
      return Buffer.from(value as Uint8Array).toString('hex')
    default:
      return value as Json
  }
}

/** The value that `toJson` prints as `json`, with only the fields that are in it. */
export function fromJson(field: Field<unknown>, json: Json): unknown {
  if (json === null) return null
  const { kind, element, fields } = field.type
  switch (kind) {
    case 'struct':
      return Object.fromEntries(
        Object.entries(json).map(([name, part]) => [name, fromJson(fieldOf(fields!, name), part)]),
      )
    case 'array':
      return (json as Json[]).map((item) => fromJson(element!, item))
    case 'int64':
      return BigInt(json as string)
    case 'bytes':
    case 'records':
      return new Uint8Array(Buffer.from(json as string, 'hex'))
    default:
      return json
  }
}

function fieldOf(fields: Readonly<Record<string, Field<unknown>>>, name: string): Field<unknown> {
  const found = fields[name]
  if (found === undefined) throw new Error(`Java's JSON has a field ${name} that the schema lacks`)
  return found
}
