import type { RegisteredSchema, Schema } from '../schema.ts'
import {
  type CompatibilityAnswer,
  integerOf,
  listOf,
  objectOf,
  registrationOf,
  type RegistryMode,
  schemaOf,
  type SubjectVersion,
} from './answers.ts'
import {
  type Association,
  type AssociationFilter,
  type AssociationRequest,
  configOf,
  type RegistryConfig,
} from './configuration.ts'
import type { CallOptions, Query, RegistryTransport } from './transport.ts'

/** Which page of a list. */
export interface Page {
  offset?: number | undefined
  limit?: number | undefined
}

/** Whether deleted ones are wanted too, or only those. */
export interface Deleted {
  deleted?: boolean | undefined
  deletedOnly?: boolean | undefined
}

/** Form of the schemas in the answer, such as `resolved` for Avro and `serialized` for Protobuf. */
export interface Formatted {
  format?: string | undefined
}

/** A version's number, or the newest. */
export type VersionId = number | 'latest'

/** The tags to add to, and to remove from, the fields of a schema. */
export interface TagChanges {
  newVersion?: number | undefined
  tagsToAdd?: readonly object[] | undefined
  tagsToRemove?: readonly object[] | undefined
  rulesToMerge?: object | undefined
  rulesToRemove?: readonly string[] | undefined
}

/** Every endpoint of the registry's open API, one method each. Nothing is kept here: see SchemaRegistryClient. */
export class RegistryApi {
  readonly #transport: RegistryTransport
  readonly #context: string | undefined

  constructor(transport: RegistryTransport, context: string | undefined) {
    this.#transport = transport
    this.#context = context
  }

