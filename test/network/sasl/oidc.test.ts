import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type OidcOptions, oidcToken } from '../../../src/network/sasl/oidc.ts'
import type { OAuthToken } from '../../../src/network/sasl/token.ts'
import { rejection } from '../rejection.ts'
import { TokenEndpoint } from './token-endpoint.ts'

let endpoint: TokenEndpoint

beforeEach(async () => {
  endpoint = await TokenEndpoint.start()
})
afterEach(() => endpoint.close())

function ask(options: Partial<OidcOptions> = {}, signal = new AbortController().signal): Promise<OAuthToken> {
  const token = oidcToken({
    tokenEndpointUrl: endpoint.url,
    clientId: 'my client',
    clientSecret: 's€cret/+&',
    retryBackoffMs: 1,
    ...options,
  })
  return Promise.resolve(token({ host: 'broker.test', signal })) as Promise<OAuthToken>
}

describe('a token of a token endpoint', () => {
  test('is asked for with id and secret in the header', async () => {
    const before = Date.now()
    const token = await ask({ scope: 'kafka read', params: { audience: 'https://kafka' } })
    expect(token.value).toBe('token-1')
    expect(token.expiresAtMs).toBeGreaterThanOrEqual(before + 60_000)
    const { method, path, headers, form } = endpoint.requests[0]!
    expect({ method, path }).toEqual({ method: 'POST', path: '/token' })
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect(headers.accept).toBe('application/json')
    expect(headers.authorization).toBe(`Basic ${Buffer.from('my client:s€cret/+&').toString('base64')}`)
    expect(form).toEqual({ grant_type: 'client_credentials', scope: 'kafka read', audience: 'https://kafka' })
  })

  test('is asked for with an encoded header where the server follows RFC 6749', async () => {
    await ask({ urlEncodeHeader: true })
    const expected = Buffer.from('my+client:s%E2%82%ACcret%2F%2B%26').toString('base64')
    expect(endpoint.requests[0]!.headers.authorization).toBe(`Basic ${expected}`)
  })

  test('is asked for with id and secret in the form', async () => {
    await ask({ clientAuthentication: 'form', clientSecret: async () => 'fresh' })
    expect(endpoint.requests[0]!.headers.authorization).toBeUndefined()
    expect(endpoint.requests[0]!.form).toEqual({
      grant_type: 'client_credentials',
      client_id: 'my client',
      client_secret: 'fresh',
    })
  })

  test('is asked for with an assertion in place of a secret', async () => {
    let count = 0
    const options = { clientSecret: undefined, assertion: async () => `signed.${++count}` }
    await ask(options)
    expect(endpoint.requests[0]!.form).toEqual({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'signed.1',
      client_id: 'my client',
    })
    await ask({ ...options, clientId: undefined })
    expect(endpoint.requests[1]!.form).not.toHaveProperty('client_id')
  })

  test('is asked for with an assertion as the grant', async () => {
    await ask({ grantType: 'jwt-bearer', assertion: async () => 'signed', scope: 'kafka' })
    expect(endpoint.requests[0]!.headers.authorization).toBeUndefined()
    expect(endpoint.requests[0]!.form).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: 'signed',
      scope: 'kafka',
    })
  })

  test.each([
    [{ access_token: 'a', expires_in: '30' }, 'a', true],
    [{ access_token: 'a' }, 'a', false],
    [{ access_token: 'a', expires_in: 0 }, 'a', false],
    [{ access_token: '', id_token: 'b' }, 'b', false],
  ])('is found in %j', async (json, value, hasEnd) => {
    endpoint.answers = [{ json }]
    const token = await ask()
    expect([token.value, token.expiresAtMs !== undefined]).toEqual([value, hasEnd])
  })
})

