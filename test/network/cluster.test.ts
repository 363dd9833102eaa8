import { afterEach, describe, expect, test } from 'vitest'
import { BrokerError, ClosedError, ConnectionError, TimeoutError } from '../../src/errors.ts'
import { Cluster, type ClusterOptions } from '../../src/network/cluster.ts'
import { nodeTransport } from '../../src/network/node.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { findCoordinatorApi, type FindCoordinatorResponse } from '../../src/protocol/messages/10-find-coordinator.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { apiVersionsApi } from '../../src/protocol/messages/18-api-versions.ts'
import type { Encodable } from '../../src/protocol/schema.ts'
import { FakeBroker, offering } from './fake-broker.ts'
import { FakeCluster } from './fake-cluster.ts'
import { rejection } from './rejection.ts'

const WAIT = { timeoutMs: 20_000 }
const NEW_ID = 'AAAAAAAAAAAAAAAAAAAAAg'

let cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  cleanUps = []
})

async function start(size = 1): Promise<FakeCluster> {
  const fake = await FakeCluster.start(size)
  cleanUps.push(() => fake.close())
  return fake
}

function clusterOf(
  bootstrapServers: readonly { host: string; port: number }[],
  options: Partial<ClusterOptions> = {},
): Cluster {
  const cluster = new Cluster({
    bootstrapServers,
    transport: nodeTransport,
    retryBackoffMs: 5,
    retryBackoffMaxMs: 20,
    reconnectBackoffMs: 5,
    reconnectBackoffMaxMs: 20,
    ...options,
  })
  cleanUps.push(() => cluster.close())
  return cluster
}

/** An address where nothing listens. */
async function deadAddress(): Promise<{ host: string; port: number }> {
  const broker = await FakeBroker.start()
  const { address } = broker
  await broker.close()
  return address
}

/** A server that accepts connections and never says anything. */
async function blackHole(): Promise<FakeBroker> {
  const broker = await FakeBroker.start({ ApiVersions: () => {} })
  cleanUps.push(() => broker.close())
  return broker
}

/** Answers FindCoordinator with node `coordinates(key)`, or an error code below zero. */
function coordinate(fake: FakeCluster, coordinates: (key: string, keyType: number) => number): void {
  const resultOf = (key: string, keyType: number): Encodable<FindCoordinatorResponse['coordinators'][number]> => {
    const nodeId = coordinates(key, keyType)
    if (nodeId < 0) return { key, errorCode: -nodeId, nodeId: -1, host: '', port: -1 }
    return { key, nodeId, ...fake.node(nodeId).address }
  }
  for (const broker of fake.brokers) {
    broker.on('FindCoordinator', (request) => {
      const { key, keyType, coordinatorKeys } = request.read(findCoordinatorApi)
      if (request.version >= 4) {
        request.answer(findCoordinatorApi, { coordinators: coordinatorKeys.map((each) => resultOf(each, keyType)) })
      } else {
        const { errorCode, nodeId, host, port } = resultOf(key, keyType)
        request.answer(findCoordinatorApi, { errorCode, nodeId, host, port })
      }
    })
  }
}

