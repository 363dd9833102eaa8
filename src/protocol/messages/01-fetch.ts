import type { Api } from '../api.ts'
import { array, int16, int32, int64, int8, message, nullable, records, string, struct, uuid } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface FetchRequest {
  /** DRAFT The clusterId if known. This is used to validate metadata fetches prior to broker registration. [since 12, default null, tagged] */
  clusterId: string | null
  /** DRAFT The broker ID of the follower, of -1 if this request is from a consumer. [until 14, default -1] */
  replicaId: number
  /** DRAFT The state of the replica in the follower. [since 15, tagged] */
  replicaState: FetchReplicaState
  /** DRAFT The maximum time in milliseconds to wait for the response. */
  maxWaitMs: number
  /** DRAFT The minimum bytes to accumulate in the response. */
  minBytes: number
  /** DRAFT The maximum bytes to fetch.  See KIP-74 for cases where this limit may not be honored. [default 0x7fffffff] */
  maxBytes: number
  /** DRAFT This setting controls the visibility of transactional records. Using READ_UNCOMMITTED (isolation_level = 0) makes all records visible. With READ_COMMITTED (isolation_level = 1), non-transactional and COMMITTED transactional records are visible. To be more concrete, READ_COMMITTED returns all data from offsets smaller than the current LSO (last stable offset), and enables the inclusion of the list of aborted transactions in the result, which allows consumers to discard ABORTED transactional records. [default 0] */
  isolationLevel: number
  /** DRAFT The fetch session ID. [since 7, default 0] */
  sessionId: number
  /** DRAFT The fetch session epoch, which is used for ordering requests in a session. [since 7, default -1] */
  sessionEpoch: number
  /** DRAFT The topics to fetch. */
  topics: FetchTopic[]
  /** DRAFT In an incremental fetch request, the partitions to remove. [since 7] */
  forgottenTopicsData: FetchForgottenTopic[]
  /** DRAFT Rack ID of the consumer making this request. [since 11, default ] */
  rackId: string
}

export interface FetchReplicaState {
  /** DRAFT The replica ID of the follower, or -1 if this request is from a consumer. [since 15, default -1] */
  replicaId: number
  /** DRAFT The epoch of this follower, or -1 if not available. [since 15, default -1] */
  replicaEpoch: bigint
}

export interface FetchTopic {
  /** DRAFT The name of the topic to fetch. [until 12] */
  topic: string
  /** DRAFT The unique topic ID. [since 13] */
  topicId: string
  /** DRAFT The partitions to fetch. */
  partitions: FetchPartition[]
}

export interface FetchPartition {
  /** DRAFT The partition index. */
  partition: number
  /** DRAFT The current leader epoch of the partition. [since 9, default -1] */
  currentLeaderEpoch: number
  /** DRAFT The message offset. */
  fetchOffset: bigint
  /** DRAFT The epoch of the last fetched record or -1 if there is none. [since 12, default -1] */
  lastFetchedEpoch: number
  /** DRAFT The earliest available offset of the follower replica.  The field is only used when the request is sent by the follower. [since 5, default -1] */
  logStartOffset: bigint
  /** DRAFT The maximum bytes to fetch from this partition.  See KIP-74 for cases where this limit may not be honored. */
  partitionMaxBytes: number
  /** DRAFT The directory id of the follower fetching. [since 17, tagged] */
  replicaDirectoryId: string
  /** DRAFT The high-watermark known by the replica. -1 if the high-watermark is not known and 9223372036854775807 if the feature is not supported. [since 18, default 9223372036854775807, tagged] */
  highWatermark: bigint
}

export interface FetchForgottenTopic {
  /** DRAFT The topic name. [since 7, until 12] */
  topic: string
  /** DRAFT The unique topic ID. [since 13] */
  topicId: string
  /** DRAFT The partitions indexes to forget. [since 7] */
  partitions: number[]
}

