// A process that copies a topic into another exactly once, until it is told to stop: `node copier.mjs <options as JSON>`.
import process from 'node:process'
import { exactlyOnce, Kafka } from '../../dist/index.js'

const options = JSON.parse(process.argv[2])
const { bootstrapServers, input, output, groupId, groupProtocol, transactionalId, transactionSize, pauseMs } = options

const kafka = new Kafka({ bootstrapServers, clientId: transactionalId })
const consumer = kafka.consumer({
  groupId,
  groupProtocol,
  topics: [input],
  autoCommit: false,
  autoOffsetReset: 'earliest',
  isolationLevel: 'read_committed',
  maxPollRecords: transactionSize,
  // Under the consumer protocol these are the cluster's.
  ...(groupProtocol === 'classic' ? { sessionTimeoutMs: 6000, heartbeatIntervalMs: 1000 } : {}),
})
const producer = kafka.producer({ transactionalId, transactionTimeoutMs: 40_000 })
const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort(new Error('told to stop')))

let failure
try {
  await exactlyOnce({
    consumer,
    producer,
    signal: stopping.signal,
    onRetry: (error) => process.stdout.write(`${JSON.stringify({ retried: String(error) })}\n`),
    eachBatch: async ({ records }, transaction) => {
      for (const { key, value } of records) transaction.enqueue({ topic: output, key, value })
      process.stdout.write(`${JSON.stringify({ handled: records.length })}\n`)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    },
  })
} catch (error) {
  if (!stopping.signal.aborted) failure = error
}
await Promise.all([consumer.close({ timeoutMs: 5000 }), producer.close({ timeoutMs: 5000 })]).catch(() => {})
if (failure !== undefined) {
  process.stderr.write(`${failure.stack ?? failure}\n`)
  process.exit(1)
}
