import { afterEach, describe, expect, test } from 'vitest'
import { ClosedError, ConnectionError } from '../../src/errors.ts'
import { Broker, type ConnectionSettings } from '../../src/network/broker.ts'
import { nodeTransport } from '../../src/network/node.ts'
import type { VersionTable } from '../../src/network/versions.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { apiVersionsApi } from '../../src/protocol/messages/18-api-versions.ts'
import { FakeBroker, type Handler, offering } from './fake-broker.ts'
import { rejection } from './rejection.ts'

let fakes: FakeBroker[] = []
let brokers: Broker[] = []
afterEach(async () => {
  for (const broker of brokers) await broker.close()
  for (const fake of fakes) await fake.close()
  brokers = []
  fakes = []
})

async function start(handlers: Readonly<Record<string, Handler>> = { Heartbeat: echo }, port = 0): Promise<FakeBroker> {
  const fake = await FakeBroker.start(handlers, port)
  fakes.push(fake)
  return fake
}

function brokerAt(address: { host: string; port: number }, settings: Partial<ConnectionSettings> = {}): Broker {
  const broker = new Broker(
    { nodeId: 1, rack: null, ...address },
    {
      transport: nodeTransport,
      tls: undefined,
      sasl: undefined,
      mapAddress: undefined,
      clientId: 'test',
      connectionTimeoutMs: 10_000,
      connectionTimeoutMaxMs: 30_000,
      connectionIdleMs: 540_000,
      requestTimeoutMs: 30_000,
      reconnectBackoff: { minMs: 5, maxMs: 20 },
      maxInFlight: 5,
      maxFrameBytes: 1_000_000,
      hooks: undefined,
      clusterId: () => null,
      onVersions: () => {},
      ...settings,
    },
  )
  brokers.push(broker)
  return broker
}

const echo: Handler = (request) =>
  request.answer(heartbeatApi, { errorCode: Number(request.read(heartbeatApi).memberId) })

function heartbeat(
  broker: Broker,
  id: number,
  options: { purpose?: 'general' | 'fetch' | 'group'; signal?: AbortSignal } = {},
): Promise<{ errorCode: number }> {
  const { purpose = 'general', ...rest } = options
  return broker.request(purpose, heartbeatApi, { groupId: 'g', memberId: String(id) }, rest)
}

const memberIds = (fake: FakeBroker): number[] =>
  fake.requestsOf('Heartbeat').map((request) => Number(request.read(heartbeatApi).memberId))