describe('a token endpoint that gives no token', () => {
  test('is asked again after server errors and lost connections', async () => {
    endpoint.answers = [
      { status: 503, text: 'busy' },
      (response) => response.destroy(),
      { status: 429, json: {} },
      { json: { access_token: 'at last' } },
    ]
    expect((await ask()).value).toBe('at last')
    expect(endpoint.requests).toHaveLength(4)
  })

  test('is given up on after five attempts, with an error that allows to try again', async () => {
    endpoint.answers = [{ status: 500, text: 'oops' }]
    expect(await rejection(ask())).toMatchObject({
      code: 'KAFKA_AUTHENTICATION',
      mechanism: 'OAUTHBEARER',
      retriable: true,
      message: `${endpoint.url} gave no token: HTTP 500`,
    })
    expect(endpoint.requests).toHaveLength(5)
  })

  test.each([
    [{ error: 'invalid_client', error_description: 'no such client' }, ': invalid_client: no such client'],
    [{ error: 'invalid_client' }, ': invalid_client'],
    [{ errorCode: 'E0000004', errorSummary: 'Authentication failed' }, ': E0000004: Authentication failed'],
    [{ error: { nested: true } }, ''],
    ['text', ''],
  ])('is not asked again after it refused with %j', async (json, said) => {
    endpoint.answers = [{ status: 401, json }]
    expect(await rejection(ask())).toMatchObject({
      retriable: false,
      message: `${endpoint.url} gave no token: HTTP 401${said}`,
    })
    expect(endpoint.requests).toHaveLength(1)
  })

  test.each([{ text: 'no json' }, { json: {} }, { json: null }, { json: { access_token: 5 } }])(
    'is not asked again after it answered %j',
    async (answer) => {
      endpoint.answers = [answer]
      expect(await rejection(ask())).toMatchObject({
        retriable: false,
        message: `${endpoint.url} answered without an access_token: is it really a token endpoint?`,
      })
    },
  )

  test('does not get its words into an error message where they hold the secret', async () => {
    const description = 'bad secret s€cret/+& of s%E2%82%ACcret%2F%2B%26\nor so'
    endpoint.answers = [{ status: 400, json: { error: 'invalid', error_description: description } }]
    const error = (await rejection(ask())) as Error
    expect(error.message).toBe(`${endpoint.url} gave no token: HTTP 400: invalid: bad secret *** of *** or so`)
  })

  test('does not get the secret to another server by a redirect', async () => {
    endpoint.answers = [(response) => response.writeHead(307, { location: 'http://127.0.0.1:1/elsewhere' }).end()]
    expect(await rejection(ask())).toMatchObject({ message: expect.stringContaining('cannot ask') as unknown })
  })

  test('is told by address when it cannot be reached', async () => {
    expect(await rejection(ask({ tokenEndpointUrl: 'http://127.0.0.1:1/token?key=secret' }))).toMatchObject({
      retriable: true,
      message: expect.stringMatching(/^cannot ask http:\/\/127\.0\.0\.1:1\/token for a token: /) as unknown,
    })
  })

  test('is waited for no longer than requestTimeoutMs', async () => {
    endpoint.answers = [() => {}, { json: { access_token: 'second' } }]
    expect((await ask({ requestTimeoutMs: 50 })).value).toBe('second')
  })

  test('is let go at once when nobody waits any more', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    endpoint.answers = [() => controller.abort(reason)]
    expect(await rejection(ask({}, controller.signal))).toBe(reason)
  })
})

describe('OIDC options', () => {
  test.each([
    [{ tokenEndpointUrl: 'nonsense' }, 'tokenEndpointUrl must be a URL'],
    [{ tokenEndpointUrl: 'file:///etc/token' }, 'tokenEndpointUrl must be a URL'],
    [{ tokenEndpointUrl: 'https://user:pass@example.com/' }, 'without user and password'],
    [{ clientSecret: undefined }, 'needs a clientSecret or an assertion'],
    [{ grantType: 'jwt-bearer' as const }, 'needs an assertion'],
    [{ clientId: '' }, 'needs the clientId'],
  ])('are refused before any request: %j', (options, message) => {
    const good = { tokenEndpointUrl: endpoint.url, clientId: 'me', clientSecret: 'secret' }
    expect(() => oidcToken({ ...good, ...options })).toThrow(message)
  })
})
