import { describe, expect, it } from 'vitest'
import { LogTruncationError } from '../../src/errors.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { fetchApi } from '../../src/protocol/messages/01-fetch.ts'
import { offsetForLeaderEpochApi } from '../../src/protocol/messages/23-offset-for-leader-epoch.ts'
import { batchOf, type EpochAnswer, FakeCluster } from './fake-cluster.ts'
import type { TestBroker } from '../../src/testing/index.ts'
import { committedOffset, join, start } from './group-fixture.ts'
import { numbers, Reading, until } from './loops.ts'
import { open, take } from './opened.ts'

const orders = [{ topic: 'orders', partition: 0 }]

/** One record at each offset, of a leader in epoch 0, and a new leader afterwards. */
function led(endOfEpoch: (leaderEpoch: number) => EpochAnswer): FakeCluster {
  return new FakeCluster({
    endOfEpoch,
    fetch: ({ offset }) => (offset >= 6 ? undefined : { records: batchOf([`${offset}`], offset) }),
  })
}

describe('a new leader', () => {
  it('is asked whether it has what was fetched last, before anything is fetched from it', async () => {
    const fake = led(() => ({}))
    const consumer = open(fake)
    expect(await take(consumer, 3)).toEqual(['0', '1', '2'])
    fake.move('orders', 0, 2, 7)
    expect(await take(consumer, 4)).toEqual(['2', '3', '4', '5'])
    const [asked] = fake.validated
    expect(fake.validated).toHaveLength(1)
    expect(asked).toMatchObject({
      nodeId: 2,
      version: 4,
      body: { replicaId: -1, topics: [{ partitions: [{ currentLeaderEpoch: 7, leaderEpoch: 0 }] }] },
    })
  })

  it('is not asked where nothing is known of what stands before the position', async () => {
    const fake = led(() => ({}))
    const consumer = open(fake)
    consumer.seek({ topic: 'orders', partition: 0, offset: 1 })
    expect(await take(consumer, 1)).toEqual(['1'])
    expect(fake.validated).toHaveLength(0)
  })

  it.each(['UNKNOWN_LEADER_EPOCH', 'FENCED_LEADER_EPOCH', 'NOT_LEADER_OR_FOLLOWER', 'UNKNOWN_SERVER_ERROR'] as const)(
    'is asked again after %s',
    async (name) => {
      let failures = 2
      const fake = led(() => (failures-- > 0 ? { errorCode: ERROR[name] } : {}))
      const consumer = open(fake)
      consumer.seek({ topic: 'orders', partition: 0, offset: 4, leaderEpoch: 0 })
      expect(await take(consumer, 2)).toEqual(['4', '5'])
      expect(fake.validated).toHaveLength(3)
      expect(fake.staleCount).toBeGreaterThan(0)
    },
  )

  it('that does not let it be known is told of in the loop', async () => {
    const consumer = open(led(() => ({ errorCode: ERROR.TOPIC_AUTHORIZATION_FAILED })))
    consumer.seek({ topic: 'orders', partition: 0, offset: 4, leaderEpoch: 0 })
    await expect(take(consumer, 1)).rejects.toMatchObject({ errorName: 'TOPIC_AUTHORIZATION_FAILED', topic: 'orders' })
  })

  it('that has less sends the loop back to where the logs fork', async () => {
    const fake = led(() => ({ leaderEpoch: 0, endOffset: 2n }))
    const consumer = open(fake)
    consumer.seek({ topic: 'orders', partition: 0, offset: 5, leaderEpoch: 1 })
    expect(await take(consumer, 2)).toEqual(['2', '3'])
  })

  it('that knows nothing of the epoch has the position reset', async () => {
    const fake = led(() => ({ leaderEpoch: -1, endOffset: -1n }))
    const consumer = open(fake)
    consumer.seek({ topic: 'orders', partition: 0, offset: 5, leaderEpoch: 3 })
    expect(await take(consumer, 1)).toEqual(['0'])
  })

  it.each([
    ['with the place where the logs fork', { leaderEpoch: 0, endOffset: 2n }, 2],
    ['without a place where the broker knows none', { leaderEpoch: -1, endOffset: -1n }, undefined],
  ])('that has less is an error where nothing says where to start, %s', async (_what, answer, divergentOffset) => {
    const consumer = open(
      led(() => answer),
      { autoOffsetReset: 'none' },
    )
    consumer.seek({ topic: 'orders', partition: 0, offset: 5, leaderEpoch: 1 })
    const error: unknown = await take(consumer, 1).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(LogTruncationError)
    expect(error).toMatchObject({ topic: 'orders', partition: 0, offset: 5, divergentOffset })
    await expect(take(consumer, 1)).rejects.toThrow(LogTruncationError)
    consumer.seek({ topic: 'orders', partition: 0, offset: 2 })
    expect(await take(consumer, 1)).toEqual(['2'])
  })
})

