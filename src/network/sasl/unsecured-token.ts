import { encodeUtf8 } from '../../protocol/bytes/utf8.ts'
import { encodeBase64Url } from './base64.ts'
import type { TokenFunction } from './token.ts'

/** What an unsecured token says. */
export interface UnsecuredTokenOptions {
  /** Who the client claims to be: the claim `sub`. */
  principal: string
  /** Default 3,600,000. */
  lifetimeMs?: number | undefined
  /** Further claims, such as `scope`. */
  claims?: Readonly<Record<string, unknown>> | undefined
  extensions?: Readonly<Record<string, string>> | undefined
}

/**
 * Makes tokens without a signature, which prove nothing: for development, against brokers whose OAUTHBEARER listener has no
 * validator set up (Java: OAuthBearerUnsecuredLoginCallbackHandler).
 */
export function unsecuredToken(options: UnsecuredTokenOptions): TokenFunction {
  const { principal, lifetimeMs = 3_600_000, claims = {}, extensions } = options
  return () => {
    const nowMs = Date.now()
    const payload = { sub: principal, ...claims, iat: nowMs / 1000, exp: (nowMs + lifetimeMs) / 1000 }
    const value = `${encodePart({ alg: 'none' })}.${encodePart(payload)}.`
    return { value, expiresAtMs: nowMs + lifetimeMs, extensions }
  }
}

/** One part of a JSON Web Token. */
export function encodePart(value: unknown): string {
  return encodeBase64Url(encodeUtf8(JSON.stringify(value)))
}
