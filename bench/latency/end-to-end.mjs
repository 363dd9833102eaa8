// From send to handler at 1,000 records a second: node latency/end-to-end.mjs [--clients kafkawire:records,kafka-ts:batches] [--rounds 3] [--records 10000]
// kafkawire sends, one record a millisecond, to a topic of one partition; each client reads in a process of its own, in turn. The i-th record that comes is
// the i-th that was sent, so that no client has to look into it. CONFLUENT_PATH as in produce/clients/confluent.mjs.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const here = fileURLToPath(new URL('.', import.meta.url))
const node = join(here, '../node_modules/node/bin/node')
// Type stripping and newer clients need Node 24.
if (Number(process.versions.node.split('.')[0]) < 24) {
  const { status } = spawnSync(node, process.argv.slice(1), { stdio: 'inherit' })
  process.exit(status ?? 1)
}
const { startCluster } = await import('../../test/support/kafka/cluster.ts')
const { Kafka } = await import('../../src/index.ts')
// The clients run kafkawire as it is built.
spawnSync('npm', ['run', '--silent', 'build'], { cwd: join(here, '../..'), stdio: 'inherit' })

const WARM_UP = 2_000
const { values: flags } = parseArgs({
  options: {
    clients: {
      type: 'string',
      default:
        'kafkawire:records,kafkawire:batches,kafka-ts:batches,kafkajs:records,platformatic:records,confluent:records',
    },
    rounds: { type: 'string', default: '3' },
    records: { type: 'string', default: '10000' },
  },
})
const clients = flags.clients
  .split(',')
  .filter((name) => !name.startsWith('confluent') || process.env.CONFLUENT_PATH !== undefined)
const cluster = await startCluster({ jvmArgs: ['-Xmx1g', '-XX:TieredStopAtLevel=4'] })
const kafka = new Kafka({ bootstrapServers: cluster.bootstrapServers })
const [admin, producer] = [kafka.admin(), kafka.producer({ lingerMs: 0 })]
const results = new Map()
try {
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const client of clients) results.set(client, [...(results.get(client) ?? []), await measure(client)])
  }
} finally {
  await producer.close()
  await admin.close()
  await cluster.close()
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
console.table(
  [...results].map(([client, runs]) => ({
    client,
    'p50 ms': median(runs.map(({ p50 }) => p50)).toFixed(2),
    'p99 ms': median(runs.map(({ p99 }) => p99)).toFixed(2),
    'p99 of each round': runs.map(({ p99 }) => p99.toFixed(1)).join(' '),
  })),
)

async function measure(client) {
  const [name, shape] = client.split(':')
  const topic = `latency-${name}-${Date.now()}`
  await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1 }])
  const count = WARM_UP + Number(flags.records)
  const job = JSON.stringify({ client: name, shape, bootstrap: cluster.bootstrapServers, topic, count: count + 1 })
  const runtime = name === 'confluent' ? (process.env.CONFLUENT_NODE ?? node) : node
  const reader = spawn(runtime, [join(here, 'reader.mjs'), job], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: reader.stdout })[Symbol.asyncIterator]()
  // The first record shows that the client has its partition.
  await producer.send({ topic, value: 'first' })
  await lines.next()
  const sent = await sendEvenly(topic, count)
  const arrivals = JSON.parse((await lines.next()).value)
  if (reader.exitCode === null) await once(reader, 'exit')
  await admin.deleteTopics([topic])
  const latencies = sent.map((at, i) => arrivals[i + 1] - at).slice(WARM_UP)
  latencies.sort((a, b) => a - b)
  const at = (part) => latencies[Math.floor(latencies.length * part)]
  return { p50: at(0.5), p99: at(0.99) }
}

/** One record a millisecond; what a late timer leaves out follows at once. Returns when each was handed over. */
async function sendEvenly(topic, count) {
  const value = 'x'.repeat(100)
  const sent = []
  const sends = []
  const startedAt = performance.now()
  while (sent.length < count) {
    const due = Math.min(count, Math.floor(performance.now() - startedAt))
    while (sent.length < due) {
      sent.push(performance.timeOrigin + performance.now())
      sends.push(producer.send({ topic, value }))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(sends)
  return sent
}
