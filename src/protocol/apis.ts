import type { Api } from './api.ts'
import { produceApi } from './messages/00-produce.ts'
import { fetchApi } from './messages/01-fetch.ts'
import { listOffsetsApi } from './messages/02-list-offsets.ts'
import { metadataApi } from './messages/03-metadata.ts'
import { offsetCommitApi } from './messages/08-offset-commit.ts'
import { offsetFetchApi } from './messages/09-offset-fetch.ts'
import { findCoordinatorApi } from './messages/10-find-coordinator.ts'
import { joinGroupApi } from './messages/11-join-group.ts'
import { heartbeatApi } from './messages/12-heartbeat.ts'
import { leaveGroupApi } from './messages/13-leave-group.ts'
import { syncGroupApi } from './messages/14-sync-group.ts'
import { describeGroupsApi } from './messages/15-describe-groups.ts'
import { listGroupsApi } from './messages/16-list-groups.ts'
import { saslHandshakeApi } from './messages/17-sasl-handshake.ts'
import { apiVersionsApi } from './messages/18-api-versions.ts'
import { createTopicsApi } from './messages/19-create-topics.ts'
import { deleteTopicsApi } from './messages/20-delete-topics.ts'
import { deleteRecordsApi } from './messages/21-delete-records.ts'
import { initProducerIdApi } from './messages/22-init-producer-id.ts'
import { offsetForLeaderEpochApi } from './messages/23-offset-for-leader-epoch.ts'
import { addPartitionsToTxnApi } from './messages/24-add-partitions-to-txn.ts'
import { addOffsetsToTxnApi } from './messages/25-add-offsets-to-txn.ts'
import { endTxnApi } from './messages/26-end-txn.ts'
import { writeTxnMarkersApi } from './messages/27-write-txn-markers.ts'
import { txnOffsetCommitApi } from './messages/28-txn-offset-commit.ts'
import { describeAclsApi } from './messages/29-describe-acls.ts'
import { createAclsApi } from './messages/30-create-acls.ts'
import { deleteAclsApi } from './messages/31-delete-acls.ts'
import { describeConfigsApi } from './messages/32-describe-configs.ts'
import { alterConfigsApi } from './messages/33-alter-configs.ts'
import { alterReplicaLogDirsApi } from './messages/34-alter-replica-log-dirs.ts'
import { describeLogDirsApi } from './messages/35-describe-log-dirs.ts'
import { saslAuthenticateApi } from './messages/36-sasl-authenticate.ts'
import { createPartitionsApi } from './messages/37-create-partitions.ts'
import { createDelegationTokenApi } from './messages/38-create-delegation-token.ts'
import { renewDelegationTokenApi } from './messages/39-renew-delegation-token.ts'
import { expireDelegationTokenApi } from './messages/40-expire-delegation-token.ts'
import { describeDelegationTokenApi } from './messages/41-describe-delegation-token.ts'
import { deleteGroupsApi } from './messages/42-delete-groups.ts'
import { electLeadersApi } from './messages/43-elect-leaders.ts'
import { incrementalAlterConfigsApi } from './messages/44-incremental-alter-configs.ts'
import { alterPartitionReassignmentsApi } from './messages/45-alter-partition-reassignments.ts'
import { listPartitionReassignmentsApi } from './messages/46-list-partition-reassignments.ts'
import { offsetDeleteApi } from './messages/47-offset-delete.ts'
import { describeClientQuotasApi } from './messages/48-describe-client-quotas.ts'
import { alterClientQuotasApi } from './messages/49-alter-client-quotas.ts'
import { describeUserScramCredentialsApi } from './messages/50-describe-user-scram-credentials.ts'
import { alterUserScramCredentialsApi } from './messages/51-alter-user-scram-credentials.ts'
import { describeQuorumApi } from './messages/55-describe-quorum.ts'
import { updateFeaturesApi } from './messages/57-update-features.ts'
import { describeClusterApi } from './messages/60-describe-cluster.ts'
import { describeProducersApi } from './messages/61-describe-producers.ts'
import { unregisterBrokerApi } from './messages/64-unregister-broker.ts'
import { describeTransactionsApi } from './messages/65-describe-transactions.ts'
import { listTransactionsApi } from './messages/66-list-transactions.ts'
import { consumerGroupHeartbeatApi } from './messages/68-consumer-group-heartbeat.ts'
import { consumerGroupDescribeApi } from './messages/69-consumer-group-describe.ts'
import { getTelemetrySubscriptionsApi } from './messages/71-get-telemetry-subscriptions.ts'
import { pushTelemetryApi } from './messages/72-push-telemetry.ts'
import { listConfigResourcesApi } from './messages/74-list-config-resources.ts'
import { describeTopicPartitionsApi } from './messages/75-describe-topic-partitions.ts'
import { shareGroupHeartbeatApi } from './messages/76-share-group-heartbeat.ts'
import { shareGroupDescribeApi } from './messages/77-share-group-describe.ts'
import { shareFetchApi } from './messages/78-share-fetch.ts'
import { shareAcknowledgeApi } from './messages/79-share-acknowledge.ts'
import { addRaftVoterApi } from './messages/80-add-raft-voter.ts'
import { removeRaftVoterApi } from './messages/81-remove-raft-voter.ts'
import { initializeShareGroupStateApi } from './messages/83-initialize-share-group-state.ts'
import { readShareGroupStateApi } from './messages/84-read-share-group-state.ts'
import { writeShareGroupStateApi } from './messages/85-write-share-group-state.ts'
import { deleteShareGroupStateApi } from './messages/86-delete-share-group-state.ts'
import { readShareGroupStateSummaryApi } from './messages/87-read-share-group-state-summary.ts'
import { streamsGroupHeartbeatApi } from './messages/88-streams-group-heartbeat.ts'
import { streamsGroupDescribeApi } from './messages/89-streams-group-describe.ts'
import { describeShareGroupOffsetsApi } from './messages/90-describe-share-group-offsets.ts'
import { alterShareGroupOffsetsApi } from './messages/91-alter-share-group-offsets.ts'
import { deleteShareGroupOffsetsApi } from './messages/92-delete-share-group-offsets.ts'
import { streamsGroupTopologyDescriptionUpdateApi } from './messages/93-streams-group-topology-description-update.ts'
import { unregisterControllerApi } from './messages/94-unregister-controller.ts'
import type { Message } from './schema.ts'

