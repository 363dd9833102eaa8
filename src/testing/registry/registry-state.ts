import type { CompatibilityLevel, RegistryMode } from '../../schema-registry/client/answers.ts'
import type { Association, RegistryConfig } from '../../schema-registry/client/configuration.ts'
import type { DataEncryptionKey, KeyEncryptionKey } from '../../schema-registry/client/dek-registry.ts'
import { registryErrorCodes as codes } from '../../schema-registry/client/error-codes.ts'
import { SerializationError } from '../../schema-registry/errors.ts'
import type { RegisteredSchema, ResolvedSchema, Schema, SchemaReference } from '../../schema-registry/schema.ts'
import { canonicalText, checkSchema, incompatibilities, keptText } from './schema-checks.ts'

/** A refusal: the HTTP status is in the code's first three digits. */
export class Refusal extends Error {
  readonly errorCode: number

  constructor(errorCode: number, message: string) {
    super(message)
    this.errorCode = errorCode
  }
}

/** A version of a subject as TestRegistry keeps it. */
export interface StoredVersion {
  schema: StoredSchema
  subject: string
  version: number
  deleted: boolean
  ts: number
}

/** A schema as TestRegistry keeps it, once for all subjects that have it. */
export interface StoredSchema extends Schema {
  schemaType: 'AVRO' | 'JSON' | 'PROTOBUF'
  references: readonly SchemaReference[]
  id: number
  guid: string
  resolved: ResolvedSchema
  /** The same for schemas that count as the same. */
  identity: string
}

/** Decides whether a schema may follow a version; returns why not. Asked for each version that the level looks at. */
export type CompatibilityCheck = (next: Schema, previous: Schema, level: CompatibilityLevel) => readonly string[]

/** The schemas and subjects of a TestRegistry. */
export class RegistryState {
  readonly byId: Map<number, StoredSchema> = new Map()
  readonly bySubject: Map<string, StoredVersion[]> = new Map()
  readonly configs: Map<string, RegistryConfig> = new Map([['', { compatibility: 'BACKWARD' }]])
  readonly modes: Map<string, RegistryMode> = new Map([['', 'READWRITE']])
  readonly associations: Association[] = []
  readonly keks: Map<string, KeyEncryptionKey> = new Map()
  readonly deks: DataEncryptionKey[] = []
  readonly #check: CompatibilityCheck | undefined

  constructor(check: CompatibilityCheck | undefined) {
    this.#check = check
  }

  /** Puts in a schema with the ids that it has elsewhere. */
  preload({ id, guid, subject, version, ...schema }: RegisteredSchema): void {
    const stored = this.#store(schema, id, guid)
    if (subject !== undefined) this.#append(subject, stored, version)
  }

  register(subject: string, schema: Schema & { id?: number | undefined; version?: number | undefined }): StoredVersion {
    const mode = this.modes.get(subject) ?? this.modes.get('')!
    if (mode === 'READONLY') throw new Refusal(codes.OPERATION_NOT_PERMITTED, `Subject ${subject} is in read-only mode`)
    const known = this.#find(subject, schema, false)
    if (known !== undefined) return known
    const reasons = this.incompatibilities(subject, schema, 'all')
    if (reasons.length > 0) {
      throw new Refusal(codes.INCOMPATIBLE_SCHEMA, `Schema being registered is incompatible: ${reasons.join('; ')}`)
    }
    return this.#append(subject, this.#store(schema, schema.id, undefined), schema.version)
  }

  lookup(subject: string, schema: Schema, includesDeleted: boolean): StoredVersion {
    if (this.versions(subject, includesDeleted).length === 0) throw subjectNotFound(subject)
    const found = this.#find(subject, schema, includesDeleted)
    if (found === undefined) throw new Refusal(codes.SCHEMA_NOT_FOUND, 'Schema not found')
    return found
  }

  versions(subject: string, includesDeleted = false): StoredVersion[] {
    return (this.bySubject.get(subject) ?? []).filter(({ deleted }) => includesDeleted || !deleted)
  }

  version(subject: string, version: string, includesDeleted: boolean): StoredVersion {
    const versions = this.versions(subject, includesDeleted)
    if (versions.length === 0) throw subjectNotFound(subject)
    if (version === 'latest' || version === '-1') return versions.at(-1)!
    if (!/^[1-9]\d*$/.test(version)) {
      throw new Refusal(codes.INVALID_VERSION, `The specified version '${version}' is not a valid version id`)
    }
    const found = versions.find((stored) => stored.version === Number(version))
    if (found === undefined) throw new Refusal(codes.VERSION_NOT_FOUND, `Version ${version} not found.`)
    return found
  }

