import type { SchemaRegistryClient } from './client/schema-registry-client.ts'
import type { ReferenceRegistrar, SchemaFormat } from './format.ts'
import type { RegisteredSchema, ResolvedSchema } from './schema.ts'

/** Schemas made of identities that are remembered; more means that a new object is passed for each record. */
const MAX_KEPT = 1000

/** What a user passed as a schema, made ready once. */
export interface UserSchema {
  readonly schema: RegisteredSchema
  readonly resolved: ResolvedSchema
}

/** Keeps what was made of the schemas that users pass, by their identity. */
export class UserSchemas<S, T> {
  readonly #format: SchemaFormat<S, T>
  readonly #registry: SchemaRegistryClient
  readonly #known = new Map<S, Promise<UserSchema>>()

  constructor(format: SchemaFormat<S, T>, registry: SchemaRegistryClient) {
    this.#format = format
    this.#registry = registry
  }

  /** The schema with its references registered, or found, and resolved. */
  get(given: S, registrar: ReferenceRegistrar): Promise<UserSchema> {
    let known = this.#known.get(given)
    if (known === undefined) {
      if (this.#known.size >= MAX_KEPT) this.#known.clear()
      known = this.#make(given, registrar)
      this.#known.set(given, known)
      known.catch(() => this.#known.delete(given))
    }
    return known
  }

  async #make(given: S, registrar: ReferenceRegistrar): Promise<UserSchema> {
    const schema = await this.#format.toSchema(given, registrar)
    const { references = [], ...rest } = schema
    const registrable: RegisteredSchema = { ...rest, schemaType: this.#format.schemaType, references }
    return { schema: registrable, resolved: await this.#registry.resolve(registrable) }
  }
}
