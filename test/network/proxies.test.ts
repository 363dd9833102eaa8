import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError, ConnectionError, TimeoutError } from '../../src/errors.ts'
import { Kafka } from '../../src/kafka.ts'
import type { Connection, ConnectionOptions } from '../../src/network/connection.ts'
import { nodeTransport, transportOver } from '../../src/network/node.ts'
import type { DuplexSocket, SocketFactory } from '../../src/network/transport.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { TestBroker } from '../../src/testing/test-broker.ts'
import { makeCertificates } from './certificates.ts'
import { connect } from './connecting.ts'
import { FakeBroker } from './fake-broker.ts'
import { rejection } from './rejection.ts'

let folder = ''
let ca = ''
beforeAll(async () => {
  folder = await makeCertificates()
  ca = await readFile(join(folder, 'ca.crt'), 'utf8')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  cleanUps = []
})

const tls = (): Promise<{ ca: string }> => Promise.resolve({ ca })

async function start(certificate?: string): Promise<FakeBroker> {
  const files = certificate === undefined ? [] : [`${certificate}.crt`, `${certificate}.key`]
  const [cert, key] = await Promise.all(files.map((name) => readFile(join(folder, name))))
  const broker = await FakeBroker.start(
    { Heartbeat: (received) => received.answer(heartbeatApi, { errorCode: 7 }) },
    0,
    cert && key && { cert, key },
  )
  cleanUps.push(() => broker.close())
  return broker
}

async function use(address: { host: string; port: number }, options: Partial<ConnectionOptions>): Promise<number> {
  const connection: Connection = await connect(address, options)
  cleanUps.push(() => connection.close())
  return (await connection.request(heartbeatApi, { groupId: 'g' })).errorCode
}

/** An HTTP proxy that sends everything for `broker.internal` to a port of this machine. */
async function startProxy(port: number): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = []
  const server = createServer()
  server.on('connect', (received, client: Socket) => {
    asked.push(received.url!)
    const upstream = connectTcp(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => server.close())
  return { port: (server.address() as AddressInfo).port, asked }
}

/** As the README shows it. */
function throughProxy(proxyPort: number): SocketFactory {
  return ({ host, port, signal }) =>
    new Promise((resolve, reject) => {
      const asking = request({
        host: '127.0.0.1',
        port: proxyPort,
        method: 'CONNECT',
        path: `${host}:${port}`,
        signal,
        agent: false,
      })
      asking.once('connect', (response, socket) => {
        if (response.statusCode === 200) resolve(socket)
        else reject(new Error(`the proxy answered ${response.statusCode}`))
      })
      asking.once('error', reject)
      asking.end()
    })
}

describe('a socket factory', () => {
  test('connects through an HTTP proxy', async () => {
    const broker = await start()
    const proxy = await startProxy(broker.port)
    const transport = transportOver(throughProxy(proxy.port))
    expect(await use({ host: 'broker.internal', port: 9092 }, { transport })).toBe(7)
    expect(proxy.asked).toEqual(['broker.internal:9092'])
  })

  test('has TLS spoken over its sockets, with the name of the broker', async () => {
    const broker = await start('server')
    const proxy = await startProxy(broker.port)
    const transport = transportOver(throughProxy(proxy.port))
    expect(await use({ host: 'localhost', port: 9093 }, { transport, tls })).toBe(7)
    expect((broker.sockets[0] as TLSSocket).servername).toBe('localhost')
    const error = await rejection(use({ host: 'broker.internal', port: 9093 }, { transport, tls }))
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION' })
  })

  test('may return any duplex stream', async () => {
    const broker = await start()
    const transport = transportOver(() => {
      const socket = connectTcp(broker.port, '127.0.0.1')
      cleanUps.push(() => socket.destroy())
      return Duplex.from({ readable: socket, writable: socket })
    })
    const connection = await connect({ host: 'broker.internal', port: 9092 }, { transport })
    expect(await connection.request(heartbeatApi, { groupId: 'g' })).toMatchObject({ errorCode: 7 })
    await connection.close()
    await broker.until(() => broker.openSocketCount === 0)
  })

  test('that fails is a ConnectionError with its error as the cause', async () => {
    const cause = new Error('proxy is down')
    const transport = transportOver(() => Promise.reject(cause))
    const error = await rejection(connect({ host: 'b', port: 1 }, { transport }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({
      cause,
      retriable: true,
      message: 'cannot connect to b:1: the socket factory failed: proxy is down',
    })
  })

  test('that takes too long is not waited for, and a socket that comes late is destroyed', async () => {
    let answer!: (socket: DuplexSocket) => void
    const transport = transportOver(() => new Promise((resolve) => (answer = resolve)))
    const error = await rejection(connect({ host: 'b', port: 1 }, { transport, connectionTimeoutMs: 20 }))
    expect(error).toBeInstanceOf(TimeoutError)
    const late = new Duplex({ read: () => {}, write: () => {} })
    answer(late)
    await once(late, 'close')
  })

  test('is an option of the client, and excludes a transport', async () => {
    const broker = await TestBroker.start()
    cleanUps.push(() => broker.close())
    const asked: unknown[] = []
    const socketFactory: SocketFactory = ({ host, port }) => {
      asked.push(port)
      return connectTcp(port, host)
    }
    const admin = new Kafka({ bootstrapServers: broker.bootstrapServers, socketFactory }).admin()
    expect(await admin.listTopics()).toEqual([])
    await admin.close()
    expect(asked).toEqual([broker.nodes[0]!.port])
    const both = { bootstrapServers: 'localhost:1', socketFactory, transport: nodeTransport }
    expect(() => new Kafka(both)).toThrow(ConfigError)
  })
})

describe('an address mapper', () => {
  test('says where each broker and bootstrap server is reached', async () => {
    const broker = await TestBroker.start({ nodes: 2, topics: { t: { partitions: 2, replicationFactor: 1 } } })
    cleanUps.push(() => broker.close())
    const ports = broker.nodes.map(({ port }) => port)
    const asked: number[] = []
    const kafka = new Kafka({
      bootstrapServers: 'entry.internal:9092',
      mapAddress: ({ nodeId, host, port }) => {
        asked.push(nodeId)
        return host === 'entry.internal' ? { host: '127.0.0.1', port: ports[0]! } : { host, port }
      },
    })
    const producer = kafka.producer()
    await Promise.all([0, 1].map((partition) => producer.send({ topic: 't', partition, value: 'x' })))
    await producer.close()
    expect(new Set(asked)).toEqual(new Set([-1, 1, 2]))
  })

  test('leaves TLS with the name that the broker advertises, unless it says otherwise', async () => {
    const broker = await start('server')
    const to = { host: '127.0.0.1', port: broker.port }
    const at = (host: string, more: object = {}): Promise<number> =>
      use({ host, port: 9093 }, { tls, mapAddress: () => Promise.resolve({ ...to, ...more }) })
    expect(await at('localhost')).toBe(7)
    expect(await at('broker.internal', { servername: 'localhost' })).toBe(7)
    expect(await rejection(at('broker.internal'))).toMatchObject({ code: 'KAFKA_AUTHENTICATION' })
  })

  test.each([
    ['fails', () => Promise.reject(new Error('no map')), /^the function mapAddress failed for b:1/],
    ['returns no address', () => ({ host: 'c' }), /^the function mapAddress returned no \{ host, port \} for b:1/],
  ])('that %s is a ConfigError', async (_, mapper, message) => {
    const mapAddress = mapper as () => { host: string; port: number }
    const error = await rejection(connect({ host: 'b', port: 1 }, { mapAddress }))
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as Error).message).toMatch(message)
  })
})
