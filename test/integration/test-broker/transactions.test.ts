import type { Api } from '../../../src/protocol/api.ts'
import { ERROR } from '../../../src/protocol/error-codes.ts'
import { produceApi } from '../../../src/protocol/messages/00-produce.ts'
import { fetchApi } from '../../../src/protocol/messages/01-fetch.ts'
import { listOffsetsApi } from '../../../src/protocol/messages/02-list-offsets.ts'
import { offsetFetchApi } from '../../../src/protocol/messages/09-offset-fetch.ts'
import { findCoordinatorApi } from '../../../src/protocol/messages/10-find-coordinator.ts'
import { joinGroupApi } from '../../../src/protocol/messages/11-join-group.ts'
import { initProducerIdApi } from '../../../src/protocol/messages/22-init-producer-id.ts'
import { addPartitionsToTxnApi } from '../../../src/protocol/messages/24-add-partitions-to-txn.ts'
import { addOffsetsToTxnApi } from '../../../src/protocol/messages/25-add-offsets-to-txn.ts'
import { endTxnApi } from '../../../src/protocol/messages/26-end-txn.ts'
import { txnOffsetCommitApi, type TxnOffsetCommitRequest } from '../../../src/protocol/messages/28-txn-offset-commit.ts'
import { encodeRecordBatch } from '../../../src/protocol/records/encode.ts'
import { decodeRecords } from '../../../src/protocol/records/read-batches.ts'
import type { Encodable } from '../../../src/protocol/schema.ts'
import type { RawClient } from '../../testing/raw-client.ts'
import { describeComparison, type Peer } from './peer.ts'
import { fetch, produce, type TopicName } from './requests.ts'

const PASSING: ReadonlySet<number> = new Set([
  ERROR.CONCURRENT_TRANSACTIONS,
  ERROR.NOT_COORDINATOR,
  ERROR.COORDINATOR_NOT_AVAILABLE,
  ERROR.COORDINATOR_LOAD_IN_PROGRESS,
])

/** Asks again as long as the end of another transaction, or the start of the coordinator, is in the way. */
async function settled<Response>(
  ask: () => Promise<Response>,
  codeOf: (response: Response) => number,
): Promise<Response> {
  for (;;) {
    const response = await ask()
    const code = codeOf(response)
    if (!PASSING.has(code)) return response
  }
}

/** A transactional producer whose every request is made by the test. */
class Writer {
  readonly #client: RawClient
  readonly transactionalId: string
  readonly #ids: bigint[] = []
  producerId = -1n
  producerEpoch = -1
  sequence = 0

  constructor(client: RawClient, transactionalId: string) {
    this.#client = client
    this.transactionalId = transactionalId
  }

  static async begin(peer: Peer, client: RawClient): Promise<Writer> {
    const writer = new Writer(client, peer.name('transactional-id'))
    await settled(
      () => client.send(findCoordinatorApi, 4, { coordinatorKeys: [writer.transactionalId], keyType: 1 }),
      ({ coordinators }) => coordinators[0]!.errorCode,
    )
    await writer.init()
    return writer
  }