/** An API whose request and response types are not known statically, as when its key comes off the wire. */
export type AnyApi = Api<object, object>

/** Forgets the types: `Message<T>` writes T as well as reading it, so neither direction of assignment is safe by itself. */
function erase<Request extends object, Response extends object>(api: Api<Request, Response>): AnyApi {
  return api as unknown as AnyApi
}

/** Every API of Kafka 4.4 that a broker offers on its listeners, by key. */
export const apis: readonly AnyApi[] = [
  erase(produceApi),
  erase(fetchApi),
  erase(listOffsetsApi),
  erase(metadataApi),
  erase(offsetCommitApi),
  erase(offsetFetchApi),
  erase(findCoordinatorApi),
  erase(joinGroupApi),
  erase(heartbeatApi),
  erase(leaveGroupApi),
  erase(syncGroupApi),
  erase(describeGroupsApi),
  erase(listGroupsApi),
  erase(saslHandshakeApi),
  erase(apiVersionsApi),
  erase(createTopicsApi),
  erase(deleteTopicsApi),
  erase(deleteRecordsApi),
  erase(initProducerIdApi),
  erase(offsetForLeaderEpochApi),
  erase(addPartitionsToTxnApi),
  erase(addOffsetsToTxnApi),
  erase(endTxnApi),
  erase(writeTxnMarkersApi),
  erase(txnOffsetCommitApi),
  erase(describeAclsApi),
  erase(createAclsApi),
  erase(deleteAclsApi),
  erase(describeConfigsApi),
  erase(alterConfigsApi),
  erase(alterReplicaLogDirsApi),
  erase(describeLogDirsApi),
  erase(saslAuthenticateApi),
  erase(createPartitionsApi),
  erase(createDelegationTokenApi),
  erase(renewDelegationTokenApi),
  erase(expireDelegationTokenApi),
  erase(describeDelegationTokenApi),
  erase(deleteGroupsApi),
  erase(electLeadersApi),
  erase(incrementalAlterConfigsApi),
  erase(alterPartitionReassignmentsApi),
  erase(listPartitionReassignmentsApi),
  erase(offsetDeleteApi),
  erase(describeClientQuotasApi),
  erase(alterClientQuotasApi),
  erase(describeUserScramCredentialsApi),
  erase(alterUserScramCredentialsApi),
  erase(describeQuorumApi),
  erase(updateFeaturesApi),
  erase(describeClusterApi),
  erase(describeProducersApi),
  erase(unregisterBrokerApi),
  erase(describeTransactionsApi),
  erase(listTransactionsApi),
  erase(consumerGroupHeartbeatApi),
  erase(consumerGroupDescribeApi),
  erase(getTelemetrySubscriptionsApi),
  erase(pushTelemetryApi),
  erase(listConfigResourcesApi),
  erase(describeTopicPartitionsApi),
  erase(shareGroupHeartbeatApi),
  erase(shareGroupDescribeApi),
  erase(shareFetchApi),
  erase(shareAcknowledgeApi),
  erase(addRaftVoterApi),
  erase(removeRaftVoterApi),
  erase(initializeShareGroupStateApi),
  erase(readShareGroupStateApi),
  erase(writeShareGroupStateApi),
  erase(deleteShareGroupStateApi),
  erase(readShareGroupStateSummaryApi),
  erase(streamsGroupHeartbeatApi),
  erase(streamsGroupDescribeApi),
  erase(describeShareGroupOffsetsApi),
  erase(alterShareGroupOffsetsApi),
  erase(deleteShareGroupOffsetsApi),
  erase(streamsGroupTopologyDescriptionUpdateApi),
  erase(unregisterControllerApi),
]

/** The request of each API key. Encoding checks the value against the schema at run time. */
export const requests: ReadonlyMap<number, Message<object>> = new Map(apis.map((api) => [api.key, api.request]))

/** The response of each API key. */
export const responses: ReadonlyMap<number, Message<object>> = new Map(apis.map((api) => [api.key, api.response]))
