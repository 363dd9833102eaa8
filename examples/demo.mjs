// Produces records, consumes them in a group of two and shows offsets and lag.
//   npm run demo                                  on a TestBroker in this process
//   npm run demo -- --bootstrap localhost:9092    on a real Kafka
import { parseArgs } from 'node:util'
import { Kafka, json, string } from 'kafkawire'
import { TestBroker } from 'kafkawire/testing'

const RECORDS = 12
const PARTITIONS = 4

const { values: args } = parseArgs({ options: { bootstrap: { type: 'string' } } })
const broker = args.bootstrap === undefined ? await TestBroker.start() : undefined
const bootstrapServers = args.bootstrap ?? broker.bootstrapServers
console.log(broker === undefined ? `Kafka at ${bootstrapServers}` : `TestBroker in this process at ${bootstrapServers}`)

const run = Date.now().toString(36)
const topic = `kafkawire-demo-${run}`
const groupId = `kafkawire-demo-group-${run}`
const kafka = new Kafka({ bootstrapServers, clientId: 'kafkawire-demo' })

const admin = kafka.admin()
await admin.createTopics([{ name: topic, partitions: PARTITIONS }])
console.log(`\ncreated topic ${topic} with ${PARTITIONS} partitions`)

console.log(`\nstarting group ${groupId} with two members`)
const stop = new AbortController()
const lines = []
let left = RECORDS
let onShared
const shared = new Promise((resolve) => (onShared = resolve))
const options = {
  groupId,
  topics: [topic],
  autoOffsetReset: 'earliest',
  key: string,
  value: json(),
  onAssigned: () => {
    if (members.every(({ consumer }) => consumer.assignment().length > 0)) onShared()
  },
}
const members = ['A', 'B'].map((name) => ({ name, consumer: kafka.consumer(options), handled: 0 }))

async function work(member) {
  try {
    for await (const { partition, offset, key, value } of member.consumer.records({ signal: stop.signal })) {
      member.handled++
      lines.push(`  ${member.name} got ${partition}@${offset}: ${key} -> ${JSON.stringify(value)}`)
      if (--left === 0) stop.abort()
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error
  }
}
const working = Promise.all(members.map(work))
await shared
for (const { name, consumer } of members) {
  const partitions = consumer.assignment().map(({ partition }) => partition)
  console.log(`  ${name} reads partitions ${partitions.join(' and ')}`)
}

console.log(`\nproducing ${RECORDS} records, gzip, keyed`)
const producer = kafka.producer({ key: string, value: json(), compression: 'gzip' })
const sent = await producer.sendMany(
  Array.from({ length: RECORDS }, (_, i) => ({
    topic,
    key: `customer-${i % 5}`,
    value: { order: i, amount: (i * 7) % 10 },
    headers: { trace: `t${i}` },
  })),
)
sent.forEach(({ partition, offset }, i) => console.log(`  order ${i}: partition ${partition}, offset ${offset}`))
await producer.close()

console.log('\nconsuming')
await working
console.log(lines.join('\n'))

console.log('\npartition  committed  end  lag')
const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
const [reader] = members.map(({ consumer }) => consumer)
await Promise.all(members.map(({ consumer }) => consumer.commit()))
const committed = await reader.committed(partitions)
const ends = await reader.endOffsets(partitions)
for (const [i, { partition }] of partitions.entries()) {
  const at = committed[i]?.offset ?? 0
  const end = ends[i].offset
  console.log(
    `${String(partition).padStart(9)}${String(at).padStart(11)}${String(end).padStart(5)}${String(end - at).padStart(5)}`,
  )
}
for (const { name, handled } of members) console.log(`member ${name} handled ${handled}`)

await Promise.all(members.map(({ consumer }) => consumer.close()))
await admin.deleteTopics([topic])
await admin.close()
await broker?.close()
