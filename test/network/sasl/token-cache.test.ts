import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AuthenticationError } from '../../../src/errors.ts'
import { refreshTime, TokenCache, uncached } from '../../../src/network/sasl/token-cache.ts'
import type { OAuthToken, TokenFunction } from '../../../src/network/sasl/token.ts'
import { rejection } from '../rejection.ts'

const HOUR = 3_600_000
const request = { host: 'broker.test' }

/** A token function whose answers the test decides. */
class Source {
  count = 0
  answer: (count: number) => OAuthToken | Promise<OAuthToken> = (count) => ({ value: `t${count}`, lifetimeMs: HOUR })
  readonly fetch: TokenFunction = async () => this.answer(++this.count)
}

describe('the token cache', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.spyOn(Math, 'random').mockReturnValue(0)
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  test('asks once for all who wait, and keeps the token', async () => {
    const source = new Source()
    const cache = new TokenCache(source.fetch)
    const tokens = await Promise.all([cache.token(request), cache.token(request), cache.token(request)])
    expect(tokens.map(({ value }) => value)).toEqual(['t1', 't1', 't1'])
    expect((await cache.token(request)).value).toBe('t1')
    expect(source.count).toBe(1)
  })

  test('has a new token ready from 80 % of the life of one in use', async () => {
    const source = new Source()
    const cache = new TokenCache(source.fetch)
    await cache.token(request)
    await vi.advanceTimersByTimeAsync(0.8 * HOUR - 1)
    expect(source.count).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(source.count).toBe(2)
    expect((await cache.token(request)).value).toBe('t2')
    await vi.advanceTimersByTimeAsync(0.8 * HOUR)
    expect((await cache.token(request)).value).toBe('t3')
  })

  test('stops asking once nobody uses the tokens, and leaves no timer', async () => {
    const source = new Source()
    const cache = new TokenCache(source.fetch)
    await cache.token(request)
    await vi.advanceTimersByTimeAsync(100 * HOUR)
    expect(source.count).toBe(2)
    expect(vi.getTimerCount()).toBe(0)
    expect((await cache.token(request)).value).toBe('t3')
  })

  test('hands out a token that is good a while longer and gets the next one meanwhile, after a pause', async () => {
    const source = new Source()
    const cache = new TokenCache(source.fetch)
    await cache.token(request)
    await vi.advanceTimersByTimeAsync(0.8 * HOUR)
    // The second token goes unused until its time to be replaced has passed.
    await vi.advanceTimersByTimeAsync(0.85 * HOUR)
    expect(source.count).toBe(2)
    expect((await cache.token(request)).value).toBe('t2')
    await vi.advanceTimersByTimeAsync(0)
    expect((await cache.token(request)).value).toBe('t3')
  })

  test('keeps the old token while it is good and new ones cannot be had, and asks again every 10 s', async () => {
    const source = new Source()
    const cache = new TokenCache(source.fetch)
    await cache.token(request)
    source.answer = () => Promise.reject(new AuthenticationError('token server is down', 'OAUTHBEARER'))
    await vi.advanceTimersByTimeAsync(0.8 * HOUR)
    expect(source.count).toBe(2)
    expect((await cache.token(request)).value).toBe('t1')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(source.count).toBe(3)
    expect((await cache.token(request)).value).toBe('t1')
    source.answer = (count) => ({ value: `t${count}`, lifetimeMs: HOUR })
    await vi.advanceTimersByTimeAsync(10_000)
    expect((await cache.token(request)).value).toBe('t4')
  })

  test('fails with the last error once the old token has ended', async () => {
    const source = new Source()
    const cache = new TokenCache(source.fetch)
    await cache.token(request)
    source.answer = () => Promise.reject(new AuthenticationError('token server is down', 'OAUTHBEARER'))
    await vi.advanceTimersByTimeAsync(HOUR)
    expect(await rejection(cache.token(request))).toMatchObject({ message: 'token server is down' })
  })

  test('asks anew after the broker refused the token', async () => {
    const source = new Source()
    const cache = new TokenCache(source.fetch)
    const token = await cache.token(request)
    cache.refuse({ ...token, value: 'another' })
    expect((await cache.token(request)).value).toBe('t1')
    cache.refuse(token)
    expect(vi.getTimerCount()).toBe(0)
    expect((await cache.token(request)).value).toBe('t2')
  })

  test('asks each time for tokens that do not say when they end, or have ended', async () => {
    const source = new Source()
    source.answer = (count) => ({ value: `t${count}` })
    const cache = new TokenCache(source.fetch)
    expect((await cache.token(request)).value).toBe('t1')
    expect((await cache.token(request)).value).toBe('t2')
    source.answer = (count) => ({ value: `t${count}`, expiresAtMs: Date.now() - 1 })
    expect((await cache.token(request)).value).toBe('t3')
    expect((await cache.token(request)).value).toBe('t4')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('keeps a token for longer than a timer can run', async () => {
    const source = new Source()
    source.answer = (count) => ({ value: `t${count}`, lifetimeMs: 1000 * 24 * HOUR })
    const cache = new TokenCache(source.fetch)
    await cache.token(request)
    await vi.advanceTimersByTimeAsync(799 * 24 * HOUR)
    expect(source.count).toBe(1)
    await vi.advanceTimersByTimeAsync(24 * HOUR)
    expect(source.count).toBe(2)
  })

  test('lets a caller go who no longer waits, and serves the others', async () => {
    const source = new Source()
    const answers: ((token: OAuthToken) => void)[] = []
    source.answer = () => new Promise((resolve) => answers.push(resolve))
    const cache = new TokenCache(source.fetch)
    const controller = new AbortController()
    const impatient = rejection(cache.token({ ...request, signal: controller.signal }))
    const patient = cache.token(request)
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await impatient).toBe(reason)
    answers[0]!({ value: 'late' })
    expect((await patient).value).toBe('late')
    expect(await rejection(cache.token({ ...request, signal: controller.signal }))).toBe(reason)
  })

  test('gives up on a token function that hangs, and tells it so', async () => {
    let signal: AbortSignal | undefined
    const cache = new TokenCache(
      (given) => {
        signal = given.signal
        return new Promise(() => {})
      },
      { timeoutMs: 5000 },
    )
    const failure = rejection(cache.token(request))
    await vi.advanceTimersByTimeAsync(5000)
    expect(await failure).toMatchObject({ code: 'KAFKA_TIMEOUT', operation: 'getting an OAUTHBEARER token' })
    expect(signal?.aborted).toBe(true)
  })

  test.each([
    ['with a memory', (fetch: TokenFunction) => new TokenCache(fetch)],
    ['without', uncached],
  ])('%s hides what a token function throws behind an error of kafkawire', async (_, make) => {
    const cause = new Error('password is hunter2')
    const provider = make(() => {
      throw cause
    })
    const error = (await rejection(provider.token(request))) as Error
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', mechanism: 'OAUTHBEARER', retriable: true, cause })
    expect(error.message).not.toContain('hunter2')
  })

  test('without a memory asks each time', async () => {
    const source = new Source()
    const provider = uncached(source.fetch)
    const token = await provider.token(request)
    provider.refuse(token)
    expect([token.value, (await provider.token(request)).value]).toEqual(['t1', 't2'])
  })
})

describe('when a token is replaced', () => {
  test.each([
    { life: 60 * 60_000, random: 0, expected: 48 * 60_000, what: 'at 80 % of its life' },
    { life: 60 * 60_000, random: 0.5, expected: 49.5 * 60_000, what: 'a little later, at random' },
    { life: 10 * 60_000, random: 0, expected: 5 * 60_000, what: '5 minutes before its end at the latest' },
    { life: 6 * 60_000, random: 0, expected: 60_000, what: '5 minutes before its end, a minute from now' },
    { life: 5 * 60_000, random: 0, expected: 4 * 60_000, what: 'at 80 % of a life too short for the margins' },
  ])('$what', ({ life, random, expected }) => {
    const spy = vi.spyOn(Math, 'random').mockReturnValue(random)
    expect(refreshTime(1_000_000, 1_000_000 + life)).toBeCloseTo(1_000_000 + expected)
    spy.mockRestore()
  })

  test('not before a minute has passed', () => {
    const refresh = { windowFactor: 0.5, windowJitter: 0, minPeriodMs: 60_000, bufferMs: 10_000 }
    expect(refreshTime(0, 80_000, refresh)).toBe(60_000)
  })
})
