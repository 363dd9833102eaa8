import type { Api } from '../api.ts'
import { array, boolean, int16, int32, message, nullable, string, struct } from '../schema.ts'

/** Adds partitions to topics (KIP-195). Goes to the controller. Keys map to other partitions afterwards. */
export interface CreatePartitionsRequest {
  topics: CreatePartitionsTopic[]
  /** How long the controller may take until the partitions are there. */
  timeoutMs: number
  /** Whether only to check. */
  validateOnly: boolean
}

export interface CreatePartitionsTopic {
  name: string
  /** How many partitions the topic has in the end, not how many are added. */
  count: number
  /** One for each new partition; null to leave the choice to the controller. */
  assignments: CreatePartitionsAssignment[] | null
}

export interface CreatePartitionsAssignment {
  /** Node ids of the replicas, the preferred leader first. */
  brokerIds: number[]
}

export interface CreatePartitionsResponse {
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  results: CreatePartitionsResult[]
}

export interface CreatePartitionsResult {
  name: string
  /**
   * INVALID_PARTITIONS when the count is not above the present one, INVALID_REPLICA_ASSIGNMENT,
   * INVALID_REPLICATION_FACTOR when too few brokers are up, INVALID_REQUEST for a topic named twice,
   * UNKNOWN_TOPIC_OR_PARTITION, POLICY_VIOLATION, TOPIC_AUTHORIZATION_FAILED. Retried: NOT_CONTROLLER,
   * REASSIGNMENT_IN_PROGRESS (of brokers with ZooKeeper) and THROTTLING_QUOTA_EXCEEDED (from version 3 on, KIP-599,
   * after `throttleTimeMs`). After REQUEST_TIMED_OUT the partitions may still come to be.
   */
  errorCode: number
  /** Null when the broker has nothing to add to the code. */
  errorMessage: string | null
}

const assignment = struct<CreatePartitionsAssignment>({
  brokerIds: array(int32),
})

const topic = struct<CreatePartitionsTopic>({
  name: string,
  count: int32,
  assignments: nullable(array(assignment)),
})

const result = struct<CreatePartitionsResult>({
  name: string,
  errorCode: int16,
  errorMessage: nullable(string).default(null),
})

export const createPartitionsApi: Api<CreatePartitionsRequest, CreatePartitionsResponse> = {
  name: 'CreatePartitions',
  key: 37,
  request: message<CreatePartitionsRequest>({
    name: 'CreatePartitionsRequest',
    apiKey: 37,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      topics: array(topic),
      timeoutMs: int32,
      validateOnly: boolean,
    },
  }),
  response: message<CreatePartitionsResponse>({
    name: 'CreatePartitionsResponse',
    apiKey: 37,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      throttleTimeMs: int32,
      results: array(result),
    },
  }),
}
