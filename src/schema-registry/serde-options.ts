import { checked, flag, implementing, milliseconds, oneOf, type OptionTable, resolveOptions } from '../config.ts'
import { ConfigError } from '../errors.ts'
import type { SerdeContext } from '../serdes.ts'
import type { SchemaRegistryClient } from './client/schema-registry-client.ts'
import type { Rules } from './rules/rule.ts'
import type { SubjectContext, SubjectStrategy } from './subjects.ts'

/** Which schema of the registry to use, rather than one that is registered. */
export type SchemaChoice = 'latest' | { id: number } | { guid: string } | { metadata: Readonly<Record<string, string>> }

/** Options of every serde that works with a registry. Its defaults are those of Java's serialisers unless said otherwise. */
export interface RegistrySerdeOptions<S, T> {
  registry: SchemaRegistryClient
  /** What is written, or a function that tells by the data. What is made of it is kept by identity: pass the same object. */
  schema?: S | ((data: T, context: SerdeContext) => S) | undefined
  /** Writes with a schema that the registry has already. Default: `schema`, registered or looked up. */
  use?: SchemaChoice | undefined
  /** Whether `schema` is registered, rather than looked up. Default true. */
  autoRegister?: boolean | undefined
  /** Whether the registry normalises schemas before it compares them. Default false. */
  normalize?: boolean | undefined
  /** Default `topic`. */
  subject?: SubjectStrategy | undefined
  /** Subject of a schema that another refers to. Default: the name it refers by. */
  referenceSubject?: ((name: string, context: SubjectContext) => string) | undefined
  /** Where the schema's identifier goes: before the body, or, as a GUID, into a header. Both are read. Default `prefix`. */
  framing?: 'prefix' | 'header' | undefined
  /** Whether a schema chosen by `use` must be able to read what `schema`, if it is given too, describes. Default true. */
  compatibilityStrict?: boolean | undefined
  /** What records are read as. Default: as they were written. */
  readerSchema?: S | 'latest' | { metadata: Readonly<Record<string, string>> } | undefined
  /** What carries out the rules of data contracts. */
  rules?: Rules | undefined
  /** Longest wait for the registry, in milliseconds, while one record is written or read. Default: that of the client. */
  timeoutMs?: number | undefined
}

/** The options with their defaults. */
export type SerdeSettings<S, T> = RegistrySerdeOptions<S, T> & {
  readonly autoRegister: boolean
  readonly normalize: boolean
  readonly subject: SubjectStrategy
  readonly framing: 'prefix' | 'header'
  readonly compatibilityStrict: boolean
}

const STRATEGIES = ['topic', 'record', 'topic-record', 'associated']

/** Puts the defaults in place. Throws ConfigError for what cannot be used. */
export function serdeSettings<S, T>(given: RegistrySerdeOptions<S, T>): SerdeSettings<S, T> {
  const table: OptionTable<RegistrySerdeOptions<S, T>> = {
    registry: implementing<SchemaRegistryClient>('schemaById', 'resolve') as never,
    schema: anything(),
    use: checked<SchemaChoice | undefined>(undefined, (value) =>
      isChoice(value) ? undefined : "'latest', { id }, { guid } or { metadata }",
    ),
    autoRegister: flag(true),
    normalize: flag(false),
    subject: checked<SubjectStrategy | undefined>('topic', (value) =>
      isStrategy(value) ? undefined : `one of ${STRATEGIES.join(', ')}, { associated } or a function`,
    ),
    referenceSubject: checked<RegistrySerdeOptions<S, T>['referenceSubject']>(undefined, (value) =>
      typeof value === 'function' ? undefined : 'a function',
    ),
    framing: oneOf<'prefix' | 'header'>('prefix', ['prefix', 'header']),
    compatibilityStrict: flag(true),
    readerSchema: anything(),
    rules: anything(),
    timeoutMs: { ...milliseconds(0, { min: 1 }), default: undefined },
  }
  const settings = resolveOptions<RegistrySerdeOptions<S, T>>('registry serde', table, given)
  if ((settings.registry as unknown) === undefined) {
    throw new ConfigError('registry', 'registry is missing: pass a SchemaRegistryClient')
  }
  return settings as SerdeSettings<S, T>
}

function anything(): { default: undefined; check: () => void } {
  return { default: undefined, check: () => {} }
}

function isChoice(value: unknown): boolean {
  if (value === 'latest') return true
  const { id, guid, metadata } = (value ?? {}) as { id?: unknown; guid?: unknown; metadata?: unknown }
  return Number.isInteger(id) || typeof guid === 'string' || (typeof metadata === 'object' && metadata !== null)
}

function isStrategy(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return 'associated' in value
  return typeof value === 'function' || STRATEGIES.includes(value as string)
}
