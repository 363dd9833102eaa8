import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Consumer, type ConsumerOptions, Kafka, string } from '../../src/index.ts'
import { Reading } from '../consumer/loops.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

type TextConsumer = Consumer<Uint8Array | null, string | null>

const COUNT = 4000
const values = Array.from({ length: COUNT }, (_, i) => `${i}-${'x'.repeat(1000)}`)

describeWithKafka('a log whose older part is in remote storage', ['java'], () => {
  const topic = uniqueName('tiered')
  let cluster: Cluster
  let kafka: Kafka

  beforeAll(async () => {
    cluster = await startCluster({ tieredStorage: true })
    kafka = new Kafka({ bootstrapServers: cluster.bootstrapServers })
    const admin = kafka.admin()
    await admin.createTopics([
      {
        name: topic,
        partitions: 1,
        replicationFactor: 1,
        // The smallest segments there are; what is in remote storage stays on the broker for a second.
        configs: { 'remote.storage.enable': 'true', 'local.retention.ms': '1000', 'segment.bytes': '1048576' },
      },
    ])
    await admin.close()
    const producer = kafka.producer()
    for (let from = 0; from < COUNT; from += 100) {
      await producer.sendMany(values.slice(from, from + 100).map((value) => ({ topic, partition: 0, value })))
    }
    await producer.close()
    // Its jars may have to be fetched.
  }, 300_000)

  afterAll(() => cluster?.close())

  function reader(options: ConsumerOptions<Uint8Array | null, string | null> = {}): TextConsumer {
    const consumer: TextConsumer = kafka.consumer({ value: string, autoOffsetReset: 'earliest', ...options })
    consumer.assign([{ topic, partition: 0 }])
    return consumer
  }

  async function offsets(): Promise<Record<'earliest' | 'earliestLocal' | 'latestTiered' | 'latest', number>> {
    const consumer = reader()
    const of = async (target: 'earliest' | 'earliestLocal' | 'latestTiered' | 'latest'): Promise<number> => {
      const [found] = await consumer.listOffsets([{ topic, partition: 0, target }])
      return found?.offset ?? -1
    }
    try {
      const [earliest, earliestLocal, latestTiered, latest] = await Promise.all([
        of('earliest'),
        of('earliestLocal'),
        of('latestTiered'),
        of('latest'),
      ])
      return { earliest, earliestLocal, latestTiered, latest }
    } finally {
      await consumer.close()
    }
  }

  test('tells where it begins on the broker, and where it ends in remote storage', async () => {
    const found = await vi.waitFor(
      async () => {
        const found = await offsets()
        expect(found.earliestLocal).toBeGreaterThan(1000)
        return found
      },
      { timeout: 60_000, interval: 200 },
    )
    expect(found.earliest).toBe(0)
    expect(found.latest).toBe(COUNT)
    // What has left the broker is in remote storage, and perhaps more.
    expect(found.latestTiered).toBeGreaterThanOrEqual(found.earliestLocal - 1)
    expect(found.latestTiered).toBeLessThan(COUNT)
  })

  test('is read from its beginning to its end, out of one storage and the other', async () => {
    const reading = new Reading<unknown, string | null>(reader())
    await reading.reaches(COUNT)
    expect(reading.values).toEqual(values)
    await reading.consumer.close()
  })

  test('is read from an offset or a time that only remote storage has', async () => {
    const consumer = reader()
    consumer.seek({ topic, partition: 0, offset: 17 })
    const loop = consumer.records()
    const first = await loop.next()
    expect(first.value).toMatchObject({ offset: 17, value: values[17] })
    const [found] = await consumer.listOffsets([{ topic, partition: 0, target: first.value!.timestamp }])
    expect(found!.offset).toBeLessThanOrEqual(17)
    await loop.return?.(undefined)
    await consumer.close()
  })
})
