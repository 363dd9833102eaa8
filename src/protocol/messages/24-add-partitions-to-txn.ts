import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int64, message, string, struct } from '../schema.ts'

/**
 * Tells the transaction coordinator which partitions a transaction is about to write to, so that it can end the
 * transaction there (KIP-98). A client speaks versions 0 to 3; from version 4 on the request is one between brokers,
 * which a client is not authorized for. Where the cluster has transactions V2 (KIP-890) the leaders add their
 * partitions themselves and a producer sends no such request.
 */
export interface AddPartitionsToTxnRequest {
  /** From version 4 on. */
  transactions: AddPartitionsToTxnTransaction[]
  /** Up to version 3, like the other fields of that name. */
  v3AndBelowTransactionalId: string
  v3AndBelowProducerId: bigint
  v3AndBelowProducerEpoch: number
  v3AndBelowTopics: AddPartitionsToTxnTopic[]
}

export interface AddPartitionsToTxnTransaction {
  transactionalId: string
  producerId: bigint
  producerEpoch: number
  /** Whether only to check that the partitions are in the transaction. */
  verifyOnly: boolean
  topics: AddPartitionsToTxnTopic[]
}

export interface AddPartitionsToTxnTopic {
  name: string
  /** Partition indexes. */
  partitions: number[]
}

export interface AddPartitionsToTxnResponse {
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  /** CLUSTER_AUTHORIZATION_FAILED when who asks is no broker. */
  errorCode: number
  /** From version 4 on. */
  resultsByTransaction: AddPartitionsToTxnResult[]
  /** Up to version 3. */
  resultsByTopicV3AndBelow: AddPartitionsToTxnTopicResult[]
}

export interface AddPartitionsToTxnResult {
  transactionalId: string
  topicResults: AddPartitionsToTxnTopicResult[]
}

export interface AddPartitionsToTxnTopicResult {
  name: string
  resultsByPartition: AddPartitionsToTxnPartitionResult[]
}

export interface AddPartitionsToTxnPartitionResult {
  partitionIndex: number
  /**
   * Retried: CONCURRENT_TRANSACTIONS while the markers of the previous transaction are still being written,
   * COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE and NOT_COORDINATOR (the last two after a new
   * FindCoordinator), UNKNOWN_TOPIC_OR_PARTITION. Ends the producer: PRODUCER_FENCED (from version 2 on, before it is
   * INVALID_PRODUCER_EPOCH), INVALID_TXN_STATE, TRANSACTIONAL_ID_AUTHORIZATION_FAILED. To be aborted:
   * TOPIC_AUTHORIZATION_FAILED, INVALID_PRODUCER_ID_MAPPING (then with a new epoch from InitProducerId, KIP-360;
   * without KIP-360 it ends the producer), TRANSACTION_ABORTABLE (from version 5 on, KIP-890). One bad partition keeps
   * all others out with OPERATION_NOT_ATTEMPTED.
   */
  partitionErrorCode: number
}

const topic = struct<AddPartitionsToTxnTopic>({
  name: string,
  partitions: array(int32),
})

const transaction = struct<AddPartitionsToTxnTransaction>({
  transactionalId: string.since(4),
  producerId: int64.since(4),
  producerEpoch: int16.since(4),
  verifyOnly: boolean.since(4),
  topics: array(topic).since(4),
})

const partitionResult = struct<AddPartitionsToTxnPartitionResult>({
  partitionIndex: int32,
  partitionErrorCode: int16,
})

const topicResult = struct<AddPartitionsToTxnTopicResult>({
  name: string,
  resultsByPartition: array(partitionResult),
})

const result = struct<AddPartitionsToTxnResult>({
  transactionalId: string.since(4),
  topicResults: array(topicResult).since(4),
})

export const addPartitionsToTxnApi: Api<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse> = {
  name: 'AddPartitionsToTxn',
  key: 24,
  request: message<AddPartitionsToTxnRequest>({
    name: 'AddPartitionsToTxnRequest',
    apiKey: 24,
    versions: { min: 0, max: 5 },
    flexibleFrom: 3,
    fields: {
      transactions: array(transaction).since(4),
      v3AndBelowTransactionalId: string.until(3),
      v3AndBelowProducerId: int64.until(3),
      v3AndBelowProducerEpoch: int16.until(3),
      v3AndBelowTopics: array(topic).until(3),
    },
  }),
  response: message<AddPartitionsToTxnResponse>({
    name: 'AddPartitionsToTxnResponse',
    apiKey: 24,
    versions: { min: 0, max: 5 },
    flexibleFrom: 3,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16.since(4).ignorable(),
      resultsByTransaction: array(result).since(4),
      resultsByTopicV3AndBelow: array(topicResult).until(3),
    },
  }),
}
