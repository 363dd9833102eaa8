import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TestBroker, TestRegistry } from '../src/testing/index.ts'

// The examples import the built package by its name: `npm test` builds it first.
const root = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string) => readFileSync(`${root}/${file}`, 'utf8')
const run = async (file: string, env: Record<string, string> = {}, ...args: string[]) => {
  const options = { cwd: root, env: { ...process.env, ...env }, timeout: 20_000 }
  return (await promisify(execFile)(process.execPath, [`examples/${file}`, ...args], options)).stdout
}

describe('examples', () => {
  let broker: TestBroker
  beforeEach(async () => {
    broker = await TestBroker.start()
  })
  afterEach(async () => {
    await broker.close()
  })

  test('what one produces the other consumes', async () => {
    const env = { KAFKA_BOOTSTRAP: broker.bootstrapServers }
    expect(await run('produce.mjs', env)).toBe('stored in partition 0 at offset 0\n')
    expect(await run('consume.mjs', env)).toBe('0@0: customer-1 ordered 3 x tea\n')
  })

  test('what is written with a schema of a registry is read with it', async () => {
    const registry = await TestRegistry.start()
    const env = { KAFKA_BOOTSTRAP: broker.bootstrapServers, SCHEMA_REGISTRY: registry.url }
    expect(await run('schema-registry.mjs', env)).toBe('3 x tea, note: null\n')
    await registry.close()
  })

  test('what one produces another transforms exactly once, until it is told to stop', async () => {
    const env = { ...process.env, KAFKA_BOOTSTRAP: broker.bootstrapServers }
    await run('produce.mjs', { KAFKA_BOOTSTRAP: broker.bootstrapServers })
    const child = spawn(process.execPath, ['examples/transactions.mjs'], { cwd: root, env, stdio: 'pipe' })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    const exited = new Promise((resolve) => child.once('close', resolve))
    const isCommitted = (): boolean => broker.committed('invoicing').some(({ offset }) => offset === 1)
    while (!isCommitted()) await new Promise((resolve) => setTimeout(resolve, 10))
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
    expect(output).toBe('invoicing customer-1: 3 x tea\n')
    const [invoice] = await broker.records('invoices', 0)
    expect(new TextDecoder().decode(invoice!.value ?? undefined)).toBe('{"total":6}')
  })

  test('the demo ends with nothing left to read', async () => {
    const output = await run('demo.mjs', {}, '--bootstrap', broker.bootstrapServers)
    expect(output.match(/ got /g)).toHaveLength(12)
    const lags = [...output.matchAll(/^ +\d+ +(\d+) +(\d+) +(\d+)$/gm)].map(([, , , lag]) => lag)
    expect(lags).toEqual(['0', '0', '0', '0'])
  })
})

test.each(['produce.mjs', 'consume.mjs', 'schema-registry.mjs', 'transactions.mjs'])(
  'the README shows %s as it is',
  (file) => {
    expect(read('README.md')).toContain(`\`\`\`js\n${read(`examples/${file}`)}\`\`\``)
  },
)
