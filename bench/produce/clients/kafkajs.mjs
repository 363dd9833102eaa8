import kafkajs from 'kafkajs'

const { Kafka, CompressionTypes, logLevel } = kafkajs

export async function createClient({ bootstrap, topic, values, compression }) {
  process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1'
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR })
  const producer = kafka.producer({ allowAutoTopicCreation: false, maxInFlightRequests: 5 })
  await producer.connect()
  const bytes = values.map((value) => Buffer.from(value))
  const options = {
    topic,
    acks: -1,
    compression: compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None,
  }
  return {
    sendMany: (count) =>
      producer.send({ ...options, messages: Array.from({ length: count }, (_, i) => ({ value: bytes[i] })) }),
    send: (i) => producer.send({ ...options, messages: [{ value: bytes[i % 1000] }] }),
    close: () => producer.disconnect(),
  }
}