describe('bootstrap', () => {
  test('connects to nothing before it is asked something', async () => {
    const fake = await start()
    clusterOf(fake.bootstrapServers)
    await new Promise((resolve) => setImmediate(resolve))
    expect(fake.node(1).sockets).toHaveLength(0)
  })

  test('goes on to the next address when one refuses', async () => {
    const fake = await start()
    fake.lead('t', [[1, 0]])
    const cluster = clusterOf([await deadAddress(), await deadAddress(), ...fake.bootstrapServers])
    expect((await cluster.topics(['t'], WAIT)).get('t')?.partitions).toHaveLength(1)
    expect(cluster.clusterId).toBe('fake')
  })

  test('does not wait for an address that accepts and stays silent', async () => {
    const fake = await start()
    fake.lead('t', [[1, 0]])
    const silent = await blackHole()
    // Each address comes first in one of them.
    const clusters = Array.from({ length: 6 }, () =>
      clusterOf([silent.address, ...fake.bootstrapServers], { connectionTimeoutMs: 600_000 }),
    )
    await Promise.all(clusters.map((cluster) => cluster.topics(['t'], WAIT)))
    expect(clusters.every((cluster) => cluster.broker(1) !== undefined)).toBe(true)
  })

  test('that fails everywhere names each address and why, at the deadline', async () => {
    const refusing = await deadAddress()
    const silent = await blackHole()
    const cluster = clusterOf([refusing, silent.address])
    const error = await rejection(cluster.topics(['t'], { timeoutMs: 1500 }))
    expect(error).toBeInstanceOf(ConnectionError)
    const { message } = error as ConnectionError
    expect(message).toContain('metadata of topic t: no broker could be reached within 1500 ms')
    expect(message).toContain(`cannot connect to 127.0.0.1:${refusing.port}: connection refused`)
    expect(message).toContain(`no answer from 127.0.0.1:${silent.port}`)
  })

  test('that cannot succeed by waiting fails at once', async () => {
    const http = await FakeBroker.start({ ApiVersions: ({ socket }) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') })
    cleanUps.push(() => http.close())
    const error = await rejection(clusterOf([http.address]).topics(['t'], { timeoutMs: 600_000 }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ retriable: false, message: expect.stringContaining('speaks HTTP') as string })
  })

  test('is repeated when none of the known brokers can be reached (KIP-899)', async () => {
    const fake = await start(2)
    fake.listed = [1]
    const cluster = clusterOf(fake.bootstrapServers)
    await cluster.refresh(WAIT)
    expect(cluster.brokers().map(({ nodeId }) => nodeId)).toEqual([1])
    await fake.node(1).close()
    fake.listed = [2]
    await cluster.refresh(WAIT)
    expect(cluster.brokers().map(({ nodeId }) => nodeId)).toEqual([2])
  })

  test('is repeated when a broker asks for it (KIP-1102)', async () => {
    const fake = await start(2)
    fake.listed = [1]
    const cluster = clusterOf([fake.node(2).address])
    await cluster.refresh(WAIT)
    fake.node(1).on('Metadata', (request) => request.answer(metadataApi, { errorCode: ERROR.REBOOTSTRAP_REQUIRED }))
    fake.listed = [2]
    await cluster.refresh(WAIT)
    expect(cluster.brokers().map(({ nodeId }) => nodeId)).toEqual([2])
  })

  test('is repeated when known brokers answer, and not with metadata, for too long (KIP-1102)', async () => {
    const fake = await start(2)
    fake.listed = [1]
    const cluster = clusterOf([fake.node(2).address], { metadataRecoveryRebootstrapTriggerMs: 50 })
    await cluster.refresh(WAIT)
    // Node 1 is no longer part of anything, and does not know it.
    fake.node(1).on('Metadata', (request) => request.answer(metadataApi, { brokers: [] }))
    fake.listed = [2]
    await cluster.refresh(WAIT)
    expect(cluster.brokers().map(({ nodeId }) => nodeId)).toEqual([2])
    expect(fake.node(1).requestsOf('Metadata').length).toBeGreaterThan(1)
  })

  test('is not repeated for a broker that answers so for a while only', async () => {
    const fake = await start(2)
    fake.listed = [1]
    const cluster = clusterOf([fake.node(2).address])
    await cluster.refresh(WAIT)
    fake.node(1).on('Metadata', (request) => request.answer(metadataApi, { brokers: [] }))
    const refreshed = cluster.refresh(WAIT)
    await fake.node(1).received('Metadata', 5)
    expect(cluster.brokers().map(({ nodeId }) => nodeId)).toEqual([1])
    fake.node(1).on('Metadata', (request) => fake.answerMetadata(request))
    await refreshed
    expect(fake.node(2).requestsOf('Metadata')).toHaveLength(1)
  })

  test.each<[what: string, fault: (fake: FakeCluster) => unknown]>([
    ['none of the known brokers can be reached', (fake) => fake.node(1).close()],
    [
      'a broker asks for it',
      (fake) =>
        fake
          .node(1)
          .on('Metadata', (request) => request.answer(metadataApi, { errorCode: ERROR.REBOOTSTRAP_REQUIRED })),
    ],
    [
      'known brokers answer without metadata for too long',
      (fake) => fake.node(1).on('Metadata', (request) => request.answer(metadataApi, { brokers: [] })),
    ],
  ])('is left out when %s and metadataRecoveryStrategy is none', async (_, fault) => {
    const fake = await start(2)
    fake.listed = [1]
    const cluster = clusterOf([fake.node(2).address], {
      metadataRecoveryStrategy: 'none',
      metadataRecoveryRebootstrapTriggerMs: 0,
    })
    await cluster.refresh(WAIT)
    await fault(fake)
    fake.listed = [2]
    expect(await rejection(cluster.refresh({ timeoutMs: 300 }))).toBeInstanceOf(Error)
    expect(cluster.brokers().map(({ nodeId }) => nodeId)).toEqual([1])
    expect(fake.node(2).requestsOf('Metadata')).toHaveLength(1)
  })

  test('waits for a broker that does not know of any broker yet', async () => {
    const fake = await start()
    fake.listed = []
    const cluster = clusterOf(fake.bootstrapServers)
    const refreshed = cluster.refresh(WAIT)
    await fake.node(1).received('Metadata', 2)
    fake.listed = [1]
    await refreshed
    expect(cluster.broker(1)).toBeDefined()
  })
})

describe('topics', () => {
  test('are fetched once and then known', async () => {
    const fake = await start()
    fake.lead('a', [[1, 3]])
    fake.lead('b', [
      [1, 3],
      [1, 4],
    ])
    const cluster = clusterOf(fake.bootstrapServers)
    const topics = await cluster.topics(['a', 'b', 'a'], WAIT)
    expect([...topics.keys()]).toEqual(['a', 'b'])
    expect(await cluster.topics(['b'], WAIT)).toEqual(new Map([['b', topics.get('b')]]))
    expect(cluster.topic('b')).toBe(topics.get('b'))
    expect(fake.metadataRequests()).toHaveLength(1)
  })

  test('wait for a topic that is just being created', async () => {
    const fake = await start()
    const cluster = clusterOf(fake.bootstrapServers)
    const topics = cluster.topics(['t'], WAIT)
    await fake.node(1).until(() => fake.metadataRequests().length >= 2)
    fake.topics.set('t', { name: 't', errorCode: ERROR.LEADER_NOT_AVAILABLE })
    await fake.node(1).until(() => fake.metadataRequests().length >= 4)
    fake.lead('t', [[1, 0]])
    expect((await topics).get('t')?.partitions[0]?.leaderId).toBe(1)
  })

  test('that do not exist fail at the deadline as what they are', async () => {
    const fake = await start()
    const error = await rejection(clusterOf(fake.bootstrapServers).topics(['t'], { timeoutMs: 100 }))
    expect(error).toBeInstanceOf(BrokerError)
    expect(error).toMatchObject({ errorName: 'UNKNOWN_TOPIC_OR_PARTITION', topic: 't', retriable: true })
    expect((error as Error).cause).toBeInstanceOf(TimeoutError)
  })

  test.each([
    ['INVALID_TOPIC_EXCEPTION', ERROR.INVALID_TOPIC_EXCEPTION],
    ['TOPIC_AUTHORIZATION_FAILED', ERROR.TOPIC_AUTHORIZATION_FAILED],
  ])('fail at once with %s, and are not asked for again in the background', async (errorName, errorCode) => {
    const fake = await start()
    fake.topics.set('t', { name: 't', errorCode })
    const cluster = clusterOf(fake.bootstrapServers)
    const error = await rejection(cluster.topics(['t'], { timeoutMs: 600_000 }))
    expect(error).toBeInstanceOf(BrokerError)
    expect(error).toMatchObject({ errorName, topic: 't', retriable: false })
    await cluster.refresh(WAIT)
    expect(fake.metadataRequests().at(-1)?.read(metadataApi).topics).toEqual([])
  })

  test('with a partition without a leader are given out all the same', async () => {
    const fake = await start()
    fake.lead('t', [
      [1, 0],
      [-1, 2],
    ])
    const topics = await clusterOf(fake.bootstrapServers).topics(['t'], WAIT)
    expect(topics.get('t')?.partitions.map(({ leaderId }) => leaderId)).toEqual([1, -1])
  })

  test('may be created by asking only where the options or the call allow it, and never by a refresh', async () => {
    const fake = await start()
    fake.lead('t', [[1, 0]])
    fake.lead('u', [[1, 0]])
    const cluster = clusterOf(fake.bootstrapServers)
    await cluster.topics(['t'], WAIT)
    await cluster.topics(['u'], WAIT, { allowAutoTopicCreation: false })
    await cluster.refresh(WAIT)
    const strict = clusterOf(fake.bootstrapServers, { allowAutoTopicCreation: false })
    await strict.topics(['t'], WAIT)
    const flags = fake.metadataRequests().map((request) => request.read(metadataApi).allowAutoTopicCreation)
    expect(flags).toEqual([true, false, false, false])
  })

  test('in use are part of each refresh, others are not', async () => {
    const fake = await start()
    fake.lead('t', [[1, 0]])
    fake.lead('u', [[1, 0]])
    const cluster = clusterOf(fake.bootstrapServers)
    await cluster.topics(['t'], WAIT)
    expect([...(await cluster.allTopics(WAIT)).keys()]).toEqual(['t', 'u'])
    expect(cluster.topic('u')).toBeUndefined()
    await cluster.refresh(WAIT)
    expect(fake.metadataRequests().at(-1)?.read(metadataApi).topics).toMatchObject([{ name: 't' }])
  })

  test('that were not used for topicIdleMs are dropped', async () => {
    const fake = await start()
    fake.lead('t', [[1, 0]])
    const cluster = clusterOf(fake.bootstrapServers, { topicIdleMs: -1 })
    await cluster.topics(['t'], WAIT)
    expect(cluster.topic('t')).toBeDefined()
    await cluster.refresh(WAIT)
    expect(cluster.topic('t')).toBeUndefined()
  })

  test('marked stale are fetched in the background, and whoever listens is told what changed', async () => {
    const fake = await start(2)
    fake.lead('t', [[1, 0]])
    const cluster = clusterOf(fake.bootstrapServers)
    await cluster.topics(['t'], WAIT)
    fake.lead('t', [[2, 1]])
    const changed = new Promise<void>((resolve) => cluster.onMetadata(resolve))
    cluster.markStale()
    await changed
    expect(cluster.leader('t', 0)).toBe(cluster.broker(2))
  })

  test('of a recreated topic have its new id', async () => {
    const fake = await start()
    fake.lead('t', [[1, 7]])
    const cluster = clusterOf(fake.bootstrapServers)
    const before = (await cluster.topics(['t'], WAIT)).get('t')!
    fake.lead('t', [[1, 0]], NEW_ID)
    await cluster.refresh(WAIT)
    expect(cluster.topic('t')?.partitions[0]?.leaderEpoch).toBe(0)
    expect([cluster.topicName(before.topicId), cluster.topicName(NEW_ID)]).toEqual([undefined, 't'])
  })

  test('are asked for in the way of version 0 where a broker has no other', async () => {
    const fake = await start()
    fake.lead('t', [[1, 0]])
    fake.node(1).on('ApiVersions', (request) => request.answer(apiVersionsApi, offering({ Metadata: [0, 0] })))
    fake.node(1).on('Metadata', (request) => {
      expect(request.read(metadataApi).topics).toEqual([])
      const partitions = [{ partitionIndex: 0, leaderId: 1 }]
      request.answer(metadataApi, {
        brokers: [{ nodeId: 1, ...fake.node(1).address }],
        topics: [{ name: 't', partitions }],
      })
    })
    expect([...(await clusterOf(fake.bootstrapServers).allTopics(WAIT)).keys()]).toEqual(['t'])
  })
})

describe('leaders', () => {
  test('are waited for', async () => {
    const fake = await start()
    fake.lead('t', [[-1, 3]])
    const cluster = clusterOf(fake.bootstrapServers)
    const leader = cluster.awaitLeader('t', 0, WAIT)
    await fake.node(1).until(() => fake.metadataRequests().length >= 3)
    fake.lead('t', [[1, 4]])
    expect((await leader).nodeId).toBe(1)
    await cluster.awaitLeader('t', 0, WAIT)
  })

  test.each([
    ['without a leader', 0, 'LEADER_NOT_AVAILABLE'],
    ['that does not exist', 1, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ])('of a partition %s fail at the deadline as what they are', async (_, partition, errorName) => {
    const fake = await start()
    fake.lead('t', [[-1, 3]])
    const error = await rejection(clusterOf(fake.bootstrapServers).awaitLeader('t', partition, { timeoutMs: 500 }))
    expect(error).toBeInstanceOf(BrokerError)
    expect(error).toMatchObject({ errorName, topic: 't', partition })
  })

  test('that a response hints at are used at once, with the address that came along (KIP-951)', async () => {
    const fake = await start(2)
    fake.listed = [1]
    fake.lead('t', [[1, 3]])
    fake.node(2).on('Heartbeat', (request) => request.answer(heartbeatApi, { errorCode: 2 }))
    const cluster = clusterOf([fake.node(1).address])
    await cluster.topics(['t'], WAIT)
    expect(cluster.applyLeaderHint('t', 0, 2, 4, [])).toBe(false)
    expect(cluster.applyLeaderHint('t', 0, 2, 3, [{ nodeId: 2, ...fake.node(2).address }])).toBe(false)
    expect(cluster.applyLeaderHint('t', 0, 2, 4, [{ nodeId: 2, ...fake.node(2).address }])).toBe(true)
    expect(await cluster.leader('t', 0)!.request('general', heartbeatApi, {})).toMatchObject({ errorCode: 2 })
  })
})

describe('brokers', () => {
  test('that move to another address are replaced; what is pending on the old one still finishes', async () => {
    const fake = await start(2)
    fake.listed = [1]
    const held: (() => void)[] = []
    fake.node(1).on('Heartbeat', (request) => held.push(() => request.answer(heartbeatApi, { errorCode: 1 })))
    const cluster = clusterOf([fake.node(1).address])
    await cluster.refresh(WAIT)
    const old = cluster.broker(1)!
    const pending = old.request('group', heartbeatApi, {})
    await fake.node(1).received('Heartbeat')
    const moved = { nodeId: 1, ...fake.node(2).address }
    fake.node(1).on('Metadata', (request) => request.answer(metadataApi, { brokers: [moved], clusterId: 'fake' }))
    await cluster.refresh(WAIT)
    expect(cluster.broker(1)).not.toBe(old)
    expect(cluster.broker(1)).toMatchObject(fake.node(2).address)
    held[0]!()
    expect(await pending).toMatchObject({ errorCode: 1 })
    expect(old.isRetired).toBe(true)
  })

  test('keep their identity while their address stays', async () => {
    const fake = await start()
    const cluster = clusterOf(fake.bootstrapServers)
    await cluster.refresh(WAIT)
    const before = cluster.broker(1)
    await cluster.refresh(WAIT)
    expect(cluster.broker(1)).toBe(before)
  })

  test('a request to any of them goes on to another when one is lost', async () => {
    const fake = await start(3)
    let lost = 0
    for (const nodeId of [1, 2, 3]) {
      fake.node(nodeId).on('Heartbeat', (request) => {
        if (lost++ < 2) request.socket.destroy()
        else request.answer(heartbeatApi, { errorCode: 7 })
      })
    }
    const cluster = clusterOf(fake.bootstrapServers)
    await cluster.refresh(WAIT)
    expect(await cluster.request(heartbeatApi, {}, WAIT)).toMatchObject({ errorCode: 7 })
    const asked = fake.brokers.map((broker) => broker.requestsOf('Heartbeat').length)
    expect(asked).toEqual([1, 1, 1])
  })

  test('a request goes to the one that is connected and has the least to do besides long polls', async () => {
    const fake = await start(2)
    const cluster = clusterOf(fake.bootstrapServers)
    await cluster.refresh(WAIT)
    await Promise.all([1, 2].map((nodeId) => cluster.broker(nodeId)!.connection('general')))
    const wait = (nodeId: number, purpose: 'general' | 'fetch'): Promise<unknown> => {
      return cluster
        .broker(nodeId)!
        .request(purpose, heartbeatApi, {})
        .catch(() => {})
    }
    for (const purpose of ['general', 'fetch', 'fetch'] as const) void wait(purpose === 'general' ? 1 : 2, purpose)
    await fake.node(1).received('Heartbeat')
    await fake.node(2).received('Heartbeat', 2)
    fake.node(2).on('Heartbeat', (request) => request.answer(heartbeatApi, {}))
    for (let i = 0; i < 8; i++) await cluster.request(heartbeatApi, {}, WAIT)
    expect(fake.node(2).requestsOf('Heartbeat')).toHaveLength(2 + 8)
  })

  test('the finalized features are those of the newest epoch seen', async () => {
    const fake = await start(2)
    const level = (finalizedFeaturesEpoch: bigint, maxVersionLevel: number): void => {
      const finalizedFeatures = [{ name: 'transaction.version', maxVersionLevel, minVersionLevel: maxVersionLevel }]
      const nodeId = Number(finalizedFeaturesEpoch)
      fake.node(nodeId).on('ApiVersions', (request) => {
        request.answer(apiVersionsApi, offering(undefined, { finalizedFeaturesEpoch, finalizedFeatures }))
      })
    }
    level(1n, 0)
    level(2n, 2)
    const cluster = clusterOf([fake.node(2).address])
    expect(cluster.feature('transaction.version')).toBe(0)
    await cluster.refresh(WAIT)
    await cluster.broker(1)!.connection('produce')
    expect(cluster.feature('transaction.version')).toBe(2)
  })
})

describe('the controller', () => {
  test('is the broker that metadata names, waited for while it names none', async () => {
    const fake = await start(2)
    fake.controllerId = -1
    // The one whose requests are waited for here.
    fake.listed = [1]
    const cluster = clusterOf([fake.node(1).address])
    const controller = cluster.controller(WAIT)
    await fake.node(1).received('Metadata')
    fake.listed = [1, 2]
    fake.controllerId = 2
    expect((await controller).nodeId).toBe(2)
  })
})

describe('coordinators', () => {
  test('are looked up once, by kind and key, and again when forgotten', async () => {
    const fake = await start(2)
    coordinate(fake, (_, keyType) => keyType + 1)
    const cluster = clusterOf([fake.node(1).address])
    const [first, second] = await Promise.all([1, 2].map(() => cluster.coordinator('group', 'g', WAIT)))
    expect(first!.nodeId).toBe(1)
    expect(second).toBe(first)
    expect((await cluster.coordinator('transaction', 'g', WAIT)).nodeId).toBe(2)
    await cluster.coordinator('group', 'g', WAIT)
    const requests = (): number => fake.brokers.flatMap((broker) => broker.requestsOf('FindCoordinator')).length
    expect(requests()).toBe(2)
    cluster.forgetCoordinator('group', 'g')
    await cluster.coordinator('group', 'g', WAIT)
    expect(requests()).toBe(3)
  })

  test.each([
    ['one request for all keys from version 4 on', 6, 1],
    ['one request for each key before', 3, 3],
  ])('of several keys take %s', async (_, version, count) => {
    const fake = await start(2)
    coordinate(fake, (key) => (key === 'b' ? 2 : 1))
    fake.node(1).on('ApiVersions', (request) => {
      request.answer(apiVersionsApi, offering({ Metadata: [0, 13], FindCoordinator: [0, version] }))
    })
    const cluster = clusterOf([fake.node(1).address])
    const found = await cluster.coordinators('group', ['a', 'b', 'c'], WAIT)
    expect([...found].map(([key, { nodeId }]) => [key, nodeId])).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 1],
    ])
    const requests = fake.brokers.flatMap((broker) => broker.requestsOf('FindCoordinator'))
    expect(requests).toHaveLength(count)
  })

  test('are waited for while they are not available', async () => {
    const fake = await start()
    let attempts = 0
    coordinate(fake, () => (attempts++ < 3 ? -ERROR.COORDINATOR_NOT_AVAILABLE : 1))
    expect((await clusterOf(fake.bootstrapServers).coordinator('group', 'g', WAIT)).nodeId).toBe(1)
    expect(attempts).toBe(4)
  })

  test('fail at the deadline as what they are, and at once when waiting is no use', async () => {
    const fake = await start()
    const cluster = clusterOf(fake.bootstrapServers)
    coordinate(fake, () => -ERROR.COORDINATOR_NOT_AVAILABLE)
    const late = await rejection(cluster.coordinator('group', 'g', { timeoutMs: 100 }))
    expect(late).toMatchObject({ errorName: 'COORDINATOR_NOT_AVAILABLE' })
    coordinate(fake, () => -ERROR.GROUP_AUTHORIZATION_FAILED)
    const refused = await rejection(cluster.coordinator('group', 'g', { timeoutMs: 600_000 }))
    expect(refused).toMatchObject({ errorName: 'GROUP_AUTHORIZATION_FAILED', retriable: false })
  })

  test('of a broker that leaves the key out do not loop', async () => {
    const fake = await start()
    fake.node(1).on('FindCoordinator', (request) => {
      request.answer(findCoordinatorApi, { coordinators: [{ key: 'other', nodeId: 1, ...fake.node(1).address }] })
    })
    const error = await rejection(clusterOf(fake.bootstrapServers).coordinator('group', 'g', { timeoutMs: 50 }))
    expect(error).toMatchObject({ errorName: 'COORDINATOR_NOT_AVAILABLE' })
  })
})

