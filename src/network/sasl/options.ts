import {
  checked,
  flag,
  integer,
  milliseconds,
  type OptionTable,
  type Option,
  oneOf,
  resolveOptions,
  text,
} from '../../config.ts'
import { ConfigError } from '../../errors.ts'
import { inspect } from '../../inspect-value.ts'
import { awsMskIamToken, type AwsCredentials, type AwsMskIamOptions } from './aws-msk-iam.ts'
import type { AssertionFunction } from './jwt-assertion.ts'
import type { SaslMechanism } from './mechanism.ts'
import { OAuthBearerMechanism, type SaslExtensions } from './oauthbearer.ts'
import { type OidcOptions, oidcToken } from './oidc.ts'
import { PlainMechanism, type PlainCredentials } from './plain.ts'
import { DEFAULT_MAX_ITERATIONS, type ScramCredentials, ScramMechanism, type ScramName } from './scram.ts'
import { hidden, secret } from './secret.ts'
import { TokenCache, type TokenRefresh, uncached } from './token-cache.ts'
import { tokenFile } from './token-file.ts'
import type { TokenFunction } from './token.ts'

export interface PlainOptions extends PlainCredentials {
  mechanism: 'PLAIN'
}

export interface ScramOptions extends ScramCredentials {
  mechanism: ScramName
}

/** Where the tokens of OAUTHBEARER come from: exactly one of `token`, `oidc` and `file`. */
export interface OAuthBearerOptions extends SaslExtensions {
  mechanism: 'OAUTHBEARER'
  /** Fetches a token. It is kept until shortly before it ends, if it or the token says when. */
  token?: TokenFunction | undefined
  /** Tokens of an OAuth 2 or OpenID Connect server. */
  oidc?: OidcOptions | undefined
  /** Path of a file with a token that somebody else keeps up to date. */
  file?: string | undefined
  /** When tokens are replaced. */
  refresh?: TokenRefresh | undefined
}

export interface AwsMskIamSaslOptions extends AwsMskIamOptions {
  mechanism: 'AWS_MSK_IAM'
}

/** How to log in: one of the mechanisms that come with kafkawire, or one of your own. */
export type SaslOptions = PlainOptions | ScramOptions | OAuthBearerOptions | AwsMskIamSaslOptions | SaslMechanism

/** Names for the option `mechanism`. AWS_MSK_IAM is OAUTHBEARER on the wire. */
export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER', 'AWS_MSK_IAM'] as const

const PLAIN_OPTIONS: OptionTable<PlainOptions> = {
  mechanism: oneOf<'PLAIN'>('PLAIN', ['PLAIN']),
  username: text(''),
  password: secret(''),
}

const SCRAM_OPTIONS: OptionTable<ScramOptions> = {
  mechanism: oneOf<ScramName>('SCRAM-SHA-512', ['SCRAM-SHA-256', 'SCRAM-SHA-512']),
  username: text(''),
  password: secret(''),
  tokenAuth: flag(false),
  maxIterations: integer(DEFAULT_MAX_ITERATIONS, { min: 4096, max: 0x7fffffff }),
}

const OAUTHBEARER_OPTIONS: OptionTable<OAuthBearerOptions> = {
  mechanism: oneOf<'OAUTHBEARER'>('OAUTHBEARER', ['OAUTHBEARER']),
  token: callback<TokenFunction>(),
  oidc: object(),
  file: text(),
  refresh: object(),
  extensions: strings(),
  logicalCluster: text(),
  identityPoolId: text(),
}

const OIDC_OPTIONS: OptionTable<OidcOptions> = {
  tokenEndpointUrl: text(''),
  clientId: text(),
  clientSecret: secret(),
  assertion: callback<AssertionFunction>(),
  grantType: oneOf<'client_credentials' | 'jwt-bearer'>('client_credentials', ['client_credentials', 'jwt-bearer']),
  clientAuthentication: oneOf<'header' | 'form'>('header', ['header', 'form']),
  urlEncodeHeader: flag(false),
  scope: text(),
  params: strings(),
  requestTimeoutMs: milliseconds(10_000, { min: 1 }),
  retryBackoffMs: milliseconds(100),
  retryBackoffMaxMs: milliseconds(10_000),
  fetch: callback<typeof fetch>(),
}

