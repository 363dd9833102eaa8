import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConnectionError, KafkaError, TimeoutError } from '../../src/errors.ts'
import { Cluster, type ClusterOptions } from '../../src/network/cluster.ts'
import { nodeTransport } from '../../src/network/node.ts'
import { saslMechanism } from '../../src/network/sasl/options.ts'
import { ScramMechanism } from '../../src/network/sasl/scram.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { saslHandshakeApi } from '../../src/protocol/messages/17-sasl-handshake.ts'
import { apiVersionsApi } from '../../src/protocol/messages/18-api-versions.ts'
import { saslAuthenticateApi } from '../../src/protocol/messages/36-sasl-authenticate.ts'
import { TestBroker } from '../../src/testing/test-broker.ts'
import { FaultProxy, type Flow } from '../support/fault-proxy.ts'
import { FakeBroker, type Handler, offering } from './fake-broker.ts'
import { rejection } from './rejection.ts'

const WAIT = { timeoutMs: 20_000 }
/** For what must not succeed. */
const SHORT = { timeoutMs: 300 }

let broker: TestBroker
let proxies: FaultProxy[]
let cleanUps: (() => Promise<unknown>)[]

beforeEach(async () => {
  cleanUps = []
  broker = await TestBroker.start({ nodes: 2, topics: { t: { partitions: 1, replicationFactor: 1 } } })
  proxies = await Promise.all(broker.nodes.map(({ host, port }) => FaultProxy.start({ host, port })))
})

/** Whatever the fault was: nothing may be left open. Rejections without a handler fail the run by themselves. */
afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  const leaks = (): number => proxies.reduce((count, { openCount }) => count + openCount, 0)
  while (leaks() > 0) await new Promise(setImmediate)
  await Promise.all(proxies.map((proxy) => proxy.close()))
  await broker.close()
})

/** A client that reaches each broker through its proxy. */
function clusterOf(options: Partial<ClusterOptions> = {}): Cluster {
  const cluster = new Cluster({
    bootstrapServers: broker.nodes.map(({ host, port }) => ({ host, port })),
    transport: nodeTransport,
    mapAddress: ({ port }) => proxies[broker.nodes.findIndex((node) => node.port === port)]!.address,
    retryBackoffMs: 5,
    retryBackoffMaxMs: 20,
    reconnectBackoffMs: 5,
    reconnectBackoffMaxMs: 20,
    ...options,
  })
  cleanUps.push(() => cluster.close())
  return cluster
}

/** Sends one request to the leader of t, which is where faults are then made. */
async function ask(cluster: Cluster, options: { timeoutMs?: number } = {}): Promise<number> {
  const leader = await cluster.awaitLeader('t', 0, WAIT)
  return (await leader.request('produce', metadataApi, { topics: [] }, options)).brokers.length
}

const proxyOf = (cluster: Cluster): FaultProxy => proxies[cluster.leader('t', 0)!.nodeId - 1]!

describe('a broker that refuses connections', () => {
  test('fails what is sent to it with a ConnectionError, and is used again once it is back', async () => {
    const cluster = clusterOf()
    await ask(cluster)
    const proxy = proxyOf(cluster)
    await proxy.refuse()
    const error = await rejection(ask(cluster))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ retriable: true })
    await proxy.accept()
    let answer: number | undefined
    while (answer === undefined) answer = await ask(cluster).catch(() => undefined)
    expect(answer).toBe(2)
  })

  test('does not stop metadata, which others have', async () => {
    await proxies[0]!.refuse()
    const cluster = clusterOf()
    await cluster.refresh(WAIT)
    expect(cluster.brokers()).toHaveLength(2)
  })

  test('as all others do, is an error at the deadline that names them', async () => {
    await Promise.all(proxies.map((proxy) => proxy.refuse()))
    const error = await rejection(clusterOf().refresh(SHORT))
    expect(error).toBeInstanceOf(ConnectionError)
    for (const { address } of proxies) expect((error as Error).message).toContain(`:${address.port}`)
  })
})

describe('a black hole', () => {
  test('costs the set-up time of a connection', async () => {
    for (const proxy of proxies) proxy.isBlackHole = true
    const error = await rejection(clusterOf({ connectionTimeoutMs: 50 }).refresh(SHORT))
    expect(error).toBeInstanceOf(ConnectionError)
    expect((error as Error).message).toContain('did not finish within')
  })

  test('does not hold up a cluster with another broker', async () => {
    proxies[0]!.isBlackHole = true
    const cluster = clusterOf()
    await cluster.refresh(WAIT)
    expect(cluster.brokers()).toHaveLength(2)
  })
})

