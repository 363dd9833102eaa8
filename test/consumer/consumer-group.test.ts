import { describe, expect, it } from 'vitest'
import type { ErrorName } from '../../src/protocol/error-codes.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { offsetCommitApi } from '../../src/protocol/messages/08-offset-commit.ts'
import { offsetFetchApi } from '../../src/protocol/messages/09-offset-fetch.ts'
import {
  consumerGroupHeartbeatApi,
  type ConsumerGroupHeartbeatRequest,
} from '../../src/protocol/messages/68-consumer-group-heartbeat.ts'
import { failWith, type TestBroker, type TestBrokerOptions } from '../../src/testing/index.ts'
import { committedOffset, fill, gate, join as joinClassic, nextRequest, start as startBroker } from './group-fixture.ts'
import type { TextConsumer } from './group-fixture.ts'
import { Assignments, numbers, Reading, until } from './loops.ts'

type Options = NonNullable<Parameters<typeof joinClassic>[1]>

function start(options: TestBrokerOptions = {}): Promise<TestBroker> {
  return startBroker({ consumerHeartbeatIntervalMs: 20, ...options })
}

/** A member of the group `billing` under the consumer protocol, closed after the test. */
function join(broker: TestBroker, options: Options = {}): TextConsumer {
  return joinClassic(broker, { groupProtocol: 'consumer', heartbeatIntervalMs: undefined, ...options })
}

function heartbeats(broker: TestBroker): ConsumerGroupHeartbeatRequest[] {
  return broker.requests.of(consumerGroupHeartbeatApi).map(({ request }) => request)
}

function nextHeartbeat(broker: TestBroker): Promise<ConsumerGroupHeartbeatRequest> {
  return nextRequest(broker, consumerGroupHeartbeatApi)
}

/** The next heartbeat fails with an error. */
function failNext(broker: TestBroker, error: ErrorName): void {
  broker.control(consumerGroupHeartbeatApi, () => failWith(error), { once: true })
}

