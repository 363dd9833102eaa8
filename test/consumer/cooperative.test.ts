import { describe, expect, it } from 'vitest'
import type { Assignor } from '../../src/consumer/assignors/assignor.ts'
import type { TopicPartition } from '../../src/consumer/topic-partition.ts'
import { decodeSubscription } from '../../src/protocol/group-protocol.ts'
import { offsetCommitApi } from '../../src/protocol/messages/08-offset-commit.ts'
import { joinGroupApi } from '../../src/protocol/messages/11-join-group.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { syncGroupApi } from '../../src/protocol/messages/14-sync-group.ts'
import { failWith, type TestBroker } from '../../src/testing/index.ts'
import { committedOffset, fill, gate, join as joinAny, nextRequest, start, type TextConsumer } from './group-fixture.ts'
import { Assignments, numbers, Reading, until } from './loops.ts'

/** A member of a group whose members all use the cooperative sticky assignor. */
function join(broker: TestBroker, options: Parameters<typeof joinAny>[1] = {}): TextConsumer {
  return joinAny(broker, { assignors: ['cooperative-sticky'], ...options })
}

function subscriptions(broker: TestBroker, memberId: string): ReturnType<typeof decodeSubscription>[] {
  return broker.requests
    .of(joinGroupApi)
    .filter(({ request }) => request.memberId === memberId)
    .map(({ request }) => decodeSubscription(request.protocols[0]!.metadata))
}

