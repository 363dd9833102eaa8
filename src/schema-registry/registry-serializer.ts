import { KafkaError } from '../errors.ts'
import type { RecordHeader } from '../protocol/records/record.ts'
import type { SerdeContext, Serializer } from '../serdes.ts'
import type { CallOptions } from './client/transport.ts'
import { SerializationError } from './errors.ts'
import type { ReferenceRegistrar, SchemaFormat, SchemaWriter } from './format.ts'
import type { RuleContext } from './rules/rule.ts'
import { plainExpressionValue } from './rules/expression-value.ts'
import { type RuleSelection, runRules, selectRules } from './rules/run-rules.ts'
import type { RegisteredSchema, ResolvedSchema } from './schema.ts'
import type { SerdeSettings } from './serde-options.ts'
import { placeOf, subjectOf } from './subjects.ts'
import { UserSchemas } from './user-schemas.ts'
import { encodeHeader, encodePrefix, KEY_SCHEMA_ID_HEADER, VALUE_SCHEMA_ID_HEADER } from './wire-format.ts'

/** Everything that writing needs, for one schema in one place. */
interface Prepared<T> {
  writer: SchemaWriter<T>
  schema: ResolvedSchema
  /** What stands before the body; empty when a header tells. */
  prefix: Uint8Array
  header: RecordHeader | undefined
  subject: string
  domainRules: RuleSelection | undefined
  /** Rules about the encoded body. */
  encodingRules: RuleSelection | undefined
  /** By the clock of performance.now(): when the registry is to be asked anew. */
  expiresAtMs: number
}

/** What is kept for the keys, or for the values, of one topic. */
interface Place<S, T> {
  topic: string
  field: 'key' | 'value'
  bySchema: Map<S | undefined, Prepared<T> | Promise<Prepared<T>>>
}

const NO_BYTES = new Uint8Array(0)
/** More than this means that a new schema object, or a new topic, comes with each record. */
const MAX_KEPT = 1000

/** Writes values with schemas of a registry. Once the registry has been asked for a schema and topic, writing is synchronous. */
export class RegistrySerializer<S, T> implements Serializer<T> {
  readonly addsHeaders: boolean
  readonly #format: SchemaFormat<S, T>
  readonly #settings: SerdeSettings<S, T>
  readonly #userSchemas: UserSchemas<S, T>
  readonly #call: CallOptions
  readonly #places = new Map<string, Place<S, T>>()
  #place: Place<S, T> | undefined

  constructor(format: SchemaFormat<S, T>, settings: SerdeSettings<S, T>) {
    this.#format = format
    this.#settings = settings
    this.#userSchemas = new UserSchemas(format, settings.registry)
    this.#call = { timeoutMs: settings.timeoutMs }
    this.addsHeaders = settings.framing === 'header'
  }

  serialize(data: T, context: SerdeContext): Uint8Array | null | Promise<Uint8Array | null> {
    if (data === null || data === undefined) return null
    const { schema } = this.#settings
    const given =
      typeof schema === 'function' ? (schema as (data: T, context: SerdeContext) => S)(data, context) : schema
    const place = this.#placeOf(context)
    const prepared = place.bySchema.get(given)
    if (prepared !== undefined && !(prepared instanceof Promise) && isFresh(prepared)) {
      return this.#write(prepared, data, context)
    }
    return this.#prepared(place, given, prepared).then((ready) => this.#write(ready, data, context))
  }

