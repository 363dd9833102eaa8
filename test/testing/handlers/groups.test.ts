import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../src/protocol/error-codes.ts'
import { offsetCommitApi } from '../../../src/protocol/messages/08-offset-commit.ts'
import { findCoordinatorApi } from '../../../src/protocol/messages/10-find-coordinator.ts'
import { heartbeatApi } from '../../../src/protocol/messages/12-heartbeat.ts'
import { joinGroupApi } from '../../../src/protocol/messages/11-join-group.ts'
import { leaveGroupApi } from '../../../src/protocol/messages/13-leave-group.ts'
import { syncGroupApi } from '../../../src/protocol/messages/14-sync-group.ts'
import type { TestBroker } from '../../../src/testing/index.ts'
import { connectTo, nextRequest, startBroker } from '../harness.ts'
import { Member } from './group-member.ts'

function protocolsOf(...names: string[]): { protocols: { name: string; metadata: Uint8Array }[] } {
  return { protocols: names.map((name) => ({ name, metadata: new Uint8Array(0) })) }
}

/** Two members in a stable group: the first one leads. */
async function startPair(broker: TestBroker, options: object = {}): Promise<[Member, Member]> {
  const a = await Member.connect(broker, options)
  const b = await Member.connect(broker, options)
  await a.settle()
  const joining = b.join()
  while ((await a.heartbeat()) === 0);
  await Promise.all([a.join(), joining])
  await Promise.all([a.sync([a, b]), b.sync()])
  return [a, b]
}

/** Has both members join again: the leader first, which starts the rebalance. */
async function rejoin(broker: TestBroker, leader: Member, follower: Member, change: object = {}): Promise<void> {
  const arrived = nextRequest(broker, joinGroupApi)
  const joining = leader.join()
  await arrived
  await follower.join(change)
  await joining
}

