import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int64, message, nullable, string, struct, uuid } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface OffsetFetchRequest {
  /** DRAFT The group to fetch offsets for. [until 7] */
  groupId: string
  /** DRAFT Each topic we would like to fetch offsets for, or null to fetch offsets for all topics. [until 7, null 2-7] */
  topics: OffsetFetchRequestTopic[] | null
  /** DRAFT Each group we would like to fetch offsets for. [since 8] */
  groups: OffsetFetchRequestGroup[]
  /** DRAFT Whether broker should hold on returning unstable offsets but set a retriable error code for the partitions. [since 7, default false] */
  requireStable: boolean
}

export interface OffsetFetchRequestTopic {
  /** DRAFT The topic name. [until 7] */
  name: string
  /** DRAFT The partition indexes we would like to fetch offsets for. [until 7] */
  partitionIndexes: number[]
}

export interface OffsetFetchRequestGroup {
  /** DRAFT The group ID. [since 8] */
  groupId: string
  /** DRAFT The member id. [since 9, default null] */
  memberId: string | null
  /** DRAFT The member epoch if using the new consumer protocol (KIP-848). [since 9, default -1] */
  memberEpoch: number
  /** DRAFT Each topic we would like to fetch offsets for, or null to fetch offsets for all topics. [since 8] */
  topics: OffsetFetchRequestTopics[] | null
}

export interface OffsetFetchRequestTopics {
  /** DRAFT The topic name. [since 8, until 9] */
  name: string
  /** DRAFT The topic ID. [since 10] */
  topicId: string
  /** DRAFT The partition indexes we would like to fetch offsets for. [since 8] */
  partitionIndexes: number[]
}

const requestTopic = struct<OffsetFetchRequestTopic>({
  name: string.until(7),
  partitionIndexes: array(int32).until(7),
})

const requestTopics = struct<OffsetFetchRequestTopics>({
  name: string.since(8).until(9).ignorable(),
  topicId: uuid.since(10).ignorable(),
  partitionIndexes: array(int32).since(8),
})

const requestGroup = struct<OffsetFetchRequestGroup>({
  groupId: string.since(8),
  memberId: nullable(string, 9).since(9).default(null).ignorable(),
  memberEpoch: int32.since(9).default(-1).ignorable(),
  topics: nullable(array(requestTopics), 8).since(8),
})

/** DRAFT what it asks or answers */
export interface OffsetFetchResponse {
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. [since 3] */
  throttleTimeMs: number
  /** DRAFT The responses per topic. [until 7] */
  topics: OffsetFetchResponseTopic[]
  /** DRAFT The top-level error code, or 0 if there was no error. [since 2, until 7, default 0] */
  errorCode: number
  /** DRAFT The responses per group id. [since 8] */
  groups: OffsetFetchResponseGroup[]
}

export interface OffsetFetchResponseTopic {
  /** DRAFT The topic name. [until 7] */
  name: string
  /** DRAFT The responses per partition. [until 7] */
  partitions: OffsetFetchResponsePartition[]
}

export interface OffsetFetchResponsePartition {
  /** DRAFT The partition index. [until 7] */
  partitionIndex: number
  /** DRAFT The committed message offset. [until 7] */
  committedOffset: bigint
  /** DRAFT The leader epoch. [since 5, until 7, default -1] */
  committedLeaderEpoch: number
  /** DRAFT The partition metadata. [until 7] */
  metadata: string | null
  /** DRAFT The error code, or 0 if there was no error. [until 7] */
  errorCode: number
}

export interface OffsetFetchResponseGroup {
  /** DRAFT The group ID. [since 8] */
  groupId: string
  /** DRAFT The responses per topic. [since 8] */
  topics: OffsetFetchResponseTopics[]
  /** DRAFT The group-level error code, or 0 if there was no error. [since 8, default 0] */
  errorCode: number
}

export interface OffsetFetchResponseTopics {
  /** DRAFT The topic name. [since 8, until 9] */
  name: string
  /** DRAFT The topic ID. [since 10] */
  topicId: string
  /** DRAFT The responses per partition. [since 8] */
  partitions: OffsetFetchResponsePartitions[]
}

export interface OffsetFetchResponsePartitions {
  /** DRAFT The partition index. [since 8] */
  partitionIndex: number
  /** DRAFT The committed message offset. [since 8] */
  committedOffset: bigint
  /** DRAFT The leader epoch. [since 8, default -1] */
  committedLeaderEpoch: number
  /** DRAFT The partition metadata. [since 8] */
  metadata: string | null
  /** DRAFT The partition-level error code, or 0 if there was no error. [since 8] */
  errorCode: number
}

const responsePartition = struct<OffsetFetchResponsePartition>({
  partitionIndex: int32.until(7),
  committedOffset: int64.until(7),
  committedLeaderEpoch: int32.since(5).until(7).default(-1).ignorable(),
  metadata: nullable(string, 0, 7).until(7),
  errorCode: int16.until(7),
})

const responseTopic = struct<OffsetFetchResponseTopic>({
  name: string.until(7),
  partitions: array(responsePartition).until(7),
})

const responsePartitions = struct<OffsetFetchResponsePartitions>({
  partitionIndex: int32.since(8),
  committedOffset: int64.since(8),
  committedLeaderEpoch: int32.since(8).default(-1).ignorable(),
  metadata: nullable(string, 8).since(8),
  errorCode: int16.since(8),
})

const responseTopics = struct<OffsetFetchResponseTopics>({
  name: string.since(8).until(9).ignorable(),
  topicId: uuid.since(10).ignorable(),
  partitions: array(responsePartitions).since(8),
})

const responseGroup = struct<OffsetFetchResponseGroup>({
  groupId: string.since(8),
  topics: array(responseTopics).since(8),
  errorCode: int16.since(8),
})

export const offsetFetchApi: Api<OffsetFetchRequest, OffsetFetchResponse> = {
  name: 'OffsetFetch',
  key: 9,
  request: message<OffsetFetchRequest>({
    name: 'OffsetFetchRequest',
    apiKey: 9,
    versions: { min: 1, max: 10 },
    flexibleFrom: 6,
    fields: {
      groupId: string.until(7),
      topics: nullable(array(requestTopic), 2, 7).until(7),
      groups: array(requestGroup).since(8),
      requireStable: boolean.since(7),
    },
  }),
  response: message<OffsetFetchResponse>({
    name: 'OffsetFetchResponse',
    apiKey: 9,
    versions: { min: 1, max: 10 },
    flexibleFrom: 6,
    fields: {
      throttleTimeMs: int32.since(3).ignorable(),
      topics: array(responseTopic).until(7),
      errorCode: int16.since(2).until(7).ignorable(),
      groups: array(responseGroup).since(8),
    },
  }),
}