  /** Takes over what is given, and tells how it relates to what there was. */
  #learn({
    errorCode,
    producerId,
    producerEpoch,
  }: {
    errorCode: number
    producerId: bigint
    producerEpoch: number
  }): unknown {
    if (!this.#ids.includes(producerId) && producerId >= 0n) this.#ids.push(producerId)
    if (errorCode === 0 && producerId >= 0n) Object.assign(this, { producerId, producerEpoch, sequence: 0 })
    return { errorCode, id: this.#ids.indexOf(producerId), producerEpoch }
  }

  async init(version = 5, more: object = {}, transactionalId = this.transactionalId): Promise<unknown> {
    const request = { transactionalId, transactionTimeoutMs: 60_000, ...more }
    return this.#learn(
      await settled(
        () => this.#client.send(initProducerIdApi, version, request),
        ({ errorCode }) => errorCode,
      ),
    )
  }

  get identity(): { transactionalId: string; producerId: bigint; producerEpoch: number } {
    const { transactionalId, producerId, producerEpoch } = this
    return { transactionalId, producerId, producerEpoch }
  }

  /** Returns what is said of each partition. */
  async addPartitions(
    version: number,
    topics: { name: string; partitions: number[] }[],
    more: object = {},
  ): Promise<unknown> {
    const { transactionalId, producerId, producerEpoch } = { ...this.identity, ...more }
    const response = await settled(
      () =>
        this.#client.send(addPartitionsToTxnApi, version, {
          v3AndBelowTransactionalId: transactionalId,
          v3AndBelowProducerId: producerId,
          v3AndBelowProducerEpoch: producerEpoch,
          v3AndBelowTopics: topics,
        }),
      ({ resultsByTopicV3AndBelow: [first] }) => first!.resultsByPartition[0]!.partitionErrorCode,
    )
    return response.resultsByTopicV3AndBelow
      .flatMap(({ name, resultsByPartition }) =>
        resultsByPartition.map(({ partitionIndex, partitionErrorCode }) => ({
          name,
          partitionIndex,
          partitionErrorCode,
        })),
      )
      .toSorted((a, b) => a.name.localeCompare(b.name) || a.partitionIndex - b.partitionIndex)
  }

  /** Writes a record; returns error code and offset. */
  async produce(
    version: number,
    topic: TopicName,
    options: { isTransactional?: boolean; baseSequence?: number } = {},
  ): Promise<unknown> {
    const { isTransactional = true, baseSequence = this.sequence } = options
    const { producerId, producerEpoch, transactionalId } = this
    const header = { producerId, producerEpoch, baseSequence, isTransactional }
    const batch = await encodeRecordBatch([{ timestamp: Date.now(), value: 'v' }], header)
    const request = { ...produce(version, topic, batch), transactionalId }
    const response = await settled(
      () => this.#client.send(produceApi, version, request),
      ({ responses }) => responses[0]!.partitionResponses[0]!.errorCode,
    )
    const { errorCode, baseOffset } = response.responses[0]!.partitionResponses[0]!
    if (errorCode === 0) this.sequence = baseSequence + 1
    return { errorCode, baseOffset }
  }

  async end(version: number, committed: boolean, more: object = {}): Promise<unknown> {
    const request = { ...this.identity, committed, ...more }
    const response = await settled(
      () => this.#client.send(endTxnApi, version, request),
      ({ errorCode }) => errorCode,
    )
    const { errorCode } = response
    return version >= 5 ? this.#learn(response) : { errorCode }
  }

  async addOffsets(version: number, groupId: string): Promise<unknown> {
    const request = { ...this.identity, groupId }
    const response = await settled(
      () => this.#client.send(addOffsetsToTxnApi, version, request),
      ({ errorCode }) => errorCode,
    )
    return response.errorCode
  }

  async commitOffsets(
    version: number,
    topic: TopicName,
    groupId: string,
    more: Partial<Encodable<TxnOffsetCommitRequest>> = {},
  ): Promise<unknown> {
    const partitions = [{ partitionIndex: 0, committedOffset: 7n, committedMetadata: 'm' }]
    const of = version >= 6 ? { topicId: topic.id } : { name: topic.name }
    const request = { ...this.identity, groupId, topics: [{ ...of, partitions }], ...more }
    const response = await settled(
      () => this.#client.send(txnOffsetCommitApi, version, request),
      ({ topics }) => topics[0]!.partitions[0]!.errorCode,
    )
    return response.topics.map(({ partitions }) => partitions)
  }
}