describe('joining', () => {
  test('a new member is given its id first, then leads a group of one', async () => {
    const broker = await startBroker()
    const a = await Member.connect(broker)
    const given = await a.tryJoin()
    expect(given).toMatchObject({ errorCode: ERROR.MEMBER_ID_REQUIRED, generationId: -1, members: [] })
    expect(given.memberId).toMatch(/^raw-/)
    expect(await a.tryJoin()).toMatchObject({
      errorCode: 0,
      generationId: 1,
      protocolType: 'consumer',
      protocolName: 'range',
      leader: given.memberId,
      memberId: given.memberId,
      members: [{ memberId: given.memberId, metadata: Uint8Array.of(1) }],
    })
    expect((await a.sync([a])).assignment).toEqual(Uint8Array.of(0))
  })

  test('before version 4 a new member joins at once', async () => {
    const broker = await startBroker()
    const a = await Member.connect(broker)
    expect(await a.tryJoin({}, 3)).toMatchObject({ errorCode: 0, generationId: 1 })
  })

  test('a second member makes the first join again, and the leader assigns to both', async () => {
    const broker = await startBroker()
    const a = await Member.connect(broker)
    const b = await Member.connect(broker)
    await a.settle()
    const joining = b.join()
    while ((await a.heartbeat()) === 0);
    expect(await a.heartbeat()).toBe(ERROR.REBALANCE_IN_PROGRESS)
    expect(await a.sync()).toMatchObject({ errorCode: ERROR.REBALANCE_IN_PROGRESS })
    const [again, joined] = await Promise.all([a.join(), joining])
    expect(again).toMatchObject({ generationId: 2, leader: a.memberId })
    expect(again.members.map(({ memberId }) => memberId)).toEqual([a.memberId, b.memberId])
    expect(joined).toMatchObject({ generationId: 2, leader: a.memberId, members: [] })
    const waiting = b.sync()
    expect((await a.sync([a, b])).assignment).toEqual(Uint8Array.of(0))
    expect((await waiting).assignment).toEqual(Uint8Array.of(1))
    // What was assigned can be asked for again.
    expect((await b.sync()).assignment).toEqual(Uint8Array.of(1))
  })

  test('the first rebalance waits for more members as long as it is told', async () => {
    const broker = await startBroker({ initialRebalanceDelayMs: 50 })
    const [a, b] = [await Member.connect(broker), await Member.connect(broker)]
    const joined = await Promise.all([a.join(), b.join()])
    expect(joined.map(({ generationId }) => generationId)).toEqual([1, 1])
    expect(joined.flatMap(({ members }) => members)).toHaveLength(2)
  })

  test('the protocol that most members like best is taken, of those that all have', async () => {
    const broker = await startBroker({ initialRebalanceDelayMs: 50 })
    const members = [
      await Member.connect(broker, protocolsOf('only-mine', 'range', 'sticky')),
      await Member.connect(broker, protocolsOf('sticky', 'range')),
      await Member.connect(broker, protocolsOf('sticky', 'range')),
    ]
    const joined = await Promise.all(members.map((member) => member.join()))
    expect(joined.map(({ protocolName }) => protocolName)).toEqual(['sticky', 'sticky', 'sticky'])
  })

  test('a member that shares no protocol, or is of another type, is refused', async () => {
    const broker = await startBroker()
    const a = await Member.connect(broker)
    await a.settle()
    const b = await Member.connect(broker)
    const refused = { errorCode: ERROR.INCONSISTENT_GROUP_PROTOCOL }
    expect(await b.tryJoin({ protocols: [{ name: 'other', metadata: new Uint8Array(0) }] })).toMatchObject(refused)
    expect(await b.tryJoin({ protocolType: 'connect' })).toMatchObject(refused)
    expect(await b.tryJoin({ groupId: 'new', protocols: [] })).toMatchObject(refused)
    expect(await a.heartbeat()).toBe(0)
  })

  test('a follower that joins again unchanged is told the generation it is in; a change, or the leader, rebalances', async () => {
    const broker = await startBroker()
    const [a, b] = await startPair(broker)
    expect(await b.join()).toMatchObject({ errorCode: 0, generationId: 2, members: [] })
    expect(await a.heartbeat()).toBe(0)
    const arrived = nextRequest(broker, joinGroupApi)
    const changed = b.join({ protocols: [{ name: 'range', metadata: Uint8Array.of(7) }] })
    await arrived
    while ((await a.heartbeat()) === 0);
    expect(await a.join()).toMatchObject({ generationId: 3 })
    expect(await changed).toMatchObject({ generationId: 3 })
  })

  test.each([
    ['an empty group id', { groupId: '' }, ERROR.INVALID_GROUP_ID],
    ['a session timeout below 6 s', { sessionTimeoutMs: 5999 }, ERROR.INVALID_SESSION_TIMEOUT],
    ['a session timeout above 30 min', { sessionTimeoutMs: 1_800_001 }, ERROR.INVALID_SESSION_TIMEOUT],
    ['a member that nobody knows', { memberId: 'nobody' }, ERROR.UNKNOWN_MEMBER_ID],
  ])('%s is refused', async (_, change, errorCode) => {
    const broker = await startBroker()
    const member = await Member.connect(broker)
    expect(await member.tryJoin(change)).toMatchObject({ errorCode, generationId: -1 })
  })
})

describe('leaving', () => {
  test('makes the others rebalance, and another lead', async () => {
    const broker = await startBroker()
    const [a, b] = await startPair(broker)
    await a.leave()
    expect(await b.heartbeat()).toBe(ERROR.REBALANCE_IN_PROGRESS)
    expect(await b.join()).toMatchObject({ generationId: 3, leader: b.memberId })
    expect(await a.heartbeat()).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })

  test('several at once are told each for itself', async () => {
    const broker = await startBroker()
    const [a, b] = await startPair(broker)
    const members = [{ memberId: a.memberId }, { memberId: 'nobody' }, { memberId: b.memberId }]
    const left = await a.client.send(leaveGroupApi, 5, { groupId: 'g', members })
    expect(left.members.map(({ errorCode }) => errorCode)).toEqual([0, ERROR.UNKNOWN_MEMBER_ID, 0])
  })

  test('a member that has only been given its id may leave too, and holds nobody up', async () => {
    const broker = await startBroker()
    const a = await Member.connect(broker)
    const b = await Member.connect(broker)
    await a.settle()
    await b.tryJoin()
    const arrived = nextRequest(broker, joinGroupApi)
    const joining = a.join()
    await arrived
    await b.leave()
    expect(await joining).toMatchObject({ errorCode: 0, generationId: 2 })
  })

  test('the last one leaves an empty group that starts over', async () => {
    const broker = await startBroker()
    const a = await Member.connect(broker)
    await a.settle()
    await a.leave()
    a.memberId = ''
    expect(await a.join()).toMatchObject({ errorCode: 0, generationId: 3 })
  })
})

