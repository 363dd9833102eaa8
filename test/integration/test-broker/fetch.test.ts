import { produceApi } from '../../../src/protocol/messages/00-produce.ts'
import { fetchApi, type FetchRequest } from '../../../src/protocol/messages/01-fetch.ts'
import { listOffsetsApi } from '../../../src/protocol/messages/02-list-offsets.ts'
import { offsetForLeaderEpochApi } from '../../../src/protocol/messages/23-offset-for-leader-epoch.ts'
import { ZERO_UUID } from '../../../src/protocol/bytes/uuid.ts'
import { batchOf, encodeRecords } from '../../testing/harness.ts'
import { answer, inAllVersions, describeComparison } from './peer.ts'
import { produce, fetch, nowhere } from './requests.ts'

describeComparison('TestBroker hands out records as Kafka does', (compare) => {
  compare('Fetch: limits, offsets and epochs in every version', async (peer, client) => {
    const topic = await peer.topic()
    for (const values of [['a'.repeat(50), 'b'], ['c'], ['d', 'e', 'f']]) {
      await client.send(produceApi, 9, produce(9, topic, await batchOf(values)))
    }
    const answers: unknown[] = []
    for (const version of [4, 6, 7, 11, 12, 13, 15, 16, 18]) {
      const requests = [
        fetch(version, topic, {}),
        fetch(version, topic, { fetchOffset: 1n }),
        fetch(version, topic, { fetchOffset: 6n }),
        fetch(version, topic, { fetchOffset: 7n }),
        fetch(version, topic, { fetchOffset: -1n }),
        fetch(version, topic, { partitionMaxBytes: 10 }),
        fetch(version, topic, { partitionMaxBytes: 150 }),
        fetch(version, topic, { partitionMaxBytes: 0 }),
        fetch(version, topic, {}, { maxBytes: 200 }),
        fetch(version, topic, {}, { maxBytes: 0 }),
        fetch(version, topic, {}, { isolationLevel: 1 }),
        fetch(version, topic, { partition: 5 }),
        fetch(version, nowhere, {}),
        fetch(version, topic, {}, { topics: [] }),
      ]
      if (version >= 9) {
        requests.push(
          fetch(version, topic, { currentLeaderEpoch: 0 }),
          fetch(version, topic, { currentLeaderEpoch: 5 }),
        )
      }
      if (version >= 12) {
        requests.push(fetch(version, topic, { fetchOffset: 3n, lastFetchedEpoch: 0 }))
        requests.push(fetch(version, topic, { fetchOffset: 3n, lastFetchedEpoch: 4 }))
        requests.push(fetch(version, topic, { fetchOffset: 9n, lastFetchedEpoch: 0 }))
      }
      for (const request of requests) {
        answers.push({ version, request, answer: await answer(client, fetchApi, version, request) })
      }
    }
    return answers
  })

  compare('OffsetForLeaderEpoch: epochs that were, are and are not known', async (peer, client) => {
    const topic = await peer.topic()
    await client.send(produceApi, 9, produce(9, topic, await batchOf(['a', 'b'])))
    const answers: unknown[] = []
    for (const version of [2, 3, 4]) {
      for (const leaderEpoch of [-1, 0, 1, 7]) {
        for (const currentLeaderEpoch of [-1, 0, 5]) {
          const partitions = [0, 9].map((partition) => ({ partition, currentLeaderEpoch, leaderEpoch }))
          const topics = [topic, nowhere].map(({ name }) => ({ topic: name, partitions }))
          const request = { ...(version >= 3 ? { replicaId: -1 } : {}), topics }
          answers.push({ version, request, answer: await answer(client, offsetForLeaderEpochApi, version, request) })
        }
      }
    }
    return answers
  })

  compare('Fetch: several partitions share the limits', async (peer, client) => {
    const topic = await peer.topic({ partitions: 3 })
    for (const index of [0, 1, 2]) {
      const records = await batchOf(['x'.repeat(300), 'y'])
      await client.send(produceApi, 9, produce(9, topic, records, { index }))
      await client.send(produceApi, 9, produce(9, topic, records, { index }))
    }
    const answers: unknown[] = []
    for (const maxBytes of [1, 500, 900, 1200, 10_000]) {
      for (const partitionMaxBytes of [1, 400, 500, 5000]) {
        const partitions = [2, 0, 1].map((partition) => ({ partition, partitionMaxBytes }))
        const topics = [{ topic: topic.name, partitions }]
        const { responses } = await client.send(fetchApi, 12, { maxWaitMs: 0, minBytes: 0, maxBytes, topics })
        const sizes = responses[0]!.partitions.map(({ partitionIndex, records }) => [partitionIndex, records!.length])
        answers.push({ maxBytes, partitionMaxBytes, sizes })
      }
    }
    return answers
  })

  compare('Fetch: sessions', async (peer, client) => {
    const topic = await peer.topic({ partitions: 2 })
    const answers: unknown[] = []
    let sessionId = 0
    const ask = async (version: number, request: Partial<FetchRequest>): Promise<void> => {
      const { sessionId: answered, ...response } = await client.send(fetchApi, version, { maxWaitMs: 0, ...request })
      if (answered > 0) sessionId = answered
      answers.push({ session: answered === 0 ? 0 : '<session>', ...response })
    }
    const of = (...partitions: number[]): FetchRequest['topics'] => [
      {
        topic: topic.name,
        topicId: topic.id,
        partitions: partitions.map((partition) => ({
          partition,
          currentLeaderEpoch: -1,
          fetchOffset: 0n,
          lastFetchedEpoch: -1,
          logStartOffset: -1n,
          partitionMaxBytes: 1000,
          replicaDirectoryId: ZERO_UUID,
          highWatermark: 9223372036854775807n,
        })),
      },
    ]
    const forget = (...partitions: number[]): Partial<FetchRequest> => ({
      forgottenTopicsData: [{ topic: topic.name, topicId: topic.id, partitions }],
    })
    for (const version of [7, 12, 13, 18]) {
      await ask(version, { sessionId: 0, sessionEpoch: 0, topics: of(0, 1) })
      await ask(version, { sessionId, sessionEpoch: 1, topics: [] })
      await client.send(produceApi, 9, produce(9, topic, await batchOf(['a']), { index: 1 }))
      await ask(version, { sessionId, sessionEpoch: 2, topics: [] })
      await ask(version, { sessionId, sessionEpoch: 3, topics: [] })
      await ask(version, { sessionId, sessionEpoch: 3, topics: [] })
      await ask(version, { sessionId, sessionEpoch: 4, topics: of(0), ...forget(1) })
      await ask(version, { sessionId, sessionEpoch: 5, topics: of(7) })
      await ask(version, { sessionId, sessionEpoch: 6, topics: [] })
      await ask(version, { sessionId: sessionId + 5000, sessionEpoch: 1, topics: [] })
      await ask(version === 12 ? 13 : 12, { sessionId, sessionEpoch: 7, topics: [] })
      await ask(version, { sessionId, sessionEpoch: 7, topics: [], ...forget(0, 7) })
      await ask(version, { sessionId, sessionEpoch: 8, topics: [] })
      await ask(version, { sessionId: 0, sessionEpoch: 0, topics: of(0) })
      await ask(version, { sessionId, sessionEpoch: -1, topics: of(1) })
      await ask(version, { sessionId, sessionEpoch: 1, topics: [] })
      await ask(version, { sessionId: 0, sessionEpoch: -1, topics: of(0) })
      await ask(version, { sessionId: 0, sessionEpoch: 0, topics: [] })
    }
    return answers
  })

  compare('ListOffsets: every kind of timestamp in every version', async (peer, client) => {
    const topic = await peer.topic()
    const empty = await peer.topic()
    const batches = [
      await encodeRecords([
        { timestamp: 100, value: 'a' },
        { timestamp: 300, value: 'b' },
        { timestamp: 200, value: 'c' },
      ]),
      await encodeRecords([{ timestamp: 50, value: 'd' }], { compression: 'gzip' }),
      await encodeRecords(
        [
          { timestamp: 300, value: 'e' },
          { timestamp: 250, value: 'f' },
        ],
        { compression: 'gzip' },
      ),
    ]
    for (const batch of batches) await client.send(produceApi, 9, produce(9, topic, batch))
    const timestamps = [-1n, -2n, -3n, -4n, -5n, -6n, -7n, -99n, 0n, 100n, 150n, 201n, 300n, 301n]
    const answers: unknown[] = []
    for (const { name } of [topic, empty, nowhere]) {
      for (const timestamp of timestamps) {
        const partitions = [{ partitionIndex: 0, timestamp }]
        const request = { replicaId: -1, topics: [{ name, partitions }] }
        answers.push({ timestamp, answers: await inAllVersions(client, listOffsetsApi, () => request) })
      }
    }
    for (const currentLeaderEpoch of [-1, 0, 1]) {
      const partitions = [{ partitionIndex: 0, timestamp: -1n, currentLeaderEpoch }]
      answers.push(await client.send(listOffsetsApi, 7, { replicaId: -1, topics: [{ name: topic.name, partitions }] }))
    }
    const twice = [
      { partitionIndex: 0, timestamp: -1n },
      { partitionIndex: 0, timestamp: -2n },
    ]
    const { topics } = await client.send(listOffsetsApi, 7, {
      replicaId: -1,
      topics: [{ name: topic.name, partitions: [...twice, { partitionIndex: 3, timestamp: -1n }] }],
    })
    answers.push(
      new Set(topics[0]!.partitions.map(({ partitionIndex, errorCode }) => `${partitionIndex}: ${errorCode}`)),
    )
    return answers
  })
})
