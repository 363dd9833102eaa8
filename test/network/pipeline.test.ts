import { afterEach, beforeEach, describe, expect, type Mock, test, vi } from 'vitest'
import { ClosedError, type KafkaError, TimeoutError } from '../../src/errors.ts'
import { Exchange, type ExchangeInit } from '../../src/network/exchange.ts'
import { Pipeline, type PipelineOptions } from '../../src/network/pipeline.ts'
import { rejection } from './rejection.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

interface Setup {
  pipeline: Pipeline
  /** Correlation ids in the order they were written. */
  written: number[]
  /** What the peer was found guilty of. */
  broken: { reason: string; cause: KafkaError | undefined }[]
  onIdle: Mock<() => void>
  /** Whether writes find room in the socket's buffer. */
  socket: { hasRoom: boolean }
}

function setUp(options: Partial<PipelineOptions> = {}): Setup {
  const written: number[] = []
  const broken: Setup['broken'] = []
  const onIdle = vi.fn<() => void>()
  const socket = { hasRoom: true }
  const pipeline: Pipeline = new Pipeline({
    maxInFlight: 5,
    stallTimeoutMs: 30_000,
    idleMs: 540_000,
    write: ([bytes]) => {
      written.push(bytes![0]!)
      return socket.hasRoom
    },
    onBroken: (reason, cause) => {
      broken.push({ reason, cause })
      pipeline.fail(new ClosedError('broken'))
    },
    onIdle,
    ...options,
  })
  return { pipeline, written, broken, onIdle, socket }
}

/** A request whose frame is its correlation id, and whose response is `{ value }` of its frame's fifth byte. */
function exchange(correlationId: number, init: Partial<ExchangeInit> = {}): Exchange {
  return new Exchange({
    api: 'Heartbeat',
    version: 4,
    correlationId,
    parts: [Uint8Array.of(correlationId)],
    sizeInBytes: 1,
    peer: 'broker 1',
    timeoutMs: 30_000,
    expectsResponse: true,
    signal: undefined,
    decode: (frame) => ({ value: frame?.[4] }),
    ...init,
  })
}

function submit(pipeline: Pipeline, ...exchanges: Exchange[]): Promise<object>[] {
  for (const each of exchanges) pipeline.submit(each)
  return exchanges.map(({ promise }) => promise)
}

function frame(correlationId: number, value = 0): Uint8Array {
  return Uint8Array.of(0, 0, 0, correlationId, value)
}

/** A request whose response asks for a pause of 500 ms. */
function throttled(correlationId: number, version: number): Exchange {
  return exchange(correlationId, { api: 'Produce', version, decode: () => ({ throttleTimeMs: 500 }) })
}

describe('order', () => {
  test('requests are written at once and answered in their order', async () => {
    const { pipeline, written } = setUp()
    const answers = submit(pipeline, exchange(1), exchange(2))
    expect(written).toEqual([1, 2])
    pipeline.receive(frame(1, 10))
    pipeline.receive(frame(2, 20))
    expect(await Promise.all(answers)).toEqual([{ value: 10 }, { value: 20 }])
    expect(pipeline.pendingCount).toBe(0)
  })

  test('a response out of order breaks the connection, and everything pending fails', async () => {
    const { pipeline, broken } = setUp()
    const answers = submit(pipeline, exchange(1), exchange(2)).map(rejection)
    pipeline.receive(frame(2))
    expect(broken[0]?.reason).toBe('a response with correlation id 2 came where 1 (Heartbeat) was due')
    expect(await Promise.all(answers)).toEqual([expect.any(ClosedError), expect.any(ClosedError)])
  })

  test.each([
    ['a response that nobody asked for', frame(9), 'no request waits for one'],
    ['a response without a correlation id', Uint8Array.of(0, 0, 1), 'too short'],
  ])('%s breaks the connection', (_, bytes, reason) => {
    const { pipeline, broken } = setUp()
    pipeline.receive(bytes)
    expect(broken[0]?.reason).toContain(reason)
  })

  test('a response that cannot be decoded fails its own request only', async () => {
    const { pipeline, broken } = setUp()
    const bad = exchange(1, {
      decode: () => {
        throw new Error('bad body')
      },
    })
    const [first, second] = submit(pipeline, bad, exchange(2))
    const rejected = rejection(first!)
    pipeline.receive(frame(1))
    pipeline.receive(frame(2, 5))
    expect(await rejected).toMatchObject({ message: 'bad body' })
    expect(await second).toEqual({ value: 5 })
    expect(broken).toEqual([])
  })
})

