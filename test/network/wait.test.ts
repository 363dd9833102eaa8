import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { TimeoutError } from '../../src/errors.ts'
import { sleep, withDeadline } from '../../src/network/wait.ts'
import { rejection } from './rejection.ts'

const never = (): Promise<never> => new Promise(() => {})

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('withDeadline', () => {
  test('resolves with what was waited for and leaves no timer', async () => {
    expect(await withDeadline('x', { timeoutMs: 100 }, async () => 7)).toBe(7)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('rejects with a TimeoutError that names the operation, even when the operation ignores its signal', async () => {
    const result = withDeadline('metadata of topic t', { timeoutMs: 100 }, never)
    const error = rejection(result)
    await vi.advanceTimersByTimeAsync(100)
    expect(await error).toBeInstanceOf(TimeoutError)
    expect(await error).toMatchObject({ operation: 'metadata of topic t', timeoutMs: 100 })
    expect(vi.getTimerCount()).toBe(0)
  })

  test("rejects with the caller's reason and leaves no timer", async () => {
    const caller = new AbortController()
    const reason = new Error('changed my mind')
    const result = withDeadline('x', { timeoutMs: 100, signal: caller.signal }, never)
    caller.abort(reason)
    await expect(result).rejects.toBe(reason)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('does not begin when the caller has aborted already', async () => {
    const run = vi.fn<typeof never>(never)
    const signal = AbortSignal.abort(new Error('early'))
    await expect(withDeadline('x', { timeoutMs: 100, signal }, run)).rejects.toThrow('early')
    expect(run).not.toHaveBeenCalled()
  })

  test('tells the operation by its signal, with the same reason', async () => {
    let seen: unknown
    const result = withDeadline('x', { timeoutMs: 100 }, ({ signal }) => {
      signal.addEventListener('abort', () => (seen = signal.reason))
      return never()
    })
    const error = rejection(result)
    await vi.advanceTimersByTimeAsync(100)
    expect(await error).toBeInstanceOf(TimeoutError)
    expect(seen).toBe(await error)
  })

  test('waits for ever when the timeout is infinite', async () => {
    let isSettled = false
    const caller = new AbortController()
    const result = withDeadline('x', { timeoutMs: Infinity, signal: caller.signal }, never)
    const error = rejection(result).finally(() => (isSettled = true))
    await vi.advanceTimersByTimeAsync(10 * 365 * 24 * 3600 * 1000)
    expect(isSettled).toBe(false)
    caller.abort(new Error('enough'))
    expect(await error).toMatchObject({ message: 'enough' })
  })

  test('drops a rejection that comes after the deadline', async () => {
    const { promise, reject } = deferred()
    const result = withDeadline('x', { timeoutMs: 100 }, () => promise)
    const error = rejection(result)
    await vi.advanceTimersByTimeAsync(100)
    expect(await error).toBeInstanceOf(TimeoutError)
    // Would fail the run as an unhandled rejection.
    reject(new Error('late'))
    await vi.advanceTimersByTimeAsync(1)
  })

  test('notices that time is up before its timer could fire, as after a stall of the event loop', async () => {
    const result = withDeadline('x', { timeoutMs: 100 }, async (deadline) => {
      deadline.throwIfOver()
      vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 200)
      deadline.throwIfOver()
    })
    await expect(result).rejects.toBeInstanceOf(TimeoutError)
    vi.restoreAllMocks()
  })
})

describe('sleep', () => {
  test('resolves when the time is over', async () => {
    let isAwake = false
    const slept = sleep(50).then(() => (isAwake = true))
    await vi.advanceTimersByTimeAsync(49)
    expect(isAwake).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await slept
  })

  test("rejects with the signal's reason and leaves no timer", async () => {
    const controller = new AbortController()
    const slept = sleep(50, controller.signal)
    controller.abort(new Error('woken'))
    await expect(slept).rejects.toThrow('woken')
    expect(vi.getTimerCount()).toBe(0)
    await expect(sleep(50, controller.signal)).rejects.toThrow('woken')
  })
})

function deferred(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject!: (error: Error) => void
  const promise = new Promise<never>((_, rejectPromise) => (reject = rejectPromise))
  return { promise, reject }
}
