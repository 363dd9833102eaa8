import { Producer } from '@platformatic/kafka'

export async function createClient({ bootstrap, topic, partitions, values, compression }) {
  const producer = new Producer({
    clientId: 'bench',
    bootstrapBrokers: [bootstrap],
    maxInflights: 5,
    autocreateTopics: false,
  })
  const bytes = values.map((value) => Buffer.from(value))
  const options = { acks: -1, compression }
  let next = 0
  const message = (i) => ({ topic, value: bytes[i], partition: next++ % partitions })
  return {
    sendMany: (count) => producer.send({ ...options, messages: Array.from({ length: count }, (_, i) => message(i)) }),
    send: (i) => producer.send({ ...options, messages: [message(i % 1000)] }),
    close: () => producer.close(),
  }
}
