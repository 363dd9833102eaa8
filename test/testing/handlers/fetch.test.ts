import { describe, expect, test } from 'vitest'
import { ZERO_UUID } from '../../../src/protocol/bytes/uuid.ts'
import { ERROR } from '../../../src/protocol/error-codes.ts'
import { fetchApi, type FetchRequest, type FetchResponse } from '../../../src/protocol/messages/01-fetch.ts'
import { listOffsetsApi } from '../../../src/protocol/messages/02-list-offsets.ts'
import { metadataApi } from '../../../src/protocol/messages/03-metadata.ts'
import { deleteTopicsApi } from '../../../src/protocol/messages/20-delete-topics.ts'
import { decodeRecords } from '../../../src/protocol/records/read-batches.ts'
import type { TestBroker } from '../../../src/testing/index.ts'
import { connectTo, nextRequest, startBroker, text } from '../harness.ts'
import type { RawClient } from '../raw-client.ts'

type PartitionRequest = Partial<FetchRequest['topics'][number]['partitions'][number]>
type PartitionData = FetchResponse['responses'][number]['partitions'][number]

/** Longer than a test may take: what ends such a poll is not the time. */
const LONG_MS = 600_000

function topicOf(...partitions: PartitionRequest[]): { topic: string; partitions: PartitionRequest[] }[] {
  const given = partitions.map((partition, index) =>
    Object.assign({ partition: index, partitionMaxBytes: 1_000_000 }, partition),
  )
  return [{ topic: 't', partitions: given }]
}

/** Fetches partitions of topic t by version 12 and returns what is said of each. */
async function fetch(
  client: RawClient,
  partitions: PartitionRequest[],
  { maxWaitMs = 0, minBytes = 0, maxBytes = 50_000_000 } = {},
): Promise<PartitionData[]> {
  const topics = topicOf(...partitions)
  const { responses } = await client.send(fetchApi, 12, { maxWaitMs, minBytes, maxBytes, topics })
  return responses[0]!.partitions
}

async function valuesOf(data: PartitionData): Promise<(string | null)[]> {
  return (await decodeRecords(data.records!)).map(({ value }) => text(value))
}

function forget(...partitions: number[]): Partial<FetchRequest> {
  return { forgottenTopicsData: [{ topic: 't', topicId: ZERO_UUID, partitions }] }
}

describe('reading', () => {
  test('starts with the batch that holds the offset', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    await broker.append('t', 0, [{ value: 'a' }, { value: 'b' }])
    await broker.append('t', 0, [{ value: 'c' }])
    const [data] = await fetch(await connectTo(broker), [{ fetchOffset: 1n }])
    expect(await valuesOf(data!)).toEqual(['a', 'b', 'c'])
    expect(data).toMatchObject({ errorCode: 0, highWatermark: 3n, lastStableOffset: 3n, logStartOffset: 0n })
  })

  test('past the end gives nothing, beyond it or before the start an error', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    await broker.append('t', 0, [{ value: 'a' }, { value: 'b' }])
    broker.deleteRecords('t', 0, 1)
    const client = await connectTo(broker)
    const at = async (fetchOffset: bigint): Promise<PartitionData> => (await fetch(client, [{ fetchOffset }]))[0]!
    expect(await at(2n)).toMatchObject({ errorCode: 0, records: new Uint8Array(0) })
    expect(await at(3n)).toMatchObject({ errorCode: ERROR.OFFSET_OUT_OF_RANGE, highWatermark: -1n })
    expect(await at(0n)).toMatchObject({ errorCode: ERROR.OFFSET_OUT_OF_RANGE })
    expect(await at(1n)).toMatchObject({ errorCode: 0, logStartOffset: 1n })
  })

  test('cuts the last batch off at the limit of the partition', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    for (const value of ['a', 'b', 'c']) await broker.append('t', 0, [{ value }])
    const size = broker.partition('t', 0)!.sizeInBytes / 3
    const [data] = await fetch(await connectTo(broker), [{ partitionMaxBytes: size * 2 + 10 }])
    expect(data!.records).toHaveLength(size * 2 + 10)
    expect(await valuesOf(data!)).toEqual(['a', 'b'])
  })

  test('gives one whole batch whatever the limits say, and the rest within them', async () => {
    const broker = await startBroker({ topics: { t: 3 } })
    for (const partition of [0, 1, 2]) await broker.append('t', partition, [{ value: 'x'.repeat(500) }])
    const client = await connectTo(broker)
    const data = await fetch(client, [{ partitionMaxBytes: 1 }, { partitionMaxBytes: 1 }, {}], { maxBytes: 700 })
    expect(data.map(({ records }) => records!.length > 0)).toEqual([true, false, false])
    const none = await fetch(client, [{ fetchOffset: 1n }, {}], { maxBytes: 1 })
    expect(none.map(({ records }) => records!.length > 0)).toEqual([false, true])
  })

  test('of what does not exist is an error, by name and by id', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    const [known, unknown] = await fetch(client, [{}, { partition: 9 }])
    expect([known!.errorCode, unknown!.errorCode]).toEqual([0, ERROR.UNKNOWN_TOPIC_OR_PARTITION])
    const partitions = [{ partition: 0, partitionMaxBytes: 100 }]
    const { topics } = await client.send(metadataApi, 12, { topics: null })
    const { responses } = await client.send(fetchApi, 13, {
      topics: [topics[0]!.topicId, 'AAAAAAAAAAAAAAAAAAAAAQ'].map((topicId) => ({ topicId, partitions })),
    })
    expect(responses.map((topic) => topic.partitions[0]!.errorCode)).toEqual([0, ERROR.UNKNOWN_TOPIC_ID])
  })
})

