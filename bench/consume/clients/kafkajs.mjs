import kafkajs from 'kafkajs'

const { Kafka, logLevel } = kafkajs

export async function consume({ bootstrap, topic, groupId, shape, onRecords }) {
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const eachBatch = async ({ batch: { messages } }) => {
    let bytes = 0
    for (const { value } of messages) bytes += value.length
    onRecords(messages.length, bytes)
  }
  const eachMessage = async ({ message: { value } }) => onRecords(1, value.length)
  await consumer.run(shape === 'batches' ? { eachBatch, eachBatchAutoResolve: true } : { eachMessage })
  return () => consumer.disconnect()
}
