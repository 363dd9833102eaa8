import { describe, expect, it } from 'vitest'
import { Kafka } from '../../src/kafka.ts'
import type { ErrorName } from '../../src/protocol/error-codes.ts'
import { offsetCommitApi } from '../../src/protocol/messages/08-offset-commit.ts'
import { offsetFetchApi } from '../../src/protocol/messages/09-offset-fetch.ts'
import { joinGroupApi } from '../../src/protocol/messages/11-join-group.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { leaveGroupApi } from '../../src/protocol/messages/13-leave-group.ts'
import { failWith } from '../../src/testing/index.ts'
import { committedOffset, join, nextRequest, start, type TextConsumer } from './group-fixture.ts'
import { Assignments, numbers, Reading } from './loops.ts'

describe('committing', () => {
  it('happens in the background, for what has been handled only', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append(
      'orders',
      0,
      numbers(0, 3).map((value) => ({ value })),
    )
    const consumer = join(broker, { autoCommitIntervalMs: 5 })
    for await (const { offset } of consumer) {
      // Of a record in hand nothing is committed, however long it takes.
      while (committedOffset(broker, 0) !== offset) await nextRequest(broker, heartbeatApi)
      if (offset === 2) break
    }
    expect(committedOffset(broker, 0)).toBe(2)
  })

  it('happens on close, for what has been handled only', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append(
      'orders',
      0,
      numbers(0, 5).map((value) => ({ value })),
    )
    const consumer = join(broker)
    for await (const { offset } of consumer) if (offset === 3) break
    await consumer.close()
    expect(committedOffset(broker, 0)).toBe(3)
    expect(broker.requests.count(leaveGroupApi)).toBe(1)
    const next = new Reading(join(broker))
    await next.reaches(2)
    expect(next.values).toEqual(['3', '4'])
  })

  it('by hand counts the record in hand as handled', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append(
      'orders',
      0,
      numbers(0, 5).map((value) => ({ value })),
    )
    const consumer = join(broker, { autoCommit: false })
    for await (const { offset } of consumer) {
      if (offset !== 3) continue
      await consumer.commit()
      break
    }
    expect(committedOffset(broker, 0)).toBe(4)
    const next = await consumer.records().next()
    expect(next.value?.value).toBe('4')
    await consumer.close()
    expect(committedOffset(broker, 0)).toBe(4)
  })

  it('by hand takes offsets, with a note', async () => {
    const broker = await start({ topics: { orders: 2 } })
    const consumer = join(broker, { autoCommit: false })
    const assigned = new Assignments()
    const reading = new Reading(join(broker, { groupId: 'other', ...assigned.listeners }))
    await assigned.reach(2)
    await reading.consumer.commit([{ topic: 'orders', partition: 1, offset: 7, metadata: 'half way' }])
    expect(
      await reading.consumer.committed([
        { topic: 'orders', partition: 0 },
        { topic: 'orders', partition: 1 },
      ]),
    ).toEqual([undefined, { topic: 'orders', partition: 1, offset: 7, leaderEpoch: -1, metadata: 'half way' }])
    await expect(reading.consumer.commit([{ topic: 'orders', partition: 9, offset: 1 }])).rejects.toThrow(
      'orders-9 is not assigned',
    )
    await expect(consumer.commit([{ topic: 'orders', partition: 0, offset: 1 }])).rejects.toThrow(
      'orders-0 is not assigned',
    )
  })

  it('is done for partitions that a consumer with a group id assigned itself', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append(
      'orders',
      0,
      numbers(0, 3).map((value) => ({ value })),
    )
    const consumer = join(broker, { topics: undefined })
    consumer.assign([{ topic: 'orders', partition: 0 }])
    for await (const { offset } of consumer) if (offset === 1) break
    await consumer.close()
    expect(committedOffset(broker, 0)).toBe(1)
    expect(broker.requests.count(joinGroupApi)).toBe(0)
  })

  it('needs a group', async () => {
    const broker = await start()
    const consumer = new Kafka({ bootstrapServers: broker.bootstrapServers }).consumer()
    await expect(consumer.commit()).rejects.toMatchObject({ code: 'KAFKA_CONFIG', option: 'groupId' })
    await expect(consumer.committed([])).rejects.toMatchObject({ option: 'groupId' })
    expect(() => consumer.subscribe(['orders'])).toThrow('needs a group')
    expect(() => consumer.groupMetadata()).toThrow('needs a group')
    await consumer.close()
  })

  it.each<ErrorName>([
    'COORDINATOR_LOAD_IN_PROGRESS',
    'NOT_COORDINATOR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'REQUEST_TIMED_OUT',
  ])('is tried again after %s', async (error) => {
    const broker = await start({ topics: { orders: 1 } })
    const events = new Assignments()
    const reading = new Reading(join(broker, { ...events.listeners, autoCommit: false }))
    await events.reach(1)
    broker.control(offsetCommitApi, () => failWith(error), { once: true })
    await reading.consumer.commit([{ topic: 'orders', partition: 0, offset: 5 }])
    expect(committedOffset(broker, 0)).toBe(5)
  })

  it.each<ErrorName>(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS'])(
    'fails when the group went on without the member: %s',
    async (error) => {
      const broker = await start({ topics: { orders: 1 } })
      const events = new Assignments()
      const reading = new Reading(join(broker, { ...events.listeners, autoCommit: false, sessionTimeoutMs: 200 }))
      await events.reach(1)
      broker.control(offsetCommitApi, () => failWith(error), { once: true })
      const commit = reading.consumer.commit([{ topic: 'orders', partition: 0, offset: 5 }])
      await expect(commit).rejects.toMatchObject({ errorName: error })
      await events.reach(0)
      await events.reach(1)
    },
  )

  it('keeps the order of commits', async () => {
    const broker = await start({ topics: { orders: 1 } })
    const events = new Assignments()
    const { consumer } = new Reading(join(broker, { ...events.listeners, autoCommit: false }))
    await events.reach(1)
    broker.control(offsetCommitApi, () => failWith('COORDINATOR_LOAD_IN_PROGRESS'), { once: true })
    await Promise.all([1, 2, 3].map((offset) => consumer.commit([{ topic: 'orders', partition: 0, offset }])))
    const sent = broker.requests
      .of(offsetCommitApi)
      .map(({ request }) => request.topics[0]?.partitions[0]?.committedOffset)
    expect(sent).toEqual([1n, 1n, 2n, 3n])
  })

  it('in onRevoked is in time', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append(
      'orders',
      0,
      numbers(0, 3).map((value) => ({ value })),
    )
    const consumer: TextConsumer = join(broker, { autoCommit: false, onRevoked: () => consumer.commit() })
    const reading = new Reading(consumer)
    await reading.reaches(3)
    await consumer.close()
    await reading.done
    expect(committedOffset(broker, 0)).toBe(3)
  })

  it('is waited for where a transaction is about to commit', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    broker.control(offsetFetchApi, () => failWith('UNSTABLE_OFFSET_COMMIT'), { once: true })
    const reading = new Reading(join(broker))
    await reading.reaches(1)
    expect(broker.requests.of(offsetFetchApi)[0]?.request.requireStable).toBe(true)
  })
})
