import type { RegistryMode } from '../../schema-registry/client/answers.ts'
import type { Association, RegistryConfig } from '../../schema-registry/client/configuration.ts'
import { registryErrorCodes as codes } from '../../schema-registry/client/error-codes.ts'
import type { Schema } from '../../schema-registry/schema.ts'
import { dekRoutes } from './dek-routes.ts'
import {
  Refusal,
  type RegistryState,
  type StoredSchema,
  type StoredVersion,
  subjectNotFound,
} from './registry-state.ts'
import { serialized } from './schema-checks.ts'

/** A request as TestRegistry got it. */
export interface TestRegistryRequest {
  readonly method: string
  /** Path and query as they were sent. */
  readonly target: string
  /** Parts of the path, decoded. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The JSON of the body; undefined without one. */
  readonly body: unknown
}

/** Answers a request; `parts` are those of the path that a route leaves open. */
export type Handler = (state: RegistryState, request: TestRegistryRequest, parts: readonly string[]) => unknown

/** A route: parts of the path, where `*` is anything. */
const routes: readonly (readonly [route: string, handler: Handler])[] = [
  ['GET subjects', (state, { query }) => page(subjects(state, query), query)],
  [
    'POST subjects/*',
    (state, { query, body }, [subject]) => found(state.lookup(subject!, body as Schema, flag(query, 'deleted')), query),
  ],
  ['DELETE subjects/*', deleteSubject],
  [
    'GET subjects/*/versions',
    (state, { query }, [subject]) => page(numbers(versionsOf(state, subject!, query)), query),
  ],
  [
    'POST subjects/*/versions',
    (state, { query, body }, [subject]) => found(state.register(subject!, body as Schema), query),
  ],
  [
    'GET subjects/*/versions/*',
    (state, { query }, [subject, version]) => found(state.version(subject!, version!, flag(query, 'deleted')), query),
  ],
  [
    'GET subjects/*/versions/*/schema',
    (state, _, [subject, version]) => JSON.parse(state.version(subject!, version!, false).schema.schema),
  ],
  ['GET subjects/*/versions/*/referencedby', referencedBy],
  ['DELETE subjects/*/versions/*', deleteVersion],
  ['GET subjects/*/metadata', latestWithMetadata],
  [
    'GET schemas',
    (state, { query }) =>
      page(
        [...state.bySubject.values()]
          .flat()
          .filter(({ deleted }) => !deleted)
          .map((stored) => found(stored, query)),
        query,
      ),
  ],
  ['GET schemas/types', () => ['JSON', 'PROTOBUF', 'AVRO']],
  ['GET schemas/ids/*', (state, { query }, [id]) => schemaAnswer(byId(state, id!), query)],
  ['GET schemas/ids/*/schema', (state, _, [id]) => JSON.parse(byId(state, id!).schema)],
  ['GET schemas/ids/*/subjects', (state, _, [id]) => usesOf(state, byId(state, id!)).map(({ subject }) => subject)],
  [
    'GET schemas/ids/*/versions',
    (state, _, [id]) => usesOf(state, byId(state, id!)).map(({ subject, version }) => ({ subject, version })),
  ],
  ['GET schemas/guids/*', (state, { query }, [guid]) => schemaAnswer(byGuid(state, guid!), query)],
  ['GET schemas/guids/*/ids', (state, _, [guid]) => [{ context: '.', id: byGuid(state, guid!).id }]],
  ['POST compatibility/subjects/*/versions', compatibility],
  ['POST compatibility/subjects/*/versions/*', compatibility],
  ['GET config', (state) => configAnswer(state.configs.get('')!)],
  ['PUT config', (state, { body }) => setConfig(state, '', body as RegistryConfig)],
  ['DELETE config', (state) => setConfig(state, '', { compatibility: 'BACKWARD' })],
  ['GET config/*', getConfig],
  ['PUT config/*', (state, { body }, [subject]) => setConfig(state, subject!, body as RegistryConfig)],
  ['DELETE config/*', deleteConfig],
  ['GET mode', (state) => ({ mode: state.modes.get('') })],
  ['PUT mode', (state, { body }) => setMode(state, '', body)],
  ['GET mode/*', getMode],
  ['PUT mode/*', (state, { body }, [subject]) => setMode(state, subject!, body)],
  ['DELETE mode/*', deleteMode],
  ['GET contexts', () => ['.']],
  ['GET v1/metadata/id', () => ({ id: '', scope: { path: [], clusters: { 'kafka-cluster': 'test' } } })],
  ['GET v1/metadata/version', () => ({ version: 'test', commitId: '' })],
  [
    'GET associations/resources/*/*',
    (state, { query }, [namespace, name]) => page(associationsOf(state, query, namespace!, name!), query),
  ],
  [
    'GET associations/subjects/*',
    (state, _, [subject]) => state.associations.filter((item) => item.subject === subject),
  ],
]