describe('a half-open connection', () => {
  test('is given up after the request timeout, with everything in flight, and made anew', async () => {
    const cluster = clusterOf({ requestTimeoutMs: 100 })
    await ask(cluster)
    const proxy = proxyOf(cluster)
    proxy.isFrozen = true
    const errors = await Promise.all([rejection(ask(cluster)), rejection(ask(cluster))])
    for (const error of errors) expect(error).toBeInstanceOf(KafkaError)
    expect(errors.some((error) => error instanceof TimeoutError)).toBe(true)
    expect(errors).toEqual(errors.map(() => expect.objectContaining({ retriable: true }) as unknown))
    proxy.isFrozen = false
    expect(await ask(cluster)).toBe(2)
  })
})

describe('a reset', () => {
  test('before the response fails the requests in flight and no others', async () => {
    const cluster = clusterOf()
    await ask(cluster)
    proxyOf(cluster).resetNext('before the response')
    const error = await rejection(ask(cluster))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ retriable: true })
    expect(await ask(cluster)).toBe(2)
  })

  test('after the response leaves that response good', async () => {
    const cluster = clusterOf()
    await ask(cluster)
    const proxy = proxyOf(cluster)
    const before = proxy.acceptedCount
    proxy.resetNext('after the response')
    expect(await ask(cluster)).toBe(2)
    let answer: number | undefined
    while (answer === undefined) answer = await ask(cluster).catch(() => undefined)
    expect(answer).toBe(2)
    expect(proxy.acceptedCount).toBeGreaterThan(before)
  })

  test('of every connection again and again ends in success, as long as retries get through in between', async () => {
    const cluster = clusterOf()
    for (let round = 0; round < 10; round++) {
      await cluster.refresh(WAIT)
      for (const proxy of proxies) proxy.resetAll()
    }
    expect(await ask(cluster).catch(() => ask(cluster))).toBe(2)
  })
})

describe('a stream', () => {
  test.each<[string, Partial<Flow>]>([
    ['in pieces of one byte', { pieceBytes: 1 }],
    ['in pieces of seven bytes', { pieceBytes: 7 }],
    ['of coalesced frames', { coalesceMs: 20 }],
    ['that is late', { delayMs: 50 }],
    ['of 20 kB a second', { bytesPerSecond: 20_000 }],
  ])('%s is read and written as any other', async (_, flow) => {
    for (const proxy of proxies) {
      Object.assign(proxy.toClient, flow)
      Object.assign(proxy.toBroker, flow)
    }
    const cluster = clusterOf()
    const answers = await Promise.all(Array.from({ length: 12 }, () => ask(cluster)))
    expect(answers).toEqual(answers.map(() => 2))
  })

  test('that is later than the request timeout is given up', async () => {
    const cluster = clusterOf({ requestTimeoutMs: 100 })
    await ask(cluster)
    const proxy = proxyOf(cluster)
    proxy.toClient.delayMs = 300
    expect(await rejection(ask(cluster))).toBeInstanceOf(TimeoutError)
    proxy.toClient.delayMs = 0
    expect(await ask(cluster)).toBe(2)
  })
})

describe('a peer that breaks the protocol', () => {
  const garbage: [what: string, bytes: number[], message: RegExp][] = [
    ['a frame of 2 GiB', [0x7f, 0xff, 0xff, 0xff], /frame size 2147483647 is above/],
    ['a frame of negative size', [0xff, 0xff, 0xff, 0xff], /frame size -1 is negative/],
    ['a correlation id that nobody waits for', [0, 0, 0, 4, 0, 0, 0, 99], /correlation id 99 came where 1/],
    ['a frame without a correlation id', [0, 0, 0, 2, 0, 0], /too short/],
  ]

  test.each(garbage)('with %s loses the connection, and the client goes on', async (_, bytes, message) => {
    const fake = await FakeBroker.start({ Metadata: ({ socket }) => socket.write(Uint8Array.from(bytes)) })
    cleanUps.push(() => fake.close())
    const cluster = clusterOf({ bootstrapServers: [fake.address], mapAddress: undefined })
    const error = await rejection(cluster.refresh(SHORT))
    expect(error).toBeInstanceOf(KafkaError)
    expect((error as Error).message).toMatch(message)
    fake.on('Metadata', (request) =>
      request.answer(metadataApi, { brokers: [{ nodeId: 1, ...fake.address }], topics: [] }),
    )
    await cluster.refresh(WAIT)
  })

  test('with a response of another version fails that request with a DecodeError', async () => {
    const fake = await FakeBroker.start({
      Metadata: (request) =>
        request.answer(metadataApi, { brokers: [{ nodeId: 1, ...fake.address }], topics: [] }, { version: 1 }),
    })
    cleanUps.push(() => fake.close())
    const cluster = clusterOf({ bootstrapServers: [fake.address], mapAddress: undefined })
    expect(await rejection(cluster.refresh(SHORT))).toMatchObject({ code: 'KAFKA_DECODE' })
  })
})

/** Answers Metadata with one broker. */
const listing =
  (nodeId: number, address: () => { host: string; port: number }): Handler =>
  (request) =>
    request.answer(metadataApi, { clusterId: 'c', brokers: [{ nodeId, ...address() }], topics: [] })

