import { describe, expect, it } from 'vitest'
import type { TestBroker } from '../../src/testing/index.ts'
import { committedOffset, fill, join, start, type TextConsumer } from './group-fixture.ts'
import { Assignments, numbers, readBetween, Reading } from './loops.ts'

type Options = NonNullable<Parameters<typeof join>[1]>

const kinds: [string, Options][] = [
  ['eager', {}],
  ['cooperative', { assignors: ['cooperative-sticky'] }],
  ['consumer', { groupProtocol: 'consumer', heartbeatIntervalMs: undefined }],
]

/** A member of a client that looks at metadata often: that is how those of classic groups learn of partitions. */
function joinWatching(broker: TestBroker, options: Options): TextConsumer {
  return join(broker, options, { metadataMaxAgeMs: 20 })
}

async function append(broker: TestBroker, partition: number, values: readonly string[]): Promise<void> {
  await broker.append(
    'orders',
    partition,
    values.map((value) => ({ value })),
  )
}

describe.each(kinds)('a group (%s) of a topic that gets more partitions', (_, options) => {
  it('reads them from their beginning, and every record once', async () => {
    const broker = await start({ consumerHeartbeatIntervalMs: 20 })
    const events = [new Assignments(), new Assignments()]
    const readings: Reading<Uint8Array | null, string | null>[] = []
    for (const { listeners } of events) readings.push(new Reading(joinWatching(broker, { ...options, ...listeners })))
    const [first, second] = events as [Assignments, Assignments]
    await Promise.all([first.reach(2), second.reach(2)])
    await fill(broker, 0, 40)
    broker.growTopic('orders', 8)
    // Before anybody knows of it.
    await append(broker, 7, numbers(40, 50))
    await fill(broker, 50, 90)
    await Promise.all([first.reach(4), second.reach(4)])
    await append(broker, 5, numbers(90, 100))
    expect(await readBetween(readings, 100)).toEqual(numbers(0, 100).map(Number))
    expect([5, 7].map((partition) => committedOffset(broker, partition))).toEqual([10, 10])
  })

  it('finds out while a record is in hand, which is handled first', async () => {
    const broker = await start({ topics: { orders: 1 }, consumerHeartbeatIntervalMs: 20 })
    const events = new Assignments()
    const consumer = joinWatching(broker, { ...options, ...events.listeners })
    await append(broker, 0, ['a', 'b'])
    const loop = consumer.records()
    expect((await loop.next()).value?.value).toBe('a')
    broker.growTopic('orders', 2)
    await append(broker, 1, ['c'])
    const values = new Set<string | null | undefined>()
    while (values.size < 2) values.add((await loop.next()).value?.value)
    expect(values).toEqual(new Set(['b', 'c']))
    expect(events.partitions).toEqual(['orders-0', 'orders-1'])
    await loop.return!()
    await consumer.close()
  })
})

it.each(kinds.slice(1))('a group (%s) takes new partitions in without letting go of others', async (_, options) => {
  const broker = await start({ consumerHeartbeatIntervalMs: 20 })
  const events = new Assignments()
  const reading = new Reading(joinWatching(broker, { ...options, ...events.listeners }))
  await events.reach(4)
  broker.growTopic('orders', 6)
  await events.reach(6)
  expect(events.events).toEqual(['assigned orders-0 orders-1 orders-2 orders-3', 'assigned orders-4 orders-5'])
  await append(broker, 5, ['new'])
  await reading.reaches(1)
})

it('a partition that was assigned before it came to be is read once it does', async () => {
  const broker = await start({ topics: { orders: 1 } })
  const consumer = join(broker, { groupId: undefined, topics: undefined }, { metadataMaxAgeMs: 20 })
  consumer.assign([0, 1].map((partition) => ({ topic: 'orders', partition })))
  await append(broker, 0, ['a'])
  const reading = new Reading(consumer)
  await reading.reaches(1)
  broker.growTopic('orders', 2)
  await append(broker, 1, ['b'])
  await reading.reaches(2)
  expect(reading.values).toEqual(['a', 'b'])
})
