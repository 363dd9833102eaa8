import { AuthenticationError, ConfigError, KafkaError } from '../../errors.ts'
import { encodeUtf8 } from '../../protocol/bytes/utf8.ts'
import { backoffMs } from '../retry.ts'
import { sleep } from '../wait.ts'
import { encodeBase64 } from './base64.ts'
import type { AssertionFunction } from './jwt-assertion.ts'
import { peerText, withoutSecrets } from './peer-text.ts'
import { readSecret, type Secret } from './secret.ts'
import { expiryOf, type OAuthToken, type TokenFunction } from './token.ts'

/** How to get tokens from an OAuth 2 or OpenID Connect server. Either `clientSecret` or `assertion` is needed. */
export interface OidcOptions {
  /** The server's token endpoint. */
  tokenEndpointUrl: string
  clientId?: string | undefined
  clientSecret?: Secret | undefined
  /** Proves who the client is by a signed statement instead of a secret (RFC 7523, KIP-1258). */
  assertion?: AssertionFunction | undefined
  /**
   * `client_credentials`: as the client itself. `jwt-bearer`: as whom the assertion is about (KIP-1139).
   * Default `client_credentials`.
   */
  grantType?: 'client_credentials' | 'jwt-bearer' | undefined
  /** Where the secret goes: into the Authorization header, or into the form. Default `header`. */
  clientAuthentication?: 'header' | 'form' | undefined
  /** Whether id and secret are percent-encoded in the header, as RFC 6749 wants and few servers expect. Default false, as in Java. */
  urlEncodeHeader?: boolean | undefined
  scope?: string | undefined
  /** Further fields of the form, such as `audience` or `resource`. */
  params?: Readonly<Record<string, string>> | undefined
  /** Longest wait for one response. Default 10,000. */
  requestTimeoutMs?: number | undefined
  /** First pause before another attempt; doubles up to `retryBackoffMaxMs`. Default 100. */
  retryBackoffMs?: number | undefined
  /** Default 10,000. */
  retryBackoffMaxMs?: number | undefined
  /** Makes the requests. Default: the global fetch; another one brings a proxy or authorities of your own. */
  fetch?: typeof fetch | undefined
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
/** Attempts at one token; the cache, and each new connection, begin anew. */
const MAX_ATTEMPTS = 5

/** A token function that asks a token endpoint. Server errors and lost connections are tried again, refusals are not. */
export function oidcToken(options: OidcOptions): TokenFunction {
  const endpoint = checkedEndpoint(options)
  const { retryBackoffMs = 100, retryBackoffMaxMs = 10_000 } = options
  return async ({ signal }) => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await requestToken(endpoint, options, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof KafkaError) || !error.retriable || attempt + 1 === MAX_ATTEMPTS) throw error
      }
      await sleep(backoffMs(attempt, { minMs: retryBackoffMs, maxMs: retryBackoffMaxMs }), signal)
    }
  }
}

function checkedEndpoint(options: OidcOptions): URL {
  const { tokenEndpointUrl, clientId, clientSecret, assertion, grantType } = options
  const url = URL.canParse(tokenEndpointUrl) ? new URL(tokenEndpointUrl) : undefined
  if (
    url === undefined ||
    (url.protocol !== 'https:' && url.protocol !== 'http:') ||
    url.username !== '' ||
    url.password !== ''
  ) {
    throw new ConfigError(
      'tokenEndpointUrl',
      'tokenEndpointUrl must be a URL of https: or http:, without user and password in it',
    )
  }
  if (grantType === 'jwt-bearer' ? assertion === undefined : clientSecret === undefined && assertion === undefined) {
    const needed = grantType === 'jwt-bearer' ? 'an assertion' : 'a clientSecret or an assertion'
    throw new ConfigError('oidc', `oidc needs ${needed} to prove who the client is`)
  }
  if (assertion === undefined && (clientId === undefined || clientId === '')) {
    throw new ConfigError('clientId', 'oidc needs the clientId that the clientSecret is of')
  }
  return url
}

