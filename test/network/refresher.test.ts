import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Refresher } from '../../src/network/refresher.ts'
import { rejection } from './rejection.ts'

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

interface Setup {
  refresher: Refresher
  /** What was fetched, in order: names, or undefined for everything. */
  fetched: (readonly string[] | undefined)[]
  /** Ends the oldest running fetch. */
  finish: (outcome?: boolean | Error) => Promise<void>
}

function setUp(): Setup {
  const fetched: Setup['fetched'] = []
  const running: ((outcome: boolean | Error) => void)[] = []
  const refresher = new Refresher({
    backoff: { minMs: 100, maxMs: 1000 },
    maxAgeMs: 300_000,
    fetch: (names) => {
      fetched.push(names)
      return new Promise((resolve, reject) =>
        running.push((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome))),
      )
    },
  })
  const finish = async (outcome: boolean | Error = true): Promise<void> => {
    running.shift()!(outcome)
    await vi.advanceTimersByTimeAsync(0)
  }
  return { refresher, fetched, finish }
}

const turn = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)

describe('Refresher', () => {
  test('topics asked for in one turn share a request', async () => {
    const { refresher, fetched, finish } = setUp()
    const both = Promise.all([refresher.fetchTopics(['a']), refresher.fetchTopics(['b', 'a'])])
    await turn()
    expect(fetched).toEqual([['a', 'b']])
    await finish()
    await both
  })

  test('a running request is joined by those who want what it fetches; others share the next', async () => {
    const { refresher, fetched, finish } = setUp()
    const first = refresher.fetchTopics(['a', 'b'])
    await turn()
    const joined = refresher.fetchTopics(['b'])
    const next = [refresher.fetchTopics(['c']), refresher.fetchTopics(['a', 'd'])]
    await turn()
    expect(fetched).toHaveLength(1)
    await finish()
    await Promise.all([first, joined])
    expect(fetched).toEqual([
      ['a', 'b'],
      ['c', 'a', 'd'],
    ])
    await finish()
    await Promise.all(next)
  })

  test('a refresh is never served by a request that started before it', async () => {
    const { refresher, fetched, finish } = setUp()
    const first = refresher.fetchAll()
    await turn()
    const second = refresher.fetchAll()
    await finish()
    await first
    expect(fetched).toHaveLength(2)
    await finish()
    await second
  })

  test('a failed request fails all who waited for it, and not those who wait for the next', async () => {
    const { refresher, finish } = setUp()
    const first = [refresher.fetchTopics(['a']), refresher.fetchTopics(['b'])].map(rejection)
    await turn()
    const next = refresher.fetchTopics(['c'])
    const error = new Error('no')
    await finish(error)
    expect(await Promise.all(first)).toEqual([error, error])
    await finish()
    await next
  })

  test('stale metadata is fetched in the background at once, and again no sooner than the back-off allows', async () => {
    const { refresher, fetched, finish } = setUp()
    refresher.markStale()
    refresher.markStale()
    await turn()
    expect(fetched).toEqual([undefined])
    expect(refresher.isStale).toBe(false)
    await finish()
    refresher.markStale()
    await vi.advanceTimersByTimeAsync(99)
    expect(fetched).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(fetched).toHaveLength(2)
  })

  test('the back-off grows while refreshes bring nothing new, and starts over when one does', async () => {
    const { refresher, fetched, finish } = setUp()
    const times: number[] = []
    const start = performance.now()
    for (const isFruitful of [false, false, false, true, true]) {
      refresher.markStale()
      const count = fetched.length
      while (fetched.length === count) await vi.advanceTimersByTimeAsync(1)
      times.push(Math.round(performance.now() - start))
      await finish(isFruitful)
    }
    const pauses = times.slice(1).map((time, i) => time - times[i]!)
    // Within a few milliseconds, as the test looks once a millisecond.
    expect(pauses.map((pause) => Math.round(pause / 20) * 20)).toEqual([200, 400, 800, 100])
  })

  test('a failed background refresh is tried again', async () => {
    const { refresher, fetched, finish } = setUp()
    refresher.markStale()
    await turn()
    await finish(new Error('no broker'))
    expect(refresher.isStale).toBe(true)
    await vi.advanceTimersByTimeAsync(200)
    expect(fetched).toHaveLength(2)
  })

  test('marking stale during a refresh asks for another after it', async () => {
    const { refresher, fetched, finish } = setUp()
    const first = refresher.fetchAll()
    await turn()
    refresher.markStale()
    await finish()
    await first
    await vi.advanceTimersByTimeAsync(100)
    expect(fetched).toHaveLength(2)
  })

  test('metadata is fetched again when it has reached its age', async () => {
    const { refresher, fetched, finish } = setUp()
    const first = refresher.fetchTopics(['a'])
    await turn()
    await finish()
    await first
    await vi.advanceTimersByTimeAsync(299_000)
    expect(fetched).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1000)
    expect(fetched).toEqual([['a'], undefined])
  })

  test('nothing happens in the background once it is stopped', async () => {
    const { refresher, fetched } = setUp()
    refresher.markStale()
    refresher.stop()
    await vi.advanceTimersByTimeAsync(1_000_000)
    refresher.markStale()
    await vi.advanceTimersByTimeAsync(1_000_000)
    expect(fetched).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })
})