/** A broker that answers the tokens of a mechanism one after the other. */
async function startLogin(mechanism: string, answer: (token: string, step: number) => object): Promise<FakeBroker> {
  let step = 0
  const fake = await FakeBroker.start({
    SaslHandshake: (request) => request.answer(saslHandshakeApi, { mechanisms: [mechanism] }),
    SaslAuthenticate: (request) => {
      const token = new TextDecoder().decode(request.read(saslAuthenticateApi).authBytes)
      request.answer(saslAuthenticateApi, answer(token, step++))
    },
  })
  cleanUps.push(() => fake.close())
  return fake
}

/** A broker that lists itself as node 1. */
async function startNode(): Promise<FakeBroker> {
  const fake: FakeBroker = await FakeBroker.start({ Metadata: listing(1, () => fake.address) })
  cleanUps.push(() => fake.close())
  return fake
}

describe('brokers that change', () => {
  test('are all gone, then back at other addresses: found by the bootstrap servers', async () => {
    const [before, after] = [await startNode(), await startNode()]
    const [proxy] = proxies
    proxy!.target = before.address
    const cluster = clusterOf({ bootstrapServers: [proxy!.address], mapAddress: undefined })
    await cluster.refresh(WAIT)
    expect(cluster.broker(1)).toMatchObject(before.address)
    await Promise.all([proxy!.refuse(), before.close()])
    expect(await rejection(cluster.refresh(SHORT))).toBeInstanceOf(ConnectionError)
    proxy!.target = after.address
    await proxy!.accept()
    await cluster.refresh(WAIT)
    expect(cluster.broker(1)).toMatchObject(after.address)
  })

  test('are another node at the same address: not used as the one before (KIP-1242)', async () => {
    let nodeId = 1
    const asked: number[] = []
    const fake: FakeBroker = await FakeBroker.start({
      ApiVersions: (request) => {
        const body = request.read(apiVersionsApi)
        const isOther = body.nodeId >= 0 && body.nodeId !== nodeId
        request.answer(apiVersionsApi, isOther ? { errorCode: ERROR.REBOOTSTRAP_REQUIRED } : offering())
      },
      Metadata: (request) => {
        asked.push(nodeId)
        listing(nodeId, () => fake.address)(request)
      },
    })
    cleanUps.push(() => fake.close())
    const cluster = clusterOf({ bootstrapServers: [fake.address], mapAddress: undefined })
    await cluster.refresh(WAIT)
    const former = cluster.broker(1)!
    nodeId = 2
    const error = await rejection(former.request('produce', metadataApi, { topics: [] }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ retriable: true })
    for (const socket of fake.sockets) socket.destroy()
    await cluster.refresh(WAIT)
    expect(cluster.brokers().map((each) => each.nodeId)).toEqual([2])
    expect(former.isRetired).toBe(true)
  })
})

describe('a login', () => {
  test('to a SCRAM server that does not know the password either ends before anything is sent to it', async () => {
    const fake = await startLogin('SCRAM-SHA-256', (token, step) => {
      const nonce = /r=([^,]*)/.exec(token)?.[1]
      const message = step === 0 ? `r=${nonce}evil,s=c2FsdA==,i=4096` : `v=${'A'.repeat(43)}=`
      return { authBytes: new TextEncoder().encode(message) }
    })
    const sasl = new ScramMechanism('SCRAM-SHA-256', { username: 'alice', password: 'my-secret' })
    const cluster = clusterOf({ bootstrapServers: [fake.address], mapAddress: undefined, sasl })
    const error = await rejection(cluster.refresh(WAIT))
    expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', mechanism: 'SCRAM-SHA-256', retriable: false })
    expect((error as Error).message).toContain('sent a wrong signature')
    expect(fake.requestsOf('Metadata')).toEqual([])
    await fake.until(() => fake.openSocketCount === 0)
  })

  test('with an expired token says what the broker said, and the token is not tried again', async () => {
    const fake = await startLogin('OAUTHBEARER', (token) =>
      token === '\u0001'
        ? { errorCode: ERROR.SASL_AUTHENTICATION_FAILED, errorMessage: '{"status":"invalid_token"}' }
        : { authBytes: new TextEncoder().encode('{"status":"invalid_token"}') },
    )
    let fetched = 0
    const sasl = saslMechanism({
      mechanism: 'OAUTHBEARER',
      token: () => {
        fetched++
        return { value: 'expired', expiresAtMs: Date.now() - 1000 }
      },
    })
    const cluster = clusterOf({ bootstrapServers: [fake.address], mapAddress: undefined, sasl })
    for (const times of [1, 2]) {
      const error = await rejection(cluster.refresh(WAIT))
      expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', mechanism: 'OAUTHBEARER' })
      expect((error as Error).message).toContain('invalid_token')
      expect(fetched).toBe(times)
    }
  })
})
