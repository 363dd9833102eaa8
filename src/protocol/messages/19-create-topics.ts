import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int8, message, nullable, string, struct, uuid } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface CreateTopicsRequest {
  /** DRAFT The topics to create. */
  topics: CreateTopicsCreatableTopic[]
  /** DRAFT How long to wait in milliseconds before timing out the request. [default 60000] */
  timeoutMs: number
  /** DRAFT If true, check that the topics can be created as specified, but don't create anything. [default false] */
  validateOnly: boolean
}

export interface CreateTopicsCreatableTopic {
  /** DRAFT The topic name. */
  name: string
  /** DRAFT The number of partitions to create in the topic, or -1 if we are either specifying a manual partition assignment or using the default partitions. */
  numPartitions: number
  /** DRAFT The number of replicas to create for each partition in the topic, or -1 if we are either specifying a manual partition assignment or using the default replication factor. */
  replicationFactor: number
  /** DRAFT The manual partition assignment, or the empty array if we are using automatic assignment. */
  assignments: CreateTopicsCreatableReplicaAssignment[]
  /** DRAFT The custom topic configurations to set. */
  configs: CreateTopicsCreatableTopicConfig[]
}

export interface CreateTopicsCreatableReplicaAssignment {
  /** DRAFT The partition index. */
  partitionIndex: number
  /** DRAFT The brokers to place the partition on. */
  brokerIds: number[]
}

export interface CreateTopicsCreatableTopicConfig {
  /** DRAFT The configuration name. */
  name: string
  /** DRAFT The configuration value. */
  value: string | null
}

const creatableReplicaAssignment = struct<CreateTopicsCreatableReplicaAssignment>({
  partitionIndex: int32,
  brokerIds: array(int32),
})

const creatableTopicConfig = struct<CreateTopicsCreatableTopicConfig>({
  name: string,
  value: nullable(string),
})

const creatableTopic = struct<CreateTopicsCreatableTopic>({
  name: string,
  numPartitions: int32,
  replicationFactor: int16,
  assignments: array(creatableReplicaAssignment),
  configs: array(creatableTopicConfig),
})

/** DRAFT what it asks or answers */
export interface CreateTopicsResponse {
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  throttleTimeMs: number
  /** DRAFT Results for each topic we tried to create. */
  topics: CreateTopicsCreatableTopicResult[]
}

export interface CreateTopicsCreatableTopicResult {
  /** DRAFT The topic name. */
  name: string
  /** DRAFT The unique topic ID. [since 7] */
  topicId: string
  /** DRAFT The error code, or 0 if there was no error. */
  errorCode: number
  /** DRAFT The error message, or null if there was no error. [null 0+] */
  errorMessage: string | null
  /** DRAFT Optional topic config error returned if configs are not returned in the response. [since 5, tagged] */
  topicConfigErrorCode: number
  /** DRAFT Number of partitions of the topic. [since 5, default -1] */
  numPartitions: number
  /** DRAFT Replication factor of the topic. [since 5, default -1] */
  replicationFactor: number
  /** DRAFT Configuration of the topic. [since 5] */
  configs: CreateTopicsCreatableTopicConfigs[] | null
}

export interface CreateTopicsCreatableTopicConfigs {
  /** DRAFT The configuration name. [since 5] */
  name: string
  /** DRAFT The configuration value. [since 5] */
  value: string | null
  /** DRAFT True if the configuration is read-only. [since 5] */
  readOnly: boolean
  /** DRAFT The configuration source. [since 5, default -1] */
  configSource: number
  /** DRAFT True if this configuration is sensitive. [since 5] */
  isSensitive: boolean
}

const creatableTopicConfigs = struct<CreateTopicsCreatableTopicConfigs>({
  name: string.since(5),
  value: nullable(string, 5).since(5),
  readOnly: boolean.since(5),
  configSource: int8.since(5).default(-1).ignorable(),
  isSensitive: boolean.since(5),
})

const creatableTopicResult = struct<CreateTopicsCreatableTopicResult>({
  name: string,
  topicId: uuid.since(7).ignorable(),
  errorCode: int16,
  errorMessage: nullable(string).since(1).ignorable(),
  topicConfigErrorCode: int16.since(5).tagged(0).ignorable(),
  numPartitions: int32.since(5).default(-1).ignorable(),
  replicationFactor: int16.since(5).default(-1).ignorable(),
  configs: nullable(array(creatableTopicConfigs), 5).since(5).ignorable(),
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
      topics: array(creatableTopic),
      timeoutMs: int32.default(60000),
      validateOnly: boolean.since(1),
    },
  }),
  response: message<CreateTopicsResponse>({
    name: 'CreateTopicsResponse',
    apiKey: 19,
    versions: { min: 2, max: 7 },
    flexibleFrom: 5,
    fields: {
      throttleTimeMs: int32.since(2).ignorable(),
      topics: array(creatableTopicResult),
    },
  }),
}