async function requestToken(endpoint: URL, options: OidcOptions, signal: AbortSignal): Promise<OAuthToken> {
  const { requestTimeoutMs = 10_000, fetch: send = fetch } = options
  const { headers, form, secrets } = await requestOf(options)
  const where = `${endpoint.origin}${endpoint.pathname}`
  let status: number
  let body: string
  try {
    const response = await send(endpoint, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        'cache-control': 'no-cache',
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      },
      body: form.toString(),
      // What proves who the client is goes to the server that was named, and nowhere else.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
    })
    status = response.status
    body = await response.text()
  } catch (error) {
    signal.throwIfAborted()
    const reason = isTimeout(error)
      ? `no answer within ${requestTimeoutMs} ms`
      : withoutSecrets(reasonOf(error), secrets)
    throw tokenError(`cannot ask ${where} for a token: ${peerText(reason)}`, true)
  }
  if (status !== 200) {
    const said = withoutSecrets(refusalOf(body), secrets)
    throw tokenError(
      `${where} gave no token: HTTP ${status}${said === '' ? '' : `: ${peerText(said)}`}`,
      isRetriable(status),
    )
  }
  const { access_token: access, id_token: id, expires_in: expiresIn } = parseObject(body) ?? {}
  const value = typeof access === 'string' && access !== '' ? access : id
  if (typeof value !== 'string' || value === '') {
    throw tokenError(`${where} answered without an access_token: is it really a token endpoint?`, false)
  }
  const seconds = Number(expiresIn ?? Number.NaN)
  return {
    value,
    // The endpoint's count of seconds needs no common clock, so that it goes first.
    expiresAtMs: seconds > 0 ? Date.now() + seconds * 1000 : expiryOf(value),
  }
}

interface TokenHttpRequest {
  headers: Record<string, string>
  form: URLSearchParams
  /** What must not show up in an error message. */
  secrets: string[]
}

async function requestOf(options: OidcOptions): Promise<TokenHttpRequest> {
  const {
    clientId,
    clientSecret,
    assertion,
    grantType,
    scope,
    params = {},
    clientAuthentication,
    urlEncodeHeader,
  } = options
  const form = new URLSearchParams(params)
  const headers: Record<string, string> = {}
  const secrets: string[] = []
  form.set('grant_type', grantType === 'jwt-bearer' ? JWT_BEARER : 'client_credentials')
  if (scope !== undefined && scope !== '') form.set('scope', scope)
  if (assertion !== undefined) {
    const statement = await assertion()
    secrets.push(statement)
    if (grantType === 'jwt-bearer') {
      form.set('assertion', statement)
      return { headers, form, secrets }
    }
    form.set('client_assertion_type', ASSERTION_TYPE)
    form.set('client_assertion', statement)
    if (clientId !== undefined && clientId !== '') form.set('client_id', clientId)
    return { headers, form, secrets }
  }
  const secret = await readSecret(clientSecret!, 'client secret', 'OAUTHBEARER')
  secrets.push(secret)
  if (clientAuthentication === 'form') {
    form.set('client_id', clientId!)
    form.set('client_secret', secret)
    return { headers, form, secrets }
  }
  const encode = urlEncodeHeader === true ? formEncode : (text: string) => text
  const basic = encodeBase64(encodeUtf8(`${encode(clientId!)}:${encode(secret)}`))
  secrets.push(basic)
  headers['authorization'] = `Basic ${basic}`
  return { headers, form, secrets }
}

/** Percent-encodes text the way forms do: a blank becomes a plus sign. */
function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

/** What an error response says: OAuth's fields (RFC 6749, section 5.2), and those of Okta. Anything else stays out of messages. */
function refusalOf(body: string): string {
  const { error, error_description: description, errorCode, errorSummary } = parseObject(body) ?? {}
  return [error ?? errorCode, description ?? errorSummary]
    .filter((part) => typeof part === 'string' && part !== '')
    .join(': ')
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}

/** fetch says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: unknown; message?: unknown }; message?: unknown }
  const reason = [cause?.message, cause?.code, message].find((part) => typeof part === 'string' && part !== '')
  return typeof reason === 'string' ? reason : 'the request failed'
}

function isRetriable(status: number): boolean {
  if (status === 408 || status === 425 || status === 429) return true
  return status >= 500 && status !== 501 && status !== 505
}

function tokenError(message: string, retriable: boolean): AuthenticationError {
  return new AuthenticationError(message, 'OAUTHBEARER', { retriable })
}
