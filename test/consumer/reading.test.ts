import { describe, expect, it } from 'vitest'
import type { Consumer } from '../../src/consumer/consumer.ts'
import { DecodeError, RecordError } from '../../src/errors.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import type { Deserializer } from '../../src/serdes.ts'
import {
  batchOf,
  concat,
  FakeCluster,
  type FakeClusterOptions,
  type FetchAnswer,
  type FetchHandler,
} from './fake-cluster.ts'
import { until } from './loops.ts'
import { open, take, type Text } from './opened.ts'

/** A log of batches, for one partition. */
function logOf(...batches: readonly { at: number; values: readonly string[] }[]): FetchHandler {
  return ({ partition, offset }) => {
    if (partition !== 0) return undefined
    const ahead = batches.filter(({ at, values }) => at + values.length > offset)
    return ahead.length === 0 ? undefined : { records: concat(...ahead.map(({ at, values }) => batchOf(values, at))) }
  }
}

const letters = [
  { at: 0, values: ['a', 'b'] },
  { at: 2, values: ['c', 'd'] },
]

describe('fetching', () => {
  it('starts where the reset policy says and hands records out in order', async () => {
    const fake = new FakeCluster({ fetch: logOf(...letters), earliest: 1 })
    expect(await take(open(fake), 3)).toEqual(['b', 'c', 'd'])
    expect(fake.fetches[0]?.body.topics[0]?.partitions[0]?.fetchOffset).toBe(1n)
  })

  it('fetches ahead of the loop, one request at a time, and stops when enough is buffered', async () => {
    const size = batchOf(['x'], 0).length
    let inFlight = 0
    const fake = new FakeCluster({
      fetch: async ({ offset }) => {
        expect(++inFlight).toBe(1)
        await Promise.resolve()
        inFlight--
        return { records: batchOf(['x'], offset) }
      },
    })
    const consumer = open(fake, { maxPartitionFetchBytes: size })
    const loop = consumer.records()
    await loop.next()
    await settled()
    expect(fake.fetches).toHaveLength(2)
    await loop.next()
    await settled()
    expect(fake.fetches).toHaveLength(3)
  })

  it('buffers no more than fetchMaxBytes over all partitions', async () => {
    const size = batchOf(['x'], 0).length
    const fake = new FakeCluster({
      topics: { orders: [1, 1, 1, 1] },
      fetch: ({ offset }) => ({ records: batchOf(['x'], offset) }),
    })
    const consumer = open(fake, { maxPartitionFetchBytes: size, fetchMaxBytes: 4 * size }, [0, 1, 2, 3])
    await consumer.records().next()
    await settled()
    expect(fake.fetches).toHaveLength(1)
  })

  it('takes turns between partitions, batch by batch', async () => {
    const fake = new FakeCluster({
      topics: { orders: [1, 1] },
      fetch: ({ partition, offset }) =>
        offset > 0 ? undefined : { records: concat(batchOf([`${partition}a`], 0), batchOf([`${partition}b`], 1)) },
    })
    expect(await take(open(fake, {}, [0, 1]), 4)).toEqual(['0a', '1a', '0b', '1b'])
  })

  it('looks at idle partitions without waiting at the broker while another one is full', async () => {
    const size = batchOf(['x'], 0).length
    const fake = new FakeCluster({
      topics: { orders: [1, 1] },
      fetch: ({ partition, offset }) => (partition === 0 ? { records: batchOf(['x'], offset) } : undefined),
    })
    const consumer = open(fake, { maxPartitionFetchBytes: size, fetchMaxWaitMs: 20 }, [0, 1])
    await consumer.records().next()
    await until(() => fake.fetches.length >= 3)
    const asked = fake.fetches[2]!.body
    expect(asked.topics[0]?.partitions.map(({ partition }) => partition)).toEqual([1])
    expect(asked.maxWaitMs).toBe(0)
  })

  it('keeps the data of a paused partition and fetches no more of it', async () => {
    const fake = new FakeCluster({
      topics: { orders: [1, 1] },
      fetch: ({ partition, offset }) => (offset > 0 ? undefined : { records: batchOf([`${partition}`], 0) }),
    })
    const consumer = open(fake, {}, [0, 1])
    const loop = consumer.records()
    expect((await loop.next()).value?.value).toBe('0')
    consumer.pause([{ topic: 'orders', partition: 1 }])
    expect(consumer.paused()).toEqual([{ topic: 'orders', partition: 1 }])
    const { length } = fake.fetches
    const next = loop.next()
    await until(() => fake.fetches.length > length + 1)
    const later = fake.fetches.slice(length).flatMap(({ body }) => body.topics[0]!.partitions)
    expect(later.map(({ partition }) => partition)).not.toContain(1)
    consumer.resume()
    expect((await next).value?.value).toBe('1')
  })

  it('drops a response to a position that was left meanwhile', async () => {
    let answer: (() => void) | undefined
    const fake = new FakeCluster({
      fetch: async ({ offset }) => {
        if (offset === 0) await new Promise<void>((resolve) => (answer = resolve))
        return offset > 10 ? undefined : { records: batchOf([`at ${offset}`], offset) }
      },
    })
    const consumer = open(fake)
    const next = consumer.records().next()
    await until(() => answer !== undefined)
    consumer.seek({ topic: 'orders', partition: 0, offset: 10 })
    answer!()
    expect((await next).value?.value).toBe('at 10')
  })

  it('drops a response to a partition that was taken away meanwhile', async () => {
    let answer: (() => void) | undefined
    const fake = new FakeCluster({
      topics: { orders: [1, 2] },
      fetch: async ({ partition, offset }) => {
        if (partition === 0) await new Promise<void>((resolve) => (answer = resolve))
        return offset > 0 ? undefined : { records: batchOf([`of ${partition}`], 0) }
      },
    })
    const consumer = open(fake)
    const next = consumer.records().next()
    await until(() => answer !== undefined)
    consumer.assign([{ topic: 'orders', partition: 1 }])
    answer!()
    expect((await next).value?.value).toBe('of 1')
  })

  it('asks with topic ids where the broker knows them, and with names where the topic has none', async () => {
    const withIds = new FakeCluster({ fetch: logOf(...letters), fetchVersion: 18 })
    expect(await take(open(withIds), 1)).toEqual(['a'])
    expect(withIds.fetches[0]).toMatchObject({
      version: 18,
      body: { topics: [{ topicId: withIds.topic('orders')!.topicId }] },
    })
    const without = new FakeCluster({ fetch: logOf(...letters), fetchVersion: 18 })
    without.metadata.set('orders', { ...without.topic('orders')!, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' })
    expect(await take(open(without), 1)).toEqual(['a'])
    expect(without.fetches[0]).toMatchObject({ version: 12, body: { topics: [{ topic: 'orders' }] } })
  })
})

/** Answers once with an error, then with records. */
function failingOnce(answer: FetchAnswer, options: FakeClusterOptions = {}): FakeCluster {
  let hasFailed = false
  const read = logOf(...letters)
  const fetch: FetchHandler = (asked) => {
    if (hasFailed) return read(asked)
    hasFailed = true
    return answer
  }
  return new FakeCluster({ fetch, ...options })
}

describe('errors of a partition', () => {
  it.each([
    'NOT_LEADER_OR_FOLLOWER',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_TOPIC_ID',
    'UNKNOWN_LEADER_EPOCH',
    'KAFKA_STORAGE_ERROR',
  ] as const)('are ridden out with new metadata: %s', async (name) => {
    const fake = failingOnce({ errorCode: ERROR[name] })
    expect(await take(open(fake), 1)).toEqual(['a'])
    expect(fake.staleCount).toBeGreaterThan(0)
  })

  it('are waited out where nobody leads: metadata is asked for until there is a leader', async () => {
    const fake = new FakeCluster({ fetch: logOf(...letters), topics: { orders: [-1] } })
    const consumer = open(fake)
    consumer.seek({ topic: 'orders', partition: 0, offset: 0 })
    const next = take(consumer, 1)
    await until(() => fake.staleCount > 3)
    fake.move('orders', 0, 1)
    expect(await next).toEqual(['a'])
  })

  it('send the fetch to the leader that the broker names', async () => {
    const fake = failingOnce({
      errorCode: ERROR.NOT_LEADER_OR_FOLLOWER,
      currentLeader: { leaderId: 2, leaderEpoch: 3 },
    })
    expect(await take(open(fake), 1)).toEqual(['a'])
    expect(fake.fetches.map(({ nodeId }) => nodeId).slice(0, 2)).toEqual([1, 2])
    expect(fake.staleCount).toBe(0)
  })

  it('reset the position where the offset does not exist', async () => {
    const fake = failingOnce({ errorCode: ERROR.OFFSET_OUT_OF_RANGE }, { earliest: 2 })
    const consumer = open(fake)
    consumer.seek({ topic: 'orders', partition: 0, offset: 99 })
    expect(await take(consumer, 1)).toEqual(['c'])
  })

  it('are thrown where the offset does not exist and nothing says where to start', async () => {
    const fake = failingOnce({ errorCode: ERROR.OFFSET_OUT_OF_RANGE })
    const consumer = open(fake, { autoOffsetReset: 'none' })
    consumer.seek({ topic: 'orders', partition: 0, offset: 99 })
    await expect(take(consumer, 1)).rejects.toMatchObject({ code: 'KAFKA_NO_OFFSET' })
    consumer.seek({ topic: 'orders', partition: 0, offset: 3 })
    expect(await take(consumer, 1)).toEqual(['d'])
  })

  it('are thrown where there is no position and nothing says where to start', async () => {
    const consumer = open(new FakeCluster({ fetch: logOf(...letters) }), { autoOffsetReset: 'none' })
    await expect(take(consumer, 1)).rejects.toThrow('orders-0 has no committed offset')
    await expect(take(consumer, 1)).rejects.toMatchObject({ code: 'KAFKA_NO_OFFSET' })
  })

  it('are thrown where reading is not allowed, and the next loop tries again', async () => {
    const fake = failingOnce({ errorCode: ERROR.TOPIC_AUTHORIZATION_FAILED })
    const consumer = open(fake)
    await expect(take(consumer, 1)).rejects.toMatchObject({ errorName: 'TOPIC_AUTHORIZATION_FAILED', topic: 'orders' })
    expect(await take(consumer, 1)).toEqual(['a'])
  })

  it('send the loop back to where a truncated log forks', async () => {
    let hasFailed = false
    const fake = new FakeCluster({
      fetch: ({ offset }) => {
        if (offset < 4 && !hasFailed) return { records: batchOf(['old 3'], 3) }
        if (offset < 4) return { records: batchOf(['new 2', 'new 3'], 2, { partitionLeaderEpoch: 1 }) }
        if (hasFailed) return undefined
        hasFailed = true
        return { divergingEpoch: { epoch: 0, endOffset: 2n } }
      },
    })
    const consumer = open(fake)
    consumer.seek({ topic: 'orders', partition: 0, offset: 3 })
    expect(await take(consumer, 3)).toEqual(['old 3', 'new 2', 'new 3'])
  })
})

function corrupt(values: readonly string[], at: number): Uint8Array {
  const batch = batchOf(values, at)
  batch[batch.length - 1]! ^= 1
  return batch
}

describe('a replica nearby', () => {
  it('is read from when the leader names it, until it has nothing at the offset', async () => {
    const read = logOf(...letters)
    const fake = new FakeCluster({
      fetch: (asked) => {
        const { nodeId } = asked.request
        if (nodeId === 1 && asked.offset === 0) return { preferredReadReplica: 2 }
        if (nodeId === 2 && asked.offset >= 2) return { errorCode: ERROR.OFFSET_OUT_OF_RANGE }
        const answer = read(asked)
        return nodeId === 2 ? { records: batchOf(['a', 'b'], 0) } : answer
      },
    })
    const consumer = open(fake, { clientRack: 'rack 2' })
    expect(await take(consumer, 4)).toEqual(['a', 'b', 'c', 'd'])
    const asked = fake.fetches.map(({ nodeId, body }) => `${nodeId}@${body.topics[0]?.partitions[0]?.fetchOffset}`)
    expect(asked.slice(0, 4)).toEqual(['1@0', '2@0', '2@2', '1@2'])
    expect(fake.fetches[0]?.body.rackId).toBe('rack 2')
    expect(fake.listed).toHaveLength(1)
  })
})

describe('records that cannot be read', () => {
  it('end the loop after the good ones before them, and can be left out', async () => {
    const fake = new FakeCluster({
      fetch: ({ offset }) => {
        if (offset >= 5) return undefined
        const batches = [batchOf(['a', 'b'], 0), corrupt(['c', 'd'], 2), batchOf(['e'], 4)]
        return { records: concat(...batches.slice(offset < 2 ? 0 : offset < 4 ? 1 : 2)) }
      },
    })
    const consumer = open(fake)
    const values: Text[] = []
    const run = async (): Promise<void> => {
      for await (const { value } of consumer) if (values.push(value) === 3) break
    }
    const error: unknown = await run().catch((reason: unknown) => reason)
    expect(values).toEqual(['a', 'b'])
    expect(error).toBeInstanceOf(RecordError)
    expect(error).toMatchObject({ topic: 'orders', partition: 0, offset: 2, nextOffset: 4 })
    expect((error as RecordError).cause).toBeInstanceOf(DecodeError)
    await expect(run()).rejects.toThrow(RecordError)
    consumer.seek({ topic: 'orders', partition: 0, offset: (error as RecordError).nextOffset })
    await run()
    expect(values).toEqual(['a', 'b', 'e'])
  })

  it('are read again from the broker: the bytes may have been spoilt on the way', async () => {
    let count = 0
    const fake = new FakeCluster({
      fetch: ({ offset }) =>
        offset > 0 ? undefined : { records: count++ === 0 ? corrupt(['a'], 0) : batchOf(['a'], 0) },
    })
    const consumer = open(fake)
    await expect(take(consumer, 1)).rejects.toThrow(RecordError)
    expect(await take(consumer, 1)).toEqual(['a'])
  })

  it.each([
    [
      'at once',
      (): string => {
        throw new Error('not mine')
      },
    ],
    ['later', (): Promise<string> => Promise.reject(new Error('not mine'))],
  ])('are those a deserializer refuses %s', async (_when, refuse) => {
    const value: Deserializer<string> = {
      deserialize: (bytes) => (Buffer.from(bytes!).toString() === 'b' ? refuse() : Buffer.from(bytes!).toString()),
    }
    const consumer = open(new FakeCluster({ fetch: logOf(...letters) }), { value })
    await expect(take(consumer as Consumer<unknown, Text>, 4)).rejects.toMatchObject({
      code: 'KAFKA_RECORD',
      message: expect.stringContaining('the value of the record at offset 1 of orders-0') as string,
      nextOffset: 2,
    })
    consumer.seek({ topic: 'orders', partition: 0, offset: 2 })
    expect(await take(consumer as Consumer<unknown, Text>, 2)).toEqual(['c', 'd'])
  })

  it('do not cost the loop over batches the ones before them', async () => {
    const fake = new FakeCluster({
      fetch: ({ offset }) => (offset >= 2 ? undefined : { records: concat(batchOf(['a'], 0), corrupt(['b'], 1)) }),
    })
    const consumer = open(fake)
    const loop = consumer.batches()
    const batch = await loop.next()
    expect(batch.value?.records.map(({ value }) => value)).toEqual(['a'])
    await expect(loop.next()).rejects.toMatchObject({ offset: 1 })
  })
})

describe('deserializers', () => {
  it('may take their time, and see the topic, the field and the headers', async () => {
    const seen: unknown[] = []
    const reader: Deserializer<string> = {
      deserialize: async (bytes, context) => {
        seen.push(context)
        await Promise.resolve()
        return Buffer.from(bytes!).toString().toUpperCase()
      },
    }
    const consumer = open(new FakeCluster({ fetch: logOf(...letters) }), { key: reader, value: reader })
    const keys: string[] = []
    for await (const { key, value } of consumer) {
      keys.push(key, value)
      if (value === 'D') break
    }
    expect(keys).toEqual(['KEY A', 'A', 'KEY B', 'B', 'KEY C', 'C', 'KEY D', 'D'])
    expect(seen.slice(0, 2)).toEqual([
      { topic: 'orders', field: 'key', headers: [] },
      { topic: 'orders', field: 'value', headers: [] },
    ])
  })

  it('that are late do not bring back a record the loop has sought away from', async () => {
    let finish: (() => void) | undefined
    const value: Deserializer<string> = {
      deserialize: (bytes) => {
        const text = Buffer.from(bytes!).toString()
        return text === 'a' ? new Promise((resolve) => (finish = () => resolve(text))) : text
      },
    }
    const consumer = open(new FakeCluster({ fetch: logOf(...letters) }), { value })
    const next = consumer.records().next()
    await until(() => finish !== undefined)
    consumer.seek({ topic: 'orders', partition: 0, offset: 3 })
    finish!()
    expect((await next).value?.value).toBe('d')
  })
})

/** Lets everything happen that needs no timer. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}
