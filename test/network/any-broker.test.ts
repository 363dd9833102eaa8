import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AuthenticationError, BrokerError, ConfigError, ConnectionError, TimeoutError } from '../../src/errors.ts'
import { firstAnswer, lateError } from '../../src/network/any-broker.ts'
import type { Broker, Readiness } from '../../src/network/broker.ts'
import { brokerError, ERROR } from '../../src/protocol/error-codes.ts'
import { rejection } from './rejection.ts'

const never = (): Promise<never> => new Promise(() => {})
const open = new AbortController().signal

function brokerThatIs(readiness: Readiness, host: string, lastError?: Error): Broker {
  return { host, port: 9092, readiness: () => readiness, lastError } as unknown as Broker
}

function refused(broker: Broker): ConnectionError {
  return new ConnectionError(`cannot connect to ${broker.host}:9092: refused`, broker)
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the first answer of several brokers', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((host) => brokerThatIs('connected', host)) as [Broker, Broker, Broker]

  test('is asked of the first alone while that one answers in time', async () => {
    const asked: string[] = []
    const answer = await firstAnswer([a, b], open, async (broker) => {
      asked.push(broker.host)
      return broker.host
    })
    await vi.advanceTimersByTimeAsync(60_000)
    expect([answer, asked]).toEqual(['a', ['a']])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('comes from the next when one fails, at once', async () => {
    const answer = firstAnswer([a, b], open, async (broker) => {
      if (broker === a) throw refused(broker)
      return broker.host
    })
    expect(await answer).toBe('b')
  })

  test('comes from the next when one is frozen, and the request to that one is given up', async () => {
    let isGivenUp = false
    const answer = firstAnswer([a, b], open, async (broker, signal) => {
      if (broker === b) return broker.host
      signal.addEventListener('abort', () => (isGivenUp = true))
      return never()
    })
    await vi.advanceTimersByTimeAsync(4999)
    expect(isGivenUp).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect([await answer, isGivenUp]).toEqual(['b', true])
  })

  test('comes from a slow one all the same when the others are slower', async () => {
    const answer = firstAnswer([a, b], open, async (broker) => {
      await new Promise((resolve) => setTimeout(resolve, broker === a ? 8000 : 20_000))
      return broker.host
    })
    await vi.advanceTimersByTimeAsync(8000)
    expect(await answer).toBe('a')
  })

  test('is not waited for as long from a broker that must be connected to first', async () => {
    const silent = brokerThatIs('disconnected', 'silent')
    const answer = firstAnswer([silent, b], open, async (broker) => (broker === silent ? never() : broker.host))
    await vi.advanceTimersByTimeAsync(1000)
    expect(await answer).toBe('b')
  })

  test('is an error that names them all when all fail', async () => {
    const error = await rejection(firstAnswer([a, b, c], open, (broker) => Promise.reject(refused(broker))))
    expect(error).toBeInstanceOf(ConnectionError)
    expect((error as Error).message).toBe(
      'no broker can be reached: ' +
        ['a', 'b', 'c'].map((host) => `cannot connect to ${host}:9092: refused`).join('; '),
    )
    expect(error).toMatchObject({ retriable: true, cause: expect.any(AggregateError) as AggregateError })
  })

  test('is the AuthenticationError when all refuse the credentials', async () => {
    const refusal = new AuthenticationError('wrong password', 'PLAIN')
    expect(await rejection(firstAnswer([a, b], open, () => Promise.reject(refusal)))).toBe(refusal)
  })

  test('is the AuthenticationError also when others cannot be reached, as waiting would not help', async () => {
    const refusal = new AuthenticationError('wrong password', 'PLAIN')
    const answer = firstAnswer([a, b], open, (broker) => Promise.reject(broker === a ? refused(a) : refusal))
    expect(await rejection(answer)).toBe(refusal)
  })

  test('is worth another try when credentials could not be fetched', async () => {
    const unfetched = new AuthenticationError('no token', 'OAUTHBEARER', { retriable: true })
    expect(await rejection(firstAnswer([a, b], open, () => Promise.reject(unfetched)))).toMatchObject({
      code: 'KAFKA_CONNECTION',
      retriable: true,
      message: 'no broker can be reached: no token',
    })
  })

  test('is the error itself when no other broker would do better', async () => {
    const asked: Broker[] = []
    const wrong = new ConfigError('o', 'wrong')
    const answer = firstAnswer([a, b], open, (broker) => {
      asked.push(broker)
      return Promise.reject(wrong)
    })
    expect([await rejection(answer), asked]).toEqual([wrong, [a]])
  })

  test("ends with the caller's reason, and leaves no timer", async () => {
    const caller = new AbortController()
    const answer = rejection(firstAnswer([a, b], caller.signal, never))
    caller.abort(new Error('enough'))
    expect(await answer).toMatchObject({ message: 'enough' })
    expect(vi.getTimerCount()).toBe(0)
    expect(await rejection(firstAnswer([a], caller.signal, never))).toMatchObject({ message: 'enough' })
  })
})

describe('the error at a deadline', () => {
  const timeout = new TimeoutError('metadata', 100)

  test('is what the broker said last, with the timeout as its cause', () => {
    const said = brokerError(ERROR.LEADER_NOT_AVAILABLE, { api: 'Metadata', topic: 't', partition: 3 })
    const error = lateError(said, timeout, [])
    expect(error).toBeInstanceOf(BrokerError)
    expect(error).toMatchObject({ errorName: 'LEADER_NOT_AVAILABLE', topic: 't', partition: 3, cause: timeout })
  })

  test('is the timeout when a broker was there to ask', () => {
    const brokers = [brokerThatIs('connected', 'a'), brokerThatIs('backing off', 'b')]
    expect(lateError(undefined, timeout, brokers)).toBe(timeout)
    const lost = refused(brokers[1]!)
    expect(lateError(lost, timeout, brokers)).toMatchObject({ name: 'TimeoutError', cause: lost })
  })

  test('says of each broker what happened when none could be reached', () => {
    const brokers = [brokerThatIs('backing off', 'a', new Error('a refused')), brokerThatIs('connecting', 'b')]
    const error = lateError(undefined, timeout, brokers)
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error.message).toBe('metadata: no broker could be reached within 100 ms: a refused; no answer from b:9092')
  })
})
