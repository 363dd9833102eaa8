/**
 * Measures the record codec: `node codec/run.mjs [filter] [--runs N] [--profile]`, after `npm run build` in the root and
 * `npm install --no-package-lock` here. The filter is part of a case's name. Prints the median of N runs (default 9), which take turns so that
 * a disturbance hits all cases alike; the time is that of the CPU, because machines are shared. `--profile` leaves a .cpuprofile here.
 * Runs on the Node.js 24 of this folder when it is there, since @platformatic/kafka needs that.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const folder = fileURLToPath(new URL('.', import.meta.url))
const localNode = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '9' }, profile: { type: 'boolean', default: false } },
})

/** Milliseconds of wall time that a case gets in each run. */
const SLICE_MS = 150

if (globalThis.gc === undefined) {
  const flags = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : []
  const child = spawnSync(
    existsSync(localNode) ? localNode : process.execPath,
    ['--expose-gc', ...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    { stdio: 'inherit' },
  )
  process.exit(child.status ?? 1)
}

const { COUNT, loadCases } = await import('./cases.mjs')
const cases = (await loadCases()).filter(({ name }) => name.includes(positionals[0] ?? ''))
if (cases.length === 0) throw new Error(`no case has "${positionals[0]}" in its name`)

/** Runs a case for a slice of time and returns the CPU time of one batch, in nanoseconds. */
async function measure({ run }) {
  gc() // or it would be paid by whoever comes next
  const startedAt = performance.now()
  const before = process.cpuUsage()
  let batches = 0
  while (performance.now() - startedAt < SLICE_MS) {
    const result = run()
    if (result instanceof Promise) await result
    batches++
  }
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / batches
}

const samples = new Map(cases.map(({ name }) => [name, []]))
for (const each of cases) await measure(each) // lets the optimizer do its work
for (let i = 0; i < Number(options.runs); i++) {
  for (const each of cases) samples.get(each.name).push(await measure(each))
}

console.log(
  `Node.js ${process.versions.node}, batches of ${COUNT} records of 100 bytes (metadata: of ${COUNT} partitions), median of ${options.runs} runs\n`,
)
console.log(`${'case'.padEnd(46)}${'ns/item'.padStart(11)}${'M items/s'.padStart(13)}${'MB/s'.padStart(8)}`)
for (const { name, bytes } of cases) {
  const sorted = samples.get(name).sort((a, b) => a - b)
  const perBatch = sorted[Math.floor(sorted.length / 2)]
  const perRecord = perBatch / COUNT
  const columns = [perRecord.toFixed(1).padStart(11), (1000 / perRecord).toFixed(2).padStart(13)]
  console.log(name.padEnd(46) + columns.join('') + ((bytes * 1000) / perBatch).toFixed(0).padStart(8))
}
