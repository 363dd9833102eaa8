import { Kafka } from 'kafkawire'
import { avro, SchemaRegistryClient } from 'kafkawire/schema-registry'

const kafka = new Kafka({ bootstrapServers: process.env.KAFKA_BOOTSTRAP ?? 'localhost:9092' })
const registry = new SchemaRegistryClient({ url: process.env.SCHEMA_REGISTRY ?? 'http://localhost:8081' })

const schema = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'item', type: 'string' },
    { name: 'amount', type: 'int' },
    { name: 'note', type: ['null', 'string'], default: null },
  ],
}
const value = avro({ registry, schema })

const producer = kafka.producer({ value })
await producer.send({ topic: 'avro-orders', value: { item: 'tea', amount: 3 } })
await producer.close()

const consumer = kafka.consumer({ groupId: 'avro', topics: ['avro-orders'], autoOffsetReset: 'earliest', value })
for await (const { value } of consumer) {
  console.log(`${value.amount} x ${value.item}, note: ${value.note}`)
  break
}
await consumer.close()
await registry.close()
