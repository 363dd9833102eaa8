import { metadataApi } from '../../../src/protocol/messages/03-metadata.ts'
import { createTopicsApi } from '../../../src/protocol/messages/19-create-topics.ts'
import { deleteTopicsApi } from '../../../src/protocol/messages/20-delete-topics.ts'
import { ZERO_UUID } from '../../../src/protocol/bytes/uuid.ts'
import { type Encodable } from '../../../src/protocol/schema.ts'
import { answer, describeComparison } from './peer.ts'
import { nowhere } from './requests.ts'

describeComparison('TestBroker describes, creates and deletes topics as Kafka does', (compare) => {
  compare('Metadata: topics that exist, do not, and cannot, in every version', async (peer, client) => {
    const topic = await peer.topic({ partitions: 2 })
    const sorted = async (version: number, request: Encodable<Parameters<typeof metadataApi.request.encode>[0]>) => {
      const response = await answer(client, metadataApi, version, request)
      if (typeof response === 'string') return response
      return { ...response, brokers: response.brokers.length }
    }
    const answers: unknown[] = []
    for (let version = 0; version <= 13; version++) {
      const allow = version >= 4 ? { allowAutoTopicCreation: false } : {}
      answers.push(await sorted(version, { topics: [{ name: topic.name }], ...allow }))
      if (version >= 1) answers.push(await sorted(version, { topics: [], ...allow }))
      if (version < 4) continue
      for (const name of ['missing', 'not valid', '', '..', 'x'.repeat(250)]) {
        answers.push(await sorted(version, { topics: [{ name }], ...allow }))
      }
      if (version >= 8) {
        const include = { includeTopicAuthorizedOperations: true }
        answers.push(await sorted(version, { topics: [{ name: topic.name }], ...allow, ...include }))
      }
      if (version >= 8 && version <= 10) {
        answers.push(await sorted(version, { topics: [], ...allow, includeClusterAuthorizedOperations: true }))
      }
      if (version >= 10) {
        answers.push(await sorted(version, { topics: [{ topicId: topic.id, name: null }], ...allow }))
        answers.push(await sorted(version, { topics: [{ topicId: nowhere.id, name: null }], ...allow }))
        answers.push(await sorted(version, { topics: [{ topicId: topic.id, name: 'other' }], ...allow }))
        answers.push(await sorted(version, { topics: [{ topicId: ZERO_UUID, name: null }], ...allow }))
      }
    }
    return answers
  })

  compare('Metadata: a topic that comes into being is unknown at first', async (peer, client) => {
    const name = peer.name('auto')
    const first = await client.send(metadataApi, 12, { topics: [{ name }] })
    for (;;) {
      const { topics } = await client.send(metadataApi, 12, { topics: [{ name }] })
      if (topics[0]!.errorCode === 0) {
        peer.alias(topics[0]!.topicId, 'auto id')
        return {
          first: first.topics,
          topics: topics.map(({ errorCode, name, isInternal }) => ({ errorCode, name, isInternal })),
        }
      }
    }
  })

  compare('CreateTopics: what can be wrong', async (peer, client) => {
    const topic = await peer.topic()
    const fresh = (): string => peer.name('new')
    const topics: (() => Parameters<typeof createTopicsApi.request.encode>[0]['topics'])[] = [
      () => [{ name: topic.name, numPartitions: 1, replicationFactor: 1 }],
      () => [{ name: 'not valid', numPartitions: 1, replicationFactor: 1 }],
      () => [{ name: '', numPartitions: 1, replicationFactor: 1 }],
      () => [{ name: '.', numPartitions: 1, replicationFactor: 1 }],
      () => [{ name: 'y'.repeat(250), numPartitions: 1, replicationFactor: 1 }],
      () => [{ name: fresh(), numPartitions: 0, replicationFactor: 1 }],
      () => [{ name: fresh(), numPartitions: -2, replicationFactor: 1 }],
      () => [{ name: fresh(), numPartitions: 1, replicationFactor: 0 }],
      () => [{ name: fresh(), numPartitions: 1, replicationFactor: 2 }],
      () => [{ name: fresh(), numPartitions: 1, replicationFactor: -2 }],
      () => [{ name: fresh(), numPartitions: 1, replicationFactor: 1, configs: [{ name: 'nonsense', value: '1' }] }],
      () => [
        { name: fresh(), numPartitions: 1, replicationFactor: 1, configs: [{ name: 'retention.ms', value: 'x' }] },
      ],
      () => [
        { name: fresh(), numPartitions: 1, replicationFactor: 1, configs: [{ name: 'retention.ms', value: null }] },
      ],
      () => [
        { name: fresh(), numPartitions: 1, replicationFactor: 1, configs: [{ name: 'cleanup.policy', value: 'x' }] },
      ],
      () => [{ name: fresh(), numPartitions: 1, replicationFactor: 1, configs: [{ name: 'preallocate', value: 'x' }] }],
      () => [
        { name: fresh(), numPartitions: 1, replicationFactor: 1, assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
      ],
      () => [
        {
          name: fresh(),
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [{ partitionIndex: 1, brokerIds: [1] }],
        },
      ],
      () => [
        {
          name: fresh(),
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [{ partitionIndex: 0, brokerIds: [77] }],
        },
      ],
      () => [
        {
          name: fresh(),
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [{ partitionIndex: 0, brokerIds: [] }],
        },
      ],
      () => [
        {
          name: fresh(),
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [{ partitionIndex: 0, brokerIds: [1, 1] }],
        },
      ],
      () => {
        const name = fresh()
        const twice = { name, numPartitions: 1, replicationFactor: 1 }
        return [twice, twice, { name: fresh(), numPartitions: 1, replicationFactor: 1 }]
      },
      () => [{ name: '__cluster_metadata', numPartitions: 1, replicationFactor: 1 }],
    ]
    const answers: unknown[] = []
    for (const make of topics) {
      for (const version of [2, 5, 7]) {
        const answered = await answer(client, createTopicsApi, version, {
          topics: make(),
          timeoutMs: 5000,
          validateOnly: true,
        })
        if (typeof answered === 'string') answers.push(answered)
        else
          answers.push(
            answered.topics.map(({ configs, ...rest }) =>
              Object.assign(rest, { topicId: rest.topicId !== ZERO_UUID, hasConfigs: (configs?.length ?? 0) > 0 }),
            ),
          )
      }
    }
    return answers
  })

  compare('CreateTopics: what the answer says of the settings', async (peer, client) => {
    const { topics } = await client.send(createTopicsApi, 7, {
      topics: [
        {
          name: peer.name('new'),
          numPartitions: 3,
          replicationFactor: 1,
          configs: [{ name: 'retention.ms', value: '5' }],
        },
      ],
      timeoutMs: 5000,
    })
    const { configs, topicId, ...rest } = topics[0]!
    // Settings that the harness gives its brokers have another source there.
    const given = configs!.filter(({ configSource }) => configSource === 1)
    const values = configs!.map(({ name, value }) => [name, value])
    return { rest, given, hasId: topicId !== ZERO_UUID, values }
  })

  compare('DeleteTopics: by name and by id, once and twice', async (peer, client) => {
    const answers: unknown[] = []
    for (let version = 1; version <= 6; version++) {
      const { name, id } = await peer.topic()
      if (version < 6) {
        answers.push(await client.send(deleteTopicsApi, version, { topicNames: [name, name], timeoutMs: 5000 }))
        answers.push(await client.send(deleteTopicsApi, version, { topicNames: ['missing'], timeoutMs: 5000 }))
        answers.push(await client.send(deleteTopicsApi, version, { topicNames: [name], timeoutMs: 5000 }))
      } else {
        const ask = async (...topics: { name: string | null; topicId: string }[]): Promise<void> => {
          answers.push(await client.send(deleteTopicsApi, version, { topics, timeoutMs: 5000 }))
        }
        await ask({ name, topicId: id })
        await ask({ name: null, topicId: ZERO_UUID })
        await ask({ name: null, topicId: nowhere.id })
        await ask({ name: null, topicId: id }, { name: null, topicId: id })
        await ask({ name: 'missing', topicId: ZERO_UUID })
        await ask({ name: null, topicId: id })
      }
    }
    return answers
  })
})
