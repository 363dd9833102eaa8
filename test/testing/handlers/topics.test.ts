import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../src/protocol/error-codes.ts'
import { listOffsetsApi } from '../../../src/protocol/messages/02-list-offsets.ts'
import { metadataApi, type MetadataResponse } from '../../../src/protocol/messages/03-metadata.ts'
import { createTopicsApi, type CreateTopicsRequest } from '../../../src/protocol/messages/19-create-topics.ts'
import { deleteTopicsApi } from '../../../src/protocol/messages/20-delete-topics.ts'
import type { Encodable } from '../../../src/protocol/schema.ts'
import { connectTo, startBroker } from '../harness.ts'
import type { RawClient } from '../raw-client.ts'

const ZERO = 'AAAAAAAAAAAAAAAAAAAAAA'
const NOBODYS = 'AAAAAAAAAAAAAAAAAAAAAQ'

async function metadataOf(client: RawClient, names: string[] | null): Promise<MetadataResponse['topics']> {
  const topics = names?.map((name) => ({ name })) ?? null
  return (await client.send(metadataApi, 12, { topics })).topics
}

describe('Metadata', () => {
  test('spreads leaders and replicas over the nodes', async () => {
    const broker = await startBroker({ nodes: 3, topics: { t: { partitions: 4, replicationFactor: 2 } } })
    const [topic] = await metadataOf(await connectTo(broker), null)
    expect(topic!.partitions.map(({ leaderId, replicaNodes, isrNodes }) => [leaderId, replicaNodes, isrNodes])).toEqual(
      [
        [1, [1, 2], [1, 2]],
        [2, [2, 3], [2, 3]],
        [3, [3, 1], [3, 1]],
        [1, [1, 2], [1, 2]],
      ],
    )
    expect(topic!.topicId).toMatch(/^[\w-]{22}$/)
  })

  test('creates a missing topic when both sides allow it, and says so the next time', async () => {
    const broker = await startBroker({ defaultPartitions: 3 })
    const client = await connectTo(broker)
    const forbidden = { topics: [{ name: 'no' }], allowAutoTopicCreation: false }
    expect((await client.send(metadataApi, 12, forbidden)).topics[0]!.errorCode).toBe(ERROR.UNKNOWN_TOPIC_OR_PARTITION)
    expect(broker.partition('no', 0)).toBeUndefined()
    expect((await metadataOf(client, ['yes']))[0]).toMatchObject({
      errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION,
      topicId: ZERO,
    })
    expect((await metadataOf(client, ['yes']))[0]!.partitions).toHaveLength(3)
    const strict = await startBroker({ autoCreateTopics: false })
    const other = await connectTo(strict)
    await metadataOf(other, ['no'])
    expect((await metadataOf(other, ['no']))[0]!.errorCode).toBe(ERROR.UNKNOWN_TOPIC_OR_PARTITION)
  })

  test.each(['', '.', '..', 'a b', 'a/b', 'ä', 'x'.repeat(250)])('refuses the name %j', async (name) => {
    const broker = await startBroker()
    const client = await connectTo(broker)
    expect((await metadataOf(client, [name]))[0]!.errorCode).toBe(ERROR.INVALID_TOPIC_EXCEPTION)
  })

  test('finds topics by id from version 12 on', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    const [{ topicId } = { topicId: '' }] = await metadataOf(client, ['t'])
    const topics = [topicId, NOBODYS].map((id) => ({ topicId: id, name: null }))
    expect((await client.send(metadataApi, 12, { topics })).topics).toMatchObject([
      { errorCode: 0, name: 't', topicId },
      { errorCode: ERROR.UNKNOWN_TOPIC_ID, name: null, topicId: NOBODYS },
    ])
    expect((await client.send(metadataApi, 11, { topics: [{ topicId, name: 't' }] })).topics[0]!.errorCode).toBe(42)
  })

  test('takes an empty list for all topics in version 0, for none later', async () => {
    const broker = await startBroker({ topics: { t: 1, u: 1 } })
    const client = await connectTo(broker)
    expect((await client.send(metadataApi, 0, { topics: [] })).topics.map(({ name }) => name)).toEqual(['t', 'u'])
    expect((await client.send(metadataApi, 1, { topics: [] })).topics).toEqual([])
    expect((await client.send(metadataApi, 1, { topics: null })).topics).toHaveLength(2)
  })
})

