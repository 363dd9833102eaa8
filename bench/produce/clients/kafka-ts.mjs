import { createKafkaClient } from 'kafka-ts'

export async function createClient({ bootstrap, topic, values }) {
  const [host, port] = bootstrap.split(':')
  const kafka = createKafkaClient({ clientId: 'bench', bootstrapServers: [{ host, port: Number(port) }] })
  const producer = kafka.createProducer({ allowTopicAutoCreation: false })
  return {
    sendMany: (count) => producer.send(Array.from({ length: count }, (_, i) => ({ topic, value: values[i] }))),
    send: (i) => producer.send([{ topic, value: values[i % 1000] }]),
    close: () => producer.close(),
  }
}