describe('a group of the consumer protocol', () => {
  it('tells everything when it is joined, and later only what has changed', async () => {
    const broker = await start()
    const events = new Assignments()
    const consumer = join(broker, {
      clientRack: 'r1',
      groupRemoteAssignor: 'range',
      maxPollIntervalMs: 9_000,
      ...events.listeners,
    })
    void new Reading(consumer)
    await events.reach(4)
    await until(() => heartbeats(broker).length > 1)
    const [joining, acknowledging] = heartbeats(broker)
    const { memberId } = consumer.groupMetadata()
    expect(joining).toMatchObject({
      memberId,
      memberEpoch: 0,
      rackId: 'r1',
      serverAssignor: 'range',
      rebalanceTimeoutMs: 9_000,
      subscribedTopicNames: ['orders'],
      subscribedTopicRegex: null,
      topicPartitions: [],
    })
    await until(() => heartbeats(broker).length > 2)
    const idle = heartbeats(broker)[2]
    const unchanged = { rackId: null, serverAssignor: null, rebalanceTimeoutMs: -1, subscribedTopicNames: null }
    expect(acknowledging).toMatchObject({ memberId, memberEpoch: 2, ...unchanged })
    expect(acknowledging!.topicPartitions?.[0]?.partitions).toEqual([0, 1, 2, 3])
    expect(idle).toMatchObject({ memberId, memberEpoch: 2, ...unchanged, topicPartitions: null })
    consumer.subscribe(['orders', 'returns'])
    const changed = await nextHeartbeat(broker)
    expect(changed).toMatchObject({ ...unchanged, subscribedTopicNames: ['orders', 'returns'], topicPartitions: null })
    expect(consumer.groupMetadata()).toMatchObject({ groupId: 'billing', memberId, groupInstanceId: null })
  })

  it('takes the id that an older coordinator gives', async () => {
    const broker = await start({ apiVersions: { ConsumerGroupHeartbeat: { min: 0, max: 0 } } })
    await fill(broker, 0, 4)
    const consumer = join(broker)
    await new Reading(consumer).reaches(4)
    expect(heartbeats(broker)[0]!.memberId).toBe('')
    const { memberId } = consumer.groupMetadata()
    expect(
      heartbeats(broker)
        .slice(1)
        .every((each) => each.memberId === memberId),
    ).toBe(true)
    await consumer.close()
    expect(heartbeats(broker).at(-1)).toMatchObject({ memberId, memberEpoch: -1 })
  })

  it('waits for the record in hand, and commits it before the partitions are handed on', async () => {
    const broker = await start({ topics: { orders: 2 } })
    for (const partition of [0, 1])
      await broker.append('orders', partition, [{ value: `a${partition}` }, { value: `b${partition}` }])
    const events = new Assignments()
    const consumer = join(broker, events.listeners)
    const loop = consumer.records()
    const first = (await loop.next()).value!
    const other = new Assignments()
    const second = new Reading(join(broker, other.listeners))
    // It has been told to let one go, which waits for the loop; heartbeats do not.
    await until(() =>
      heartbeats(broker).some(
        ({ memberEpoch, memberId }) => memberEpoch === 3 && memberId !== consumer.groupMetadata().memberId,
      ),
    )
    for (let count = 0; count < 5; count++) await nextHeartbeat(broker)
    expect(events.events).toEqual(['assigned orders-0 orders-1'])
    expect(other.partitions).toEqual([])
    const next = loop.next()
    await events.reach(1)
    await other.reach(1)
    const [kept] = events.partitions
    if (kept !== `orders-${first.partition}`) expect(committedOffset(broker, first.partition)).toBe(1)
    await next
    await consumer.close()
    await other.reach(2)
    await until(() => new Set([first.value, ...second.values]).size === 4)
  })

  it('gives no partition to a member before the one that has it has let it go', async () => {
    const broker = await start({ topics: { orders: 1 } })
    const revoking = gate()
    const events = new Assignments()
    const { onRevoked, ...rest } = events.listeners
    const a = join(broker, {
      ...rest,
      onRevoked: async (partitions) => {
        await revoking.opened
        await onRevoked(partitions)
      },
    })
    void new Reading(a)
    await events.reach(1)
    const other = new Assignments()
    void new Reading(join(broker, other.listeners))
    a.subscribe(['returns'])
    for (let count = 0; count < 6; count++) await nextHeartbeat(broker)
    expect(other.partitions).toEqual([])
    revoking.open()
    await other.reach(1)
  })

  it('takes new partitions in when the listener is ready, and not before', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append(
      'orders',
      0,
      numbers(0, 10).map((value) => ({ value })),
    )
    const consumer: TextConsumer = join(broker, {
      onAssigned: async ([partition]) => {
        for (let count = 0; count < 3; count++) await nextHeartbeat(broker)
        consumer.seek({ ...partition!, offset: 7 })
      },
    })
    const reading = new Reading(consumer)
    await reading.reaches(3)
    expect(reading.values).toEqual(['7', '8', '9'])
  })

  it('follows topics that appear, grow and go', async () => {
    const broker = await start({ autoCreateTopics: false })
    const events = new Assignments()
    const consumer = join(broker, { topics: ['orders', 'later'], ...events.listeners })
    void new Reading(consumer)
    await events.reach(4)
    broker.createTopic('later', 2)
    await events.reach(6)
    consumer.subscribe(['later'])
    await events.reach(2)
    expect(events.events).toContain('revoked orders-0 orders-1 orders-2 orders-3')
  })

  it('waits for the names of topics that metadata does not tell yet', async () => {
    const broker = await start({ topics: { orders: 1 } })
    let isHidden = true
    broker.control(metadataApi, async ({ serve }) => {
      const response = await serve()
      return isHidden ? { ...response, topics: [] } : response
    })
    await broker.append('orders', 0, [{ value: 'a' }])
    const events = new Assignments()
    const reading = new Reading(join(broker, { topics: { pattern: 'ord.*' }, ...events.listeners }))
    for (let count = 0; count < 4; count++) await nextHeartbeat(broker)
    expect(events.partitions).toEqual([])
    isHidden = false
    await reading.reaches(1)
    expect(events.partitions).toEqual(['orders-0'])
  })

  it('is left by a member whose record takes too long; it joins again when its loop goes on', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    const events = new Assignments()
    const slow = join(broker, { maxPollIntervalMs: 60, ...events.listeners })
    const loop = slow.records()
    await loop.next()
    await until(() => heartbeats(broker).some(({ memberEpoch }) => memberEpoch === -1))
    await expect(slow.commit()).rejects.toMatchObject({ code: 'KAFKA_NOT_A_MEMBER' })
    const other = new Reading(join(broker))
    await other.reaches(1)
    expect(other.values).toEqual(['a'])
    await other.consumer.close()
    await broker.append('orders', 0, [{ value: 'b' }])
    expect((await loop.next()).value?.value).toBe('b')
    expect(events.events).toEqual(['assigned orders-0', 'lost orders-0', 'assigned orders-0'])
  })

  it('takes back the partitions of a member that went silent', async () => {
    const broker = await start({ topics: { orders: 1 }, consumerSessionTimeoutMs: 150 })
    await broker.append('orders', 0, [{ value: 'a' }])
    const silent = join(broker, { autoCommit: false })
    await silent.records().next()
    const silentId = silent.groupMetadata().memberId
    broker.control(consumerGroupHeartbeatApi, ({ request }) => (request.memberId === silentId ? 'ignore' : undefined))
    const reading = new Reading(join(broker))
    await reading.reaches(1)
    expect(reading.values).toEqual(['a'])
    await silent.close({ timeoutMs: 100 })
  })

  it('goes on at another coordinator when its own goes down', async () => {
    const broker = await start({ nodes: 3, topics: { orders: { partitions: 4, replicationFactor: 3 } } })
    const events = new Assignments()
    const reading = new Reading(join(broker, events.listeners))
    await events.reach(4)
    await broker.coordinator('billing')!.stop()
    await fill(broker, 0, 8)
    await reading.reaches(8)
    expect(events.events).toEqual(['assigned orders-0 orders-1 orders-2 orders-3'])
  })
})

