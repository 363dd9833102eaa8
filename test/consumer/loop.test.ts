import { afterEach, describe, expect, it } from 'vitest'
import { Consumer } from '../../src/consumer/consumer.ts'
import type { ConsumerOptions } from '../../src/consumer/options.ts'
import { ClosedError } from '../../src/errors.ts'
import { string } from '../../src/serdes.ts'
import { batchOf, concat, FakeCluster } from './fake-cluster.ts'

type TextConsumer = Consumer<Uint8Array | null, string | null>

const opened: TextConsumer[] = []
afterEach(() => Promise.all(opened.splice(0).map((consumer) => consumer.close())))

const partition = { topic: 'orders', partition: 0 }

/** A consumer of a log that holds the letters a to f in three batches. */
function open(options: ConsumerOptions<Uint8Array | null, string | null> = {}): TextConsumer {
  const fake = new FakeCluster({
    fetch: ({ offset }) => {
      if (offset >= 6) return undefined
      const batches = [batchOf(['a', 'b'], 0), batchOf(['c', 'd'], 2), batchOf(['e', 'f'], 4)]
      return { records: concat(...batches.slice(Math.floor(offset / 2))) }
    },
  })
  const consumer: TextConsumer = new Consumer(fake.cluster, {
    autoOffsetReset: 'earliest',
    value: string,
    fetchMaxWaitMs: 10,
    ...options,
  })
  consumer.assign([partition])
  opened.push(consumer)
  return consumer
}

function handledOffset(consumer: TextConsumer): number | undefined {
  return consumer.handledOffsets()[0]?.offset
}

async function takeUntil(consumer: TextConsumer, last: string): Promise<(string | null)[]> {
  const values: (string | null)[] = []
  for await (const { value } of consumer) {
    values.push(value)
    if (value === last) break
  }
  return values
}

