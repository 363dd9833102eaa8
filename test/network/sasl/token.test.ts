import { describe, expect, test } from 'vitest'
import { expiryOf, readyToken } from '../../../src/network/sasl/token.ts'
import { unsecuredToken } from '../../../src/network/sasl/unsecured-token.ts'

function jwt(claims: unknown): string {
  return `${encoded({ alg: 'RS256' })}.${encoded(claims)}.c2lnbmF0dXJl`
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

describe('what a token function returns', () => {
  test('may be bare text or an object', () => {
    expect(readyToken('abc')).toEqual({ value: 'abc', expiresAtMs: undefined, extensions: {} })
    expect(readyToken({ value: 'abc', expiresAtMs: 5, extensions: { a: 'b' } })).toEqual({
      value: 'abc',
      expiresAtMs: 5,
      extensions: { a: 'b' },
    })
  })

  test('counts a lifetime from now', () => {
    const before = Date.now()
    const { expiresAtMs } = readyToken({ value: 'abc', lifetimeMs: 60_000 })
    expect(expiresAtMs).toBeGreaterThanOrEqual(before + 60_000)
    expect(expiresAtMs).toBeLessThanOrEqual(Date.now() + 60_000)
  })

  test('takes the end from a JSON Web Token when nobody else says', () => {
    const value = jwt({ exp: 1_900_000_000, name: 'Jörg' })
    expect(readyToken(value).expiresAtMs).toBe(1_900_000_000_000)
    expect(readyToken({ value, expiresAtMs: 7 }).expiresAtMs).toBe(7)
  })

  test.each([undefined, null, 5, '', {}, { value: '' }, { value: 5 }])(
    'is refused when it holds no token: %j',
    (given) => {
      expect(() => readyToken(given)).toThrow('the token function returned no token')
    },
  )

  test.each(['a b', 'a\n', 'a\u0001b', 'tök', '=a'])('is refused when brokers could not read it: %j', (value) => {
    expect(() => readyToken(value)).toThrow('characters that no token may have')
  })

  test.each(['opaque', 'a.b', 'a.b.c', 'a.!!.c', jwt('text'), jwt(null), jwt({}), jwt({ exp: 'soon' })])(
    'has no known end as %s',
    (value) => {
      expect(expiryOf(value)).toBeUndefined()
    },
  )
})

test('an unsecured token says who it is, for how long, and carries no signature', async () => {
  const make = unsecuredToken({
    principal: 'alice',
    lifetimeMs: 1000,
    claims: { scope: ['a'] },
    extensions: { x: 'y' },
  })
  const token = readyToken(await make({ host: 'h', signal: new AbortController().signal }))
  const [header, claims, signature] = token.value.split('.')
  expect(JSON.parse(Buffer.from(header!, 'base64url').toString())).toEqual({ alg: 'none' })
  const { sub, scope, iat, exp } = JSON.parse(Buffer.from(claims!, 'base64url').toString()) as Record<string, number>
  expect({ sub, scope }).toEqual({ sub: 'alice', scope: ['a'] })
  expect(exp! - iat!).toBeCloseTo(1)
  expect(signature).toBe('')
  expect(token.extensions).toEqual({ x: 'y' })
  expect(token.expiresAtMs).toBeCloseTo(exp! * 1000)
})
