import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../src/protocol/error-codes.ts'
import { produceApi, type ProduceResponse } from '../../../src/protocol/messages/00-produce.ts'
import { metadataApi } from '../../../src/protocol/messages/03-metadata.ts'
import { initProducerIdApi } from '../../../src/protocol/messages/22-init-producer-id.ts'
import { setProducerState } from '../../../src/protocol/records/batch-header.ts'
import type { TestBroker } from '../../../src/testing/index.ts'
import { batchOf, connectTo, encodeRecords, startBroker, text } from '../harness.ts'
import type { RawClient } from '../raw-client.ts'

type PartitionResponse = ProduceResponse['responses'][number]['partitionResponses'][number]

/**
 * Produces to partition 0 of topic t, by version 9 unless told otherwise, and returns the answer for that partition.
 */
async function produce(
  client: RawClient,
  records: Uint8Array,
  { acks = -1, version = 9, topic = 't', index = 0 } = {},
): Promise<PartitionResponse> {
  const { responses } = await client.send(produceApi, version, {
    acks,
    timeoutMs: 1000,
    topicData: [{ name: topic, partitionData: [{ index, records }] }],
  })
  return responses[0]!.partitionResponses[0]!
}

async function valuesOf(broker: TestBroker): Promise<(string | null)[]> {
  return (await broker.records('t', 0)).map(({ value }) => text(value))
}

/** A copy with some bytes changed, and the checksum as it was or renewed. */
async function changed(at: number, bytes: number[], options: { isChecksumRight: boolean }): Promise<Uint8Array> {
  const batch = (await batchOf(['a', 'b'])).slice()
  batch.set(bytes, at)
  if (options.isChecksumRight) {
    setProducerState(batch, { producerId: -1n, producerEpoch: -1, baseSequence: -1 })
  }
  return batch
}

test('offsets follow each other, and the batch is stored with offset and leader epoch in it', async () => {
  const broker = await startBroker({ nodes: 2, topics: { t: 1 } })
  const client = await connectTo(broker)
  expect(await produce(client, await batchOf(['a', 'b']))).toMatchObject({
    errorCode: 0,
    baseOffset: 0n,
    logStartOffset: 0n,
  })
  expect(await produce(client, await batchOf(['c'], { compression: 'gzip' }))).toMatchObject({ baseOffset: 2n })
  broker.moveLeader('t', 0, 2)
  const other = await connectTo(broker, 2)
  expect(await produce(other, await batchOf(['d']))).toMatchObject({ baseOffset: 3n, logAppendTimeMs: -1n })
  const records = await broker.records('t', 0)
  expect(records.map(({ offset, value }) => [offset, text(value)])).toEqual([
    [0, 'a'],
    [1, 'b'],
    [2, 'c'],
    [3, 'd'],
  ])
})

test('what the client does with its bytes afterwards does not matter', async () => {
  const broker = await startBroker({ topics: { t: 1 } })
  const client = await connectTo(broker)
  const records = await batchOf(['kept'])
  await produce(client, records)
  records.fill(0)
  expect(await valuesOf(broker)).toEqual(['kept'])
})

test('topic ids take the place of names from version 13 on', async () => {
  const broker = await startBroker({ topics: { t: 1 } })
  const client = await connectTo(broker)
  const { topics } = await client.send(metadataApi, 12, { topics: null })
  const partitionData = [{ index: 0, records: await batchOf(['a']) }]
  const send = async (topicId: string): Promise<number> => {
    const { responses } = await client.send(produceApi, 13, { acks: 1, topicData: [{ topicId, partitionData }] })
    expect(responses[0]!.topicId).toBe(topicId)
    return responses[0]!.partitionResponses[0]!.errorCode
  }
  expect(await send(topics[0]!.topicId)).toBe(0)
  expect(await send('AAAAAAAAAAAAAAAAAAAAAQ')).toBe(ERROR.UNKNOWN_TOPIC_ID)
})