describe('connections', () => {
  test('are made on first use, one for each purpose, however many requests wait for it', async () => {
    const fake = await start()
    const broker = brokerAt(fake.address)
    expect(fake.sockets).toHaveLength(0)
    await Promise.all([
      heartbeat(broker, 1),
      heartbeat(broker, 2),
      heartbeat(broker, 3, { purpose: 'fetch' }),
      heartbeat(broker, 4, { purpose: 'group' }),
      broker.connection('general'),
    ])
    await heartbeat(broker, 5)
    expect(fake.sockets).toHaveLength(3)
    const byPurpose = new Map(
      fake.requestsOf('Heartbeat').map((request) => [request.read(heartbeatApi).memberId, request.connection]),
    )
    expect(byPurpose.get('1')).toBe(byPurpose.get('2'))
    expect(byPurpose.get('1')).toBe(byPurpose.get('5'))
    expect(new Set([byPurpose.get('1'), byPurpose.get('3'), byPurpose.get('4')]).size).toBe(3)
  })

  test('carry requests in the order of the calls, whether these waited for the connection or not', async () => {
    const fake = await start()
    const broker = brokerAt(fake.address)
    const signal = new AbortController().signal
    const sent: Promise<unknown>[] = [
      heartbeat(broker, 1, { signal }),
      heartbeat(broker, 2),
      heartbeat(broker, 3, { signal }),
      // As soon as the connection is there.
      broker.connection('general').then(() => heartbeat(broker, 5)),
      heartbeat(broker, 4),
    ]
    await Promise.all(sent)
    expect(memberIds(fake)).toEqual([1, 2, 3, 4, 5])
  })

  test('are made again after a loss', async () => {
    const fake = await start()
    const broker = brokerAt(fake.address)
    await heartbeat(broker, 1)
    fake.sockets[0]!.destroy()
    await fake.until(() => fake.openSocketCount === 0)
    await expect.poll(() => broker.readiness('general')).not.toBe('connected')
    expect(await heartbeat(broker, 2)).toMatchObject({ errorCode: 2 })
    expect(fake.sockets).toHaveLength(2)
  })

  test('begin with the version of ApiVersions that the broker offered last', async () => {
    const fake = await start({
      Heartbeat: echo,
      ApiVersions: (request) => {
        if (request.version > 3)
          request.answer(apiVersionsApi, { ...offering({ ApiVersions: [0, 3] }), errorCode: 35 }, { version: 0 })
        else request.answer(apiVersionsApi, offering({ ApiVersions: [0, 3], Heartbeat: [0, 4] }))
      },
    })
    const broker = brokerAt(fake.address)
    await heartbeat(broker, 1)
    await heartbeat(broker, 2, { purpose: 'fetch' })
    expect(fake.requestsOf('ApiVersions').map(({ version }) => version)).toEqual([5, 3, 3])
  })

  test('go by the versions of their own handshake, before, during and after a rolling upgrade', async () => {
    const fake = await start()
    const offer = (max: number): unknown =>
      fake.on('ApiVersions', (request) => request.answer(apiVersionsApi, offering({ Heartbeat: [0, max] })))
    offer(1)
    const broker = brokerAt(fake.address)
    await heartbeat(broker, 1)
    offer(4)
    // Another connection, while the first is still in use with the version it began with.
    await heartbeat(broker, 2, { purpose: 'group' })
    await heartbeat(broker, 3)
    for (const socket of fake.sockets) socket.destroy()
    await fake.until(() => fake.openSocketCount === 0)
    let isBack = false
    while (!isBack)
      isBack = await heartbeat(broker, 4).then(
        () => true,
        () => false,
      )
    // The upgrade is taken back.
    offer(0)
    for (const socket of fake.sockets) socket.destroy()
    await fake.until(() => fake.openSocketCount === 0)
    isBack = false
    while (!isBack)
      isBack = await heartbeat(broker, 5).then(
        () => true,
        () => false,
      )
    const versions = new Map(
      fake.requestsOf('Heartbeat').map((request) => [Number(request.read(heartbeatApi).memberId), request.version]),
    )
    expect([...versions]).toEqual([
      [1, 1],
      [2, 4],
      [3, 1],
      [4, 4],
      [5, 0],
    ])
  })

  test('report their versions', async () => {
    const fake = await start()
    const tables: VersionTable[] = []
    const broker = brokerAt(fake.address, { onVersions: (table) => tables.push(table) })
    expect(broker.versions).toBeUndefined()
    await heartbeat(broker, 1)
    expect(tables).toEqual([broker.versions])
    expect(broker.versions?.range(12)).toEqual({ min: 0, max: 4 })
  })

  test('that are idle are closed, and made again when needed, without a pause', async () => {
    const fake = await start()
    const broker = brokerAt(fake.address, { connectionIdleMs: 10, reconnectBackoff: { minMs: 60_000, maxMs: 60_000 } })
    await heartbeat(broker, 1)
    await fake.until(() => fake.openSocketCount === 0)
    expect(broker.readiness('general')).toBe('disconnected')
    expect(await heartbeat(broker, 2)).toMatchObject({ errorCode: 2 })
  })
})