describe('a member under the consumer protocol', () => {
  it.each<ErrorName>(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS'])(
    'sends a heartbeat again after %s, with everything in it, and keeps its partitions',
    async (error) => {
      const broker = await start()
      failNext(broker, error)
      const events = new Assignments()
      const reading = new Reading(join(broker, events.listeners))
      await events.reach(4)
      await nextHeartbeat(broker)
      failNext(broker, error)
      // The one that fails is not seen here.
      const again = await nextHeartbeat(broker)
      expect(again).toMatchObject({ memberEpoch: 2, subscribedTopicNames: ['orders'], rebalanceTimeoutMs: 300_000 })
      expect(again.topicPartitions?.[0]?.partitions).toEqual([0, 1, 2, 3])
      await fill(broker, 0, 4)
      await reading.reaches(4)
      expect(events.events).toHaveLength(1)
    },
  )

  it('whose answer with a new epoch is lost says what it has, and keeps it', async () => {
    const broker = await start()
    const events = new Assignments()
    const reading = new Reading(join(broker, events.listeners))
    await events.reach(4)
    await nextHeartbeat(broker)
    broker.createTopic('returns', 1)
    reading.consumer.subscribe(['orders', 'returns'])
    broker.control(
      consumerGroupHeartbeatApi,
      async ({ serve }) => {
        await serve()
        return 'drop' as const
      },
      { once: true },
    )
    await events.reach(5)
    expect(events.events.map((event) => event.split(' ')[0])).toEqual(['assigned', 'assigned'])
    await fill(broker, 0, 4)
    await reading.reaches(4)
  })

  it.each<ErrorName>(['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'])(
    'that is told %s has lost its partitions and joins again under its id',
    async (error) => {
      const broker = await start({ topics: { orders: 1 } })
      const events = new Assignments()
      const consumer = join(broker, events.listeners)
      const reading = new Reading(consumer)
      await events.reach(1)
      await nextHeartbeat(broker)
      const { memberId } = consumer.groupMetadata()
      failNext(broker, error)
      await events.reach(0)
      await events.reach(1)
      expect(events.events).toEqual(['assigned orders-0', 'lost orders-0', 'assigned orders-0'])
      expect(
        heartbeats(broker)
          .filter(({ memberEpoch }) => memberEpoch === 0)
          .map((each) => each.memberId),
      ).toEqual([memberId, memberId])
      await broker.append('orders', 0, [{ value: 'a' }])
      await reading.reaches(1)
    },
  )

  it('that was fenced commits nothing for the record in hand, and reads it again', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }, { value: 'b' }])
    const events = new Assignments()
    const consumer = join(broker, { ...events.listeners, autoCommitIntervalMs: 5 })
    const loop = consumer.records()
    await loop.next()
    failNext(broker, 'FENCED_MEMBER_EPOCH')
    await until(() => consumer.groupMetadata().generationId < 0)
    expect((await loop.next()).value?.value).toBe('a')
    expect(events.events).toContain('lost orders-0')
    expect(committedOffset(broker, 0) ?? 0).toBe(0)
  })

  it('that is fenced while it lets partitions go loses them all, and joins again', async () => {
    const broker = await start({ topics: { orders: 2 } })
    const revoking = gate()
    const events = new Assignments()
    const { onRevoked, ...rest } = events.listeners
    const consumer = join(broker, {
      ...rest,
      onRevoked: async (partitions) => {
        await revoking.opened
        await onRevoked(partitions)
      },
    })
    void new Reading(consumer)
    await events.reach(2)
    broker.createTopic('returns', 1)
    consumer.subscribe(['returns'])
    for (let count = 0; count < 4; count++) await nextHeartbeat(broker)
    failNext(broker, 'FENCED_MEMBER_EPOCH')
    await until(() => consumer.groupMetadata().generationId < 0)
    revoking.open()
    await events.reach(1)
    expect(events.partitions).toEqual(['returns-0'])
  })

  it.each<ErrorName>([
    'GROUP_AUTHORIZATION_FAILED',
    'INVALID_REQUEST',
    'GROUP_MAX_SIZE_REACHED',
    'UNSUPPORTED_ASSIGNOR',
    'UNRELEASED_INSTANCE_ID',
    'FENCED_INSTANCE_ID',
    'INVALID_REGULAR_EXPRESSION',
  ])('that is told %s says so in each loop, and tries no more', async (error) => {
    const broker = await start({ topics: { orders: 1 } })
    const events = new Assignments()
    const consumer = join(broker, events.listeners)
    const reading = new Reading(consumer)
    await events.reach(1)
    await nextHeartbeat(broker)
    failNext(broker, error)
    await expect(reading.done).rejects.toMatchObject({ errorName: error })
    await expect(new Reading(consumer).done).rejects.toMatchObject({ errorName: error })
    expect(events.events).toEqual(['assigned orders-0', 'lost orders-0'])
    const count = heartbeats(broker).length
    await consumer.close()
    expect(heartbeats(broker)).toHaveLength(count)
  })

  it('that may not see a topic says so, and stays', async () => {
    const broker = await start({ topics: { orders: 1 } })
    const events = new Assignments()
    const consumer = join(broker, events.listeners)
    const reading = new Reading(consumer)
    await events.reach(1)
    failNext(broker, 'TOPIC_AUTHORIZATION_FAILED')
    await expect(reading.done).rejects.toMatchObject({ errorName: 'TOPIC_AUTHORIZATION_FAILED' })
    await broker.append('orders', 0, [{ value: 'a' }])
    await new Reading(consumer).reaches(1)
    expect(events.events).toEqual(['assigned orders-0'])
  })

  it.each([
    ['does not offer the protocol', { apiVersions: { ConsumerGroupHeartbeat: null } }],
    ['has it switched off', {}],
  ])('of a cluster that %s is told what to do', async (what, options) => {
    const broker = await start(options)
    if (what === 'has it switched off') failNext(broker, 'UNSUPPORTED_VERSION')
    const failing = new Reading(join(broker)).done
    await expect(failing).rejects.toMatchObject({ code: 'KAFKA_UNSUPPORTED_VERSION' })
    await expect(failing).rejects.toThrow("set groupProtocol: 'classic'")
  })

  it('commits again under its new epoch when the coordinator is ahead', async () => {
    const broker = await start({ topics: { orders: 1, returns: 1 } })
    const events = new Assignments()
    const consumer = join(broker, { ...events.listeners, autoCommit: false })
    void new Reading(consumer)
    await events.reach(1)
    await nextHeartbeat(broker)
    // The answer that tells of the new epoch is held back.
    const answering = gate()
    broker.control(
      consumerGroupHeartbeatApi,
      async ({ serve }) => {
        const response = await serve()
        await answering.opened
        return response
      },
      { once: true },
    )
    consumer.subscribe(['orders', 'returns'])
    await nextHeartbeat(broker)
    const refused = nextRequest(broker, offsetCommitApi)
    const commit = consumer.commit([{ topic: 'orders', partition: 0, offset: 5 }])
    expect((await refused).generationIdOrMemberEpoch).toBe(2)
    answering.open()
    await commit
    expect(committedOffset(broker, 0)).toBe(5)
    expect(broker.requests.of(offsetCommitApi).at(-1)!.request.generationIdOrMemberEpoch).toBe(3)
  })

  it('says who it is when it asks for committed offsets, and asks again when it is behind', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    broker.control(offsetFetchApi, () => failWith('STALE_MEMBER_EPOCH'), { once: true })
    const consumer = join(broker)
    await new Reading(consumer).reaches(1)
    const { memberId } = consumer.groupMetadata()
    const asked = broker.requests.of(offsetFetchApi).map(({ request }) => request.groups[0])
    expect(asked).toHaveLength(2)
    expect(asked[1]).toMatchObject({ memberId, memberEpoch: 2 })
  })

  it('that is static keeps its partitions over a restart', async () => {
    const broker = await start()
    const events = new Assignments()
    const other = new Assignments()
    const first = join(broker, { groupInstanceId: 'one', ...events.listeners })
    void new Reading(first)
    await events.reach(4)
    void new Reading(join(broker, other.listeners))
    await Promise.all([events.reach(2), other.reach(2)])
    const kept = events.partitions
    await first.close()
    expect(heartbeats(broker).some(({ memberEpoch, instanceId }) => memberEpoch === -2 && instanceId === 'one')).toBe(
      true,
    )
    const again = new Assignments()
    void new Reading(join(broker, { groupInstanceId: 'one', ...again.listeners }))
    await again.reach(2)
    expect(again.partitions).toEqual(kept)
    expect(other.events.filter((event) => event.startsWith('revoked'))).toEqual([])
  })

  it('that is static is let in again when it was fenced', async () => {
    const broker = await start({ topics: { orders: 1 } })
    const events = new Assignments()
    void new Reading(join(broker, { groupInstanceId: 'one', ...events.listeners }))
    await events.reach(1)
    await nextHeartbeat(broker)
    failNext(broker, 'FENCED_MEMBER_EPOCH')
    await events.reach(0)
    await events.reach(1)
    expect(events.events).toEqual(['assigned orders-0', 'lost orders-0', 'assigned orders-0'])
  })

  it('that is static is not let in while another has its name', async () => {
    const broker = await start({ topics: { orders: 1 } })
    const events = new Assignments()
    void new Reading(join(broker, { groupInstanceId: 'one', ...events.listeners }))
    await events.reach(1)
    const second = new Reading(join(broker, { groupInstanceId: 'one' }))
    await expect(second.done).rejects.toMatchObject({ errorName: 'UNRELEASED_INSTANCE_ID' })
    await expect(second.done).rejects.toThrow('one')
  })

  it.each(['joining', 'reconciling', 'stable'])('can be closed while it is %s', async (stage) => {
    const broker = await start({ topics: { orders: 1 } })
    const held = gate()
    const events = new Assignments()
    const asked = nextHeartbeat(broker)
    if (stage === 'joining')
      broker.control(consumerGroupHeartbeatApi, () => held.opened.then(() => undefined), { once: true })
    const consumer = join(broker, {
      ...events.listeners,
      ...(stage === 'reconciling' ? { onAssigned: () => held.opened } : {}),
    })
    const reading = new Reading(consumer)
    await asked
    if (stage === 'stable') await events.reach(1)
    const closing = consumer.close({ timeoutMs: 1_000 })
    held.open()
    await closing
    await reading.done
    const other = new Assignments()
    void new Reading(join(broker, other.listeners))
    await other.reach(1)
    expect(heartbeats(broker).filter(({ memberEpoch }) => memberEpoch === -1)).toHaveLength(1)
  })

  it('changes its topics, leaves when it unsubscribes, and can subscribe again', async () => {
    const broker = await start({ topics: { orders: 1, returns: 2 } })
    const events = new Assignments()
    const consumer = join(broker, events.listeners)
    const reading = new Reading(consumer)
    await events.reach(1)
    consumer.subscribe(['returns'])
    await events.reach(2)
    await consumer.unsubscribe()
    expect(events.events.filter((event) => event !== 'assigned')).toEqual([
      'assigned orders-0',
      'revoked orders-0',
      'assigned returns-0 returns-1',
      'revoked returns-0 returns-1',
    ])
    expect(heartbeats(broker).at(-1)!.memberEpoch).toBe(-1)
    consumer.subscribe(['orders'])
    await broker.append('orders', 0, [{ value: 'back' }])
    await reading.reaches(1)
  })
})

