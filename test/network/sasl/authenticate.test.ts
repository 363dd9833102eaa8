import { describe, expect, test, vi } from 'vitest'
import { AuthenticationError, UnsupportedVersionError } from '../../../src/errors.ts'
import { authenticate, reauthenticationDelayMs, type SaslChannel } from '../../../src/network/sasl/authenticate.ts'
import type { SaslMechanism, SaslStep } from '../../../src/network/sasl/mechanism.ts'
import { PlainMechanism } from '../../../src/network/sasl/plain.ts'
import type { Api } from '../../../src/protocol/api.ts'
import { ERROR } from '../../../src/protocol/error-codes.ts'
import { saslHandshakeApi } from '../../../src/protocol/messages/17-sasl-handshake.ts'
import { apiVersionsApi } from '../../../src/protocol/messages/18-api-versions.ts'
import { saslAuthenticateApi } from '../../../src/protocol/messages/36-sasl-authenticate.ts'
import { connect } from '../connecting.ts'
import { FakeBroker, offering } from '../fake-broker.ts'
import { rejection } from '../rejection.ts'
import { context, textOf, utf8 } from './exchanges.ts'

const broker = 'broker broker.test:9093'

interface Sent {
  api: string
  maxVersion: number | undefined
  text: string | undefined
}

/** A broker with prepared answers: to the handshake, then to each token. */
class Script implements SaslChannel {
  readonly sent: Sent[] = []
  readonly #answers: object[]
  readonly #isOld: boolean
  readonly exchangeToken: SaslChannel['exchangeToken']

