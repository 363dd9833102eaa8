import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { Kafka } from '../../src/kafka.ts'
import type { CompressionName } from '../../src/protocol/compression/registry.ts'
import { string } from '../../src/serdes.ts'
import { KafkaUnavailableError } from '../support/kafka/cluster.ts'
import { OLD_VERSIONS, type OldVersion } from '../support/kafka/jars.ts'
import { type OldBroker, startOldBroker } from '../support/kafka/old-broker.ts'
import { isKafkaRequired } from '../support/provided-kafka.ts'
import { uniqueName } from '../support/real-kafka.ts'

/** One of the versions as a sample, unless COMPATIBILITY names others, separated by commas, or `all`. */
const wanted = process.env['COMPATIBILITY'] ?? '2.1.1'
const versions = OLD_VERSIONS.filter((version) => wanted === 'all' || wanted.split(',').includes(version))

/** Since when Kafka takes zstd. */
const ZSTD_SINCE: ReadonlySet<OldVersion> = new Set(['2.1.1', '2.8.2', '3.3.2', '3.9.1'])

describe.skipIf('unavailable' in inject('kafka'))('an older broker', () => {
  describe.each(versions)('Kafka %s', (version) => {
    let broker: OldBroker | undefined
    let kafka: Kafka
    beforeAll(async () => {
      try {
        broker = await startOldBroker(version)
      } catch (error) {
        if (!(error instanceof KafkaUnavailableError) || isKafkaRequired()) throw error
        process.stderr.write(`\n*** Kafka ${version} is not tested: ${error.message}\n`)
        return
      }
      kafka = new Kafka({ bootstrapServers: broker.bootstrapServers })
    }, 300_000)
    afterAll(() => broker?.close())

    test('makes, describes and deletes topics', async (context) => {
      context.skip(broker === undefined, 'its jars could not be fetched')
      const admin = kafka.admin()
      const name = uniqueName('old')
      await admin.createTopics([{ name, partitions: 3, replicationFactor: 1 }])
      const [topic] = await admin.describeTopics([name])
      expect(topic!.partitions).toHaveLength(3)
      await admin.deleteTopics([name])
      await expect
        .poll(async () => (await admin.listTopics()).filter((topic) => topic.name === name), { timeout: 20_000 })
        .toEqual([])
      await admin.close()
    })

    test('takes records, with every acknowledgement and codec it knows, and gives them to a group', async (context) => {
      context.skip(broker === undefined, 'its jars could not be fetched')
      const topic = uniqueName('old')
      const admin = kafka.admin()
      await admin.createTopics([{ name: topic, partitions: 2, replicationFactor: 1 }])
      await admin.close()
      const codecs: CompressionName[] = ['none', 'gzip', 'snappy', 'lz4']
      if (ZSTD_SINCE.has(version)) codecs.push('zstd')
      const sent: string[] = []
      for (const compression of codecs) {
        const producer = kafka.producer({ compression })
        for (let i = 0; i < 5; i++) {
          const value = `${compression}-${i}`
          await producer.send({ topic, key: String(i), value, headers: { codec: compression } })
          sent.push(value)
        }
        await producer.close()
      }
      for (const acks of [1, 0] as const) {
        const producer = kafka.producer({ acks, idempotence: false })
        await producer.send({ topic, value: `acks-${acks}` })
        sent.push(`acks-${acks}`)
        await producer.close()
      }
      const groupId = uniqueName('old')
      const read = async (count: number): Promise<string[]> => {
        const consumer = kafka.consumer({ groupId, topics: [topic], autoOffsetReset: 'earliest', value: string })
        const values: string[] = []
        for await (const { value } of consumer) {
          values.push(value!)
          if (values.length === count) break
        }
        await consumer.close()
        return values
      }
      const values = await read(sent.length)
      expect(values.toSorted()).toEqual(sent.toSorted())
      // The group has committed what was handled: a new member goes on with the record at which the loop was left.
      const producer = kafka.producer()
      await producer.send({ topic, value: 'later' })
      await producer.close()
      expect(new Set(await read(2))).toEqual(new Set([values.at(-1), 'later']))
    })

    test('tells where a time lies in a partition', async (context) => {
      context.skip(broker === undefined, 'its jars could not be fetched')
      const topic = uniqueName('old')
      const producer = kafka.producer()
      for (const timestamp of [1000, 2000, 3000]) await producer.send({ topic, partition: 0, value: 'x', timestamp })
      await producer.close()
      const consumer = kafka.consumer()
      const partition = { topic, partition: 0 }
      expect(await consumer.endOffsets([partition])).toEqual([{ ...partition, offset: 3 }])
      const [found] = await consumer.offsetsForTimes([{ ...partition, timestamp: 1500 }])
      expect(found).toMatchObject({ ...partition, offset: 1, timestamp: 2000 })
      await consumer.close()
    })
  })
})