describe('a group that changes over', () => {
  it('to the consumer protocol and back keeps reading, each record once', async () => {
    const broker = await start()
    const classic = (events: Assignments): TextConsumer =>
      joinClassic(broker, { assignors: ['cooperative-sticky'], ...events.listeners })
    const members = Array.from({ length: 4 }, () => new Assignments())
    const [a, b] = [0, 1].map((index) => new Reading(classic(members[index]!)))
    await Promise.all([members[0]!.reach(2), members[1]!.reach(2)])
    await fill(broker, 0, 40)
    await Promise.all([a!.reaches(20), b!.reaches(20)])
    const c = new Reading(join(broker, members[2]!.listeners))
    await until(() => members.map(({ partitions }) => partitions.length).reduce((x, y) => x + y) === 4)
    await members[2]!.reach(1)
    await a!.consumer.close()
    const d = new Reading(join(broker, members[3]!.listeners))
    await until(() => [1, 2, 3].every((index) => members[index]!.partitions.length > 0))
    await b!.consumer.close()
    await Promise.all([members[2]!.reach(2), members[3]!.reach(2)])
    await fill(broker, 40, 80)
    const all = (): (string | null)[] => [a!, b!, c, d].flatMap(({ values }) => values)
    await until(() => all().length >= 80)
    const last = new Assignments()
    const e = new Reading(classic(last))
    await last.reach(1)
    await c.consumer.close()
    await d.consumer.close()
    await last.reach(4)
    await fill(broker, 80, 120)
    await until(() => all().length + e.values.length >= 120)
    expect([...all(), ...e.values].map(Number).toSorted((x, y) => x - y)).toEqual(numbers(0, 120).map(Number))
  })

  it('lets the process live when a member cannot go on that was about to tell something else', async () => {
    const broker = await start()
    const consumer = join(broker)
    broker.control(consumerGroupHeartbeatApi, () => {
      consumer.subscribe(['others'])
      return failWith('UNRELEASED_INSTANCE_ID')
    })
    await expect(new Reading(consumer).done).rejects.toMatchObject({ errorName: 'UNRELEASED_INSTANCE_ID' })
    // A loop of microtasks would keep others from ever having their turn.
    await broker.append('orders', 0, [{ value: 'a' }])
    await new Reading(joinClassic(broker, { groupId: 'another' })).reaches(1)
    await consumer.close()
  })
})
