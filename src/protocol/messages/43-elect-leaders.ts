import type { Api } from '../api.ts'
import { array, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/** Has the controller elect new leaders (KIP-183). Needs Alter on the cluster. */
export interface ElectLeadersRequest {
  /**
   * 0 for the preferred replica, the first of the assignment; 1 for any live replica of a partition without a leader,
   * at the loss of records that only replicas in sync had (KIP-460). Version 0 has 0 only.
   */
  electionType: number
  /** Null for all partitions. */
  topicPartitions: ElectLeadersTopic[] | null
  /** How long the controller waits for the new leaders. Default 60000. */
  timeoutMs: number
}

export interface ElectLeadersTopic {
  topic: string
  /** Partition indexes. */
  partitions: number[]
}

export interface ElectLeadersResponse {
  /** Milliseconds to wait before the next request after a quota was exceeded. */
  throttleTimeMs: number
  /** CLUSTER_AUTHORIZATION_FAILED, INVALID_REQUEST for an unknown type of election. NOT_CONTROLLER is retried. */
  errorCode: number
  /** When all partitions were asked for, those that needed no election are left out. */
  replicaElectionResults: ElectLeadersTopicResult[]
}

export interface ElectLeadersTopicResult {
  topic: string
  partitionResult: ElectLeadersPartitionResult[]
}

export interface ElectLeadersPartitionResult {
  partitionId: number
  /**
   * ELECTION_NOT_NEEDED: the partition is as it should be. PREFERRED_LEADER_NOT_AVAILABLE,
   * ELIGIBLE_LEADERS_NOT_AVAILABLE: the replicas in question are down or out of sync. UNKNOWN_TOPIC_OR_PARTITION.
   * REQUEST_TIMED_OUT: the election may still come about. Version 0 has the errors of the whole request here as well.
   */
  errorCode: number
  /** Null when the broker has nothing to add to the code. */
  errorMessage: string | null
}

const topic = struct<ElectLeadersTopic>({
  topic: string,
  partitions: array(int32),
})

const partitionResult = struct<ElectLeadersPartitionResult>({
  partitionId: int32,
  errorCode: int16,
  errorMessage: nullable(string),
})

const topicResult = struct<ElectLeadersTopicResult>({
  topic: string,
  partitionResult: array(partitionResult),
})

export const electLeadersApi: Api<ElectLeadersRequest, ElectLeadersResponse> = {
  name: 'ElectLeaders',
  key: 43,
  request: message<ElectLeadersRequest>({
    name: 'ElectLeadersRequest',
    apiKey: 43,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      electionType: int8.since(1),
      topicPartitions: nullable(array(topic)),
      timeoutMs: int32.default(60000),
    },
  }),
  response: message<ElectLeadersResponse>({
    name: 'ElectLeadersResponse',
    apiKey: 43,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16.since(1),
      replicaElectionResults: array(topicResult),
    },
  }),
}
