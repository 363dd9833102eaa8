import { describe, expect, it } from 'vitest'
import type { ClientEvents } from '../../src/events.ts'
import type { ConsumerEvents } from '../../src/consumer/hooks.ts'
import { Kafka } from '../../src/kafka.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { fetchApi } from '../../src/protocol/messages/01-fetch.ts'
import { offsetCommitApi } from '../../src/protocol/messages/08-offset-commit.ts'
import { joinGroupApi } from '../../src/protocol/messages/11-join-group.ts'
import { failWith } from '../../src/testing/index.ts'
import { fill, gate, join, start } from './group-fixture.ts'
import { Assignments, numbers, Reading, until } from './loops.ts'

type Seen = { [Name in keyof ConsumerEvents]: ConsumerEvents[Name][] }

/** Hooks that keep what they are told. */
function listen(): { seen: Seen; hooks: { [Name in keyof ConsumerEvents]: (event: ConsumerEvents[Name]) => void } } {
  const seen: Seen = { fetch: [], lag: [], commit: [], rebalance: [], stalled: [] }
  return {
    seen,
    hooks: {
      fetch: (event) => seen.fetch.push(event),
      lag: (event) => seen.lag.push(event),
      commit: (event) => seen.commit.push(event),
      rebalance: (event) => seen.rebalance.push(event),
      stalled: (event) => seen.stalled.push(event),
    },
  }
}

describe("a consumer's metrics", () => {
  it('are empty before anything happens', async () => {
    const broker = await start()
    const metrics = join(broker).metrics()
    expect(metrics).toMatchObject({ assignedPartitions: 0, fetchTotal: 0, recordsLagMax: 0, partitions: [] })
    expect(metrics.recordsLeadMin).toBeUndefined()
    expect(metrics.lastPollAgoMs).toBeUndefined()
  })

  it('count what was fetched, consumed and committed, and how the group rebalanced', async () => {
    const broker = await start()
    await fill(broker, 0, 40)
    const consumer = join(broker)
    const reading = new Reading(consumer)
    await reading.reaches(40)
    await consumer.commit()
    const metrics = consumer.metrics()
    expect(metrics).toMatchObject({
      assignedPartitions: 4,
      recordsConsumedTotal: 40,
      recordsLagMax: 0,
      recordsLeadMin: 10,
      failedFetchTotal: 0,
      failedCommitTotal: 0,
      rebalanceTotal: 1,
      failedRebalanceTotal: 0,
    })
    expect(metrics.fetchTotal).toBeGreaterThan(0)
    expect(metrics.fetchSizeMaxBytes).toBeGreaterThanOrEqual(metrics.fetchSizeAvgBytes)
    expect(metrics.bytesConsumedTotal).toBeGreaterThan(0)
    expect(metrics.commitTotal).toBeGreaterThan(0)
    expect(metrics.rebalanceLatencyTotalMs).toBe(metrics.rebalanceLatencyMaxMs)
    expect(metrics.timeBetweenPollMaxMs).toBeGreaterThanOrEqual(metrics.timeBetweenPollAvgMs)
    expect(metrics.lastPollAgoMs).toBeGreaterThanOrEqual(0)
    const [first] = metrics.partitions
    expect(first).toMatchObject({ topic: 'orders', position: 10, committed: 10, highWatermark: 10, lag: 0, lead: 10 })
  })

  it('count what went wrong', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    const failures = { fetch: 2, join: 1 }
    broker.control(fetchApi, () => (failures.fetch-- > 0 ? 'drop' : undefined))
    broker.control(joinGroupApi, () => (failures.join-- > 0 ? failWith('GROUP_AUTHORIZATION_FAILED') : undefined))
    const consumer = join(broker)
    await expect(new Reading(consumer).done).rejects.toMatchObject({ errorName: 'GROUP_AUTHORIZATION_FAILED' })
    await new Reading(consumer).reaches(1)
    broker.control(offsetCommitApi, () => failWith('GROUP_AUTHORIZATION_FAILED'))
    await expect(consumer.commit()).rejects.toMatchObject({ errorName: 'GROUP_AUTHORIZATION_FAILED' })
    expect(consumer.metrics()).toMatchObject({
      failedFetchTotal: 2,
      failedRebalanceTotal: 1,
      rebalanceTotal: 1,
      failedCommitTotal: 1,
    })
  })
})

