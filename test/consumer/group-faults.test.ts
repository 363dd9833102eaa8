import { describe, expect, it } from 'vitest'
import { offsetCommitApi } from '../../src/protocol/messages/08-offset-commit.ts'
import { joinGroupApi } from '../../src/protocol/messages/11-join-group.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { syncGroupApi } from '../../src/protocol/messages/14-sync-group.ts'
import { consumerGroupHeartbeatApi } from '../../src/protocol/messages/68-consumer-group-heartbeat.ts'
import type { TestBroker, TestBrokerOptions } from '../../src/testing/index.ts'
import { committedOffset, fill, gate, join, start as startBroker, type TextConsumer } from './group-fixture.ts'
import { Assignments, numbers, Reading, until } from './loops.ts'

type Options = NonNullable<Parameters<typeof join>[1]>

/** Each kind of group with sessions that are over soon. */
const kinds: [string, Options][] = [
  ['eager', { sessionTimeoutMs: 300 }],
  ['cooperative', { sessionTimeoutMs: 300, assignors: ['cooperative-sticky'] }],
  ['consumer', { groupProtocol: 'consumer', heartbeatIntervalMs: undefined }],
]

const memberApis = [joinGroupApi, syncGroupApi, heartbeatApi, offsetCommitApi, consumerGroupHeartbeatApi]

function start(options: TestBrokerOptions = {}): Promise<TestBroker> {
  return startBroker({ consumerHeartbeatIntervalMs: 20, consumerSessionTimeoutMs: 300, ...options })
}

/** From now on nothing that this client asks of its group gets through, as if its process had been killed. */
function kill(broker: TestBroker, name: string): void {
  for (const { key } of memberApis) broker.control(key, ({ clientId }) => (clientId === name ? 'drop' : undefined))
}

/** Kills a client at its n-th request of an API, before or after the broker has done its part. */
function killAt(broker: TestBroker, name: string, apiKey: number, count: number, isServed: boolean): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0
    const control = broker.control(apiKey, async ({ clientId, serve }) => {
      if (clientId !== name || ++seen < count) return undefined
      control.dispose()
      if (isServed) void serve()
      kill(broker, name)
      resolve()
      return 'drop' as const
    })
  })
}

