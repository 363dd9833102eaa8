// Writing and reading values with schemas of a registry, framing included, side by side:
// node serdes/run.mjs [--formats AVRO,JSON] [--clients kafkawire,bare] [--rounds 3] [--profile folder], after `npm run build` in the root.
// Each client runs in a process of its own, in turn, round by round; time is that of the CPU, because machines are shared. `bare` is the
// codec alone: avsc, JSON without a check, @bufbuild/protobuf. Confluent's client is large, so it is no dependency of this folder:
// `npm install --no-save @confluentinc/schemaregistry` brings it.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'

const run = promisify(execFile)
const packages = { confluent: '@confluentinc/schemaregistry', kafkajs: '@kafkajs/confluent-schema-registry' }
/** What a client cannot do: kafkajs writes no message indexes, so nobody else reads its Protobuf. */
const impossible = new Set(['kafkajs PROTOBUF'])

const { values: flags } = parseArgs({
  options: {
    formats: { type: 'string', default: 'AVRO,JSON,PROTOBUF' },
    clients: { type: 'string', default: 'kafkawire,bare,confluent,kafkajs' },
    rounds: { type: 'string', default: '3' },
    runs: { type: 'string', default: '5' },
    profile: { type: 'string' },
  },
})
// @kafkajs/confluent-schema-registry needs Node 22.
const localNode = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
const node = existsSync(localNode) ? localNode : process.execPath
const clients = flags.clients.split(',').filter(isInstalled)

for (const format of flags.formats.split(',')) await compare(format)

function isInstalled(client) {
  if (packages[client] === undefined) return true
  try {
    createRequire(import.meta.url).resolve(packages[client])
    return true
  } catch {
    console.error(`${client} is left out: npm install --no-save ${packages[client]}`)
    return false
  }
}

async function compare(format) {
  const results = new Map()
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const client of clients) {
      if (impossible.has(`${client} ${format}`)) continue
      results.set(client, [...(results.get(client) ?? []), await measured(client, format)])
    }
  }
  report(format, results)
}

async function measured(client, format) {
  const job = { client, format, runs: Number(flags.runs), sliceMs: 150 }
  const profile =
    flags.profile === undefined || client !== 'kafkawire' ? [] : ['--cpu-prof', '--cpu-prof-dir', flags.profile]
  const worker = fileURLToPath(new URL('worker.mjs', import.meta.url))
  const { stdout } = await run(node, [...profile, worker, JSON.stringify(job)], { timeout: 300_000 })
  return JSON.parse(stdout.trim().split('\n').at(-1))
}

function report(format, results) {
  const medians = new Map()
  for (const [client, rounds] of results) {
    const [write, read] = ['write', 'read'].map((name) => median(rounds.flatMap((round) => round[name])))
    medians.set(client, {
      write,
      read,
      rss: Math.max(...rounds.map(({ peakRssMb }) => peakRssMb)),
      size: rounds[0].size,
    })
  }
  const mine = medians.get('kafkawire')
  console.log(`\n${format}, calls for each second of CPU time; behind them kafkawire's share of it`)
  console.log(
    `${''.padEnd(12)}${['write', '', 'read', '', 'peak RSS MB', 'bytes'].map((title) => title.padStart(12)).join('')}`,
  )
  for (const [client, { write, read, rss, size }] of medians) {
    const cells = [
      thousands(write),
      share(mine?.write, write),
      thousands(read),
      share(mine?.read, read),
      rss.toFixed(0),
      size,
    ]
    console.log(client.padEnd(12) + cells.map((cell) => String(cell).padStart(12)).join(''))
  }
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

function thousands(perSecond) {
  return `${(perSecond / 1000).toFixed(0)} k/s`
}

function share(mine, other) {
  if (mine === undefined || mine === other) return ''
  const ratio = mine / other
  return ratio < 2 ? `${(ratio * 100).toFixed(0)} %` : `${ratio.toFixed(1)} times`
}
