import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../src/protocol/error-codes.ts'
import { encodeSubscription } from '../../../src/protocol/group-protocol.ts'
import { joinGroupApi } from '../../../src/protocol/messages/11-join-group.ts'
import {
  consumerGroupHeartbeatApi,
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
} from '../../../src/protocol/messages/68-consumer-group-heartbeat.ts'
import {
  consumerGroupDescribeApi,
  type ConsumerGroupDescription,
} from '../../../src/protocol/messages/69-consumer-group-describe.ts'
import type { Encodable } from '../../../src/protocol/schema.ts'
import { connectTo, startBroker } from '../harness.ts'
import type { RawClient } from '../raw-client.ts'

const joining = {
  groupId: 'g',
  memberEpoch: 0,
  rebalanceTimeoutMs: 100,
  subscribedTopicNames: ['t'],
  topicPartitions: [],
}

function beat(
  client: RawClient,
  request: Encodable<ConsumerGroupHeartbeatRequest>,
): Promise<ConsumerGroupHeartbeatResponse> {
  return client.send(consumerGroupHeartbeatApi, 1, { groupId: 'g', ...request })
}

async function describeGroup(client: RawClient): Promise<ConsumerGroupDescription> {
  const { groups } = await client.send(consumerGroupDescribeApi, 1, { groupIds: ['g'] })
  return groups[0]!
}

async function untilMembers(client: RawClient, count: number): Promise<ConsumerGroupDescription> {
  for (;;) {
    const group = await describeGroup(client)
    if (group.members.length === count) return group
  }
}

describe('a group of the consumer protocol', () => {
  test('drops a member that is silent for a session', async () => {
    const broker = await startBroker({ topics: { t: 2 }, consumerSessionTimeoutMs: 50 })
    const client = await connectTo(broker)
    expect(await beat(client, { ...joining, memberId: 'a' })).toMatchObject({ errorCode: 0, memberEpoch: 2 })
    expect(await untilMembers(client, 0)).toMatchObject({ groupState: 'Empty', errorCode: 0 })
    expect(await beat(client, { memberId: 'a', memberEpoch: 2 })).toMatchObject({ errorCode: ERROR.UNKNOWN_MEMBER_ID })
  })

  test('fences a member that does not let partitions go within its rebalance timeout', async () => {
    const broker = await startBroker({ topics: { t: 2 } })
    const client = await connectTo(broker)
    await beat(client, { ...joining, memberId: 'a' })
    await beat(client, { ...joining, memberId: 'b' })
    const told = await beat(client, { memberId: 'a', memberEpoch: 2 })
    expect(told).toMatchObject({ errorCode: 0, memberEpoch: 2, assignment: { topicPartitions: [{ partitions: [0] }] } })
    expect(await describeGroup(client)).toMatchObject({ groupState: 'Reconciling', groupEpoch: 3 })
    const { members } = await untilMembers(client, 1)
    expect(members[0]!.memberId).toBe('b')
    const { memberEpoch, assignment } = await beat(client, { memberId: 'b', memberEpoch: 3 })
    expect({ memberEpoch, partitions: assignment!.topicPartitions[0]!.partitions }).toEqual({
      memberEpoch: 4,
      partitions: [0, 1],
    })
  })

  test('deals ranges out when most of its members want that', async () => {
    const broker = await startBroker({ topics: { t: 5 } })
    const client = await connectTo(broker)
    for (const memberId of ['b', 'a']) await beat(client, { ...joining, memberId, serverAssignor: 'range' })
    const { assignorName, members } = await describeGroup(client)
    expect(assignorName).toBe('range')
    const targets = members.map(({ memberId, targetAssignment }) => [
      memberId,
      targetAssignment.topicPartitions[0]!.partitions,
    ])
    expect(Object.fromEntries(targets)).toEqual({ a: [0, 1, 2], b: [3, 4] })
  })

  test('is uniform over subscriptions that differ, and moves no more than it has to', async () => {
    const broker = await startBroker({ topics: { t: 4, u: 4 } })
    const client = await connectTo(broker)
    await beat(client, { ...joining, memberId: 'a', subscribedTopicNames: ['t', 'u'] })
    await beat(client, { ...joining, memberId: 'b', subscribedTopicNames: ['u'] })
    const { members } = await describeGroup(client)
    const targets = members.map(({ memberId, targetAssignment }) => [
      memberId,
      targetAssignment.topicPartitions
        .map(({ topicName, partitions }) => `${topicName}: ${partitions.length}`)
        .toSorted(),
    ])
    expect(Object.fromEntries(targets)).toEqual({ a: ['t: 4'], b: ['u: 4'] })
  })

  test('takes no classic member in whose subscription it cannot read', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    await beat(client, { ...joining, memberId: 'a' })
    const join = (metadata: Uint8Array, protocolType = 'consumer'): Promise<{ errorCode: number }> =>
      client.send(joinGroupApi, 3, {
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 100,
        protocolType,
        protocols: [{ name: 'range', metadata }],
      })
    expect(await join(Uint8Array.of(1))).toMatchObject({ errorCode: ERROR.UNKNOWN_SERVER_ERROR })
    const metadata = encodeSubscription({ topics: ['t'] })
    expect(await join(metadata, 'connect')).toMatchObject({ errorCode: ERROR.INCONSISTENT_GROUP_PROTOCOL })
    expect(await join(metadata)).toMatchObject({ errorCode: 0, generationId: 3, protocolName: 'range', members: [] })
  })

  test('is not made of a classic group of another kind', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    await client.send(joinGroupApi, 3, {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 100,
      protocolType: 'connect',
      protocols: [{ name: 'compatible', metadata: new Uint8Array(2) }],
    })
    expect(await beat(client, { ...joining, memberId: 'a' })).toMatchObject({ errorCode: ERROR.GROUP_ID_NOT_FOUND })
    expect(await describeGroup(client)).toMatchObject({ errorCode: ERROR.GROUP_ID_NOT_FOUND })
  })
})
