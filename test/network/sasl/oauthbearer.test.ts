import { describe, expect, test } from 'vitest'
import { authenticate } from '../../../src/network/sasl/authenticate.ts'
import { OAuthBearerMechanism } from '../../../src/network/sasl/oauthbearer.ts'
import type { ReadyToken, TokenProvider } from '../../../src/network/sasl/token.ts'
import { context, step } from './exchanges.ts'

/** Hands out one token and remembers which were refused. */
class Tokens implements TokenProvider {
  readonly refused: string[] = []
  readonly #token: ReadyToken
  constructor(token: Partial<ReadyToken> = {}) {
    this.#token = { value: 'abc.def.ghi', expiresAtMs: undefined, extensions: {}, ...token }
  }
  token(): Promise<ReadyToken> {
    return Promise.resolve(this.#token)
  }
  refuse(token: ReadyToken): void {
    this.refused.push(token.value)
  }
}

describe('OAUTHBEARER', () => {
  test('sends the token and is done when the broker has nothing to say', async () => {
    const exchange = new OAuthBearerMechanism(new Tokens()).authenticate(context)
    expect(await step(exchange)).toEqual({
      response: 'n,,\u0001auth=Bearer abc.def.ghi\u0001\u0001',
      isComplete: false,
    })
    expect(await step(exchange, '')).toEqual({ response: undefined, isComplete: true })
  })

  test('sends extensions of the mechanism and of the token, the latter winning', async () => {
    const tokens = new Tokens({ extensions: { traceId: '2', other: 'x y' } })
    const mechanism = new OAuthBearerMechanism(tokens, {
      extensions: { traceId: '1' },
      logicalCluster: 'lkc-1',
      identityPoolId: 'pool-1',
    })
    expect((await step(mechanism.authenticate(context))).response).toBe(
      'n,,\u0001auth=Bearer abc.def.ghi\u0001traceId=2\u0001logicalCluster=lkc-1\u0001identityPoolId=pool-1\u0001other=x y\u0001\u0001',
    )
  })

  test('acknowledges an error of the broker, forgets the token, and ends with what the broker said', async () => {
    const tokens = new Tokens()
    const exchange = new OAuthBearerMechanism(tokens).authenticate(context)
    await step(exchange)
    expect(await step(exchange, '{"status":"invalid_token"}')).toEqual({ response: '\u0001', isComplete: false })
    expect(tokens.refused).toEqual(['abc.def.ghi'])
    expect(exchange.failure).toBe('{"status":"invalid_token"}')
    await expect(step(exchange, '')).rejects.toThrow(
      'broker broker.test:9093 refused the OAUTHBEARER token: {"status":"invalid_token"}',
    )
  })

  test('forgets the token too when the broker refuses it without JSON', async () => {
    const tokens = new Tokens()
    const answers: object[] = [{ errorCode: 0 }, { errorCode: 58, errorMessage: 'no', authBytes: new Uint8Array() }]
    const channel = { versionOf: () => 1, request: async () => answers.shift() as never }
    await expect(authenticate(new OAuthBearerMechanism(tokens), channel, context)).rejects.toThrow(
      'broker broker.test:9093 refused OAUTHBEARER: no: check the token',
    )
    expect(tokens.refused).toEqual(['abc.def.ghi'])
  })

  test.each([
    [{ auth: 'x' }, 'auth is reserved'],
    [{ 'trace-id': 'x' }, '"trace-id" must have a name of ASCII letters only'],
    [{ '': 'x' }, 'must have a name of ASCII letters only'],
    [{ trace: '' }, 'trace must have a value'],
    [{ trace: 'secret\u0001' }, 'trace must have a value of printable ASCII'],
    [{ trace: 'sécret' }, 'trace must have a value of printable ASCII'],
  ])('refuses the extensions %j without showing their values', async (extensions, message) => {
    expect(() => new OAuthBearerMechanism(new Tokens(), { extensions })).toThrow(message)
    const exchange = new OAuthBearerMechanism(new Tokens({ extensions })).authenticate(context)
    await expect(step(exchange)).rejects.toThrow(message)
    await expect(
      new OAuthBearerMechanism(new Tokens({ extensions })).authenticate(context).next(undefined),
    ).rejects.not.toThrow(/cret/)
  })
})
