import type { Api } from '../api.ts'
import {
  array,
  boolean,
  int16,
  int32,
  int64,
  int8,
  message,
  nullable,
  records,
  string,
  struct,
  uuid,
} from '../schema.ts'

/**
 * Fetches records from the leader of share-partitions and acknowledges earlier ones in the same breath (KIP-932). The
 * broker keeps a session for each member: after the first request only changes are sent. Version 0 was an early trial
 * that brokers from 4.1 on refuse.
 */
export interface ShareFetchRequest {
  groupId: string | null
  memberId: string | null
  /** 0 opens a session, -1 closes it and gives back what is still acquired; else one more than last time. */
  shareSessionEpoch: number
  /** Milliseconds that the broker may wait for `minBytes`. */
  maxWaitMs: number
  minBytes: number
  /** Most bytes wanted; a first batch that is larger comes all the same (KIP-74). Default 2147483647. */
  maxBytes: number
  /** Most records to acquire; more can come, up to the end of a batch. */
  maxRecords: number
  /** How many records the client would like each entry of `acquiredRecords` to cover. */
  batchSize: number
  /** 0 acquires whole batches, which costs the broker least; 1 never acquires more than `maxRecords` (KIP-1206). */
  shareAcquireMode: number
  /** Whether any acknowledgement is a renewal (KIP-1222). */
  isRenewAck: boolean
  /** Partitions to add to the session, or with acknowledgements. */
  topics: ShareFetchRequestTopic[]
  /** Partitions to take out of the session. */
  forgottenTopicsData: ShareFetchForgottenTopic[]
}

export interface ShareFetchRequestTopic {
  topicId: string
  partitions: ShareFetchRequestPartition[]
}

export interface ShareFetchRequestPartition {
  partitionIndex: number
  /** In the order of offsets, without overlap. */
  acknowledgementBatches: ShareFetchAcknowledgementBatch[]
}

/** What became of a range of offsets. */
export interface ShareFetchAcknowledgementBatch {
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
  /**
   * One type for the whole range, or one for each offset: 0 there is no record at the offset, 1 accept, 2 release for
   * another delivery, 3 reject for good, 4 renew the lock (version 2).
   */
  acknowledgeTypes: number[]
}

export interface ShareFetchForgottenTopic {
  topicId: string
  partitions: number[]
}

const acknowledgementBatch = struct<ShareFetchAcknowledgementBatch>({
  firstOffset: int64,
  lastOffset: int64,
  acknowledgeTypes: array(int8),
})

const requestPartition = struct<ShareFetchRequestPartition>({
  partitionIndex: int32,
  acknowledgementBatches: array(acknowledgementBatch),
})

const requestTopic = struct<ShareFetchRequestTopic>({ topicId: uuid, partitions: array(requestPartition) })

const forgottenTopic = struct<ShareFetchForgottenTopic>({ topicId: uuid, partitions: array(int32) })

/** Records that are now locked for the member, and how its acknowledgements fared. */
export interface ShareFetchResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * SHARE_SESSION_NOT_FOUND, INVALID_SHARE_SESSION_EPOCH and SHARE_SESSION_LIMIT_REACHED: start over with session epoch
   * 0, all acknowledgements on the way are lost; GROUP_AUTHORIZATION_FAILED, INVALID_REQUEST, UNKNOWN_SERVER_ERROR.
   */
  errorCode: number
  errorMessage: string | null
  /** Milliseconds until acquired records fall back to the group when they are not acknowledged. */
  acquisitionLockTimeoutMs: number
  responses: ShareFetchTopic[]
  /** Addresses of the brokers that `currentLeader` names. */
  nodeEndpoints: ShareFetchNodeEndpoint[]
}

export interface ShareFetchTopic {
  topicId: string
  partitions: ShareFetchPartition[]
}

export interface ShareFetchPartition {
  partitionIndex: number
  /**
   * Of fetching. NOT_LEADER_OR_FOLLOWER: go to `currentLeader`; UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID,
   * KAFKA_STORAGE_ERROR: refresh the metadata; TOPIC_AUTHORIZATION_FAILED; CORRUPT_MESSAGE; UNKNOWN_SERVER_ERROR.
   */
  errorCode: number
  errorMessage: string | null
  /**
   * Of the acknowledgements. INVALID_RECORD_STATE: the lock had run out, another member may have the record; else as
   * `errorCode`.
   */
  acknowledgeErrorCode: number
  acknowledgeErrorMessage: string | null
  /** Filled with NOT_LEADER_OR_FOLLOWER. */
  currentLeader: ShareFetchLeader
  /** Record batches. They can hold more than was acquired: hand out only what `acquiredRecords` covers. */
  records: Uint8Array
  acquiredRecords: ShareFetchAcquiredRecords[]
}

export interface ShareFetchLeader {
  /** Node id; -1 when unknown. */
  leaderId: number
  leaderEpoch: number
}

/** A range of offsets that is locked for the member. */
export interface ShareFetchAcquiredRecords {
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
  /** How often these records have been delivered, this time included. */
  deliveryCount: number
}

export interface ShareFetchNodeEndpoint {
  nodeId: number
  host: string
  port: number
  /** Null when it has no rack. */
  rack: string | null
}

const leader = struct<ShareFetchLeader>({ leaderId: int32, leaderEpoch: int32 })

const acquired = struct<ShareFetchAcquiredRecords>({ firstOffset: int64, lastOffset: int64, deliveryCount: int16 })

const partition = struct<ShareFetchPartition>({
  partitionIndex: int32,
  errorCode: int16,
  errorMessage: nullable(string).default(null),
  acknowledgeErrorCode: int16,
  acknowledgeErrorMessage: nullable(string).default(null),
  currentLeader: leader,
  records,
  acquiredRecords: array(acquired),
})

const topic = struct<ShareFetchTopic>({ topicId: uuid, partitions: array(partition) })

const nodeEndpoint = struct<ShareFetchNodeEndpoint>({
  nodeId: int32,
  host: string,
  port: int32,
  rack: nullable(string).default(null),
})

export const shareFetchApi: Api<ShareFetchRequest, ShareFetchResponse> = {
  name: 'ShareFetch',
  key: 78,
  request: message<ShareFetchRequest>({
    name: 'ShareFetchRequest',
    apiKey: 78,
    versions: { min: 1, max: 2 },
    flexibleFrom: 0,
    fields: {
      groupId: nullable(string).default(null),
      memberId: nullable(string),
      shareSessionEpoch: int32,
      maxWaitMs: int32,
      minBytes: int32,
      maxBytes: int32.default(2147483647),
      maxRecords: int32,
      batchSize: int32,
      shareAcquireMode: int8.since(2).ignorable(),
      isRenewAck: boolean.since(2),
      topics: array(requestTopic),
      forgottenTopicsData: array(forgottenTopic),
    },
  }),
  response: message<ShareFetchResponse>({
    name: 'ShareFetchResponse',
    apiKey: 78,
    versions: { min: 1, max: 2 },
    flexibleFrom: 0,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
      errorMessage: nullable(string).default(null),
      acquisitionLockTimeoutMs: int32,
      responses: array(topic),
      nodeEndpoints: array(nodeEndpoint),
    },
  }),
}
