import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, nullable, string, struct } from '../schema.ts'

/**
 * Asks the leader of each partition which idempotent and transactional producers it remembers: the way to find a
 * hanging transaction (KIP-664).
 */
export interface DescribeProducersRequest {
  topics: DescribeProducersRequestTopic[]
}

export interface DescribeProducersRequestTopic {
  name: string
  partitionIndexes: number[]
}

/** Producer state by partition. */
export interface DescribeProducersResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  topics: DescribeProducersTopic[]
}

export interface DescribeProducersTopic {
  name: string
  partitions: DescribeProducersPartition[]
}

export interface DescribeProducersPartition {
  partitionIndex: number
  /**
   * NOT_LEADER_OR_FOLLOWER and UNKNOWN_TOPIC_OR_PARTITION ask for newer metadata; TOPIC_AUTHORIZATION_FAILED (the
   * client must be allowed to read the topic), INVALID_TOPIC_EXCEPTION and KAFKA_STORAGE_ERROR are the others.
   */
  errorCode: number
  errorMessage: string | null
  /** Those whose state has not expired yet. */
  activeProducers: DescribeProducersState[]
}

/** What a partition remembers of one producer. */
export interface DescribeProducersState {
  producerId: bigint
  producerEpoch: number
  /** Of the last record appended; -1 when there is none. */
  lastSequence: number
  /** Milliseconds since the epoch of the last record appended; -1 when there is none. */
  lastTimestamp: bigint
  /** Epoch of the transaction coordinator that wrote the last marker; -1 before the first. */
  coordinatorEpoch: number
  /** Offset of the first record of the transaction that is open here; -1 when none is. */
  currentTxnStartOffset: bigint
}

const requestTopic = struct<DescribeProducersRequestTopic>({ name: string, partitionIndexes: array(int32) })

const producer = struct<DescribeProducersState>({
  producerId: int64,
  producerEpoch: int32,
  lastSequence: int32.default(-1),
  lastTimestamp: int64.default(-1n),
  coordinatorEpoch: int32,
  currentTxnStartOffset: int64.default(-1n),
})

const partition = struct<DescribeProducersPartition>({
  partitionIndex: int32,
  errorCode: int16,
  errorMessage: nullable(string).default(null),
  activeProducers: array(producer),
})

const topic = struct<DescribeProducersTopic>({ name: string, partitions: array(partition) })

export const describeProducersApi: Api<DescribeProducersRequest, DescribeProducersResponse> = {
  name: 'DescribeProducers',
  key: 61,
  request: message<DescribeProducersRequest>({
    name: 'DescribeProducersRequest',
    apiKey: 61,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { topics: array(requestTopic) },
  }),
  response: message<DescribeProducersResponse>({
    name: 'DescribeProducersResponse',
    apiKey: 61,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { throttleTimeMs: int32, topics: array(topic) },
  }),
}
