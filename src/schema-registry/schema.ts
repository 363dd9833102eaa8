/** The kinds of schema that every registry knows. */
export type SchemaType = 'AVRO' | 'JSON' | 'PROTOBUF'

/** How one schema names another: `name` is what its text says, the rest is where the registry has it. */
export interface SchemaReference {
  /** Avro: a full name. JSON Schema: the URI of a `$ref`. Protobuf: the path of an import. */
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** What is known of a schema besides its text. */
export interface SchemaMetadata {
  /** Tags of fields, by their path. */
  readonly tags?: Readonly<Record<string, readonly string[]>> | undefined
  readonly properties?: Readonly<Record<string, string>> | undefined
  /** Names of properties whose values are not to be shown. */
  readonly sensitive?: readonly string[] | undefined
}

/** One rule of a data contract. */
export interface Rule {
  readonly name: string
  readonly doc?: string | undefined
  readonly kind?: 'CONDITION' | 'TRANSFORM' | undefined
  /** When it applies: while writing and reading, or while migrating from version to version. */
  readonly mode?: 'UPGRADE' | 'DOWNGRADE' | 'UPDOWN' | 'WRITE' | 'READ' | 'WRITEREAD' | undefined
  /** The executor's type, such as CEL, CEL_FIELD, JSONATA or ENCRYPT. */
  readonly type: string
  /** Tags of the fields it is for. */
  readonly tags?: readonly string[] | undefined
  readonly params?: Readonly<Record<string, string>> | undefined
  readonly expr?: string | undefined
  /** Action after success; two, for writing and reading, are parted by a comma. */
  readonly onSuccess?: string | undefined
  /** Action after failure. Default ERROR. */
  readonly onFailure?: string | undefined
  readonly disabled?: boolean | undefined
}

/** The rules of a data contract, by phase. */
export interface RuleSet {
  readonly migrationRules?: readonly Rule[] | undefined
  readonly domainRules?: readonly Rule[] | undefined
  readonly encodingRules?: readonly Rule[] | undefined
  readonly enableAt?: string | undefined
}

/** A schema as it is registered. */
export interface Schema {
  /** Its text: JSON for Avro and JSON Schema, a .proto file for Protobuf. */
  readonly schema: string
  /** Default AVRO. */
  readonly schemaType?: SchemaType | undefined
  readonly references?: readonly SchemaReference[] | undefined
  readonly metadata?: SchemaMetadata | undefined
  readonly ruleSet?: RuleSet | undefined
}

/** A schema with what the registry has given it. Which of the fields are there depends on the question and the registry. */
export interface RegisteredSchema extends Schema {
  readonly schemaType: SchemaType
  readonly references: readonly SchemaReference[]
  readonly id?: number | undefined
  /** Identifier that does not depend on the registry, where it has such. */
  readonly guid?: string | undefined
  readonly subject?: string | undefined
  readonly version?: number | undefined
  readonly deleted?: boolean | undefined
  /** When it was registered, in milliseconds since 1970. */
  readonly ts?: number | undefined
}

/** A schema with the text of everything it refers to: nothing is left to fetch. The same schema is the same object. */
export interface ResolvedSchema {
  readonly schemaType: SchemaType
  readonly schema: string
  /** By the name that the text uses. Direct references only: each has its own. */
  readonly references: ReadonlyMap<string, ResolvedSchema>
  readonly metadata?: SchemaMetadata | undefined
  readonly ruleSet?: RuleSet | undefined
  readonly id?: number | undefined
  readonly guid?: string | undefined
  readonly subject?: string | undefined
  readonly version?: number | undefined
}
