import { Kafka, json, string } from 'kafkawire'

const kafka = new Kafka({ bootstrapServers: process.env.KAFKA_BOOTSTRAP ?? 'localhost:9092' })
const consumer = kafka.consumer({
  groupId: 'billing',
  topics: ['orders'],
  autoOffsetReset: 'earliest',
  key: string,
  value: json(),
})

for await (const { partition, offset, key, value } of consumer) {
  console.log(`${partition}@${offset}: ${key} ordered ${value.amount} x ${value.item}`)
  break // a service would go on: records are committed once the loop asks for the next
}

await consumer.close()
