import { offsetCommitApi } from '../../../src/protocol/messages/08-offset-commit.ts'
import { offsetFetchApi } from '../../../src/protocol/messages/09-offset-fetch.ts'
import { findCoordinatorApi } from '../../../src/protocol/messages/10-find-coordinator.ts'
import { joinGroupApi } from '../../../src/protocol/messages/11-join-group.ts'
import { heartbeatApi } from '../../../src/protocol/messages/12-heartbeat.ts'
import { leaveGroupApi } from '../../../src/protocol/messages/13-leave-group.ts'
import { syncGroupApi } from '../../../src/protocol/messages/14-sync-group.ts'
import { answer, inAllVersions, describeComparison } from './peer.ts'
import { nowhere } from './requests.ts'

function commit(
  { groupId, generationId, memberId }: { groupId: string; generationId: number; memberId: string },
  topic: string,
): Parameters<typeof offsetCommitApi.request.encode>[0] {
  const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }]
  return { groupId, generationIdOrMemberEpoch: generationId, memberId, topics: [{ name: topic, partitions }] }
}

describeComparison('TestBroker coordinates groups as Kafka does', (compare) => {
  compare('FindCoordinator: kinds of keys in every version', async (peer, client) => {
    const groupId = await peer.group()
    const answers: unknown[] = []
    for (let version = 0; version <= 6; version++) {
      for (const keyType of version === 0 ? [0] : [0, 3, -1]) {
        const key = version < 4 ? { key: groupId } : { coordinatorKeys: [groupId] }
        const typed = version === 0 ? {} : { keyType }
        answers.push({
          version,
          keyType,
          answer: await answer(client, findCoordinatorApi, version, { ...key, ...typed }),
        })
      }
    }
    return answers
  })

  compare('OffsetCommit and OffsetFetch without members, in every version', async (peer, client) => {
    const topic = await peer.topic({ partitions: 2 })
    const groupId = await peer.group()
    const commits = await inAllVersions(client, offsetCommitApi, (version) => {
      const partitions = [
        { partitionIndex: 0, committedOffset: BigInt(version), committedMetadata: `v${version}` },
        { partitionIndex: 1, committedOffset: 7n, committedMetadata: null },
        { partitionIndex: 9, committedOffset: 7n, committedMetadata: 'x'.repeat(5000) },
      ]
      const of = (each: { name: string; id: string }): object =>
        version >= 10 ? { topicId: each.id } : { name: each.name }
      return {
        groupId,
        generationIdOrMemberEpoch: -1,
        topics: [
          { ...of(topic), partitions },
          { ...of(nowhere), partitions },
        ],
      }
    })
    const errors: unknown[] = []
    for (const version of [2, 7, 9]) {
      const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }]
      const topics = [{ name: topic.name, partitions }]
      const wrong = [
        { groupId, generationIdOrMemberEpoch: 5, memberId: 'nobody', topics },
        { groupId, generationIdOrMemberEpoch: -1, memberId: 'nobody', topics },
        { groupId: `${groupId}-other`, generationIdOrMemberEpoch: 3, memberId: 'nobody', topics },
        { groupId, generationIdOrMemberEpoch: -1, topics: [] },
        { groupId, generationIdOrMemberEpoch: 4, memberId: 'nobody', topics: [{ name: nowhere.name, partitions }] },
      ]
      for (const request of wrong) errors.push(await answer(client, offsetCommitApi, version, request))
    }
    const partitionIndexes = [1, 0, 5]
    const fetches: unknown[] = []
    for (let version = 1; version <= 7; version++) {
      const named = [topic, nowhere].map(({ name }) => ({ name, partitionIndexes }))
      fetches.push(await answer(client, offsetFetchApi, version, { groupId, topics: named }))
      fetches.push(await answer(client, offsetFetchApi, version, { groupId: 'unused', topics: named }))
      fetches.push(await answer(client, offsetFetchApi, version, { groupId, topics: [] }))
      if (version >= 2) fetches.push(await answer(client, offsetFetchApi, version, { groupId: 'unused', topics: null }))
    }
    for (let version = 8; version <= 10; version++) {
      const of = (each: { name: string; id: string }): object =>
        version >= 10 ? { topicId: each.id } : { name: each.name }
      const topics = [topic, nowhere].map((each) => Object.assign(of(each), { partitionIndexes }))
      const groups = [
        { groupId, topics },
        { groupId: 'unused', topics },
        { groupId: 'unused', topics: null },
      ]
      fetches.push(await answer(client, offsetFetchApi, version, { groups }))
      const all = await client.send(offsetFetchApi, version, {
        groups: [{ groupId, topics: null }],
        requireStable: true,
      })
      fetches.push(all)
    }
    return { commits, errors, fetches }
  })

  const protocols = [
    { name: 'range', metadata: Uint8Array.of(1, 2) },
    { name: 'sticky', metadata: Uint8Array.of(3) },
  ]

  function join(groupId: string, more: object = {}): Parameters<typeof joinGroupApi.request.encode>[0] {
    return {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      protocolType: 'consumer',
      protocols,
      ...more,
    }
  }

  compare('groups: one member, in every version of every request', async (peer, client) => {
    const answers: unknown[] = []
    for (let version = 0; version <= 9; version++) {
      const groupId = await peer.group()
      const given = await client.send(joinGroupApi, version, join(groupId))
      const memberId = peer.alias(given.memberId, 'member')
      const joined =
        given.errorCode === 0 ? given : await client.send(joinGroupApi, version, join(groupId, { memberId }))
      const { generationId } = joined
      const assignments = [{ memberId, assignment: Uint8Array.of(9, 9) }]
      const v = Math.min(version, 5)
      const named = v >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}
      const synced = await client.send(syncGroupApi, v, { groupId, generationId, memberId, assignments, ...named })
      const again = await client.send(syncGroupApi, v, { groupId, generationId, memberId, ...named })
      const beat = await client.send(heartbeatApi, Math.min(version, 4), { groupId, generationId, memberId })
      const stale = await client.send(heartbeatApi, Math.min(version, 4), { groupId, generationId: 77, memberId })
      const leaving = v < 3 ? { memberId } : { members: [{ memberId }] }
      const left = await client.send(leaveGroupApi, v, { groupId, ...leaving })
      const gone = await client.send(leaveGroupApi, v, { groupId, ...leaving })
      const late = await client.send(heartbeatApi, Math.min(version, 4), { groupId, generationId, memberId })
      answers.push({ version, given, joined, synced, again, beat, stale, left, gone, late })
    }
    return answers
  })

  compare('groups: what is wrong with a request', async (peer, client) => {
    const groupId = await peer.group()
    const first = await client.send(joinGroupApi, 3, join(groupId))
    const memberId = peer.alias(first.memberId, 'member')
    const { generationId } = first
    const answers: unknown[] = []
    const tryJoin = async (more: object, version = 5): Promise<void> => {
      answers.push(await answer(client, joinGroupApi, version, join(groupId, more)))
    }
    const member = { groupId, generationId, memberId }
    await tryJoin({ groupId: '' })
    await tryJoin({ sessionTimeoutMs: 10 })
    await tryJoin({ sessionTimeoutMs: 99_999_999 })
    await tryJoin({ memberId: 'nobody' })
    await tryJoin({ groupId: `${groupId}-other`, memberId: 'nobody' })
    await tryJoin({ protocolType: 'connect' })
    await tryJoin({ protocols: [] })
    await tryJoin({ protocols: [{ name: 'other', metadata: new Uint8Array(0) }] })
    await tryJoin({ memberId, groupInstanceId: 'unknown' })
    await tryJoin({ protocolType: '', groupId: `${groupId}-2` })
    await tryJoin({ protocols: [], groupId: `${groupId}-3` }, 7)
    await tryJoin({ memberId })
    const sync = async (more: object, version = 5): Promise<void> => {
      const named = version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}
      answers.push(await client.send(syncGroupApi, version, { ...member, ...named, ...more }))
    }
    await sync({ groupId: '' })
    await sync({ groupId: 'unused' })
    await sync({ memberId: 'nobody' })
    await sync({ generationId: 9 })
    await sync({ protocolName: 'sticky' })
    await sync({ protocolType: 'connect' })
    await sync({ protocolName: null })
    await sync({ groupInstanceId: 'unknown' })
    answers.push(await client.send(offsetCommitApi, 7, commit(member, nowhere.name)))
    const topic = await peer.topic()
    answers.push(await client.send(offsetCommitApi, 7, commit(member, topic.name)))
    await sync({ assignments: [] })
    answers.push(await client.send(offsetCommitApi, 7, commit(member, topic.name)))
    answers.push(await client.send(offsetCommitApi, 7, commit({ ...member, generationId: 0 }, topic.name)))
    answers.push(await client.send(offsetCommitApi, 7, commit({ ...member, memberId: 'nobody' }, topic.name)))
    answers.push(
      await client.send(offsetCommitApi, 7, commit({ ...member, memberId: '', generationId: -1 }, topic.name)),
    )
    answers.push(await client.send(offsetCommitApi, 7, commit({ ...member, generationId: -1 }, topic.name)))
    for (const groupId of ['', 'unused']) {
      answers.push(await client.send(heartbeatApi, 4, { ...member, groupId }))
      answers.push(await client.send(leaveGroupApi, 2, { groupId, memberId }))
      answers.push(await client.send(leaveGroupApi, 5, { groupId, members: [{ memberId }] }))
    }
    answers.push(
      await client.send(leaveGroupApi, 5, {
        groupId,
        members: [
          { memberId: 'nobody' },
          { memberId: '', groupInstanceId: 'nobody' },
          { memberId, groupInstanceId: 'x' },
        ],
      }),
    )
    return answers
  })

  compare('groups: a second member comes and goes', async (peer, a) => {
    const b = await peer.connect()
    const groupId = await peer.group()
    const idA = peer.alias((await a.send(joinGroupApi, 9, join(groupId))).memberId, 'a')
    const firstA = await a.send(joinGroupApi, 9, join(groupId, { memberId: idA }))
    const named = { protocolType: 'consumer', protocolName: 'range' }
    await a.send(syncGroupApi, 5, { groupId, generationId: 1, memberId: idA, ...named })
    const own = [{ name: 'range', metadata: Uint8Array.of(7) }]
    const idB = peer.alias((await b.send(joinGroupApi, 9, join(groupId))).memberId, 'b')
    const pending = await a.send(heartbeatApi, 4, { groupId, generationId: 1, memberId: idA })
    const joiningB = b.send(joinGroupApi, 9, join(groupId, { memberId: idB, protocols: own }))
    let beat = 0
    while (beat === 0) beat = (await a.send(heartbeatApi, 4, { groupId, generationId: 1, memberId: idA })).errorCode
    const late = await a.send(syncGroupApi, 5, { groupId, generationId: 1, memberId: idA, ...named })
    const [secondA, secondB] = await Promise.all([a.send(joinGroupApi, 9, join(groupId, { memberId: idA })), joiningB])
    const waiting = b.send(syncGroupApi, 5, { groupId, generationId: 2, memberId: idB, ...named })
    const assignments = [
      { memberId: idB, assignment: Uint8Array.of(2) },
      { memberId: 'nobody', assignment: Uint8Array.of(3) },
    ]
    const syncA = await a.send(syncGroupApi, 5, { groupId, generationId: 2, memberId: idA, assignments, ...named })
    const syncB = await waiting
    const sameB = await b.send(joinGroupApi, 9, join(groupId, { memberId: idB, protocols: own }))
    const left = await a.send(leaveGroupApi, 5, { groupId, members: [{ memberId: idA }] })
    const told = await b.send(heartbeatApi, 4, { groupId, generationId: 2, memberId: idB })
    const thirdB = await b.send(joinGroupApi, 9, join(groupId, { memberId: idB, protocols: own }))
    const order = (members: { memberId: string }[]): unknown[] =>
      members.toSorted((x, y) => (x.memberId === idA ? -1 : 1) - (y.memberId === idA ? -1 : 1))
    return [
      firstA,
      pending,
      beat,
      late,
      { ...secondA, members: order(secondA.members) },
      secondB,
      syncA,
      syncB,
      sameB,
      left,
      told,
      thirdB,
    ]
  })

  compare('groups: a static member that comes back', async (peer, a) => {
    const b = await peer.connect()
    const groupId = await peer.group()
    const answers: unknown[] = []
    for (const version of [5, 9]) {
      const instance = { groupInstanceId: `i${version}` }
      const id = `${groupId}-${version}`
      const first = await a.send(joinGroupApi, version, join(id, instance))
      const oldId = peer.alias(first.memberId, 'old')
      const synced = await a.send(syncGroupApi, 4, {
        groupId: id,
        generationId: 1,
        memberId: oldId,
        assignments: [{ memberId: oldId, assignment: Uint8Array.of(5) }],
        ...instance,
      })
      const back = await b.send(joinGroupApi, version, join(id, instance))
      const newId = peer.alias(back.memberId, 'new')
      const resynced = await b.send(syncGroupApi, 4, { groupId: id, generationId: 1, memberId: newId, ...instance })
      const fenced = [
        await a.send(heartbeatApi, 4, { groupId: id, generationId: 1, memberId: oldId, ...instance }),
        await a.send(syncGroupApi, 4, { groupId: id, generationId: 1, memberId: oldId, ...instance }),
        await a.send(joinGroupApi, version, join(id, { memberId: oldId, ...instance })),
        await a.send(leaveGroupApi, 4, { groupId: id, members: [{ memberId: oldId, ...instance }] }),
        await a.send(heartbeatApi, 4, { groupId: id, generationId: 1, memberId: oldId }),
      ]
      const other = [{ name: 'sticky', metadata: Uint8Array.of(1) }]
      const changed = await b.send(joinGroupApi, version, join(id, { ...instance, protocols: other }))
      peer.alias(changed.memberId, 'newest')
      const left = await a.send(leaveGroupApi, 4, { groupId: id, members: [{ memberId: '', ...instance }] })
      answers.push({ version, first, synced, back, resynced, fenced, changed, left })
    }
    return answers
  })
})
