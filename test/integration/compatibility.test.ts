import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { Kafka } from '../../src/kafka.ts'
import type { CompressionName } from '../../src/protocol/compression/registry.ts'
import { string } from '../../src/serdes.ts'
import { KafkaUnavailableError } from '../support/kafka/cluster.ts'
import { OLD_VERSIONS, type OldVersion } from '../support/kafka/jars.ts'
import { type OldBroker, startOldBroker } from '../support/kafka/old-broker.ts'
import { isKafkaRequired } from '../support/provided-kafka.ts'
import { uniqueName } from '../support/real-kafka.ts'
import { Assignments, numbers, until } from '../consumer/loops.ts'

/** One of the versions as a sample, unless COMPATIBILITY names others, separated by commas, or `all`. */
const wanted = process.env['COMPATIBILITY'] ?? '2.1.1'
const versions = OLD_VERSIONS.filter((version) => wanted === 'all' || wanted.split(',').includes(version))

/** Since when Kafka takes zstd. */
const ZSTD_SINCE: ReadonlySet<OldVersion> = new Set(['2.1.1', '2.8.2', '3.3.2', '3.9.1'])

/** Versions with an early access to groups of the consumer protocol: version 0 of ConsumerGroupHeartbeat. */
const EARLY_ACCESS: ReadonlySet<OldVersion> = new Set(['3.9.1'])
const earlyAccess = {
  'group.coordinator.rebalance.protocols': 'classic,consumer',
  'group.consumer.min.heartbeat.interval.ms': '300',
  'group.consumer.heartbeat.interval.ms': '300',
  'group.consumer.min.session.timeout.ms': '3000',
  'group.consumer.session.timeout.ms': '3000',
}

/** Undefined, with a word about it, where its jars cannot be had. */
async function startIfAvailable(
  version: OldVersion,
  properties?: Readonly<Record<string, string>>,
): Promise<OldBroker | undefined> {
  try {
    return await startOldBroker(version, properties)
  } catch (error) {
    if (!(error instanceof KafkaUnavailableError) || isKafkaRequired()) throw error
    process.stderr.write(`\n*** Kafka ${version} is not tested: ${error.message}\n`)
    return undefined
  }
}

describe.skipIf('unavailable' in inject('kafka'))('an older broker', () => {
  describe.each(versions)('Kafka %s', (version) => {
    let broker: OldBroker | undefined
    let kafka: Kafka
    beforeAll(async () => {
      broker = await startIfAvailable(version)
      if (broker === undefined) return
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

  describe.each(versions.filter((version) => EARLY_ACCESS.has(version)))('Kafka %s, early access', (version) => {
    let broker: OldBroker | undefined
    let kafka: Kafka
    beforeAll(async () => {
      broker = await startIfAvailable(version, earlyAccess)
      if (broker !== undefined) kafka = new Kafka({ bootstrapServers: broker.bootstrapServers })
    }, 300_000)
    afterAll(() => broker?.close())

    async function fill(topic: string, from: number, to: number): Promise<void> {
      const producer = kafka.producer()
      await producer.sendMany(numbers(from, to).map((value, index) => ({ topic, value, partition: index % 4 })))
      await producer.close()
    }

    test.for([false, true])(
      'gives every record once to members of the consumer protocol that come and go (static: %s)',
      async (isStatic, context) => {
        context.skip(broker === undefined, 'its jars could not be fetched')
        const topic = uniqueName('old')
        const groupId = uniqueName('old')
        const admin = kafka.admin()
        await admin.createTopics([{ name: topic, partitions: 4, replicationFactor: 1 }])
        await admin.close()
        const values: (string | null)[] = []
        const join = (name: string) => {
          const events = new Assignments()
          const consumer = kafka.consumer({
            groupId,
            topics: [topic],
            groupProtocol: 'consumer',
            groupInstanceId: isStatic ? name : undefined,
            autoOffsetReset: 'earliest',
            value: string,
            ...events.listeners,
          })
          const done = (async () => {
            for await (const { value } of consumer) values.push(value)
          })()
          return { events, leave: () => Promise.all([consumer.close(), done]) }
        }
        await fill(topic, 0, 100)
        const first = join('first')
        await first.events.reach(4)
        const second = join('second')
        await Promise.all([first.events.reach(2), second.events.reach(2)])
        await fill(topic, 100, 200)
        await until(() => values.length === 200)
        await first.leave()
        const third = join('first')
        await Promise.all([second.events.reach(2), third.events.reach(2)])
        // What a static member had waits for it while it is away for a moment.
        const revoked = second.events.events.filter((event) => event.startsWith('revoked'))
        if (isStatic) expect(revoked).toEqual([])
        await fill(topic, 200, 300)
        await until(() => values.length === 300)
        await Promise.all([second.leave(), third.leave()])
        expect(values.map(Number).toSorted((a, b) => a - b)).toEqual(numbers(0, 300).map(Number))
      },
    )
  })
})
