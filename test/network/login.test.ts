import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AuthenticationError, ConnectionError, TimeoutError } from '../../src/errors.ts'
import { Kafka } from '../../src/kafka.ts'
import { Cluster } from '../../src/network/cluster.ts'
import type { Connection, ConnectionOptions } from '../../src/network/connection.ts'
import { nodeTransport } from '../../src/network/node.ts'
import { PlainMechanism } from '../../src/network/sasl/plain.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { saslHandshakeApi } from '../../src/protocol/messages/17-sasl-handshake.ts'
import { apiVersionsApi } from '../../src/protocol/messages/18-api-versions.ts'
import { connect } from './connecting.ts'
import { FakeBroker, type Handler, offering } from './fake-broker.ts'
import { type FakeLogin, plainHandlers } from './fake-sasl.ts'
import { rejection } from './rejection.ts'

const echo: Handler = (request) =>
  request.answer(heartbeatApi, { errorCode: Number(request.read(heartbeatApi).memberId) })

let cleanUps: (() => Promise<unknown>)[] = []
let login: FakeLogin
beforeEach(() => {
  login = { password: 'right', sessionLifetimeMs: 0, shown: [] }
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  cleanUps = []
})

async function start(handlers: Readonly<Record<string, Handler>> = {}): Promise<FakeBroker> {
  const broker = await FakeBroker.start({ Heartbeat: echo, ...plainHandlers(login), ...handlers })
  cleanUps.push(() => broker.close())
  return broker
}

const alice = (password: string): PlainMechanism => new PlainMechanism({ username: 'alice', password })

async function open(broker: FakeBroker, options: Partial<ConnectionOptions> = {}): Promise<Connection> {
  const connection = await connect(broker.address, { sasl: alice('right'), ...options })
  cleanUps.push(() => connection.close())
  return connection
}

async function heartbeat(connection: Connection, id: number): Promise<number> {
  return (await connection.request(heartbeatApi, { groupId: 'g', memberId: String(id) })).errorCode
}

const apisOf = (broker: FakeBroker): string[] => broker.requests.map(({ api }) => api)

const realNow = performance.now.bind(performance)

/** Has the clock that sessions are measured by run ahead by `ms`. */
function passTime(ms: number): void {
  vi.spyOn(performance, 'now').mockImplementation(() => realNow() + ms)
}

/** Takes SaslHandshake 0 only, and then one token without a header; hangs up when it does not accept it. */
async function startOld(accepts: (token: string) => boolean): Promise<FakeBroker> {
  const broker = await start({
    ApiVersions: (request) => {
      const versions = { Heartbeat: [0, 1], SaslHandshake: [0, 0], ApiVersions: [0, 1] } as const
      const isKnown = request.version <= 1
      request.answer(apiVersionsApi, isKnown ? offering(versions) : { errorCode: ERROR.UNSUPPORTED_VERSION }, {
        version: isKnown ? request.version : 0,
      })
    },
    SaslHandshake: (request) => {
      request.answer(saslHandshakeApi, { mechanisms: ['PLAIN'] })
      broker.intercept = (frame, socket) => {
        broker.intercept = () => false
        if (accepts(new TextDecoder().decode(frame))) socket.write(new Uint8Array(4))
        else socket.destroy()
        return true
      }
    },
  })
  return broker
}

describe('the first login', () => {
  test('comes after the versions and before anything else', async () => {
    const broker = await start()
    expect(await heartbeat(await open(broker), 7)).toBe(7)
    expect(apisOf(broker)).toEqual(['ApiVersions', 'SaslHandshake', 'SaslAuthenticate', 'Heartbeat'])
  })

  test('that is refused rejects with what to check, and leaves no socket', async () => {
    const broker = await start()
    const error = await rejection(connect(broker.address, { sasl: alice('wrong-guess') }))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({ mechanism: 'PLAIN', retriable: false })
    expect((error as Error).message).toMatch(/Invalid username or password: check username and password$/)
    expect(inspect(error)).not.toContain('wrong-guess')
    await broker.until(() => broker.openSocketCount === 0)
  })

  test('has the set-up time of the connection', async () => {
    const broker = await start({ SaslAuthenticate: () => {} })
    const error = await rejection(open(broker, { connectionTimeoutMs: 50 }))
    expect(error).toBeInstanceOf(TimeoutError)
    await broker.until(() => broker.openSocketCount === 0)
  })

  test('in the middle of which the broker hangs up says so', async () => {
    const broker = await start({ SaslAuthenticate: (request) => request.socket.destroy() })
    const error = await rejection(open(broker))
    expect(error).toBeInstanceOf(ConnectionError)
    expect((error as Error).message).toMatch(/during the login$/)
  })
})