describe('a loop over a consumer', () => {
  it('counts a record as handled when the next one is asked for', async () => {
    const consumer = open()
    const handled: (number | undefined)[] = []
    for await (const { value } of consumer) {
      handled.push(handledOffset(consumer))
      if (value === 'd') break
    }
    expect(handled).toEqual([0, 1, 2, 3])
  })

  it.each(['a', 'b', 'c', 'f'])('gets the record again whose body was left by break: %s', async (letter) => {
    const consumer = open()
    await takeUntil(consumer, letter)
    expect(handledOffset(consumer)).toBe('abcdef'.indexOf(letter))
    const again = await takeUntil(consumer, 'f')
    expect(again.join('')).toBe('abcdef'.slice('abcdef'.indexOf(letter)))
  })

  it('gets the record again whose body threw', async () => {
    const consumer = open()
    const run = async (): Promise<void> => {
      for await (const { value } of consumer) if (value === 'c') throw new Error('handler failed')
    }
    await expect(run()).rejects.toThrow('handler failed')
    expect(await takeUntil(consumer, 'd')).toEqual(['c', 'd'])
  })

  it('does not get a record again after a seek in its body', async () => {
    const consumer = open()
    for await (const { value } of consumer) {
      if (value !== 'b') continue
      consumer.seek({ ...partition, offset: 4 })
      break
    }
    expect(handledOffset(consumer)).toBe(4)
    expect(await takeUntil(consumer, 'f')).toEqual(['e', 'f'])
  })

  it('goes on where a seek in its body says', async () => {
    const consumer = open()
    const values: (string | null)[] = []
    for await (const { value } of consumer) {
      values.push(value)
      if (values.length === 2) consumer.seek({ ...partition, offset: 0 })
      if (values.length === 3) consumer.seek({ ...partition, offset: 5 })
      if (value === 'f') break
    }
    expect(values).toEqual(['a', 'b', 'a', 'f'])
  })

  it('counts a batch as handled when the next one is asked for', async () => {
    const consumer = open({ maxPollRecords: 4 })
    const seen: string[] = []
    for await (const { records, topic, partition: number } of consumer.batches()) {
      expect({ topic, partition: number }).toEqual(partition)
      seen.push(records.map(({ value }) => value).join(''))
      if (seen.length === 1) expect(handledOffset(consumer)).toBe(0)
      if (seen.length === 2) break
    }
    expect(seen).toEqual(['abcd', 'ef'])
    expect(handledOffset(consumer)).toBe(4)
    const again = await consumer.batches().next()
    expect(again.value?.records.map(({ value }) => value)).toEqual(['e', 'f'])
  })

  it('ends with the reason of its signal, and the consumer stays usable', async () => {
    const consumer = open()
    const controller = new AbortController()
    const reason = new Error('enough')
    const run = async (): Promise<void> => {
      for await (const { value } of consumer.records({ signal: controller.signal }))
        if (value === 'c') controller.abort(reason)
    }
    await expect(run()).rejects.toBe(reason)
    expect(await takeUntil(consumer, 'f')).toEqual(['d', 'e', 'f'])
  })

  it('ends with the reason of its signal while it waits', async () => {
    const consumer = open()
    await takeUntil(consumer, 'f')
    const controller = new AbortController()
    const loop = consumer.records({ signal: controller.signal })
    await loop.next()
    const waiting = loop.next()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(await loop.next()).toEqual({ done: true, value: undefined })
  })

  it('does not begin under a signal that has fired', async () => {
    const consumer = open()
    const reason = new Error('never')
    await expect(consumer.records({ signal: AbortSignal.abort(reason) }).next()).rejects.toBe(reason)
    expect(await takeUntil(consumer, 'a')).toEqual(['a'])
  })

  it('is the only one at a time', async () => {
    const consumer = open()
    const first = consumer.records()
    await first.next()
    await expect(consumer.records().next()).rejects.toMatchObject({ code: 'KAFKA_BUSY' })
    await first.return?.()
    expect(await takeUntil(consumer, 'a')).toEqual(['a'])
  })

  it('just ends when the consumer is closed while it waits', async () => {
    const consumer = open()
    await takeUntil(consumer, 'f')
    const loop = consumer.records()
    await loop.next()
    const waiting = loop.next()
    await consumer.close()
    expect(await waiting).toEqual({ done: true, value: undefined })
  })

  it('just ends when the consumer is closed in its body', async () => {
    const consumer = open()
    const values: (string | null)[] = []
    for await (const { value } of consumer) {
      values.push(value)
      if (value === 'b') await consumer.close()
    }
    expect(values).toEqual(['a', 'b'])
    await expect(consumer.records().next()).rejects.toThrow(ClosedError)
  })

  it('answers calls of next in their order, though none was awaited', async () => {
    const loop = open().records()
    const results = await Promise.all([loop.next(), loop.next(), loop.next()])
    expect(results.map(({ value }) => value?.value)).toEqual(['a', 'b', 'c'])
  })

  it('can be ended while a call of next waits', async () => {
    const consumer = open()
    await takeUntil(consumer, 'f')
    const loop = consumer.records()
    await loop.next()
    const waiting = loop.next()
    await loop.return?.()
    expect(await waiting).toEqual({ done: true, value: undefined })
  })
})

describe('a position', () => {
  it('is looked up when it is asked for, without a loop', async () => {
    const consumer = open()
    expect(await consumer.position(partition)).toBe(0)
    await takeUntil(consumer, 'c')
    expect(await consumer.position(partition)).toBe(2)
    expect(consumer.lag(partition)).toBe(998)
  })

  it('moves past the end of what was read', async () => {
    const consumer = open()
    for await (const { value } of consumer) {
      if (value !== 'f') continue
      expect(await consumer.position(partition)).toBe(6)
      break
    }
  })

  it('is not known of partitions that are not assigned', async () => {
    const consumer = open()
    const other = { topic: 'orders', partition: 5 }
    await expect(consumer.position(other)).rejects.toThrow('orders-5 is not assigned')
    expect(() => consumer.seek({ ...other, offset: 0 })).toThrow('orders-5 is not assigned')
    expect(() => consumer.pause([other])).toThrow('orders-5 is not assigned')
  })

  it('must be an offset', () => {
    const consumer = open()
    for (const offset of [-1, 0.5, Number.NaN, 2 ** 60])
      expect(() => consumer.seek({ ...partition, offset })).toThrow('offset must be')
  })
})
