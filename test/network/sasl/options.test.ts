import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../../src/errors.ts'
import { authenticate } from '../../../src/network/sasl/authenticate.ts'
import type { SaslMechanism } from '../../../src/network/sasl/mechanism.ts'
import { type SaslOptions, saslMechanism } from '../../../src/network/sasl/options.ts'
import { rejection } from '../rejection.ts'
import { context, step } from './exchanges.ts'

const SECRET = 'hunter2-and-more'

/** One valid set of options of each kind, each with the same secret in it. */
const everyKind: [kind: string, options: SaslOptions, name: string][] = [
  ['PLAIN', { mechanism: 'PLAIN', username: 'alice', password: SECRET }, 'PLAIN'],
  ['SCRAM-SHA-256', { mechanism: 'SCRAM-SHA-256', username: 'alice', password: SECRET }, 'SCRAM-SHA-256'],
  ['SCRAM-SHA-512', { mechanism: 'SCRAM-SHA-512', username: 'id', password: SECRET, tokenAuth: true }, 'SCRAM-SHA-512'],
  ['a token function', { mechanism: 'OAUTHBEARER', token: () => SECRET }, 'OAUTHBEARER'],
  [
    'OIDC',
    {
      mechanism: 'OAUTHBEARER',
      oidc: { tokenEndpointUrl: 'https://idp.test/token', clientId: 'me', clientSecret: SECRET },
      logicalCluster: 'lkc-1',
      identityPoolId: 'pool-1',
      refresh: { bufferMs: 1000 },
    },
    'OAUTHBEARER',
  ],
  ['a token file', { mechanism: 'OAUTHBEARER', file: '/var/run/token' }, 'OAUTHBEARER'],
  [
    'AWS MSK IAM',
    {
      mechanism: 'AWS_MSK_IAM',
      region: 'eu-west-1',
      credentials: () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET }),
    },
    'OAUTHBEARER',
  ],
]

describe('the sasl option', () => {
  test.each(everyKind)('makes a mechanism of %s', (_, options, name) => {
    expect(saslMechanism(options).name).toBe(name)
  })

  test('takes a mechanism of the user as it is', () => {
    const own: SaslMechanism = { name: 'GSSAPI', authenticate: () => ({ next: () => ({ isComplete: true }) }) }
    expect(saslMechanism(own)).toBe(own)
  })

  test('makes mechanisms that work', async () => {
    const plain = saslMechanism({ mechanism: 'PLAIN', username: 'alice', password: SECRET })
    expect((await step(plain.authenticate(context))).response).toBe(`\0alice\0${SECRET}`)
    const bearer = saslMechanism({ mechanism: 'OAUTHBEARER', token: async () => 'abc', logicalCluster: 'lkc-1' })
    expect((await step(bearer.authenticate(context))).response).toBe(
      'n,,\u0001auth=Bearer abc\u0001logicalCluster=lkc-1\u0001\u0001',
    )
    const token = saslMechanism({ mechanism: 'SCRAM-SHA-256', username: 'id', password: SECRET, tokenAuth: true })
    expect((await step(token.authenticate(context))).response).toMatch(/^n,,n=id,r=[^,]+,tokenauth=true$/)
    const msk = saslMechanism(everyKind.at(-1)![1])
    expect((await step(msk.authenticate(context))).response).toContain(
      `auth=Bearer ${btoa('https://kafka.eu-west-1.')}`,
    )
  })

  test.each<[unknown, string, string]>([
    [undefined, 'mechanism', 'sasl names no mechanism'],
    [{}, 'mechanism', 'sasl names no mechanism'],
    [{ mechanism: 'GSSAPI' }, 'mechanism', 'sasl has the mechanism "GSSAPI": kafkawire has PLAIN, '],
    [{ mechanism: 'PLAIN' }, 'username', 'sasl needs username'],
    [{ mechanism: 'PLAIN', username: 'alice' }, 'password', 'sasl needs password'],
    [{ mechanism: 'PLAIN', username: 'alice', pasword: SECRET }, 'pasword', 'did you mean password?'],
    [{ mechanism: 'PLAIN', username: 'alice', password: 12345 }, 'password', 'password must be text that is not empty'],
    [{ mechanism: 'PLAIN', username: 'alice', password: '' }, 'password', 'password must be text that is not empty'],
    [{ mechanism: 'PLAIN', username: 'alice', password: `${SECRET}\ud800` }, 'password', 'password must be text'],
    [
      { mechanism: 'SCRAM-SHA-256', username: 'a', password: SECRET, maxIterations: 4000 },
      'maxIterations',
      'from 4096',
    ],
    [{ mechanism: 'OAUTHBEARER' }, 'token', 'exactly one of token, oidc and file'],
    [{ mechanism: 'OAUTHBEARER', token: () => 'x', file: '/x' }, 'token', 'exactly one of token, oidc and file'],
    [{ mechanism: 'OAUTHBEARER', token: SECRET }, 'token', 'token must be a function'],
    [{ mechanism: 'OAUTHBEARER', oidc: SECRET }, 'oidc', 'oidc must be an object'],
    [{ mechanism: 'OAUTHBEARER', oidc: {} }, 'tokenEndpointUrl', 'sasl needs tokenEndpointUrl'],
    [{ mechanism: 'OAUTHBEARER', oidc: { clientSecret: 5 } }, 'clientSecret', 'clientSecret must be text'],
    [
      { mechanism: 'OAUTHBEARER', token: () => 'x', extensions: { a: 5 } },
      'extensions',
      'must be an object of strings',
    ],
    [{ mechanism: 'OAUTHBEARER', token: () => 'x', extensions: { auth: SECRET } }, 'extensions', 'auth is reserved'],
    [{ mechanism: 'OAUTHBEARER', token: () => 'x', refresh: { windowFactor: 2 } }, 'windowFactor', 'from 0.5 to 1'],
    [{ mechanism: 'AWS_MSK_IAM' }, 'credentials', 'sasl needs credentials'],
  ])('refuses %j', (options, option, message) => {
    const make = (): unknown => saslMechanism(options as SaslOptions)
    expect(make).toThrow(ConfigError)
    expect(make).toThrow(expect.objectContaining({ option }) as Error)
    expect(make).toThrow(message)
    expect(make).not.toThrow(/hunter2|12345/)
  })
})

describe('secrets', () => {
  test.each(everyKind)('of %s are in neither inspect() nor JSON, before and during an exchange', async (_, options) => {
    const mechanism = saslMechanism(options)
    const exchange = mechanism.authenticate(context)
    const views = (): string =>
      [mechanism, exchange].map((it) => inspect(it, { depth: 20, showHidden: true }) + JSON.stringify(it)).join()
    expect(views()).not.toContain(SECRET)
    await Promise.resolve(exchange.next(undefined)).catch(() => {})
    expect(views()).not.toContain(SECRET)
  })

  test.each(everyKind.filter(([kind]) => kind !== 'OIDC'))(
    'of %s are not in the error when the broker refuses',
    async (_, options) => {
      const answers: object[] = [{ errorCode: 0 }, { errorCode: 58, errorMessage: 'no', authBytes: new Uint8Array() }]
      const channel = { versionOf: () => 1, request: async () => answers.shift() as never }
      const error = await rejection(authenticate(saslMechanism(options), channel, context))
      expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION' })
      expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain(SECRET)
    },
  )
})