const AWS_OPTIONS: OptionTable<AwsMskIamSaslOptions> = {
  mechanism: oneOf<'AWS_MSK_IAM'>('AWS_MSK_IAM', ['AWS_MSK_IAM']),
  credentials: callback<
    () => AwsCredentials | Promise<AwsCredentials>
  >() as OptionTable<AwsMskIamSaslOptions>['credentials'],
  region: text(),
  userAgent: text('kafkawire'),
}

const REFRESH_OPTIONS: OptionTable<TokenRefresh> = {
  windowFactor: share(0.8, 0.5, 1),
  windowJitter: share(0.05, 0, 0.25),
  minPeriodMs: milliseconds(60_000),
  bufferMs: milliseconds(300_000),
  timeoutMs: milliseconds(30_000, { min: 1 }),
}

/**
 * The mechanism that the options describe; a mechanism is returned as it is. Throws ConfigError, which never shows a secret.
 */
export function saslMechanism(options: SaslOptions): SaslMechanism {
  const given: unknown = options
  if (isMechanism(given)) return given
  const name = (given as { mechanism?: unknown } | null | undefined)?.mechanism
  switch (name) {
    case 'PLAIN':
      return new PlainMechanism(required(resolveOptions('sasl', PLAIN_OPTIONS, options), 'username', 'password'))
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512':
      return new ScramMechanism(name, required(resolveOptions('sasl', SCRAM_OPTIONS, options), 'username', 'password'))
    case 'OAUTHBEARER':
      return oauthBearer(resolveOptions('sasl', OAUTHBEARER_OPTIONS, options))
    case 'AWS_MSK_IAM':
      return awsMskIam(required(resolveOptions('sasl', AWS_OPTIONS, options), 'credentials'))
    default:
      throw unknownMechanism(name)
  }
}

function isMechanism(value: unknown): value is SaslMechanism {
  const { name, authenticate } = (value ?? {}) as Partial<SaslMechanism>
  return typeof name === 'string' && name !== '' && typeof authenticate === 'function'
}

function unknownMechanism(name: unknown): ConfigError {
  const what = name === undefined ? 'sasl names no mechanism' : `sasl has the mechanism ${inspect(name)}`
  return new ConfigError(
    'mechanism',
    `${what}: kafkawire has ${SASL_MECHANISMS.join(', ')}; any other, such as GSSAPI, takes an object with name and authenticate`,
  )
}

function oauthBearer(options: OAuthBearerOptions): SaslMechanism {
  const { token, oidc, file } = options
  if ([token, oidc, file].filter((source) => source !== undefined).length !== 1) {
    throw new ConfigError('token', 'OAUTHBEARER needs exactly one of token, oidc and file, to get its tokens from')
  }
  if (file !== undefined) return new OAuthBearerMechanism(uncached(tokenFile(file)), options)
  const refresh = resolveOptions('sasl.refresh', REFRESH_OPTIONS, options.refresh)
  const fetchToken = token ?? oidcToken(required(resolveOptions('sasl.oidc', OIDC_OPTIONS, oidc), 'tokenEndpointUrl'))
  return new OAuthBearerMechanism(new TokenCache(fetchToken, refresh), options)
}

function awsMskIam(options: AwsMskIamSaslOptions): SaslMechanism {
  const remedy = 'check the keys and the clock, and that a policy of the identity allows kafka-cluster:Connect'
  return new OAuthBearerMechanism(uncached(awsMskIamToken(options)), {}, remedy)
}

/** Throws for options that were left out although there is no default for them. */
function required<T extends object>(options: T, ...names: (keyof T & string)[]): T {
  for (const name of names) {
    if (options[name] === undefined || options[name] === '') throw new ConfigError(name, `sasl needs ${name}`)
  }
  return options
}

/** A function. Somebody may put the token itself in its place. */
function callback<T>(): Option<T | undefined> {
  return hidden<T | undefined>(undefined, 'a function', (value) => typeof value === 'function')
}

/** An object whose own options are checked elsewhere. */
function object(): Option<undefined> {
  return hidden(undefined, 'an object', isObject)
}

function strings(): Option<undefined> {
  return hidden(
    undefined,
    'an object of strings',
    (value) => isObject(value) && Object.values(value).every((item) => typeof item === 'string'),
  )
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function share(fallback: number, min: number, max: number): Option<number> {
  return checked<number>(fallback, (value) =>
    typeof value === 'number' && value >= min && value <= max ? undefined : `a number from ${min} to ${max}`,
  )
}
