import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { ClosedError, ConnectionError, DecodeError, TimeoutError, UnsupportedVersionError } from '../../src/errors.ts'
import { Connection, type ConnectionOptions } from '../../src/network/connection.ts'
import { nodeTransport } from '../../src/network/node.ts'
import type { Transport } from '../../src/network/transport.ts'
import { produceApi } from '../../src/protocol/messages/00-produce.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { apiVersionsApi } from '../../src/protocol/messages/18-api-versions.ts'
import { connect, connectionOptions } from './connecting.ts'
import { FakeBroker, type Handler, offering, refuseNewVersions, responseFrame } from './fake-broker.ts'
import { rejection } from './rejection.ts'

let cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  cleanUps = []
})

async function start(handlers: Readonly<Record<string, Handler>> = {}): Promise<FakeBroker> {
  const broker = await FakeBroker.start(handlers)
  cleanUps.push(() => broker.close())
  return broker
}

async function open(broker: FakeBroker, options: Partial<ConnectionOptions> = {}): Promise<Connection> {
  const connection = await connect(broker.address, options)
  cleanUps.push(() => connection.close())
  return connection
}

/** Answers Heartbeat with its member id put where it can be seen: the error code. */
const echo: Handler = (request) =>
  request.answer(heartbeatApi, { errorCode: Number(request.read(heartbeatApi).memberId) })

function heartbeat(connection: Connection, id: number, options = {}): Promise<unknown> {
  return connection.request(heartbeatApi, { groupId: 'g', memberId: String(id) }, options)
}

function sized(size: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, size)
  return bytes
}

describe('the handshake', () => {
  test('says the name and version of this library, as package.json has it', async () => {
    const broker = await start()
    await open(broker, { clientId: 'shop' })
    const [request] = await broker.received('ApiVersions')
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(request!.read(apiVersionsApi)).toMatchObject({
      clientSoftwareName: 'kafkawire',
      clientSoftwareVersion: version,
    })
    expect(request!.clientId).toBe('shop')
    expect(request!.version).toBe(apiVersionsApi.request.versions.max)
  })

  test('falls back to version 0 when a broker refuses without saying what it knows', async () => {
    const broker = await start({ ApiVersions: refuseNewVersions(2) })
    const connection = await open(broker)
    expect(broker.requests.map(({ version }) => version)).toEqual([5, 0])
    expect(connection.versionOf(heartbeatApi)).toBe(4)
  })

  test('falls back to the version that a broker lists when it refuses', async () => {
    const listed = offering({ ApiVersions: [0, 3] })
    const broker = await start({ ApiVersions: refuseNewVersions(3, listed) })
    await open(broker)
    expect(broker.requests.map(({ version }) => version)).toEqual([5, 3])
  })

  test('ends in an error when a broker refuses every version', async () => {
    const broker = await start({ ApiVersions: refuseNewVersions(-1, offering({ ApiVersions: [0, 9] })) })
    const error = await rejection(connect(broker.address))
    expect(error).toBeInstanceOf(ConnectionError)
    expect((error as Error).message).toContain('UNSUPPORTED_VERSION')
    expect(broker.requests.map(({ version }) => version)).toEqual([5, 4, 3, 2, 1, 0])
  })

  test('begins at the version that the broker offered last time', async () => {
    const broker = await start()
    await open(broker, { apiVersionsVersion: 3 })
    expect(broker.requests.map(({ version }) => version)).toEqual([3])
  })

  test('names the cluster and node only when both are known (KIP-1242)', async () => {
    const broker = await start()
    await open(broker, { clusterId: 'c', nodeId: 3 })
    await open(broker, { clusterId: 'c', nodeId: -1 })
    await open(broker, { clusterId: null, nodeId: 3 })
    const bodies = broker.requests.map((request) => request.read(apiVersionsApi))
    expect(bodies.map(({ clusterId, nodeId }) => [clusterId, nodeId])).toEqual([
      ['c', 3],
      [null, -1],
      [null, -1],
    ])
  })

  test('learns the finalized features', async () => {
    const features = {
      finalizedFeaturesEpoch: 7n,
      finalizedFeatures: [{ name: 'transaction.version', minVersionLevel: 2, maxVersionLevel: 2 }],
    }
    const broker = await start({
      ApiVersions: (request) => request.answer(apiVersionsApi, offering(undefined, features)),
    })
    const { versions } = await open(broker)
    expect([versions.feature('transaction.version'), versions.feature('other')]).toEqual([2, 0])
    expect(versions.featuresEpoch).toBe(7n)
  })

  test('uses for each API the highest version that both sides know, up to the limit of a request', async () => {
    const versions = { ...offering({ Metadata: [0, 9], Heartbeat: [0, 99], Produce: [99, 100] }) }
    const broker = await start({
      ApiVersions: (request) => request.answer(apiVersionsApi, versions),
      Metadata: (request) => request.answer(metadataApi, {}),
    })
    const connection = await open(broker)
    expect(connection.versionOf(metadataApi)).toBe(9)
    expect(connection.versionOf(heartbeatApi)).toBe(heartbeatApi.request.versions.max)
    await connection.request(metadataApi, (version) => ({ topics: version === 5 ? null : [] }), { maxVersion: 5 })
    const [request] = await broker.received('Metadata')
    expect([request!.version, request!.read(metadataApi).topics]).toEqual([5, null])
  })

  test('an API without a common version fails with both ranges, and nothing is sent', async () => {
    const broker = await start({
      ApiVersions: (request) => request.answer(apiVersionsApi, offering({ Produce: [99, 100] })),
    })
    const connection = await open(broker)
    const produce = await rejection(connection.request(produceApi, {}))
    expect(produce).toBeInstanceOf(UnsupportedVersionError)
    expect(produce).toMatchObject({ api: 'Produce', broker: { min: 99, max: 100 }, client: { max: 13 } })
    expect(await rejection(connection.request(heartbeatApi, {}))).toMatchObject({ broker: undefined })
    expect(broker.requests).toHaveLength(1)
  })
})