describe('time', () => {
  test('a member whose session ends is dropped, and the others rebalance', async () => {
    const broker = await startBroker({ minSessionTimeoutMs: 1 })
    const [a, b] = await startPair(broker)
    // From its next join on, b has a session of 30 ms, which it lets pass.
    await rejoin(broker, a, b, { sessionTimeoutMs: 30 })
    await Promise.all([a.sync([a, b]), b.sync()])
    expect(await a.join()).toMatchObject({ errorCode: 0, members: [{ memberId: a.memberId }] })
    expect(await b.heartbeat()).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })

  test('a rebalance goes on without members that do not join in time', async () => {
    const broker = await startBroker()
    const [a, b] = await startPair(broker, { rebalanceTimeoutMs: 30 })
    expect(await a.join()).toMatchObject({ errorCode: 0, generationId: 3, members: [{ memberId: a.memberId }] })
    expect(await b.heartbeat()).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })

  test('a leader that does not join in time loses its place', async () => {
    const broker = await startBroker()
    const [a, b] = await startPair(broker, { rebalanceTimeoutMs: 30 })
    const changed = [{ name: 'range', metadata: Uint8Array.of(7) }]
    expect(await b.join({ protocols: changed })).toMatchObject({ errorCode: 0, generationId: 3, leader: b.memberId })
    expect(await a.heartbeat()).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })

  test('members that join and never sync are dropped after the rebalance timeout', async () => {
    const broker = await startBroker()
    const [a, b] = await startPair(broker, { rebalanceTimeoutMs: 30 })
    await rejoin(broker, a, b)
    // The leader never assigns, so that b waits; a is dropped for it and b told to join again.
    expect(await b.sync()).toMatchObject({ errorCode: ERROR.REBALANCE_IN_PROGRESS })
    expect(await b.join()).toMatchObject({ leader: b.memberId, members: [{ memberId: b.memberId }] })
    expect(await a.heartbeat()).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })

  test('an id that is handed out and never used is forgotten after the session timeout', async () => {
    const broker = await startBroker({ minSessionTimeoutMs: 1 })
    const a = await Member.connect(broker)
    const b = await Member.connect(broker)
    await a.settle()
    await b.tryJoin({ sessionTimeoutMs: 30 })
    expect(await a.join()).toMatchObject({ errorCode: 0, generationId: 2, members: [{ memberId: a.memberId }] })
    expect(await b.tryJoin()).toMatchObject({ errorCode: ERROR.UNKNOWN_MEMBER_ID })
  })
})