describe('CreateTopics', () => {
  type NewTopic = NonNullable<Encodable<CreateTopicsRequest>['topics']>[number]

  async function create(client: RawClient, topic: NewTopic, validateOnly = false): Promise<number> {
    const { topics } = await client.send(createTopicsApi, 7, {
      topics: [{ name: 'new', numPartitions: 1, replicationFactor: 1, ...topic }],
      validateOnly,
    })
    return topics[0]!.errorCode
  }

  test('creates on any node, with the defaults where -1 asks for them', async () => {
    const broker = await startBroker({ nodes: 2, defaultPartitions: 4 })
    const client = await connectTo(broker, 2)
    const { topics } = await client.send(createTopicsApi, 7, {
      topics: [
        { name: 'a', numPartitions: -1, replicationFactor: -1 },
        { name: 'b', numPartitions: 2, replicationFactor: 1, configs: [{ name: 'retention.ms', value: '5' }] },
      ],
    })
    expect(topics).toMatchObject([
      { name: 'a', errorCode: 0, numPartitions: 4, replicationFactor: 2 },
      { name: 'b', errorCode: 0, numPartitions: 2, replicationFactor: 1 },
    ])
    expect(topics[1]!.configs!.find(({ name }) => name === 'retention.ms')).toMatchObject({
      value: '5',
      configSource: 1,
    })
    expect(broker.partition('a', 3)).toBeDefined()
  })

  test('places replicas as it is told', async () => {
    const broker = await startBroker({ nodes: 3 })
    const client = await connectTo(broker)
    const assignments = [
      { partitionIndex: 1, brokerIds: [2, 1] },
      { partitionIndex: 0, brokerIds: [3, 2] },
    ]
    expect(await create(client, { numPartitions: -1, replicationFactor: -1, assignments })).toBe(0)
    expect(broker.partition('new', 0)).toMatchObject({ leaderId: 3, replicas: [3, 2] })
    expect(broker.partition('new', 1)).toMatchObject({ leaderId: 2, replicas: [2, 1] })
  })

  test('only checks when it is told to', async () => {
    const broker = await startBroker()
    const client = await connectTo(broker)
    expect(await create(client, {}, true)).toBe(0)
    expect(broker.partition('new', 0)).toBeUndefined()
  })

  test.each<[string, NewTopic, number]>([
    ['a topic that exists', { name: 't.x' }, ERROR.TOPIC_ALREADY_EXISTS],
    ['a name that would share metrics with another', { name: 't_x' }, ERROR.INVALID_TOPIC_EXCEPTION],
    ['a name that is not valid', { name: 'a b' }, ERROR.INVALID_TOPIC_EXCEPTION],
    ['no partitions', { numPartitions: 0 }, ERROR.INVALID_PARTITIONS],
    ['no replicas', { replicationFactor: 0 }, ERROR.INVALID_REPLICATION_FACTOR],
    ['more replicas than nodes', { replicationFactor: 2 }, ERROR.INVALID_REPLICATION_FACTOR],
    ['an unknown setting', { configs: [{ name: 'nonsense', value: '1' }] }, ERROR.INVALID_CONFIG],
    ['a setting that is no number', { configs: [{ name: 'retention.ms', value: 'x' }] }, ERROR.INVALID_CONFIG],
    ['a setting that is null', { configs: [{ name: 'retention.ms', value: null }] }, ERROR.INVALID_CONFIG],
    ['a topic of the cluster itself', { name: '__cluster_metadata' }, ERROR.INVALID_REQUEST],
  ])('refuses %s', async (_, topic, errorCode) => {
    const broker = await startBroker({ topics: { 't.x': 1 } })
    expect(await create(await connectTo(broker), topic)).toBe(errorCode)
  })

  test('refuses a topic that is named twice, and creates the others', async () => {
    const broker = await startBroker()
    const client = await connectTo(broker)
    const topics = ['a', 'b', 'a'].map((name) => ({ name, numPartitions: 1, replicationFactor: 1 }))
    const response = await client.send(createTopicsApi, 7, { topics })
    expect(new Map(response.topics.map(({ name, errorCode }) => [name, errorCode]))).toEqual(
      new Map([
        ['b', 0],
        ['a', ERROR.INVALID_REQUEST],
      ]),
    )
    expect(broker.partition('a', 0)).toBeUndefined()
  })
})

