// Runs smoke.mjs and network.mjs on every runtime that kafkawire supports: node test/runtimes/run.mjs [name...]
// The binaries are those of package.json here, so that everyone runs the same versions; they are installed when missing.
// One line for each runtime; fails if one is missing, fails, or does not end by itself.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const timeoutMs = 60_000
const folder = fileURLToPath(new URL('.', import.meta.url))
const cpu = process.arch
// Deno asks for each kind of access: what stands here is all that the library needs.
const denoFlags = ['run', '--quiet', '--no-prompt', '--allow-net', '--allow-env', '--allow-read']
const runtimes = [
  { name: 'node-20', command: `node_modules/node-20-linux-${cpu}/bin/node`, flags: [] },
  { name: 'node-24', command: `node_modules/node-24-linux-${cpu}/bin/node`, flags: [] },
  { name: 'bun', command: `node_modules/@oven/bun-linux-${cpu === 'arm64' ? 'aarch64' : cpu}/bin/bun`, flags: [] },
  { name: 'deno', command: `node_modules/@deno/linux-${cpu}-glibc/deno`, flags: denoFlags },
]

/** Resolves with how the command ended and what it printed. */
function run(command, args, env = {}) {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    const end = (how) => {
      clearTimeout(timer)
      resolve({ how, output: output.trim() })
    }
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => end(error.message))
    child.on('close', (code, signal) =>
      end(signal === 'SIGKILL' ? `did not end within ${timeoutMs} ms` : (code ?? signal)),
    )
  })
}

/** Undefined when both programs passed. */
async function problemOn({ command, flags }, env) {
  const binary = `${folder}${command}`
  if (!existsSync(binary)) return `no ${command} here (Linux on x64 and arm64 only): npm ci --prefix test/runtimes`
  for (const program of ['smoke.mjs', 'network.mjs']) {
    const { how, output } = await run(binary, [...flags, program], env)
    if (how !== 0) return `${program} ended with ${how}\n${output}`
  }
  return undefined
}

if (!existsSync(`${folder}../../dist/index.js`)) throw new Error('There is no dist folder: npm run build')
if (!existsSync(`${folder}node_modules`)) {
  const { how, output } = await run('npm', ['ci'])
  if (how !== 0) throw new Error(`npm ci in test/runtimes ended with ${how}\n${output}`)
}
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => runtimes.every((runtime) => runtime.name !== name))
if (unknown.length > 0) throw new Error(`There is no runtime ${unknown.join(', ')}`)
const selected = runtimes.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
const { startServers } = await import('./servers.mjs')
const { settings, close } = await startServers()
let failed = 0
for (const runtime of selected) {
  const problem = await problemOn(runtime, { NETWORK_SETTINGS: JSON.stringify(settings) })
  if (problem !== undefined) failed++
  console.log(`${runtime.name} ${problem === undefined ? 'passed' : `FAILED: ${problem}`}`)
}
await close()
console.log(`runtimes: ${selected.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
