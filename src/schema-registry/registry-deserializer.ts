import type { RecordHeader } from '../protocol/records/record.ts'
import type { Deserializer, SerdeContext } from '../serdes.ts'
import type { CallOptions } from './client/transport.ts'
import { SerializationError } from './errors.ts'
import type { ReferenceRegistrar, SchemaFormat, SchemaReader } from './format.ts'
import { applyRules, domainRules } from './rules.ts'
import type { RegisteredSchema, ResolvedSchema, Rule } from './schema.ts'
import type { SerdeSettings } from './serde-options.ts'
import { placeOf, subjectOf } from './subjects.ts'
import { UserSchemas } from './user-schemas.ts'
import {
  decodeHeader,
  decodePrefix,
  KEY_SCHEMA_ID_HEADER,
  type SchemaFrame,
  VALUE_SCHEMA_ID_HEADER,
} from './wire-format.ts'

/** A value with the schema that it was written with. */
export interface WithSchema<T> {
  readonly value: T
  readonly schema: ResolvedSchema
  /** Undefined when a header told the schema by its GUID. */
  readonly schemaId: number | undefined
  /** Undefined when the schema was told by its id. */
  readonly guid: string | undefined
  /** The way to a Protobuf message within its file. */
  readonly messageIndexes: readonly number[] | undefined
}

interface Prepared<T> {
  schema: ResolvedSchema
  reader: SchemaReader<T>
  rules: readonly Rule[] | undefined
  expiresAtMs: number
}

/** What is kept for the keys, or for the values, of one topic. */
interface Place<T> {
  topic: string
  field: 'key' | 'value'
  bySchema: Map<number | string, Prepared<T> | Promise<Prepared<T>>>
}

const MAX_KEPT = 1000

/** Reads values by schemas of a registry. Once a schema is known, reading is synchronous. */
export class RegistryDeserializer<S, T> implements Deserializer<T> {
  readonly #format: SchemaFormat<S, T>
  readonly #settings: SerdeSettings<S, T>
  readonly #userSchemas: UserSchemas<S, T>
  readonly #call: CallOptions
  readonly #places = new Map<string, Place<T>>()
  #place: Place<T> | undefined

  constructor(format: SchemaFormat<S, T>, settings: SerdeSettings<S, T>) {
    this.#format = format
    this.#settings = settings
    this.#userSchemas = new UserSchemas(format, settings.registry)
    this.#call = { timeoutMs: settings.timeoutMs }
  }

  deserialize(bytes: Uint8Array | null, context: SerdeContext): T | Promise<T> {
    // Types allow null where tombstones occur, as with other serdes.
    if (bytes === null) return null as T
    return this.#read(bytes, context, justValue<T>)
  }

  /** The value along with the schema that it was written with; null for a tombstone. */
  deserializeWithSchema(
    bytes: Uint8Array | null,
    context: SerdeContext,
  ): WithSchema<T> | null | Promise<WithSchema<T> | null> {
    return bytes === null ? null : this.#read(bytes, context, valueAndSchema<T>)
  }