describe('the wrong node', () => {
  test('refuses the batch, and tells the leader from version 10 on', async () => {
    const broker = await startBroker({ nodes: 2, topics: { t: 1 } })
    const client = await connectTo(broker, 2)
    const records = await batchOf(['a'])
    const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }]
    const old = await client.send(produceApi, 9, { acks: 1, topicData })
    expect(old.responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: 6, currentLeader: { leaderId: -1 } })
    const { responses, nodeEndpoints } = await client.send(produceApi, 10, { acks: 1, topicData })
    const currentLeader = { leaderId: 1, leaderEpoch: 0 }
    expect(responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: 6, currentLeader, baseOffset: -1n })
    expect(nodeEndpoints).toEqual([{ nodeId: 1, host: '127.0.0.1', port: broker.nodes[0]!.port, rack: null }])
    expect(broker.partition('t', 0)!.endOffset).toBe(0)
  })

  test('loses the connection when the client wants no answer', async () => {
    const broker = await startBroker({ nodes: 2, topics: { t: 1 } })
    const client = await connectTo(broker, 2)
    const partitionData = [{ index: 0, records: await batchOf(['a']) }]
    client.post(produceApi, 9, { acks: 0, topicData: [{ name: 't', partitionData }] })
    await client.closed
    expect(broker.partition('t', 0)!.endOffset).toBe(0)
  })
})

describe('acks', () => {
  test('0 writes and answers nothing', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    const partitionData = [{ index: 0, records: await batchOf(['silent']) }]
    client.post(produceApi, 9, { acks: 0, topicData: [{ name: 't', partitionData }] })
    expect(await produce(client, await batchOf(['loud']))).toMatchObject({ baseOffset: 1n })
    expect(await valuesOf(broker)).toEqual(['silent', 'loud'])
  })

  test('-1 needs as many replicas in sync as min.insync.replicas says', async () => {
    const config = { 'min.insync.replicas': '2' }
    const broker = await startBroker({ nodes: 2, topics: { t: { partitions: 1, config } } })
    const client = await connectTo(broker)
    expect(await produce(client, await batchOf(['a']))).toMatchObject({ errorCode: 0 })
    await broker.nodes[1]!.stop()
    expect(await produce(client, await batchOf(['b']))).toMatchObject({ errorCode: ERROR.NOT_ENOUGH_REPLICAS })
    expect(await produce(client, await batchOf(['c']), { acks: 1 })).toMatchObject({ errorCode: 0 })
  })

  test.each([2, -2, 100])('%i is refused', async (acks) => {
    const broker = await startBroker({ topics: { t: 1 } })
    const answer = await produce(await connectTo(broker), await batchOf(['a']), { acks })
    expect(answer).toMatchObject({ errorCode: ERROR.INVALID_REQUIRED_ACKS })
  })
})

describe('a batch is refused', () => {
  test.each([
    ['for a wrong checksum', 30, [1], false, ERROR.CORRUPT_MESSAGE],
    ['for an unknown magic', 16, [3], false, ERROR.CORRUPT_MESSAGE],
    ['for an older magic', 16, [1], false, ERROR.INVALID_RECORD],
    ['for an impossible length', 8, [0, 0, 0, 3], false, ERROR.CORRUPT_MESSAGE],
    ['for being cut off', 8, [0, 0, 9, 9], false, ERROR.INVALID_RECORD],
    ['for a base offset', 7, [1], false, ERROR.INVALID_RECORD],
    ['for a wrong count', 57, [0, 0, 0, 3], true, ERROR.INVALID_RECORD],
    ['for having no records', 57, [0, 0, 0, 0], true, ERROR.INVALID_RECORD],
    ['for being a control batch', 21, [0, 0x20], true, ERROR.INVALID_RECORD],
    ['for being of a transaction', 21, [0, 0x10], true, ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED],
  ])('%s', async (_, at, bytes, isChecksumRight, errorCode) => {
    const broker = await startBroker({ topics: { t: 1 } })
    const answer = await produce(await connectTo(broker), await changed(at, bytes, { isChecksumRight }))
    expect(answer).toMatchObject({ errorCode, baseOffset: -1n })
    expect(broker.partition('t', 0)!.endOffset).toBe(0)
  })

  test('when it is not the only one', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const batch = await batchOf(['a'])
    const answer = await produce(await connectTo(broker), Uint8Array.from([...batch, ...batch]))
    expect(answer).toMatchObject({ errorCode: ERROR.INVALID_RECORD })
  })

  test('when it is larger than the topic takes, or else the broker', async () => {
    const config = { 'max.message.bytes': '500' }
    const broker = await startBroker({ maxMessageBytes: 300, topics: { t: 1, u: { config } } })
    const client = await connectTo(broker)
    const batch = await batchOf(['x'.repeat(350)])
    expect(await produce(client, batch)).toMatchObject({ errorCode: ERROR.MESSAGE_TOO_LARGE })
    expect(await produce(client, batch, { topic: 'u' })).toMatchObject({ errorCode: 0 })
  })

  test('when a compacted topic misses a key, with the records that lack it', async () => {
    const broker = await startBroker({ topics: { t: { config: { 'cleanup.policy': 'compact,delete' } } } })
    const records = await encodeRecords(
      [
        { timestamp: 1, key: 'k', value: 'a' },
        { timestamp: 1, value: 'b' },
      ],
      { compression: 'gzip' },
    )
    const answer = await produce(await connectTo(broker), records)
    expect(answer.errorCode).toBe(ERROR.INVALID_RECORD)
    expect(answer.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([1])
  })

  test('when a timestamp is too far ahead, with the records that have it', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const records = await encodeRecords([
      { timestamp: Date.now(), value: 'a' },
      { timestamp: Date.now() + 86_400_000, value: 'b' },
    ])
    const answer = await produce(await connectTo(broker), records)
    expect(answer.errorCode).toBe(ERROR.INVALID_TIMESTAMP)
    expect(answer.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([1])
  })
})