describe('syncing', () => {
  test('ends with REBALANCE_IN_PROGRESS when another rebalance begins', async () => {
    const broker = await startBroker()
    const [a, b] = await startPair(broker)
    const joining = a.join()
    await b.join({ protocols: [{ name: 'range', metadata: Uint8Array.of(7) }] })
    await joining
    const waiting = b.sync()
    const arrived = nextRequest(broker, joinGroupApi)
    const again = a.join({ protocols: [{ name: 'range', metadata: Uint8Array.of(8) }] })
    await arrived
    expect(await waiting).toMatchObject({ errorCode: ERROR.REBALANCE_IN_PROGRESS })
    await Promise.all([again, b.join()])
  })

  test.each([
    ['an unknown member', { memberId: 'nobody' }, ERROR.UNKNOWN_MEMBER_ID],
    ['an unknown group', { groupId: 'unknown' }, ERROR.UNKNOWN_MEMBER_ID],
    ['another generation', { generationId: 7 }, ERROR.ILLEGAL_GENERATION],
    ['another protocol', { protocolName: 'sticky' }, ERROR.INCONSISTENT_GROUP_PROTOCOL],
    ['no protocol', { protocolName: null }, ERROR.INCONSISTENT_GROUP_PROTOCOL],
    ['an empty group id', { groupId: '' }, ERROR.INVALID_GROUP_ID],
  ])('%s is refused', async (_, change, errorCode) => {
    const broker = await startBroker()
    const a = await Member.connect(broker)
    await a.settle()
    const right = {
      groupId: 'g',
      generationId: 1,
      memberId: a.memberId,
      protocolType: 'consumer',
      protocolName: 'range',
    }
    expect(await a.client.send(syncGroupApi, 5, { ...right, ...change })).toMatchObject({ errorCode })
  })
})

describe('a static member', () => {
  const instance = { groupInstanceId: 'i' }

  test('takes its place again without a rebalance, and shuts out who had it', async () => {
    const broker = await startBroker()
    const a = await Member.connect(broker, instance)
    expect(await a.tryJoin()).toMatchObject({ errorCode: 0, generationId: 1 })
    await a.sync([a])
    const restarted = await Member.connect(broker, instance)
    expect(await restarted.tryJoin()).toMatchObject({ errorCode: 0, generationId: 1, skipAssignment: true })
    expect(restarted.memberId).not.toBe(a.memberId)
    expect((await restarted.sync()).assignment).toEqual(Uint8Array.of(0))
    expect(await restarted.heartbeat()).toBe(0)
    expect(await a.heartbeat()).toBe(ERROR.FENCED_INSTANCE_ID)
    expect(await a.tryJoin()).toMatchObject({ errorCode: ERROR.FENCED_INSTANCE_ID })
    expect(await a.sync()).toMatchObject({ errorCode: ERROR.FENCED_INSTANCE_ID })
  })

  test('before version 9 is not told that it leads, lest it assigns anew', async () => {
    const broker = await startBroker()
    const a = await Member.connect(broker, instance)
    await a.settle()
    const restarted = await Member.connect(broker, instance)
    const back = await restarted.tryJoin({}, 8)
    expect(back).toMatchObject({
      errorCode: 0,
      generationId: 1,
      leader: a.memberId,
      members: [],
      skipAssignment: false,
    })
  })

  test('fences a join of its older self that still waits', async () => {
    const broker = await startBroker()
    const [, b] = await startPair(broker)
    const a = await Member.connect(broker, instance)
    const arrived = nextRequest(broker, joinGroupApi)
    const waiting = a.tryJoin()
    await arrived
    const restarted = await Member.connect(broker, instance)
    const again = nextRequest(broker, joinGroupApi)
    const joining = restarted.tryJoin()
    await again
    expect(await waiting).toMatchObject({ errorCode: ERROR.FENCED_INSTANCE_ID })
    await b.leave()
    await broker.close()
    await expect(joining).rejects.toThrow('the connection was closed')
  })

  test('that changes its protocols makes the group rebalance', async () => {
    const broker = await startBroker()
    const [range, sticky] = ['range', 'sticky'].map((name) => ({ name, metadata: Uint8Array.of(2) }))
    const a = await Member.connect(broker, { ...instance, protocols: [range!, sticky!] })
    await a.settle()
    const restarted = await Member.connect(broker, { ...instance, protocols: [sticky!] })
    expect(await restarted.tryJoin()).toMatchObject({ generationId: 2, protocolName: 'sticky' })
  })

  test('keeps its place in a rebalance that it misses, until its session ends', async () => {
    const broker = await startBroker({ minSessionTimeoutMs: 1 })
    const a = await Member.connect(broker, { rebalanceTimeoutMs: 30 })
    await a.settle()
    const b = await Member.connect(broker, { ...instance, rebalanceTimeoutMs: 30, sessionTimeoutMs: 600_000 })
    const joining = b.tryJoin()
    while ((await a.heartbeat()) === 0);
    await Promise.all([a.join(), joining])
    await Promise.all([a.sync([a, b]), b.sync()])
    const rejoined = await a.join()
    expect(rejoined.members.map(({ groupInstanceId }) => groupInstanceId)).toEqual([null, 'i'])
  })

  test('can be taken out by its instance id alone', async () => {
    const broker = await startBroker()
    const a = await Member.connect(broker, instance)
    await a.settle()
    const client = await connectTo(broker)
    const members = [
      { memberId: '', groupInstanceId: 'i' },
      { memberId: '', groupInstanceId: 'other' },
    ]
    const left = await client.send(leaveGroupApi, 5, { groupId: 'g', members })
    expect(left.members.map(({ errorCode }) => errorCode)).toEqual([0, ERROR.UNKNOWN_MEMBER_ID])
    expect(await a.heartbeat()).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })
})

