import { produceApi, type ProduceRequest } from '../../../src/protocol/messages/00-produce.ts'
import { fetchApi } from '../../../src/protocol/messages/01-fetch.ts'
import { listOffsetsApi } from '../../../src/protocol/messages/02-list-offsets.ts'
import { initProducerIdApi } from '../../../src/protocol/messages/22-init-producer-id.ts'
import { type Encodable } from '../../../src/protocol/schema.ts'
import { setProducerState } from '../../../src/protocol/records/batch-header.ts'
import { batchOf, encodeRecords } from '../../testing/harness.ts'
import { answer, inAllVersions, describeComparison } from './peer.ts'
import { produce, fetch, nowhere, newProducerId } from './requests.ts'

describeComparison('TestBroker takes records as Kafka does', (compare) => {
  compare('Produce: a good batch in every version, and the versions that are only offered', async (peer, client) => {
    const topic = await peer.topic()
    const records = await batchOf(['a', 'b'])
    const answers = await inAllVersions(client, produceApi, (version) => produce(version, topic, records))
    const fetched = await client.send(fetchApi, 12, fetch(12, topic, {}))
    const old = await client.sendFrame(Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 1, 255, 255, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0))
    return { answers, fetched, old }
  })

  compare('Produce: what is wrong with the request', async (peer, client) => {
    const topic = await peer.topic()
    const good = await batchOf(['a'])
    const requests = (version: number): Encodable<ProduceRequest>[] => [
      produce(version, nowhere, good),
      produce(version, topic, good, { index: 9 }),
      produce(version, topic, good, { index: -1 }),
      produce(version, topic, good, { acks: 2 }),
      produce(version, topic, good, { acks: -2 }),
      produce(version, topic, good, { acks: 1 }),
      produce(version, topic, new Uint8Array(0)),
      { acks: 1, timeoutMs: 5000, topicData: [] },
    ]
    const answers: unknown[] = []
    for (const version of [3, 8, 9, 10, 12, 13]) {
      for (const request of requests(version)) answers.push(await answer(client, produceApi, version, request))
    }
    return answers
  })

  compare('Produce: what is wrong with the batch', async (peer, client) => {
    const topic = await peer.topic({ config: { 'max.message.bytes': '1000' } })
    const good = await batchOf(['a', 'b'])
    const change = (at: number, ...bytes: number[]): Uint8Array => {
      const copy = good.slice()
      copy.set(bytes, at)
      return copy
    }
    // Changes the batch and renews its checksum.
    const rewrite = (at: number, ...bytes: number[]): Uint8Array => {
      const copy = change(at, ...bytes)
      setProducerState(copy, { producerId: -1n, producerEpoch: -1, baseSequence: -1 })
      return copy
    }
    const batches: [string, Uint8Array][] = [
      ['a wrong checksum', change(good.length - 1, 1)],
      ['magic 1', change(16, 1)],
      ['magic 3', change(16, 3)],
      ['a length that is too small', change(8, 0, 0, 0, 3)],
      ['a length beyond the end', change(8, 0, 0, 3, 0)],
      ['a part of the batch', good.slice(0, 70)],
      ['two batches', Uint8Array.from([...good, ...good])],
      ['a batch and a part of one', Uint8Array.from([...good, ...good.slice(0, 30)])],
      ['a base offset', change(0, 0, 0, 0, 0, 0, 0, 0, 5)],
      ['no records by count', rewrite(57, 0, 0, 0, 0)],
      ['a wrong count', rewrite(57, 0, 0, 0, 3)],
      ['a wrong last offset', rewrite(23, 0, 0, 0, 5)],
      ['a negative last offset', rewrite(23, 255, 255, 255, 254)],
      ['a control batch', await batchOf(['a'], { isControl: true })],
      [
        'a transactional batch',
        await batchOf(['a'], { isTransactional: true, producerId: 1n, producerEpoch: 0, baseSequence: 0 }),
      ],
      ['a negative sequence', await batchOf(['a'], { producerId: 1n, producerEpoch: 0, baseSequence: -1 })],
      ['too many bytes', await batchOf(['x'.repeat(2000)])],
      ['gzip', await batchOf(['a', 'b'], { compression: 'gzip' })],
      ['zstd', rewrite(21, 0, 4)],
    ]
    const answers: unknown[] = []
    for (const [what, batch] of batches) {
      for (const version of what === 'zstd' ? [6] : [3, 9]) {
        answers.push({ what, answer: await answer(client, produceApi, version, produce(version, topic, batch)) })
      }
    }
    return answers
  })

  compare('Produce: keys in a compacted topic, and timestamps', async (peer, client) => {
    const compacted = await peer.topic({ config: { 'cleanup.policy': 'compact' } })
    const appended = await peer.topic({ config: { 'message.timestamp.type': 'LogAppendTime' } })
    const dated = await peer.topic({ config: { 'message.timestamp.before.max.ms': '3600000' } })
    const records = await encodeRecords([
      { timestamp: 1, key: 'k', value: 'a' },
      { timestamp: 2, value: 'b' },
      { timestamp: Date.now() + 7_200_000, key: 'k', value: 'c' },
      { timestamp: -1, key: 'k', value: 'd' },
    ])
    const answers: unknown[] = []
    for (const topic of [compacted, appended, dated]) {
      answers.push(await client.send(produceApi, 9, produce(9, topic, records)))
      answers.push(await client.send(produceApi, 9, produce(9, topic, await batchOf(['a']))))
    }
    const fetched = await client.send(fetchApi, 12, fetch(12, appended, {}))
    const { records: stored } = fetched.responses[0]!.partitions[0]!
    const offsets = await client.send(listOffsetsApi, 7, {
      replicaId: -1,
      topics: [{ name: appended.name, partitions: [{ partitionIndex: 0, timestamp: 5n }] }],
    })
    const { offset, timestamp } = offsets.topics[0]!.partitions[0]!
    return { answers, size: stored!.length, attributes: stored![22], offset, isNow: timestamp > 1_000_000n }
  })

  compare('Produce: sequences of an idempotent producer', async (peer, client) => {
    const topic = await peer.topic()
    const producerId = await newProducerId(client)
    const answers: unknown[] = []
    const send = async (producerEpoch: number, baseSequence: number, count = 2): Promise<void> => {
      const values = Array.from({ length: count }, (_, i) => `${i}`)
      const batch = await batchOf(values, { producerId, producerEpoch, baseSequence })
      const { responses } = await client.send(produceApi, 9, produce(9, topic, batch))
      answers.push({ producerEpoch, baseSequence, count, ...responses[0]!.partitionResponses[0] })
    }
    await send(0, 0)
    await send(0, 2)
    await send(0, 0)
    await send(0, 2)
    await send(0, 0, 1)
    await send(0, 6)
    for (const sequence of [4, 6, 8, 10, 12]) await send(0, sequence)
    await send(0, 0)
    await send(0, 12)
    await send(1, 5)
    await send(1, 0)
    await send(0, 14)
    await send(1, 0)
    await send(1, 2)
    const wrapping = await batchOf(['w', 'x'], {
      producerId: producerId + 1000n,
      producerEpoch: 0,
      baseSequence: 0x7ffffffe,
    })
    answers.push(await client.send(produceApi, 9, produce(9, topic, wrapping)))
    const wrapped = await batchOf(['y'], { producerId: producerId + 1000n, producerEpoch: 0, baseSequence: 0 })
    answers.push(await client.send(produceApi, 9, produce(9, topic, wrapped)))
    return answers
  })

  compare('InitProducerId: with and without an id', async (_, client) => {
    await newProducerId(client)
    const answers: unknown[] = []
    for (let version = 0; version <= 5; version++) {
      const ids =
        version < 3 ? [{}] : [{}, { producerId: 5n, producerEpoch: 1 }, { producerId: 5n }, { producerEpoch: 2 }]
      for (const transactionalId of [null, '']) {
        for (const given of ids) {
          const request = { transactionalId, transactionTimeoutMs: 1000, ...given }
          const { producerId, ...rest } = await client.send(initProducerIdApi, version, request)
          answers.push({ ...rest, isNew: producerId >= 0n })
        }
      }
    }
    return answers
  })
})