describe('a cooperative group', () => {
  it('takes from a member only what moves, while it keeps the rest', async () => {
    const broker = await start()
    const [first, second] = [new Assignments(), new Assignments()]
    const consumer = join(broker, first.listeners)
    const readings = [new Reading(consumer)]
    await first.reach(4)
    readings.push(new Reading(join(broker, second.listeners)))
    await Promise.all([first.reach(2), second.reach(2)])
    expect(first.events.slice(0, 2)).toEqual([
      'assigned orders-0 orders-1 orders-2 orders-3',
      expect.stringMatching(/^revoked orders-\d orders-\d$/),
    ])
    expect(first.events.filter((event) => event.startsWith('revoked'))).toHaveLength(1)
    expect([...first.partitions, ...second.partitions].toSorted()).toEqual(
      [0, 1, 2, 3].map((partition) => `orders-${partition}`),
    )
    await fill(broker, 0, 40)
    await Promise.all(readings.map((reading) => reading.reaches(20)))
    const read = readings.flatMap(({ values }) => values).map(Number)
    expect(read.toSorted((a, b) => a - b)).toEqual(numbers(0, 40).map(Number))
  })

  it('tells the leader what each member has and in which generation it got it', async () => {
    const broker = await start()
    const [first, second] = [new Assignments(), new Assignments()]
    const consumer = join(broker, first.listeners)
    void new Reading(consumer)
    await first.reach(4)
    void new Reading(join(broker, second.listeners))
    await Promise.all([first.reach(2), second.reach(2)])
    const said = subscriptions(broker, consumer.groupMetadata().memberId)
    expect(said.map(({ ownedPartitions }) => ownedPartitions.flatMap(({ partitions }) => partitions).length)).toEqual([
      0, 4, 2,
    ])
    expect(said.map(({ generationId }) => generationId)).toEqual([-1, 1, 2])
  })

  it('hands the partitions of a member that leaves to the others, who go on reading', async () => {
    const broker = await start({ topics: { orders: 6 } })
    const members = [1, 2, 3].map(() => new Assignments())
    const readings: Reading<Uint8Array | null, string | null>[] = []
    for (const { listeners } of members) {
      readings.push(new Reading(join(broker, listeners)))
      const share = 6 / readings.length
      await Promise.all(members.slice(0, readings.length).map((member) => member.reach(share)))
    }
    await readings[2]!.consumer.close()
    await Promise.all([members[0]!.reach(3), members[1]!.reach(3)])
    // One partition was all that each of them got, and nothing was taken from them for it.
    for (const { events } of members.slice(0, 2)) expect(events.at(-1)).toMatch(/^assigned orders-\d$/)
  })

  it('reads on while it waits for the others to join', async () => {
    const broker = await start()
    const assignments = new Assignments()
    const reading = new Reading(join(broker, assignments.listeners))
    await assignments.reach(4)
    const { open, opened } = gate()
    const joining = gate()
    broker.control(
      joinGroupApi,
      async () => {
        joining.open()
        await opened
        return undefined
      },
      { once: true },
    )
    reading.consumer.enforceRebalance()
    await joining.opened
    await fill(broker, 0, 8)
    await reading.reaches(8)
    open()
    const { generationId } = reading.consumer.groupMetadata()
    await until(() => reading.consumer.groupMetadata().generationId > generationId)
    expect(assignments.events.filter((event) => event !== 'assigned')).toEqual([
      'assigned orders-0 orders-1 orders-2 orders-3',
    ])
  })

  it('waits for the record in hand before a partition moves, not before others get theirs', async () => {
    const broker = await start({ topics: { orders: 2 } })
    await broker.append('orders', 0, [{ value: 'a' }, { value: 'b' }])
    await broker.append('orders', 1, [{ value: 'c' }, { value: 'd' }])
    const [first, second] = [new Assignments(), new Assignments()]
    const consumer = join(broker, first.listeners)
    const loop = consumer.records()
    await loop.next()
    void new Reading(join(broker, second.listeners))
    // It joins the new generation while its record is still in hand.
    await until(() => consumer.groupMetadata().generationId > 1)
    await nextRequest(broker, heartbeatApi)
    expect(first.events).toEqual(['assigned orders-0 orders-1'])
    expect(second.partitions).toEqual([])
    const next = loop.next()
    await Promise.all([first.reach(1), second.reach(1)])
    await next
  })

  it('commits what was handled while it joined, in the name of the new generation if need be', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }, { value: 'b' }])
    const assignments = new Assignments()
    const consumer = join(broker, { ...assignments.listeners, autoCommit: false })
    const loop = consumer.records()
    await loop.next()
    const { open, opened } = gate()
    const synced = gate()
    broker.control(
      syncGroupApi,
      async () => {
        synced.open()
        await opened
        return undefined
      },
      { once: true },
    )
    consumer.enforceRebalance()
    await synced.opened
    const refused = nextRequest(broker, offsetCommitApi)
    const committing = consumer.commit()
    await refused
    open()
    await committing
    expect(committedOffset(broker, 0)).toBe(1)
    expect(assignments.events.filter((event) => event !== 'assigned')).toEqual(['assigned orders-0'])
  })

  it.each(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'] as const)(
    'has lost everything when joining is answered with %s, and gets it anew',
    async (error) => {
      const broker = await start({ topics: { orders: 2 } })
      const assignments = new Assignments()
      const reading = new Reading(join(broker, { ...assignments.listeners, sessionTimeoutMs: 200 }))
      await assignments.reach(2)
      broker.control(syncGroupApi, () => failWith(error), { once: true })
      reading.consumer.enforceRebalance()
      await assignments.reach(0)
      await assignments.reach(2)
      expect(assignments.events).toEqual([
        'assigned orders-0 orders-1',
        'lost orders-0 orders-1',
        'assigned orders-0 orders-1',
      ])
      await broker.append('orders', 0, [{ value: 'a' }])
      await reading.reaches(1)
    },
  )

  it('keeps everything when the group rebalances again while it joins', async () => {
    const broker = await start({ topics: { orders: 2 } })
    const assignments = new Assignments()
    const reading = new Reading(join(broker, assignments.listeners))
    await assignments.reach(2)
    broker.control(syncGroupApi, () => failWith('REBALANCE_IN_PROGRESS'), { once: true })
    reading.consumer.enforceRebalance()
    await until(() => reading.consumer.groupMetadata().generationId > 1)
    await broker.append('orders', 0, [{ value: 'a' }])
    await reading.reaches(1)
    expect(assignments.events.filter((event) => event !== 'assigned')).toEqual(['assigned orders-0 orders-1'])
  })

  it('gives up topics that are not subscribed to any more before it joins', async () => {
    const broker = await start({ topics: { orders: 1, returns: 1 } })
    const assignments = new Assignments()
    const consumer = join(broker, { topics: ['orders', 'returns'], ...assignments.listeners })
    void new Reading(consumer)
    await assignments.reach(2)
    consumer.subscribe(['returns'])
    await assignments.reach(1)
    await until(() => consumer.groupMetadata().generationId > 1)
    expect(assignments.events.filter((event) => event !== 'assigned')).toEqual([
      'assigned orders-0 returns-0',
      'revoked orders-0',
    ])
    expect(subscriptions(broker, consumer.groupMetadata().memberId).at(-1)?.ownedPartitions).toEqual([
      { topic: 'returns', partitions: [0] },
    ])
  })

  it('loses a member whose record takes too long, while its partitions wait to be given up', async () => {
    const broker = await start({ topics: { orders: 2 } })
    await broker.append('orders', 0, [{ value: 'a' }])
    const [first, second] = [new Assignments(), new Assignments()]
    const slow = join(broker, { maxPollIntervalMs: 80, ...first.listeners })
    const loop = slow.records()
    await loop.next()
    void new Reading(join(broker, second.listeners))
    await second.reach(2)
    const next = loop.next()
    await Promise.all([first.reach(1), second.reach(1)])
    expect(first.events.slice(0, 2)).toEqual(['assigned orders-0 orders-1', 'lost orders-0 orders-1'])
    await slow.close()
    await next
  })

  it('is eager as long as one assignor is', async () => {
    const broker = await start()
    const [first, second] = [new Assignments(), new Assignments()]
    const assignors = ['cooperative-sticky', 'range'] as const
    void new Reading(join(broker, { assignors, ...first.listeners }))
    await first.reach(4)
    void new Reading(join(broker, { assignors, ...second.listeners }))
    await Promise.all([first.reach(2), second.reach(2)])
    expect(first.events.slice(0, 2)).toEqual([
      'assigned orders-0 orders-1 orders-2 orders-3',
      'revoked orders-0 orders-1 orders-2 orders-3',
    ])
  })

  it('refuses an assignor that hands out what another member still has', async () => {
    const broker = await start({ topics: { orders: 1 } })
    const reckless: Assignor = {
      name: 'reckless',
      isCooperative: true,
      assign: (_topics, members) => {
        const last = members.map(({ memberId }) => memberId).toSorted((a, b) => owned(a) - owned(b))[0]!
        function owned(memberId: string): number {
          return members.find((member) => member.memberId === memberId)!.ownedPartitions.length
        }
        const everything: TopicPartition[] = [{ topic: 'orders', partition: 0 }]
        return new Map(members.map(({ memberId }) => [memberId, memberId === last ? everything : []]))
      },
    }
    const assignments = new Assignments()
    const reading = new Reading(join(broker, { assignors: [reckless], ...assignments.listeners }))
    await assignments.reach(1)
    const other = new Reading(join(broker, { assignors: [reckless] }))
    await expect(Promise.race([reading.done, other.done])).rejects.toMatchObject({ code: 'KAFKA_ASSIGNOR' })
  })
})

describe('a group with the sticky assignor', () => {
  it('leaves partitions where they were when a member comes', async () => {
    const broker = await start()
    const [first, second] = [new Assignments(), new Assignments()]
    void new Reading(joinAny(broker, { assignors: ['sticky'], ...first.listeners }))
    await first.reach(4)
    void new Reading(joinAny(broker, { assignors: ['sticky'], ...second.listeners }))
    await Promise.all([first.reach(2), second.reach(2)])
    const third = new Assignments()
    const before = [first.partitions, second.partitions]
    void new Reading(joinAny(broker, { assignors: ['sticky'], ...third.listeners }))
    await third.reach(1)
    await until(() => first.partitions.length + second.partitions.length === 3)
    expect([first, second].every(({ partitions }, i) => partitions.every((p) => before[i]!.includes(p)))).toBe(true)
  })
})
