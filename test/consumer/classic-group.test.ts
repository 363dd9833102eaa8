import { describe, expect, it } from 'vitest'
import { decodeAssignment, decodeSubscription } from '../../src/protocol/group-protocol.ts'
import { joinGroupApi } from '../../src/protocol/messages/11-join-group.ts'
import { leaveGroupApi } from '../../src/protocol/messages/13-leave-group.ts'
import { syncGroupApi } from '../../src/protocol/messages/14-sync-group.ts'
import { gate, join, start } from './group-fixture.ts'
import { Assignments, Reading, until } from './loops.ts'

describe('a member of a classic group', () => {
  it('says why it joins again and why it leaves, at no great length', async () => {
    const broker = await start({ topics: { orders: 1 } })
    const events = new Assignments()
    const consumer = join(broker, events.listeners)
    void new Reading(consumer)
    await events.reach(1)
    const reasons = (): (string | null)[] => broker.requests.of(joinGroupApi).map(({ request }) => request.reason)
    consumer.enforceRebalance('the weights have changed')
    await until(() => reasons().includes('the weights have changed'))
    await events.reach(1)
    consumer.enforceRebalance('w'.repeat(10_000))
    await until(() => reasons().includes('w'.repeat(255)))
    await consumer.close()
    expect(broker.requests.of(leaveGroupApi)[0]!.request.members[0]!.reason).toBe('the consumer was closed')
  })

  it('tells its rack, and what it had and when, to the leader', async () => {
    const broker = await start({ topics: { orders: 2 } })
    const events = new Assignments()
    const consumer = join(broker, { clientRack: 'r1', assignors: ['cooperative-sticky'], ...events.listeners })
    void new Reading(consumer)
    await events.reach(2)
    consumer.enforceRebalance()
    await until(() => broker.requests.count(joinGroupApi) > 2)
    const said = broker.requests.of(joinGroupApi).at(-1)!.request.protocols[0]!.metadata
    expect(decodeSubscription(said)).toMatchObject({
      rackId: 'r1',
      generationId: 1,
      ownedPartitions: [{ topic: 'orders', partitions: [0, 1] }],
    })
  })

  it('that comes back as the leader and is told so does not deal out anew, but goes on watching topics (KIP-814)', async () => {
    const broker = await start({ autoCreateTopics: false })
    const options = { groupInstanceId: 'one', topics: ['orders', 'later'] }
    const events = new Assignments()
    const first = join(broker, { ...options, ...events.listeners })
    void new Reading(first)
    await events.reach(4)
    await first.close()
    broker.requests.clear()
    const again = new Assignments()
    void new Reading(join(broker, { ...options, ...again.listeners }))
    await again.reach(4)
    expect(broker.requests.of(syncGroupApi).map(({ request }) => request.assignments)).toEqual([[]])
    broker.createTopic('later', 2)
    await again.reach(6)
    const [dealt] = broker.requests.of(syncGroupApi).at(-1)!.request.assignments
    expect(decodeAssignment(dealt!.assignment).assignedPartitions).toHaveLength(2)
  })

  it('refuses an assignment by another protocol than it has joined with', async () => {
    const broker = await start({ topics: { orders: 1 } })
    broker.control(syncGroupApi, async ({ serve }) => ({ ...(await serve()), protocolName: 'other' }), { once: true })
    const consumer = join(broker)
    await expect(new Reading(consumer).done).rejects.toMatchObject({ errorName: 'INCONSISTENT_GROUP_PROTOCOL' })
  })

  it('hands out no record of new partitions before its listener is done with them', async () => {
    const broker = await start({ topics: { orders: 2 } })
    for (const partition of [0, 1]) await broker.append('orders', partition, [{ value: `${partition}` }])
    const ready = gate()
    let isReady = false
    const consumer = join(broker, {
      assignors: ['cooperative-sticky'],
      onAssigned: async () => {
        await ready.opened
        isReady = true
      },
    })
    const reading = new Reading(consumer)
    await until(() => consumer.assignment().length === 2)
    expect(reading.values).toEqual([])
    expect(isReady).toBe(false)
    ready.open()
    await reading.reaches(2)
    expect(isReady).toBe(true)
  })
})
