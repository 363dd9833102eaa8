import { describe, expect, it } from 'vitest'
import { ERROR, type ErrorName } from '../../src/protocol/error-codes.ts'
import { fetchApi } from '../../src/protocol/messages/01-fetch.ts'
import { listOffsetsApi } from '../../src/protocol/messages/02-list-offsets.ts'
import type { TestBroker } from '../../src/testing/index.ts'
import { join, start, type TextConsumer } from './group-fixture.ts'
import { numbers, Reading, until } from './loops.ts'

const partitions = [0, 1, 2, 3].map((partition) => ({ topic: 'orders', partition }))

function read(consumer: TextConsumer): Reading<Uint8Array | null, string | null> {
  consumer.assign(partitions)
  return new Reading(consumer)
}

function offsetsOf(ends: readonly { offset: number }[]): number[] {
  return ends.map(({ offset }) => offset)
}

describe('reading from several brokers', () => {
  it('follows leaders that move', async () => {
    const broker = await start({ nodes: 3 })
    const reading = read(join(broker, { topics: undefined, autoCommit: false }))
    for (let round = 0; round < 6; round++) {
      for (const { topic, partition } of partitions) {
        broker.moveLeader(topic, partition, ((round + partition) % 3) + 1)
        await broker.append(topic, partition, [{ value: `${partition}-${round}` }])
      }
      await reading.reaches(4 * (round + 1))
    }
    expect(new Set(reading.values).size).toBe(24)
  })

  it('goes on when a broker stops and comes back', async () => {
    const broker = await start({ nodes: 3 })
    const reading = read(join(broker, { topics: undefined, autoCommit: false }))
    await broker.append('orders', 0, [{ value: 'before' }])
    await reading.reaches(1)
    const leader = broker.nodes.find(({ id }) => id === broker.partition('orders', 0)?.leaderId)!
    await leader.stop()
    await broker.append('orders', 0, [{ value: 'without it' }])
    await reading.reaches(2)
    await leader.start()
    broker.moveLeader('orders', 0, leader.id)
    await broker.append('orders', 0, [{ value: 'after' }])
    await reading.reaches(3)
    expect(reading.values).toEqual(['before', 'without it', 'after'])
  })

  it('goes on when connections are lost', async () => {
    const broker = await start({ nodes: 2 })
    let count = 0
    broker.control(fetchApi, () => (count++ % 2 === 0 ? 'drop' : undefined))
    const reading = read(join(broker, { topics: undefined, autoCommit: false }))
    for (const [index, value] of numbers(0, 12).entries()) {
      await broker.append('orders', index % 4, [{ value }])
      await reading.reaches(index + 1)
    }
    expect(reading.values).toEqual(numbers(0, 12))
  })

  it.each<[string, (broker: TestBroker) => Promise<unknown>]>([
    ['has no leader', (broker) => broker.nodes[1]!.stop()],
    [
      'has a leader that does not answer',
      async (broker) => broker.control(listOffsetsApi, ({ nodeId }) => (nodeId === 2 ? 'ignore' : undefined)),
    ],
  ])('does not wait for a partition that %s to know where to start in others', async (_, hold) => {
    const broker = await start({ nodes: 2, topics: { orders: { partitions: 2, replicationFactor: 1 }, late: 1 } })
    await hold(broker)
    broker.moveLeader('late', 0, 1)
    for (const topic of ['orders', 'late']) await broker.append(topic, 0, [{ value: topic }])
    const both = partitions.slice(0, 2)
    const consumer = join(broker, { groupId: undefined, topics: undefined })
    consumer.assign(both)
    const reading = new Reading(consumer)
    await reading.reaches(1)
    // Nor does one that is assigned while the other is waited for.
    consumer.assign([...both, { topic: 'late', partition: 0 }])
    await reading.reaches(2)
    expect(reading.values).toEqual(['orders', 'late'])
  })

  it('begins a new fetch session when a broker has dropped the old one', async () => {
    const broker = await start()
    const reading = read(join(broker, { topics: undefined, autoCommit: false }))
    await broker.append('orders', 0, [{ value: 'a' }])
    await reading.reaches(1)
    const errors: ErrorName[] = [
      'FETCH_SESSION_ID_NOT_FOUND',
      'INVALID_FETCH_SESSION_EPOCH',
      'FETCH_SESSION_TOPIC_ID_ERROR',
    ]
    broker.control(fetchApi, ({ request }) => {
      const error = request.sessionEpoch > 0 ? errors.shift() : undefined
      return error && { errorCode: ERROR[error] }
    })
    await until(() => errors.length === 0)
    await broker.append('orders', 0, [{ value: 'b' }])
    await reading.reaches(2)
    await until(() => broker.requests.of(fetchApi).at(-1)!.request.sessionEpoch > 1)
    const last = broker.requests.of(fetchApi).at(-1)!.request
    expect(last.topics).toEqual([])
    await reading.consumer.close()
    expect(broker.requests.of(fetchApi).at(-1)!.request.sessionEpoch).toBe(-1)
  })

  it('decompresses batches, one after the other, for records and for batches', async () => {
    const broker = await start({ topics: { orders: 1 } })
    for (let from = 0; from < 40; from += 10) {
      const values = numbers(from, from + 10).map((value) => ({ value }))
      await broker.append('orders', 0, values, { compression: from % 20 === 0 ? 'gzip' : 'none' })
    }
    const reading = new Reading(join(broker))
    await reading.reaches(40)
    expect(reading.values).toEqual(numbers(0, 40))
    const other = join(broker, { groupId: 'other', maxPollRecords: 15 })
    const sizes: number[] = []
    for await (const { records } of other.batches()) {
      sizes.push(records.length)
      if (records.at(-1)?.value === '39') break
    }
    expect(sizes).toEqual([15, 15, 10])
  })

  it('lists the offsets of partitions with different leaders, also while one moves', async () => {
    const broker = await start({ nodes: 3 })
    for (const { partition } of partitions)
      await broker.append('orders', partition, [{ value: 'a', timestamp: 1_000 * partition }])
    broker.deleteRecords('orders', 3, 1)
    const consumer = join(broker, { topics: undefined, autoCommit: false })
    expect(offsetsOf(await consumer.endOffsets(partitions))).toEqual([1, 1, 1, 1])
    for (const { topic, partition } of partitions) broker.moveLeader(topic, partition, (partition % 3) + 1)
    expect(offsetsOf(await consumer.beginningOffsets(partitions))).toEqual([0, 0, 0, 1])
    const found = await consumer.offsetsForTimes(
      partitions.map(({ topic, partition }) => ({ topic, partition, timestamp: 1_500 })),
    )
    expect(found).toEqual([
      undefined,
      undefined,
      { topic: 'orders', partition: 2, offset: 0, timestamp: 2_000 },
      undefined,
    ])
  })

  it('does not wait for ever for a partition that does not exist', async () => {
    const broker = await start()
    const consumer = join(broker, { topics: undefined, autoCommit: false })
    const missing = [{ topic: 'orders', partition: 9 }]
    await expect(consumer.endOffsets(missing, { timeoutMs: 50 })).rejects.toThrow('offsets of orders')
    const reason = new Error('enough')
    const controller = new AbortController()
    const asked = consumer.endOffsets(missing, { signal: controller.signal })
    controller.abort(reason)
    await expect(asked).rejects.toBe(reason)
  })
})
