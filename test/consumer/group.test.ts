import { describe, expect, it } from 'vitest'
import type { ErrorName } from '../../src/protocol/error-codes.ts'
import { joinGroupApi } from '../../src/protocol/messages/11-join-group.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { leaveGroupApi } from '../../src/protocol/messages/13-leave-group.ts'
import { syncGroupApi } from '../../src/protocol/messages/14-sync-group.ts'
import { failWith } from '../../src/testing/index.ts'
import { committedOffset, fill, join, nextRequest, start, type TextConsumer } from './group-fixture.ts'
import { Assignments, numbers, Reading, until } from './loops.ts'

describe('a group', () => {
  it('gives its only member everything, after the coordinator gave it an id', async () => {
    const broker = await start()
    await fill(broker, 0, 20)
    const assignments = new Assignments()
    const consumer = join(broker, assignments.listeners)
    const reading = new Reading(consumer)
    await reading.reaches(20)
    expect(reading.values.map(Number).toSorted((a, b) => a - b)).toEqual(numbers(0, 20).map(Number))
    expect(assignments.events).toEqual(['assigned orders-0 orders-1 orders-2 orders-3'])
    const [first, second] = broker.requests.of(joinGroupApi).map(({ request }) => request.memberId)
    expect(first).toBe('')
    expect(second).toBe(consumer.groupMetadata().memberId)
    expect(consumer.groupMetadata()).toMatchObject({ groupId: 'billing', generationId: 1, groupInstanceId: null })
  })

  it('waits for the record in hand, and commits it before the partitions are handed on', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }, { value: 'b' }])
    const events = new Assignments()
    const consumer = join(broker, events.listeners)
    const loop = consumer.records()
    await loop.next()
    const asked = nextRequest(broker, joinGroupApi)
    const second = new Reading(join(broker))
    // The first request of a member only gets it an id; the group rebalances from the second on.
    await asked
    await nextRequest(broker, joinGroupApi)
    // The coordinator tells the first one in its answer to a heartbeat, which has come by the time of the next heartbeat.
    await nextRequest(broker, heartbeatApi)
    await nextRequest(broker, heartbeatApi)
    expect(events.events).toEqual(['assigned orders-0'])
    const waiting = loop.next()
    await events.reach(0)
    expect(committedOffset(broker, 0)).toBe(1)
    await consumer.close()
    await waiting
    await second.reaches(1)
    expect(second.values).toEqual(['b'])
  })

  it('is left by a member whose record takes too long; another one gets the record, and nothing is committed for it', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    const events = new Assignments()
    const slow = join(broker, { maxPollIntervalMs: 60, ...events.listeners })
    const left = nextRequest(broker, leaveGroupApi)
    const loop = slow.records()
    await loop.next()
    expect((await left).members[0]?.reason).toContain('maxPollIntervalMs')
    await expect(slow.commit()).rejects.toMatchObject({ code: 'KAFKA_NOT_A_MEMBER' })
    const other = new Reading(join(broker))
    await other.reaches(1)
    expect(other.values).toEqual(['a'])
    await other.consumer.close()
    await broker.append('orders', 0, [{ value: 'b' }])
    expect((await loop.next()).value?.value).toBe('b')
    expect(events.events).toEqual(['assigned orders-0', 'lost orders-0', 'assigned orders-0'])
  })

  it('keeps a member whose record takes longer than a session', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }, { value: 'b' }])
    const events = new Assignments()
    const consumer = join(broker, { sessionTimeoutMs: 400, heartbeatIntervalMs: 20, ...events.listeners })
    for await (const { value } of consumer) {
      if (value === 'b') break
      for (let count = 0; count < 30; count++) await nextRequest(broker, heartbeatApi)
    }
    expect(events.events).toEqual(['assigned orders-0'])
  })

  it('lets a member without a loop take part in a rebalance', async () => {
    const broker = await start()
    await fill(broker, 0, 4)
    const events = new Assignments()
    const idle = join(broker, events.listeners)
    for await (const _record of idle) break
    const other = new Assignments()
    const reading = new Reading(join(broker, other.listeners))
    await Promise.all([events.reach(2), other.reach(2)])
    await reading.reaches(2)
    expect(idle.assignment()).toHaveLength(2)
  })

  it('is left by a member that has no loop for too long, until it has one again', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    const events = new Assignments()
    const consumer = join(broker, { maxPollIntervalMs: 60, ...events.listeners })
    const left = nextRequest(broker, leaveGroupApi)
    for await (const _record of consumer) break
    await left
    await new Reading(consumer).reaches(1)
    expect(events.events).toEqual(['assigned orders-0', 'lost orders-0', 'assigned orders-0'])
  })

  it('is left by a member whose assignor fails, so that the others need not wait', async () => {
    const broker = await start({ topics: { orders: 1 } })
    const failure = new Error('no idea')
    const failing = join(broker, {
      assignors: [
        {
          name: 'range',
          assign: () => {
            throw failure
          },
        },
      ],
    })
    await expect(new Reading(failing).done).rejects.toBe(failure)
    await broker.append('orders', 0, [{ value: 'a' }])
    const other = new Reading(join(broker))
    await other.reaches(1)
  })

  it('takes back the partitions of a member that went silent', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    const silent = join(broker, { sessionTimeoutMs: 100, heartbeatIntervalMs: 99, autoCommit: false })
    await silent.records().next()
    broker.control(heartbeatApi, ({ request }) => (request.memberId === silentId ? 'ignore' : undefined))
    const silentId = silent.groupMetadata().memberId
    const reading = new Reading(join(broker))
    await reading.reaches(1)
    expect(reading.values).toEqual(['a'])
  })
})

