import type { Api } from '../api.ts'
import { array, int16, int32, int64, int8, message, nullable, records, string, struct, uuid } from '../schema.ts'

/**
 * Reads record batches of partitions. Consumers send it to leaders, or to a replica that a leader prefers (KIP-392);
 * replicas use it to follow. From version 7 on a fetch session lets later requests name only what changed (KIP-227).
 */
export interface FetchRequest {
  /** Between controllers only: the cluster that the sender belongs to. */
  clusterId: string | null
  /** Up to version 14: node id of a follower, -1 for consumers. */
  replicaId: number
  /** From version 15 on: the follower; all -1 for consumers (KIP-903). */
  replicaState: FetchReplicaState
  /** Longest wait for `minBytes`, in milliseconds. */
  maxWaitMs: number
  minBytes: number
  /**
   * Most bytes of records in the response. A first batch that is larger comes whole nevertheless (KIP-74). Default 2^31
   * - 1.
   */
  maxBytes: number
  /**
   * 0 reads everything; 1 (read committed) ends at the last stable offset and lists aborted transactions, whose records
   * the client drops.
   */
  isolationLevel: number
  /** 0 asks for a new session, or for none when `sessionEpoch` is -1. */
  sessionId: number
  /** Counts the requests of a session: 0 opens one, -1 closes it or does without. */
  sessionEpoch: number
  /** Within a session, what is new or changed. Filled in this order until `maxBytes` is reached. */
  topics: FetchTopic[]
  /** Partitions to drop from the session. */
  forgottenTopicsData: FetchForgottenTopic[]
  /** Rack of the consumer, by which the leader chooses a replica to read from; empty for none. */
  rackId: string
}

export interface FetchReplicaState {
  replicaId: number
  /** Epoch of the broker's registration. */
  replicaEpoch: bigint
}

export interface FetchTopic {
  /** Name, up to version 12. */
  topic: string
  /** From version 13 on (KIP-516). */
  topicId: string
  partitions: FetchPartition[]
}

export interface FetchPartition {
  partition: number
  /** Leader epoch in the client's metadata, which the broker compares with its own (KIP-320); -1 not to. */
  currentLeaderEpoch: number
  /** Offset to read from. */
  fetchOffset: bigint
  /** Leader epoch of the last record read, to notice truncation (KIP-595); -1 not to check. */
  lastFetchedEpoch: number
  /** First offset that a follower has; -1 for consumers. */
  logStartOffset: bigint
  /** Most bytes of this partition, but see `maxBytes`. */
  partitionMaxBytes: number
  /** Log directory of a follower. */
  replicaDirectoryId: string
  /** High watermark as a follower knows it: -1 when unknown, 2^63 - 1 when it does not take part (KIP-1166). */
  highWatermark: bigint
}

export interface FetchForgottenTopic {
  /** Name, up to version 12. */
  topic: string
  /** From version 13 on. */
  topicId: string
  partitions: number[]
}

const replicaState = struct<FetchReplicaState>({
  replicaId: int32.default(-1),
  replicaEpoch: int64.default(-1n),
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
  topic: string.until(12).ignorable(),
  topicId: uuid.since(13).ignorable(),
  partitions: array(int32),
})

export interface FetchResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /** FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH or FETCH_SESSION_TOPIC_ID_ERROR: start a new session. */
  errorCode: number
  /** 0 when the broker keeps no session. */
  sessionId: number
  /** Within a session, only partitions with records, an error or changed offsets. */
  responses: FetchTopicResult[]
  /** Addresses of the brokers named in `currentLeader` (KIP-951). */
  nodeEndpoints: FetchNodeEndpoint[]
}

export interface FetchTopicResult {
  /** Name, up to version 12. */
  topic: string
  /** From version 13 on. */
  topicId: string
  partitions: FetchPartitionResult[]
}

