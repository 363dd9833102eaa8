import type { Api } from '../api.ts'
import { array, int16, int32, int64, int8, message, string, struct } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface ListOffsetsRequest {
  /** DRAFT The broker ID of the requester, or -1 if this request is being made by a normal consumer. */
  replicaId: number
  /** DRAFT This setting controls the visibility of transactional records. Using READ_UNCOMMITTED (isolation_level = 0) makes all records visible. With READ_COMMITTED (isolation_level = 1), non-transactional and COMMITTED transactional records are visible. To be more concrete, READ_COMMITTED returns all data from offsets smaller than the current LSO (last stable offset), and enables the inclusion of the list of aborted transactions in the result, which allows consumers to discard ABORTED transactional records. [since 2] */
  isolationLevel: number
  /** DRAFT Each topic in the request. */
  topics: ListOffsetsTopic[]
  /** DRAFT The timeout to await a response in milliseconds for requests that require reading from remote storage for topics enabled with tiered storage. [since 10] */
  timeoutMs: number
}

export interface ListOffsetsTopic {
  /** DRAFT The topic name. */
  name: string
  /** DRAFT Each partition in the request. */
  partitions: ListOffsetsPartition[]
}

export interface ListOffsetsPartition {
  /** DRAFT The partition index. */
  partitionIndex: number
  /** DRAFT The current leader epoch. [since 4, default -1] */
  currentLeaderEpoch: number
  /** DRAFT The current timestamp. */
  timestamp: bigint
}

const partition = struct<ListOffsetsPartition>({
  partitionIndex: int32,
  currentLeaderEpoch: int32.since(4).default(-1).ignorable(),
  timestamp: int64,
})

const topic = struct<ListOffsetsTopic>({
  name: string,
  partitions: array(partition),
})

/** DRAFT what it asks or answers */
export interface ListOffsetsResponse {
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. [since 2] */
  throttleTimeMs: number
  /** DRAFT Each topic in the response. */
  topics: ListOffsetsTopicResponse[]
}

export interface ListOffsetsTopicResponse {
  /** DRAFT The topic name. */
  name: string
  /** DRAFT Each partition in the response. */
  partitions: ListOffsetsPartitionResponse[]
}

export interface ListOffsetsPartitionResponse {
  /** DRAFT The partition index. */
  partitionIndex: number
  /** DRAFT The partition error code, or 0 if there was no error. */
  errorCode: number
  /** DRAFT The timestamp associated with the returned offset. [default -1] */
  timestamp: bigint
  /** DRAFT The returned offset. [default -1] */
  offset: bigint
  /** DRAFT The leader epoch associated with the returned offset. [since 4, default -1] */
  leaderEpoch: number
}

const partitionResponse = struct<ListOffsetsPartitionResponse>({
  partitionIndex: int32,
  errorCode: int16,
  timestamp: int64.since(1).default(-1n),
  offset: int64.since(1).default(-1n),
  leaderEpoch: int32.since(4).default(-1),
})

const topicResponse = struct<ListOffsetsTopicResponse>({
  name: string,
  partitions: array(partitionResponse),
})

export const listOffsetsApi: Api<ListOffsetsRequest, ListOffsetsResponse> = {
  name: 'ListOffsets',
  key: 2,
  request: message<ListOffsetsRequest>({
    name: 'ListOffsetsRequest',
    apiKey: 2,
    versions: { min: 1, max: 11 },
    flexibleFrom: 6,
    fields: {
      replicaId: int32,
      isolationLevel: int8.since(2),
      topics: array(topic),
      timeoutMs: int32.since(10).ignorable(),
    },
  }),
  response: message<ListOffsetsResponse>({
    name: 'ListOffsetsResponse',
    apiKey: 2,
    versions: { min: 1, max: 11 },
    flexibleFrom: 6,
    fields: {
      throttleTimeMs: int32.since(2).ignorable(),
      topics: array(topicResponse),
    },
  }),
}