const compiled = [...routes, ...dekRoutes].map(([route, handler]) => {
  const [method, path] = route.split(' ') as [string, string]
  return { method, parts: path.split('/'), handler }
})

/** Answers a request, or throws a Refusal. */
export function answer(state: RegistryState, request: TestRegistryRequest): unknown {
  for (const { method, parts, handler } of compiled) {
    const { path } = request
    if (method !== request.method || parts.length !== path.length) continue
    if (parts.every((part, i) => part === '*' || part === path[i])) {
      return handler(
        state,
        request,
        path.filter((_, i) => parts[i] === '*'),
      )
    }
  }
  throw new Refusal(404, 'HTTP 404 Not Found')
}

function flag(query: URLSearchParams, name: string): boolean {
  return query.get(name) === 'true'
}

function page<T>(items: readonly T[], query: URLSearchParams): readonly T[] {
  const offset = Number(query.get('offset') ?? 0)
  const limit = Number(query.get('limit') ?? -1)
  return items.slice(offset, limit < 0 ? undefined : offset + limit)
}

function schemaAnswer(stored: StoredSchema, query: URLSearchParams): object {
  const { schema, schemaType, references, metadata, ruleSet, guid } = stored
  const isSerialized = schemaType === 'PROTOBUF' && query.get('format') === 'serialized'
  return {
    schema: isSerialized ? serialized(stored.resolved) : schema,
    guid,
    // As Confluent's: what is usual is left out.
    ...(schemaType === 'AVRO' ? {} : { schemaType }),
    ...(references.length === 0 ? {} : { references }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(ruleSet === undefined ? {} : { ruleSet }),
  }
}

function found({ schema, subject, version, ts, deleted }: StoredVersion, query: URLSearchParams): object {
  return { subject, version, id: schema.id, ts, ...(deleted ? { deleted } : {}), ...schemaAnswer(schema, query) }
}

function numbers(versions: readonly StoredVersion[]): number[] {
  return versions.map(({ version }) => version)
}

function subjects(state: RegistryState, query: URLSearchParams): string[] {
  const prefix = query.get('subjectPrefix') ?? ''
  const names = [...state.bySubject.keys()].filter((name) => name.startsWith(prefix))
  return names.filter((name) => state.versions(name, flag(query, 'deleted')).length > 0).sort()
}

function versionsOf(state: RegistryState, subject: string, query: URLSearchParams): StoredVersion[] {
  const versions = state.versions(subject, flag(query, 'deleted'))
  if (versions.length === 0) throw subjectNotFound(subject)
  return versions
}

function byId(state: RegistryState, id: string): StoredSchema {
  const schema = state.byId.get(Number(id))
  if (schema === undefined) throw new Refusal(codes.SCHEMA_NOT_FOUND, `Schema ${id} not found`)
  return schema
}

function byGuid(state: RegistryState, guid: string): StoredSchema {
  const schema = [...state.byId.values()].find((stored) => stored.guid === guid)
  if (schema === undefined) throw new Refusal(codes.SCHEMA_NOT_FOUND, `Schema ${guid} not found`)
  return schema
}

function usesOf(state: RegistryState, schema: StoredSchema): StoredVersion[] {
  return [...state.bySubject.values()].flat().filter((stored) => stored.schema === schema && !stored.deleted)
}

function deleteSubject(state: RegistryState, { query }: TestRegistryRequest, [subject]: readonly string[]): number[] {
  const isPermanent = flag(query, 'permanent')
  const all = state.versions(subject!, true)
  if (all.length === 0) throw subjectNotFound(subject!)
  const live = all.filter(({ deleted }) => !deleted)
  if (isPermanent && live.length > 0) {
    throw new Refusal(
      codes.SUBJECT_NOT_SOFT_DELETED,
      `Subject '${subject}' was not deleted first before being permanently deleted`,
    )
  }
  if (!isPermanent && live.length === 0)
    throw new Refusal(codes.SUBJECT_SOFT_DELETED, `Subject '${subject}' was soft deleted.`)
  const chosen = isPermanent ? all : live
  for (const stored of chosen) state.delete(stored, isPermanent)
  return numbers(chosen)
}

function deleteVersion(
  state: RegistryState,
  { query }: TestRegistryRequest,
  [subject, version]: readonly string[],
): number {
  const isPermanent = flag(query, 'permanent')
  const stored = state.version(subject!, version!, true)
  state.delete(stored, isPermanent)
  return stored.version
}

function referencedBy(state: RegistryState, _: TestRegistryRequest, [subject, version]: readonly string[]): number[] {
  const stored = state.version(subject!, version!, false)
  return state.referencedBy(subject!, stored.version).map(({ schema }) => schema.id)
}

function latestWithMetadata(
  state: RegistryState,
  { query }: TestRegistryRequest,
  [subject]: readonly string[],
): object {
  const [keys, values] = [query.getAll('key'), query.getAll('value')]
  const versions = state.versions(subject!, flag(query, 'deleted'))
  if (versions.length === 0) throw subjectNotFound(subject!)
  const last = versions.findLast(({ schema }) =>
    keys.every((key, i) => schema.metadata?.properties?.[key] === values[i]),
  )
  if (last === undefined) throw new Refusal(codes.VERSION_NOT_FOUND, 'No version has this metadata')
  return found(last, query)
}

function compatibility(state: RegistryState, { query, body }: TestRegistryRequest, parts: readonly string[]): object {
  const messages = state.incompatibilities(parts[0]!, body as Schema, parts[1] ?? 'all')
  return { is_compatible: messages.length === 0, ...(flag(query, 'verbose') ? { messages } : {}) }
}

function configAnswer({ compatibility, ...rest }: RegistryConfig): object {
  return { compatibilityLevel: compatibility, ...rest }
}

function setConfig(state: RegistryState, subject: string, config: RegistryConfig): RegistryConfig {
  state.configs.set(subject, { ...state.configs.get(subject), ...config })
  return config
}

function getConfig(state: RegistryState, { query }: TestRegistryRequest, [subject]: readonly string[]): object {
  const config = state.configs.get(subject!) ?? (flag(query, 'defaultToGlobal') ? state.configs.get('') : undefined)
  if (config !== undefined) return configAnswer(config)
  const message = `Subject '${subject}' does not have subject-level compatibility configured`
  throw new Refusal(codes.SUBJECT_COMPATIBILITY_NOT_CONFIGURED, message)
}

function deleteConfig(state: RegistryState, request: TestRegistryRequest, parts: readonly string[]): object {
  const config = getConfig(state, request, parts)
  state.configs.delete(parts[0]!)
  return config
}

function setMode(state: RegistryState, subject: string, body: unknown): object {
  const { mode } = body as { mode: RegistryMode }
  if (!['READWRITE', 'READONLY', 'READONLY_OVERRIDE', 'IMPORT', 'FORWARD'].includes(mode)) {
    throw new Refusal(codes.INVALID_MODE, 'Invalid mode. Valid values are READWRITE, READONLY, IMPORT, FORWARD')
  }
  state.modes.set(subject, mode)
  return { mode }
}

function getMode(state: RegistryState, { query }: TestRegistryRequest, [subject]: readonly string[]): object {
  const mode = state.modes.get(subject!) ?? (flag(query, 'defaultToGlobal') ? state.modes.get('') : undefined)
  if (mode !== undefined) return { mode }
  throw new Refusal(
    codes.SUBJECT_MODE_NOT_CONFIGURED,
    `Subject '${subject}' does not have subject-level mode configured`,
  )
}

function deleteMode(state: RegistryState, request: TestRegistryRequest, parts: readonly string[]): object {
  const mode = getMode(state, request, parts)
  state.modes.delete(parts[0]!)
  return mode
}

function associationsOf(state: RegistryState, query: URLSearchParams, namespace: string, name: string): Association[] {
  const types = query.getAll('associationType')
  const items = state.associations.filter(
    (item) =>
      item.resourceName === name &&
      (namespace === '-' || item.resourceNamespace === namespace) &&
      (types.length === 0 || types.includes(item.associationType ?? 'value')),
  )
  if (items.length === 0) throw new Refusal(codes.ASSOCIATION_NOT_FOUND, `No associations found for ${name}`)
  return items
}
