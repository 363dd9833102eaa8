import { afterAll, beforeAll, expect, test } from 'vitest'
import { fetchApi } from '../../../src/protocol/messages/01-fetch.ts'
import { produceApi } from '../../../src/protocol/messages/00-produce.ts'
import { listOffsetsApi } from '../../../src/protocol/messages/02-list-offsets.ts'
import { metadataApi } from '../../../src/protocol/messages/03-metadata.ts'
import { offsetCommitApi } from '../../../src/protocol/messages/08-offset-commit.ts'
import { offsetFetchApi } from '../../../src/protocol/messages/09-offset-fetch.ts'
import { findCoordinatorApi } from '../../../src/protocol/messages/10-find-coordinator.ts'
import { joinGroupApi } from '../../../src/protocol/messages/11-join-group.ts'
import { heartbeatApi } from '../../../src/protocol/messages/12-heartbeat.ts'
import { leaveGroupApi } from '../../../src/protocol/messages/13-leave-group.ts'
import { syncGroupApi } from '../../../src/protocol/messages/14-sync-group.ts'
import { TestBroker } from '../../../src/testing/index.ts'
import { type Cluster, startCluster } from '../../support/kafka/cluster.ts'
import { describeWithKafka } from '../../support/real-kafka.ts'
import { batchOf } from '../../testing/harness.ts'
import type { RawClient } from '../../testing/raw-client.ts'
import { addressOf, answer, Peer } from './peer.ts'
import { fetch, produce } from './requests.ts'

describeWithKafka('a node of TestBroker that is not the right one says so as Kafka does', ['java'], () => {
  let cluster: Cluster
  let broker: TestBroker

  beforeAll(async () => {
    cluster = await startCluster({ brokers: 3 })
    broker = await TestBroker.start({ nodes: 3 })
  })

  afterAll(async () => {
    await cluster?.close()
    await broker?.close()
  })

  /** What a node says that is not the one that `find` finds: Kafka first, then TestBroker. */
  async function askElsewhere(
    find: (peer: Peer, client: RawClient) => Promise<{ nodeId: number; ask: (wrong: RawClient) => Promise<unknown> }>,
  ): Promise<unknown[]> {
    const answers: unknown[] = []
    for (const address of [addressOf(cluster.bootstrapServers), broker.nodes[0]!]) {
      const peer = new Peer(address)
      const client = await peer.connect()
      const { brokers } = await client.send(metadataApi, 12, { topics: [] })
      const { nodeId, ask } = await find(peer, client)
      const { host, port } = brokers.find((node) => node.nodeId !== nodeId)!
      const elsewhere = new Peer({ host, port })
      answers.push(peer.normalize(await ask(await elsewhere.connect())))
      peer.close()
      elsewhere.close()
    }
    return answers
  }

  test.each([1, 3])('about a partition with %i replicas', async (replicationFactor) => {
    const [real, fake] = await askElsewhere(async (peer, client) => {
      const topic = await peer.topic({ replicationFactor, isLedElsewhere: true })
      const { topics } = await client.send(metadataApi, 12, { topics: [{ name: topic.name }] })
      const records = await batchOf(['a'])
      const ask = async (wrong: RawClient): Promise<unknown> => {
        // The node may have heard of the topic later than the others.
        for (;;) {
          const known = await wrong.send(metadataApi, 12, {
            topics: [{ name: topic.name }],
            allowAutoTopicCreation: false,
          })
          if (known.topics[0]!.errorCode === 0) break
        }
        const answers: unknown[] = []
        for (const version of [3, 9, 10, 12, 13]) {
          answers.push(await answer(wrong, produceApi, version, produce(version, topic, records)))
        }
        for (const version of [4, 7, 11, 12, 13, 15, 16, 18]) {
          for (const currentLeaderEpoch of version < 9 ? [-1] : [-1, 0, 4]) {
            answers.push(await answer(wrong, fetchApi, version, fetch(version, topic, { currentLeaderEpoch })))
          }
        }
        for (const currentLeaderEpoch of [-1, 0, 4]) {
          const partitions = [{ partitionIndex: 0, timestamp: -1n, currentLeaderEpoch }]
          const request = { replicaId: -1, topics: [{ name: topic.name, partitions }] }
          for (const version of [1, 4, 7]) answers.push(await answer(wrong, listOffsetsApi, version, request))
        }
        return answers
      }
      return { nodeId: topics[0]!.partitions[0]!.leaderId, ask }
    })
    expect(fake).toEqual(real)
  })

  test('about a group', async () => {
    const [real, fake] = await askElsewhere(async (peer, client) => {
      const topic = await peer.topic({ isLedElsewhere: true })
      const groupId = await peer.group({ isElsewhere: true })
      const { coordinators } = await client.send(findCoordinatorApi, 4, { coordinatorKeys: [groupId] })
      const ask = async (wrong: RawClient): Promise<unknown> => {
        const protocols = [{ name: 'range', metadata: new Uint8Array(0) }]
        const join = { groupId, sessionTimeoutMs: 10_000, memberId: 'm', protocolType: 'consumer', protocols }
        const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }]
        const commit = { groupId, generationIdOrMemberEpoch: -1, topics: [{ name: topic.name, partitions }] }
        const topics = [{ name: topic.name, partitionIndexes: [0, 1] }]
        const answers: unknown[] = []
        for (const version of [0, 4, 7, 9]) answers.push(await wrong.send(joinGroupApi, version, join))
        for (const version of [0, 3]) answers.push(await wrong.send(syncGroupApi, version, { groupId, memberId: 'm' }))
        for (const version of [0, 4]) answers.push(await wrong.send(heartbeatApi, version, { groupId, memberId: 'm' }))
        answers.push(await wrong.send(leaveGroupApi, 2, { groupId, memberId: 'm' }))
        answers.push(await wrong.send(leaveGroupApi, 5, { groupId, members: [{ memberId: 'm' }] }))
        for (const version of [2, 9]) answers.push(await wrong.send(offsetCommitApi, version, commit))
        for (const version of [1, 2, 7]) answers.push(await wrong.send(offsetFetchApi, version, { groupId, topics }))
        for (const topics of [null, [{ name: topic.name, partitionIndexes: [0] }]]) {
          answers.push(await wrong.send(offsetFetchApi, 8, { groups: [{ groupId, topics }] }))
        }
        return answers
      }
      return { nodeId: coordinators[0]!.nodeId, ask }
    })
    expect(fake).toEqual(real)
  })
})
