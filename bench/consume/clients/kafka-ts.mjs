import { createKafkaClient } from 'kafka-ts'

/** Values are strings here, and only ASCII is read. */
export async function consume({ bootstrap, topic, groupId, onRecords }) {
  const [host, port] = bootstrap.split(':')
  const kafka = createKafkaClient({ clientId: 'bench', bootstrapServers: [{ host, port: Number(port) }] })
  const consumer = await kafka.startConsumer({
    groupId,
    topics: [topic],
    fromTimestamp: -2n,
    onBatch: (messages) => {
      let bytes = 0
      for (const { value } of messages) bytes += value.length
      onRecords(messages.length, bytes)
    },
  })
  return () => consumer.close()
}
