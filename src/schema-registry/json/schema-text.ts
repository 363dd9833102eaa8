import { SerializationError } from '../errors.ts'

/** A schema that is no boolean, as its text has it. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Families of drafts that are read alike. */
export type Draft = '4' | '7' | '2019' | '2020'

/** The schema of a text. Throws SerializationError unless it is an object, true or false. */
export function parseSchema(text: string): JsonObject | boolean {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new SerializationError('not a JSON Schema: its text is not JSON', { cause })
  }
  if (typeof parsed === 'boolean') return parsed
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject
  throw new SerializationError('not a JSON Schema: it must be an object, true or false')
}

/** Draft 7 is meant when a schema does not say, as in Java. Draft 6 has nothing that 7 reads otherwise. */
export function draftOf(schema: JsonObject | boolean): Draft {
  const uri = typeof schema === 'object' ? schema['$schema'] : undefined
  if (typeof uri !== 'string') return '7'
  if (uri.includes('draft-04')) return '4'
  if (uri.includes('2019-09')) return '2019'
  return uri.includes('2020-12') ? '2020' : '7'
}

/** What a schema calls itself. */
export function idOf(schema: JsonObject | boolean): string | undefined {
  const id = typeof schema === 'object' ? (schema['$id'] ?? schema['id']) : undefined
  return typeof id === 'string' ? id : undefined
}