describe('a log that was truncated', () => {
  /** Versions of Fetch that do and do not tell where logs fork. */
  const versions = [
    { min: 4, max: 11 },
    { min: 4, max: 18 },
  ]

  it.each(versions)('is read on from where it forks, by brokers with Fetch $max', async (Fetch) => {
    const broker = await start({ topics: { orders: 1 }, apiVersions: { Fetch } })
    for (const value of numbers(0, 6)) await broker.append('orders', 0, [{ value }])
    const consumer = join(broker, { topics: undefined, autoCommit: false })
    consumer.assign(orders)
    const reading = new Reading(consumer)
    await reading.reaches(6)
    broker.truncate('orders', 0, 4)
    await broker.append('orders', 0, [{ value: 'new 4' }])
    await reading.reaches(7)
    expect(reading.values).toEqual([...numbers(0, 6), 'new 4'])
  })

  it('does not lose what the loop has not read of what is buffered', async () => {
    const broker = await start({ topics: { orders: 1 } })
    for (const value of numbers(0, 6)) await broker.append('orders', 0, [{ value }])
    const consumer = join(broker, { topics: undefined, autoCommit: false })
    consumer.assign(orders)
    const loop = consumer.records()
    expect((await loop.next()).value?.value).toBe('0')
    broker.truncate('orders', 0, 3)
    await broker.append('orders', 0, [{ value: 'new 3' }])
    const values: unknown[] = []
    while (values.at(-1) !== 'new 3') values.push((await loop.next()).value?.value)
    // What was buffered may have been handed out before it was known to be gone; nothing that is there is left out.
    expect(values.slice(0, 2)).toEqual(['1', '2'])
  })

  it('is noticed by the next reader of the partition, by the epoch that was committed', async () => {
    const broker = await start({ topics: { orders: 1 } })
    for (const value of numbers(0, 6)) await broker.append('orders', 0, [{ value }])
    const first = new Reading(join(broker))
    await first.reaches(6)
    await first.consumer.close()
    expect(committedOffset(broker, 0)).toBe(6)
    broker.truncate('orders', 0, 3)
    await broker.append('orders', 0, [{ value: 'new 3' }])
    const second = new Reading(join(broker))
    await second.reaches(1)
    expect(second.values).toEqual(['new 3'])
    expect(broker.requests.of(offsetForLeaderEpochApi).length).toBeGreaterThan(0)
  })

  it('goes unnoticed with brokers that cannot be asked, and is read on', async () => {
    const broker = await start({
      topics: { orders: 1 },
      apiVersions: { Fetch: { min: 4, max: 11 }, OffsetForLeaderEpoch: null },
    })
    for (const value of numbers(0, 6)) await broker.append('orders', 0, [{ value }])
    const consumer = join(broker, { topics: undefined, autoCommit: false })
    consumer.assign(orders)
    const reading = new Reading(consumer)
    await reading.reaches(6)
    broker.truncate('orders', 0, 5)
    for (const value of ['new 5', 'new 6']) await broker.append('orders', 0, [{ value }])
    await reading.reaches(7)
    expect(reading.values.at(-1)).toBe('new 6')
  })
})

/** Deletes `orders` and makes it anew, with three records. */
async function recreate(broker: TestBroker): Promise<void> {
  broker.deleteTopic('orders')
  broker.createTopic('orders', 1)
  for (const value of numbers(0, 3)) await broker.append('orders', 0, [{ value: `new ${value}` }])
}

describe('a topic that was made anew under its name', () => {
  it.each(['earliest', 'latest'] as const)(
    'is read from its beginning, whatever was read of the old one (%s)',
    async (autoOffsetReset) => {
      const broker = await start({ topics: { orders: 1 } })
      const consumer = join(broker, { topics: undefined, autoOffsetReset, autoCommitIntervalMs: 10 })
      consumer.assign(orders)
      const reading = new Reading(consumer)
      await until(() => broker.requests.of(fetchApi).length > 0)
      for (const value of numbers(0, 2)) await broker.append('orders', 0, [{ value }])
      await reading.reaches(2)
      await recreate(broker)
      await reading.reaches(5)
      expect(reading.values).toEqual(['0', '1', 'new 0', 'new 1', 'new 2'])
      await until(() => committedOffset(broker, 0) === 3)
    },
  )

  it('is read once, though metadata may go back to the old one for a while', async () => {
    const fake = new FakeCluster({
      fetchVersion: 18,
      fetch: ({ offset }) => (offset >= 4 ? undefined : { records: batchOf([`${offset}`], offset) }),
    })
    const consumer = open(fake, { maxPartitionFetchBytes: 1 })
    const old = fake.topic('orders')!
    const anew = { ...old, topicId: Buffer.alloc(16, 9).toString('base64url') }
    const loop = consumer.records()
    expect((await loop.next()).value?.value).toBe('0')
    expect((await loop.next()).value?.value).toBe('1')
    fake.describe(anew)
    await until(() => consumer.metrics().partitions[0]?.position === 0)
    const values: unknown[] = []
    while (values.length < 2) values.push((await loop.next()).value?.value)
    const { staleCount } = fake
    fake.describe(old)
    await until(() => fake.staleCount > staleCount)
    fake.describe(anew)
    while (values.length < 4) values.push((await loop.next()).value?.value)
    expect(values).toEqual(['0', '1', '2', '3'])
    await consumer.close()
  })

  it('is an error where nothing says where to start, until the user does', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'old' }])
    const consumer = join(broker, { topics: undefined, autoCommit: false, autoOffsetReset: 'none' })
    consumer.assign(orders)
    consumer.seek({ ...orders[0]!, offset: 0 })
    const reading = new Reading(consumer)
    await reading.reaches(1)
    await recreate(broker)
    await expect(reading.done).rejects.toMatchObject({ code: 'KAFKA_TOPIC_RECREATED' })
    await expect(new Reading(consumer).done).rejects.toMatchObject({ code: 'KAFKA_TOPIC_RECREATED' })
    consumer.seek({ ...orders[0]!, offset: 1 })
    const again = new Reading(consumer)
    await again.reaches(2)
    expect(again.values).toEqual(['new 1', 'new 2'])
  })
})
