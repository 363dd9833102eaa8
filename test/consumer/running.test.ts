import { describe, expect, it } from 'vitest'
import type { RunOptions } from '../../src/consumer/runner.ts'
import type { ConsumerRecord } from '../../src/consumer/record.ts'
import { ConfigError } from '../../src/errors.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import type { TestBroker } from '../../src/testing/index.ts'
import { committedOffset, fill, gate, join, nextRequest, start, type TextConsumer } from './group-fixture.ts'
import { Assignments, numbers, until } from './loops.ts'

type TextRecord = ConsumerRecord<Uint8Array | null, string | null>

/** Starts a run whose outcome is looked at later. */
function startRun(
  consumer: TextConsumer,
  options: RunOptions<Uint8Array | null, string | null>,
): { done: Promise<void> } {
  const done = consumer.run(options)
  done.catch(() => {})
  return { done }
}

async function append(broker: TestBroker, partition: number, values: readonly string[]): Promise<void> {
  await broker.append(
    'orders',
    partition,
    values.map((value) => ({ key: value.slice(0, 1), value })),
  )
}

function ignore(): void {}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve)
  })
}

describe('a run', () => {
  it('handles each partition in order, and as many at a time as it may', async () => {
    const broker = await start()
    await fill(broker, 0, 200)
    const consumer = join(broker)
    const seen = new Map<number, number[]>()
    let atWork = 0
    let most = 0
    const { done } = startRun(consumer, {
      concurrency: 3,
      eachRecord: async ({ partition, value }) => {
        most = Math.max(most, ++atWork)
        await turn()
        seen.set(partition, [...(seen.get(partition) ?? []), Number(value)])
        atWork--
      },
    })
    await until(() => [...seen.values()].flat().length === 200)
    await consumer.close()
    await done
    expect(most).toBe(3)
    for (const [partition, values] of seen) {
      expect(values).toEqual(
        numbers(0, 200)
          .map(Number)
          .filter((value) => value % 4 === partition),
      )
    }
  })

  it('commits what was handled, not what is under way', async () => {
    const broker = await start()
    await append(broker, 0, ['a', 'b', 'c'])
    const consumer = join(broker)
    const { open, opened } = gate()
    const reached = gate()
    const { done } = startRun(consumer, {
      concurrency: 2,
      eachRecord: async ({ value }) => {
        if (value !== 'c') return
        reached.open()
        await opened
      },
    })
    await reached.opened
    await consumer.commit()
    expect(committedOffset(broker, 0)).toBe(2)
    open()
    await until(() => consumer.handledOffsets().some(({ offset }) => offset === 3))
    await consumer.close()
    await done
    expect(committedOffset(broker, 0)).toBe(3)
  })

  it('lets other partitions go on while one is stuck, within bounds', async () => {
    const broker = await start({ topics: { orders: 2 } })
    await append(broker, 0, ['stuck', 'later'])
    const consumer = join(broker)
    const { open, opened } = gate()
    const values: (string | null)[] = []
    const { done } = startRun(consumer, {
      concurrency: 2,
      eachRecord: async ({ value }) => {
        if (value === 'stuck') await opened
        values.push(value)
      },
    })
    for (let index = 0; index < 20; index++) {
      await append(broker, 1, [`${index}`])
      await until(() => values.length === index + 1)
    }
    expect(values).toEqual(numbers(0, 20))
    open()
    await until(() => values.length === 22)
    await consumer.close()
    await done
    expect(values.slice(20)).toEqual(['stuck', 'later'])
  })

  it('handles records of one partition side by side when only keys are to keep their order', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await append(broker, 0, ['a1', 'b1', 'a2', 'b2', 'c1'])
    const consumer = join(broker)
    const { open, opened } = gate()
    const values: (string | null)[] = []
    const { done } = startRun(consumer, {
      concurrency: 3,
      orderBy: 'key',
      eachRecord: async ({ value }) => {
        if (value === 'a1') await opened
        values.push(value)
      },
    })
    await until(() => values.length === 3)
    expect(values).toEqual(expect.arrayContaining(['b1', 'b2', 'c1']))
    // Of these nothing can be committed: the first one has not been handled.
    expect(consumer.handledOffsets().map(({ offset }) => offset)).toEqual([0])
    open()
    await until(() => values.length === 5)
    await until(() => consumer.handledOffsets()[0]?.offset === 5)
    expect(values.slice(3)).toEqual(['a1', 'a2'])
    await consumer.close()
    await done
  })

  it.each<[string, 'partition' | 'key']>([
    ['partitions', 'partition'],
    ['keys', 'key'],
  ])(
    'ends with what a handler threw, after those under way, and can go on behind what was handled (%s)',
    async (_what, orderBy) => {
      const broker = await start({ topics: { orders: 1 } })
      await append(broker, 0, ['a', 'b', 'c', 'd'])
      const consumer = join(broker)
      const values: (string | null)[] = []
      let fails = true
      const eachRecord = async ({ value }: TextRecord): Promise<void> => {
        await turn()
        if (value === 'c' && fails) throw new Error('handler failed')
        values.push(value)
      }
      await expect(consumer.run({ eachRecord, orderBy })).rejects.toThrow('handler failed')
      expect(values).toEqual(['a', 'b'])
      expect(consumer.handledOffsets()[0]?.offset).toBe(2)
      fails = false
      const { done } = startRun(consumer, { eachRecord, orderBy })
      await until(() => values.length === 4)
      expect(values).toEqual(['a', 'b', 'c', 'd'])
      await consumer.close()
      await done
    },
  )

  it('hands out batches', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await append(broker, 0, numbers(0, 10))
    const consumer = join(broker, { maxPollRecords: 4 })
    const sizes: number[] = []
    const { done } = startRun(consumer, { eachBatch: ({ records }) => void sizes.push(records.length) })
    await until(() => consumer.handledOffsets()[0]?.offset === 10)
    await consumer.close()
    await done
    expect(sizes).toEqual([4, 4, 2])
    expect(committedOffset(broker, 0)).toBe(10)
  })

  it('goes on when a batch of its own ends where one of the log does', async () => {
    const broker = await start({ topics: { orders: 1 } })
    for (let index = 0; index < 3; index++) await append(broker, 0, numbers(0, 4))
    const consumer = join(broker, { maxPollRecords: 4 })
    let count = 0
    const { done } = startRun(consumer, { eachBatch: ({ records }) => void (count += records.length) })
    await until(() => count === 12)
    await consumer.close()
    await done
    expect(count).toBe(12)
  })

  it('delivers a batch again whose handler threw', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await append(broker, 0, ['a', 'b'])
    const consumer = join(broker)
    const failing = consumer.run({
      eachBatch: () => {
        throw new Error('handler failed')
      },
    })
    await expect(failing).rejects.toThrow('handler failed')
    const { value } = await consumer.records().next()
    expect(value?.value).toBe('a')
  })

  it('ends when its signal says so, once the handlers under way are done', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await append(broker, 0, ['a', 'b'])
    const consumer = join(broker)
    const stopping = new AbortController()
    const values: (string | null)[] = []
    const run = consumer.run({
      signal: stopping.signal,
      eachRecord: async ({ value }) => {
        stopping.abort(new Error('enough'))
        await turn()
        values.push(value)
      },
    })
    await expect(run).rejects.toThrow('enough')
    expect(values).toEqual(['a'])
    expect(consumer.handledOffsets()[0]?.offset).toBe(1)
  })

  it('goes where the handler sends it, and stops at pauses', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await append(broker, 0, numbers(0, 6))
    const consumer = join(broker)
    const values: (string | null)[] = []
    const { done } = startRun(consumer, {
      eachRecord: ({ topic, partition, value }) => {
        values.push(value)
        if (value === '1') consumer.seek({ topic, partition, offset: 4 })
        if (value === '4') consumer.pause()
      },
    })
    await until(() => values.length === 3)
    expect(values).toEqual(['0', '1', '4'])
    await until(() => consumer.handledOffsets()[0]?.offset === 5)
    consumer.resume()
    await until(() => values.length === 4)
    expect(values[3]).toBe('5')
    await consumer.close()
    await done
  })

  it.each([{ assignors: ['range'] as const }, { assignors: ['cooperative-sticky'] as const }])(
    'finishes the records in hand before partitions are handed on ($assignors)',
    async ({ assignors }) => {
      const broker = await start()
      await fill(broker, 0, 400)
      const members = [new Assignments(), new Assignments()]
      const values: (string | null)[][] = [[], []]
      const consumers = members.map(({ listeners }) => join(broker, { assignors, ...listeners }))
      const runs = consumers.map((consumer, index) => ({
        consumer,
        start: () =>
          startRun(consumer, {
            concurrency: 4,
            eachRecord: async ({ value }) => {
              await turn()
              values[index]!.push(value)
            },
          }),
      }))
      const first = runs[0]!.start()
      await until(() => values[0]!.length > 20)
      const second = runs[1]!.start()
      await Promise.all(members.map((member) => member.reach(2)))
      await until(() => values.flat().length >= 400)
      for (const { consumer } of runs) await consumer.close()
      await Promise.all([first.done, second.done])
      const all = values.flat().map(Number)
      expect(all.toSorted((a, b) => a - b)).toEqual(numbers(0, 400).map(Number))
    },
  )

  it('loses its partitions when one handler takes too long, though others return', async () => {
    const broker = await start({ topics: { orders: 2 } })
    await append(broker, 0, ['stuck'])
    const assignments = new Assignments()
    const consumer = join(broker, { maxPollIntervalMs: 80, ...assignments.listeners })
    const { open, opened } = gate()
    let count = 0
    const { done } = startRun(consumer, {
      concurrency: 2,
      eachRecord: async ({ value }) => {
        count++
        if (value === 'stuck' && assignments.events.length === 1) await opened
      },
    })
    await until(() => count > 0)
    while (consumer.groupMetadata().generationId !== -1) {
      await append(broker, 1, ['quick'])
      await turn()
    }
    open()
    await until(() => assignments.events.length >= 3)
    expect(assignments.events.slice(0, 3)).toEqual([
      'assigned orders-0 orders-1',
      'lost orders-0 orders-1',
      'assigned orders-0 orders-1',
    ])
    await consumer.close()
    await done
  })

  it('leaves heartbeats their time when handlers return at once', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await append(broker, 0, numbers(0, 2_000))
    const consumer = join(broker, { maxPollRecords: 1, heartbeatIntervalMs: 5 })
    let count = 0
    let beatAt = -1
    const { done } = startRun(consumer, {
      eachRecord: () => {
        const until = performance.now() + 0.1
        if (count++ === 0) void nextRequest(broker, heartbeatApi).then(() => (beatAt = count))
        while (performance.now() < until);
      },
    })
    await until(() => count === 2_000)
    expect(beatAt).toBeGreaterThan(0)
    expect(beatAt).toBeLessThan(2_000)
    await consumer.close()
    await done
  })

  it('refuses to start without a handler, with two, or with a batch handler for keys', async () => {
    const broker = await start()
    const consumer = join(broker)
    const [eachRecord, eachBatch] = [ignore, ignore]
    for (const options of [{}, { eachRecord, eachBatch }, { eachBatch, orderBy: 'key' as const }]) {
      await expect(consumer.run(options)).rejects.toThrow(ConfigError)
    }
    await expect(consumer.run({ eachRecord, concurrency: 0 })).rejects.toThrow('concurrency')
  })
})

