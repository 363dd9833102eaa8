// Producing, side by side: node produce/run.mjs [--lanes many,single] [--clients kafkawire,kafka-ts] [--rounds 3] [--bootstrap host:port]
// Each client runs in a process of its own, in turn, round by round, another one first each time; what the first of all finds a cold broker for is not counted. Without --bootstrap a broker is started on this machine, which keeps its logs in memory where
// there is a file system for that: clients are to be compared, not what a disk does meanwhile.
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
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
const MEMORY_FOLDER = '/dev/shm'
const shapesOf = {
  kafkawire: ['many', 'single', 'sequential', 'enqueue'],
  'kafka-ts': ['many', 'single', 'sequential'],
  platformatic: ['many', 'single', 'sequential'],
  kafkajs: ['many', 'single', 'sequential'],
  confluent: ['many', 'single', 'sequential', 'enqueue'],
  java: ['enqueue'],
  'floor-1': ['enqueue', 'sequential'],
  'floor-6': ['enqueue'],
  'floor-call': ['many'],
}
/** Codecs that a client has without plug-ins; undefined for all. */
const codecsOf = { 'kafka-ts': [], kafkajs: ['gzip'], 'floor-1': [], 'floor-6': [], 'floor-call': [] }

const { values: flags } = parseArgs({
  options: {
    lanes: { type: 'string', default: 'many,enqueue,single,sequential' },
    clients: { type: 'string', default: Object.keys(shapesOf).join(',') },
    rounds: { type: 'string', default: '3' },
    bootstrap: { type: 'string' },
    cap: { type: 'string', default: '2500' },
    profile: { type: 'string' },
  },
})
const laneNames = flags.lanes === 'all' ? Object.keys(lanes) : flags.lanes.split(',')
const clients = flags.clients
  .split(',')
  .filter((name) => name !== 'confluent' || process.env.CONFLUENT_PATH !== undefined)
if (existsSync(MEMORY_FOLDER)) process.env.TMPDIR = MEMORY_FOLDER
const cluster =
  flags.bootstrap === undefined
    ? await startCluster({
        jvmArgs: ['-Xmx1g', '-XX:TieredStopAtLevel=4'],
        properties: { 'log.retention.check.interval.ms': '5000', 'log.segment.delete.delay.ms': '1000' },
      })
    : undefined
const bootstrap = flags.bootstrap ?? cluster.bootstrapServers
const admin = new Kafka({ bootstrapServers: bootstrap }).admin()

try {
  for (const laneName of laneNames) await runLane(laneName)
} finally {
  await admin.close()
  await cluster?.close()
}

async function runLane(laneName) {
  const results = new Map()
  const able = clients.filter((client) => canRun(client, lanes[laneName]))
  // Round -1 is for the broker.
  for (let round = -1; round < Number(flags.rounds); round++) {
    const first = Math.max(round, 0) % able.length
    for (const client of round < 0 ? able.slice(0, 1) : [...able.slice(first), ...able.slice(0, first)]) {
      const topic = `bench-${laneName}-${client}-${round}-${Date.now()}`
      await admin.createTopics([{ name: topic, partitions: PARTITIONS, replicationFactor: 1 }])
      try {
        const result = client === 'java' ? await runJava(laneName, topic) : await runWorker(client, laneName, topic)
        if (round >= 0) results.set(client, [...(results.get(client) ?? []), result])
      } catch (error) {
        console.error(`${client} ${laneName}: ${String(error.stderr ?? error).slice(0, 2000)}`)
      }
      await admin.deleteTopics([topic])
    }
  }
  report(laneName, results)
}

function canRun(client, { shape, compression }) {
  const hasCodec = compression === undefined || (codecsOf[client]?.includes(compression) ?? true)
  // Java's tool only knows one way; it stands beside the others' best, as does the floor that need not wait for answers.
  const isFast = shape === 'many' && (client === 'java' || client === 'floor-1' || client === 'floor-6')
  return hasCodec && (isFast || shapesOf[client].includes(shape))
}

async function runWorker(client, lane, topic) {
  const [name, batches] = client.split(/-(?=\d|call)/)
  const job = { client: name, lane, bootstrap, topic, partitions: PARTITIONS, capMs: Number(flags.cap) }
  if (name === 'floor' && batches !== 'call' && lanes[lane].shape === 'many') job.shape = 'enqueue'
  const profile =
    flags.profile === undefined || client !== 'kafkawire' ? [] : ['--cpu-prof', '--cpu-prof-dir', flags.profile]
  // A native module is built for one version of Node.
  const runtime = name === 'confluent' ? (process.env.CONFLUENT_NODE ?? node) : node
  const { stdout } = await run(
    runtime,
    [
      ...(runtime === node ? ['--disable-warning=ExperimentalWarning'] : []),
      ...profile,
      join(here, 'worker.mjs'),
      JSON.stringify(job),
    ],
    {
      env: { ...process.env, FLOOR_BATCHES: batches ?? '', KAFKAJS_NO_PARTITIONER_WARNING: '1' },
      timeout: 120_000,
    },
  )
  return JSON.parse(stdout.trim().split('\n').at(-1))
}

async function runJava(laneName, topic) {
  const { count, valueBytes, compression = 'none' } = lanes[laneName]
  const jars = join(await ensureJars('tools'), '*')
  const properties = [`bootstrap.servers=${bootstrap}`, 'acks=all', `compression.type=${compression}`]
  const args = [
    '--topic',
    topic,
    '--num-records',
    String(count),
    '--record-size',
    String(valueBytes),
    '--throughput',
    '-1',
  ]
  const command = [
    '-cp',
    jars,
    'org.apache.kafka.tools.ProducerPerformance',
    ...args,
    '--producer-props',
    ...properties,
  ]
  const { stdout } = await run('java', command, { timeout: 120_000 })
  const perSecond = Number(/([\d.]+) records\/sec/.exec(stdout.trim().split('\n').at(-1))[1])
  return { sent: count, perSecond, megabytesPerSecond: (perSecond * valueBytes) / 1e6, cpuMs: NaN, peakRssMb: NaN }
}

function report(laneName, results) {
  const { shape, valueBytes, compression = 'none' } = lanes[laneName]
  console.log(`\n${laneName}: ${shape}, ${valueBytes} B, ${compression}`)
  const rows = [...results].map(([client, runs]) => {
    const row = { client, 'records/s': Math.round(median(runs, 'perSecond')) }
    row['MB/s'] = Number(median(runs, 'megabytesPerSecond').toFixed(1))
    row['min-max'] =
      `${Math.round(Math.min(...runs.map((r) => r.perSecond)))}-${Math.round(Math.max(...runs.map((r) => r.perSecond)))}`
    row['CPU µs/record'] = Number(((median(runs, 'cpuMs') / median(runs, 'sent')) * 1000).toFixed(2))
    row['peak RSS MB'] = Math.round(median(runs, 'peakRssMb'))
    if (shape === 'sequential') {
      row['p50 ms'] = Number(median(runs, 'p50')?.toFixed(3))
      row['p99 ms'] = Number(median(runs, 'p99')?.toFixed(3))
    }
    return row
  })
  console.table(rows)
}

function median(runs, field) {
  const sorted = runs.map((run) => run[field]).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}
