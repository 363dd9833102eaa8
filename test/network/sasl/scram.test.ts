import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { AuthenticationError, ConfigError } from '../../../src/errors.ts'
import type { SaslExchange } from '../../../src/network/sasl/mechanism.ts'
import { saslName } from '../../../src/network/sasl/scram-messages.ts'
import { ScramMechanism, type ScramName } from '../../../src/network/sasl/scram.ts'
import { rejection } from '../rejection.ts'
import { context, step } from './exchanges.ts'

interface Credentials {
  mechanism: ScramName
  username: string
  password: string
  clientNonce: string
}

interface Transcript extends Credentials {
  tokenAuth: boolean
  iterations: number
  clientFirst: string
  serverFirst: string
  clientFinal: string
  serverFinal: string
}

interface Vectors {
  transcripts: Transcript[]
  wrongPassword: (Omit<Transcript, 'serverFinal'> & { serverFinal: null })[]
  saslNames: { username: string; saslName: string }[]
  nonAsciiUsernames: { username: string; clientFirst: string; serverAccepts: boolean }[]
  clientRejects: (Credentials & {
    what: string
    serverFirst: string
    accepted: boolean
    clientFinal?: string
    error?: string
  })[]
}

/** Conversations of Kafka's own SCRAM client with its own server. */
const vectors = JSON.parse(readFileSync(new URL('../../vectors/scram.json', import.meta.url), 'utf8')) as Vectors

function begin(
  credentials: Credentials & { tokenAuth?: boolean },
  options: { maxIterations?: number } = {},
): SaslExchange {
  const { mechanism, username, password, clientNonce, tokenAuth } = credentials
  return new ScramMechanism(mechanism, { username, password, tokenAuth, ...options }, () => clientNonce).authenticate(
    context,
  )
}

describe('SCRAM against the transcripts of the Java client and server', () => {
  test.each(vectors.transcripts.map((transcript, i) => ({ ...transcript, i })))(
    'says what Java says as $username with $mechanism and $iterations iterations ($i)',
    async (transcript) => {
      const exchange = begin(transcript, { maxIterations: Math.max(16_384, transcript.iterations) })
      expect(await step(exchange)).toEqual({ response: transcript.clientFirst, isComplete: false })
      expect(await step(exchange, transcript.serverFirst)).toEqual({
        response: transcript.clientFinal,
        isComplete: false,
      })
      expect(await step(exchange, transcript.serverFinal)).toEqual({ response: undefined, isComplete: true })
      await expect(step(exchange, '')).rejects.toThrow('goes on after the end')
    },
  )

  test.each(vectors.wrongPassword)('makes the proof of a wrong password too, with $mechanism', async (transcript) => {
    const exchange = begin(transcript)
    expect(await step(exchange)).toMatchObject({ response: transcript.clientFirst })
    expect(await step(exchange, transcript.serverFirst)).toMatchObject({ response: transcript.clientFinal })
  })

  test.each(vectors.saslNames)(
    'escapes the user name "$username" as "$saslName"',
    ({ username, saslName: expected }) => {
      expect(saslName(username)).toBe(expected)
    },
  )

  test.each(vectors.nonAsciiUsernames)(
    'sends the user name $username as it is, and says what to do when Kafka refuses it',
    async ({ username, clientFirst, serverAccepts }) => {
      const clientNonce = clientFirst.slice(clientFirst.indexOf('r=') + 2)
      const mechanism = new ScramMechanism('SCRAM-SHA-256', { username, password: 'x' }, () => clientNonce)
      expect(await step(mechanism.authenticate(context))).toMatchObject({ response: clientFirst })
      expect(serverAccepts).toBe(false)
      expect(mechanism.remedy).toBe('Kafka accepts only ASCII in the user names of SCRAM')
    },
  )

  test.each(vectors.clientRejects)('takes or refuses as Java does: $what', async (vector) => {
    const exchange = begin(vector)
    await step(exchange)
    const answer = step(exchange, vector.serverFirst)
    if (vector.accepted) expect(await answer).toEqual({ response: vector.clientFinal, isComplete: false })
    else expect(await rejection(answer)).toBeInstanceOf(AuthenticationError)
  })
})

