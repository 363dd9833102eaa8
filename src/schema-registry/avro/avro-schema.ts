import { SerializationError } from '../errors.ts'
import type { ResolvedSchema, Schema } from '../schema.ts'
import { parseSchema } from './parse.ts'
import type { AvroType, NamedType } from './types.ts'

/**
 * A schema as users pass it: JSON text, parsed JSON, or either with what else is to be registered, such as references to the
 * subjects of types that it names but does not define.
 */
export type AvroSchema = string | object | AvroSchemaWithReferences

/** A schema with what the registry is to know besides its text. */
export interface AvroSchemaWithReferences extends Omit<Schema, 'schema' | 'schemaType'> {
  readonly schema: string | object
}

/** Whether an object is a schema with references, rather than parsed JSON: there a schema is no property. */
function hasSchema(given: object): given is AvroSchemaWithReferences {
  return 'schema' in given && !('type' in given)
}

/** What to register. A schema that refers to no others is checked here, before the registry hears of it. */
export function toRegistrySchema(given: AvroSchema): Schema {
  const { schema, ...rest } = typeof given === 'object' && hasSchema(given) ? given : { schema: given }
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema)
  if (typeof text !== 'string') throw new SerializationError('an Avro schema must be JSON text or parsed JSON')
  const { references = [] } = rest as Partial<Schema>
  if (references.length === 0) parseSchema(text)
  return { ...rest, schema: text, schemaType: 'AVRO' }
}

const parsed = new WeakMap<ResolvedSchema, AvroType>()

/**
 * The type of a schema, with the names that it takes from others. Defaults are not checked, as in Java: the registry has taken the
 * schema, and records written with it are to be read.
 */
export function typeOfSchema(schema: ResolvedSchema): AvroType {
  const known = parsed.get(schema)
  if (known !== undefined) return known
  const names = new Map<string, NamedType>()
  const visited = new Set<string>()
  const collect = ({ references }: ResolvedSchema): void => {
    for (const [name, reference] of references) {
      if (visited.has(name)) continue
      visited.add(name)
      collect(reference)
      parseSchema(reference.schema, { names, checksDefaults: false })
    }
  }
  collect(schema)
  const type = parseSchema(schema.schema, { names, checksDefaults: false })
  parsed.set(schema, type)
  return type
}