describe('waiting', () => {
  test("ends with the caller's reason, and others still get what they wait for", async () => {
    const fake = await start()
    fake.lead('t', [[1, 0]])
    const held: (() => void)[] = []
    fake.node(1).on('Metadata', (request) => held.push(() => fake.answerMetadata(request)))
    const cluster = clusterOf(fake.bootstrapServers)
    const caller = new AbortController()
    const aborted = rejection(cluster.topics(['t'], { ...WAIT, signal: caller.signal }))
    const kept = cluster.topics(['t'], WAIT)
    await fake.node(1).received('Metadata')
    caller.abort(new Error('enough'))
    expect(await aborted).toMatchObject({ message: 'enough' })
    held[0]!()
    expect((await kept).has('t')).toBe(true)
    expect(fake.metadataRequests()).toHaveLength(1)
  })

  test('for a broker that answers nothing ends at the deadline with a TimeoutError', async () => {
    const fake = await start()
    const cluster = clusterOf(fake.bootstrapServers)
    await cluster.refresh(WAIT)
    const error = await rejection(cluster.request(heartbeatApi, {}, { timeoutMs: 50 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ operation: 'Heartbeat request' })
    // A caller's short deadline is no reason to drop the connection.
    expect(cluster.broker(1)!.readiness('general')).toBe('connected')
  })
})

describe('closing', () => {
  test('rejects everything that waits with ClosedError, and all that comes later', async () => {
    const fake = await start()
    const cluster = clusterOf(fake.bootstrapServers)
    await cluster.refresh(WAIT)
    const waiting = [
      cluster.topics(['missing'], WAIT),
      cluster.request(heartbeatApi, {}, WAIT),
      cluster.coordinator('group', 'g', WAIT),
      cluster.broker(1)!.request('group', heartbeatApi, {}),
    ].map(rejection)
    await fake.node(1).received('Heartbeat', 2)
    await cluster.close()
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(ClosedError)
    expect(await rejection(cluster.refresh(WAIT))).toBeInstanceOf(ClosedError)
    expect(await rejection(cluster.topics(['t'], WAIT))).toBeInstanceOf(ClosedError)
    expect(cluster.isClosed).toBe(true)
    await cluster.close()
    await fake.node(1).until(() => fake.node(1).openSocketCount === 0)
  })

  test('while no broker can be reached ends at once', async () => {
    const cluster = clusterOf([await deadAddress(), (await blackHole()).address])
    const waiting = rejection(cluster.topics(['t'], { timeoutMs: 600_000 }))
    await new Promise((resolve) => setImmediate(resolve))
    await cluster.close()
    expect(await waiting).toBeInstanceOf(ClosedError)
  })
})
