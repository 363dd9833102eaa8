import {
  callback,
  checked,
  flag,
  integer,
  milliseconds,
  type Option,
  type OptionTable,
  resolveOptions,
} from '../../config.ts'
import { ConfigError } from '../../errors.ts'
import { hidden } from '../../network/sasl/secret.ts'
import { checkTls } from '../../network/tls.ts'
import type { TlsOptions } from '../../network/transport.ts'
import type { RegistryAuth } from './auth.ts'

/** How the registry is reached, and what is kept of its answers. The defaults are Java's unless said otherwise. */
export interface SchemaRegistryOptions {
  /**
   * Where the registry is: one URL, or several of the same registry, tried in turn. `http://name:password@host` works as
   * basic authentication.
   */
  url: string | readonly string[]
  auth?: RegistryAuth | undefined
  /** Sent with each request. */
  headers?: Readonly<Record<string, string>> | undefined
  /** A context to work in, such as `.staging`: subjects without one of their own belong to it. */
  context?: string | undefined
  /** Starts at one of the URLs at random, so that clients spread. Default false. */
  randomizeUrls?: boolean | undefined
  /** Longest wait for one answer. Default 20,000. */
  requestTimeoutMs?: number | undefined
  /** Longest wait for a call with all its attempts. Default 60,000. */
  timeoutMs?: number | undefined
  /** Further attempts after one that failed for a reason that may pass. Default 3. */
  maxRetries?: number | undefined
  /** Upper bound of the first pause; doubles with each. The pause is anything up to it. Default 1,000. */
  retryBackoffMs?: number | undefined
  /** Default 20,000. */
  retryBackoffMaxMs?: number | undefined
  /** Entries of each cache. Default 1,000. */
  cacheSize?: number | undefined
  /** How long the latest version of a subject is taken for the latest. Default Infinity, as Java's serialisers have it. */
  latestCacheTtlMs?: number | undefined
  /** How long it is remembered that a schema, subject or version is not there. Default 0: not at all. */
  missingCacheTtlMs?: number | undefined
  /** Longest answer that is read, in bytes. Default 64 MiB. */
  maxResponseBytes?: number | undefined
  /** Makes the requests. Default: the global fetch, or undici's where `tls`, `proxyUrl` or `maxConnections` is given. */
  fetch?: typeof fetch | undefined
  /** Authorities and client certificates. Needs the package undici. */
  tls?: TlsOptions | undefined
  /** An HTTP proxy, which may have a name and password. Needs the package undici. */
  proxyUrl?: string | undefined
  /** Connections to each URL at most. Needs the package undici. */
  maxConnections?: number | undefined
}

/** The options with their defaults. */
export type RegistrySettings = Omit<SchemaRegistryOptions, 'url'> & {
  readonly url: readonly string[]
  readonly requestTimeoutMs: number
  readonly timeoutMs: number
  readonly maxRetries: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly cacheSize: number
  readonly latestCacheTtlMs: number
  readonly missingCacheTtlMs: number
  readonly maxResponseBytes: number
  readonly randomizeUrls: boolean
}

const OPTIONS: OptionTable<SchemaRegistryOptions> = {
  url: hidden<string | readonly string[]>('', 'an http or https URL, or an array of such', isUrls),
  auth: hidden<RegistryAuth | undefined>(undefined, 'an object with a type', isObject),
  headers: hidden<Readonly<Record<string, string>> | undefined>(undefined, 'an object of strings', isStrings),
  context: checked<string | undefined>(undefined, (value) =>
    typeof value === 'string' && /^\.[^:]*$/.test(value) ? undefined : 'a name that begins with a dot',
  ),
  randomizeUrls: flag(false),
  requestTimeoutMs: milliseconds(20_000, { min: 1 }),
  timeoutMs: milliseconds(60_000, { min: 1 }),
  maxRetries: integer(3),
  retryBackoffMs: milliseconds(1000),
  retryBackoffMaxMs: milliseconds(20_000),
  cacheSize: integer(1000, { min: 1 }),
  latestCacheTtlMs: lifetime(Infinity),
  missingCacheTtlMs: lifetime(0),
  maxResponseBytes: integer(64 * 1024 * 1024, { min: 1 }),
  fetch: callback<typeof fetch>(),
  tls: hidden<TlsOptions | undefined>(undefined, 'an object', isObject),
  proxyUrl: hidden<string | undefined>(undefined, 'an http or https URL', isUrl),
  maxConnections: checked<number | undefined>(undefined, (value) =>
    Number.isInteger(value) && (value as number) > 0 ? undefined : 'a whole number of at least 1',
  ),
}

/** Puts the defaults in place. Throws ConfigError, which shows no credentials. */
export function registrySettings(given: SchemaRegistryOptions): RegistrySettings {
  const settings = resolveOptions<SchemaRegistryOptions>('schema registry', OPTIONS, given)
  const url = typeof settings.url === 'string' ? [settings.url] : settings.url
  if (url.length === 0 || url[0] === '') throw new ConfigError('url', 'url is missing: where is the schema registry?')
  if (settings.tls !== undefined) checkTls(settings.tls)
  const needsUndici = settings.tls ?? settings.proxyUrl ?? settings.maxConnections
  if (settings.fetch !== undefined && needsUndici !== undefined) {
    throw new ConfigError('fetch', 'fetch cannot be given along with tls, proxyUrl or maxConnections: it has its own')
  }
  return { ...settings, url } as RegistrySettings
}

/** A duration in milliseconds, or Infinity. */
function lifetime(fallback: number): Option<number> {
  return checked(fallback, (value) =>
    typeof value === 'number' && value >= 0 ? undefined : 'a number of milliseconds, or Infinity',
  )
}

function isUrl(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
}

function isUrls(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 && value.every(isUrl) : isUrl(value)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function isStrings(value: unknown): boolean {
  return isObject(value) && Object.values(value as object).every((item) => typeof item === 'string')
}
