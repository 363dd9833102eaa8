import { inspect } from '../../inspect-value.ts'
import { SchemaRegistryError } from '../errors.ts'
import type { RegisteredSchema, SchemaReference, SchemaType } from '../schema.ts'

/** How compatible a new version of a subject must be with the ones before. */
export type CompatibilityLevel =
  | 'NONE'
  | 'BACKWARD'
  | 'BACKWARD_TRANSITIVE'
  | 'FORWARD'
  | 'FORWARD_TRANSITIVE'
  | 'FULL'
  | 'FULL_TRANSITIVE'

/** What may be done with a subject. */
export type RegistryMode = 'READWRITE' | 'READONLY' | 'READONLY_OVERRIDE' | 'IMPORT' | 'FORWARD'

/** A subject and one of its versions. */
export interface SubjectVersion {
  subject: string
  version: number
}

/** Whether a schema may follow the versions of a subject. */
export interface CompatibilityAnswer {
  isCompatible: boolean
  /** Why not, when asked for by `verbose`. */
  messages: readonly string[]
}

function unexpected(what: string, expected: string, found: unknown): SchemaRegistryError {
  const message = `${what} was answered with ${inspect(found)} instead of ${expected}: is this the URL of a schema registry?`
  return new SchemaRegistryError(message, { status: 200, errorCode: 200 })
}

/** An answer that must be an object. */
export function objectOf(answer: unknown, what: string): Record<string, unknown> {
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer as Record<string, unknown>
  throw unexpected(what, 'an object', answer)
}

/** An answer that must be a list. Some registries write null for an empty one. */
export function listOf<T>(answer: unknown, what: string): T[] {
  if (answer === null || answer === undefined) return []
  if (Array.isArray(answer)) return answer as T[]
  throw unexpected(what, 'a list', answer)
}

/** An answer that must be a whole number. */
export function integerOf(answer: unknown, what: string): number {
  if (Number.isInteger(answer)) return answer as number
  throw unexpected(what, 'a whole number', answer)
}

/** An answer that must hold a schema's text; `known` is what the question told already. */
export function schemaOf(answer: unknown, what: string, known: Partial<RegisteredSchema> = {}): RegisteredSchema {
  const given = objectOf(answer, what)
  if (typeof given['schema'] !== 'string') throw unexpected(what, 'a schema', answer)
  return { ...withDefaults(given), ...known, schema: given['schema'] }
}

/** The answer to a registration, which may hold no more than the id, over what was registered. */
export function registrationOf(answer: unknown, what: string, registered: RegisteredSchema): RegisteredSchema {
  const given = objectOf(answer, what)
  integerOf(given['id'], what)
  return { ...registered, ...withDefaults({ ...registered, ...withoutNulls(given) }), schema: registered.schema }
}

function withDefaults(given: Record<string, unknown>): RegisteredSchema {
  const { schemaType, references, ...rest } = withoutNulls(given)
  return {
    ...(rest as Omit<RegisteredSchema, 'schemaType' | 'references'>),
    schemaType: (schemaType as SchemaType | undefined) ?? 'AVRO',
    references: (references as SchemaReference[] | undefined) ?? [],
  }
}

function withoutNulls(given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null))
}
