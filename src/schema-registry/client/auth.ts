import { ConfigError, KafkaError } from '../../errors.ts'
import { encodeBase64 } from '../../network/sasl/base64.ts'
import { type OidcOptions, oidcToken } from '../../network/sasl/oidc.ts'
import type { SaslOptions } from '../../network/sasl/options.ts'
import { readSecret, type Secret } from '../../network/sasl/secret.ts'
import { TokenCache, type TokenRefresh, uncached } from '../../network/sasl/token-cache.ts'
import type { ReadyToken, TokenFunction, TokenProvider } from '../../network/sasl/token.ts'
import { encodeUtf8 } from '../../protocol/bytes/utf8.ts'
import { SchemaRegistryError } from '../errors.ts'

/** Which registry and identities a token is for, as Confluent Cloud wants to know. */
export interface CloudIdentity {
  /** Sent as `target-sr-cluster`, such as `lsrc-abc123`. */
  logicalCluster?: string | undefined
  /** Sent as `Confluent-Identity-Pool-Id`. */
  identityPoolId?: string | readonly string[] | undefined
}

/** A name and a password. */
export interface BasicAuth {
  type: 'basic'
  username: string
  password: Secret
}

/** A token that you have, or a function that gets one. A function's token is kept until shortly before it ends. */
export interface BearerAuth extends CloudIdentity {
  type: 'bearer'
  token: string | TokenFunction
  refresh?: TokenRefresh | undefined
}

/** Tokens of an OAuth 2 or OpenID Connect server, with client credentials or a signed assertion. */
export interface OAuthAuth extends CloudIdentity {
  type: 'oauth'
  oidc: OidcOptions
  refresh?: TokenRefresh | undefined
}

/** Headers of your own for each request. */
export interface CustomAuth {
  type: 'custom'
  headers: (request: { url: string; signal: AbortSignal }) => AuthHeaders | Promise<AuthHeaders>
}

export type AuthHeaders = Readonly<Record<string, string>>

/** How to log in to the registry. */
export type RegistryAuth = BasicAuth | BearerAuth | OAuthAuth | CustomAuth

/** What adds the credentials to a request. */
export interface Authenticator {
  headers(url: URL, signal: AbortSignal): Promise<AuthHeaders>
  /** The registry answered 401: true when other credentials can be had, so that the request is worth another try. */
  refuse(): boolean
}

const NO_HEADERS: AuthHeaders = {}

/** Without credentials. */
export const anonymous: Authenticator = { headers: async () => NO_HEADERS, refuse: () => false }

/** Checks the options and makes what adds credentials. Throws ConfigError, which never shows them. */
export function authenticator(auth: RegistryAuth): Authenticator {
  switch (auth.type) {
    case 'basic':
      return basic(auth)
    case 'bearer':
      return bearer(tokenProvider(auth), auth)
    case 'oauth':
      return bearer(new TokenCache(oidcToken(auth.oidc), auth.refresh), auth)
    case 'custom':
      return custom(auth)
    default:
      throw new ConfigError('auth', 'auth.type must be one of basic, bearer, oauth, custom')
  }
}

function basic({ username, password }: BasicAuth): Authenticator {
  const isSecret = typeof password === 'function' || typeof password === 'string'
  if (typeof username !== 'string' || !isSecret) {
    throw new ConfigError('auth', 'auth of type basic needs username and password, which are text')
  }
  // RFC 7617, section 2.
  if (username.includes(':')) throw new ConfigError('auth', 'auth.username must not have a colon')
  const encode = (secret: string): AuthHeaders => ({
    authorization: `Basic ${encodeBase64(encodeUtf8(`${username}:${secret}`))}`,
  })
  if (typeof password === 'string') {
    const headers = encode(password)
    return { headers: async () => headers, refuse: () => false }
  }
  return {
    headers: async () => encode(await readSecret(password, 'password', 'the schema registry')),
    refuse: () => false,
  }
}

function tokenProvider({ token, refresh }: BearerAuth): TokenProvider {
  if (typeof token === 'function') return new TokenCache(token, refresh)
  if (typeof token !== 'string' || token === '') {
    throw new ConfigError('auth', 'auth.token must be text that is not empty, or a function')
  }
  return uncached(() => token)
}

function bearer(provider: TokenProvider, identity: CloudIdentity): Authenticator {
  const pools = identity.identityPoolId
  const fixed: Record<string, string> = {}
  if (identity.logicalCluster !== undefined) fixed['target-sr-cluster'] = identity.logicalCluster
  if (pools !== undefined) fixed['confluent-identity-pool-id'] = typeof pools === 'string' ? pools : pools.join(',')
  let last: ReadyToken | undefined
  return {
    headers: async ({ host }, signal) => {
      last = await provider.token({ host, signal })
      return { ...fixed, authorization: `Bearer ${last.value}` }
    },
    refuse: () => {
      if (last === undefined || !(provider instanceof TokenCache)) return false
      provider.refuse(last)
      return true
    },
  }
}

function custom({ headers }: CustomAuth): Authenticator {
  if (typeof headers !== 'function') throw new ConfigError('auth', 'auth of type custom needs headers, a function')
  return {
    headers: async (url, signal) => {
      try {
        return await headers({ url: url.href, signal })
      } catch (cause) {
        signal.throwIfAborted()
        if (cause instanceof KafkaError) throw cause
        // Its message may hold anything, and so is not repeated.
        throw new SchemaRegistryError(
          'no credentials for the schema registry: the auth function failed, see the cause',
          { status: 0, errorCode: 0 },
          { cause },
        )
      }
    },
    refuse: () => false,
  }
}

/**
 * The credentials of the brokers for the registry (Java: SASL_INHERIT and SASL_OAUTHBEARER_INHERIT). Throws ConfigError for a
 * mechanism that has neither name and password nor a token.
 */
export function authFromSasl(sasl: SaslOptions): RegistryAuth {
  if ('username' in sasl && 'password' in sasl) {
    return { type: 'basic', username: sasl.username, password: sasl.password }
  }
  if ('token' in sasl && typeof sasl.token === 'function') {
    return { type: 'bearer', token: sasl.token, refresh: sasl.refresh, ...identityOf(sasl) }
  }
  if ('oidc' in sasl && sasl.oidc !== undefined) {
    return { type: 'oauth', oidc: sasl.oidc, refresh: sasl.refresh, ...identityOf(sasl) }
  }
  throw new ConfigError('sasl', 'these SASL options hold neither a name and password nor a token for the registry')
}

function identityOf({ identityPoolId }: CloudIdentity): CloudIdentity {
  // The logical cluster of the brokers is not that of the registry.
  return { identityPoolId }
}
