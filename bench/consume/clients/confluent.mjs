// Native: see produce/clients/confluent.mjs.
import { createRequire } from 'node:module'
import { join } from 'node:path'

export async function consume({ bootstrap, topic, groupId, shape, onRecords }) {
  const require = createRequire(join(process.env.CONFLUENT_PATH, 'package.json'))
  const { Kafka } = require('@confluentinc/kafka-javascript').KafkaJS
  const kafka = new Kafka({ kafkaJS: { brokers: [bootstrap], logLevel: 1 } })
  const consumer = kafka.consumer({ kafkaJS: { groupId, fromBeginning: true }, 'js.consumer.max.batch.size': -1 })
  await consumer.connect()
  await consumer.subscribe({ topic })
  const eachBatch = async ({ batch: { messages } }) => {
    let bytes = 0
    for (const { value } of messages) bytes += value.length
    onRecords(messages.length, bytes)
  }
  const eachMessage = async ({ message: { value } }) => onRecords(1, value.length)
  await consumer.run(shape === 'batches' ? { eachBatch, eachBatchAutoResolve: true } : { eachMessage })
  return () => consumer.disconnect()
}
