import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../src/protocol/error-codes.ts'
import { metadataApi } from '../../../src/protocol/messages/03-metadata.ts'
import { offsetCommitApi } from '../../../src/protocol/messages/08-offset-commit.ts'
import { offsetFetchApi } from '../../../src/protocol/messages/09-offset-fetch.ts'
import { deleteTopicsApi } from '../../../src/protocol/messages/20-delete-topics.ts'
import { connectTo, startBroker } from '../harness.ts'
import type { RawClient } from '../raw-client.ts'
import { Member } from './group-member.ts'

const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Commits an offset of partition 0 by version 8, as nobody in particular. Returns the error code. */
async function commit(client: RawClient, offset: number, topic = 't'): Promise<number> {
  const partitions = [
    { partitionIndex: 0, committedOffset: BigInt(offset), committedLeaderEpoch: 3, committedMetadata: 'm' },
  ]
  const request = { groupId: 'g', generationIdOrMemberEpoch: -1, topics: [{ name: topic, partitions }] }
  const { topics } = await client.send(offsetCommitApi, 8, request)
  return topics[0]!.partitions[0]!.errorCode
}

describe('committing', () => {
  test('without members stores what is committed, also what is stored with it', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    expect(await commit(client, 5)).toBe(0)
    expect(await commit(client, 4)).toBe(0)
    expect(broker.committed('g')).toEqual([{ topic: 't', partition: 0, offset: 4, leaderEpoch: 3, metadata: 'm' }])
    expect(broker.committed('other')).toEqual([])
  })

  test('is for members of the present generation only, once there are any', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const a = await Member.connect(broker)
    const errorOf = async (member = a): Promise<number> => {
      const { topics } = await member.client.send(offsetCommitApi, 8, member.commitOf(5))
      return topics[0]!.partitions[0]!.errorCode
    }
    await a.join()
    expect(await errorOf()).toBe(ERROR.REBALANCE_IN_PROGRESS)
    await a.sync([a])
    expect(await errorOf()).toBe(0)
    expect(await commit(a.client, 9)).toBe(ERROR.UNKNOWN_MEMBER_ID)
    a.generationId = 7
    expect(await errorOf()).toBe(ERROR.ILLEGAL_GENERATION)
    const stranger = await Member.connect(broker)
    stranger.memberId = 'stranger'
    stranger.generationId = 1
    expect(await errorOf(stranger)).toBe(ERROR.UNKNOWN_MEMBER_ID)
    expect(broker.committed('g')).toMatchObject([{ offset: 5 }])
  })

  test('to a group that does not exist names it so from version 9 on', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const a = await Member.connect(broker)
    a.memberId = 'm'
    a.generationId = 1
    for (const [version, errorCode] of [
      [8, ERROR.ILLEGAL_GENERATION],
      [9, ERROR.GROUP_ID_NOT_FOUND],
    ] as const) {
      const { topics } = await a.client.send(offsetCommitApi, version, a.commitOf(5))
      expect(topics[0]!.partitions[0]!.errorCode).toBe(errorCode)
    }
  })

  test('is refused for unknown topics and partitions, and for too much text', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    expect(await commit(client, 1, 'unknown')).toBe(ERROR.UNKNOWN_TOPIC_OR_PARTITION)
    const partitions = [
      { partitionIndex: 0, committedOffset: 1n, committedMetadata: 'x'.repeat(4097) },
      { partitionIndex: 1, committedOffset: 1n, committedMetadata: '' },
    ]
    const topics = [{ name: 't', partitions }]
    const response = await client.send(offsetCommitApi, 8, { groupId: 'g', topics })
    expect(response.topics[0]!.partitions.map(({ errorCode }) => errorCode)).toEqual([
      ERROR.OFFSET_METADATA_TOO_LARGE,
      ERROR.UNKNOWN_TOPIC_OR_PARTITION,
    ])
    const byId = await client.send(offsetCommitApi, 10, { groupId: 'g', topics: [{ topicId: NO_ID, partitions }] })
    expect(byId.topics[0]!.partitions[0]!.errorCode).toBe(ERROR.UNKNOWN_TOPIC_ID)
  })
})