  /** Names of the subjects. */
  async subjects(
    options: CallOptions & Page & Deleted & { subjectPrefix?: string | undefined } = {},
  ): Promise<string[]> {
    const { deleted, deletedOnly, offset, limit, subjectPrefix = this.#contextPrefix() } = options
    const query = { subjectPrefix, deleted, deletedOnly, offset, limit }
    return listOf(await this.#get(['subjects'], query, options), 'GET /subjects')
  }

  /** Numbers of a subject's versions. */
  async versions(subject: string, options: CallOptions & Page & Deleted = {}): Promise<number[]> {
    const { deleted, deletedOnly, offset, limit } = options
    const answer = await this.#get(this.#of(subject, 'versions'), { deleted, deletedOnly, offset, limit }, options)
    return listOf(answer, `versions of ${subject}`)
  }

  /** One version of a subject. */
  async fetchVersion(
    subject: string,
    version: VersionId,
    options: CallOptions & Formatted & { deleted?: boolean | undefined } = {},
  ): Promise<RegisteredSchema> {
    const { format, deleted } = options
    const answer = await this.#get(this.#of(subject, 'versions', version), { format, deleted }, options)
    return schemaOf(answer, `version ${version} of ${subject}`, { subject })
  }

  /** The newest version of a subject whose metadata has these properties. */
  async fetchLatestWithMetadata(
    subject: string,
    properties: Readonly<Record<string, string>>,
    options: CallOptions & Formatted & { deleted?: boolean | undefined } = {},
  ): Promise<RegisteredSchema> {
    const { format, deleted } = options
    const query = { key: Object.keys(properties), value: Object.values(properties), format, deleted }
    const answer = await this.#get(this.#of(subject, 'metadata'), query, options)
    return schemaOf(answer, `the version of ${subject} with this metadata`, { subject })
  }

  /** The text of one version as it was registered. */
  async versionText(subject: string, version: VersionId, options: CallOptions & Formatted = {}): Promise<unknown> {
    return this.#get(this.#of(subject, 'versions', version, 'schema'), { format: options.format }, options)
  }

  /** Ids of the schemas that refer to a version. */
  async referencedBy(subject: string, version: VersionId, options: CallOptions & Page = {}): Promise<number[]> {
    const { offset, limit } = options
    const answer = await this.#get(this.#of(subject, 'versions', version, 'referencedby'), { offset, limit }, options)
    return listOf(answer, `what refers to version ${version} of ${subject}`)
  }

  /** Changes the tags of a version, which makes a new one. */
  async changeTags(
    subject: string,
    version: VersionId,
    changes: TagChanges,
    options: CallOptions = {},
  ): Promise<RegisteredSchema> {
    const answer = await this.#post(this.#of(subject, 'versions', version, 'tags'), changes, {}, options)
    return schemaOf(answer, `tags of version ${version} of ${subject}`, { subject })
  }

  /** Registers a schema as the newest version of a subject, unless the subject has it already. */
  async postVersion(
    subject: string,
    schema: Schema & { id?: number | undefined; version?: number | undefined },
    options: CallOptions & Formatted & { normalize?: boolean | undefined } = {},
  ): Promise<RegisteredSchema> {
    const { normalize, format } = options
    const { id, version } = schema
    const body = { ...bodyOf(schema), id, version }
    const answer = await this.#post(this.#of(subject, 'versions'), body, { normalize, format }, options)
    return registrationOf(answer, `registration under ${subject}`, { ...body, subject })
  }

  /** Where a subject has a schema. */
  async postLookup(
    subject: string,
    schema: Schema,
    options: CallOptions & Formatted & { normalize?: boolean | undefined; deleted?: boolean | undefined } = {},
  ): Promise<RegisteredSchema> {
    const { normalize, deleted, format } = options
    const body = bodyOf(schema)
    const answer = await this.#post(this.#of(subject), body, { normalize, deleted, format }, options)
    return registrationOf(answer, `lookup under ${subject}`, { ...body, subject })
  }

  /** Deletes a subject; its versions are returned. Only what was deleted before can be deleted for good. */
  async deleteSubject(
    subject: string,
    options: CallOptions & { permanent?: boolean | undefined } = {},
  ): Promise<number[]> {
    const answer = await this.#delete(this.#of(subject), { permanent: options.permanent }, options)
    return listOf(answer, `deletion of ${subject}`)
  }

  /** Deletes a version, whose number is returned. Only what was deleted before can be deleted for good. */
  async deleteVersion(
    subject: string,
    version: VersionId,
    options: CallOptions & { permanent?: boolean | undefined } = {},
  ): Promise<number> {
    const query = { permanent: options.permanent }
    const answer = await this.#delete(this.#of(subject, 'versions', version), query, options)
    return integerOf(answer, `deletion of version ${version} of ${subject}`)
  }

  /** All schemas. */
  async schemas(
    options: CallOptions &
      Page & {
        subjectPrefix?: string | undefined
        aliases?: boolean | undefined
        deleted?: boolean | undefined
        latestOnly?: boolean | undefined
        ruleType?: string | undefined
      } = {},
  ): Promise<RegisteredSchema[]> {
    const { subjectPrefix = this.#contextPrefix(), aliases, deleted, latestOnly, ruleType, offset, limit } = options
    const query = { subjectPrefix, aliases, deleted, latestOnly, ruleType, offset, limit }
    const answer = await this.#get(['schemas'], query, options)
    return listOf(answer, 'GET /schemas').map((item) => schemaOf(item, 'GET /schemas'))
  }

  /** Kinds of schemas that the registry knows. */
  async schemaTypes(options: CallOptions = {}): Promise<string[]> {
    return listOf(await this.#get(['schemas', 'types'], {}, options), 'GET /schemas/types')
  }

  /** The schema of an id. The subject tells in which context to look. */
  async fetchById(
    id: number,
    options: CallOptions & Formatted & { subject?: string | undefined; fetchMaxId?: boolean | undefined } = {},
  ): Promise<RegisteredSchema> {
    const { subject = this.#contextPrefix(), format, fetchMaxId } = options
    const answer = await this.#get(['schemas', 'ids', id], { subject, format, fetchMaxId }, options)
    return schemaOf(answer, `schema ${id}`, { id })
  }

  /** The text of the schema of an id. */
  async textById(
    id: number,
    options: CallOptions & Formatted & { subject?: string | undefined } = {},
  ): Promise<unknown> {
    const { subject = this.#contextPrefix(), format } = options
    return this.#get(['schemas', 'ids', id, 'schema'], { subject, format }, options)
  }

  /** Subjects that have the schema of an id. */
  async subjectsById(
    id: number,
    options: CallOptions & Page & { subject?: string | undefined; deleted?: boolean | undefined } = {},
  ): Promise<string[]> {
    const { subject = this.#contextPrefix(), deleted, offset, limit } = options
    const answer = await this.#get(['schemas', 'ids', id, 'subjects'], { subject, deleted, offset, limit }, options)
    return listOf(answer, `subjects of schema ${id}`)
  }

  /** Subjects and versions that have the schema of an id. */
  async versionsById(
    id: number,
    options: CallOptions & Page & { subject?: string | undefined; deleted?: boolean | undefined } = {},
  ): Promise<SubjectVersion[]> {
    const { subject = this.#contextPrefix(), deleted, offset, limit } = options
    const answer = await this.#get(['schemas', 'ids', id, 'versions'], { subject, deleted, offset, limit }, options)
    return listOf(answer, `versions of schema ${id}`)
  }

  /** The schema of a GUID. */
  async fetchByGuid(guid: string, options: CallOptions & Formatted = {}): Promise<RegisteredSchema> {
    const answer = await this.#get(['schemas', 'guids', guid], { format: options.format }, options)
    return schemaOf(answer, `schema ${guid}`, { guid })
  }

  /** Ids of the schema of a GUID, by context. */
  async idsByGuid(guid: string, options: CallOptions = {}): Promise<{ context: string; id: number }[]> {
    return listOf(await this.#get(['schemas', 'guids', guid, 'ids'], {}, options), `ids of schema ${guid}`)
  }

  /** Whether a schema may follow a version of a subject, or all that its level looks at. */
  async testCompatibility(
    subject: string,
    schema: Schema,
    options: CallOptions & {
      /** Default `latest`. */
      version?: VersionId | 'all' | undefined
      normalize?: boolean | undefined
      verbose?: boolean | undefined
    } = {},
  ): Promise<CompatibilityAnswer> {
    const { version = 'latest', normalize, verbose } = options
    const versions = version === 'all' ? ['versions'] : ['versions', version]
    const path = ['compatibility', ...this.#of(subject, ...versions)]
    const answer = objectOf(await this.#post(path, bodyOf(schema), { normalize, verbose }, options), 'compatibility')
    return { isCompatible: answer['is_compatible'] === true, messages: listOf(answer['messages'], 'compatibility') }
  }

  /** Settings of a subject, or of the registry. */
  async config(
    subject?: string,
    options: CallOptions & { defaultToGlobal?: boolean | undefined } = {},
  ): Promise<RegistryConfig> {
    const query = { defaultToGlobal: options.defaultToGlobal }
    return configOf(objectOf(await this.#get(this.#setting('config', subject), query, options), 'config'))
  }

  /** Changes the settings of a subject, or of the registry when `subject` is undefined. */
  async setConfig(
    subject: string | undefined,
    config: RegistryConfig,
    options: CallOptions = {},
  ): Promise<RegistryConfig> {
    const request = { method: 'PUT', path: this.#setting('config', subject), body: config } as const
    return configOf(objectOf(await this.#transport.request(request, options), 'config'))
  }

  /** Takes a subject's settings away, so that those of the registry hold. */
  async deleteConfig(subject?: string, options: CallOptions = {}): Promise<void> {
    await this.#delete(this.#setting('config', subject), {}, options)
  }

  /** What may be done with a subject, or with the registry. */
  async mode(
    subject?: string,
    options: CallOptions & { defaultToGlobal?: boolean | undefined } = {},
  ): Promise<RegistryMode> {
    const query = { defaultToGlobal: options.defaultToGlobal }
    return objectOf(await this.#get(this.#setting('mode', subject), query, options), 'mode')['mode'] as RegistryMode
  }

  /** Changes what may be done with a subject, or with the registry when `subject` is undefined. */
  async setMode(
    subject: string | undefined,
    mode: RegistryMode,
    options: CallOptions & { force?: boolean | undefined } = {},
  ): Promise<void> {
    const { force } = options
    const path = this.#setting('mode', subject)
    await this.#transport.request({ method: 'PUT', path, query: { force }, body: { mode } }, options)
  }

  /** Takes a subject's mode away, so that that of the registry holds. */
  async deleteMode(subject?: string, options: CallOptions & { recursive?: boolean | undefined } = {}): Promise<void> {
    await this.#delete(this.#setting('mode', subject), { recursive: options.recursive }, options)
  }

  /** Names of the contexts. */
  async contexts(options: CallOptions & Page & { contextPrefix?: string | undefined } = {}): Promise<string[]> {
    const { offset, limit, contextPrefix } = options
    return listOf(await this.#get(['contexts'], { offset, limit, contextPrefix }, options), 'GET /contexts')
  }

  /** Deletes a context that has no subjects left. */
  async deleteContext(context: string, options: CallOptions = {}): Promise<void> {
    await this.#delete(['contexts', context], {}, options)
  }

  /** Identifier of the cluster that the registry belongs to. */
  async serverId(options: CallOptions = {}): Promise<Record<string, unknown>> {
    return objectOf(await this.#get(['v1', 'metadata', 'id'], {}, options), 'GET /v1/metadata/id')
  }

  /** The registry's version. */
  async serverVersion(options: CallOptions = {}): Promise<Record<string, unknown>> {
    return objectOf(await this.#get(['v1', 'metadata', 'version'], {}, options), 'GET /v1/metadata/version')
  }

  /** How the registry is deployed. */
  async serverDeployment(options: CallOptions = {}): Promise<Record<string, unknown>> {
    return objectOf(await this.#get(['v1', 'metadata', 'deployment'], {}, options), 'GET /v1/metadata/deployment')
  }

  /** What a subject is associated with. */
  async associationsOfSubject(subject: string, options: CallOptions & AssociationFilter = {}): Promise<Association[]> {
    const path = ['associations', ...this.#of(subject)]
    return listOf(await this.#get(path, filterOf(options), options), `associations of ${subject}`)
  }

  /** What a resource is associated with. The namespace is the Kafka cluster's id, or `-` for any. */
  async associationsOfResource(
    namespace: string,
    name: string,
    options: CallOptions & AssociationFilter = {},
  ): Promise<Association[]> {
    const path = ['associations', 'resources', namespace, name]
    return listOf(await this.#get(path, filterOf(options), options), `associations of ${name}`)
  }

  /** What the resource of an id is associated with. */
  async associationsOfResourceId(
    resourceId: string,
    options: CallOptions & AssociationFilter = {},
  ): Promise<Association[]> {
    const path = ['associations', 'resources', resourceId]
    return listOf(await this.#get(path, filterOf(options), options), `associations of ${resourceId}`)
  }

  /** Associates a resource with subjects. */
  async createAssociations(
    request: AssociationRequest,
    options: CallOptions & { dryRun?: boolean | undefined } = {},
  ): Promise<Record<string, unknown>> {
    const query = { context: this.#context, dryRun: options.dryRun }
    return objectOf(await this.#post(['associations'], request, query, options), 'POST /associations')
  }

  /** Changes what the resource of an id is associated with. */
  async changeAssociations(
    resourceId: string,
    request: AssociationRequest,
    options: CallOptions & { dryRun?: boolean | undefined } = {},
  ): Promise<Record<string, unknown>> {
    const query = { context: this.#context, dryRun: options.dryRun }
    const path = ['associations', 'resources', resourceId]
    const answer = await this.#transport.request({ method: 'PUT', path, query, body: request }, options)
    return objectOf(answer, `associations of ${resourceId}`)
  }

  /** Ends associations of the resource of an id. */
  async deleteAssociations(
    resourceId: string,
    options: CallOptions & AssociationFilter & { cascadeLifecycle?: boolean; dryRun?: boolean } = {},
  ): Promise<void> {
    const { cascadeLifecycle, dryRun, resourceType, associationType } = options
    const query = { resourceType, associationType, cascadeLifecycle, dryRun }
    await this.#delete(['associations', 'resources', resourceId], query, options)
  }

  /** Asks for the associations of many resources. */
  async batchGetAssociations(
    requests: readonly object[],
    options: CallOptions & { includeSchemas?: boolean | undefined } = {},
  ): Promise<Record<string, unknown>> {
    const query = { includeSchemas: options.includeSchemas }
    return objectOf(await this.#post(['associations:batchGet'], { requests }, query, options), 'associations:batchGet')
  }

  /** Changes the associations of many resources. */
  async batchMutateAssociations(
    requests: readonly object[],
    options: CallOptions & { dryRun?: boolean | undefined } = {},
  ): Promise<Record<string, unknown>> {
    const query = { context: this.#context, dryRun: options.dryRun }
    const answer = await this.#post(['associations:batchMutate'], { requests }, query, options)
    return objectOf(answer, 'associations:batchMutate')
  }

  /** The subject with the client's context before it, unless it has one of its own. */
  qualified(subject: string): string {
    return this.#context === undefined || subject.startsWith(':.') ? subject : `:${this.#context}:${subject}`
  }

  #of(subject: string, ...rest: (string | number)[]): (string | number)[] {
    return ['subjects', this.qualified(subject), ...rest]
  }

  #contextPrefix(): string | undefined {
    return this.#context === undefined ? undefined : `:${this.#context}:`
  }

  #setting(name: 'config' | 'mode', subject: string | undefined): string[] {
    const target = subject === undefined ? this.#contextPrefix() : this.qualified(subject)
    return target === undefined ? [name] : [name, target]
  }

  #get(path: (string | number)[], query: Query, options: CallOptions): Promise<unknown> {
    return this.#transport.request({ method: 'GET', path, query }, options)
  }

  #post(path: (string | number)[], body: object, query: Query, options: CallOptions): Promise<unknown> {
    return this.#transport.request({ method: 'POST', path, query, body }, options)
  }

  #delete(path: (string | number)[], query: Query, options: CallOptions): Promise<unknown> {
    return this.#transport.request({ method: 'DELETE', path, query }, options)
  }
}

/** Only what describes the schema: what the registry says of it besides is not sent back. */
function bodyOf({ schema, schemaType = 'AVRO', references = [], metadata, ruleSet }: Schema): RegisteredSchema {
  return { schema, schemaType, references, metadata, ruleSet }
}

function filterOf({ resourceType, associationType, lifecycle, offset, limit }: AssociationFilter): Query {
  return { resourceType, associationType, lifecycle, offset, limit }
}
