import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Consumer, type ConsumerOptions, Kafka, LogTruncationError, string } from '../../src/index.ts'
import { Reading, until } from '../consumer/loops.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

type TextConsumer = Consumer<Uint8Array | null, string | null>

describeWithKafka('reading from three brokers that come and go', ['java'], () => {
  let cluster: Cluster
  let kafka: Kafka

  beforeAll(async () => {
    cluster = await startCluster({
      brokers: 3,
      // Two of three brokers are down at times, which no quorum survives.
      separateController: true,
      properties: { 'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector' },
    })
    kafka = new Kafka({ bootstrapServers: cluster.bootstrapServers })
  })

  afterAll(() => cluster?.close())

  async function produce(topic: string, values: readonly string[], acks: 'all' | 1 = 'all'): Promise<void> {
    const producer = kafka.producer({ acks })
    await producer.sendMany(values.map((value) => ({ topic, partition: 0, value })))
    await producer.close()
  }

  function reader(
    topic: string,
    options: ConsumerOptions<Uint8Array | null, string | null> = {},
  ): { consumer: TextConsumer; reading: () => Reading<unknown, string | null> } {
    const consumer: TextConsumer = kafka.consumer({ autoOffsetReset: 'earliest', value: string, ...options })
    consumer.assign([{ topic, partition: 0 }])
    return { consumer, reading: () => new Reading<unknown, string | null>(consumer) }
  }

  async function isrOf(topic: string): Promise<readonly number[]> {
    const admin = kafka.admin()
    try {
      return (await admin.describeTopics([topic]))[0]!.partitions[0]!.isr
    } finally {
      await admin.close()
    }
  }

  test('an unclean election sends the loop back to where the logs fork, or is an error that says where that is', async () => {
    const topic = uniqueName('unclean')
    const admin = kafka.admin()
    const configs = { 'min.insync.replicas': '1', 'unclean.leader.election.enable': 'true' }
    await admin.createTopics([{ name: topic, replicaAssignment: [[1, 2]], configs }])
    await admin.close()
    await produce(topic, ['a'])
    await vi.waitFor(async () => expect(await isrOf(topic)).toHaveLength(2), { timeout: 30_000 })
    await cluster.node(2).kill()
    await vi.waitFor(async () => expect(await isrOf(topic)).toEqual([1]), { timeout: 30_000, interval: 200 })
    await produce(topic, ['b', 'c'], 1)
    const resetting = reader(topic)
    const asking = reader(topic, { autoOffsetReset: 'none' })
    asking.consumer.seek({ topic, partition: 0, offset: 0 })
    const [resets, asks] = [resetting.reading(), asking.reading()]
    await Promise.all([resets.reaches(3), asks.reaches(3)])
    await cluster.node(1).kill()
    await cluster.node(2).start()
    await vi.waitFor(async () => expect(await isrOf(topic)).toEqual([2]), { timeout: 30_000, interval: 200 })
    await cluster.node(1).start()
    const error: unknown = await asks.done.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(LogTruncationError)
    expect(error).toMatchObject({ topic, partition: 0, offset: 3, divergentOffset: 1 })
    await produce(topic, ['d'])
    await resets.reaches(4)
    // Not `a` once more, as after a reset for an offset that is out of range.
    expect(resets.values).toEqual(['a', 'b', 'c', 'd'])
    await Promise.all([resetting.consumer.close(), asking.consumer.close()])
  })

  test('a topic that is made anew under its name is read from its beginning', async () => {
    const topic = uniqueName('anew')
    const admin = kafka.admin()
    await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 3 }])
    const { consumer, reading } = reader(topic)
    const values = reading()
    await produce(topic, ['old 0', 'old 1'])
    await values.reaches(2)
    await admin.deleteTopics([topic])
    await vi.waitFor(() => admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 3 }]), {
      timeout: 30_000,
    })
    await admin.close()
    await produce(topic, ['new 0', 'new 1', 'new 2'])
    await values.reaches(5)
    expect(values.values).toEqual(['old 0', 'old 1', 'new 0', 'new 1', 'new 2'])
    await consumer.close()
  })

  test('a replica nearby is read from while it lives, and the leader when it dies', async () => {
    const topic = uniqueName('nearby')
    const admin = kafka.admin()
    await admin.createTopics([{ name: topic, replicaAssignment: [[1, 2, 3]] }])
    await admin.close()
    const { consumer, reading } = reader(topic, { clientRack: 'rack-3' })
    const values = reading()
    await vi.waitFor(async () => expect(await isrOf(topic)).toHaveLength(3), { timeout: 30_000 })
    await produce(topic, ['a'])
    await values.reaches(1)
    await until(() => consumer.metrics().partitions[0]?.preferredReplica === 3)
    await produce(topic, ['b'])
    await values.reaches(2)
    await cluster.node(3).kill()
    await produce(topic, ['c', 'd'])
    await values.reaches(4)
    expect(values.values).toEqual(['a', 'b', 'c', 'd'])
    await cluster.node(3).start()
    await consumer.close()
  })
})