describe('leaders and epochs', () => {
  test('a node without a replica refuses, and tells the leader from version 16 on', async () => {
    const broker = await startBroker({ nodes: 2, topics: { t: { partitions: 1, replicationFactor: 1 } } })
    const client = await connectTo(broker, 2)
    expect((await fetch(client, [{}]))[0]).toMatchObject({ errorCode: ERROR.NOT_LEADER_OR_FOLLOWER })
    const { topics } = await client.send(metadataApi, 12, { topics: null })
    const { responses, nodeEndpoints } = await client.send(fetchApi, 16, {
      topics: [{ topicId: topics[0]!.topicId, partitions: [{ partition: 0, partitionMaxBytes: 100 }] }],
    })
    expect(responses[0]!.partitions[0]!.currentLeader).toEqual({ leaderId: 1, leaderEpoch: 0 })
    expect(nodeEndpoints.map(({ nodeId, port }) => [nodeId, port])).toEqual([[1, broker.nodes[0]!.port]])
  })

  test('a follower may be read from version 11 on', async () => {
    const broker = await startBroker({ nodes: 2, topics: { t: 1 } })
    await broker.append('t', 0, [{ value: 'a' }])
    const client = await connectTo(broker, 2)
    for (const [version, errorCode] of [
      [10, ERROR.NOT_LEADER_OR_FOLLOWER],
      [11, 0],
    ] as const) {
      const { responses } = await client.send(fetchApi, version, { topics: topicOf({}) })
      expect(responses[0]!.partitions[0]!.errorCode).toBe(errorCode)
    }
  })

  test('an old leader epoch is fenced, a future one unknown', async () => {
    const broker = await startBroker({ nodes: 2, topics: { t: 1 } })
    broker.moveLeader('t', 0, 2)
    const client = await connectTo(broker, 2)
    const errorAt = async (currentLeaderEpoch: number): Promise<number> =>
      (await fetch(client, [{ currentLeaderEpoch }]))[0]!.errorCode
    expect(await errorAt(0)).toBe(ERROR.FENCED_LEADER_EPOCH)
    expect(await errorAt(1)).toBe(0)
    expect(await errorAt(2)).toBe(ERROR.UNKNOWN_LEADER_EPOCH)
    const partitions = [0, 1, 2].map((currentLeaderEpoch) => ({
      partitionIndex: 0,
      timestamp: -1n,
      currentLeaderEpoch,
    }))
    for (const [i, errorCode] of [ERROR.FENCED_LEADER_EPOCH, 0, ERROR.UNKNOWN_LEADER_EPOCH].entries()) {
      const { topics } = await client.send(listOffsetsApi, 4, {
        replicaId: -1,
        topics: [{ name: 't', partitions: [partitions[i]!] }],
      })
      expect(topics[0]!.partitions[0]!.errorCode).toBe(errorCode)
    }
  })

  test('a client that read on where an epoch had ended is told where', async () => {
    const broker = await startBroker({ nodes: 2, topics: { t: 1 } })
    await broker.append('t', 0, [{ value: 'a' }, { value: 'b' }])
    broker.moveLeader('t', 0, 2)
    await broker.append('t', 0, [{ value: 'c' }, { value: 'd' }])
    const client = await connectTo(broker, 2)
    const after = async (lastFetchedEpoch: number, fetchOffset: bigint): Promise<PartitionData> =>
      (await fetch(client, [{ lastFetchedEpoch, fetchOffset }]))[0]!
    expect(await after(0, 2n)).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: -1 } })
    expect(await after(0, 3n)).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: 0, endOffset: 2n } })
    expect((await after(0, 3n)).records).toHaveLength(0)
    expect(await after(1, 4n)).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: -1 } })
    expect(await after(9, 4n)).toMatchObject({ errorCode: ERROR.OFFSET_OUT_OF_RANGE })
  })
})

