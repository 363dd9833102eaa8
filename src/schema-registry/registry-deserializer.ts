import type { RecordHeader } from '../protocol/records/record.ts'
import type { Deserializer, SerdeContext } from '../serdes.ts'
import type { CallOptions } from './client/transport.ts'
import { SerializationError } from './errors.ts'
import type { ReferenceRegistrar, SchemaFormat, SchemaReader } from './format.ts'
import { migrationsBetween } from './rules/migrations.ts'
import { hasReadingRules, ReadingContract } from './rules/reading-contract.ts'
import type { RegisteredSchema, ResolvedSchema } from './schema.ts'
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
  /** What rules there are; undefined when there are none, as nearly always. */
  contract: ReadingContract<T> | undefined
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
      if (ready.contract !== undefined) {
        return ready.contract
          .read(ready.reader, bytes, frame, context, (cause) => notRead(ready, context, cause))
          .then((value) => finish(value, frame, ready))
      }
      return finish(this.#decode(ready, bytes, frame, context), frame, ready)
    }
    if (prepared !== undefined && !(prepared instanceof Promise) && isFresh(prepared)) return decode(prepared)
    return this.#prepared(place, key, frame, prepared).then(decode)
  }

  #decode(ready: Prepared<T>, bytes: Uint8Array, frame: SchemaFrame, context: SerdeContext): T {
    try {
      return ready.reader.decode(bytes.subarray(frame.bodyOffset), frame.messageIndexes)
    } catch (cause) {
      throw notRead(ready, context, cause)
    }
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
    const contract = await this.#contract(topic, field, registered, schema, readAs)
    return { schema, reader, contract, expiresAtMs: this.#expiry() }
  }

  async #contract(
    topic: string,
    field: 'key' | 'value',
    written: RegisteredSchema,
    schema: ResolvedSchema,
    readAs: ResolvedSchema | undefined,
  ): Promise<ReadingContract<T> | undefined> {
    const { registry, rules, normalize } = this.#settings
    const hasRules = hasReadingRules(readAs ?? schema, schema, rules)
    // Versions of a schema that was passed are not known, and nothing between them.
    const canMigrate = this.#format.migrator !== undefined
    const isVersioned = readAs !== undefined && readAs !== schema && this.#readsVersions && canMigrate
    if (!hasRules && !isVersioned) return undefined
    const subject = await this.#subjectOf(topic, field, schema)
    const options = { rules, call: this.#call, normalize }
    const migrations = isVersioned ? await migrationsBetween(registry, subject, written, readAs, options) : []
    if (!hasRules && migrations.length === 0) return undefined
    const migrator = migrations.length === 0 ? undefined : await this.#format.migrator!(schema, readAs!)
    const whose = { schema: readAs ?? schema, writer: schema }
    return new ReadingContract({ registry, subject, options: rules, ...whose, migrations, migrator })
  }

  /** Whether what is read as is a version of the record's subject. */
  get #readsVersions(): boolean {
    const { readerSchema } = this.#settings
    return readerSchema === 'latest' || isMetadata(readerSchema)
  }

  #subjectOf(topic: string, field: 'key' | 'value', writer: ResolvedSchema): Promise<string> {
    const { subject, registry } = this.#settings
    return subjectOf(subject, { topic, field, recordName: this.#format.recordName(writer, undefined) }, registry)
  }

  async #readerSchema(
    topic: string,
    field: 'key' | 'value',
    writer: ResolvedSchema,
  ): Promise<ResolvedSchema | undefined> {
    const { readerSchema, registry } = this.#settings
    if (readerSchema === undefined) return undefined
    if (!this.#readsVersions) return (await this.#userSchemas.get(readerSchema as S, this.#finder())).resolved
    const metadata = isMetadata(readerSchema) ? readerSchema.metadata : undefined
    const subject = await this.#subjectOf(topic, field, writer)
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
    const { registry } = this.#settings
    return this.#readsVersions ? performance.now() + registry.latestCacheTtlMs : Infinity
  }
}

function isMetadata(value: unknown): value is { metadata: Readonly<Record<string, string>> } {
  if (typeof value !== 'object' || value === null) return false
  return 'metadata' in value && Object.keys(value).length === 1
}

/** What a format says of bytes, as an error that names the record. */
function notRead<T>({ schema }: Prepared<T>, context: SerdeContext, cause: unknown): SerializationError {
  const known = cause instanceof SerializationError
  const reason = known ? cause.message : cause instanceof Error ? cause.message : 'it cannot be decoded'
  const which = `schema ${schema.id ?? schema.guid}`
  return new SerializationError(`${placeOf(context)} is no value of ${which}: ${reason}`, {
    ...(known ? { path: cause.path } : {}),
    cause,
  })
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
