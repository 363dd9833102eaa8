import { execFile } from 'node:child_process'
import { createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { TestBroker } from '../src/testing/index.ts'

// Each case runs the built package in a process of its own, which must fail with one clear error and then end by itself.
const root = fileURLToPath(new URL('..', import.meta.url))
const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function serve(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as { port: number }).port
}

async function startBroker(): Promise<string> {
  const broker = await TestBroker.start({ topics: { one: { partitions: 1 } }, autoCreateTopics: false })
  closers.push(() => broker.close())
  return broker.bootstrapServers
}

interface Outcome {
  errors: { name: string; code: string; message: string }[]
}

/** Runs the body as a module with `kafka` in scope; what it passes to `report` comes back. Fails if the process has to be stopped. */
async function run(options: object, body: string): Promise<Outcome> {
  const script = `
    import { Kafka } from 'kafkawire'
    const errors = []
    const report = ({ name, code, message }) => errors.push({ name, code, message })
    process.on('unhandledRejection', (error) => { report(error); process.exitCode = 9 })
    const kafka = new Kafka(${JSON.stringify({ connectionTimeoutMs: 300, requestTimeoutMs: 300, ...options })})
    ${body}
    process.on('exit', () => process.stdout.write(JSON.stringify({ errors })))`
  const child = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    timeout: 20_000,
  })
  return JSON.parse((await child).stdout) as Outcome
}

const PRODUCE = `
  const producer = kafka.producer({ maxBlockMs: 500, deliveryTimeoutMs: 500 })
  await producer.send({ topic: 'one', value: 'x' }).catch(report)
  await producer.close({ timeoutMs: 500 })`
const CONSUME = `
  const consumer = kafka.consumer({ autoOffsetReset: 'earliest', defaultApiTimeoutMs: 500 })
  consumer.assign([{ topic: 'one', partition: 0 }])
  await consumer.endOffsets([{ topic: 'one', partition: 0 }]).catch(report)
  await consumer.close({ timeoutMs: 500 })`
const ADMIN = `
  const admin = kafka.admin()
  await admin.listTopics({ timeoutMs: 500 }).catch(report)
  await admin.close()`

/** What a peer that is no Kafka broker does with a connection, and what the error must say. */
const peers: [string, (socket: Socket) => void, RegExp][] = [
  ['never answers', () => {}, /did not finish within|no answer/],
  ['closes at once', (socket) => socket.end(), /closed/],
  ['speaks HTTP', (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')), /HTTP/],
  ['speaks TLS', (socket) => socket.once('data', () => socket.end(Buffer.from('15030300020246', 'hex'))), /TLS/],
  [
    'announces a frame of 2 GiB',
    (socket) => socket.once('data', () => socket.write(Buffer.from('7fffffff00000000', 'hex'))),
    /2147483647/,
  ],
  [
    'announces a negative frame',
    (socket) => socket.once('data', () => socket.write(Buffer.from('ffffffff00000000', 'hex'))),
    /-1/,
  ],
  [
    'closes in the middle of a frame',
    (socket) => socket.once('data', () => socket.end(Buffer.from('0000010000000000', 'hex'))),
    /closed/,
  ],
]

describe.each([
  ['a producer', PRODUCE],
  ['a consumer', CONSUME],
  ['an admin client', ADMIN],
])('%s', (_, body) => {
  test('of a broker that cannot be reached fails and the process ends', async () => {
    const { errors } = await run({ bootstrapServers: '127.0.0.1:1' }, body)
    expect(errors).toHaveLength(1)
    expect(errors[0]!.code).toMatch(/^KAFKA_(CONNECTION|TIMEOUT)$/)
    expect(errors[0]!.message).toContain('127.0.0.1:1')
  })

  test.each(peers)('of a peer that %s fails and the process ends', async (__, onConnection, says) => {
    const { errors } = await run({ bootstrapServers: `127.0.0.1:${await serve(onConnection)}` }, body)
    expect(errors).toHaveLength(1)
    expect(errors[0]!.code).toMatch(/^KAFKA_(CONNECTION|TIMEOUT)$/)
    expect(errors[0]!.message).toMatch(says)
  })

  test('that speaks TLS to a plaintext broker fails and the process ends', async () => {
    const { errors } = await run({ bootstrapServers: await startBroker(), tls: true }, body)
    expect(errors).toHaveLength(1)
    expect(errors[0]!.code).toMatch(/^KAFKA_(CONNECTION|TIMEOUT)$/)
    expect(errors[0]!.message).toMatch(/TLS/)
  })
})

test.each([
  [
    'an unknown topic',
    `producer.send({ topic: 'missing', value: 'x' })`,
    'KAFKA_BROKER',
    /UNKNOWN_TOPIC_OR_PARTITION.*missing|missing.*UNKNOWN_TOPIC_OR_PARTITION/,
  ],
  ['a wrong partition', `producer.send({ topic: 'one', value: 'x', partition: 5 })`, 'KAFKA_CONFIG', /partition 5/],
  [
    'a record above the limit',
    `producer.send({ topic: 'one', value: 'x'.repeat(2e6) })`,
    'KAFKA_CONFIG',
    /maxRequestSizeBytes/,
  ],
  ['a value of a wrong type', `producer.send({ topic: 'one', value: 7 })`, 'KAFKA_ENCODE', /value/],
])('%s fails and the process ends', async (_, call, code, says) => {
  const body = `
    const producer = kafka.producer({ maxBlockMs: 500 })
    await ${call}.catch(report)
    await producer.close()`
  const { errors } = await run({ bootstrapServers: await startBroker() }, body)
  expect(errors).toHaveLength(1)
  expect(errors[0]!.code).toBe(code)
  expect(errors[0]!.message).toMatch(says)
})