describe('a long poll', () => {
  test('ends with the records that arrive', async () => {
    const broker = await startBroker({ topics: { t: 2 } })
    const client = await connectTo(broker)
    const arrived = nextRequest(broker, fetchApi)
    const fetched = fetch(client, [{}, {}], { maxWaitMs: LONG_MS, minBytes: 1 })
    await arrived
    await broker.append('t', 1, [{ value: 'late' }])
    const [first, second] = await fetched
    expect(first!.records).toHaveLength(0)
    expect(await valuesOf(second!)).toEqual(['late'])
  })

  test('waits for as many bytes as were asked for, over all partitions', async () => {
    const broker = await startBroker({ topics: { t: 2 } })
    const client = await connectTo(broker)
    const arrived = nextRequest(broker, fetchApi)
    const fetched = fetch(client, [{}, {}], { maxWaitMs: LONG_MS, minBytes: 700 })
    let isDone = false
    void fetched.then(() => {
      isDone = true
    })
    await arrived
    await broker.append('t', 0, [{ value: 'x'.repeat(300) }])
    // A request that is answered on another connection shows that the broker had its turn.
    await (await connectTo(broker)).send(metadataApi, 9, { topics: [] })
    expect(isDone).toBe(false)
    await broker.append('t', 1, [{ value: 'y'.repeat(300) }])
    expect((await fetched).map(({ records }) => records!.length > 0)).toEqual([true, true])
  })

  test('ends with nothing when its time is up', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const [data] = await fetch(await connectTo(broker), [{}], { maxWaitMs: 1, minBytes: 1 })
    expect(data).toMatchObject({ errorCode: 0, records: new Uint8Array(0), highWatermark: 0n })
  })

  test.each([
    ['the leader moves away', (broker: TestBroker) => broker.moveLeader('t', 0, 2), ERROR.FENCED_LEADER_EPOCH],
    [
      'the records before its offset are deleted',
      (broker: TestBroker) => broker.deleteRecords('t', 0, 3),
      ERROR.OFFSET_OUT_OF_RANGE,
    ],
  ])('ends with an error when %s', async (_, change, errorCode) => {
    const broker = await startBroker({ nodes: 2, topics: { t: 1 } })
    await broker.append('t', 0, [{ value: 'a' }, { value: 'b' }, { value: 'c' }])
    const client = await connectTo(broker)
    const arrived = nextRequest(broker, fetchApi)
    const position = { fetchOffset: 2n, currentLeaderEpoch: 0 }
    const fetched = fetch(client, [position], { maxWaitMs: LONG_MS, minBytes: 1000 })
    await arrived
    change(broker)
    expect((await fetched)[0]!.errorCode).toBe(errorCode)
  })

  test('ends when its topic is deleted', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    const arrived = nextRequest(broker, fetchApi)
    const fetched = fetch(client, [{}], { maxWaitMs: LONG_MS, minBytes: 1 })
    await arrived
    await (await connectTo(broker)).send(deleteTopicsApi, 5, { topicNames: ['t'] })
    expect((await fetched)[0]!.errorCode).toBe(ERROR.UNKNOWN_TOPIC_OR_PARTITION)
  })

  test('does not wait when there is an error, or nothing to wait for', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    const waiting = { maxWaitMs: LONG_MS, minBytes: 1 }
    expect((await fetch(client, [{ fetchOffset: 5n }], waiting))[0]!.errorCode).toBe(ERROR.OFFSET_OUT_OF_RANGE)
    expect((await fetch(client, [{ partition: 5 }], waiting))[0]!.errorCode).toBe(ERROR.UNKNOWN_TOPIC_OR_PARTITION)
    expect((await client.send(fetchApi, 12, { ...waiting, topics: [] })).responses).toEqual([])
  })
})