/** What a client may read of a partition, under both isolation levels. */
async function reads(client: RawClient, topic: TopicName, offset = 0n): Promise<unknown> {
  const seen: unknown[] = []
  for (const isolationLevel of [0, 1]) {
    const response = await client.send(fetchApi, 12, fetch(12, topic, { fetchOffset: offset }, { isolationLevel }))
    const { errorCode, highWatermark, lastStableOffset, abortedTransactions, records } =
      response.responses[0]!.partitions[0]!
    const decoded = await decodeRecords(records ?? new Uint8Array(0), { includeControl: true })
    seen.push({
      errorCode,
      highWatermark,
      lastStableOffset,
      aborted: abortedTransactions?.map(({ firstOffset }) => firstOffset) ?? null,
      offsets: decoded.map(({ offset: at }) => at),
    })
  }
  for (const isolationLevel of [0, 1]) {
    for (const replicaId of [-1, 0]) {
      const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0, timestamp: -1n }] }]
      const listed = await client.send(listOffsetsApi, 7, { replicaId, isolationLevel, topics })
      seen.push(listed.topics[0]!.partitions[0]!.offset)
    }
  }
  return seen
}

/** Waits until markers are where they belong, by default everywhere: a real broker writes them after it has answered. */
async function stable(client: RawClient, topic: TopicName, upTo?: bigint): Promise<void> {
  for (;;) {
    const { responses } = await client.send(fetchApi, 12, fetch(12, topic, {}, { isolationLevel: 1 }))
    const { highWatermark, lastStableOffset } = responses[0]!.partitions[0]!
    if (lastStableOffset === (upTo ?? highWatermark)) return
  }
}

async function committed(
  client: RawClient,
  groupId: string,
  topic: TopicName,
  requireStable: boolean,
): Promise<unknown> {
  const topics = [{ name: topic.name, partitionIndexes: [0] }]
  const response = await client.send(offsetFetchApi, 8, { groups: [{ groupId, topics }], requireStable })
  const [group] = response.groups
  return { errorCode: group!.errorCode, partitions: group!.topics[0]!.partitions }
}

function send<Request extends object, Response extends object>(
  client: RawClient,
  api: Api<Request, Response>,
  version: number,
  request: Encodable<NoInfer<Request>>,
): Promise<Response> {
  return client.send(api, version, request)
}

