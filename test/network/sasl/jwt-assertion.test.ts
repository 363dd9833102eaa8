import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../../../src/errors.ts'
import { assertionFile, signedAssertion } from '../../../src/network/sasl/jwt-assertion.ts'
import { tokenFile } from '../../../src/network/sasl/token-file.ts'
import { rejection } from '../rejection.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const otherCurve = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const request = { host: 'broker.test', signal: new AbortController().signal }

function pem(key: typeof rsa.privateKey): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string
}

/** Header and claims of an assertion whose signature holds. */
function opened(assertion: string, key: typeof rsa.publicKey): [header: unknown, claims: Record<string, unknown>] {
  const [header, claims, signature] = assertion.split('.') as [string, string, string]
  const check = {
    key: createPublicKey(key.export({ type: 'spki', format: 'pem' })),
    dsaEncoding: 'ieee-p1363' as const,
  }
  expect(verify('sha256', Buffer.from(`${header}.${claims}`), check, Buffer.from(signature, 'base64url'))).toBe(true)
  return [decoded(header), decoded(claims) as Record<string, unknown>]
}

function decoded(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}

describe('a signed assertion', () => {
  test('says who, to whom and for how long, signed with RS256', async () => {
    const before = Math.floor(Date.now() / 1000)
    const make = signedAssertion({
      privateKey: pem(rsa.privateKey),
      issuer: 'me',
      subject: 'me',
      audience: 'https://idp/token',
    })
    const [header, claims] = opened(await make(), rsa.publicKey)
    expect(header).toEqual({ typ: 'JWT', alg: 'RS256' })
    const { iat, nbf, exp, jti, ...rest } = claims as Record<'iat' | 'nbf' | 'exp', number> & { jti: string }
    expect(rest).toEqual({ iss: 'me', sub: 'me', aud: 'https://idp/token' })
    expect(iat).toBeGreaterThanOrEqual(before)
    expect([iat - nbf, exp - iat]).toEqual([60, 300])
    expect(jti).not.toBe((opened(await make(), rsa.publicKey)[1] as { jti: string }).jti)
  })

  test('is signed with ES256, with headers and claims of the user, and a key that is read anew', async () => {
    let reads = 0
    const make = signedAssertion({
      privateKey: async () => {
        reads++
        return pem(ec.privateKey)
      },
      algorithm: 'ES256',
      keyId: 'key-1',
      headers: { x5t: 'abc', alg: 'none' },
      claims: { iss: 'template', role: 'reader' },
      issuer: 'me',
      lifetimeMs: 10_000,
      notBeforeMs: 0,
      hasId: false,
    })
    const [header, claims] = opened(await make(), ec.publicKey)
    expect(header).toEqual({ x5t: 'abc', kid: 'key-1', typ: 'JWT', alg: 'ES256' })
    const { iat, nbf, exp, ...rest } = claims as Record<string, number>
    expect(rest).toEqual({ iss: 'me', role: 'reader' })
    expect([iat! - nbf!, exp! - iat!]).toEqual([0, 10])
    await make()
    expect(reads).toBe(2)
  })

  test('is signed with a key that has a passphrase', async () => {
    const locked = rsa.privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'open sesame',
    })
    const options = { privateKey: locked as string, issuer: 'me' }
    opened(await signedAssertion({ ...options, passphrase: 'open sesame' })(), rsa.publicKey)
    for (const passphrase of [undefined, 'wrong guess']) {
      const error = (await rejection(signedAssertion({ ...options, passphrase })())) as Error
      expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', mechanism: 'OAUTHBEARER' })
      expect(error.message).toMatch(/^the private key cannot sign an assertion: /)
      expect(error.message).not.toContain('wrong guess')
    }
  })

  test.each([
    ['RS256' as const, ec.privateKey, 'RS256 needs an RSA key, not one of type ec'],
    ['ES256' as const, rsa.privateKey, 'ES256 needs a key on the curve P-256, not one of type rsa'],
    ['ES256' as const, otherCurve.privateKey, 'ES256 needs a key on the curve P-256, not one of type ec on secp384r1'],
  ])('is not made with %s and a key that does not fit', async (algorithm, key, message) => {
    const make = signedAssertion({ privateKey: pem(key), algorithm })
    expect(await rejection(make())).toMatchObject({ message: `the private key cannot sign an assertion: ${message}` })
  })

  test('is not made with another algorithm', () => {
    expect(() => signedAssertion({ privateKey: pem(rsa.privateKey), algorithm: 'none' as never })).toThrow(ConfigError)
  })
})

describe('tokens and assertions in files', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kafkawire-token-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  test('are read anew each time, without the line break at their end', async () => {
    const path = join(folder, 'token')
    const token = tokenFile(path)
    const assertion = assertionFile(path)
    await writeFile(path, 'first\n')
    expect([await token(request), await assertion()]).toEqual([{ value: 'first' }, 'first'])
    await writeFile(path, 'second\r\n')
    expect([await token(request), await assertion()]).toEqual([{ value: 'second' }, 'second'])
    await writeFile(path, '\n')
    await expect(token(request)).rejects.toThrow(`${path} holds no token: it is empty`)
  })

  test('are named in the error when they cannot be read', async () => {
    const path = join(folder, 'missing')
    expect(await rejection(Promise.resolve(tokenFile(path)(request)))).toMatchObject({
      code: 'KAFKA_AUTHENTICATION',
      message: `cannot read ${path}: ENOENT`,
    })
  })
})