describe('a fetch session', () => {
  test('tells only what is new', async () => {
    const broker = await startBroker({ topics: { t: 2 } })
    const client = await connectTo(broker)
    const full = await client.send(fetchApi, 12, { sessionEpoch: 0, topics: topicOf({}, {}) })
    expect(full.responses[0]!.partitions).toHaveLength(2)
    const { sessionId } = full
    expect(sessionId).toBeGreaterThan(0)
    expect(await client.send(fetchApi, 12, { sessionId, sessionEpoch: 1 })).toMatchObject({ sessionId, responses: [] })
    await broker.append('t', 1, [{ value: 'a' }])
    const news = await client.send(fetchApi, 12, { sessionId, sessionEpoch: 2 })
    expect(news.responses[0]!.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([1])
    // The position has not moved, so that the records come again.
    const again = await client.send(fetchApi, 12, { sessionId, sessionEpoch: 3 })
    expect(again.responses[0]!.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([1])
    const topics = topicOf({ partition: 1, fetchOffset: 1n })
    expect(await client.send(fetchApi, 12, { sessionId, sessionEpoch: 4, topics })).toMatchObject({ responses: [] })
  })

  test('grows, shrinks, and ends when nothing is left in it', async () => {
    const broker = await startBroker({ topics: { t: 2 } })
    const client = await connectTo(broker)
    const { sessionId } = await client.send(fetchApi, 12, { sessionEpoch: 0, topics: topicOf({}) })
    const added = await client.send(fetchApi, 12, { sessionId, sessionEpoch: 1, topics: topicOf({ partition: 1 }) })
    expect(added.responses[0]!.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([1])
    await client.send(fetchApi, 12, { sessionId, sessionEpoch: 2, ...forget(1) })
    await broker.append('t', 1, [{ value: 'a' }])
    expect(await client.send(fetchApi, 12, { sessionId, sessionEpoch: 3 })).toMatchObject({ responses: [] })
    const last = await client.send(fetchApi, 12, { sessionId, sessionEpoch: 4, ...forget(0) })
    expect(last).toMatchObject({ errorCode: 0, sessionId: 0 })
    const gone = await client.send(fetchApi, 12, { sessionId, sessionEpoch: 5 })
    expect(gone.errorCode).toBe(ERROR.FETCH_SESSION_ID_NOT_FOUND)
  })

  test('has its errors: unknown, out of step, names instead of ids', async () => {
    const broker = await startBroker({ nodes: 2, topics: { t: 1 } })
    const client = await connectTo(broker)
    const { sessionId } = await client.send(fetchApi, 12, { sessionEpoch: 0, topics: topicOf({}) })
    const errorOf = async (version: number, request: Partial<FetchRequest>, on = client): Promise<number> =>
      (await on.send(fetchApi, version, request)).errorCode
    expect(await errorOf(12, { sessionId, sessionEpoch: 2 })).toBe(ERROR.INVALID_FETCH_SESSION_EPOCH)
    expect(await errorOf(13, { sessionId, sessionEpoch: 1 })).toBe(ERROR.FETCH_SESSION_TOPIC_ID_ERROR)
    expect(await errorOf(12, { sessionId: sessionId + 1, sessionEpoch: 1 })).toBe(ERROR.FETCH_SESSION_ID_NOT_FOUND)
    const other = await connectTo(broker, 2)
    expect(await errorOf(12, { sessionId, sessionEpoch: 1 }, other)).toBe(ERROR.FETCH_SESSION_ID_NOT_FOUND)
    expect(await errorOf(12, { sessionId, sessionEpoch: 1 })).toBe(0)
  })

  test('is closed by epoch -1, and lost when its node restarts', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    const { sessionId } = await client.send(fetchApi, 12, { sessionEpoch: 0, topics: topicOf({}) })
    const closing = await client.send(fetchApi, 12, { sessionId, sessionEpoch: -1, topics: topicOf({}) })
    expect(closing).toMatchObject({ errorCode: 0, sessionId: 0 })
    expect((await client.send(fetchApi, 12, { sessionId, sessionEpoch: 1 })).errorCode).toBe(70)
    const second = await client.send(fetchApi, 12, { sessionEpoch: 0, topics: topicOf({}) })
    await broker.nodes[0]!.stop()
    await broker.nodes[0]!.start()
    const again = await connectTo(broker)
    expect((await again.send(fetchApi, 12, { sessionId: second.sessionId, sessionEpoch: 1 })).errorCode).toBe(70)
  })
})
