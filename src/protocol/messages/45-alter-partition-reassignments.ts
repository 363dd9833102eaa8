import type { Api } from '../api.ts'
import { array, boolean, int16, int32, message, nullable, string, struct } from '../schema.ts'

/**
 * Moves partitions to other brokers, or calls a move off (KIP-455). Goes to the controller, needs Alter on the cluster.
 * The answer says that the move has begun; ListPartitionReassignments shows what is still going on.
 */
export interface AlterPartitionReassignmentsRequest {
  /** How long the controller may take to begin. Default 60000. */
  timeoutMs: number
  /**
   * Whether a partition may end up with more or fewer replicas than it has. Versions before 1 always allow it. Default
   * true.
   */
  allowReplicationFactorChange: boolean
  topics: AlterPartitionReassignmentsTopic[]
}

export interface AlterPartitionReassignmentsTopic {
  name: string
  partitions: AlterPartitionReassignmentsPartition[]
}

export interface AlterPartitionReassignmentsPartition {
  partitionIndex: number
  /**
   * Node ids of the replicas to end up with, the preferred leader first; null, the default, calls the running move off.
   */
  replicas: number[] | null
}

export interface AlterPartitionReassignmentsResponse {
  /** Milliseconds to wait before the next request after a quota was exceeded. */
  throttleTimeMs: number
  /** As the request had it; true before version 1. */
  allowReplicationFactorChange: boolean
  /** CLUSTER_AUTHORIZATION_FAILED. REQUEST_TIMED_OUT: the moves may still begin. NOT_CONTROLLER is retried. */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
  responses: AlterPartitionReassignmentsTopicResult[]
}

export interface AlterPartitionReassignmentsTopicResult {
  name: string
  partitions: AlterPartitionReassignmentsPartitionResult[]
}

export interface AlterPartitionReassignmentsPartitionResult {
  partitionIndex: number
  /**
   * INVALID_REPLICA_ASSIGNMENT for replicas that are empty, doubled or on unknown brokers, INVALID_REPLICATION_FACTOR
   * when their number changes without leave, NO_REASSIGNMENT_IN_PROGRESS when there is nothing to call off,
   * UNKNOWN_TOPIC_OR_PARTITION.
   */
  errorCode: number
  /** Null when the broker has nothing to add to the code. */
  errorMessage: string | null
}

const partition = struct<AlterPartitionReassignmentsPartition>({
  partitionIndex: int32,
  replicas: nullable(array(int32)).default(null),
})

const topic = struct<AlterPartitionReassignmentsTopic>({
  name: string,
  partitions: array(partition),
})

const partitionResult = struct<AlterPartitionReassignmentsPartitionResult>({
  partitionIndex: int32,
  errorCode: int16,
  errorMessage: nullable(string),
})

const topicResult = struct<AlterPartitionReassignmentsTopicResult>({
  name: string,
  partitions: array(partitionResult),
})

export const alterPartitionReassignmentsApi: Api<
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse
> = {
  name: 'AlterPartitionReassignments',
  key: 45,
  request: message<AlterPartitionReassignmentsRequest>({
    name: 'AlterPartitionReassignmentsRequest',
    apiKey: 45,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: {
      timeoutMs: int32.default(60000),
      allowReplicationFactorChange: boolean.since(1).default(true),
      topics: array(topic),
    },
  }),
  response: message<AlterPartitionReassignmentsResponse>({
    name: 'AlterPartitionReassignmentsResponse',
    apiKey: 45,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: {
      throttleTimeMs: int32,
      allowReplicationFactorChange: boolean.since(1).default(true).ignorable(),
      errorCode: int16,
      errorMessage: nullable(string),
      responses: array(topicResult),
    },
  }),
}
