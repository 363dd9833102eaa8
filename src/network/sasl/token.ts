import { AuthenticationError } from '../../errors.ts'
import { decodeUtf8 } from '../../protocol/bytes/utf8.ts'
import { decodeBase64 } from './base64.ts'

/** A token to log in with. */
export interface OAuthToken {
  /** What the broker gets: most often a JSON Web Token. */
  value: string
  /** When it ends, in milliseconds since 1970. Default: what a JSON Web Token says itself. */
  expiresAtMs?: number | undefined
  /** How long it lasts from now on, in milliseconds, where `expiresAtMs` is not known. */
  lifetimeMs?: number | undefined
  /** SASL extensions to send with this token, besides those of the mechanism. */
  extensions?: Readonly<Record<string, string>> | undefined
}

/** What a token function gets to know. */
export interface TokenRequest {
  /** Whom the token is for. */
  readonly host: string
  /** Fires when the token is no longer waited for. */
  readonly signal: AbortSignal
}

/** Fetches a token. It may fail: the connection attempt then fails with its error as the cause, and is tried again. */
export type TokenFunction = (request: TokenRequest) => OAuthToken | string | Promise<OAuthToken | string>

/** A token as the mechanism uses it. */
export interface ReadyToken {
  readonly value: string
  /** Milliseconds since 1970; undefined when nobody says. */
  readonly expiresAtMs: number | undefined
  readonly extensions: Readonly<Record<string, string>>
}

/** Where the mechanism gets its tokens from. */
export interface TokenProvider {
  /** A token that is good now. Rejects with the signal's reason when that fires first. */
  token(request: { host: string; signal?: AbortSignal | undefined }): Promise<ReadyToken>
  /** The broker refused this token: it must not be handed out again. */
  refuse(token: ReadyToken): void
}

/** What the broker takes for a token (RFC 6750, section 2.1). */
const TOKEN = /^[-_~+/.a-zA-Z0-9]+=*$/

/** Checks what a token function returned. Throws AuthenticationError, which never shows the token. */
export function readyToken(given: unknown): ReadyToken {
  const token = typeof given === 'string' ? { value: given } : (given as OAuthToken | null | undefined)
  const value: unknown = token?.value
  if (typeof value !== 'string' || value === '') {
    throw new AuthenticationError(
      'the token function returned no token: it must return text, or { value }',
      'OAUTHBEARER',
    )
  }
  if (!TOKEN.test(value)) {
    throw new AuthenticationError(
      'the token has characters that no token may have, such as blanks or a line break: is it really a token?',
      'OAUTHBEARER',
    )
  }
  const { expiresAtMs, lifetimeMs, extensions = {} } = token as OAuthToken
  const lasting = isTime(lifetimeMs) ? Date.now() + lifetimeMs : expiryOf(value)
  return { value, expiresAtMs: isTime(expiresAtMs) ? expiresAtMs : lasting, extensions }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** When a JSON Web Token ends, in milliseconds since 1970; undefined when it does not say, or is none. */
export function expiryOf(token: string): number | undefined {
  const claims = claimsOf(token)
  const seconds = claims?.['exp']
  return isTime(seconds) ? seconds * 1000 : undefined
}

/** The claims of a JSON Web Token, unverified: that is the broker's part. */
function claimsOf(token: string): Record<string, unknown> | undefined {
  const parts = token.split('.')
  const bytes = parts.length === 3 ? decodeBase64(parts[1]!) : undefined
  if (bytes === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(decodeUtf8(bytes, 0, bytes.length))
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
