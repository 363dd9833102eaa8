import { Consumer } from '@platformatic/kafka'

/** It hands out records one by one only. */
export async function consume({ bootstrap, topic, groupId, onRecords }) {
  const consumer = new Consumer({ clientId: 'bench', groupId, bootstrapBrokers: [bootstrap] })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: true })
  stream.on('data', ({ value }) => onRecords(1, value.length))
  return () => consumer.close(true)
}
