import { exactlyOnce, Kafka, json, string } from 'kafkawire'

const kafka = new Kafka({ bootstrapServers: process.env.KAFKA_BOOTSTRAP ?? 'localhost:9092' })
const consumer = kafka.consumer({
  groupId: 'invoicing',
  topics: ['orders'],
  autoCommit: false, // the transactions do it
  autoOffsetReset: 'earliest',
  isolationLevel: 'read_committed',
  key: string,
  value: json(),
})
// one id for each instance of the service, the same after a restart
const producer = kafka.producer({ transactionalId: 'invoicing-0', key: string, value: json() })

process.once('SIGTERM', () => consumer.close())
await exactlyOnce({
  consumer,
  producer,
  eachBatch({ records }, transaction) {
    for (const { key, value } of records) {
      transaction.enqueue({ topic: 'invoices', key, value: { total: value.amount * 2 } })
      console.log(`invoicing ${key}: ${value.amount} x ${value.item}`)
    }
  },
})
await producer.close()