  constructor(answers: object[], { isOld = false, acceptsFrames = false } = {}) {
    this.#answers = answers
    this.#isOld = isOld
    if (!acceptsFrames) return
    this.exchangeToken = (token, expectsAnswer) => {
      this.sent.push({ api: expectsAnswer ? 'frame' : 'last frame', maxVersion: undefined, text: textOf(token) })
      return Promise.resolve(expectsAnswer ? (this.#answers.shift() as Uint8Array) : new Uint8Array())
    }
  }

  versionOf<Request extends object, Response extends object>(api: Api<Request, Response>): number {
    if (this.#isOld && api.name === 'SaslAuthenticate') {
      throw new UnsupportedVersionError('the broker has no SaslAuthenticate', { api: api.name })
    }
    return api.request.versions.max
  }

  request<Request extends object, Response extends object>(
    api: Api<Request, Response>,
    body: object,
    options: { maxVersion?: number | undefined } = {},
  ): Promise<Response> {
    const { mechanism, authBytes } = body as { mechanism?: string; authBytes?: Uint8Array }
    this.sent.push({ api: api.name, maxVersion: options.maxVersion, text: mechanism ?? textOf(authBytes) })
    return Promise.resolve({ ...api.response.root.defaultValue(), ...this.#answers.shift() })
  }
}

/** A mechanism with prepared steps that remembers what it was told. */
function scripted(
  steps: (SaslStep | Error)[],
  more: Partial<SaslMechanism> = {},
): SaslMechanism & { heard: unknown[] } {
  const heard: unknown[] = []
  return {
    name: 'X-TEST',
    ...more,
    heard,
    authenticate: () => ({
      next: (challenge) => {
        heard.push(textOf(challenge))
        const step = steps.shift()!
        if (step instanceof Error) throw step
        return step
      },
    }),
  }
}

describe('an authentication', () => {
  test('shakes hands and sends one token where that is all', async () => {
    const channel = new Script([{}, { sessionLifetimeMs: 10_000n }])
    const plain = new PlainMechanism({ username: 'alice', password: 'secret' })
    expect(await authenticate(plain, channel, context)).toEqual({ lifetimeMs: 10_000 })
    expect(channel.sent).toEqual([
      { api: 'SaslHandshake', maxVersion: 1, text: 'PLAIN' },
      { api: 'SaslAuthenticate', maxVersion: undefined, text: '\0alice\0secret' },
    ])
  })

  test('goes on until the mechanism is done, which may have nothing left to say', async () => {
    const channel = new Script([{}, { authBytes: utf8('two') }, { authBytes: utf8('four'), sessionLifetimeMs: 5n }])
    const mechanism = scripted([
      { response: utf8('one'), isComplete: false },
      { response: utf8('three'), isComplete: false },
      { isComplete: true },
    ])
    expect(await authenticate(mechanism, channel, context)).toEqual({ lifetimeMs: 5 })
    expect(channel.sent.map(({ text }) => text)).toEqual(['X-TEST', 'one', 'three'])
    expect(mechanism.heard).toEqual([undefined, 'two', 'four'])
  })

  test('carries a security layer as GSSAPI negotiates it: an empty token, and a last answer that is dropped', async () => {
    const channel = new Script([
      {},
      { authBytes: utf8('ap-rep') },
      { authBytes: utf8('layers') },
      { authBytes: utf8('') },
    ])
    const mechanism = scripted([
      { response: utf8('ap-req'), isComplete: false },
      { response: new Uint8Array(), isComplete: false },
      { response: utf8('no layer'), isComplete: true },
    ])
    expect(await authenticate(mechanism, channel, context)).toEqual({ lifetimeMs: undefined })
    expect(channel.sent.map(({ text }) => text)).toEqual(['X-TEST', 'ap-req', '', 'no layer'])
    expect(mechanism.heard).toEqual([undefined, 'ap-rep', 'layers'])
  })

  test('takes a Connection for a channel', async () => {
    const fake = await FakeBroker.start({
      ApiVersions: (request) =>
        request.answer(
          apiVersionsApi,
          offering({ SaslHandshake: [0, 1], SaslAuthenticate: [0, 2], ApiVersions: [0, 5] }),
        ),
      SaslHandshake: (request) => request.answer(saslHandshakeApi, { mechanisms: ['PLAIN'] }),
      SaslAuthenticate: (request) => {
        const { authBytes } = request.read(saslAuthenticateApi)
        request.answer(saslAuthenticateApi, { sessionLifetimeMs: BigInt(authBytes.length) })
      },
    })
    const connection = await connect(fake.address)
    const plain = new PlainMechanism({ username: 'alice', password: 'secret' })
    expect(await authenticate(plain, connection, context)).toEqual({ lifetimeMs: '\0alice\0secret'.length })
    expect(fake.requests.map(({ api, version }) => [api, version])).toEqual([
      ['ApiVersions', 5],
      ['SaslHandshake', 1],
      ['SaslAuthenticate', 2],
    ])
    await connection.close()
    await fake.close()
  })
})

describe('a broker that refuses', () => {
  const plain = new PlainMechanism({ username: 'alice', password: 'secret' })

  test.each([
    [
      'the mechanism, and lists its own',
      [{ errorCode: ERROR.UNSUPPORTED_SASL_MECHANISM, mechanisms: ['GSSAPI', 'SCRAM-SHA-512'] }],
      `${broker} does not accept PLAIN on this listener: it accepts GSSAPI, SCRAM-SHA-512`,
    ],
    [
      'the mechanism, and has none',
      [{ errorCode: ERROR.UNSUPPORTED_SASL_MECHANISM }],
      `${broker} does not accept PLAIN on this listener: it accepts none`,
    ],
    [
      'SASL',
      [{ errorCode: ERROR.ILLEGAL_SASL_STATE }],
      `${broker} does not expect SASL on this listener: leave the sasl option out, or connect to the port of a SASL listener`,
    ],
    [
      'the credentials',
      [{}, { errorCode: ERROR.SASL_AUTHENTICATION_FAILED, errorMessage: 'Authentication failed:\nInvalid user' }],
      `${broker} refused PLAIN: Authentication failed: Invalid user: check username and password`,
    ],
    [
      'the credentials without a word',
      [{}, { errorCode: ERROR.SASL_AUTHENTICATION_FAILED, errorMessage: null }],
      /^broker broker.test:9093 refused PLAIN: SASL_AUTHENTICATION_FAILED: .*: check username and password$/,
    ],
    [
      'the order of things',
      [{}, { errorCode: ERROR.ILLEGAL_SASL_STATE, errorMessage: 'not now' }],
      `${broker} refused PLAIN: not now`,
    ],
  ])('%s is told in an AuthenticationError', async (_, answers, message) => {
    const error = await rejection(authenticate(plain, new Script(answers), context))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({ mechanism: 'PLAIN', retriable: false })
    expect((error as Error).message).toMatch(message)
    expect((error as Error).message).not.toMatch(/alice|secret/)
  })

  test('is quoted by what its tokens said when the error itself has no words', async () => {
    const mechanism: SaslMechanism = {
      name: 'X-TEST',
      authenticate: () => ({ next: () => ({ response: utf8('x'), isComplete: false }), failure: 'token is stale' }),
    }
    const answers = [{}, { errorCode: ERROR.SASL_AUTHENTICATION_FAILED, errorMessage: '' }]
    expect(await rejection(authenticate(mechanism, new Script(answers), context))).toMatchObject({
      message: `${broker} refused X-TEST: token is stale`,
    })
  })
})

describe('a mechanism that fails', () => {
  test('is passed on when its error is of kafkawire', async () => {
    const error = new AuthenticationError('wrong signature', 'X-TEST')
    expect(await rejection(authenticate(scripted([error]), new Script([{}]), context))).toBe(error)
  })

  test('is the cause of an error that says nothing of it, since it may hold credentials', async () => {
    const cause = new Error('ticket of alice: 0xdeadbeef')
    const error = await rejection(authenticate(scripted([cause]), new Script([{}]), context))
    expect(error).toMatchObject({
      code: 'KAFKA_AUTHENTICATION',
      message: `X-TEST failed on this side for ${broker}, see the cause`,
      cause,
    })
  })

  test('is told apart when it neither answers nor ends', async () => {
    expect(await rejection(authenticate(scripted([{ isComplete: false }]), new Script([{}]), context))).toMatchObject({
      message: 'the mechanism X-TEST neither answers nor ends',
    })
  })

  test('ends with the reason of the signal once that has fired', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const mechanism: SaslMechanism = {
      name: 'X-TEST',
      authenticate: () => ({
        next: () => {
          controller.abort(reason)
          throw new Error('interrupted')
        },
      }),
    }
    const running = authenticate(mechanism, new Script([{}]), { ...context, signal: controller.signal })
    expect(await rejection(running)).toBe(reason)
  })
})

describe('a broker without SaslAuthenticate', () => {
  test('gets tokens as bare frames, of which it does not answer the last of several', async () => {
    const answers = [{}, utf8('two'), utf8('four')]
    const channel = new Script(answers, { isOld: true, acceptsFrames: true })
    const mechanism = scripted([
      { response: utf8('one'), isComplete: false },
      { response: utf8('three'), isComplete: false },
      { response: utf8('five'), isComplete: true },
    ])
    expect(await authenticate(mechanism, channel, context)).toEqual({ lifetimeMs: undefined })
    expect(channel.sent).toEqual([
      { api: 'SaslHandshake', maxVersion: 0, text: 'X-TEST' },
      { api: 'frame', maxVersion: undefined, text: 'one' },
      { api: 'frame', maxVersion: undefined, text: 'three' },
      { api: 'last frame', maxVersion: undefined, text: 'five' },
    ])
  })

  test('answers the only token of PLAIN', async () => {
    const channel = new Script([{}, new Uint8Array()], { isOld: true, acceptsFrames: true })
    await authenticate(new PlainMechanism({ username: 'a', password: 'b' }), channel, context)
    expect(channel.sent.map(({ api }) => api)).toEqual(['SaslHandshake', 'frame'])
  })

  test('is refused over a channel that cannot send bare frames', async () => {
    const channel = new Script([], { isOld: true })
    const plain = new PlainMechanism({ username: 'a', password: 'b' })
    expect(await rejection(authenticate(plain, channel, context))).toBeInstanceOf(UnsupportedVersionError)
    expect(channel.sent).toEqual([])
  })
})

test.each([
  [60_000, 51_000, 57_000],
  [20_000, 17_000, 19_000],
  // A second before the end.
  [10_000, 8500, 9000],
  [4000, 2800, 3000],
  // No earlier than at 65 %.
  [2000, 1300, 1400],
  // No sooner than the broker allows.
  [1500, 1100, 1175],
  [1000, 850, 900],
])('re-authentication in a session of %i ms is due after %i to %i ms', (lifetimeMs, earliest, latest) => {
  const spy = vi.spyOn(Math, 'random')
  for (const [random, expected] of [
    [0, earliest],
    [1, latest],
  ] as const) {
    spy.mockReturnValue(random)
    expect(Math.abs(reauthenticationDelayMs(lifetimeMs) - expected)).toBeLessThanOrEqual(1)
  }
  spy.mockRestore()
})