  /** Why a schema may not follow a version, or those that the subject's level looks at; empty when it may. */
  incompatibilities(subject: string, schema: Schema, version: string): readonly string[] {
    const level = this.configs.get(subject)?.compatibility ?? this.configs.get('')!.compatibility ?? 'BACKWARD'
    if (level === 'NONE') return []
    const resolved = this.#checked(schema)
    const versions = this.versions(subject)
    let previous = versions
    if (version !== 'all') previous = versions.length === 0 ? [] : [this.version(subject, version, false)]
    else if (!level.endsWith('_TRANSITIVE')) previous = versions.slice(-1)
    return previous.flatMap(({ schema: stored }) => {
      if (this.#check !== undefined) return this.#check(schema, stored, level)
      const backward = level.startsWith('FORWARD') ? [] : incompatibilities(resolved, stored.resolved)
      return level.startsWith('BACKWARD') ? backward : backward.concat(incompatibilities(stored.resolved, resolved))
    })
  }

  referencedBy(subject: string, version: number): StoredVersion[] {
    const refers = ({ references }: Schema): boolean =>
      (references ?? []).some((reference) => reference.subject === subject && reference.version === version)
    return [...this.bySubject.values()].flat().filter(({ schema, deleted }) => !deleted && refers(schema))
  }

  delete(stored: StoredVersion, isPermanent: boolean): void {
    const { subject, version } = stored
    if (this.referencedBy(subject, version).length > 0) {
      throw new Refusal(codes.REFERENCE_EXISTS, `One or more references exist to the schema {${subject}, ${version}}.`)
    }
    if (!isPermanent) {
      if (stored.deleted) throw new Refusal(codes.VERSION_SOFT_DELETED, `Version ${version} was soft deleted.`)
      stored.deleted = true
      return
    }
    if (!stored.deleted) {
      throw new Refusal(
        codes.VERSION_NOT_SOFT_DELETED,
        `Version ${version} was not deleted first before being permanently deleted`,
      )
    }
    const rest = this.versions(subject, true).filter((other) => other !== stored)
    if (rest.length === 0) this.bySubject.delete(subject)
    else this.bySubject.set(subject, rest)
  }

  #find(subject: string, schema: Schema, includesDeleted: boolean): StoredVersion | undefined {
    const identity = identityOf(schema, this.#checked(schema))
    return this.versions(subject, includesDeleted).find((stored) => stored.schema.identity === identity)
  }

  /** The schema with what it refers to. Throws a Refusal for what is no schema. */
  #checked(schema: Schema): ResolvedSchema {
    if (typeof schema.schema !== 'string' || schema.schema === '')
      throw new Refusal(codes.INVALID_SCHEMA, 'Empty schema')
    const resolved = this.#resolve(schema)
    try {
      checkSchema(resolved)
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error
      throw new Refusal(codes.INVALID_SCHEMA, `Invalid schema of type ${resolved.schemaType}: ${error.message}`)
    }
    return resolved
  }

  #resolve({ schema, schemaType = 'AVRO', references = [] }: Schema): ResolvedSchema {
    const found = references.map(({ name, subject, version }) => {
      const stored = this.versions(subject, true).find((one) => one.version === version)
      if (stored !== undefined) return [name, stored.schema.resolved] as const
      throw new Refusal(codes.INVALID_SCHEMA, `No schema reference found for subject ${subject}, version ${version}`)
    })
    return { schema, schemaType, references: new Map(found) }
  }

  #store(schema: Schema, id: number | undefined, guid: string | undefined): StoredSchema {
    const resolved = this.#resolve(schema)
    const identity = identityOf(schema, resolved)
    const known = [...this.byId.values()].find((other) => other.identity === identity)
    if (known !== undefined && (id === undefined || id === known.id)) return known
    const { schemaType = 'AVRO', references = [], metadata, ruleSet } = schema
    const stored: StoredSchema = {
      schema: keptText(resolved),
      schemaType,
      references,
      metadata,
      ruleSet,
      id: id ?? this.byId.size + 1,
      guid: guid ?? crypto.randomUUID(),
      resolved,
      identity,
    }
    this.byId.set(stored.id, stored)
    return stored
  }

  #append(subject: string, schema: StoredSchema, version: number | undefined): StoredVersion {
    const versions = this.bySubject.get(subject) ?? []
    const next = version ?? (versions.at(-1)?.version ?? 0) + 1
    const stored: StoredVersion = { schema, subject, version: next, deleted: false, ts: Date.now() }
    this.bySubject.set(subject, [...versions, stored])
    return stored
  }
}

export function subjectNotFound(subject: string): Refusal {
  return new Refusal(codes.SUBJECT_NOT_FOUND, `Subject '${subject}' not found.`)
}

function identityOf(
  { schemaType = 'AVRO', references = [], metadata, ruleSet }: Schema,
  resolved: ResolvedSchema,
): string {
  return JSON.stringify(withoutDefaults([schemaType, canonicalText(resolved), references, metadata, ruleSet]))
}

/** Data whose members are in order, without those that say nothing: clients write rule sets differently. */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
    .map(([name, item]) => [name, withoutDefaults(item)] as const)
    .filter(([, item]) => !saysNothing(item))
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function saysNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