describe('what SCRAM accepts of a broker', () => {
  const good = vectors.transcripts[0]!

  test('refuses a wrong signature: the broker does not know the password', async () => {
    const exchange = begin(good)
    await step(exchange)
    await step(exchange, good.serverFirst)
    const forged = `v=${btoa('x'.repeat(32))}`
    expect(await rejection(step(exchange, forged))).toMatchObject({
      code: 'KAFKA_AUTHENTICATION',
      mechanism: good.mechanism,
      message: expect.stringContaining('broker broker.test:9093 sent a wrong signature') as unknown,
    })
  })

  test.each([
    ['no signature', 'x=1', 'something else than a SCRAM signature'],
    ['an empty message', '', 'something else than a SCRAM signature'],
    ['a signature of another length', 'v=AAAA', 'a wrong signature'],
    ['an error', 'e=invalid-proof', 'refused SCRAM-SHA-256: invalid-proof'],
    ['an error with an extension', 'e=invalid-proof,x=y', 'refused SCRAM-SHA-256: invalid-proof'],
  ])('refuses %s at the end', async (_, serverFinal, message) => {
    const exchange = begin(good)
    await step(exchange)
    await step(exchange, good.serverFirst)
    await expect(step(exchange, serverFinal)).rejects.toThrow(message)
  })

  test('accepts a signature followed by an extension', async () => {
    const exchange = begin(good)
    await step(exchange)
    await step(exchange, good.serverFirst)
    expect(await step(exchange, `${good.serverFinal},x=y`)).toEqual({ response: undefined, isComplete: true })
  })

  test('tells the error that the broker sends in place of a challenge', async () => {
    const exchange = begin(good)
    await step(exchange)
    await expect(step(exchange, 'e=unknown-user')).rejects.toThrow(
      'broker broker.test:9093 refused SCRAM-SHA-256: unknown-user',
    )
  })

  test.each([
    [4095, 'fewer than 4096 are not safe'],
    [16_385, 'more than the 16384 that maxIterations allows'],
    [2_147_483_648, 'more than the 16384'],
  ])('refuses %i iterations', async (iterations, message) => {
    const exchange = begin(good)
    await step(exchange)
    await expect(step(exchange, good.serverFirst.replace(/i=\d+/, `i=${iterations}`))).rejects.toThrow(message)
  })

  test('does more iterations when maxIterations says so', async () => {
    const exchange = begin(good, { maxIterations: 20_000 })
    await step(exchange)
    expect(await step(exchange, good.serverFirst.replace(/i=\d+/, 'i=20000'))).toMatchObject({ isComplete: false })
  })
})

describe('SCRAM credentials', () => {
  test('uses a nonce of its own for each exchange', async () => {
    const mechanism = new ScramMechanism('SCRAM-SHA-512', { username: 'alice', password: 'x' })
    const first = await step(mechanism.authenticate(context))
    const second = await step(mechanism.authenticate(context))
    expect(first.response).toMatch(/^n,,n=alice,r=[\w-]{32}$/)
    expect(second.response).not.toBe(first.response)
  })

  test('refuses a user name that UTF-8 cannot carry', () => {
    expect(() => new ScramMechanism('SCRAM-SHA-256', { username: '\ud800', password: 'x' })).toThrow(ConfigError)
  })

  test('gives advice for a delegation token that differs from that for a user', () => {
    const token = new ScramMechanism('SCRAM-SHA-256', { username: 'id', password: 'x', tokenAuth: true })
    const user = new ScramMechanism('SCRAM-SHA-256', { username: 'alice', password: 'x' })
    expect(token.remedy).toContain('delegation token')
    expect(user.remedy).toContain('set up for SCRAM-SHA-256')
  })
})