describe('coordinators', () => {
  test('one node coordinates a group, always the same; others say so', async () => {
    const broker = await startBroker({ nodes: 3, topics: { t: 1 } })
    const client = await connectTo(broker, 1)
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    const { coordinators } = await client.send(findCoordinatorApi, 4, { coordinatorKeys: keys })
    expect(coordinators.map(({ key, nodeId }) => [key, nodeId])).toEqual(
      keys.map((key) => [key, broker.coordinator(key)!.id]),
    )
    expect(new Set(coordinators.map(({ nodeId }) => nodeId))).toEqual(new Set([1, 2, 3]))
    const { id } = broker.coordinator('g')!
    const wrong = await Member.connect(broker, {}, (id % 3) + 1)
    expect(await wrong.tryJoin()).toMatchObject({ errorCode: ERROR.NOT_COORDINATOR })
    expect(await wrong.heartbeat()).toBe(ERROR.NOT_COORDINATOR)
    expect(await wrong.sync()).toMatchObject({ errorCode: ERROR.NOT_COORDINATOR })
    const { topics } = await wrong.client.send(offsetCommitApi, 8, wrong.commitOf(1))
    expect(topics[0]!.partitions[0]!.errorCode).toBe(ERROR.NOT_COORDINATOR)
    const left = await wrong.client.send(leaveGroupApi, 5, { groupId: 'g', members: [{ memberId: 'x' }] })
    expect(left).toMatchObject({ errorCode: ERROR.NOT_COORDINATOR, members: [] })
  })

  test('another node takes a group over as it was when it was last stable', async () => {
    const broker = await startBroker({ nodes: 2, topics: { t: 1 } })
    const old = broker.coordinator('g')!
    const a = await Member.connect(broker, {}, old.id)
    await a.settle()
    await a.client.send(offsetCommitApi, 8, a.commitOf(5))
    // A rebalance that is under way is forgotten.
    const b = await Member.connect(broker, {}, old.id)
    const arrived = nextRequest(broker, joinGroupApi)
    const joining = b.join().catch(() => 'lost')
    await arrived
    await old.stop()
    expect(await joining).toBe('lost')
    const { id } = broker.coordinator('g')!
    expect(id).not.toBe(old.id)
    const client = await connectTo(broker, id)
    const beat = { groupId: 'g', generationId: 1, memberId: a.memberId }
    expect(await client.send(heartbeatApi, 4, beat)).toMatchObject({ errorCode: 0 })
    expect(broker.committed('g')).toMatchObject([{ topic: 't', partition: 0, offset: 5 }])
    // When the node is back it coordinates again, and what waits elsewhere is sent there.
    const c = await Member.connect(broker, {}, id)
    await c.tryJoin()
    const again = nextRequest(broker, joinGroupApi)
    const waiting = c.tryJoin()
    await again
    await old.start()
    expect(await waiting).toMatchObject({ errorCode: ERROR.NOT_COORDINATOR })
    expect(await client.send(heartbeatApi, 4, beat)).toMatchObject({ errorCode: ERROR.NOT_COORDINATOR })
  })
})