describe('responses', () => {
  test('arrive whole when the stream comes byte by byte', async () => {
    const broker = await start({
      Heartbeat: ({ socket, version, correlationId }) => {
        const bytes = [...responseFrame(heartbeatApi, version, correlationId, { errorCode: 27 })]
        const writeNext = (): void => {
          const byte = bytes.shift()
          // Each byte has left before the next is written.
          if (byte !== undefined) socket.write(Uint8Array.of(byte), () => setImmediate(writeNext))
        }
        writeNext()
      },
    })
    const connection = await open(broker)
    expect(await heartbeat(connection, 1)).toMatchObject({ errorCode: 27 })
  })

  test('arrive apart when several come in one piece', async () => {
    const frames: Uint8Array[] = []
    const broker = await start({
      Heartbeat: ({ socket, version, correlationId }) => {
        frames.push(responseFrame(heartbeatApi, version, correlationId, { errorCode: frames.length }))
        if (frames.length === 3) socket.write(Buffer.concat(frames))
      },
    })
    const connection = await open(broker)
    const answers = await Promise.all([heartbeat(connection, 0), heartbeat(connection, 1), heartbeat(connection, 2)])
    expect(answers).toMatchObject([{ errorCode: 0 }, { errorCode: 1 }, { errorCode: 2 }])
  })

  test('larger than the read buffer arrive intact', async () => {
    const host = 'x'.repeat(1000)
    const brokers = Array.from({ length: 2000 }, (_, nodeId) => ({ nodeId, host, port: nodeId }))
    const broker = await start({ Metadata: (request) => request.answer(metadataApi, { brokers }) })
    const connection = await open(broker)
    const response = await connection.request(metadataApi, { topics: [] })
    expect(response.brokers.map(({ nodeId, port }) => [nodeId, port])).toEqual(brokers.map(({ port }) => [port, port]))
    expect(response.brokers.every((each) => each.host === host)).toBe(true)
  })

  test('that cannot be decoded fail their request with a DecodeError; the connection goes on', async () => {
    const broker = await start({
      Metadata: ({ socket, correlationId }) => socket.write(Uint8Array.of(0, 0, 0, 6, 0, 0, 0, correlationId, 0, 9)),
      Heartbeat: echo,
    })
    const connection = await open(broker)
    expect(await rejection(connection.request(metadataApi, {}))).toBeInstanceOf(DecodeError)
    expect(await heartbeat(connection, 5)).toMatchObject({ errorCode: 5 })
  })
})

