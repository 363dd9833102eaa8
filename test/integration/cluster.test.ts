import { expect, test } from 'vitest'
import { BrokerError, ConnectionError } from '../../src/errors.ts'
import type { Broker } from '../../src/network/broker.ts'
import { Kafka } from '../../src/kafka.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { apiVersionsApi } from '../../src/protocol/messages/18-api-versions.ts'
import { alterClientQuotasApi } from '../../src/protocol/messages/49-alter-client-quotas.ts'
import { connect } from '../network/connecting.ts'
import { rejection } from '../network/rejection.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'
import { withCluster } from '../support/with-cluster.ts'

const WAIT = { timeoutMs: 60_000 }

describeWithKafka('a cluster of real brokers', [], ({ bootstrapServers }) => {
  test('creates a topic by asking for it, and knows its leaders, its id and the controller', async () => {
    await withCluster(bootstrapServers, async (cluster) => {
      const name = uniqueName('asked-for')
      const topic = (await cluster.topics([name], WAIT)).get(name)!
      expect(cluster.topicName(topic.topicId)).toBe(name)
      const leader = await cluster.awaitLeader(name, 0, WAIT)
      expect(leader).toBe(cluster.leader(name, 0))
      expect((await cluster.allTopics(WAIT)).get(name)?.partitions).toHaveLength(topic.partitions.length)
      expect(cluster.brokers()).toContain(await cluster.controller(WAIT))
      expect(cluster.clusterId).toMatch(/./)
    })
  })

  test('finds the coordinators of groups and of transactions', async () => {
    await withCluster(bootstrapServers, async (cluster) => {
      const groups = [1, 2, 3].map((i) => uniqueName(`group-${i}`))
      const coordinators = await cluster.coordinators('group', groups, WAIT)
      expect([...coordinators.keys()]).toEqual(groups)
      const coordinator = await cluster.coordinator('transaction', uniqueName('txn'), WAIT)
      expect(cluster.brokers()).toContain(coordinator)
    })
  })

  test('refuses a topic name that no topic can have', async () => {
    await withCluster(bootstrapServers, async (cluster) => {
      const refused = cluster.topics(['not a topic!'], WAIT)
      await expect(refused).rejects.toBeInstanceOf(BrokerError)
      await expect(refused).rejects.toMatchObject({ errorName: 'INVALID_TOPIC_EXCEPTION' })
    })
  })

  test('has brokers that refuse whoever takes them for another node or for another cluster (KIP-1242)', async (context) => {
    await withCluster(bootstrapServers, async (cluster) => {
      await cluster.refresh(WAIT)
      const [{ host, port, nodeId, versions }] = cluster.brokers() as [Broker]
      if ((versions?.range(apiVersionsApi.key)?.max ?? 5) < 5) context.skip('brokers before Kafka 4.4 do not check')
      const { clusterId } = cluster
      const right = await connect({ host, port }, { nodeId, clusterId })
      await right.close()
      for (const wrong of [
        { nodeId: nodeId + 1000, clusterId },
        { nodeId, clusterId: 'AAAAAAAAAAAAAAAAAAAAAA' },
      ]) {
        const error = await rejection(connect({ host, port }, wrong))
        expect(error).toBeInstanceOf(ConnectionError)
        expect(error).toMatchObject({ retriable: true, cause: { errorName: 'REBOOTSTRAP_REQUIRED' } })
      }
    })
  })

  test('slows down a client over its quota, which waits as long as it was told to and says so (KIP-219)', async () => {
    const clientId = uniqueName('slow')
    await withCluster(bootstrapServers, async (cluster) => {
      const entity = [{ entityType: 'client-id', entityName: clientId }]
      const ops = [{ key: 'producer_byte_rate', value: 5000, remove: false }]
      const { entries } = await cluster.request(
        alterClientQuotasApi,
        { entries: [{ entity, ops }], validateOnly: false },
        WAIT,
      )
      expect(entries.map(({ errorCode }) => errorCode)).toEqual([0])
    })
    const kafka = new Kafka({ bootstrapServers, clientId })
    let mutedUntil: number | undefined
    const lateBy: number[] = []
    kafka.on('throttle', ({ purpose, throttleTimeMs }) => {
      if (purpose === 'produce') mutedUntil = performance.now() + throttleTimeMs
    })
    kafka.on('request', ({ purpose }) => {
      if (purpose !== 'produce' || mutedUntil === undefined) return
      lateBy.push(performance.now() - mutedUntil)
      mutedUntil = undefined
    })
    const producer = kafka.producer({ lingerMs: 0 })
    const topic = uniqueName('slow')
    while (lateBy.length < 2) await producer.send({ topic, value: 'x'.repeat(5000) })
    await producer.close()
    // Timers may be a millisecond early.
    for (const ms of lateBy) expect(ms).toBeGreaterThan(-2)
  })

  test('answers pipelined requests of every version that it offers', async () => {
    await withCluster(bootstrapServers, async (cluster) => {
      await cluster.refresh(WAIT)
      const [broker] = cluster.brokers()
      const { min, max } = (await broker!.connection('general')).versions.range(metadataApi.key)!
      const versions = Array.from({ length: max - min + 1 }, (_, i) => min + i)
      const responses = await Promise.all(
        versions.map((maxVersion) => broker!.request('general', metadataApi, { topics: [] }, { maxVersion })),
      )
      for (const response of responses) expect(response.brokers).toHaveLength(cluster.brokers().length)
    })
  })
})