describe('a stream over a consumer', () => {
  it('counts a record as handled when the next one is read, and a cancelled one as not handled', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await append(broker, 0, ['a', 'b', 'c'])
    const consumer = join(broker)
    const reader = consumer.stream().getReader()
    expect((await reader.read()).value?.value).toBe('a')
    expect((await reader.read()).value?.value).toBe('b')
    expect(consumer.handledOffsets()[0]?.offset).toBe(1)
    await reader.cancel()
    const { value } = await consumer.records().next()
    expect(value?.value).toBe('b')
  })

  it('hands a record on when the one before was written, and closes with the consumer', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await append(broker, 0, ['a', 'b', 'c'])
    const consumer = join(broker)
    const handled: (number | undefined)[] = []
    const writable = new WritableStream<TextRecord>({
      async write() {
        await turn()
        handled.push(consumer.handledOffsets()[0]?.offset)
      },
    })
    const piping = consumer.stream().pipeTo(writable)
    await until(() => handled.length === 3)
    await consumer.close()
    await piping
    expect(handled).toEqual([0, 1, 2])
  })

  it('fails with what the loop throws', async () => {
    const broker = await start()
    const stopping = new AbortController()
    const reading = join(broker).stream({ signal: stopping.signal }).getReader().read()
    stopping.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })
})
