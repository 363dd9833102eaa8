import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, nullable, string, struct, uint16, uuid } from '../schema.ts'

/**
 * Asks for the state of the KRaft quorum (KIP-595): who leads it, and how far its voters and observers have followed.
 * Brokers pass it on to the active controller. Needs Describe on the cluster.
 */
export interface DescribeQuorumRequest {
  /** Partition 0 of `__cluster_metadata` is the only one there is. */
  topics: DescribeQuorumTopic[]
}

export interface DescribeQuorumTopic {
  topicName: string
  partitions: DescribeQuorumPartition[]
}

export interface DescribeQuorumPartition {
  partitionIndex: number
}

export interface DescribeQuorumResponse {
  /** CLUSTER_AUTHORIZATION_FAILED, UNSUPPORTED_VERSION of a broker without KRaft. */
  errorCode: number
  /** Null when all went well. Empty before version 2. */
  errorMessage: string | null
  topics: DescribeQuorumTopicResult[]
  /** Where to reach the voters (KIP-853); empty before version 2. */
  nodes: DescribeQuorumNode[]
}

export interface DescribeQuorumTopicResult {
  topicName: string
  partitions: DescribeQuorumPartitionResult[]
}

export interface DescribeQuorumPartitionResult {
  partitionIndex: number
  /**
   * UNKNOWN_TOPIC_OR_PARTITION; NOT_LEADER_OR_FOLLOWER of a controller that is not the active one, which is retried.
   */
  errorCode: number
  /** Null when all went well. Empty before version 2. */
  errorMessage: string | null
  /** Node id; -1 while there is no leader. */
  leaderId: number
  leaderEpoch: number
  /** First offset that is not committed yet; -1 when unknown. */
  highWatermark: bigint
  currentVoters: DescribeQuorumReplica[]
  /** Brokers, and controllers that do not vote. */
  observers: DescribeQuorumReplica[]
}

export interface DescribeQuorumReplica {
  /** Node id. */
  replicaId: number
  /**
   * Id of the replica's metadata directory, which tells it from a predecessor of the same node id (KIP-853). The zero
   * UUID when unknown.
   */
  replicaDirectoryId: string
  /** -1 when unknown. */
  logEndOffset: bigint
  /**
   * When the replica last fetched, by the leader's clock in milliseconds since 1970; -1 for the leader and when unknown
   * (KIP-836).
   */
  lastFetchTimestamp: bigint
  /**
   * Up to when the replica had all records, in milliseconds since 1970; the present for the leader, -1 when unknown
   * (KIP-836).
   */
  lastCaughtUpTimestamp: bigint
}

export interface DescribeQuorumNode {
  nodeId: number
  listeners: DescribeQuorumListener[]
}

export interface DescribeQuorumListener {
  name: string
  host: string
  port: number
}

const partition = struct<DescribeQuorumPartition>({
  partitionIndex: int32,
})

const topic = struct<DescribeQuorumTopic>({
  topicName: string,
  partitions: array(partition),
})

const replica = struct<DescribeQuorumReplica>({
  replicaId: int32,
  replicaDirectoryId: uuid.since(2),
  logEndOffset: int64,
  lastFetchTimestamp: int64.since(1).default(-1n).ignorable(),
  lastCaughtUpTimestamp: int64.since(1).default(-1n).ignorable(),
})

const partitionResult = struct<DescribeQuorumPartitionResult>({
  partitionIndex: int32,
  errorCode: int16,
  errorMessage: nullable(string, 2).since(2).ignorable(),
  leaderId: int32,
  leaderEpoch: int32,
  highWatermark: int64,
  currentVoters: array(replica),
  observers: array(replica),
})

const topicResult = struct<DescribeQuorumTopicResult>({
  topicName: string,
  partitions: array(partitionResult),
})

const listener = struct<DescribeQuorumListener>({
  name: string.since(2),
  host: string.since(2),
  port: uint16.since(2),
})

const node = struct<DescribeQuorumNode>({
  nodeId: int32.since(2),
  listeners: array(listener).since(2),
})

export const describeQuorumApi: Api<DescribeQuorumRequest, DescribeQuorumResponse> = {
  name: 'DescribeQuorum',
  key: 55,
  request: message<DescribeQuorumRequest>({
    name: 'DescribeQuorumRequest',
    apiKey: 55,
    versions: { min: 0, max: 2 },
    flexibleFrom: 0,
    fields: {
      topics: array(topic),
    },
  }),
  response: message<DescribeQuorumResponse>({
    name: 'DescribeQuorumResponse',
    apiKey: 55,
    versions: { min: 0, max: 2 },
    flexibleFrom: 0,
    fields: {
      errorCode: int16,
      errorMessage: nullable(string, 2).since(2).ignorable(),
      topics: array(topicResult),
      nodes: array(node).since(2),
    },
  }),
}
