// The core of the client on one runtime: makes a topic, produces, consumes in a group, and closes everything. Uses only
// the built package and globals that every runtime has. Runs against KAFKA_BOOTSTRAP, else the in-process TestBroker.
// The runner (run.mjs) also checks that the process then ends by itself.
import process from 'node:process'
import { Kafka, json, string } from '../../dist/index.js'
import { TestBroker } from '../../dist/testing/index.js'

function expectEqual(actual, expected, what) {
  const [seen, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (seen !== wanted) throw new Error(`${what}: ${seen} instead of ${wanted}`)
}

const realBroker = process.env.KAFKA_BOOTSTRAP
const testBroker = realBroker ? undefined : await TestBroker.start()
const kafka = new Kafka({ bootstrapServers: realBroker || testBroker.bootstrapServers, clientId: 'smoke' })
const topic = `smoke-${crypto.randomUUID()}`
const admin = kafka.admin()
await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1 }])
expectEqual((await admin.listTopics()).filter(({ name }) => name === topic).length, 1, 'topics of that name')
const [description] = await admin.describeTopics([topic])
expectEqual(description.partitions.length, 1, 'partitions')

const orders = [1, 2, 3].map((id) => ({ id, note: `größer ${'x'.repeat(500)}` }))
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
for (const compression of codecs) {
  const producer = kafka.producer({ key: string, value: json(), compression })
  await producer.sendMany(
    orders.map((value) => ({
      topic,
      key: `${compression}-${value.id}`,
      value,
      headers: [
        ['h', 'a'],
        ['h', null],
      ],
    })),
  )
  await producer.close()
}

const group = { groupId: `${topic}-group`, topics: [topic], autoOffsetReset: 'earliest' }
const consumer = kafka.consumer({ ...group, key: string, value: json() })
const seen = []
for await (const record of consumer) {
  expectEqual(record.value, orders[seen.length % orders.length], 'value')
  expectEqual(
    record.headers.map(({ key, value }) => [key, value && string.deserialize(value)]),
    [
      ['h', 'a'],
      ['h', null],
    ],
    'headers',
  )
  if (seen.push(record.key) === codecs.length * orders.length) break
}
expectEqual(
  seen,
  codecs.flatMap((codec) => orders.map(({ id }) => `${codec}-${id}`)),
  'keys',
)
await consumer.close()

await admin.deleteTopics([topic])
await admin.close()
await testBroker?.close()