describeComparison('TestBroker coordinates transactions as Kafka does', (compare) => {
  compare('InitProducerId: every version raises the epoch', async (peer, client) => {
    const writer = await Writer.begin(peer, client)
    const answers: unknown[] = []
    for (let version = 0; version <= 5; version++) answers.push(await writer.init(version))
    return answers
  })

  compare('InitProducerId: refusals', async (peer, client) => {
    const writer = await Writer.begin(peer, client)
    const { producerId, producerEpoch } = writer
    const answers: unknown[] = []
    for (const more of [
      { transactionTimeoutMs: 0 },
      { transactionTimeoutMs: -1 },
      { transactionTimeoutMs: 900_001 },
      { producerId, producerEpoch: producerEpoch + 1 },
      { producerId, producerEpoch: -1 },
      { producerId: producerId + 1_000_000n, producerEpoch },
    ]) {
      answers.push(await writer.init(5, more))
      answers.push(await writer.init(3, more))
    }
    answers.push(await writer.init(5, {}, ''))
    return answers
  })

  compare('InitProducerId: the epoch is raised by its producer, once for two equal requests', async (peer, client) => {
    const writer = await Writer.begin(peer, client)
    const { producerId, producerEpoch } = writer
    const again = [
      await writer.init(5, { producerId, producerEpoch }),
      await writer.init(5, { producerId, producerEpoch }),
    ]
    const fresh = await writer.init()
    return [
      again,
      fresh,
      await writer.init(5, { producerId, producerEpoch }),
      await writer.init(3, { producerId, producerEpoch }),
    ]
  })

  compare('InitProducerId: an open transaction is aborted', async (peer, client) => {
    const topic = await peer.topic()
    const writer = await Writer.begin(peer, client)
    await writer.addPartitions(3, [{ name: topic.name, partitions: [0] }])
    await writer.produce(11, topic)
    const { producerId, producerEpoch } = writer
    const init = await writer.init()
    await stable(client, topic)
    return [init, await reads(client, topic), await writer.end(4, true, { producerId, producerEpoch })]
  })

  compare('version 1: commit and abort, again and out of place', async (peer, client) => {
    const topic = await peer.topic()
    const writer = await Writer.begin(peer, client)
    const answers: unknown[] = []
    for (const version of [0, 1, 2, 4]) {
      answers.push(await writer.end(version, false), await writer.end(version, true))
    }
    for (const isCommit of [true, false]) {
      answers.push(await writer.addPartitions(3, [{ name: topic.name, partitions: [0] }]))
      answers.push(await writer.produce(11, topic))
      answers.push(await reads(client, topic))
      answers.push(await writer.end(4, isCommit), await writer.end(4, isCommit), await writer.end(3, !isCommit))
      await stable(client, topic)
      answers.push(await reads(client, topic), await reads(client, topic, 2n))
    }
    return answers
  })

  compare('version 1: fenced, and mistaken for another', async (peer, client) => {
    const topic = await peer.topic()
    const writer = await Writer.begin(peer, client)
    const { producerId, producerEpoch } = writer
    const topics = [{ name: topic.name, partitions: [0] }]
    const answers: unknown[] = []
    for (const version of [0, 1, 2, 3]) {
      answers.push(
        await writer.addPartitions(version, topics, { producerEpoch: producerEpoch + 1 }),
        await writer.addPartitions(version, topics, { producerId: producerId + 1_000_000n }),
        await writer.end(version, true, { producerEpoch: producerEpoch + 1 }),
        await writer.end(version, true, { producerId: producerId + 1_000_000n }),
        await writer.addPartitions(version, topics, { transactionalId: '' }),
        await writer.end(version, true, { transactionalId: '' }),
      )
    }
    return answers
  })

  compare('AddPartitionsToTxn: one unknown partition keeps all out', async (peer, client) => {
    const topic = await peer.topic()
    const writer = await Writer.begin(peer, client)
    return [
      await writer.addPartitions(3, [{ name: topic.name, partitions: [0, 7] }]),
      await writer.addPartitions(3, [{ name: topic.name, partitions: [0] }]),
      await writer.addPartitions(3, [{ name: topic.name, partitions: [0] }]),
      await writer.end(4, false),
    ]
  })

  compare('Produce: a partition that was not added', async (peer, client) => {
    const topic = await peer.topic()
    const writer = await Writer.begin(peer, client)
    const answers: unknown[] = []
    for (const version of [9, 10, 11]) answers.push(await writer.produce(version, topic))
    answers.push(await writer.produce(12, topic), await writer.produce(11, topic))
    answers.push(await writer.produce(12, topic, { isTransactional: false }))
    answers.push(await writer.end(5, true))
    await stable(client, topic)
    answers.push(await reads(client, topic))
    // The epoch that was raised begins at 0.
    answers.push(await writer.produce(13, topic, { baseSequence: 3 }), await writer.produce(13, topic))
    answers.push(await writer.end(5, false))
    await stable(client, topic)
    answers.push(await reads(client, topic))
    return answers
  })

  compare('Produce: in a partition that the producer is new to, version 2 begins at 0', async (peer, client) => {
    const topic = await peer.topic()
    const writer = await Writer.begin(peer, client)
    return [
      await writer.produce(13, topic, { baseSequence: 5 }),
      await writer.produce(13, topic),
      await writer.end(5, true),
    ]
  })

  compare('Produce: an old epoch', async (peer, client) => {
    const topic = await peer.topic()
    const writer = await Writer.begin(peer, client)
    const { producerId, producerEpoch } = writer
    await writer.init()
    Object.assign(writer, { producerId, producerEpoch })
    return [await writer.produce(11, topic), await writer.produce(13, topic)]
  })

  compare('version 2: ends of what is empty, again, and out of place', async (peer, client) => {
    const topic = await peer.topic()
    const writer = await Writer.begin(peer, client)
    const answers: unknown[] = []
    answers.push(await writer.end(5, true), await writer.end(5, false), await writer.end(5, false))
    for (const isCommit of [true, false]) {
      await writer.produce(13, topic)
      const { producerId, producerEpoch } = writer
      const former = { producerId, producerEpoch }
      answers.push(await writer.end(5, isCommit))
      answers.push(await writer.end(5, isCommit, former), await writer.end(5, !isCommit, former))
      answers.push(await writer.end(5, true), await writer.end(5, false))
      answers.push(await writer.end(5, true, { ...former, producerEpoch: producerEpoch + 9 }))
    }
    await stable(client, topic)
    answers.push(await reads(client, topic))
    return answers
  })

  compare('aborted transactions among others, seen from different offsets', async (peer, client) => {
    const topic = await peer.topic()
    const one = await Writer.begin(peer, client)
    const two = await Writer.begin(peer, client)
    const answers: unknown[] = []
    await one.produce(13, topic)
    await two.produce(13, topic)
    await two.produce(13, topic)
    answers.push(await one.end(5, false))
    await stable(client, topic, 1n)
    answers.push(await reads(client, topic))
    await one.produce(13, topic)
    answers.push(await two.end(5, true))
    answers.push(await one.end(5, false))
    await stable(client, topic)
    for (let offset = 0n; offset < 8n; offset++) answers.push(await reads(client, topic, offset))
    return answers
  })

  compare('offsets: version 1', async (peer, client) => {
    const topic = await peer.topic()
    const groupId = await peer.group()
    const writer = await Writer.begin(peer, client)
    const answers: unknown[] = []
    for (const version of [0, 2, 3, 4]) answers.push(await writer.commitOffsets(version, topic, groupId))
    for (const isCommit of [false, true]) {
      answers.push(await writer.addOffsets(4, groupId), await writer.commitOffsets(4, topic, groupId))
      answers.push(await committed(client, groupId, topic, false), await committed(client, groupId, topic, true))
      answers.push(await writer.end(4, isCommit))
      await settled(
        () => committed(client, groupId, topic, true) as Promise<{ partitions: { errorCode: number }[] }>,
        ({ partitions }) =>
          partitions[0]!.errorCode === ERROR.UNSTABLE_OFFSET_COMMIT ? ERROR.CONCURRENT_TRANSACTIONS : 0,
      )
      answers.push(await committed(client, groupId, topic, false), await committed(client, groupId, topic, true))
    }
    return answers
  })

  compare('offsets: version 2', async (peer, client) => {
    const topic = await peer.topic()
    const groupId = await peer.group()
    const writer = await Writer.begin(peer, client)
    const answers: unknown[] = []
    for (const version of [5, 6]) {
      answers.push(await writer.commitOffsets(version, topic, groupId))
      answers.push(await committed(client, groupId, topic, true))
      answers.push(await writer.end(5, true))
    }
    return answers
  })

  compare('offsets: who may not', async (peer, client) => {
    const topic = await peer.topic()
    const groupId = await peer.group()
    const writer = await Writer.begin(peer, client)
    const answers: unknown[] = []
    const nobody = { generationIdOrMemberEpoch: 3, memberId: 'nobody' }
    for (const version of [3, 4, 5, 6]) {
      answers.push(await writer.commitOffsets(version, topic, groupId, nobody))
      answers.push(await writer.commitOffsets(version, topic, `${groupId}-none`, nobody))
      answers.push(await writer.end(5, false))
    }
    const join = {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Uint8Array.of(1) }],
    }
    const { memberId, generationId } = await send(client, joinGroupApi, 3, join)
    for (const who of [
      { generationIdOrMemberEpoch: generationId, memberId },
      { generationIdOrMemberEpoch: generationId + 1, memberId },
      { generationIdOrMemberEpoch: -1, memberId: '' },
      { generationIdOrMemberEpoch: -1, memberId },
      { generationIdOrMemberEpoch: generationId, memberId, groupInstanceId: 'other' },
    ]) {
      answers.push(await writer.commitOffsets(5, topic, groupId, who))
    }
    const long = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: 'x'.repeat(5000) }]
    const unknown = [{ partitionIndex: 9, committedOffset: 1n, committedMetadata: '' }]
    answers.push(await writer.commitOffsets(5, topic, groupId, { topics: [{ name: topic.name, partitions: long }] }))
    answers.push(await writer.commitOffsets(5, topic, groupId, { topics: [{ name: topic.name, partitions: unknown }] }))
    answers.push(await writer.end(5, false))
    return answers
  })
})
