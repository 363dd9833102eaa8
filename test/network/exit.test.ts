import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FakeBroker } from './fake-broker.ts'
import { FakeCluster } from './fake-cluster.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** How long a process may take to end after its client was closed. */
const EXIT_TIMEOUT_MS = 10_000

let folder = ''
let fake: FakeCluster
let silent: FakeBroker
let refusing: { host: string; port: number }

/** Compiles the network layer on its own, since Node.js 20 does not run TypeScript. */
beforeAll(async () => {
  const parent = join(root, 'node_modules/.kafkawire')
  await mkdir(parent, { recursive: true })
  folder = await mkdtemp(join(parent, 'exit-'))
  const files = ['cluster.ts', 'node.ts'].map((name) => join(root, 'src/network', name))
  const compilerOptions = { rootDir: join(root, 'src'), outDir: folder }
  const project = join(folder, 'tsconfig.json')
  await writeFile(
    project,
    JSON.stringify({ extends: join(root, 'tsconfig.build.json'), compilerOptions, files, include: [] }),
  )
  const compiled = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project], {
    encoding: 'utf8',
  })
  if (compiled.status !== 0) throw new Error(compiled.stdout + compiled.stderr)

  fake = await FakeCluster.start(2)
  fake.lead('t', [[2, 0]])
  silent = await FakeBroker.start({ ApiVersions: () => {} })
  const gone = await FakeBroker.start()
  refusing = gone.address
  await gone.close()
})
afterAll(async () => {
  await fake.close()
  await silent.close()
  await rm(folder, { recursive: true, force: true })
})

/** Runs a program with a `cluster`, and waits until it ends by itself. */
async function run(
  bootstrapServers: { host: string; port: number }[],
  program: string,
  timeoutMs = EXIT_TIMEOUT_MS,
): Promise<{ code: number | null; output: string }> {
  const script = join(folder, 'program.mjs')
  await writeFile(
    script,
    `import { Cluster } from './network/cluster.js'
     import { nodeTransport } from './network/node.js'
     const wait = { timeoutMs: 20_000 }
     const ignore = () => {}
     const cluster = new Cluster({ bootstrapServers: ${JSON.stringify(bootstrapServers)}, transport: nodeTransport })
     ${program}
     console.log('done')`,
  )
  const child = spawn(process.execPath, [script], { timeout: timeoutMs, killSignal: 'SIGKILL' })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

describe('a process ends by itself once its client is closed', () => {
  test('and was used', async () => {
    const program = `
      const leader = await cluster.awaitLeader('t', 0, wait)
      await Promise.all(['general', 'produce', 'fetch', 'group'].map((purpose) => leader.connection(purpose)))
      await cluster.close()`
    expect(await run(fake.bootstrapServers, program)).toEqual({ code: 0, output: 'done\n' })
  })

  test('with a connection retired, a refresh due and topics waited for', async () => {
    const program = `
      await cluster.topics(['t'], wait)
      cluster.markStale()
      const waiting = cluster.topics(['missing'], wait).catch(({ name }) => console.log(name))
      await cluster.close()
      await waiting`
    expect(await run(fake.bootstrapServers, program)).toEqual({ code: 0, output: 'ClosedError\ndone\n' })
  })

  test('while it connects', async () => {
    const program = `
      const waiting = cluster.refresh(wait).catch(({ name }) => console.log(name))
      setTimeout(() => cluster.close(), 50)
      await waiting`
    expect(await run([silent.address], program)).toEqual({ code: 0, output: 'ClosedError\ndone\n' })
  })

  test('after all attempts to connect failed', async () => {
    const program = `
      await cluster.refresh({ timeoutMs: 100 }).catch(({ name }) => console.log(name))
      await cluster.close()`
    expect(await run([refusing, silent.address], program)).toEqual({ code: 0, output: 'ConnectionError\ndone\n' })
  })

  test('and was never used', async () => {
    expect(await run([refusing], 'await cluster.close()')).toEqual({ code: 0, output: 'done\n' })
  })
})

test('a process also ends when its client was made and neither used nor closed', async () => {
  expect(await run([refusing], '')).toEqual({ code: 0, output: 'done\n' })
})

test('an event loop that stood still for 10 s loses no connection and no response, whatever the timeouts', async () => {
  const program = `
    const lost = []
    const stalled = new Cluster({
      bootstrapServers: ${JSON.stringify([fake.node(1).address])},
      transport: nodeTransport,
      requestTimeoutMs: 3000,
      connectionTimeoutMs: 4000,
      connectionIdleMs: 5000,
      hooks: { disconnect: ({ error }) => error && lost.push(error.message), connectError: ({ error }) => lost.push(error.message) },
    })
    await stalled.topics(['t'], wait)
    const refreshed = stalled.refresh(wait)
    // The request goes out, and its response waits in the socket.
    await new Promise(setImmediate)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000)
    await refreshed
    await stalled.refresh(wait)
    await stalled.close()
    await cluster.close()
    if (lost.length > 0) throw new Error(lost.join())`
  expect(await run([fake.node(1).address], program, 25_000)).toEqual({ code: 0, output: 'done\n' })
})