describe('limits', () => {
  test('no more than maxInFlight requests are unanswered; the next goes out when one is answered', () => {
    const { pipeline, written } = setUp({ maxInFlight: 2 })
    void submit(pipeline, exchange(1), exchange(2), exchange(3), exchange(4))
    expect(written).toEqual([1, 2])
    pipeline.receive(frame(1))
    expect(written).toEqual([1, 2, 3])
    expect(pipeline.pendingCount).toBe(3)
  })

  test('nothing more is written to a socket that is full until it drains', () => {
    const { pipeline, written, socket } = setUp()
    socket.hasRoom = false
    void submit(pipeline, exchange(1), exchange(2))
    expect(written).toEqual([1])
    socket.hasRoom = true
    pipeline.drained()
    expect(written).toEqual([1, 2])
  })

  test('a request without a response resolves when it is written and takes no place in flight', async () => {
    const { pipeline, written } = setUp({ maxInFlight: 1 })
    const silent = (id: number): Exchange => exchange(id, { expectsResponse: false })
    const [first, second] = submit(pipeline, silent(1), silent(2), exchange(3))
    expect(await Promise.all([first, second])).toEqual([{ value: undefined }, { value: undefined }])
    expect(written).toEqual([1, 2, 3])
  })
})

describe('throttling (KIP-219)', () => {
  test('after a throttled response nothing is written for as long as the broker asked', async () => {
    const onThrottled = vi.fn<(exchange: Exchange, throttleTimeMs: number) => void>()
    const { pipeline, written } = setUp({ onThrottled })
    void submit(pipeline, throttled(1, 6))
    pipeline.receive(frame(1))
    void submit(pipeline, exchange(2))
    await vi.advanceTimersByTimeAsync(499)
    expect(written).toEqual([1])
    await vi.advanceTimersByTimeAsync(2)
    expect(written).toEqual([1, 2])
    expect(onThrottled).toHaveBeenCalledWith(expect.objectContaining({ correlationId: 1 }), 500)
  })

  test('a broker old enough to have waited by itself is not waited for again', () => {
    const { pipeline, written } = setUp()
    void submit(pipeline, throttled(1, 5))
    pipeline.receive(frame(1))
    void submit(pipeline, exchange(2))
    expect(written).toEqual([1, 2])
  })

  test('a request that is aborted meanwhile is not written afterwards', async () => {
    const caller = new AbortController()
    const { pipeline, written } = setUp()
    void submit(pipeline, throttled(1, 6))
    pipeline.receive(frame(1))
    const [second] = submit(pipeline, exchange(2, { signal: caller.signal }), exchange(3))
    const rejected = rejection(second!)
    caller.abort(new Error('no longer needed'))
    expect(await rejected).toMatchObject({ message: 'no longer needed' })
    await vi.advanceTimersByTimeAsync(501)
    expect(written).toEqual([1, 3])
  })
})

describe('aborts', () => {
  test('a request in flight rejects at once; its response is dropped and those behind it still arrive', async () => {
    const caller = new AbortController()
    const decode = vi.fn<() => object>(() => ({}))
    const { pipeline, broken } = setUp()
    const [first, second] = submit(pipeline, exchange(1, { signal: caller.signal, decode }), exchange(2))
    const rejected = rejection(first!)
    caller.abort(new Error('enough'))
    expect(await rejected).toMatchObject({ message: 'enough' })
    pipeline.receive(frame(1))
    pipeline.receive(frame(2, 6))
    expect(await second).toEqual({ value: 6 })
    expect(decode).not.toHaveBeenCalled()
    expect(broken).toEqual([])
  })
})

