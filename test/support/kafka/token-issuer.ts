import { createSign, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An OAuth 2 server for tests: signs tokens that the broker's OIDC listener accepts, and publishes the key for it. */
export interface TokenIssuer {
  /** The `iss` of its tokens. POST `/token` answers client credentials (any secret) with a token; GET `/jwks` is for brokers. */
  readonly url: string
  /** A signed token; `kafka` is the audience that the broker expects. */
  token(subject: string, options?: { lifetimeMs?: number; audience?: string }): string
  close(): Promise<void>
}

const defaultLifetimeMs = 60_000

/** Starts an issuer with a new key on a free port. */
export async function startTokenIssuer(): Promise<TokenIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'key-1', use: 'sig', alg: 'RS256' }

  const token: TokenIssuer['token'] = (subject, { lifetimeMs = defaultLifetimeMs, audience = 'kafka' } = {}) => {
    const now = Date.now()
    const header = encodeJson({ alg: key.alg, kid: key.kid, typ: 'JWT' })
    const times = { iat: Math.floor(now / 1000), exp: Math.floor((now + lifetimeMs) / 1000) }
    const claims = encodeJson({ iss: url, aud: audience, sub: subject, scope: 'kafka', ...times })
    return `${header}.${claims}.${createSign('RSA-SHA256').update(`${header}.${claims}`).sign(privateKey, 'base64url')}`
  }

  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.url === '/jwks') {
      response.end(JSON.stringify({ keys: [key] }))
      return
    }
    const [subject = ''] = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /, ''), 'base64')
      .toString()
      .split(':')
    const answer = { access_token: token(subject), token_type: 'Bearer', expires_in: defaultLifetimeMs / 1000 }
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    token,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function encodeJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
