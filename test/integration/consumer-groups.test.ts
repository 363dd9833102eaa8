import { afterAll, beforeAll, expect, test } from 'vitest'
import { Kafka, string } from '../../src/index.ts'
import type { ConsumerOptions } from '../../src/index.ts'
import { Assignments, numbers, Reading, until } from '../consumer/loops.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

const PARTITIONS = 6

describeWithKafka('groups of the consumer protocol', ['java'], () => {
  let cluster: Cluster
  let kafka: Kafka

  beforeAll(async () => {
    cluster = await startCluster({
      properties: {
        'group.consumer.heartbeat.interval.ms': '300',
        'group.consumer.session.timeout.ms': '6000',
      },
    })
    kafka = new Kafka({ bootstrapServers: cluster.bootstrapServers, metadataMaxAgeMs: 1_000 })
  })

  afterAll(() => cluster?.close())

  async function createTopic(name = uniqueName('orders')): Promise<string> {
    const admin = kafka.admin()
    await admin.createTopics([{ name, partitions: PARTITIONS, replicationFactor: 1 }])
    await admin.close()
    return name
  }

  async function produce(topic: string, from: number, to: number): Promise<void> {
    const producer = kafka.producer()
    const values = numbers(from, to)
    await producer.sendMany(values.map((value, index) => ({ topic, value, partition: index % PARTITIONS })))
    await producer.close()
  }

  function member(
    topic: ConsumerOptions['topics'],
    groupId: string,
    options: ConsumerOptions<Uint8Array | null, string | null> = {},
  ) {
    const assignments = new Assignments()
    const consumer = kafka.consumer<Uint8Array | null, string | null>({
      groupId,
      topics: topic,
      groupProtocol: 'consumer',
      autoOffsetReset: 'earliest',
      value: string,
      ...assignments.listeners,
      ...options,
    })
    return { assignments, consumer, reading: new Reading(consumer) }
  }

  test('share partitions among members that come and go, each record read once', async () => {
    const topic = await createTopic()
    const groupId = uniqueName('group')
    await produce(topic, 0, 60)
    const a = member([topic], groupId)
    await a.assignments.reach(6)
    await a.reading.reaches(60)
    const b = member([topic], groupId)
    await Promise.all([a.assignments.reach(3), b.assignments.reach(3)])
    const c = member([topic], groupId)
    await Promise.all([a, b, c].map(({ assignments }) => assignments.reach(2)))
    await produce(topic, 60, 120)
    const read = (): string[] => [a, b, c].flatMap(({ reading }) => reading.values as string[])
    await until(() => read().length >= 120)
    await b.consumer.close()
    await Promise.all([a, c].map(({ assignments }) => assignments.reach(3)))
    await a.consumer.close()
    await c.assignments.reach(6)
    await produce(topic, 120, 180)
    await until(() => read().length >= 180)
    await c.consumer.close()
    expect(
      read()
        .map(Number)
        .toSorted((x, y) => x - y),
    ).toEqual(numbers(0, 180).map(Number))
  })
})
