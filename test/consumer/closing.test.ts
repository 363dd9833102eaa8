import { describe, expect, it } from 'vitest'
import { KafkaError } from '../../src/errors.ts'
import type { Api } from '../../src/protocol/api.ts'
import { fetchApi } from '../../src/protocol/messages/01-fetch.ts'
import { listOffsetsApi } from '../../src/protocol/messages/02-list-offsets.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { offsetCommitApi } from '../../src/protocol/messages/08-offset-commit.ts'
import { offsetFetchApi } from '../../src/protocol/messages/09-offset-fetch.ts'
import { findCoordinatorApi } from '../../src/protocol/messages/10-find-coordinator.ts'
import { joinGroupApi } from '../../src/protocol/messages/11-join-group.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { leaveGroupApi } from '../../src/protocol/messages/13-leave-group.ts'
import { syncGroupApi } from '../../src/protocol/messages/14-sync-group.ts'
import { offsetForLeaderEpochApi } from '../../src/protocol/messages/23-offset-for-leader-epoch.ts'
import type { TestBroker } from '../../src/testing/index.ts'
import { committedOffset, gate, join, nextRequest, start } from './group-fixture.ts'
import { Assignments, Reading, until } from './loops.ts'

describe('closing', () => {
  it('costs nothing before the first loop', async () => {
    const broker = await start()
    await join(broker).close()
    expect(broker.requests.count()).toBe(0)
  })

  it('ends a member that is joining', async () => {
    const broker = await start()
    const asked = nextRequest(broker, joinGroupApi)
    const { open: answer, opened } = gate()
    broker.control(joinGroupApi, async () => {
      await opened
      return undefined
    })
    const reading = new Reading(join(broker))
    await asked
    await reading.consumer.close()
    await expect(reading.done).resolves.toBeUndefined()
    answer()
  })

  it('takes no longer than it may when the brokers are gone', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    const reading = new Reading(join(broker))
    await reading.reaches(1)
    await broker.close()
    await reading.consumer.close({ timeoutMs: 200 })
    await expect(reading.done).resolves.toBeUndefined()
  })

  it.each(['classic', 'consumer'] as const)(
    'does not wait to leave a %s group when the brokers are gone and nothing is left to commit',
    async (groupProtocol) => {
      const broker = await start({ topics: { orders: 1 } })
      await broker.append('orders', 0, [{ value: 'a' }])
      const reading = new Reading(join(broker, { autoCommit: false, groupProtocol, heartbeatIntervalMs: undefined }))
      await reading.reaches(1)
      await broker.close()
      // Loses sight of the coordinator.
      await expect(reading.consumer.commit(undefined, { timeoutMs: 100 })).rejects.toThrow(KafkaError)
      // Longer than any test may take: what ends it is that there is nothing to wait for.
      await reading.consumer.close({ timeoutMs: 600_000 })
      await expect(reading.done).resolves.toBeUndefined()
    },
  )

  it('takes no longer than it may when the coordinator does not answer', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    const reading = new Reading(join(broker))
    await reading.reaches(1)
    broker.control(offsetCommitApi, () => 'ignore')
    broker.control(leaveGroupApi, () => 'ignore')
    await reading.consumer.close({ timeoutMs: 200 })
    await expect(reading.done).resolves.toBeUndefined()
  })

  it('waits for functions of a run, so that what they finish is not delivered again', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }, { value: 'b' }])
    const consumer = join(broker)
    const { open: finish, opened } = gate()
    const { open: began, opened: begun } = gate()
    const run = consumer.run({
      eachRecord: async () => {
        began()
        await opened
      },
    })
    await begun
    const closed = consumer.close()
    finish()
    await closed
    await run
    expect(committedOffset(broker, 0)).toBe(1)
  })

  it('takes no longer than it may when a function of a run does not come back', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    const consumer = join(broker)
    const { open: began, opened: begun } = gate()
    const { open: finish, opened } = gate()
    const run = consumer.run({
      eachRecord: async () => {
        began()
        await opened
      },
    })
    await begun
    await consumer.close({ timeoutMs: 200 })
    expect(committedOffset(broker, 0)).toBeUndefined()
    finish()
    await run
  })

  it('takes no longer than it may when a listener does not come back', async () => {
    const broker = await start({ topics: { orders: 1 } })
    const events = new Assignments()
    const reading = new Reading(join(broker, { ...events.listeners, onRevoked: () => new Promise<void>(() => {}) }))
    await events.reach(1)
    await reading.consumer.close({ timeoutMs: 200 })
    await expect(reading.done).resolves.toBeUndefined()
  })

  it('while partitions are being revoked tells the listener once', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    const events = new Assignments()
    const reading = new Reading(join(broker, events.listeners))
    await reading.reaches(1)
    const { open: answer, opened } = gate()
    const commit = nextRequest(broker, offsetCommitApi)
    broker.control(offsetCommitApi, async () => {
      await opened
      return undefined
    })
    reading.consumer.subscribe(['returns'])
    await commit
    const closed = reading.consumer.close()
    answer()
    await closed
    expect(events.events).toEqual(['assigned orders-0', 'revoked orders-0'])
    expect(committedOffset(broker, 0)).toBe(1)
  })

  it('makes later calls fail', async () => {
    const broker = await start()
    const consumer = join(broker)
    await consumer.close()
    const partitions = [{ topic: 'orders', partition: 0 }]
    const calls = [
      () => consumer.commit(),
      () => consumer.committed(partitions),
      () => consumer.endOffsets(partitions),
      () => consumer.records().next(),
      () => consumer.unsubscribe(),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'KAFKA_CLOSED' })
    expect(() => consumer.subscribe(['orders'])).toThrow('closed')
  })

  it.each<Api<object, object>>(
    [
      metadataApi,
      findCoordinatorApi,
      joinGroupApi,
      syncGroupApi,
      heartbeatApi,
      offsetFetchApi,
      listOffsetsApi,
      offsetForLeaderEpochApi,
      fetchApi,
      offsetCommitApi,
    ].map((api) => api as unknown as Api<object, object>),
  )('ends the loop while a broker does not answer $name', async (api) => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }, { value: 'b' }])
    if (api.key === offsetForLeaderEpochApi.key) await commitFirst(broker)
    const asked = nextRequest(broker, api)
    broker.control(api, () => 'ignore')
    const reading = new Reading(join(broker, { autoCommitIntervalMs: 5 }))
    await asked
    await reading.consumer.close({ timeoutMs: 200 })
    await expect(reading.done).resolves.toBeUndefined()
  })

  it.each([
    ['a deserializer', { value: { deserialize: () => new Promise<string>(() => {}) } }],
    [
      'what takes unreadable records',
      {
        value: {
          deserialize: (): string => {
            throw new Error('not mine')
          },
        },
        onUnreadable: () => new Promise<void>(() => {}),
      },
    ],
  ])('takes no longer than it may while %s does not come back', async (_who, options) => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    const events = new Assignments()
    const reading = new Reading(join(broker, { ...options, ...events.listeners }))
    await events.reach(1)
    await until(() => reading.consumer.metrics().recordsConsumedTotal === 1)
    await reading.consumer.close({ timeoutMs: 200 })
    expect(committedOffset(broker, 0)).toBe(0)
    expect(reading.values).toEqual([])
  })

  it('ends a loop over a paused partition, and one with compressed records on their way', async () => {
    const broker = await start({ topics: { orders: 1 } })
    for (let i = 0; i < 20; i++) {
      await broker.append('orders', 0, [{ value: 'x'.repeat(100_000) }], { compression: 'gzip' })
    }
    const reading = new Reading(join(broker))
    await reading.reaches(1)
    await reading.consumer.close()
    await expect(reading.done).resolves.toBeUndefined()
    const paused = new Reading(join(broker, { groupId: 'other' }))
    await paused.reaches(20)
    paused.consumer.pause()
    await paused.consumer.close()
    await expect(paused.done).resolves.toBeUndefined()
  })
})

/** Has the group read and commit one record. */
async function commitFirst(broker: TestBroker): Promise<void> {
  const consumer = join(broker)
  const loop = consumer.records()
  await loop.next()
  await consumer.commit()
  await consumer.close()
}