export interface FetchPartitionResult {
  partitionIndex: number
  /**
   * OFFSET_OUT_OF_RANGE; after new metadata: NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID,
   * INCONSISTENT_TOPIC_ID, FENCED_LEADER_EPOCH, REPLICA_NOT_AVAILABLE, KAFKA_STORAGE_ERROR; simply retried:
   * UNKNOWN_LEADER_EPOCH, OFFSET_NOT_AVAILABLE; else TOPIC_AUTHORIZATION_FAILED, CORRUPT_MESSAGE,
   * UNSUPPORTED_COMPRESSION_TYPE (Zstandard below version 10).
   */
  errorCode: number
  /** Offset after the last record that all replicas in sync have: consumers read up to here. -1 on an error. */
  highWatermark: bigint
  /** Offset of the first record of a transaction still open, else the high watermark; -1 when not known. */
  lastStableOffset: bigint
  /** First offset that the partition still has; -1 when the broker does not say. */
  logStartOffset: bigint
  /** Where the log parts from what the reader has, when `lastFetchedEpoch` shows that it does: truncate to here. */
  divergingEpoch: FetchDivergingEpoch
  /** Who leads the partition now, along with NOT_LEADER_OR_FOLLOWER or FENCED_LEADER_EPOCH. */
  currentLeader: FetchLeader
  /** Between controllers only: snapshot to fetch instead, as the log starts after `fetchOffset`. */
  snapshotId: FetchSnapshotId
  /** Transactions in `records` that were aborted, by first offset; null unless reading committed. */
  abortedTransactions: FetchAbortedTransaction[] | null
  /** Node id of the replica to read from instead, with no records; -1 to stay with this one (KIP-392). */
  preferredReadReplica: number
  /** Batches, or message sets of old topics; the first may start before `fetchOffset`, the last may be cut off. */
  records: Uint8Array | null
}

export interface FetchDivergingEpoch {
  /** -1 when there is no divergence. */
  epoch: number
  endOffset: bigint
}

export interface FetchLeader {
  /** Node id; -1 when unknown. */
  leaderId: number
  /** -1 when unknown. */
  leaderEpoch: number
}

export interface FetchSnapshotId {
  endOffset: bigint
  epoch: number
}

export interface FetchAbortedTransaction {
  producerId: bigint
  firstOffset: bigint
}

export interface FetchNodeEndpoint {
  nodeId: number
  host: string
  port: number
  /** Null when it has no rack. */
  rack: string | null
}

const divergingEpoch = struct<FetchDivergingEpoch>({
  epoch: int32.default(-1),
  endOffset: int64.default(-1n),
})

const leader = struct<FetchLeader>({
  leaderId: int32.default(-1),
  leaderEpoch: int32.default(-1),
})

const snapshotId = struct<FetchSnapshotId>({
  endOffset: int64.default(-1n),
  epoch: int32.default(-1),
})

const abortedTransaction = struct<FetchAbortedTransaction>({
  producerId: int64,
  firstOffset: int64,
})

const partitionResult = struct<FetchPartitionResult>({
  partitionIndex: int32,
  errorCode: int16,
  highWatermark: int64,
  lastStableOffset: int64.default(-1n),
  logStartOffset: int64.since(5).default(-1n).ignorable(),
  divergingEpoch: divergingEpoch.since(12).tagged(0),
  currentLeader: leader.since(12).tagged(1),
  snapshotId: snapshotId.since(12).tagged(2),
  abortedTransactions: nullable(array(abortedTransaction)),
  preferredReadReplica: int32.since(11).default(-1),
  records: nullable(records),
})

const topicResult = struct<FetchTopicResult>({
  topic: string.until(12).ignorable(),
  topicId: uuid.since(13).ignorable(),
  partitions: array(partitionResult),
})

const nodeEndpoint = struct<FetchNodeEndpoint>({
  nodeId: int32,
  host: string,
  port: int32,
  rack: nullable(string).default(null),
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
      maxBytes: int32.default(2147483647),
      isolationLevel: int8,
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
      throttleTimeMs: int32,
      errorCode: int16.since(7).ignorable(),
      sessionId: int32.since(7),
      responses: array(topicResult),
      nodeEndpoints: array(nodeEndpoint).since(16).tagged(0),
    },
  }),
}
