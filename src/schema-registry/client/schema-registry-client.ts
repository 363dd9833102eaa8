import { withDeadline } from '../../network/wait.ts'
import { SerializationError } from '../errors.ts'
import type { RegisteredSchema, ResolvedSchema, Schema } from '../schema.ts'
import { AnswerCache } from './cache.ts'
import { DekRegistryApi } from './dek-registry.ts'
import { type RegistrySettings, registrySettings, type SchemaRegistryOptions } from './options.ts'
import { RegistryApi } from './registry-api.ts'
import { type CallOptions, RegistryTransport } from './transport.ts'

/** Deeper than schemas refer to one another: a registry that goes on is broken. */
const MAX_REFERENCE_DEPTH = 100

/**
 * Client of a Schema Registry. The methods of RegistryApi ask the registry each time; those here keep the answers within
 * limits, since what an id or a version stands for does not change.
 */
export class SchemaRegistryClient extends RegistryApi {
  /** Encryption keys, where the registry keeps such. */
  readonly deks: DekRegistryApi
  readonly #transport: RegistryTransport
  readonly #settings: RegistrySettings
  readonly #schemas: AnswerCache<RegisteredSchema>
  readonly #latest: AnswerCache<RegisteredSchema>
  readonly #registrations: AnswerCache<RegisteredSchema>
  /** By the registered schema, so that the same is always the same object. */
  readonly #resolved = new WeakMap<RegisteredSchema, ResolvedSchema>()

  constructor(options: SchemaRegistryOptions) {
    const settings = registrySettings(options)
    const transport = new RegistryTransport(settings)
    super(transport, settings.context)
    this.deks = new DekRegistryApi(transport)
    this.#settings = settings
    this.#transport = transport
    const limits = { maxEntries: settings.cacheSize, ttlMs: Infinity, missingTtlMs: settings.missingCacheTtlMs }
    this.#schemas = new AnswerCache(limits)
    this.#registrations = new AnswerCache(limits)
    this.#latest = new AnswerCache({ ...limits, ttlMs: settings.latestCacheTtlMs })
  }

  /** How long the latest version of a subject is taken for the latest; Infinity for always. */
  get latestCacheTtlMs(): number {
    return this.#settings.latestCacheTtlMs
  }

