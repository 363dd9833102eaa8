import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, nullable, records, string, struct, uuid } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface ProduceRequest {
  /** DRAFT The transactional ID, or null if the producer is not transactional. [default null] */
  transactionalId: string | null
  /** DRAFT The number of acknowledgments the producer requires the leader to have received before considering a request complete. Allowed values: 0 for no acknowledgments, 1 for only the leader and -1 for the full ISR. */
  acks: number
  /** DRAFT The timeout to await a response in milliseconds. */
  timeoutMs: number
  /** DRAFT Each topic to produce to. */
  topicData: ProduceTopicProduceData[]
}

export interface ProduceTopicProduceData {
  /** DRAFT The topic name. [until 12] */
  name: string
  /** DRAFT The unique topic ID [since 13] */
  topicId: string
  /** DRAFT Each partition to produce to. */
  partitionData: ProducePartitionProduceData[]
}

export interface ProducePartitionProduceData {
  /** DRAFT The partition index. */
  index: number
  /** DRAFT The record data to be produced. */
  records: Uint8Array | null
}

const partitionProduceData = struct<ProducePartitionProduceData>({
  index: int32,
  records: nullable(records),
})

const topicProduceData = struct<ProduceTopicProduceData>({
  name: string.until(12).ignorable(),
  topicId: uuid.since(13).ignorable(),
  partitionData: array(partitionProduceData),
})

/** DRAFT what it asks or answers */
export interface ProduceResponse {
  /** DRAFT Each produce response. */
  responses: ProduceTopicProduceResponse[]
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. [default 0] */
  throttleTimeMs: number
  /** DRAFT Endpoints for all current-leaders enumerated in PartitionProduceResponses, with errors NOT_LEADER_OR_FOLLOWER. [since 10, tagged] */
  nodeEndpoints: ProduceNodeEndpoint[]
}

export interface ProduceTopicProduceResponse {
  /** DRAFT The topic name. [until 12] */
  name: string
  /** DRAFT The unique topic ID [since 13] */
  topicId: string
  /** DRAFT Each partition that we produced to within the topic. */
  partitionResponses: ProducePartitionProduceResponse[]
}

export interface ProducePartitionProduceResponse {
  /** DRAFT The partition index. */
  index: number
  /** DRAFT The error code, or 0 if there was no error. */
  errorCode: number
  /** DRAFT The base offset. */
  baseOffset: bigint
  /** DRAFT The timestamp returned by broker after appending the messages. If CreateTime is used for the topic, the timestamp will be -1.  If LogAppendTime is used for the topic, the timestamp will be the broker local time when the messages are appended. [default -1] */
  logAppendTimeMs: bigint
  /** DRAFT The log start offset. [since 5, default -1] */
  logStartOffset: bigint
  /** DRAFT The batch indices of records that caused the batch to be dropped. [since 8] */
  recordErrors: ProduceBatchIndexAndErrorMessage[]
  /** DRAFT The global error message summarizing the common root cause of the records that caused the batch to be dropped. [since 8, default null] */
  errorMessage: string | null
  /** DRAFT The leader broker that the producer should use for future requests. [since 10, tagged] */
  currentLeader: ProduceLeaderIdAndEpoch
}

export interface ProduceBatchIndexAndErrorMessage {
  /** DRAFT The batch index of the record that caused the batch to be dropped. [since 8] */
  batchIndex: number
  /** DRAFT The error message of the record that caused the batch to be dropped. [since 8, default null] */
  batchIndexErrorMessage: string | null
}

export interface ProduceLeaderIdAndEpoch {
  /** DRAFT The ID of the current leader or -1 if the leader is unknown. [since 10, default -1] */
  leaderId: number
  /** DRAFT The latest known leader epoch. [since 10, default -1] */
  leaderEpoch: number
}

export interface ProduceNodeEndpoint {
  /** DRAFT The ID of the associated node. [since 10] */
  nodeId: number
  /** DRAFT The node's hostname. [since 10] */
  host: string
  /** DRAFT The node's port. [since 10] */
  port: number
  /** DRAFT The rack of the node, or null if it has not been assigned to a rack. [since 10, default null] */
  rack: string | null
}

const batchIndexAndErrorMessage = struct<ProduceBatchIndexAndErrorMessage>({
  batchIndex: int32.since(8),
  batchIndexErrorMessage: nullable(string, 8).since(8).default(null),
})

const leaderIdAndEpoch = struct<ProduceLeaderIdAndEpoch>({
  leaderId: int32.since(10).default(-1),
  leaderEpoch: int32.since(10).default(-1),
})

const partitionProduceResponse = struct<ProducePartitionProduceResponse>({
  index: int32,
  errorCode: int16,
  baseOffset: int64,
  logAppendTimeMs: int64.since(2).default(-1n).ignorable(),
  logStartOffset: int64.since(5).default(-1n).ignorable(),
  recordErrors: array(batchIndexAndErrorMessage).since(8).ignorable(),
  errorMessage: nullable(string, 8).since(8).default(null).ignorable(),
  currentLeader: leaderIdAndEpoch.since(10).tagged(0),
})

const topicProduceResponse = struct<ProduceTopicProduceResponse>({
  name: string.until(12).ignorable(),
  topicId: uuid.since(13).ignorable(),
  partitionResponses: array(partitionProduceResponse),
})

const nodeEndpoint = struct<ProduceNodeEndpoint>({
  nodeId: int32.since(10),
  host: string.since(10),
  port: int32.since(10),
  rack: nullable(string, 10).since(10).default(null),
})

export const produceApi: Api<ProduceRequest, ProduceResponse> = {
  name: 'Produce',
  key: 0,
  request: message<ProduceRequest>({
    name: 'ProduceRequest',
    apiKey: 0,
    versions: { min: 3, max: 13 },
    flexibleFrom: 9,
    fields: {
      transactionalId: nullable(string, 3).since(3).default(null),
      acks: int16,
      timeoutMs: int32,
      topicData: array(topicProduceData),
    },
  }),
  response: message<ProduceResponse>({
    name: 'ProduceResponse',
    apiKey: 0,
    versions: { min: 3, max: 13 },
    flexibleFrom: 9,
    fields: {
      responses: array(topicProduceResponse),
      throttleTimeMs: int32.since(1).ignorable(),
      nodeEndpoints: array(nodeEndpoint).since(10).tagged(0),
    },
  }),
}