test('a topic with LogAppendTime stamps batches, and says when', async () => {
  const broker = await startBroker({ topics: { t: { config: { 'message.timestamp.type': 'LogAppendTime' } } } })
  const before = BigInt(Date.now())
  const { logAppendTimeMs } = await produce(await connectTo(broker), await batchOf(['a', 'b']))
  expect(logAppendTimeMs).toBeGreaterThanOrEqual(before)
  const records = await broker.records('t', 0)
  expect(records.map(({ timestamp }) => BigInt(timestamp))).toEqual([logAppendTimeMs, logAppendTimeMs])
})

describe('an idempotent producer', () => {
  const first = { producerId: 7n, producerEpoch: 0, baseSequence: 0 }

  test('gets an id of its own each time it asks', async () => {
    const broker = await startBroker()
    const client = await connectTo(broker)
    const request = { transactionalId: null, transactionTimeoutMs: 1000 }
    const a = await client.send(initProducerIdApi, 4, request)
    const b = await client.send(initProducerIdApi, 4, { ...request, producerId: a.producerId, producerEpoch: 0 })
    expect(a).toMatchObject({ errorCode: 0, producerEpoch: 0 })
    expect(b.producerId).not.toBe(a.producerId)
  })

  test('gets the same offsets for a batch that it sends again', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    const batches = [await batchOf(['a', 'b'], first), await batchOf(['c'], { ...first, baseSequence: 2 })]
    for (const batch of batches) await produce(client, batch)
    expect(await produce(client, batches[0]!)).toMatchObject({ errorCode: 0, baseOffset: 0n })
    expect(await produce(client, batches[1]!)).toMatchObject({ errorCode: 0, baseOffset: 2n })
    expect(await valuesOf(broker)).toEqual(['a', 'b', 'c'])
  })

  test('is refused a gap in its sequence, and what is too old to be known', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    const send = async (baseSequence: number): Promise<number> =>
      (await produce(client, await batchOf(['x'], { ...first, baseSequence }))).errorCode
    for (const sequence of [0, 1, 2, 3, 4, 5]) expect(await send(sequence)).toBe(0)
    expect(await send(7)).toBe(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER)
    expect(await send(0)).toBe(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER)
    expect(await send(1)).toBe(0)
    expect(await send(6)).toBe(0)
    expect(broker.partition('t', 0)!.endOffset).toBe(7)
  })

  test('starts over at 0 in a new epoch, which shuts out the old one', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    const send = async (producerEpoch: number, baseSequence: number): Promise<number> =>
      (await produce(client, await batchOf(['x'], { ...first, producerEpoch, baseSequence }))).errorCode
    expect(await send(0, 0)).toBe(0)
    expect(await send(1, 1)).toBe(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER)
    expect(await send(1, 0)).toBe(0)
    expect(await send(0, 1)).toBe(ERROR.INVALID_PRODUCER_EPOCH)
    expect(await send(1, 1)).toBe(0)
  })

  test('goes on at 0 after sequence 2^31 - 1', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    const last = await batchOf(['a', 'b', 'c'], { ...first, baseSequence: 0x7ffffffe })
    expect(await produce(client, last)).toMatchObject({ errorCode: 0 })
    expect(await produce(client, await batchOf(['d'], { ...first, baseSequence: 1 }))).toMatchObject({ errorCode: 0 })
    expect(await produce(client, last)).toMatchObject({ errorCode: 0, baseOffset: 0n })
  })
})