  #read<R>(
    bytes: Uint8Array,
    context: SerdeContext,
    finish: (value: T, frame: SchemaFrame, prepared: Prepared<T>) => R,
  ): R | Promise<R> {
    const frame = frameOf(bytes, context, this.#format.hasMessageIndexes)
    const place = this.#placeOf(context)
    const key = frame.id ?? frame.guid!
    const prepared = place.bySchema.get(key)
    const decode = (ready: Prepared<T>): R | Promise<R> => {
      const value = this.#decode(ready, bytes, frame, context)
      if (ready.rules === undefined) return finish(value, frame, ready)
      return this.#applyRules(ready, ready.rules, value, context).then((changed) => finish(changed, frame, ready))
    }
    if (prepared !== undefined && !(prepared instanceof Promise) && isFresh(prepared)) return decode(prepared)
    return this.#prepared(place, key, frame, prepared).then(decode)
  }

  #decode({ reader, schema }: Prepared<T>, bytes: Uint8Array, frame: SchemaFrame, context: SerdeContext): T {
    try {
      return reader.decode(bytes.subarray(frame.bodyOffset), frame.messageIndexes)
    } catch (cause) {
      const known = cause instanceof SerializationError
      const reason = known ? cause.message : cause instanceof Error ? cause.message : 'it cannot be decoded'
      const which = `schema ${schema.id ?? schema.guid}`
      throw new SerializationError(`${placeOf(context)} is no value of ${which}: ${reason}`, {
        ...(known ? { path: cause.path } : {}),
        cause,
      })
    }
  }

  async #applyRules(
    { schema, reader }: Prepared<T>,
    rules: readonly Rule[],
    value: T,
    context: SerdeContext,
  ): Promise<T> {
    const { topic, field } = context
    const about = { mode: 'READ', topic, field, schema } as const
    const visit = reader.transformFields?.bind(reader)
    return (await applyRules(rules, this.#settings.rules, about, value, visit)) as T
  }

  #placeOf({ topic, field }: SerdeContext): Place<T> {
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

  #prepared(
    { topic, field, bySchema }: Place<T>,
    key: number | string,
    frame: SchemaFrame,
    pending: Prepared<T> | Promise<Prepared<T>> | undefined,
  ): Promise<Prepared<T>> {
    if (pending instanceof Promise) return pending
    const preparing = this.#prepare(topic, field, frame)
    if (bySchema.size >= MAX_KEPT) bySchema.clear()
    bySchema.set(key, preparing)
    preparing.then(
      (ready) => bySchema.set(key, ready),
      // The next record tries again.
      () => bySchema.delete(key),
    )
    return preparing
  }

  async #prepare(topic: string, field: 'key' | 'value', { id, guid }: SchemaFrame): Promise<Prepared<T>> {
    const format = this.#format
    const { registry } = this.#settings
    await format.load?.()
    const registered =
      id === undefined ? await registry.schemaByGuid(guid!, this.#call) : await registry.schemaById(id, this.#call)
    if (registered.schemaType !== format.schemaType) {
      const message = `${placeOf({ topic, field })} was written with schema ${id ?? guid}, which is of type ${registered.schemaType}, not ${format.schemaType}`
      throw new SerializationError(message)
    }
    const schema = await registry.resolve(registered, this.#call)
    const readAs = await this.#readerSchema(topic, field, schema)
    const reader = await format.reader(schema, readAs)
    return { schema, reader, rules: domainRules(readAs ?? schema, 'READ'), expiresAtMs: this.#expiry() }
  }

  async #readerSchema(
    topic: string,
    field: 'key' | 'value',
    writer: ResolvedSchema,
  ): Promise<ResolvedSchema | undefined> {
    const { readerSchema, registry, subject: strategy } = this.#settings
    if (readerSchema === undefined) return undefined
    const isLatest = readerSchema === 'latest'
    const metadata = isMetadata(readerSchema) ? readerSchema.metadata : undefined
    if (!isLatest && metadata === undefined) {
      return (await this.#userSchemas.get(readerSchema as S, this.#finder())).resolved
    }
    const recordName = this.#format.recordName(writer, undefined)
    const subject = await subjectOf(strategy, { topic, field, recordName }, registry)
    let found: RegisteredSchema
    if (metadata === undefined) found = await registry.latest(subject, this.#call)
    else found = await registry.latestWithMetadata(subject, metadata, this.#call)
    return registry.resolve(found, this.#call)
  }

  /** A reader registers nothing. */
  #finder(): ReferenceRegistrar {
    const { registry, referenceSubject } = this.#settings
    return async (name, schema) => {
      const subject = referenceSubject?.(name, { topic: '', field: 'value', recordName: undefined }) ?? name
      const { version } = await registry.lookup(subject, schema, this.#call)
      if (version !== undefined) return { name, subject, version }
      throw new SerializationError(`the registry tells no version of ${subject}, which a schema refers to`)
    }
  }

  #expiry(): number {
    const { readerSchema, registry } = this.#settings
    const canChange = readerSchema === 'latest' || isMetadata(readerSchema)
    return canChange ? performance.now() + registry.latestCacheTtlMs : Infinity
  }
}

function isMetadata(value: unknown): value is { metadata: Readonly<Record<string, string>> } {
  if (typeof value !== 'object' || value === null) return false
  return 'metadata' in value && Object.keys(value).length === 1
}

function justValue<T>(value: T): T {
  return value
}

function valueAndSchema<T>(value: T, frame: SchemaFrame, { schema }: Prepared<T>): WithSchema<T> {
  const { id, guid, messageIndexes } = frame
  return { value, schema, schemaId: id, guid, messageIndexes }
}

function isFresh({ expiresAtMs }: { expiresAtMs: number }): boolean {
  return expiresAtMs === Infinity || performance.now() < expiresAtMs
}

/** What a header tells, or else what stands before the body (Java: DualSchemaIdDeserializer). */
function frameOf(bytes: Uint8Array, context: SerdeContext, hasMessageIndexes: boolean): SchemaFrame {
  try {
    const header = lastHeader(context.headers, context.field === 'key' ? KEY_SCHEMA_ID_HEADER : VALUE_SCHEMA_ID_HEADER)
    return header === null ? decodePrefix(bytes, hasMessageIndexes) : decodeHeader(header, hasMessageIndexes)
  } catch (cause) {
    if (!(cause instanceof SerializationError)) throw cause
    throw new SerializationError(`${placeOf(context)} has no schema: ${cause.reason}`, { cause })
  }
}

function lastHeader(headers: readonly RecordHeader[], name: string): Uint8Array | null {
  for (let i = headers.length - 1; i >= 0; i--) if (headers[i]!.key === name) return headers[i]!.value
  return null
}
