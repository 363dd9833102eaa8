import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigError, ConnectionError, TimeoutError } from '../../src/errors.ts'
import { backoffMs, retry } from '../../src/network/retry.ts'
import { rejection } from './rejection.ts'

const lost = (text: string): ConnectionError => new ConnectionError(text, { host: 'h', port: 1 })

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe('backoffMs', () => {
  test('doubles up to the maximum, with 20 % of jitter either way', () => {
    const backoff = { minMs: 100, maxMs: 1000 }
    const random = vi.spyOn(Math, 'random')
    const delays = (): number[] => [0, 1, 2, 3, 4, 5, 50].map((attempt) => Math.round(backoffMs(attempt, backoff)))
    random.mockReturnValue(0)
    expect(delays()).toEqual([80, 160, 320, 640, 800, 800, 800])
    random.mockReturnValue(0.5)
    expect(delays()).toEqual([100, 200, 400, 800, 1000, 1000, 1000])
    random.mockReturnValue(1 - Number.EPSILON)
    expect(delays()).toEqual([120, 240, 480, 960, 1200, 1200, 1200])
  })
})

describe('retry', () => {
  test('tries again after retriable errors, with growing pauses, until it succeeds', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    const times: number[] = []
    const start = performance.now()
    const result = retry('x', { timeoutMs: 10_000 }, async (_, attempt) => {
      times.push(Math.round(performance.now() - start))
      if (attempt < 3) throw lost('not yet')
      return attempt
    })
    await vi.advanceTimersByTimeAsync(700)
    expect(await result).toBe(3)
    expect(times).toEqual([0, 100, 300, 700])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('throws at once what is not retriable', async () => {
    const error = new ConfigError('o', 'wrong')
    const run = vi.fn<() => Promise<never>>(() => Promise.reject(error))
    await expect(retry('x', { timeoutMs: 10_000 }, run)).rejects.toBe(error)
    expect(run).toHaveBeenCalledTimes(1)
  })

  test('names and carries the last failure when the deadline passes', async () => {
    const result = retry('lookup', { timeoutMs: 1000 }, (_, attempt) => Promise.reject(lost(`failure ${attempt}`)))
    const error = rejection(result)
    await vi.advanceTimersByTimeAsync(1000)
    expect(await error).toBeInstanceOf(TimeoutError)
    expect(await error).toMatchObject({
      message: expect.stringMatching(/^lookup did not finish within 1000 ms: failure [1-9]/) as string,
      cause: expect.any(ConnectionError) as ConnectionError,
    })
  })

  test('lets the caller decide what is thrown at the deadline', async () => {
    const own = new Error('own')
    const seen: unknown[] = []
    const result = retry('x', { timeoutMs: 50 }, () => Promise.reject(lost('no')), {
      onDeadline: (...given) => {
        seen.push(...given)
        return own
      },
    })
    const error = rejection(result)
    await vi.advanceTimersByTimeAsync(50)
    expect(await error).toBe(own)
    expect(seen).toEqual([expect.any(ConnectionError), expect.any(TimeoutError)])
  })

  test('says what kept failing in a retry within this one', async () => {
    const result = retry('outer', { timeoutMs: 50 }, ({ signal }) =>
      retry('inner', { timeoutMs: 60_000, signal }, () => Promise.reject(lost('no way'))),
    )
    const error = rejection(result)
    await vi.advanceTimersByTimeAsync(50)
    expect(await error).toMatchObject({ name: 'TimeoutError', operation: 'outer', cause: expect.any(ConnectionError) })
    expect(((await error) as Error).message).toContain('no way')
  })

  test("stops with the caller's reason during a pause", async () => {
    const caller = new AbortController()
    const run = vi.fn<() => Promise<never>>(() => Promise.reject(lost('no')))
    const result = retry('x', { timeoutMs: 10_000, signal: caller.signal }, run)
    const error = rejection(result)
    await vi.advanceTimersByTimeAsync(10)
    caller.abort(new Error('stop'))
    expect(await error).toMatchObject({ message: 'stop' })
    expect(run).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})