describe('a broker before Kafka 1.0, which takes bare tokens', () => {
  test('is logged in to', async () => {
    const broker = await startOld((token) => token === '\0alice\0right')
    expect(await heartbeat(await open(broker), 3)).toBe(3)
  })

  test('refuses by hanging up, which the error explains', async () => {
    const broker = await startOld(() => false)
    const error = await rejection(open(broker))
    expect(error).toBeInstanceOf(ConnectionError)
    expect((error as Error).message).toMatch(/during the login: brokers before Kafka 1\.0 refuse wrong credentials so/)
  })
})

describe('a session that ends (KIP-368)', () => {
  test('is renewed before the next request a while before it ends', async () => {
    login.sessionLifetimeMs = 10_000
    const broker = await start()
    const connection = await open(broker)
    passTime(8400)
    await heartbeat(connection, 1)
    expect(login.shown).toHaveLength(1)
    passTime(9600)
    await heartbeat(connection, 2)
    await heartbeat(connection, 3)
    expect(apisOf(broker).slice(3)).toEqual([
      'Heartbeat',
      'SaslHandshake',
      'SaslAuthenticate',
      'Heartbeat',
      'Heartbeat',
    ])
    expect(broker.sockets).toHaveLength(1)
  })

  test('is renewed behind requests in flight, while those that follow wait, and all are answered in order', async () => {
    login.sessionLifetimeMs = 10_000
    const held: (() => void)[] = []
    const broker = await start({ Heartbeat: (request) => held.push(() => echo(request)) })
    // The login has to go out although no more requests may.
    const connection = await open(broker, { maxInFlight: 2 })
    const answers: number[] = []
    const send = (id: number): Promise<unknown> => heartbeat(connection, id).then((answer) => answers.push(answer))
    const first = [send(1), send(2)]
    await broker.received('Heartbeat', 2)
    passTime(10_000)
    const second = [send(3), send(4)]
    for (const answer of held.splice(0)) answer()
    await broker.received('SaslAuthenticate', 2)
    await broker.received('Heartbeat', 4)
    for (const answer of held.splice(0)) answer()
    await Promise.all([...first, ...second])
    expect(answers).toEqual([1, 2, 3, 4])
    expect(apisOf(broker).slice(3)).toEqual([
      'Heartbeat',
      'Heartbeat',
      'SaslHandshake',
      'SaslAuthenticate',
      'Heartbeat',
      'Heartbeat',
    ])
  })

  test('and is not granted again ends the connection, with everything that waits', async () => {
    login.sessionLifetimeMs = 10_000
    const broker = await start()
    const closed: unknown[] = []
    const connection = await open(broker, { onClose: (error) => closed.push(error) })
    login.password = 'changed'
    passTime(10_000)
    const errors = await Promise.all([1, 2].map((id) => rejection(heartbeat(connection, id))))
    expect(errors).toEqual([expect.any(AuthenticationError), expect.any(AuthenticationError)])
    expect(connection.isClosed).toBe(true)
    expect(closed).toEqual([errors[0]])
    await broker.until(() => broker.openSocketCount === 0)
  })

  test('and whose renewal gets no answer ends the connection after the set-up time', async () => {
    login.sessionLifetimeMs = 10_000
    const broker = await start()
    const connection = await open(broker, { connectionTimeoutMs: 200 })
    broker.on('SaslHandshake', () => {})
    passTime(10_000)
    expect(await rejection(heartbeat(connection, 1))).toBeInstanceOf(TimeoutError)
    expect(connection.isClosed).toBe(true)
  })

  test('may end in the middle of its renewal by close, without a rejection that nobody handles', async () => {
    login.sessionLifetimeMs = 10_000
    const broker = await start()
    const connection = await open(broker)
    broker.on('SaslHandshake', () => void connection.close())
    passTime(10_000)
    expect(await rejection(heartbeat(connection, 1))).toMatchObject({ code: 'KAFKA_CLOSED' })
  })
})

test('a cluster with wrong credentials fails the calls that wait, after one attempt at each broker', async () => {
  const brokers = [await start(), await start()]
  const cluster = new Cluster({
    bootstrapServers: brokers.map(({ address }) => address),
    transport: nodeTransport,
    sasl: alice('wrong-guess'),
  })
  cleanUps.push(() => cluster.close())
  const error = await rejection(cluster.topics(['t'], { timeoutMs: 60_000 }))
  expect(error).toBeInstanceOf(AuthenticationError)
  expect(login.shown).toEqual(['wrong-guess', 'wrong-guess'])
})

test('what a client prints of itself shows no secret', () => {
  const tls = { cert: 'a', key: 'my-private-key', passphrase: 'my-passphrase' }
  const sasl = { mechanism: 'SCRAM-SHA-512', username: 'alice', password: 'my-password' } as const
  const kafka = new Kafka({ bootstrapServers: 'localhost:9092', tls, sasl })
  const clients = [kafka, kafka.admin(), kafka.producer(), kafka.consumer({ groupId: 'g', topics: ['t'] })]
  for (const client of clients) {
    const seen = inspect(client, { depth: Infinity, showHidden: true }) + JSON.stringify(client)
    expect(seen).not.toMatch(/my-private-key|my-passphrase|my-password/)
  }
})
