// Consuming, side by side: node consume/run.mjs [--lanes 100b,lz4] [--clients kafkawire:batches,kafka-ts:batches] [--rounds 3] [--bootstrap host:port]
// Each client runs in a process of its own, in turn, round by round, over the same topic, which Java's producer has filled.
// CONFLUENT_PATH and CONFLUENT_NODE as in produce/clients/confluent.mjs.
// Without --bootstrap a broker is started on this machine. --profile <folder> leaves CPU profiles of kafkawire there.
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { lanes } from './lanes.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const node = join(here, '../node_modules/node/bin/node')
// Type stripping and newer clients need Node 24.
if (Number(process.versions.node.split('.')[0]) < 24) {
  const { status } = spawnSync(node, process.argv.slice(1), { stdio: 'inherit' })
  process.exit(status ?? 1)
}
const { startCluster } = await import('../../test/support/kafka/cluster.ts')
const { ensureJars } = await import('../../test/support/kafka/jars.ts')
const { Kafka } = await import('../../src/index.ts')
const run = promisify(execFile)
// What is published is measured: stripping types takes memory and time of its own.
spawnSync('npm', ['run', '--silent', 'build'], { cwd: join(here, '../..'), stdio: 'inherit' })

const PARTITIONS = 6
const clients = [
  'kafkawire:batches',
  'kafkawire:records',
  'kafkawire:run',
  'kafka-ts:batches',
  'kafkajs:batches',
  'kafkajs:records',
  'platformatic:records',
  'confluent:batches',
  'confluent:records',
  'java:batches',
  'floor:batches',
]
/** Codecs that a client has without plug-ins; undefined for all. */
const codecsOf = { kafkajs: ['gzip'], floor: [] }

const { values: flags } = parseArgs({
  options: {
    lanes: { type: 'string', default: '100b' },
    clients: { type: 'string', default: clients.join(',') },
    rounds: { type: 'string', default: '3' },
    bootstrap: { type: 'string' },
    profile: { type: 'string' },
  },
})
const laneNames = flags.lanes === 'all' ? Object.keys(lanes) : flags.lanes.split(',')
const chosen = flags.clients
  .split(',')
  .filter((name) => !name.startsWith('confluent') || process.env.CONFLUENT_PATH !== undefined)
const cluster =
  flags.bootstrap === undefined ? await startCluster({ jvmArgs: ['-Xmx1g', '-XX:TieredStopAtLevel=4'] }) : undefined
const bootstrap = flags.bootstrap ?? cluster.bootstrapServers
const admin = new Kafka({ bootstrapServers: bootstrap }).admin()

try {
  for (const laneName of laneNames) await runLane(laneName)
} finally {
  await admin.close()
  await cluster?.close()
}

async function runLane(laneName) {
  const lane = lanes[laneName]
  const topic = `bench-${laneName}-${Date.now()}`
  await admin.createTopics([{ name: topic, partitions: PARTITIONS, replicationFactor: 1 }])
  await fill(topic, lane)
  const results = new Map()
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const client of chosen) {
      const [name, shape] = client.split(':')
      if (lane.compression !== undefined && codecsOf[name]?.includes(lane.compression) === false) continue
      try {
        const result = name === 'java' ? await runJava(topic, lane) : await runWorker(name, shape, topic, lane)
        results.set(client, [...(results.get(client) ?? []), result])
      } catch (error) {
        console.error(`${client} ${laneName}: ${String(error.stderr ?? error).slice(0, 2000)}`)
      }
    }
  }
  await admin.deleteTopics([topic])
  report(laneName, results)
}

/** Java's own batches of 16 KiB favour nobody. */
async function fill(topic, { count, valueBytes, compression = 'none' }) {
  const options = ['--topic', topic, '--num-records', String(count), '--record-size', String(valueBytes)]
  const properties = [`bootstrap.servers=${bootstrap}`, 'acks=all', `compression.type=${compression}`]
  await java('org.apache.kafka.tools.ProducerPerformance', [
    ...options,
    '--throughput',
    '-1',
    '--producer-props',
    ...properties,
  ])
}

async function runWorker(name, shape, topic, { count, valueBytes }) {
  const job = { client: name, shape, bootstrap, topic, partitions: PARTITIONS, count, valueBytes }
  const profile =
    flags.profile === undefined || name !== 'kafkawire' ? [] : ['--cpu-prof', '--cpu-prof-dir', flags.profile]
  // A native module is built for one version of Node.
  const runtime = name === 'confluent' ? (process.env.CONFLUENT_NODE ?? node) : node
  const quiet = runtime === node ? ['--disable-warning=ExperimentalWarning'] : []
  const args = [...quiet, ...profile, join(here, 'worker.mjs'), JSON.stringify(job)]
  const { stdout } = await run(runtime, args, { timeout: 300_000 })
  return JSON.parse(stdout.trim().split('\n').at(-1))
}

async function runJava(topic, { count, valueBytes }) {
  const args = ['--bootstrap-server', bootstrap, '--topic', topic, '--messages', String(count), '--hide-header']
  const stdout = await java('org.apache.kafka.tools.ConsumerPerformance', args)
  const line = stdout
    .trim()
    .split('\n')
    .findLast((text) => text.includes(', '))
  const perSecond = Number(line.split(', ').at(-1))
  return { received: count, perSecond, megabytesPerSecond: (perSecond * valueBytes) / 1e6, cpuMs: NaN, peakRssMb: NaN }
}

async function java(className, args) {
  const jars = join(await ensureJars('tools'), '*')
  const { stdout } = await run('java', ['-cp', jars, className, ...args], { timeout: 120_000 })
  return stdout
}

function report(laneName, results) {
  const { count, valueBytes, compression = 'none' } = lanes[laneName]
  console.log(`\n${laneName}: ${count} records of ${valueBytes} B, ${compression}`)
  const rows = [...results].map(([client, runs]) => ({
    client,
    'records/s': Math.round(median(runs, 'perSecond')),
    'MB/s': Number(median(runs, 'megabytesPerSecond').toFixed(1)),
    'min-max': `${Math.round(Math.min(...runs.map((r) => r.perSecond)))}-${Math.round(Math.max(...runs.map((r) => r.perSecond)))}`,
    'CPU ms': Math.round(median(runs, 'cpuMs')),
    'peak RSS MB': Math.round(median(runs, 'peakRssMb')),
  }))
  console.table(rows)
}

function median(runs, field) {
  const sorted = runs.map((each) => each[field]).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}