describe('a peer that breaks the protocol', () => {
  test.each([
    ['announces a negative size', sized(-1), 'frame size -1 is negative'],
    ['announces 2 GiB', sized(2147483647), 'frame size 2147483647 is above'],
    [
      'answers with the id of another request',
      responseFrame(heartbeatApi, 4, 99, {}),
      'correlation id 99 came where 1',
    ],
  ])('that %s loses the connection at once, with all requests', async (_, bytes, reason) => {
    const broker = await start({ Heartbeat: ({ socket }) => socket.write(bytes) })
    const connection = await open(broker)
    const errors = await Promise.all([1, 2].map((id) => rejection(heartbeat(connection, id))))
    for (const error of errors) {
      expect(error).toBeInstanceOf(ConnectionError)
      expect((error as ConnectionError).message).toContain('lost the connection to broker 1 (127.0.0.1:')
      expect((error as ConnectionError).message).toContain(reason)
      expect(error).toMatchObject(broker.address)
    }
    expect(connection.isClosed).toBe(true)
    await broker.until(() => broker.openSocketCount === 0)
  })

  test('that announces too large a frame is no reason to try again, and the DecodeError is the cause', async () => {
    const broker = await start({ Heartbeat: ({ socket }) => socket.write(sized(1025)) })
    const connection = await open(broker, { maxFrameBytes: 1024 })
    const error = await rejection(heartbeat(connection, 1))
    expect(error).toMatchObject({ retriable: false, cause: expect.any(DecodeError) as DecodeError })
  })

  test('that closes in the middle of a response fails it as lost', async () => {
    const broker = await start({ Heartbeat: ({ socket }) => socket.end(Uint8Array.of(0, 0, 0, 10, 0, 0)) })
    const connection = await open(broker)
    const error = await rejection(heartbeat(connection, 1))
    expect(error).toMatchObject({
      retriable: true,
      message: expect.stringContaining('in the middle of a response') as string,
    })
  })

  test('that resets the connection fails what is pending', async () => {
    const broker = await start({ Heartbeat: ({ socket }) => socket.resetAndDestroy() })
    const connection = await open(broker)
    expect(await rejection(heartbeat(connection, 1))).toBeInstanceOf(ConnectionError)
    expect(await rejection(heartbeat(connection, 2))).toBeInstanceOf(ConnectionError)
  })

  test('that speaks HTTP is recognised', async () => {
    const broker = await start({
      ApiVersions: ({ socket }) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
    })
    const error = await rejection(connect(broker.address))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ retriable: false, message: expect.stringContaining('speaks HTTP') as string })
  })

  test('that closes before it answers leaves a hint at port and TLS', async () => {
    const broker = await start({ ApiVersions: ({ socket }) => socket.end() })
    const error = await rejection(connect(broker.address))
    expect(error).toBeInstanceOf(ConnectionError)
    expect((error as Error).message).toMatch(/before it told its versions.*expect TLS/)
  })
})

