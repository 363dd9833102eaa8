import { encodeSubscription } from '../../../src/protocol/group-protocol.ts'
import { offsetCommitApi } from '../../../src/protocol/messages/08-offset-commit.ts'
import { offsetFetchApi } from '../../../src/protocol/messages/09-offset-fetch.ts'
import { joinGroupApi } from '../../../src/protocol/messages/11-join-group.ts'
import { heartbeatApi } from '../../../src/protocol/messages/12-heartbeat.ts'
import { leaveGroupApi } from '../../../src/protocol/messages/13-leave-group.ts'
import { syncGroupApi } from '../../../src/protocol/messages/14-sync-group.ts'
import {
  consumerGroupHeartbeatApi,
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
  type ConsumerGroupHeartbeatTopicPartitions,
} from '../../../src/protocol/messages/68-consumer-group-heartbeat.ts'
import {
  consumerGroupDescribeApi,
  type ConsumerGroupDescription,
} from '../../../src/protocol/messages/69-consumer-group-describe.ts'
import type { Encodable } from '../../../src/protocol/schema.ts'
import type { RawClient } from '../../testing/raw-client.ts'
import { describeComparison, type Peer } from './peer.ts'

type Heartbeat = Encodable<ConsumerGroupHeartbeatRequest>

/** A member that does what it is told, and says so. */
class Member {
  readonly memberId: string
  epoch = 0
  owned: readonly ConsumerGroupHeartbeatTopicPartitions[] = []
  readonly #client: RawClient
  readonly #joining: Heartbeat

  constructor(peer: Peer, client: RawClient, name: string, joining: Heartbeat) {
    this.#client = client
    this.memberId = peer.name(name)
    this.#joining = { rebalanceTimeoutMs: 30_000, topicPartitions: [], memberId: this.memberId, ...joining }
  }

  get all(): Heartbeat {
    return { ...this.#joining, memberEpoch: this.epoch, topicPartitions: [...this.owned] }
  }

  /** One heartbeat, with nothing but what is given. */
  send(fields: Heartbeat): Promise<ConsumerGroupHeartbeatResponse> {
    const { groupId, instanceId } = this.#joining
    const body = { groupId, memberId: this.memberId, memberEpoch: this.epoch, instanceId, ...fields }
    return this.#client.send(consumerGroupHeartbeatApi, 1, body)
  }

  /** Says everything and takes what it is given. */
  async beat(): Promise<ConsumerGroupHeartbeatResponse> {
    const response = await this.send(this.all)
    if (response.errorCode !== 0) throw new Error(`${response.errorCode} ${response.errorMessage}`)
    this.epoch = response.memberEpoch
    this.owned = response.assignment?.topicPartitions ?? this.owned
    return response
  }
}

async function describe(client: RawClient, groupId: string): Promise<ConsumerGroupDescription> {
  const { groups } = await client.send(consumerGroupDescribeApi, 1, { groupIds: [groupId] })
  return groups[0]!
}

/** Has members do as they are told until the group is stable, and tells how it is then. */
async function settle(client: RawClient, groupId: string, members: readonly Member[]): Promise<unknown> {
  for (;;) {
    for (const member of members) await member.beat()
    const group = await describe(client, groupId)
    if (group.groupState === 'Stable') return comparable(group)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Which partitions are whose, is each broker's own business; how many are not. */
function comparable({ members, groupEpoch, assignmentEpoch, ...group }: ConsumerGroupDescription): unknown {
  const each = members.map(({ assignment, targetAssignment, memberEpoch, ...member }) => ({
    ...member,
    isCurrent: memberEpoch === groupEpoch,
    owned: count(assignment.topicPartitions),
    target: count(targetAssignment.topicPartitions),
  }))
  const isAssigned = assignmentEpoch === groupEpoch
  return { ...group, isAssigned, members: each.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1)) }
}

function count(topics: readonly { partitions: readonly number[] }[]): number {
  return topics.reduce((sum, { partitions }) => sum + partitions.length, 0)
}

/** An answer without the numbers that depend on how often the group was looked at. */
function outcome({ errorCode, memberId, memberEpoch, assignment }: ConsumerGroupHeartbeatResponse): unknown {
  return { errorCode, memberId, hasEpoch: memberEpoch > 0, owned: assignment && count(assignment.topicPartitions) }
}

describeComparison('TestBroker coordinates groups of the consumer protocol as Kafka does', (compare) => {
  compare('heartbeats: what is wrong with a request', async (peer, client) => {
    const groupId = await peer.group()
    const joining = { groupId, memberId: 'm', rebalanceTimeoutMs: 10_000, topicPartitions: [] }
    const named = { ...joining, subscribedTopicNames: ['t'] }
    const wrong: Heartbeat[] = [
      { ...named, groupId: '' },
      { ...named, instanceId: '' },
      { ...named, rackId: '' },
      { ...named, rebalanceTimeoutMs: -1 },
      { ...named, topicPartitions: null },
      { ...named, topicPartitions: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions: [0] }] },
      joining,
      { ...named, serverAssignor: 'sticky' },
      { ...joining, subscribedTopicRegex: '(' },
      { groupId, memberId: '', memberEpoch: 3 },
      { groupId, memberId: 'm', memberEpoch: -2 },
      { groupId, memberId: 'm', memberEpoch: -3 },
      { groupId, memberId: 'm', memberEpoch: 3 },
      { groupId, memberId: 'm', memberEpoch: -1 },
    ]
    const answers: unknown[] = []
    for (const request of wrong) answers.push(await client.send(consumerGroupHeartbeatApi, 1, request))
    return [answers, await client.send(consumerGroupDescribeApi, 1, { groupIds: ['', groupId] })]
  })

