import { ERROR } from '../../protocol/error-codes.ts'
import {
  txnOffsetCommitApi,
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitResponse,
} from '../../protocol/messages/28-txn-offset-commit.ts'
import type { Handler, RequestContext } from '../handler.ts'
import type { Topic } from '../state/topics.ts'
import type { TransactionSupport } from '../state/transaction-coordinator.ts'
import { MAX_METADATA_LENGTH } from './08-offset-commit.ts'
import { coordinatorError } from './coordinator-error.ts'

type TopicCommit = TxnOffsetCommitRequest['topics'][number]
type TopicResponse = TxnOffsetCommitResponse['topics'][number]

/** First version with topic ids instead of names (KIP-1319). */
const FIRST_VERSION_WITH_IDS = 6

export const txnOffsetCommitHandler: Handler<TxnOffsetCommitRequest, TxnOffsetCommitResponse> = {
  api: txnOffsetCommitApi,

  handle(request, context) {
    const { cluster, apiVersion } = context
    const usesIds = apiVersion >= FIRST_VERSION_WITH_IDS
    const commits = request.topics.map((commit) => ({ commit, topic: cluster.topics.find(commit, usesIds) }))
    // A request about unknown partitions only does not get to the coordinator.
    const isAnyKnown = commits.some(({ commit, topic }) =>
      commit.partitions.some(({ partitionIndex }) => isKnown(topic, partitionIndex)),
    )
    const errorCode = isAnyKnown ? commitError(request, context) : ERROR.NONE
    const unknown = usesIds ? ERROR.UNKNOWN_TOPIC_ID : ERROR.UNKNOWN_TOPIC_OR_PARTITION
    const topics = commits.map(({ commit, topic }): TopicResponse => {
      if (topic === undefined) return failTopic(commit, unknown)
      const partitions = commit.partitions.map((partition) => {
        const { partitionIndex } = partition
        if (!isKnown(topic, partitionIndex)) return { partitionIndex, errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION }
        if (errorCode !== ERROR.NONE) return { partitionIndex, errorCode }
        const metadata = partition.committedMetadata ?? ''
        if (metadata.length > MAX_METADATA_LENGTH) return { partitionIndex, errorCode: ERROR.OFFSET_METADATA_TOO_LARGE }
        cluster.offsets.transactional(request.groupId).put(request.producerId, {
          topic: topic.name,
          partition: partitionIndex,
          offset: Number(partition.committedOffset),
          leaderEpoch: partition.committedLeaderEpoch,
          metadata,
        })
        return { partitionIndex, errorCode: ERROR.NONE }
      })
      return { name: commit.name, topicId: commit.topicId, partitions }
    })
    return { topics }
  },

  fail({ topics }, errorCode) {
    return { topics: topics.map((commit) => failTopic(commit, errorCode)) }
  },
}

function isKnown(topic: Topic | undefined, index: number): boolean {
  return topic?.partitions[index] !== undefined
}

/** Why no offsets may be committed for the transaction: an error code. */
function commitError(request: TxnOffsetCommitRequest, context: RequestContext): number {
  const { cluster, apiVersion } = context
  const elsewhere = coordinatorError(request.groupId, context)
  if (elsewhere !== ERROR.NONE) return elsewhere
  const offsets = cluster.offsets.transactional(request.groupId)
  if (!offsets.isOpen(request.producerId)) {
    const support = transactionSupport(apiVersion)
    const refused = cluster.transactions.admit(request.transactionalId, request, offsets, support)
    if (refused !== ERROR.NONE) return refused
  }
  return cluster.groups.transactionalCommitError(request, apiVersion)
}

/** Java: AddPartitionsToTxnManager.txnOffsetCommitRequestVersionToTransactionSupportedOperation. */
function transactionSupport(apiVersion: number): TransactionSupport {
  if (apiVersion > 4) return 'add'
  return apiVersion > 3 ? 'check' : 'check, old codes'
}

function failTopic({ name, topicId, partitions }: TopicCommit, errorCode: number): TopicResponse {
  return { name, topicId, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })) }
}
