import { expect, test } from 'vitest'
import type { Api } from '../../../src/protocol/api.ts'
import { produceApi } from '../../../src/protocol/messages/00-produce.ts'
import { fetchApi } from '../../../src/protocol/messages/01-fetch.ts'
import { listOffsetsApi } from '../../../src/protocol/messages/02-list-offsets.ts'
import { metadataApi } from '../../../src/protocol/messages/03-metadata.ts'
import { offsetCommitApi } from '../../../src/protocol/messages/08-offset-commit.ts'
import { offsetFetchApi } from '../../../src/protocol/messages/09-offset-fetch.ts'
import { findCoordinatorApi } from '../../../src/protocol/messages/10-find-coordinator.ts'
import { joinGroupApi } from '../../../src/protocol/messages/11-join-group.ts'
import { heartbeatApi } from '../../../src/protocol/messages/12-heartbeat.ts'
import { leaveGroupApi } from '../../../src/protocol/messages/13-leave-group.ts'
import { syncGroupApi } from '../../../src/protocol/messages/14-sync-group.ts'
import { apiVersionsApi } from '../../../src/protocol/messages/18-api-versions.ts'
import { createTopicsApi } from '../../../src/protocol/messages/19-create-topics.ts'
import { deleteTopicsApi } from '../../../src/protocol/messages/20-delete-topics.ts'
import { initProducerIdApi } from '../../../src/protocol/messages/22-init-producer-id.ts'
import { offsetForLeaderEpochApi } from '../../../src/protocol/messages/23-offset-for-leader-epoch.ts'
import { addPartitionsToTxnApi } from '../../../src/protocol/messages/24-add-partitions-to-txn.ts'
import { addOffsetsToTxnApi } from '../../../src/protocol/messages/25-add-offsets-to-txn.ts'
import { endTxnApi } from '../../../src/protocol/messages/26-end-txn.ts'
import { txnOffsetCommitApi } from '../../../src/protocol/messages/28-txn-offset-commit.ts'
import { consumerGroupHeartbeatApi } from '../../../src/protocol/messages/68-consumer-group-heartbeat.ts'
import { consumerGroupDescribeApi } from '../../../src/protocol/messages/69-consumer-group-describe.ts'
import type { Encodable } from '../../../src/protocol/schema.ts'
import { failWith } from '../../../src/testing/index.ts'
import { connectTo, startBroker } from '../harness.ts'
import type { RawClient } from '../raw-client.ts'

/** Asks in one version, in whatever way that version has. */
type Ask = (client: RawClient, version: number) => Promise<object>

interface Case {
  name: string
  api: Api<object, object>
  versions: number[]
  ask: Ask
}

function served<Request extends object, Response extends object>(
  api: Api<Request, Response>,
  request: (version: number) => Encodable<NoInfer<Request>> = () => ({}) as Encodable<Request>,
  max: number = api.request.versions.max,
  min: number = api.request.versions.min,
): Case {
  return {
    name: api.name,
    api: api as unknown as Api<object, object>,
    versions: Array.from({ length: max - min + 1 }, (_, i) => min + i),
    ask: (client, version) => client.send(api, version, request(version)),
  }
}

const cases: Case[] = [
  served(produceApi, () => ({ acks: 1, topicData: [] })),
  served(fetchApi),
  served(listOffsetsApi, () => ({ replicaId: -1 })),
  served(metadataApi),
  served(offsetCommitApi, () => ({ groupId: 'g' })),
  served(offsetFetchApi, (version) => (version < 8 ? { groupId: 'g' } : { groups: [{ groupId: 'g' }] })),
  served(findCoordinatorApi, (version) => (version < 4 ? { key: 'g' } : { coordinatorKeys: ['g'] })),
  served(joinGroupApi, () => ({ groupId: 'g', memberId: 'm', sessionTimeoutMs: 10_000 })),
  served(heartbeatApi, () => ({ groupId: 'g', memberId: 'm' })),
  served(leaveGroupApi, (version) => (version < 3 ? { groupId: 'g', memberId: 'm' } : { groupId: 'g', members: [] })),
  served(syncGroupApi, () => ({ groupId: 'g', memberId: 'm' })),
  served(apiVersionsApi, (version) => (version < 3 ? {} : { clientSoftwareName: 'a', clientSoftwareVersion: '1' })),
  served(createTopicsApi),
  served(deleteTopicsApi),
  served(initProducerIdApi, () => ({ transactionalId: null }), 5),
  served(offsetForLeaderEpochApi, () => ({ topics: [] }), 4, 2),
  served(addPartitionsToTxnApi),
  served(addOffsetsToTxnApi),
  served(endTxnApi),
  served(txnOffsetCommitApi),
  served(consumerGroupHeartbeatApi, () => ({ groupId: 'g', memberId: 'm', memberEpoch: 1 })),
  served(consumerGroupDescribeApi, () => ({ groupIds: ['g'] })),
]

test('every API that is offered is asked here', async () => {
  const broker = await startBroker()
  const { apiKeys } = await (await connectTo(broker)).send(apiVersionsApi, 0, {})
  expect(apiKeys.map(({ apiKey }) => apiKey)).toEqual(cases.map(({ api }) => api.key))
  for (const { apiKey, maxVersion } of apiKeys) {
    expect(cases.find(({ api }) => api.key === apiKey)!.versions.at(-1)).toBe(maxVersion)
  }
})

test.each(cases)('$name answers in every version', async ({ versions, ask }) => {
  const broker = await startBroker()
  const client = await connectTo(broker)
  for (const version of versions) expect(await ask(client, version)).toBeTypeOf('object')
  expect(Array.from(broker.requests, ({ apiVersion }) => apiVersion)).toEqual(versions)
})

test.each(cases)('$name can be made to fail in every version', async ({ api, versions, ask }) => {
  const broker = await startBroker()
  broker.control(api, () => failWith('UNKNOWN_SERVER_ERROR'))
  const client = await connectTo(broker)
  for (const version of versions) expect(await ask(client, version)).toBeTypeOf('object')
})
