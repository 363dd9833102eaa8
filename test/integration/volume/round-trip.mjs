// Sends 1,000,000 records of 100 bytes through a real broker and reads them back, in a process of its own so that its
// memory can be measured: node round-trip.mjs BOOTSTRAP TOPIC. Each value starts with the record's number within its
// partition. Prints one line of JSON with what came back and the peak of the resident memory.
import process from 'node:process'
import { Kafka } from '../../../dist/index.js'

const [bootstrapServers, topic] = process.argv.slice(2)
const total = 1_000_000
const partitions = 4
const chunkSize = 5_000
const valueSize = 100

const kafka = new Kafka({ bootstrapServers })
const admin = kafka.admin()
await admin.createTopics([{ name: topic, partitions, replicationFactor: 1 }])
await admin.close()

const filler = new Uint8Array(valueSize).fill(120)

function makeValue(number) {
  const value = filler.slice()
  new DataView(value.buffer).setUint32(0, number)
  return value
}

const producer = kafka.producer()
const producing = performance.now()
for (let start = 0; start < total; start += chunkSize) {
  const records = Array.from({ length: chunkSize }, (_, index) => ({
    topic,
    partition: (start + index) % partitions,
    value: makeValue(Math.floor((start + index) / partitions)),
  }))
  await producer.sendMany(records)
}
await producer.close()
const producedMs = Math.round(performance.now() - producing)

const consumer = kafka.consumer({ groupId: `${topic}-group`, topics: [topic], autoOffsetReset: 'earliest' })
const next = Array.from({ length: partitions }, () => 0)
let consumed = 0
let misplaced = 0
const consuming = performance.now()
for await (const { partition, value } of consumer) {
  const number = new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(0)
  if (number !== next[partition] || value.length !== valueSize) misplaced++
  next[partition]++
  if (++consumed === total) break
}
const consumedMs = Math.round(performance.now() - consuming)
await consumer.close()

const peakRssBytes = process.resourceUsage().maxRSS * 1024
console.log(JSON.stringify({ consumed, misplaced, next, peakRssBytes, producedMs, consumedMs }))