test('a topic that is deleted and created again has another id', async () => {
  const broker = await startBroker({ topics: { t: 1 } })
  const client = await connectTo(broker)
  await broker.append('t', 0, [{ value: 'old' }])
  const [before] = await metadataOf(client, ['t'])
  const topics = [{ name: null, topicId: before!.topicId }]
  expect((await client.send(deleteTopicsApi, 6, { topics })).responses).toMatchObject([
    { name: 't', topicId: before!.topicId, errorCode: 0 },
  ])
  expect((await client.send(deleteTopicsApi, 6, { topics })).responses[0]!.errorCode).toBe(ERROR.UNKNOWN_TOPIC_ID)
  broker.createTopic('t')
  const [after] = await metadataOf(client, ['t'])
  expect(after!.topicId).not.toBe(before!.topicId)
  expect(await broker.records('t', 0)).toEqual([])
})

async function offsetAt(client: RawClient, timestamp: bigint, version = 8): Promise<unknown[]> {
  const partitions = [{ partitionIndex: 0, timestamp }]
  const { topics } = await client.send(listOffsetsApi, version, {
    replicaId: -1,
    topics: [{ name: 't', partitions }],
  })
  const { errorCode, offset, timestamp: found, leaderEpoch } = topics[0]!.partitions[0]!
  return errorCode === 0 ? [offset, found, leaderEpoch] : [errorCode]
}

describe('ListOffsets', () => {
  test('finds start, end, largest timestamp and records by time', async () => {
    const broker = await startBroker({ nodes: 2, topics: { t: 1 } })
    const client = await connectTo(broker)
    expect(await offsetAt(client, -3n)).toEqual([-1n, -1n, -1])
    await broker.append(
      't',
      0,
      [
        { value: 'a', timestamp: 100 },
        { value: 'b', timestamp: 300 },
      ],
      { compression: 'gzip' },
    )
    broker.moveLeader('t', 0, 2)
    broker.moveLeader('t', 0, 1)
    await broker.append('t', 0, [
      { value: 'c', timestamp: 300 },
      { value: 'd', timestamp: 200 },
    ])
    expect(await offsetAt(client, -2n)).toEqual([0n, -1n, 0])
    expect(await offsetAt(client, -1n)).toEqual([4n, -1n, 2])
    expect(await offsetAt(client, -3n)).toEqual([1n, 300n, 0])
    expect(await offsetAt(client, 101n)).toEqual([1n, 300n, 0])
    expect(await offsetAt(client, 301n)).toEqual([-1n, -1n, -1])
    broker.deleteRecords('t', 0, 2)
    expect(await offsetAt(client, -2n)).toEqual([2n, -1n, 2])
    expect(await offsetAt(client, 0n)).toEqual([2n, 300n, 2])
    expect(await offsetAt(client, 0n, 3)).toEqual([2n, 300n, -1])
  })

  test('refuses a special timestamp in a version before it', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    expect(await offsetAt(client, -3n, 6)).toEqual([ERROR.UNSUPPORTED_VERSION])
    expect(await offsetAt(client, -4n, 7)).toEqual([ERROR.UNSUPPORTED_VERSION])
    expect(await offsetAt(client, -99n, 11)).toEqual([ERROR.UNSUPPORTED_VERSION])
  })
})
