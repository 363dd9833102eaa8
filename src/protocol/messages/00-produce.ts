import type { Api } from '../api.ts'
import { directProduceRequest, directProduceResponse } from './00-produce-direct.ts'
import { array, int16, int32, int64, message, nullable, records, string, struct, uuid } from '../schema.ts'

/**
 * Appends record batches to partitions that the receiver leads. With `acks` 0 the broker sends no response at all.
 * Under transactions V2 (KIP-890) version 12 or above also adds the partitions to the transaction; without them use
 * version 11 at most within one. Brokers list versions from 0 on for librdkafka's sake, but 4.0 and above refuse those below 3.
 */
export interface ProduceRequest {
  /** Null outside of transactions. */
  transactionalId: string | null
  /** Who must have the records before the answer: -1 all replicas in sync, 1 the leader, 0 nobody. */
  acks: number
  /** Milliseconds that the leader may wait for the other replicas. */
  timeoutMs: number
  topicData: ProduceTopic[]
}

export interface ProduceTopic {
  /** Up to version 12. */
  name: string
  /** From version 13 on (KIP-516). */
  topicId: string
  partitionData: ProducePartition[]
}

export interface ProducePartition {
  index: number
  /** One batch of format v2; brokers refuse a second one in the same partition. Zstandard needs version 7. */
  records: Uint8Array | null
}

const partition = struct<ProducePartition>({
  index: int32,
  records: nullable(records),
})

const topic = struct<ProduceTopic>({
  name: string.until(12).ignorable(),
  topicId: uuid.since(13).ignorable(),
  partitionData: array(partition),
})

export interface ProduceResponse {
  responses: ProduceTopicResult[]
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /** Addresses of the brokers named in `currentLeader` (KIP-951). */
  nodeEndpoints: ProduceNodeEndpoint[]
}

export interface ProduceTopicResult {
  /** Up to version 12. */
  name: string
  /** From version 13 on. */
  topicId: string
  partitionResponses: ProducePartitionResult[]
}

export interface ProducePartitionResult {
  index: number
  /**
   * Retried: NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, KAFKA_STORAGE_ERROR,
   * NOT_ENOUGH_REPLICAS and _AFTER_APPEND, REQUEST_TIMED_OUT, CORRUPT_MESSAGE. About the batch: MESSAGE_TOO_LARGE,
   * RECORD_LIST_TOO_LARGE, INVALID_RECORD, INVALID_TIMESTAMP, UNSUPPORTED_COMPRESSION_TYPE. About the producer:
   * OUT_OF_ORDER_SEQUENCE_NUMBER, DUPLICATE_SEQUENCE_NUMBER (which is a success), UNKNOWN_PRODUCER_ID,
   * INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE, TRANSACTION_ABORTABLE. Or TOPIC_AUTHORIZATION_FAILED.
   */
  errorCode: number
  /** Offset of the first record of the batch; -1 on an error. */
  baseOffset: bigint
  /** Milliseconds since 1970 when the topic stamps records on appending; -1 when it keeps the producer's timestamps. */
  logAppendTimeMs: bigint
  /**
   * First offset that the partition still has; -1 when the broker does not say. Tells lost sequence state from expired
   * records.
   */
  logStartOffset: bigint
  /** The records because of which the whole batch was refused (KIP-467). */
  recordErrors: ProduceRecordError[]
  /** What the broker says about the error. */
  errorMessage: string | null
  /** Who leads the partition now, along with NOT_LEADER_OR_FOLLOWER (KIP-951). */
  currentLeader: ProduceLeader
}

export interface ProduceRecordError {
  /** Position of the record in the batch. */
  batchIndex: number
  batchIndexErrorMessage: string | null
}

export interface ProduceLeader {
  /** Node id; -1 when unknown. */
  leaderId: number
  /** -1 when unknown. */
  leaderEpoch: number
}

export interface ProduceNodeEndpoint {
  nodeId: number
  host: string
  port: number
  /** Null when it has no rack. */
  rack: string | null
}

const recordError = struct<ProduceRecordError>({
  batchIndex: int32,
  batchIndexErrorMessage: nullable(string).default(null),
})

const leader = struct<ProduceLeader>({
  leaderId: int32.default(-1),
  leaderEpoch: int32.default(-1),
})

const partitionResult = struct<ProducePartitionResult>({
  index: int32,
  errorCode: int16,
  baseOffset: int64,
  logAppendTimeMs: int64.default(-1n),
  logStartOffset: int64.since(5).default(-1n).ignorable(),
  recordErrors: array(recordError).since(8).ignorable(),
  errorMessage: nullable(string, 8).since(8).default(null).ignorable(),
  currentLeader: leader.since(10).tagged(0),
})

const topicResult = struct<ProduceTopicResult>({
  name: string.until(12).ignorable(),
  topicId: uuid.since(13).ignorable(),
  partitionResponses: array(partitionResult),
})

const nodeEndpoint = struct<ProduceNodeEndpoint>({
  nodeId: int32,
  host: string,
  port: int32,
  rack: nullable(string).default(null),
})

export const produceApi: Api<ProduceRequest, ProduceResponse> = {
  name: 'Produce',
  key: 0,
  request: message<ProduceRequest>({
    name: 'ProduceRequest',
    apiKey: 0,
    versions: { min: 3, max: 13 },
    flexibleFrom: 9,
    direct: directProduceRequest,
    fields: {
      transactionalId: nullable(string).default(null),
      acks: int16,
      timeoutMs: int32,
      topicData: array(topic),
    },
  }),
  response: message<ProduceResponse>({
    name: 'ProduceResponse',
    apiKey: 0,
    versions: { min: 3, max: 13 },
    flexibleFrom: 9,
    direct: directProduceResponse,
    fields: {
      responses: array(topicResult),
      throttleTimeMs: int32,
      nodeEndpoints: array(nodeEndpoint).since(10).tagged(0),
    },
  }),
}
