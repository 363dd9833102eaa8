import { eraseApi, type ErasedApi, type Handler } from '../handler.ts'
import { addOffsetsToTxnHandler } from './25-add-offsets-to-txn.ts'
import { addPartitionsToTxnHandler } from './24-add-partitions-to-txn.ts'
import { apiVersionsHandler } from './18-api-versions.ts'
import { consumerGroupDescribeHandler } from './69-consumer-group-describe.ts'
import { consumerGroupHeartbeatHandler } from './68-consumer-group-heartbeat.ts'
import { createTopicsHandler } from './19-create-topics.ts'
import { deleteTopicsHandler } from './20-delete-topics.ts'
import { endTxnHandler } from './26-end-txn.ts'
import { fetchHandler } from './01-fetch.ts'
import { findCoordinatorHandler } from './10-find-coordinator.ts'
import { heartbeatHandler } from './12-heartbeat.ts'
import { initProducerIdHandler } from './22-init-producer-id.ts'
import { joinGroupHandler } from './11-join-group.ts'
import { leaveGroupHandler } from './13-leave-group.ts'
import { listOffsetsHandler } from './02-list-offsets.ts'
import { metadataHandler } from './03-metadata.ts'
import { offsetCommitHandler } from './08-offset-commit.ts'
import { offsetFetchHandler } from './09-offset-fetch.ts'
import { produceHandler } from './00-produce.ts'
import { offsetForLeaderEpochHandler } from './23-offset-for-leader-epoch.ts'
import { syncGroupHandler } from './14-sync-group.ts'
import { txnOffsetCommitHandler } from './28-txn-offset-commit.ts'

function erase<Request extends object, Response extends object>(handler: Handler<Request, Response>): ErasedApi {
  return eraseApi(handler.api, handler)
}

/** Everything that the broker serves by itself. */
export const handlers: readonly ErasedApi[] = [
  erase(produceHandler),
  erase(fetchHandler),
  erase(listOffsetsHandler),
  erase(metadataHandler),
  erase(offsetCommitHandler),
  erase(offsetFetchHandler),
  erase(findCoordinatorHandler),
  erase(joinGroupHandler),
  erase(heartbeatHandler),
  erase(leaveGroupHandler),
  erase(syncGroupHandler),
  erase(apiVersionsHandler),
  erase(createTopicsHandler),
  erase(deleteTopicsHandler),
  erase(initProducerIdHandler),
  erase(consumerGroupHeartbeatHandler),
  erase(consumerGroupDescribeHandler),
  erase(offsetForLeaderEpochHandler),
  erase(addPartitionsToTxnHandler),
  erase(addOffsetsToTxnHandler),
  erase(endTxnHandler),
  erase(txnOffsetCommitHandler),
]
