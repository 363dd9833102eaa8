import type { ResolvedSchema, Schema, SchemaReference, SchemaType } from './schema.ts'

/**
 * One kind of schema: what differs between Avro, JSON Schema and Protobuf. `registrySerde` does the rest, which is subjects,
 * registration, references, framing, rules and caches.
 *
 * S is what users pass as a schema, T the values.
 */
export interface SchemaFormat<S, T> {
  readonly schemaType: SchemaType
  /** Whether a path of message indexes follows the id, as for Protobuf. */
  readonly hasMessageIndexes: boolean
  /** Loads the package that does the work. Awaited before anything else is called. */
  load?(): Promise<void>
  /** What to register for what the user passed; called once for it. Throws SerializationError for what is no schema. */
  toSchema(given: S, registrar: ReferenceRegistrar): Schema | Promise<Schema>
  /** Name of the record for subject strategies that use it; undefined when it has none. */
  recordName(schema: ResolvedSchema, given: S | undefined): string | undefined
  /** What writes values. `given` is what the user passed; undefined when the schema comes from the registry alone. */
  writer(schema: ResolvedSchema, given: S | undefined): SchemaWriter<T> | Promise<SchemaWriter<T>>
  /** What reads values of `writer` as `reader` would have them; as they were written when `reader` is undefined. */
  reader(writer: ResolvedSchema, reader: ResolvedSchema | undefined): SchemaReader<T> | Promise<SchemaReader<T>>
  /** What turns bytes of `writer` into JSON and that into values of `reader`, for the rules between them. */
  migrator?(writer: ResolvedSchema, reader: ResolvedSchema): SchemaMigrator<T> | Promise<SchemaMigrator<T>>
  /** Why `reader` cannot read what `writer` wrote; empty when it can. Without it nothing is checked. */
  incompatibilities?(reader: ResolvedSchema, writer: ResolvedSchema): readonly string[]
}

/** Registers a schema that another refers to, or looks it up, and tells where the registry has it. */
export type ReferenceRegistrar = (name: string, schema: Schema) => Promise<SchemaReference>

/** Writes values of one schema. */
export interface SchemaWriter<T> {
  /** Protobuf: the way to the message within its file. */
  readonly messageIndexes?: readonly number[] | undefined
  /** `prefix`, which may be empty, and the encoded value behind it in one new array. Throws SerializationError for a value that does not fit. */
  encode(value: T, prefix: Uint8Array): Uint8Array
  /** A copy of the value whose fields went through `transform`, for rules about fields. */
  transformFields?(value: T, transform: FieldTransform): T | Promise<T>
  /** The value as expressions of rules see it: integers are bigints. Default: every number without a fraction is one. */
  expressionValue?(value: T): unknown
}

/** Reads values of one schema. */
export interface SchemaReader<T> {
  /** The value that takes up all of `body`, a view of a larger buffer. Throws SerializationError for anything else. */
  decode(body: Uint8Array, messageIndexes: readonly number[] | undefined): T
  /** A copy of the value whose fields went through `transform`, for rules about fields. */
  transformFields?(value: T, transform: FieldTransform): T | Promise<T>
  /** The value as expressions of rules see it: integers are bigints. Default: every number without a fraction is one. */
  expressionValue?(value: T): unknown
}

/**
 * Reads a body as JSON, lets `change` at it, and makes a value of the other schema of what comes of it. Throws SerializationError where
 * that is none.
 */
export type SchemaMigrator<T> = (
  body: Uint8Array,
  messageIndexes: readonly number[] | undefined,
  change: (json: unknown) => Promise<unknown>,
) => Promise<T>

/** A field as rules see it. */
export interface RuleField {
  readonly name: string
  /** With the record's name before it. */
  readonly fullName: string
  /** In the words of its format, in upper case: STRING, BYTES, INT, … */
  readonly type: string
  /** Tags that the schema has for the field. */
  readonly tags: ReadonlySet<string>
}

/** The new value of a field. `containing` makes the record around it, as expressions see it. */
export type FieldTransform = (field: RuleField, value: unknown, containing: () => unknown) => unknown