  compare('heartbeats: one member joins, loses answers, is fenced, joins again and leaves', async (peer, client) => {
    const topic = await peer.topic({ partitions: 3 })
    const groupId = await peer.group()
    const a = new Member(peer, client, 'a', { groupId, subscribedTopicNames: [topic.name], rackId: 'r' })
    const said: unknown[] = [await settle(client, groupId, [a]), a.epoch]
    said.push(outcome(await a.send({})))
    said.push(outcome(await a.send({ topicPartitions: [] })))
    said.push(outcome(await a.send(a.all)))
    said.push(outcome(await a.send({ memberEpoch: a.epoch + 1 })))
    // Another topic, and the answer with the new epoch is lost.
    const other = await peer.topic({ partitions: 2 })
    const names = [topic.name, other.name]
    const before = a.epoch
    said.push((await a.send({ subscribedTopicNames: names })).errorCode)
    for (let epoch = before; epoch === before;) {
      const { errorCode, memberEpoch } = await a.send({ memberEpoch: before, topicPartitions: [...a.owned] })
      if (errorCode !== 0) throw new Error(String(errorCode))
      epoch = memberEpoch
    }
    said.push(outcome(await a.send({ memberEpoch: before })))
    said.push(outcome(await a.send({ memberEpoch: before - 1 })))
    // Under the same id, with nothing.
    said.push(outcome(await a.send({ ...a.all, memberEpoch: 0, topicPartitions: [], subscribedTopicNames: names })))
    said.push(outcome(await a.send({ memberEpoch: -1 })))
    said.push(outcome(await a.send({ memberEpoch: -1 })))
    return [said, comparable(await describe(client, groupId))]
  })

  compare(
    'heartbeats: a second member comes, with the first one slow to let go, and both leave',
    async (peer, client) => {
      const topic = await peer.topic({ partitions: 4 })
      const groupId = await peer.group()
      const subscription = { groupId, subscribedTopicNames: [topic.name], serverAssignor: 'range' }
      const a = new Member(peer, client, 'a', subscription)
      const b = new Member(peer, client, 'b', subscription)
      const said: unknown[] = [await settle(client, groupId, [a])]
      const kept = a.owned
      await b.beat()
      while (count(a.owned) === 4) await a.beat()
      // It does not say yet that it let go.
      for (let i = 0; i < 3; i++)
        said.push(
          outcome(await a.send({ topicPartitions: [...kept] })),
          count((await b.beat()).assignment!.topicPartitions),
        )
      said.push(await settle(client, groupId, [a, b]))
      said.push(outcome(await a.send({ memberEpoch: -1 })))
      said.push(await settle(client, groupId, [b]))
      return said
    },
  )

  compare('heartbeats: a static member that leaves for a while, and one that is not let in', async (peer, client) => {
    const topic = await peer.topic({ partitions: 2 })
    const groupId = await peer.group()
    const subscription = { groupId, subscribedTopicNames: [topic.name], instanceId: 'i' }
    const a = new Member(peer, client, 'a', subscription)
    const said: unknown[] = [await settle(client, groupId, [a])]
    const b = new Member(peer, client, 'b', subscription)
    said.push(outcome(await b.send(b.all)))
    said.push(outcome(await a.send({ memberEpoch: -2 })))
    said.push(await describe(client, groupId).then(comparable))
    said.push(outcome(await b.beat()))
    said.push(await settle(client, groupId, [b]))
    said.push(outcome(await a.send({})))
    said.push(outcome(await a.send({ instanceId: null })))
    said.push(outcome(await b.send({ memberEpoch: -1 })))
    return said
  })