describe('a broker that cannot be reached', () => {
  test('fails the requests that waited, and rests before the next attempt', async () => {
    const fake = await start()
    const { address } = fake
    await fake.close()
    const broker = brokerAt(address, { reconnectBackoff: { minMs: 60_000, maxMs: 60_000 } })
    const errors = await Promise.all([1, 2].map((id) => rejection(heartbeat(broker, id))))
    expect(errors[0]).toBeInstanceOf(ConnectionError)
    expect(errors[1]).toBe(errors[0])
    expect(broker.lastError).toBe(errors[0])
    expect(broker.readiness('general')).toBe('backing off')
    expect(broker.readiness('fetch')).toBe('backing off')
  })

  test('is reached once it is back', async () => {
    const fake = await start()
    const { address } = fake
    await fake.close()
    const broker = brokerAt(address)
    expect(await rejection(heartbeat(broker, 1))).toBeInstanceOf(ConnectionError)
    await start({ Heartbeat: echo }, address.port)
    expect(await heartbeat(broker, 2)).toMatchObject({ errorCode: 2 })
    expect(broker.lastError).toBeUndefined()
  })

  test('gets more time for each attempt that timed out, up to the maximum', async () => {
    const timeouts: number[] = []
    const transport = {
      connect: (options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<never> => {
        timeouts.push(options.timeoutMs)
        return new Promise((_, reject) => {
          options.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error))
        })
      },
    }
    const address = { host: 'black.hole', port: 9092 }
    const broker = brokerAt(address, { transport, connectionTimeoutMs: 10, connectionTimeoutMaxMs: 30 })
    for (let i = 0; i < 4; i++) await rejection(heartbeat(broker, i))
    expect(timeouts).toEqual([10, 20, 30, 30])
  })
})

describe('aborts', () => {
  test('end the wait for a connection, which others still get', async () => {
    const fake = await start({ Heartbeat: echo, ApiVersions: () => {} })
    const broker = brokerAt(fake.address)
    const caller = new AbortController()
    const aborted = rejection(heartbeat(broker, 1, { signal: caller.signal }))
    const kept = heartbeat(broker, 2)
    const [request] = await fake.received('ApiVersions')
    caller.abort(new Error('enough'))
    expect(await aborted).toMatchObject({ message: 'enough' })
    request!.answer(apiVersionsApi, offering())
    expect(await kept).toMatchObject({ errorCode: 2 })
    expect(memberIds(fake)).toEqual([2])
  })
})

describe('closing', () => {
  test('rejects what is pending on a connection or waits for one, and all that comes later', async () => {
    const fake = await start({ Heartbeat: () => {} })
    const broker = brokerAt(fake.address)
    const inFlight = rejection(heartbeat(broker, 1))
    await fake.received('Heartbeat')
    const waiting = rejection(heartbeat(broker, 2, { purpose: 'fetch' }))
    await broker.close()
    expect(await inFlight).toBeInstanceOf(ClosedError)
    expect(await waiting).toBeInstanceOf(ClosedError)
    expect(await rejection(heartbeat(broker, 3))).toBeInstanceOf(ClosedError)
    await fake.until(() => fake.openSocketCount === 0)
  })

  test('ends the rest between attempts', async () => {
    const fake = await start()
    const { address } = fake
    await fake.close()
    const broker = brokerAt(address, { reconnectBackoff: { minMs: 600_000, maxMs: 600_000 } })
    await rejection(heartbeat(broker, 1))
    const resting = rejection(heartbeat(broker, 2))
    await broker.close()
    expect(await resting).toBeInstanceOf(ClosedError)
  })

  test('a retired broker finishes what it has, takes nothing more, and disconnects', async () => {
    const held: (() => void)[] = []
    const fake = await start({ Heartbeat: (request) => held.push(() => echo(request)) })
    const broker = brokerAt(fake.address)
    const pending = heartbeat(broker, 7)
    await fake.received('Heartbeat')
    const retired = broker.retire()
    const refused = await rejection(heartbeat(broker, 8))
    expect(refused).toBeInstanceOf(ConnectionError)
    expect(refused).toMatchObject({ retriable: true })
    held[0]!()
    expect(await pending).toMatchObject({ errorCode: 7 })
    await retired
    await fake.until(() => fake.openSocketCount === 0)
  })
})