describe("a consumer's events", () => {
  it('tell fetches, lag, commits and rebalances', async () => {
    const broker = await start({ topics: { orders: 1 } })
    for (const value of numbers(0, 3)) await broker.append('orders', 0, [{ value }])
    const { seen, hooks } = listen()
    const reading = new Reading(join(broker, { hooks }))
    await reading.reaches(3)
    await reading.consumer.close()
    expect(seen.rebalance[0]).toMatchObject({
      groupId: 'billing',
      hasFailed: false,
      partitions: [{ topic: 'orders', partition: 0 }],
    })
    expect(seen.fetch[0]).toMatchObject({ groupId: 'billing', nodeId: 1, partitionCount: 1, recordCount: 3 })
    expect(seen.fetch[0]?.error).toBeUndefined()
    expect(seen.lag[0]).toEqual({
      groupId: 'billing',
      topic: 'orders',
      partition: 0,
      position: 0,
      endOffset: 3,
      lag: 3,
    })
    expect(seen.commit.at(-1)).toMatchObject({ groupId: 'billing', offsets: [{ topic: 'orders', offset: 3 }] })
    expect(seen.stalled).toEqual([])
  })

  it('reach the listeners of the client, as well as hooks', async () => {
    const broker = await start({ topics: { orders: 1 } })
    const kafka = new Kafka({ bootstrapServers: broker.bootstrapServers })
    const { seen, hooks } = listen()
    const told: ClientEvents['fetch'][] = []
    const delivered: ClientEvents['batchEnd'][] = []
    kafka.on('fetch', (event) => told.push(event))
    kafka.on('batchEnd', (event) => delivered.push(event))
    const producer = kafka.producer()
    await producer.send({ topic: 'orders', value: 'a' })
    await producer.close()
    const consumer = kafka.consumer({ autoOffsetReset: 'earliest', hooks })
    consumer.assign([{ topic: 'orders', partition: 0 }])
    await new Reading(consumer).reaches(1)
    await consumer.close()
    expect(delivered).toMatchObject([{ topic: 'orders', recordCount: 1, error: undefined }])
    expect(told.length).toBeGreaterThan(0)
    expect(told).toEqual(seen.fetch)
  })
})

describe('a partition that does not move', () => {
  it('is told of while the handler does not come back, again and again', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    const { seen, hooks } = listen()
    const consumer = join(broker, { hooks, stallTimeoutMs: 40 })
    const { open: finish, opened } = gate()
    const run = consumer.run({ eachRecord: () => opened })
    await until(() => seen.stalled.length >= 2)
    expect(seen.stalled[0]).toMatchObject({
      groupId: 'billing',
      topic: 'orders',
      partition: 0,
      position: 1,
      waitsFor: 'handler',
    })
    expect(seen.stalled[1]!.stalledMs).toBeGreaterThan(seen.stalled[0]!.stalledMs)
    finish()
    await consumer.close()
    await run
  })

  it('is told of with the error of a broker that refuses it', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    broker.control(fetchApi, () => failWith('KAFKA_STORAGE_ERROR'))
    const { seen, hooks } = listen()
    const reading = new Reading(join(broker, { hooks, stallTimeoutMs: 40 }))
    await until(() => seen.stalled.length > 0)
    expect(['retry', 'fetch']).toContain(seen.stalled[0]!.waitsFor)
    expect(seen.stalled[0]).toMatchObject({
      position: 0,
      lastError: { errorName: 'KAFKA_STORAGE_ERROR', errorCode: ERROR.KAFKA_STORAGE_ERROR },
    })
    await reading.consumer.close()
  })

  it('is told of when no broker leads it, though nobody knows whether there are records', async () => {
    const broker = await start({ topics: { orders: 1 }, nodes: 2 })
    await broker.append('orders', 0, [{ value: 'a' }])
    const { seen, hooks } = listen()
    const assignments = new Assignments()
    const reading = new Reading(join(broker, { hooks, stallTimeoutMs: 100, ...assignments.listeners }))
    await reading.reaches(1)
    for (const node of broker.nodes) await node.stop()
    await until(() => seen.stalled.length > 0)
    expect(seen.stalled[0]).toMatchObject({ position: 1, lag: 0 })
    await reading.consumer.close({ timeoutMs: 50 })
  })
})