  compare('offsets: who may commit and fetch under which epoch', async (peer, client) => {
    const topic = await peer.topic({ partitions: 2 })
    const groupId = await peer.group()
    const a = new Member(peer, client, 'a', { groupId, subscribedTopicNames: [topic.name] })
    await settle(client, groupId, [a])
    const { epoch, memberId } = a
    const answers: unknown[] = []
    const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }]
    for (const [who, generation, version] of [
      [memberId, epoch, 9],
      [memberId, epoch + 1, 9],
      ['other', epoch, 9],
      [memberId, epoch, 8],
      ['', -1, 9],
    ] as const) {
      const topics = [{ name: topic.name, partitions }]
      const body = { groupId, memberId: who, generationIdOrMemberEpoch: generation, topics }
      answers.push(await client.send(offsetCommitApi, version, body))
    }
    for (const [who, memberEpoch] of [
      [memberId, epoch],
      [memberId, epoch + 1],
      ['other', epoch],
      [null, -1],
    ] as const) {
      const topics = [{ name: topic.name, partitionIndexes: [0] }]
      answers.push(await client.send(offsetFetchApi, 9, { groups: [{ groupId, memberId: who, memberEpoch, topics }] }))
    }
    return answers
  })

  compare(
    'changing over: a classic group takes members of the consumer protocol, and is one again without them',
    async (peer, client) => {
      const topic = await peer.topic({ partitions: 4 })
      const groupId = await peer.group()
      const metadata = encodeSubscription({ topics: [topic.name], ownedPartitions: [] })
      const joining = {
        groupId,
        sessionTimeoutMs: 30_000,
        rebalanceTimeoutMs: 30_000,
        protocolType: 'consumer',
        protocols: [{ name: 'cooperative-sticky', metadata }],
      }
      const first = await client.send(joinGroupApi, 9, joining)
      const memberId = peer.alias(first.memberId, 'classic')
      const joined = await client.send(joinGroupApi, 9, { ...joining, memberId })
      const said: unknown[] = [first.errorCode, joined.errorCode, joined.generationId]
      const { generationId } = joined
      const { assignment } = await client.send(syncGroupApi, 5, {
        groupId,
        memberId,
        generationId,
        protocolType: 'consumer',
        protocolName: 'cooperative-sticky',
        assignments: [],
      })
      said.push(assignment.length)
      const b = new Member(peer, client, 'b', { groupId, subscribedTopicNames: [topic.name] })
      await b.beat()
      for (;;) {
        const { errorCode } = await client.send(heartbeatApi, 4, { groupId, memberId, generationId })
        if (errorCode !== 0) {
          said.push(errorCode)
          break
        }
      }
      said.push(await client.send(syncGroupApi, 5, { groupId, memberId, generationId, assignments: [] }))
      said.push(await client.send(heartbeatApi, 4, { groupId, memberId: 'nobody', generationId }))
      // It joins as often as it is told to.
      let generation = generationId
      for (;;) {
        await b.beat()
        const { errorCode } = await client.send(heartbeatApi, 4, { groupId, memberId, generationId: generation })
        if (errorCode !== 0) {
          const again = await client.send(joinGroupApi, 9, { ...joining, memberId })
          generation = again.generationId
          await client.send(syncGroupApi, 5, { groupId, memberId, generationId: generation, assignments: [] })
        }
        const group = await describe(client, groupId)
        if (group.groupState === 'Stable') {
          said.push(comparable(group))
          break
        }
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      const committing = {
        groupId,
        memberId,
        topics: [{ name: topic.name, partitions: [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }] }],
      }
      said.push(await client.send(offsetCommitApi, 9, { ...committing, generationIdOrMemberEpoch: generation }))
      said.push(await client.send(offsetCommitApi, 9, { ...committing, generationIdOrMemberEpoch: generation + 1 }))
      said.push(outcome(await b.send({ memberEpoch: -1 })))
      // A classic group once more, which rebalances.
      said.push(await client.send(consumerGroupDescribeApi, 1, { groupIds: [groupId] }))
      const rejoined = await client.send(joinGroupApi, 9, { ...joining, memberId })
      said.push(rejoined.errorCode, rejoined.leader === memberId, rejoined.protocolName, rejoined.members.length)
      said.push(await client.send(leaveGroupApi, 5, { groupId, members: [{ memberId }] }))
      return said
    },
  )
})