  #write(prepared: Prepared<T>, data: T, context: SerdeContext): Uint8Array | Promise<Uint8Array> {
    if (prepared.domainRules === undefined && prepared.encodingRules === undefined) {
      return this.#encode(prepared, data, context)
    }
    return this.#writeByRules(prepared, data, context)
  }

  async #writeByRules(prepared: Prepared<T>, data: T, context: SerdeContext): Promise<Uint8Array> {
    const { writer, subject, prefix, domainRules, encodingRules } = prepared
    const { rules, registry } = this.#settings
    const { topic, field, headers } = context
    const about = { topic, field, subject, headers, registry, original: data }
    let value = data
    if (domainRules !== undefined) {
      const transformFields = writer.transformFields?.bind(writer) as RuleContext['transformFields']
      const expressionValue = (writer.expressionValue?.bind(writer) ?? plainExpressionValue) as (
        item: unknown,
      ) => unknown
      value = (await runRules(domainRules, rules, { ...about, transformFields, expressionValue }, data)) as T
    }
    if (encodingRules === undefined) return this.#encode(prepared, value, context)
    const plain = this.#encode({ ...prepared, prefix: NO_BYTES }, value, context)
    const onBytes = { ...about, transformFields: undefined, expressionValue: plainExpressionValue }
    const body = await runRules(encodingRules, rules, onBytes, plain)
    if (!(body instanceof Uint8Array)) throw new SerializationError('the rules about the encoding left no bytes')
    const bytes = new Uint8Array(prefix.length + body.length)
    bytes.set(prefix)
    bytes.set(body, prefix.length)
    return bytes
  }

  #encode({ writer, prefix, header, schema }: Prepared<T>, data: T, context: SerdeContext): Uint8Array {
    let bytes: Uint8Array
    try {
      bytes = writer.encode(data, prefix)
    } catch (cause) {
      const { reason, path } = cause instanceof SerializationError ? cause : { reason: messageOf(cause), path: '' }
      const { id, subject } = schema
      const at = `${placeOf(context)} does not fit schema ${id}${subject === undefined ? '' : ` of ${subject}`}`
      throw new SerializationError(`${path === '' ? '' : `${path}: `}${reason}: ${at}`, { path, cause })
    }
    if (header !== undefined) putHeader(context.headers as RecordHeader[], header)
    return bytes
  }

  #placeOf({ topic, field }: SerdeContext): Place<S, T> {
    if (this.#place !== undefined && this.#place.topic === topic && this.#place.field === field) return this.#place
    const key = `${field}/${topic}`
    let place = this.#places.get(key)
    if (place === undefined) {
      if (this.#places.size >= MAX_KEPT) this.#places.clear()
      place = { topic, field, bySchema: new Map() }
      this.#places.set(key, place)
    }
    this.#place = place
    return place
  }

  /** What is being prepared already, or begins to be. */
  #prepared(
    { topic, field, bySchema }: Place<S, T>,
    given: S | undefined,
    pending: Prepared<T> | Promise<Prepared<T>> | undefined,
  ): Promise<Prepared<T>> {
    if (pending instanceof Promise) return pending
    const preparing = this.#prepare(topic, field, given)
    if (bySchema.size >= MAX_KEPT) bySchema.clear()
    bySchema.set(given, preparing)
    preparing.then(
      (ready) => bySchema.set(given, ready),
      // The next record tries again.
      () => bySchema.delete(given),
    )
    return preparing
  }

  async #prepare(topic: string, field: 'key' | 'value', given: S | undefined): Promise<Prepared<T>> {
    const format = this.#format
    const { framing, registry, subject: strategy } = this.#settings
    await format.load?.()
    const user = given === undefined ? undefined : await this.#userSchemas.get(given, this.#registrar(topic, field))
    const known = user === undefined ? undefined : format.recordName(user.resolved, given)
    const subject = await subjectOf(strategy, { topic, field, recordName: known }, registry)
    const registered = await this.#choose(subject, user?.schema, { topic, field })
    if (registered.id === undefined) throw new SerializationError(`the registry gave no id for ${subject}`)
    const schema = await registry.resolve(registered, this.#call)
    if (user !== undefined && this.#settings.use !== undefined) this.#checkCompatibility(schema, user.resolved, subject)
    const writer = await format.writer(schema, given)
    const guid = framing === 'header' ? await this.#guidOf(registered, subject) : undefined
    return {
      writer,
      schema,
      prefix: guid === undefined ? encodePrefix(registered.id, writer.messageIndexes) : NO_BYTES,
      header: guid === undefined ? undefined : headerOf(field, encodeHeader(guid, writer.messageIndexes)),
      subject,
      domainRules: selectRules(schema, 'domainRules', 'WRITE', this.#settings.rules),
      encodingRules: selectRules(schema, 'encodingRules', 'WRITE', this.#settings.rules),
      expiresAtMs: this.#expiry(),
    }
  }

  async #choose(
    subject: string,
    schema: RegisteredSchema | undefined,
    place: { topic: string; field: 'key' | 'value' },
  ): Promise<RegisteredSchema> {
    const { registry, use, autoRegister, normalize, compatibilityStrict } = this.#settings
    const call = this.#call
    if (use === 'latest') return registry.latest(subject, call)
    if (use !== undefined && 'metadata' in use) return registry.latestWithMetadata(subject, use.metadata, call)
    if (use !== undefined) {
      const found = await ('id' in use
        ? registry.schemaById(use.id, { ...call, subject })
        : registry.schemaByGuid(use.guid, call))
      // The subject must have it; a version that was deleted does no harm.
      if (!compatibilityStrict && found.id !== undefined) return { ...found, subject }
      const { id } = await registry.lookup(subject, found, { ...call, normalize, deleted: true })
      return { ...found, subject, id: found.id ?? id }
    }
    if (schema === undefined) {
      throw new SerializationError(`no schema for ${placeOf(place)}: pass schema, or use with what the registry has`)
    }
    if (autoRegister) return registry.register(subject, schema, { ...call, normalize })
    return registry.lookup(subject, schema, { ...call, normalize })
  }

  #checkCompatibility(chosen: ResolvedSchema, given: ResolvedSchema, subject: string): void {
    if (!this.#settings.compatibilityStrict) return
    const reasons = this.#format.incompatibilities?.(chosen, given) ?? []
    if (reasons.length === 0) return
    throw new SerializationError(
      `schema ${chosen.id} of ${subject} cannot read what the given schema describes: ${reasons.join('; ')}. ` +
        'compatibilityStrict: false leaves out this check',
    )
  }

  async #guidOf(registered: RegisteredSchema, subject: string): Promise<string> {
    if (registered.guid !== undefined) return registered.guid
    const { schema, schemaType, references, metadata, ruleSet } = registered
    const asked = { schema, schemaType, references, metadata, ruleSet }
    const found = await this.#settings.registry.lookup(subject, asked, this.#call)
    if (found.guid !== undefined) return found.guid
    throw new SerializationError(
      `the registry has no GUID for schema ${registered.id} of ${subject}, which framing 'header' needs: use 'prefix'`,
    )
  }

  #registrar(topic: string, field: 'key' | 'value'): ReferenceRegistrar {
    const { registry, use, autoRegister, normalize, referenceSubject } = this.#settings
    return async (name, schema) => {
      const subject = referenceSubject?.(name, { topic, field, recordName: undefined }) ?? name
      if (use === undefined && autoRegister) {
        const { version } = await registry.register(subject, schema, { ...this.#call, normalize })
        if (version !== undefined) return { name, subject, version }
      }
      const { version } = await registry.lookup(subject, schema, { ...this.#call, normalize })
      if (version !== undefined) return { name, subject, version }
      throw new SerializationError(`the registry tells no version of ${subject}, which a schema refers to`)
    }
  }

  #expiry(): number {
    const { use, registry } = this.#settings
    const canChange = use === 'latest' || (use !== undefined && 'metadata' in use)
    return canChange ? performance.now() + registry.latestCacheTtlMs : Infinity
  }
}

function isFresh({ expiresAtMs }: { expiresAtMs: number }): boolean {
  return expiresAtMs === Infinity || performance.now() < expiresAtMs
}

function headerOf(field: 'key' | 'value', value: Uint8Array): RecordHeader {
  return { key: field === 'key' ? KEY_SCHEMA_ID_HEADER : VALUE_SCHEMA_ID_HEADER, value }
}

/** Puts a header in place of others of its name, which records that are passed on may bring along. */
function putHeader(headers: RecordHeader[], header: RecordHeader): void {
  for (let i = headers.length - 1; i >= 0; i--) if (headers[i]!.key === header.key) headers.splice(i, 1)
  headers.push(header)
}

function messageOf(cause: unknown): string {
  if (cause instanceof KafkaError || cause instanceof Error) return cause.message
  return 'it cannot be encoded'
}
