import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int8, message, nullable, string, struct, uuid } from '../schema.ts'

/** Creates topics. Goes to the controller of ZooKeeper clusters; a broker of a KRaft cluster passes it on. */
export interface CreateTopicsRequest {
  topics: CreateTopicsTopic[]
  /** Milliseconds that the controller may take. Default 60000. */
  timeoutMs: number
  /** Whether only to check if the topics could be created. */
  validateOnly: boolean
}

export interface CreateTopicsTopic {
  name: string
  /** -1 for the broker's `num.partitions` (version 4, KIP-464), or when `assignments` says it. */
  numPartitions: number
  /** -1 for the broker's `default.replication.factor` (version 4), or when `assignments` says it. */
  replicationFactor: number
  /** Empty to let the controller place the replicas. */
  assignments: CreateTopicsAssignment[]
  configs: CreateTopicsConfig[]
}

export interface CreateTopicsAssignment {
  partitionIndex: number
  /** Node ids of the replicas, the preferred leader first. */
  brokerIds: number[]
}

export interface CreateTopicsConfig {
  /** Such as `cleanup.policy`. */
  name: string
  value: string | null
}

const assignment = struct<CreateTopicsAssignment>({
  partitionIndex: int32,
  brokerIds: array(int32),
})

const config = struct<CreateTopicsConfig>({
  name: string,
  value: nullable(string),
})

const topic = struct<CreateTopicsTopic>({
  name: string,
  numPartitions: int32,
  replicationFactor: int16,
  assignments: array(assignment),
  configs: array(config),
})

export interface CreateTopicsResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  topics: CreateTopicsTopicResult[]
}

export interface CreateTopicsTopicResult {
  name: string
  /** The zero UUID on an error. */
  topicId: string
  /**
   * TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR,
   * INVALID_REPLICA_ASSIGNMENT, INVALID_CONFIG, POLICY_VIOLATION, TOPIC_AUTHORIZATION_FAILED,
   * CLUSTER_AUTHORIZATION_FAILED, INVALID_REQUEST for a name given twice; retried: NOT_CONTROLLER, REQUEST_TIMED_OUT,
   * THROTTLING_QUOTA_EXCEEDED (version 6, KIP-599).
   */
  errorCode: number
  errorMessage: string | null
  /** Why the fields below are not filled, such as TOPIC_AUTHORIZATION_FAILED. */
  topicConfigErrorCode: number
  /** -1 on an error (version 5, KIP-525). */
  numPartitions: number
  /** -1 on an error. */
  replicationFactor: number
  /** The configuration in force, defaults included; null on an error. */
  configs: CreateTopicsConfigResult[] | null
}

export interface CreateTopicsConfigResult {
  name: string
  /** Null when it is sensitive. */
  value: string | null
  readOnly: boolean
  /** 1 topic, 2 broker, 3 default of all brokers, 4 the broker's file, 5 built in, 6 broker logger; -1 unknown. */
  configSource: number
  isSensitive: boolean
}

const configResult = struct<CreateTopicsConfigResult>({
  name: string,
  value: nullable(string),
  readOnly: boolean,
  configSource: int8.default(-1),
  isSensitive: boolean,
})

const topicResult = struct<CreateTopicsTopicResult>({
  name: string,
  topicId: uuid.since(7).ignorable(),
  errorCode: int16,
  errorMessage: nullable(string),
  topicConfigErrorCode: int16.since(5).tagged(0).ignorable(),
  numPartitions: int32.since(5).default(-1).ignorable(),
  replicationFactor: int16.since(5).default(-1).ignorable(),
  configs: nullable(array(configResult), 5).since(5).ignorable(),
})

export const createTopicsApi: Api<CreateTopicsRequest, CreateTopicsResponse> = {
  name: 'CreateTopics',
  key: 19,
  request: message<CreateTopicsRequest>({
    name: 'CreateTopicsRequest',
    apiKey: 19,
    versions: { min: 2, max: 7 },
    flexibleFrom: 5,
    fields: {
      topics: array(topic),
      timeoutMs: int32.default(60000),
      validateOnly: boolean,
    },
  }),
  response: message<CreateTopicsResponse>({
    name: 'CreateTopicsResponse',
    apiKey: 19,
    versions: { min: 2, max: 7 },
    flexibleFrom: 5,
    fields: {
      throttleTimeMs: int32,
      topics: array(topicResult),
    },
  }),
}
