import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Kafka, string, type ConsumerRecord } from '../../src/index.ts'
import { confluentKafka } from '../support/confluent-kafka.ts'
import type { ReadTextRecord, TextRecord } from '../support/foreign-client.ts'
import { javaConsole, runJavaTool } from '../support/java-tools.ts'
import { kcat } from '../support/kcat.ts'
import type { RealKafka } from '../support/provided-kafka.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

const records: TextRecord[] = [
  { key: 'plain', value: 'text', headers: [] },
  { key: null, value: 'no key', headers: [] },
  { key: 'tombstone', value: null, headers: [] },
  { key: null, value: null, headers: [['only', 'headers']] },
  { key: 'empty', value: '', headers: [] },
  { key: '', value: 'empty key', headers: [] },
  {
    key: 'repeated',
    value: 'headers',
    headers: [
      ['h', '1'],
      ['h', '2'],
      ['other', ''],
      ['h', null],
    ],
  },
  { key: 'schlüssel', value: 'größe 日本語 🙂', headers: [['ключ', 'значение']] },
  { key: 'long', value: 'abc '.repeat(5_000), headers: [] },
  // Some of everything that codecs do, over several of their blocks.
  ...Array.from({ length: 400 }, (_, i) => ({
    key: `event-${i}`,
    value: JSON.stringify({
      id: createHash('sha1').update(String(i)).digest('hex'),
      type: i % 3 === 0 ? 'paid' : 'shipped',
      total: (i * 7919) % 10_000,
      note: 'x'.repeat(i),
    }),
    headers: [],
  })),
]

const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const clients = [
  { name: "Java's console tools", needs: 'java', client: javaConsole },
  { name: 'kcat', needs: 'kcat', client: kcat },
  { name: 'confluent-kafka', needs: 'python3', client: confluentKafka },
] as const

function decodeText(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString()
}

function toText({
  key,
  value,
  headers,
  partition,
  offset,
}: ConsumerRecord<string | null, string | null>): ReadTextRecord {
  return { key, value, partition, offset, headers: headers.map((header) => [header.key, decodeText(header.value)]) }
}

async function createTopic(kafka: Kafka): Promise<string> {
  const topic = uniqueName('interop')
  const admin = kafka.admin()
  await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1 }])
  await admin.close()
  return topic
}

/** Reads a topic from its beginning in a new group, with everything committed at the end. */
async function consume(kafka: Kafka, topic: string, groupId: string, count: number): Promise<ReadTextRecord[]> {
  const read: ReadTextRecord[] = []
  const consumer = kafka.consumer({ groupId, topics: [topic], autoOffsetReset: 'earliest', key: string, value: string })
  for await (const record of consumer) {
    if (read.push(toText(record)) < count) continue
    // A record counts as handled when the next one is asked for, or when it is committed by hand.
    await consumer.commit()
    break
  }
  await consumer.close()
  return read
}

function atTheirOffsets(texts: readonly TextRecord[]): ReadTextRecord[] {
  return texts.map((text, offset) => Object.assign({ partition: 0, offset }, text))
}

for (const { name, needs, client } of clients) {
  describeWithKafka(`kafkawire and ${name}`, [needs], ({ bootstrapServers }: RealKafka) => {
    const kafka = new Kafka({ bootstrapServers })

    describe.each(compressions)('with compression %s', (compression) => {
      test(`${name} reads what kafkawire writes`, async () => {
        const topic = await createTopic(kafka)
        const producer = kafka.producer({ key: string, value: string, compression })
        await producer.sendMany(records.map((record) => Object.assign({ topic }, record)))
        await producer.close()
        expect(await client.consume({ bootstrapServers, topic, count: records.length })).toEqual(
          atTheirOffsets(records),
        )
      })

      test(`kafkawire reads what ${name} writes`, async () => {
        const topic = await createTopic(kafka)
        await client.produce({ bootstrapServers, topic, records, compression })
        expect(await consume(kafka, topic, uniqueName('group'), records.length)).toEqual(atTheirOffsets(records))
      })
    })

    test(`${name} goes on in a group where kafkawire has left off`, async () => {
      const topic = await createTopic(kafka)
      const groupId = uniqueName('group')
      await client.produce({ bootstrapServers, topic, records })
      await consume(kafka, topic, groupId, 4)
      const rest = await client.consume({ bootstrapServers, topic, count: records.length - 4, groupId })
      expect(rest).toEqual(atTheirOffsets(records).slice(4))
    })
  })
}

describeWithKafka("kafkawire and Java's group tool", ['java'], ({ bootstrapServers }: RealKafka) => {
  test('agree on the committed offset and the lag of a group', async () => {
    const kafka = new Kafka({ bootstrapServers })
    const topic = await createTopic(kafka)
    const groupId = uniqueName('group')
    const producer = kafka.producer({ value: string })
    await producer.sendMany(['a', 'b', 'c'].map((value) => ({ topic, value })))
    await producer.close()
    await consume(kafka, topic, groupId, 2)
    const tool = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
    const { stdout } = await runJavaTool(tool, [
      '--bootstrap-server',
      bootstrapServers,
      '--describe',
      '--group',
      groupId,
    ])
    const line = stdout.split('\n').find((text) => text.startsWith(groupId))
    const [, , partition, committed, end, lag] = line?.split(/\s+/) ?? []
    expect({ partition, committed, end, lag }).toEqual({ partition: '0', committed: '2', end: '3', lag: '1' })
  })
})