const replicaState = struct<FetchReplicaState>({
  replicaId: int32.since(15).default(-1),
  replicaEpoch: int64.since(15).default(-1n),
})

const partition = struct<FetchPartition>({
  partition: int32,
  currentLeaderEpoch: int32.since(9).default(-1).ignorable(),
  fetchOffset: int64,
  lastFetchedEpoch: int32.since(12).default(-1),
  logStartOffset: int64.since(5).default(-1n).ignorable(),
  partitionMaxBytes: int32,
  replicaDirectoryId: uuid.since(17).tagged(0).ignorable(),
  highWatermark: int64.since(18).tagged(1).default(9223372036854775807n).ignorable(),
})

const topic = struct<FetchTopic>({
  topic: string.until(12).ignorable(),
  topicId: uuid.since(13).ignorable(),
  partitions: array(partition),
})

const forgottenTopic = struct<FetchForgottenTopic>({
  topic: string.since(7).until(12).ignorable(),
  topicId: uuid.since(13).ignorable(),
  partitions: array(int32).since(7),
})

/** DRAFT what it asks or answers */
export interface FetchResponse {
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  throttleTimeMs: number
  /** DRAFT The top level response error code. [since 7] */
  errorCode: number
  /** DRAFT The fetch session ID, or 0 if this is not part of a fetch session. [since 7, default 0] */
  sessionId: number
  /** DRAFT The response topics. */
  responses: FetchableTopicResponse[]
  /** DRAFT Endpoints for all current-leaders enumerated in PartitionData, with errors NOT_LEADER_OR_FOLLOWER & FENCED_LEADER_EPOCH. [since 16, tagged] */
  nodeEndpoints: FetchNodeEndpoint[]
}

export interface FetchableTopicResponse {
  /** DRAFT The topic name. [until 12] */
  topic: string
  /** DRAFT The unique topic ID. [since 13] */
  topicId: string
  /** DRAFT The topic partitions. */
  partitions: FetchPartitionData[]
}

export interface FetchPartitionData {
  /** DRAFT The partition index. */
  partitionIndex: number
  /** DRAFT The error code, or 0 if there was no fetch error. */
  errorCode: number
  /** DRAFT The current high water mark. */
  highWatermark: bigint
  /** DRAFT The last stable offset (or LSO) of the partition. This is the last offset such that the state of all transactional records prior to this offset have been decided (ABORTED or COMMITTED). [default -1] */
  lastStableOffset: bigint
  /** DRAFT The current log start offset. [since 5, default -1] */
  logStartOffset: bigint
  /** DRAFT In case divergence is detected based on the `LastFetchedEpoch` and `FetchOffset` in the request, this field indicates the largest epoch and its end offset such that subsequent records are known to diverge. [since 12, tagged] */
  divergingEpoch: FetchEpochEndOffset
  /** DRAFT The current leader of the partition. [since 12, tagged] */
  currentLeader: FetchLeaderIdAndEpoch
  /** DRAFT In the case of fetching an offset less than the LogStartOffset, this is the end offset and epoch that should be used in the FetchSnapshot request. [since 12, tagged] */
  snapshotId: FetchSnapshotId
  /** DRAFT The aborted transactions. */
  abortedTransactions: FetchAbortedTransaction[] | null
  /** DRAFT The preferred read replica for the consumer to use on its next fetch request. [since 11, default -1] */
  preferredReadReplica: number
  /** DRAFT The record data. */
  records: Uint8Array | null
}

export interface FetchEpochEndOffset {
  /** DRAFT The largest epoch. [since 12, default -1] */
  epoch: number
  /** DRAFT The end offset of the epoch. [since 12, default -1] */
  endOffset: bigint
}

export interface FetchLeaderIdAndEpoch {
  /** DRAFT The ID of the current leader or -1 if the leader is unknown. [since 12, default -1] */
  leaderId: number
  /** DRAFT The latest known leader epoch. [since 12, default -1] */
  leaderEpoch: number
}

