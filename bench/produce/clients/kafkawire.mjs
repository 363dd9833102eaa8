import { Kafka } from '../../../dist/index.js'

export async function createClient({ bootstrap, topic, values, compression, shape }) {
  const kafka = new Kafka({ bootstrapServers: bootstrap })
  const producer = kafka.producer({ compression, ...(shape === 'sequential' ? { lingerMs: 0 } : {}) })
  const bytes = values.map((value) => Buffer.from(value))
  return {
    sendMany: (count) => producer.sendMany(Array.from({ length: count }, (_, i) => ({ topic, value: bytes[i] }))),
    send: (i) => producer.send({ topic, value: bytes[i % 1000] }),
    enqueueMany: async (count) => {
      for (let i = 0; i < count; i++) {
        if (!producer.enqueue({ topic, value: bytes[i] })) await producer.ready()
      }
    },
    flush: () => producer.flush(),
    close: () => producer.close(),
  }
}
