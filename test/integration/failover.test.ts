import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Consumer, Kafka, string } from '../../src/index.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

const partitions = 3
const recordsPerPartition = 200

function groupOptions(topic: string) {
  return { groupId: uniqueName('group'), topics: [topic], autoOffsetReset: 'earliest', value: string } as const
}

describeWithKafka('a cluster of three brokers', ['java'], () => {
  let cluster: Cluster
  let kafka: Kafka

  beforeAll(async () => {
    cluster = await startCluster({ brokers: 3 })
    kafka = new Kafka({ bootstrapServers: cluster.bootstrapServers })
  })

  afterAll(() => cluster?.close())

  async function createTopic(): Promise<string> {
    const topic = uniqueName('failover')
    const admin = kafka.admin()
    await admin.createTopics([{ name: topic, partitions, replicationFactor: 3 }])
    await admin.close()
    return topic
  }

  /** Any broker is asked: one that has just come up may not know the topic yet. */
  async function leaderOf(topic: string, partition: number): Promise<number> {
    const admin = kafka.admin()
    try {
      return await vi.waitFor(async () => (await admin.describeTopics([topic]))[0]!.partitions[partition]!.leaderId, {
        timeout: 30_000,
        interval: 200,
      })
    } finally {
      await admin.close()
    }
  }

  /** Sends numbered records one after the other to every partition; `midway` runs when half of them are stored. */
  async function produce(topic: string, midway: () => Promise<void>): Promise<void> {
    const producer = kafka.producer({ value: string })
    let disruption = Promise.resolve()
    for (let number = 0; number < recordsPerPartition; number++) {
      if (number === recordsPerPartition / 2) disruption = midway()
      const row = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, value: `${number}` }))
      await producer.sendMany(row)
    }
    await producer.close()
    await disruption
  }

  /** Values by partition, in the order in which they came. */
  async function consume(consumer: Consumer<unknown, string | null>): Promise<number[][]> {
    const seen: number[][] = Array.from({ length: partitions }, () => [])
    let left = partitions * recordsPerPartition
    for await (const { partition, value } of consumer) {
      seen[partition]!.push(Number(value))
      left--
      if (left === 0) break
    }
    await consumer.close()
    return seen
  }

  const complete = Array.from({ length: partitions }, () =>
    Array.from({ length: recordsPerPartition }, (_, number) => number),
  )

  test('loses, repeats and reorders nothing when the leader of a partition is killed and comes back', async () => {
    const topic = await createTopic()
    const consumed = consume(kafka.consumer(groupOptions(topic)))
    const leader = cluster.node(await leaderOf(topic, 0))
    await produce(topic, async () => {
      await leader.kill()
      await leader.start()
    })
    expect(await consumed).toEqual(complete)
  })

  test('loses, repeats and reorders nothing when the leader of a partition freezes and wakes up', async () => {
    const topic = await createTopic()
    const consumed = consume(kafka.consumer(groupOptions(topic)))
    const leader = cluster.node(await leaderOf(topic, 0))
    await produce(topic, async () => {
      leader.pause()
      await expect.poll(() => leaderOf(topic, 0), { timeout: 30_000 }).not.toBe(leader.nodeId)
      leader.resume()
    })
    expect(await consumed).toEqual(complete)
  })
})