describe.each(kinds)('a group (%s)', (kind, options) => {
  const { key: joining } = kind === 'consumer' ? consumerGroupHeartbeatApi : joinGroupApi

  it.each<[string, number, number, boolean]>([
    ['before it has joined', joining, 2, false],
    ['when it has joined', joining, 2, true],
    ['before it has its assignment', kind === 'consumer' ? joining : syncGroupApi.key, 1, false],
    ['when it has its assignment', kind === 'consumer' ? joining : syncGroupApi.key, 1, true],
    ['when it is to say what it has', kind === 'consumer' ? joining : heartbeatApi.key, 3, false],
  ])('goes on without a member that dies %s', async (_when, apiKey, count, isServed) => {
    const broker = await start({ topics: { orders: 4 } })
    const events = new Assignments()
    const survivor = new Reading(join(broker, { ...options, maxPollIntervalMs: 400, ...events.listeners }))
    await events.reach(4)
    const died = killAt(broker, 'victim', apiKey, count, isServed)
    const victim = join(broker, { ...options, maxPollIntervalMs: 400, autoCommit: false }, { clientId: 'victim' })
    void new Reading(victim).done.catch(() => undefined)
    await died
    await fill(broker, 0, 40)
    await until(() => new Set(survivor.values).size === 40)
    await events.reach(4)
    await victim.close({ timeoutMs: 50 })
    expect(survivor.values.length).toBe(40)
  })

  it('goes on at another coordinator when its own goes down while members join', async () => {
    const broker = await start({ nodes: 3, topics: { orders: { partitions: 4, replicationFactor: 3 } } })
    const members = [new Assignments(), new Assignments()]
    const first = new Reading(join(broker, { ...options, ...members[0]!.listeners }))
    await members[0]!.reach(4)
    const asked = gate()
    broker.control(joining, () => asked.open() as undefined, { once: true })
    const second = new Reading(join(broker, { ...options, ...members[1]!.listeners }))
    await asked.opened
    await broker.coordinator('billing')!.stop()
    await until(() => members.every(({ partitions }) => partitions.length === 2))
    await fill(broker, 0, 40)
    await until(() => new Set([...first.values, ...second.values]).size === 40)
    expect(first.values.length + second.values.length).toBe(40)
  })

  it('commits at another coordinator when its own goes down before it has answered', async () => {
    const broker = await start({ nodes: 3, topics: { orders: { partitions: 1, replicationFactor: 3 } } })
    const events = new Assignments()
    const consumer = join(broker, { ...options, autoCommit: false, ...events.listeners })
    void new Reading(consumer)
    await events.reach(1)
    const asked = gate()
    const stopped = gate()
    broker.control(
      offsetCommitApi,
      async () => {
        asked.open()
        await stopped.opened
        return 'drop'
      },
      { once: true },
    )
    const commit = consumer.commit([{ topic: 'orders', partition: 0, offset: 3 }])
    await asked.opened
    await broker.coordinator('billing')!.stop()
    stopped.open()
    await commit
    expect(committedOffset(broker, 0)).toBe(3)
  })

  it('begins at the committed offset when a partition comes back, and never commits behind it', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append(
      'orders',
      0,
      numbers(0, 4).map((value) => ({ value })),
    )
    const committed: number[] = []
    broker.control(offsetCommitApi, async ({ serve }) => {
      const response = await serve()
      committed.push(committedOffset(broker, 0) ?? 0)
      return response
    })
    const events = new Assignments()
    const a = join(broker, { ...options, autoCommitIntervalMs: 5, ...events.listeners })
    const loop = a.records()
    expect((await loop.next()).value?.value).toBe('0')
    // It goes silent with a record in its hand, and another member reads on.
    const silence = broker.control(
      (kind === 'consumer' ? consumerGroupHeartbeatApi : heartbeatApi).key,
      ({ request }) => ((request as { memberId: string }).memberId === id ? 'drop' : undefined),
    )
    const id = a.groupMetadata().memberId
    const b = new Reading(join(broker, { ...options, autoCommitIntervalMs: 5 }))
    await b.reaches(4)
    await b.consumer.close()
    expect(committedOffset(broker, 0)).toBe(4)
    silence.dispose()
    await broker.append('orders', 0, [{ value: '4' }])
    // It hears that it is none any more.
    await until(() => a.groupMetadata().generationId < 0)
    expect((await loop.next()).value?.value).toBe('4')
    const next = loop.next()
    await until(() => committedOffset(broker, 0) === 5)
    await a.close()
    await next
    expect(committed.toSorted((x, y) => x - y)).toEqual(committed)
    expect(events.events).toContain('lost orders-0')
  })

  it('commits what the listener says while partitions are revoked, before anybody else has them', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append(
      'orders',
      0,
      numbers(0, 10).map((value) => ({ value })),
    )
    const consumer: TextConsumer = join(broker, {
      ...options,
      autoCommit: false,
      onRevoked: async ([partition]) => {
        const racing = consumer.commit([{ ...partition!, offset: 3 }])
        await consumer.commit([{ ...partition!, offset: 7 }])
        await racing
      },
    })
    const loop = consumer.records()
    await loop.next()
    const other = new Reading(join(broker, options))
    const closing = consumer.close()
    await loop.next()
    await closing
    await other.reaches(3)
    expect(other.values).toEqual(['7', '8', '9'])
  })

  it('lets the later of two members with one instance id in, or says to it why not', async () => {
    const broker = await start({ topics: { orders: 1 } })
    const events = new Assignments()
    const first = new Reading(join(broker, { ...options, groupInstanceId: 'one', ...events.listeners }))
    const outcome = first.done.catch((error: unknown) => error)
    await events.reach(1)
    const later = new Assignments()
    const second = new Reading(join(broker, { ...options, groupInstanceId: 'one', ...later.listeners }))
    if (kind === 'consumer') {
      await expect(second.done).rejects.toMatchObject({ errorName: 'UNRELEASED_INSTANCE_ID' })
      expect(events.partitions).toEqual(['orders-0'])
    } else {
      expect(await outcome).toMatchObject({ errorName: 'FENCED_INSTANCE_ID' })
      await later.reach(1)
    }
  })
})

describe('a classic group', () => {
  it('whose generation is over between joining and its assignment is joined again', async () => {
    const broker = await start({ topics: { orders: 2 } })
    const members = [new Assignments(), new Assignments()]
    const held = gate()
    const syncing = gate()
    broker.control(
      syncGroupApi,
      async () => {
        syncing.open()
        await held.opened
        return undefined
      },
      { once: true },
    )
    void new Reading(join(broker, members[0]!.listeners))
    await syncing.opened
    // The first generation is never assigned: a second member comes before that.
    const before = broker.requests.count(joinGroupApi)
    void new Reading(join(broker, members[1]!.listeners))
    await until(() => broker.requests.count(joinGroupApi) === before + 2)
    held.open()
    await Promise.all(members.map((events) => events.reach(1)))
    expect(members.every(({ events }) => events.every((event) => !event.startsWith('lost')))).toBe(true)
  })
})
