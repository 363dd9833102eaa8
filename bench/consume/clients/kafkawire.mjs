import { Kafka } from '../../../dist/index.js'

/** `batches` and `records` are loops; `run` is the function called with batches. */
export async function consume({ bootstrap, topic, groupId, count, shape, onRecords }) {
  const kafka = new Kafka({ bootstrapServers: bootstrap })
  const consumer = kafka.consumer({ groupId, topics: [topic], autoOffsetReset: 'earliest' })
  const onBatch = (batch) => {
    let bytes = 0
    for (const { value } of batch) bytes += value.length
    onRecords(batch.count, bytes)
  }
  const reading = async () => {
    let left = count
    if (shape === 'run') return consumer.run({ eachBatch: onBatch })
    if (shape === 'batches') {
      for await (const batch of consumer.batches()) {
        onBatch(batch)
        if ((left -= batch.count) <= 0) return
      }
    }
    for await (const { value } of consumer) {
      onRecords(1, value.length)
      if (--left <= 0) return
    }
  }
  void reading()
  return () => consumer.close()
}