  /** The schema of an id, kept. `subject` tells the context to look in, where that is not the client's. */
  schemaById(id: number, options: CallOptions & { subject?: string | undefined } = {}): Promise<RegisteredSchema> {
    const { subject } = options
    const key = `id/${subject === undefined ? '' : this.qualified(subject)}/${id}`
    return this.#wait(
      this.#schemas.get(key, () => this.fetchById(id, { subject })),
      options,
    )
  }

  /** The schema of a GUID, kept. */
  schemaByGuid(guid: string, options: CallOptions = {}): Promise<RegisteredSchema> {
    return this.#wait(
      this.#schemas.get(`guid/${guid}`, () => this.fetchByGuid(guid)),
      options,
    )
  }

  /** A version of a subject, kept; deleted ones too, since other schemas may refer to them. */
  version(subject: string, version: number, options: CallOptions = {}): Promise<RegisteredSchema> {
    return this.#wait(
      this.#schemas.get(`version/${this.qualified(subject)}/${version}`, () =>
        this.fetchVersion(subject, version, { deleted: true }),
      ),
      options,
    )
  }

  /** The newest version of a subject, kept for `latestCacheTtlMs`. */
  latest(subject: string, options: CallOptions = {}): Promise<RegisteredSchema> {
    return this.#wait(
      this.#latest.get(`${this.qualified(subject)}/`, () => this.fetchVersion(subject, 'latest')),
      options,
    )
  }

  /** The newest version of a subject whose metadata has these properties, kept for `latestCacheTtlMs`. */
  latestWithMetadata(
    subject: string,
    properties: Readonly<Record<string, string>>,
    options: CallOptions = {},
  ): Promise<RegisteredSchema> {
    const key = `${this.qualified(subject)}/${JSON.stringify(Object.entries(properties))}`
    return this.#wait(
      this.#latest.get(key, () => this.fetchLatestWithMetadata(subject, properties)),
      options,
    )
  }

  /** Registers a schema under a subject unless it is there, and tells its id. Kept. */
  register(
    subject: string,
    schema: Schema,
    options: CallOptions & { normalize?: boolean | undefined } = {},
  ): Promise<RegisteredSchema> {
    const { normalize } = options
    const load = async (): Promise<RegisteredSchema> => {
      const registered = await this.postVersion(subject, schema, { normalize })
      this.#latest.forget(`${this.qualified(subject)}/`)
      return registered
    }
    return this.#wait(
      this.#registrations.get(this.#registrationKey('register', subject, schema, options), load),
      options,
    )
  }

  /** Where a subject has a schema. Kept. */
  lookup(
    subject: string,
    schema: Schema,
    options: CallOptions & { normalize?: boolean | undefined; deleted?: boolean | undefined } = {},
  ): Promise<RegisteredSchema> {
    const { normalize, deleted } = options
    const load = (): Promise<RegisteredSchema> => this.postLookup(subject, schema, { normalize, deleted })
    return this.#wait(this.#registrations.get(this.#registrationKey('lookup', subject, schema, options), load), options)
  }

  /** The schema with everything that it refers to, and that refers to in turn. The same schema gives the same object. */
  async resolve(schema: RegisteredSchema, options: CallOptions = {}): Promise<ResolvedSchema> {
    return this.#resolve(schema, options, 0)
  }

  override async deleteSubject(
    subject: string,
    options: CallOptions & { permanent?: boolean | undefined } = {},
  ): Promise<number[]> {
    const deleted = await super.deleteSubject(subject, options)
    this.#forget(subject)
    return deleted
  }

  override async deleteVersion(
    subject: string,
    version: number | 'latest',
    options: CallOptions & { permanent?: boolean | undefined } = {},
  ): Promise<number> {
    const deleted = await super.deleteVersion(subject, version, options)
    this.#forget(subject)
    return deleted
  }

  /** Forgets all answers. Serdes keep what they have made of them. */
  clearCaches(): void {
    for (const cache of [this.#schemas, this.#latest, this.#registrations]) cache.forget()
  }

  /** Ends the requests under way, which reject with ClosedError, and the connections kept. */
  close(): Promise<void> {
    return this.#transport.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #resolve(schema: RegisteredSchema, options: CallOptions, depth: number): Promise<ResolvedSchema> {
    const known = this.#resolved.get(schema)
    if (known !== undefined) return known
    if (depth > MAX_REFERENCE_DEPTH) {
      throw new SerializationError(
        `the schema refers to others more than ${MAX_REFERENCE_DEPTH} deep: is there a circle?`,
      )
    }
    const { schemaType, schema: text, metadata, ruleSet, id, guid, subject, version } = schema
    const references = new Map<string, ResolvedSchema>()
    for (const { name, subject, version } of schema.references) {
      const target = await this.version(subject, version, options)
      references.set(name, await this.#resolve(target, options, depth + 1))
    }
    const resolved: ResolvedSchema = {
      schemaType,
      schema: text,
      references,
      metadata,
      ruleSet,
      id,
      guid,
      subject,
      version,
    }
    const first = this.#resolved.get(schema)
    if (first !== undefined) return first
    this.#resolved.set(schema, resolved)
    return resolved
  }

  #registrationKey(
    kind: string,
    subject: string,
    { schemaType = 'AVRO', schema, references = [], metadata, ruleSet }: Schema,
    { normalize = false, deleted = false }: { normalize?: boolean | undefined; deleted?: boolean | undefined },
  ): string {
    const what = JSON.stringify([schemaType, references, metadata, ruleSet, schema])
    return `${this.qualified(subject)}/${kind}/${normalize}/${deleted}/${what}`
  }

  #forget(subject: string): void {
    this.#latest.forget(`${this.qualified(subject)}/`)
    this.#registrations.forget(`${this.qualified(subject)}/`)
    this.#schemas.forget(`version/${this.qualified(subject)}/`)
  }

  /** Waits for what others may be waiting for too, no longer than this caller wants to. */
  async #wait<T>(answer: Promise<T>, { timeoutMs = this.#settings.timeoutMs, signal }: CallOptions): Promise<T> {
    if (signal === undefined && timeoutMs === this.#settings.timeoutMs) return answer
    return withDeadline('the answer of the schema registry', { timeoutMs, signal }, () => answer)
  }
}