export interface FetchSnapshotId {
  /** DRAFT The end offset of the epoch. [default -1] */
  endOffset: bigint
  /** DRAFT The largest epoch. [default -1] */
  epoch: number
}

export interface FetchAbortedTransaction {
  /** DRAFT The producer id associated with the aborted transaction. */
  producerId: bigint
  /** DRAFT The first offset in the aborted transaction. */
  firstOffset: bigint
}

export interface FetchNodeEndpoint {
  /** DRAFT The ID of the associated node. [since 16] */
  nodeId: number
  /** DRAFT The node's hostname. [since 16] */
  host: string
  /** DRAFT The node's port. [since 16] */
  port: number
  /** DRAFT The rack of the node, or null if it has not been assigned to a rack. [since 16, default null] */
  rack: string | null
}

const epochEndOffset = struct<FetchEpochEndOffset>({
  epoch: int32.since(12).default(-1),
  endOffset: int64.since(12).default(-1n),
})

const leaderIdAndEpoch = struct<FetchLeaderIdAndEpoch>({
  leaderId: int32.since(12).default(-1),
  leaderEpoch: int32.since(12).default(-1),
})

const snapshotId = struct<FetchSnapshotId>({
  endOffset: int64.default(-1n),
  epoch: int32.default(-1),
})

const abortedTransaction = struct<FetchAbortedTransaction>({
  producerId: int64.since(4),
  firstOffset: int64.since(4),
})

const partitionData = struct<FetchPartitionData>({
  partitionIndex: int32,
  errorCode: int16,
  highWatermark: int64,
  lastStableOffset: int64.since(4).default(-1n).ignorable(),
  logStartOffset: int64.since(5).default(-1n).ignorable(),
  divergingEpoch: epochEndOffset.since(12).tagged(0),
  currentLeader: leaderIdAndEpoch.since(12).tagged(1),
  snapshotId: snapshotId.since(12).tagged(2),
  abortedTransactions: nullable(array(abortedTransaction), 4).since(4).ignorable(),
  preferredReadReplica: int32.since(11).default(-1),
  records: nullable(records),
})

const ableTopicResponse = struct<FetchableTopicResponse>({
  topic: string.until(12).ignorable(),
  topicId: uuid.since(13).ignorable(),
  partitions: array(partitionData),
})

const nodeEndpoint = struct<FetchNodeEndpoint>({
  nodeId: int32.since(16),
  host: string.since(16),
  port: int32.since(16),
  rack: nullable(string, 16).since(16).default(null),
})

export const fetchApi: Api<FetchRequest, FetchResponse> = {
  name: 'Fetch',
  key: 1,
  request: message<FetchRequest>({
    name: 'FetchRequest',
    apiKey: 1,
    versions: { min: 4, max: 18 },
    flexibleFrom: 12,
    fields: {
      clusterId: nullable(string, 12).since(12).tagged(0).default(null).ignorable(),
      replicaId: int32.until(14).default(-1),
      replicaState: replicaState.since(15).tagged(1),
      maxWaitMs: int32,
      minBytes: int32,
      maxBytes: int32.since(3).default(2147483647).ignorable(),
      isolationLevel: int8.since(4).ignorable(),
      sessionId: int32.since(7).ignorable(),
      sessionEpoch: int32.since(7).default(-1).ignorable(),
      topics: array(topic),
      forgottenTopicsData: array(forgottenTopic).since(7),
      rackId: string.since(11).ignorable(),
    },
  }),
  response: message<FetchResponse>({
    name: 'FetchResponse',
    apiKey: 1,
    versions: { min: 4, max: 18 },
    flexibleFrom: 12,
    fields: {
      throttleTimeMs: int32.since(1).ignorable(),
      errorCode: int16.since(7).ignorable(),
      sessionId: int32.since(7),
      responses: array(ableTopicResponse),
      nodeEndpoints: array(nodeEndpoint).since(16).tagged(0),
    },
  }),
}
