import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int64, int8, message, string, struct } from '../schema.ts'

/**
 * Has partition leaders write the end of transactions into their logs (KIP-98). Transaction coordinators send it; an
 * administrator does so to end a hanging transaction (KIP-664), which needs Alter on the cluster. Brokers before 2.8
 * know version 0 only.
 */
export interface WriteTxnMarkersRequest {
  markers: WriteTxnMarkersMarker[]
}

export interface WriteTxnMarkersMarker {
  producerId: bigint
  producerEpoch: number
  /** True for a commit, false for an abort. */
  transactionResult: boolean
  topics: WriteTxnMarkersTopic[]
  /**
   * Leader epoch of the coordinator's `__transaction_state` partition: fences an old coordinator. DescribeProducers
   * tells it.
   */
  coordinatorEpoch: number
  /** 2 for transactions V2, whose markers must carry an epoch above that of the records; 0 otherwise (KIP-1228). */
  transactionVersion: number
}

export interface WriteTxnMarkersTopic {
  name: string
  partitionIndexes: number[]
}

/** Has no throttle time: the request is exempt from quotas. */
export interface WriteTxnMarkersResponse {
  markers: WriteTxnMarkersMarkerResult[]
}

export interface WriteTxnMarkersMarkerResult {
  producerId: bigint
  topics: WriteTxnMarkersTopicResult[]
}

export interface WriteTxnMarkersTopicResult {
  name: string
  partitions: WriteTxnMarkersPartitionResult[]
}

export interface WriteTxnMarkersPartitionResult {
  partitionIndex: number
  /**
   * Retried on the leader: NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION, KAFKA_STORAGE_ERROR, REQUEST_TIMED_OUT,
   * NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS_AFTER_APPEND. Final: INVALID_PRODUCER_EPOCH and
   * TRANSACTION_COORDINATOR_FENCED when the epochs have moved on, UNSUPPORTED_FOR_MESSAGE_FORMAT for a log of old
   * messages, CLUSTER_AUTHORIZATION_FAILED.
   */
  errorCode: number
}

const topic = struct<WriteTxnMarkersTopic>({
  name: string,
  partitionIndexes: array(int32),
})

const marker = struct<WriteTxnMarkersMarker>({
  producerId: int64,
  producerEpoch: int16,
  transactionResult: boolean,
  topics: array(topic),
  coordinatorEpoch: int32,
  transactionVersion: int8.since(2).ignorable(),
})

const partitionResult = struct<WriteTxnMarkersPartitionResult>({
  partitionIndex: int32,
  errorCode: int16,
})

const topicResult = struct<WriteTxnMarkersTopicResult>({
  name: string,
  partitions: array(partitionResult),
})

const markerResult = struct<WriteTxnMarkersMarkerResult>({
  producerId: int64,
  topics: array(topicResult),
})

export const writeTxnMarkersApi: Api<WriteTxnMarkersRequest, WriteTxnMarkersResponse> = {
  name: 'WriteTxnMarkers',
  key: 27,
  request: message<WriteTxnMarkersRequest>({
    name: 'WriteTxnMarkersRequest',
    apiKey: 27,
    versions: { min: 0, max: 2 },
    flexibleFrom: 1,
    fields: {
      markers: array(marker),
    },
  }),
  response: message<WriteTxnMarkersResponse>({
    name: 'WriteTxnMarkersResponse',
    apiKey: 27,
    versions: { min: 0, max: 2 },
    flexibleFrom: 1,
    fields: {
      markers: array(markerResult),
    },
  }),
}
