// Native: not among the packages here. CONFLUENT_PATH names a folder whose node_modules has it, built for the
// Node at CONFLUENT_NODE (default: the one that the others run on).
import { createRequire } from 'node:module'
import { join } from 'node:path'

export async function createClient({ bootstrap, topic, values, compression, shape }) {
  const require = createRequire(join(process.env.CONFLUENT_PATH, 'package.json'))
  const bytes = values.map((value) => Buffer.from(value))
  if (shape === 'enqueue') return createCallbackClient(require, { bootstrap, topic, bytes })
  const { Kafka } = require('@confluentinc/kafka-javascript').KafkaJS
  const kafka = new Kafka({ kafkaJS: { brokers: [bootstrap], logLevel: 1 } })
  const producer = kafka.producer({
    kafkaJS: { acks: -1, compression },
    'linger.ms': shape === 'sequential' ? 0 : 5,
  })
  await producer.connect()
  return {
    sendMany: (count) =>
      producer.send({ topic, messages: Array.from({ length: count }, (_, i) => ({ value: bytes[i] })) }),
    send: (i) => producer.send({ topic, messages: [{ value: bytes[i % 1000] }] }),
    close: () => producer.disconnect(),
  }
}

async function createCallbackClient(require, { bootstrap, topic, bytes }) {
  const { Producer } = require('@confluentinc/kafka-javascript')
  const producer = new Producer({ 'metadata.broker.list': bootstrap, acks: -1, 'linger.ms': 5, dr_cb: true })
  let pending = 0
  producer.on('delivery-report', () => pending--)
  await new Promise((resolve, reject) => producer.connect({}, (error) => (error ? reject(error) : resolve())))
  const settle = async (limit) => {
    while (pending > limit) {
      producer.poll()
      if (pending > limit) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return {
    enqueueMany: async (count) => {
      for (let i = 0; i < count; i++) {
        pending++
        producer.produce(topic, null, bytes[i], null)
      }
      producer.poll()
      await settle(50_000)
    },
    flush: () => settle(0),
    close: () => new Promise((resolve) => producer.disconnect(() => resolve())),
  }
}