describe('a member', () => {
  it.each<[string, ErrorName, 'join' | 'sync']>([
    ['the coordinator is loading', 'COORDINATOR_LOAD_IN_PROGRESS', 'join'],
    ['the coordinator is elsewhere', 'NOT_COORDINATOR', 'join'],
    ['the group rebalances again', 'REBALANCE_IN_PROGRESS', 'join'],
    ['its id is not known', 'UNKNOWN_MEMBER_ID', 'join'],
    ['the coordinator is elsewhere', 'NOT_COORDINATOR', 'sync'],
    ['the group rebalances again', 'REBALANCE_IN_PROGRESS', 'sync'],
    ['its generation is over', 'ILLEGAL_GENERATION', 'sync'],
    ['its id is not known', 'UNKNOWN_MEMBER_ID', 'sync'],
  ])('joins again when %s (%s to %s)', async (_why, error, stage) => {
    const broker = await start()
    await fill(broker, 0, 4)
    if (stage === 'join') broker.control(joinGroupApi, () => failWith(error), { once: true })
    else broker.control(syncGroupApi, () => failWith(error), { once: true })
    // The broker waits for a member it was made to deny until the session is over.
    const reading = new Reading(join(broker, { sessionTimeoutMs: 200 }))
    await reading.reaches(4)
    expect(reading.values).toHaveLength(4)
  })

  it('joins again when the connection is lost while it joins', async () => {
    const broker = await start()
    await fill(broker, 0, 4)
    broker.control(joinGroupApi, () => 'drop', { once: true })
    broker.control(syncGroupApi, () => 'drop', { once: true })
    const reading = new Reading(join(broker))
    await reading.reaches(4)
    expect(reading.values).toHaveLength(4)
  })

  it.each<[ErrorName, boolean]>([
    ['UNKNOWN_MEMBER_ID', false],
    ['ILLEGAL_GENERATION', true],
  ])('that a heartbeat is told %s has lost its partitions and joins again', async (error, keepsId) => {
    const broker = await start({ topics: { orders: 1 } })
    const events = new Assignments()
    const consumer = join(broker, { ...events.listeners, sessionTimeoutMs: 200 })
    const reading = new Reading(consumer)
    await events.reach(1)
    const { memberId } = consumer.groupMetadata()
    broker.requests.clear()
    broker.control(heartbeatApi, () => failWith(error), { once: true })
    await events.reach(0)
    await events.reach(1)
    expect(events.events).toEqual(['assigned orders-0', 'lost orders-0', 'assigned orders-0'])
    expect(broker.requests.of(joinGroupApi)[0]?.request.memberId).toBe(keepsId ? memberId : '')
    await broker.append('orders', 0, [{ value: 'a' }])
    await reading.reaches(1)
  })

  it('that was lost commits nothing for the record in hand', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }, { value: 'b' }])
    const events = new Assignments()
    const consumer = join(broker, { ...events.listeners, autoCommitIntervalMs: 5, sessionTimeoutMs: 200 })
    const loop = consumer.records()
    await loop.next()
    broker.requests.clear()
    const heartbeat = nextRequest(broker, heartbeatApi)
    broker.control(heartbeatApi, () => failWith('UNKNOWN_MEMBER_ID'), { once: true })
    await heartbeat
    await until(() => consumer.groupMetadata().generationId < 0)
    expect((await loop.next()).value?.value).toBe('a')
    expect(events.events).toContain('lost orders-0')
    expect(committedOffset(broker, 0) ?? 0).toBe(0)
  })

  it('keeps its place while the coordinator moves', async () => {
    const broker = await start({ topics: { orders: 1 } })
    const events = new Assignments()
    const reading = new Reading(join(broker, events.listeners))
    await events.reach(1)
    for (const error of ['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS'] as const) {
      broker.control(heartbeatApi, () => failWith(error), { once: true })
      await nextRequest(broker, heartbeatApi)
    }
    await broker.append('orders', 0, [{ value: 'a' }])
    await reading.reaches(1)
    expect(events.events).toEqual(['assigned orders-0'])
  })

  it.each(['join', 'heartbeat'])('that another instance has fenced is done for good (%s)', async (stage) => {
    const broker = await start({ topics: { orders: 1 } })
    const consumer = join(broker, { groupInstanceId: 'one' })
    if (stage === 'join') broker.control(joinGroupApi, () => failWith('FENCED_INSTANCE_ID'), { once: true })
    else broker.control(heartbeatApi, () => failWith('FENCED_INSTANCE_ID'), { once: true })
    await expect(new Reading(consumer).done).rejects.toMatchObject({ errorName: 'FENCED_INSTANCE_ID' })
    await expect(new Reading(consumer).done).rejects.toMatchObject({ errorName: 'FENCED_INSTANCE_ID' })
  })

  it('that may not join says so, and tries again in the next loop', async () => {
    const broker = await start()
    await fill(broker, 0, 4)
    const consumer = join(broker)
    broker.control(joinGroupApi, () => failWith('GROUP_AUTHORIZATION_FAILED'), { once: true })
    await expect(new Reading(consumer).done).rejects.toMatchObject({ errorName: 'GROUP_AUTHORIZATION_FAILED' })
    await new Reading(consumer).reaches(4)
  })

  it('that is static keeps its partitions over a restart', async () => {
    const broker = await start()
    const events = new Assignments()
    const first = join(broker, { groupInstanceId: 'one', ...events.listeners })
    void new Reading(first)
    await events.reach(4)
    await first.close()
    expect(broker.requests.count(leaveGroupApi)).toBe(0)
    const second = join(broker, { groupInstanceId: 'one', ...events.listeners })
    await fill(broker, 0, 4)
    await new Reading(second).reaches(4)
  })

  it('gets partitions of a topic once it exists', async () => {
    const broker = await start({ autoCreateTopics: false })
    const events = new Assignments()
    const reading = new Reading(join(broker, { topics: ['orders', 'later'], ...events.listeners }))
    await events.reach(4)
    broker.createTopic('later', 1)
    await events.reach(5)
    await broker.append('later', 0, [{ value: 'at last' }])
    await reading.reaches(1)
    expect(reading.values).toEqual(['at last'])
  })

  it('changes its topics, and leaves when it unsubscribes', async () => {
    const broker = await start({ topics: { orders: 1, returns: 2 } })
    const events = new Assignments()
    const consumer = join(broker, events.listeners)
    const reading = new Reading(consumer)
    await events.reach(1)
    consumer.subscribe(['returns'])
    await events.reach(2)
    await broker.append('returns', 1, [{ value: 'sent back' }])
    await reading.reaches(1)
    await consumer.unsubscribe()
    expect(events.events).toEqual([
      'assigned orders-0',
      'revoked orders-0',
      'assigned returns-0 returns-1',
      'revoked returns-0 returns-1',
    ])
    expect(broker.requests.count(leaveGroupApi)).toBe(1)
    expect(consumer.assignment()).toEqual([])
    consumer.assign([{ topic: 'orders', partition: 0 }])
    await broker.append('orders', 0, [{ value: 'on its own' }])
    await reading.reaches(2)
  })

  it('can say where to start when it is assigned partitions', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append(
      'orders',
      0,
      numbers(0, 10).map((value) => ({ value })),
    )
    const consumer: TextConsumer = join(broker, {
      onAssigned: ([partition]) => consumer.seek({ ...partition!, offset: 7 }),
    })
    const reading = new Reading(consumer)
    await reading.reaches(3)
    expect(reading.values).toEqual(['7', '8', '9'])
  })

  it('hears in its loop what a listener threw', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    let count = 0
    const consumer = join(broker, {
      onAssigned: () => {
        if (count++ === 0) throw new Error('not ready')
      },
    })
    await expect(new Reading(consumer).done).rejects.toThrow('not ready')
    await new Reading(consumer).reaches(1)
  })

  it('speaks to brokers that know no newer requests than Kafka 0.11 did', async () => {
    const broker = await start({
      apiVersions: {
        Fetch: { min: 4, max: 5 },
        ListOffsets: { min: 1, max: 1 },
        Metadata: { min: 0, max: 4 },
        OffsetCommit: { min: 2, max: 3 },
        OffsetFetch: { min: 1, max: 3 },
        FindCoordinator: { min: 0, max: 1 },
        JoinGroup: { min: 0, max: 2 },
        Heartbeat: { min: 0, max: 1 },
        LeaveGroup: { min: 0, max: 1 },
        SyncGroup: { min: 0, max: 1 },
      },
    })
    await fill(broker, 0, 4)
    const consumer = join(broker)
    await new Reading(consumer).reaches(4)
    await consumer.commit()
    await consumer.close()
    expect([0, 1, 2, 3].map((partition) => committedOffset(broker, partition))).toEqual([1, 1, 1, 1])
  })
})
