import { Kafka, json, string } from 'kafkawire'

const kafka = new Kafka({ bootstrapServers: process.env.KAFKA_BOOTSTRAP ?? 'localhost:9092' })
const producer = kafka.producer({ key: string, value: json() })

const order = { item: 'tea', amount: 3 }
const { partition, offset } = await producer.send({
  topic: 'orders',
  key: 'customer-1',
  value: order,
  headers: { trace: '4711' },
})
console.log(`stored in partition ${partition} at offset ${offset}`)

await producer.close()