describe('timeouts', () => {
  test('a late response breaks the connection: a TimeoutError for its request', async () => {
    const { pipeline, broken } = setUp()
    const [first, second] = submit(pipeline, exchange(1, { timeoutMs: 1000 }), exchange(2)).map(rejection)
    await vi.advanceTimersByTimeAsync(999)
    expect(broken).toEqual([])
    await vi.advanceTimersByTimeAsync(2)
    expect(broken[0]).toMatchObject({ reason: 'no response to a Heartbeat request within 1000 ms' })
    expect(await first).toBeInstanceOf(TimeoutError)
    expect(await second).toBeInstanceOf(ClosedError)
  })

  test('the time counts from the writing, not from the waiting for a turn', async () => {
    const { pipeline, broken } = setUp({ maxInFlight: 1 })
    void submit(pipeline, exchange(1, { timeoutMs: 1000 }), exchange(2, { timeoutMs: 1000 }))
    await vi.advanceTimersByTimeAsync(900)
    pipeline.receive(frame(1))
    await vi.advanceTimersByTimeAsync(900)
    expect(broken).toEqual([])
    pipeline.receive(frame(2))
    await vi.advanceTimersByTimeAsync(5000)
    expect(broken).toEqual([])
  })

  test('a request that never had its turn fails alone', async () => {
    const { pipeline, broken } = setUp({ maxInFlight: 1 })
    const [first, second] = submit(pipeline, exchange(1), exchange(2, { timeoutMs: 1000 }))
    const rejected = rejection(second!)
    await vi.advanceTimersByTimeAsync(1001)
    expect(await rejected).toMatchObject({ message: expect.stringContaining('was not sent') })
    pipeline.receive(frame(1, 1))
    expect(await first).toEqual({ value: 1 })
    expect(broken).toEqual([])
  })

  test('a peer that takes no more bytes breaks the connection, also when no response is awaited', async () => {
    const { pipeline, broken, socket } = setUp({ stallTimeoutMs: 2000 })
    socket.hasRoom = false
    void submit(pipeline, exchange(1, { expectsResponse: false }))
    await vi.advanceTimersByTimeAsync(2001)
    expect(broken[0]?.reason).toBe('the peer has taken no bytes for 2000 ms')
  })

  test('a response that came while the event loop stood still is not late', async () => {
    const { pipeline, broken } = setUp()
    const [answer] = submit(pipeline, exchange(1, { timeoutMs: 1000 }))
    await vi.advanceTimersByTimeAsync(900)
    // The timer fires 40 s late, before the socket is read.
    const now = performance.now()
    vi.spyOn(performance, 'now').mockReturnValue(now + 40_000)
    await vi.advanceTimersByTimeAsync(101)
    expect(broken).toEqual([])
    pipeline.receive(frame(1, 3))
    expect(await answer).toEqual({ value: 3 })
  })

  test('after such a stall a peer that stays silent is given up within a second', async () => {
    const { pipeline, broken } = setUp()
    void submit(pipeline, exchange(1, { timeoutMs: 1000 })).map(rejection)
    const stalledBy = 40_000
    const clock = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => clock() + stalledBy)
    await vi.advanceTimersByTimeAsync(1001)
    expect(broken).toEqual([])
    await vi.advanceTimersByTimeAsync(1001)
    expect(broken).toHaveLength(1)
  })
})

describe('idleness', () => {
  test('is reported after idleMs without a request, counted from the last response', async () => {
    const { pipeline, onIdle } = setUp({ idleMs: 60_000 })
    await vi.advanceTimersByTimeAsync(50_000)
    void submit(pipeline, exchange(1))
    await vi.advanceTimersByTimeAsync(10_000)
    pipeline.receive(frame(1))
    await vi.advanceTimersByTimeAsync(59_000)
    expect(onIdle).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1001)
    expect(onIdle).toHaveBeenCalledTimes(1)
  })

  test('is not reported while a request waits for its response', async () => {
    const { pipeline, onIdle } = setUp({ idleMs: 1000 })
    void submit(pipeline, exchange(1))
    await vi.advanceTimersByTimeAsync(20_000)
    expect(onIdle).not.toHaveBeenCalled()
  })

  test('is reported in time when a request took longer than that', async () => {
    const { pipeline, onIdle } = setUp({ idleMs: 1000 })
    void submit(pipeline, exchange(1))
    await vi.advanceTimersByTimeAsync(5000)
    pipeline.receive(frame(1))
    await vi.advanceTimersByTimeAsync(999)
    expect(onIdle).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(2)
    expect(onIdle).toHaveBeenCalledTimes(1)
  })

  test('is reported as soon as nothing is pending once that was asked for', () => {
    const { pipeline, onIdle } = setUp()
    void submit(pipeline, exchange(1), exchange(2))
    pipeline.idleOut()
    pipeline.receive(frame(1))
    expect(onIdle).not.toHaveBeenCalled()
    pipeline.receive(frame(2))
    expect(onIdle).toHaveBeenCalledTimes(1)
  })
})

describe('the end', () => {
  test('fails everything pending, and all that comes later, and leaves no timer', async () => {
    const { pipeline } = setUp({ maxInFlight: 1 })
    const error = new ClosedError('the connection')
    const pending = submit(pipeline, exchange(1), exchange(2)).map(rejection)
    pipeline.fail(error)
    const later = submit(pipeline, exchange(3)).map(rejection)
    expect(await Promise.all([...pending, ...later])).toEqual([error, error, error])
    expect(vi.getTimerCount()).toBe(0)
  })
})