describe('fetching', () => {
  test('in the form of versions 1 to 7 gives offsets of one group', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    await commit(client, 5)
    const topics = [{ name: 't', partitionIndexes: [0, 1] }]
    for (const version of [1, 5, 7]) {
      const response = await client.send(offsetFetchApi, version, { groupId: 'g', topics })
      expect(response.topics[0]!.partitions).toMatchObject([
        { committedOffset: 5n, metadata: 'm', committedLeaderEpoch: version < 5 ? -1 : 3, errorCode: 0 },
        { committedOffset: -1n, metadata: '', committedLeaderEpoch: -1, errorCode: 0 },
      ])
    }
    const all = await client.send(offsetFetchApi, 7, { groupId: 'g', topics: null })
    expect(all.topics).toMatchObject([{ name: 't', partitions: [{ committedOffset: 5n }] }])
    expect((await client.send(offsetFetchApi, 7, { groupId: 'other', topics: null })).topics).toEqual([])
  })

  test('from version 8 on gives those of several groups, from 10 on by topic id', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    await commit(client, 5)
    const byName = await client.send(offsetFetchApi, 8, {
      groups: [
        { groupId: 'g', topics: null },
        { groupId: 'other', topics: [{ name: 't', partitionIndexes: [0] }] },
      ],
    })
    expect(byName.groups).toMatchObject([
      { groupId: 'g', errorCode: 0, topics: [{ name: 't', partitions: [{ committedOffset: 5n }] }] },
      { groupId: 'other', errorCode: 0, topics: [{ name: 't', partitions: [{ committedOffset: -1n }] }] },
    ])
    const { topics } = await client.send(metadataApi, 12, { topics: null })
    const { topicId } = topics[0]!
    const wanted = [topicId, NO_ID].map((id) => ({ topicId: id, partitionIndexes: [0] }))
    const byId = await client.send(offsetFetchApi, 10, { groups: [{ groupId: 'g', topics: wanted }] })
    expect(byId.groups[0]!.topics).toMatchObject([
      { topicId, partitions: [{ committedOffset: 5n, errorCode: 0 }] },
      { topicId: NO_ID, partitions: [{ committedOffset: -1n, errorCode: ERROR.UNKNOWN_TOPIC_ID }] },
    ])
    const all = await client.send(offsetFetchApi, 10, { groups: [{ groupId: 'g', topics: null }] })
    expect(all.groups[0]!.topics).toMatchObject([{ topicId, partitions: [{ committedOffset: 5n }] }])
  })

  test('from the wrong node fails in the way that the version has', async () => {
    const broker = await startBroker({ nodes: 2, topics: { t: 1 } })
    const client = await connectTo(broker, (broker.coordinator('g')!.id % 2) + 1)
    const topics = [{ name: 't', partitionIndexes: [0] }]
    const first = await client.send(offsetFetchApi, 1, { groupId: 'g', topics })
    expect(first.topics[0]!.partitions[0]!.errorCode).toBe(ERROR.NOT_COORDINATOR)
    const flat = await client.send(offsetFetchApi, 2, { groupId: 'g', topics })
    expect(flat).toMatchObject({ errorCode: ERROR.NOT_COORDINATOR, topics: [] })
    const { groups } = await client.send(offsetFetchApi, 8, { groups: [{ groupId: 'g', topics }] })
    expect(groups[0]).toMatchObject({ errorCode: ERROR.NOT_COORDINATOR, topics: [] })
  })

  test('of a topic that was deleted gives nothing', async () => {
    const broker = await startBroker({ topics: { t: 1, u: 1 } })
    const client = await connectTo(broker)
    await commit(client, 5)
    await commit(client, 6, 'u')
    await client.send(deleteTopicsApi, 5, { topicNames: ['t'] })
    expect(broker.committed('g').map(({ topic }) => topic)).toEqual(['u'])
  })
})
