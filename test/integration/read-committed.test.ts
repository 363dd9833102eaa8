import { expect, test } from 'vitest'
import { Kafka, string } from '../../src/index.ts'
import { Cluster } from '../../src/network/cluster.ts'
import { nodeTransport } from '../../src/network/node.ts'
import { brokerError, ERROR } from '../../src/protocol/error-codes.ts'
import { produceApi } from '../../src/protocol/messages/00-produce.ts'
import { initProducerIdApi } from '../../src/protocol/messages/22-init-producer-id.ts'
import { addPartitionsToTxnApi } from '../../src/protocol/messages/24-add-partitions-to-txn.ts'
import { endTxnApi } from '../../src/protocol/messages/26-end-txn.ts'
import { RecordBatchBuilder } from '../../src/protocol/records/record-batch-builder.ts'
import { numbers, Reading } from '../consumer/loops.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

/** Versions below those of transaction version 2, with which brokers do more by themselves (KIP-890). */
const maxVersion = { produce: 11, addPartitions: 3, endTxn: 4 }
const wait = { timeoutMs: 30_000 }

function check(api: string, errorCode: number): void {
  if (errorCode !== ERROR.NONE) throw brokerError(errorCode, { api })
}

/** Writes transactions to partition 0 of a topic, request by request. */
class Transactions {
  readonly #cluster: Cluster
  readonly #topic: string
  readonly #id = uniqueName('transactions')
  #producer = { producerId: -1n, producerEpoch: -1 }
  #sequence = 0

  constructor(cluster: Cluster, topic: string) {
    this.#cluster = cluster
    this.#topic = topic
  }

  async init(): Promise<void> {
    for (;;) {
      const coordinator = await this.#cluster.coordinator('transaction', this.#id, wait)
      const body = { transactionalId: this.#id, transactionTimeoutMs: 60_000 }
      const { errorCode, producerId, producerEpoch } = await coordinator.request('general', initProducerIdApi, body)
      this.#producer = { producerId, producerEpoch }
      if (errorCode === ERROR.NONE) return
      const error = brokerError(errorCode, { api: 'InitProducerId' })
      if (!error.retriable) throw error
      this.#cluster.forgetCoordinator('transaction', this.#id)
    }
  }

  async write(values: readonly string[]): Promise<void> {
    const coordinator = await this.#cluster.coordinator('transaction', this.#id, wait)
    const added = await coordinator.request(
      'general',
      addPartitionsToTxnApi,
      {
        v3AndBelowTransactionalId: this.#id,
        v3AndBelowProducerId: this.#producer.producerId,
        v3AndBelowProducerEpoch: this.#producer.producerEpoch,
        v3AndBelowTopics: [{ name: this.#topic, partitions: [0] }],
      },
      { maxVersion: maxVersion.addPartitions },
    )
    const { partitionErrorCode } = added.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!
    // The end of the transaction before may still be on its way to the partitions.
    if (partitionErrorCode === ERROR.CONCURRENT_TRANSACTIONS) return this.write(values)
    check('AddPartitionsToTxn', partitionErrorCode)
    const builder = new RecordBatchBuilder()
    for (const value of values) builder.append(Date.now(), null, value)
    const records = builder.finish({
      ...this.#producer,
      baseSequence: this.#sequence,
      isTransactional: true,
    }) as Uint8Array
    this.#sequence += values.length
    await this.#cluster.topics([this.#topic], wait)
    const leader = await this.#cluster.awaitLeader(this.#topic, 0, wait)
    const produced = await leader.request(
      'produce',
      produceApi,
      {
        transactionalId: this.#id,
        acks: -1,
        timeoutMs: 10_000,
        topicData: [{ name: this.#topic, partitionData: [{ index: 0, records }] }],
      },
      { maxVersion: maxVersion.produce },
    )
    check('Produce', produced.responses[0]!.partitionResponses[0]!.errorCode)
  }

  async end(committed: boolean): Promise<void> {
    const coordinator = await this.#cluster.coordinator('transaction', this.#id, wait)
    const body = { transactionalId: this.#id, ...this.#producer, committed }
    const { errorCode } = await coordinator.request('general', endTxnApi, body, { maxVersion: maxVersion.endTxn })
    check('EndTxn', errorCode)
  }
}

describeWithKafka('reading transactions of a real broker', [], ({ bootstrapServers }) => {
  test('read_committed leaves out what was aborted and waits for what is open', async () => {
    const kafka = new Kafka({ bootstrapServers })
    const topic = uniqueName('transactions')
    const admin = kafka.admin()
    await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1 }])
    await admin.close()
    const servers = bootstrapServers.split(',').map((server) => {
      const [host = '', port] = server.split(':')
      return { host, port: Number(port) }
    })
    const cluster = new Cluster({ bootstrapServers: servers, transport: nodeTransport })
    const first = new Transactions(cluster, topic)
    const second = new Transactions(cluster, topic)
    await first.init()
    await second.init()
    await first.write(numbers(0, 3))
    await second.write(['aborted', 'aborted'])
    await first.end(true)
    await second.end(false)
    await second.write(['aborted'])
    await first.write(numbers(3, 5))
    await second.end(false)
    await first.end(true)
    await second.write(['open'])
    await first.write(['5'])
    await first.end(true)
    const options = { autoOffsetReset: 'earliest', value: string } as const
    const all = kafka.consumer(options)
    const committed = kafka.consumer({ ...options, isolationLevel: 'read_committed' })
    all.assign([{ topic, partition: 0 }])
    committed.assign([{ topic, partition: 0 }])
    const readingAll = new Reading(all)
    await readingAll.reaches(10)
    expect(readingAll.values.filter((value) => value === 'aborted')).toHaveLength(3)
    const reading = new Reading(committed)
    await reading.reaches(5)
    // Behind the open transaction lies 5, which is committed and cannot be read yet.
    expect(reading.values).toEqual(numbers(0, 5))
    const partition = [{ topic, partition: 0 }]
    const [stable, end] = [await committed.endOffsets(partition), await all.endOffsets(partition)]
    expect(stable[0]!.offset).toBeLessThan(end[0]!.offset)
    await second.end(true)
    await reading.reaches(7)
    expect(reading.values).toEqual([...numbers(0, 5), 'open', '5'])
    await Promise.all([all.close(), committed.close(), cluster.close()])
  })
})
