import { AuthenticationError, ConfigError } from '../../errors.ts'
import { encodeBase64Url } from './base64.ts'
import { type SigningAlgorithm, signText } from './crypto.ts'
import { readText, type ReadText } from './token-file.ts'
import { encodePart } from './unsecured-token.ts'

/** Makes the signed statement that a token endpoint takes for a proof of identity (RFC 7523). */
export type AssertionFunction = () => Promise<string>

/** What an assertion says, and the key that signs it. */
export interface AssertionOptions {
  /** In PEM, or a function that reads it anew each time. */
  privateKey: string | (() => string | Promise<string>)
  /** Opens an encrypted `privateKey`. */
  passphrase?: string | undefined
  /** Default RS256. */
  algorithm?: SigningAlgorithm | undefined
  /** Which of the client's keys it is: the header `kid`. */
  keyId?: string | undefined
  /** Claim `iss`: most often the client id. */
  issuer?: string | undefined
  /** Claim `sub`: most often the client id. */
  subject?: string | undefined
  /** Claim `aud`: most often the URL of the token endpoint. */
  audience?: string | undefined
  /** Claim `exp`, from now on. Default 300,000. */
  lifetimeMs?: number | undefined
  /** Claim `nbf`, back from now, for clocks that differ. Default 60,000. */
  notBeforeMs?: number | undefined
  /** Whether to put in a claim `jti`, which makes each assertion one of its own. Default true. */
  hasId?: boolean | undefined
  /** Further headers and claims. Those above win. */
  headers?: Readonly<Record<string, unknown>> | undefined
  claims?: Readonly<Record<string, unknown>> | undefined
}

/** Signs a new assertion for each request. Throws ConfigError when it is called with an algorithm that it does not know. */
export function signedAssertion(options: AssertionOptions): AssertionFunction {
  const { privateKey, passphrase, algorithm = 'RS256' } = options
  if (algorithm !== 'RS256' && algorithm !== 'ES256')
    throw new ConfigError('algorithm', 'algorithm must be RS256 or ES256')
  return async () => {
    const content = `${encodePart(headersOf(options, algorithm))}.${encodePart(claimsOf(options))}`
    const pem = typeof privateKey === 'function' ? await privateKey() : privateKey
    try {
      return `${content}.${encodeBase64Url(signText(content, algorithm, pem, passphrase))}`
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown reason'
      throw new AuthenticationError(`the private key cannot sign an assertion: ${reason}`, 'OAUTHBEARER', {
        cause: error,
      })
    }
  }
}

function headersOf({ headers, keyId }: AssertionOptions, algorithm: SigningAlgorithm): Record<string, unknown> {
  return { ...headers, ...(keyId === undefined ? {} : { kid: keyId }), typ: 'JWT', alg: algorithm }
}

function claimsOf(options: AssertionOptions): Record<string, unknown> {
  const { issuer, subject, audience, claims, lifetimeMs = 300_000, notBeforeMs = 60_000, hasId = true } = options
  const now = Math.floor(Date.now() / 1000)
  return {
    ...claims,
    ...(issuer === undefined ? {} : { iss: issuer }),
    ...(subject === undefined ? {} : { sub: subject }),
    ...(audience === undefined ? {} : { aud: audience }),
    iat: now,
    nbf: now - Math.floor(notBeforeMs / 1000),
    exp: now + Math.floor(lifetimeMs / 1000),
    ...(hasId ? { jti: crypto.randomUUID() } : {}),
  }
}

/** An assertion that somebody else keeps up to date in a file, such as a Kubernetes service account's. Read for each request. */
export function assertionFile(path: string, read: ReadText = readText): AssertionFunction {
  return async () => (await read(path)).trim()
}
