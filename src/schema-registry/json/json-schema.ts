import { inspect } from '../../inspect-value.ts'
import { decodeUtf8 } from '../../protocol/bytes/utf8.ts'
import { SerializationError } from '../errors.ts'
import type { SchemaFormat, SchemaMigrator, SchemaReader, SchemaWriter } from '../format.ts'
import { type RegistrySerde, registrySerde } from '../registry-serde.ts'
import type { ResolvedSchema, Schema, SchemaMetadata, SchemaReference, RuleSet } from '../schema.ts'
import type { RegistrySerdeOptions } from '../serde-options.ts'
import { type ValueHooks, withHooks } from '../value-hooks.ts'
import { incompatibilities } from './compatibility.ts'
import { parseExact, stringifyExact } from './exact-json.ts'
import { FieldVisit } from './field-visit.ts'
import { parseSchema } from './schema-text.ts'
import { type AjvClasses, compile, loadAjv, type Validate } from './validator.ts'

/** A JSON Schema: its text, what its text is parsed to, or either of them with what belongs to it. */
export type JsonSchema = string | boolean | Readonly<Record<string, unknown>> | JsonSchemaWithReferences

/** A JSON Schema that refers to others of the registry. */
export interface JsonSchemaWithReferences {
  readonly schema: string | boolean | Readonly<Record<string, unknown>>
  readonly references: readonly SchemaReference[]
  readonly metadata?: SchemaMetadata | undefined
  readonly ruleSet?: RuleSet | undefined
}

/** Options of `json`. */
export interface JsonOptions<T> extends RegistrySerdeOptions<JsonSchema, T>, ValueHooks<T> {
  /** Whether values must match their schema, while they are written and read. Default true. */
  validate?: boolean | undefined
}

/**
 * JSON with a JSON Schema of drafts 4 to 2020-12, by ajv: `json<Order>({ registry, schema })`. Integers beyond ±(2^53 - 1) are
 * bigints. A schema without `$schema` is of draft 7, as in Java.
 */
export function json<T>(options: JsonOptions<T>): RegistrySerde<T> {
  const { validate = true, toObject, fromObject, ...frame } = options
  return withHooks(registrySerde<JsonSchema, T>(new JsonFormat<T>(validate), frame), { toObject, fromObject })
}

/** JSON Schema as a format of the registry. */
export class JsonFormat<T> implements SchemaFormat<JsonSchema, T> {
  readonly schemaType = 'JSON'
  readonly hasMessageIndexes = false
  readonly #validates: boolean
  #ajv: AjvClasses | undefined

  constructor(validates: boolean) {
    this.#validates = validates
  }

  async load(): Promise<void> {
    if (this.#validates) this.#ajv ??= await loadAjv()
  }

  toSchema(given: JsonSchema): Schema {
    const { schema, ...rest } = isWithReferences(given) ? given : { schema: given }
    const text = typeof schema === 'string' ? schema : JSON.stringify(schema)
    parseSchema(text)
    return { ...rest, schema: text, schemaType: 'JSON' }
  }

  /** The title, as Java has it. */
  recordName({ schema }: ResolvedSchema): string | undefined {
    const parsed = parseSchema(schema)
    const title = typeof parsed === 'object' ? parsed['title'] : undefined
    return typeof title === 'string' ? title : undefined
  }

  incompatibilities(reader: ResolvedSchema, writer: ResolvedSchema): readonly string[] {
    return incompatibilities(reader, writer).map(({ type, path }) => `${type} at ${path}`)
  }

  writer(schema: ResolvedSchema): SchemaWriter<T> {
    const validate = this.#validator(schema)
    const visit = new FieldVisit(schema)
    return {
      encode: (value, prefix) => encode(value, prefix, validate),
      transformFields: async (value, transform) => (await visit.run(value, transform)) as T,
    }
  }

  reader(writer: ResolvedSchema, reader: ResolvedSchema | undefined): SchemaReader<T> {
    const validate = this.#validator(reader ?? writer)
    const visit = new FieldVisit(reader ?? writer)
    return {
      decode: (body) => decode(body, validate) as T,
      transformFields: async (value, transform) => (await visit.run(value, transform)) as T,
    }
  }

  migrator(_: ResolvedSchema, reader: ResolvedSchema): SchemaMigrator<T> {
    const validate = this.#validator(reader)
    return async (body, __, change) => {
      const object = await change(decode(body, () => undefined))
      check(object, () => object, validate)
      return object as T
    }
  }

  #validator(schema: ResolvedSchema): Validate {
    if (this.#ajv === undefined) return () => undefined
    return compile(this.#ajv, schema)
  }
}

function isWithReferences(given: JsonSchema): given is JsonSchemaWithReferences {
  // No keyword of JSON Schema has this name.
  return typeof given === 'object' && 'schema' in given && Array.isArray(given['references'])
}

function encode(value: unknown, prefix: Uint8Array, validate: Validate): Uint8Array {
  const text = textOf(value)
  if (text === undefined) throw new SerializationError(`${inspect(value)} has no JSON form`)
  // Most values are what they are written as. Those that are not, such as a Date or a bigint, get a second look.
  check(value, () => JSON.parse(text), validate)
  const body = utf8Of(text)
  const bytes = new Uint8Array(prefix.length + body.length)
  bytes.set(prefix)
  bytes.set(body, prefix.length)
  return bytes
}

const encoder = new TextEncoder()

/** Node's own way takes a sixth of the time where the text is no longer than a record usually is; other runtimes have it too. */
const utf8Of: (text: string) => Uint8Array =
  typeof Buffer === 'undefined' ? (text) => encoder.encode(text) : (text) => Buffer.from(text)

function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    // A bigint, or a circle.
  }
  try {
    return stringifyExact(value)
  } catch (cause) {
    throw new SerializationError('the value has no JSON form: does it contain itself?', { cause })
  }
}

function decode(body: Uint8Array, validate: Validate): unknown {
  const text = decodeUtf8(body, 0, body.length)
  let value: unknown
  try {
    value = parseExact(text)
  } catch (cause) {
    throw new SerializationError('the body is not JSON', { cause })
  }
  // To ajv a bigint is no integer.
  check(value, () => JSON.parse(text), validate)
  return value
}

/** Throws unless a value, or what it is in plain JSON, matches. */
function check(value: unknown, plain: () => unknown, validate: Validate): void {
  const misfit = validate(value) === undefined ? undefined : validate(plain())
  if (misfit !== undefined) throw new SerializationError(misfit.reason, { path: misfit.path })
}