describe('time', () => {
  test('a peer that accepts and never answers fails the set-up within connectionTimeoutMs', async () => {
    const broker = await start({ ApiVersions: () => {} })
    const error = await rejection(connect(broker.address, { connectionTimeoutMs: 50 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect((error as Error).message).toContain(`connecting to broker 1 (127.0.0.1:${broker.port})`)
    await broker.until(() => broker.openSocketCount === 0)
  })

  test('a response that does not come in time closes the connection and fails everything in flight', async () => {
    const broker = await start()
    const connection = await open(broker, { requestTimeoutMs: 60_000 })
    const late = rejection(heartbeat(connection, 1, { timeoutMs: 50 }))
    const other = rejection(heartbeat(connection, 2))
    expect(await late).toBeInstanceOf(TimeoutError)
    expect(await other).toBeInstanceOf(ConnectionError)
    expect(await other).toMatchObject({ cause: await late })
    await broker.until(() => broker.openSocketCount === 0)
  })

  test('an idle connection is closed without an error', async () => {
    const broker = await start()
    const ends: unknown[] = []
    const connection = await open(broker, { idleMs: 20, onClose: (error) => ends.push(error) })
    await broker.until(() => broker.openSocketCount === 0)
    expect(ends).toEqual([undefined])
    expect(await rejection(heartbeat(connection, 1))).toMatchObject({ retriable: true })
  })
})

describe('aborts', () => {
  test('a waiting request rejects with the reason, its response is dropped, and the connection goes on', async () => {
    const held: (() => void)[] = []
    const broker = await start({ Heartbeat: (request) => held.push(() => echo(request)) })
    const connection = await open(broker)
    const caller = new AbortController()
    const aborted = rejection(heartbeat(connection, 1, { signal: caller.signal }))
    const kept = heartbeat(connection, 2)
    await broker.received('Heartbeat', 2)
    const reason = new Error('enough')
    caller.abort(reason)
    expect(await aborted).toBe(reason)
    for (const answer of held) answer()
    expect(await kept).toMatchObject({ errorCode: 2 })
  })

  test('a request with an aborted signal is not sent', async () => {
    const broker = await start({ Heartbeat: echo })
    const connection = await open(broker)
    const signal = AbortSignal.abort(new Error('early'))
    expect(await rejection(heartbeat(connection, 1, { signal }))).toMatchObject({ message: 'early' })
    await heartbeat(connection, 2)
    expect(broker.requestsOf('Heartbeat')).toHaveLength(1)
  })

  test('an aborted set-up leaves nothing open', async () => {
    const broker = await start({ ApiVersions: () => {} })
    const caller = new AbortController()
    const opening = rejection(Connection.open(connectionOptions(broker.address), caller.signal))
    await broker.received('ApiVersions')
    caller.abort(new Error('enough'))
    expect(await opening).toMatchObject({ message: 'enough' })
    await broker.until(() => broker.openSocketCount === 0)
  })
})

test('a connection that takes longer to open than it may be idle is opened all the same', async () => {
  const broker = await start({ Heartbeat: echo })
  const slow: Transport = {
    connect: async (options) => {
      await new Promise((resolve) => setTimeout(resolve, 60))
      return nodeTransport.connect(options)
    },
  }
  const connection = await open(broker, { transport: slow, idleMs: 20 })
  expect(await heartbeat(connection, 4)).toMatchObject({ errorCode: 4 })
})

describe('closing', () => {
  test('rejects what is pending, and all that comes later, with ClosedError', async () => {
    const broker = await start()
    const connection = await open(broker, { maxInFlight: 1 })
    const pending = [1, 2].map((id) => rejection(heartbeat(connection, id)))
    await connection.close()
    expect(await Promise.all(pending)).toEqual([expect.any(ClosedError), expect.any(ClosedError)])
    expect(await rejection(heartbeat(connection, 3))).toBeInstanceOf(ClosedError)
    await broker.until(() => broker.openSocketCount === 0)
  })

  test('sends what was written before, such as records without acknowledgement', async () => {
    const broker = await start()
    const connection = await open(broker)
    const partitionData = [{ index: 0, records: new Uint8Array(3_000_000) }]
    const response = await connection.request(
      produceApi,
      { acks: 0, timeoutMs: 1000, topicData: [{ name: 't', partitionData }] },
      { expectsResponse: false, maxVersion: 9 },
    )
    expect(response.responses).toEqual([])
    await connection.close()
    const [request] = await broker.received('Produce')
    expect(request!.read(produceApi).topicData[0]!.partitionData[0]!.records).toHaveLength(3_000_000)
  })

  test('waits for pending requests when the connection is retired', async () => {
    const held: (() => void)[] = []
    const broker = await start({ Heartbeat: (request) => held.push(() => echo(request)) })
    const connection = await open(broker)
    const answer = heartbeat(connection, 3)
    await broker.received('Heartbeat')
    const retired = connection.retire()
    expect(connection.isClosed).toBe(false)
    held[0]!()
    expect(await answer).toMatchObject({ errorCode: 3 })
    await retired
    expect(connection.isClosed).toBe(true)
  })
})

test('hooks see connections, requests, responses, throttling and disconnections', async () => {
  const broker = await start({
    Heartbeat: (request) => request.answer(heartbeatApi, { throttleTimeMs: 1 }),
  })
  const seen: unknown[] = []
  const log =
    (name: string) =>
    (event: object): void => {
      const { api, nodeId, purpose } = event as Record<string, unknown>
      seen.push([name, api, nodeId, purpose])
    }
  const hooks = {
    connect: log('connect'),
    disconnect: log('disconnect'),
    request: log('request'),
    response: log('response'),
    throttle: log('throttle'),
  }
  const connection = await open(broker, { hooks, purpose: 'group' })
  await heartbeat(connection, 1)
  await connection.close()
  expect(seen).toEqual([
    ['request', 'ApiVersions', 1, 'group'],
    ['response', 'ApiVersions', 1, 'group'],
    ['connect', undefined, 1, 'group'],
    ['request', 'Heartbeat', 1, 'group'],
    ['response', 'Heartbeat', 1, 'group'],
    ['throttle', 'Heartbeat', 1, 'group'],
    ['disconnect', undefined, 1, 'group'],
  ])
})
