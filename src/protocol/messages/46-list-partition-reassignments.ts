import type { Api } from '../api.ts'
import { array, int16, int32, message, nullable, string, struct } from '../schema.ts'

/** Asks the controller which partitions are being moved between brokers (KIP-455). Needs Describe on the cluster. */
export interface ListPartitionReassignmentsRequest {
  /** How long the controller may take. Default 60000. */
  timeoutMs: number
  /** Null, the default, for all topics. */
  topics: ListPartitionReassignmentsTopic[] | null
}

export interface ListPartitionReassignmentsTopic {
  name: string
  partitionIndexes: number[]
}

export interface ListPartitionReassignmentsResponse {
  /** Milliseconds to wait before the next request after a quota was exceeded. */
  throttleTimeMs: number
  /** CLUSTER_AUTHORIZATION_FAILED, REQUEST_TIMED_OUT. NOT_CONTROLLER is retried. */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
  /** Partitions that are not being moved, or do not exist, are left out. */
  topics: ListPartitionReassignmentsTopicResult[]
}

export interface ListPartitionReassignmentsTopicResult {
  name: string
  partitions: ListPartitionReassignmentsPartitionResult[]
}

export interface ListPartitionReassignmentsPartitionResult {
  partitionIndex: number
  /** Node ids of all present replicas, those coming and those leaving included. */
  replicas: number[]
  addingReplicas: number[]
  removingReplicas: number[]
}

const topic = struct<ListPartitionReassignmentsTopic>({
  name: string,
  partitionIndexes: array(int32),
})

const partitionResult = struct<ListPartitionReassignmentsPartitionResult>({
  partitionIndex: int32,
  replicas: array(int32),
  addingReplicas: array(int32),
  removingReplicas: array(int32),
})

const topicResult = struct<ListPartitionReassignmentsTopicResult>({
  name: string,
  partitions: array(partitionResult),
})

export const listPartitionReassignmentsApi: Api<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse> =
  {
    name: 'ListPartitionReassignments',
    key: 46,
    request: message<ListPartitionReassignmentsRequest>({
      name: 'ListPartitionReassignmentsRequest',
      apiKey: 46,
      versions: { min: 0, max: 0 },
      flexibleFrom: 0,
      fields: {
        timeoutMs: int32.default(60000),
        topics: nullable(array(topic)).default(null),
      },
    }),
    response: message<ListPartitionReassignmentsResponse>({
      name: 'ListPartitionReassignmentsResponse',
      apiKey: 46,
      versions: { min: 0, max: 0 },
      flexibleFrom: 0,
      fields: {
        throttleTimeMs: int32,
        errorCode: int16,
        errorMessage: nullable(string),
        topics: array(topicResult),
      },
    }),
  }
