import { ERROR } from '../../protocol/error-codes.ts'
import {
  addPartitionsToTxnApi,
  type AddPartitionsToTxnRequest,
  type AddPartitionsToTxnResponse,
  type AddPartitionsToTxnTopic,
  type AddPartitionsToTxnTopicResult,
} from '../../protocol/messages/24-add-partitions-to-txn.ts'
import type { Handler, RequestContext } from '../handler.ts'
import type { Partition } from '../state/partition.ts'
import type { ProducerIdentity } from '../state/transaction-entry.ts'
import { coordinatorError } from './coordinator-error.ts'

/** First version for brokers, with several transactions. */
const FIRST_VERSION_WITH_TRANSACTIONS = 4

export const addPartitionsToTxnHandler: Handler<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse> = {
  api: addPartitionsToTxnApi,

  handle(request, context) {
    if (context.apiVersion >= FIRST_VERSION_WITH_TRANSACTIONS) {
      const resultsByTransaction = request.transactions.map((transaction) => {
        const { transactionalId, topics, verifyOnly } = transaction
        return { transactionalId, topicResults: addTopics(transactionalId, transaction, topics, verifyOnly, context) }
      })
      return { resultsByTransaction }
    }
    const identity = { producerId: request.v3AndBelowProducerId, producerEpoch: request.v3AndBelowProducerEpoch }
    const { v3AndBelowTransactionalId: transactionalId, v3AndBelowTopics: topics } = request
    return { resultsByTopicV3AndBelow: addTopics(transactionalId, identity, topics, false, context) }
  },

  fail(request, errorCode, { apiVersion }) {
    if (apiVersion >= FIRST_VERSION_WITH_TRANSACTIONS) return { errorCode }
    return { resultsByTopicV3AndBelow: request.v3AndBelowTopics.map((topic) => answer(topic, () => errorCode)) }
  },
}

function addTopics(
  transactionalId: string,
  identity: ProducerIdentity,
  topics: readonly AddPartitionsToTxnTopic[],
  verifyOnly: boolean,
  context: RequestContext,
): AddPartitionsToTxnTopicResult[] {
  const { cluster } = context
  const partitions: Partition[] = []
  let hasUnknown = false
  for (const { name, partitions: indexes } of topics) {
    for (const index of indexes) {
      const partition = cluster.partition(name, index)
      if (partition === undefined) hasUnknown = true
      else partitions.push(partition)
    }
  }
  if (hasUnknown) {
    // One bad partition keeps all others out.
    return topics.map((topic) =>
      answer(topic, (index) =>
        cluster.partition(topic.name, index) === undefined
          ? ERROR.UNKNOWN_TOPIC_OR_PARTITION
          : ERROR.OPERATION_NOT_ATTEMPTED,
      ),
    )
  }
  const elsewhere = transactionalId === '' ? ERROR.NONE : coordinatorError(transactionalId, context)
  if (elsewhere === ERROR.NONE && verifyOnly) {
    return topics.map((topic) =>
      answer(topic, (index) =>
        cluster.transactions.verify(transactionalId, identity, cluster.partition(topic.name, index)!),
      ),
    )
  }
  const errorCode = elsewhere || cluster.transactions.add(transactionalId, identity, partitions)
  return topics.map((topic) => answer(topic, () => forVersion(errorCode, context.apiVersion)))
}

/** Clients of older versions know one code for being fenced. */
export function forVersion(errorCode: number, apiVersion: number): number {
  return errorCode === ERROR.PRODUCER_FENCED && apiVersion < 2 ? ERROR.INVALID_PRODUCER_EPOCH : errorCode
}

function answer(
  { name, partitions }: AddPartitionsToTxnTopic,
  errorOf: (index: number) => number,
): AddPartitionsToTxnTopicResult {
  const resultsByPartition = partitions.map((partitionIndex) => ({
    partitionIndex,
    partitionErrorCode: errorOf(partitionIndex),
  }))
  return { name, resultsByPartition }
}
