import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, nullable, string, struct, uuid } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface OffsetCommitRequest {
  /** DRAFT The unique group identifier. */
  groupId: string
  /** DRAFT The generation of the group if using the classic group protocol or the member epoch if using the consumer protocol. [default -1] */
  generationIdOrMemberEpoch: number
  /** DRAFT The member ID assigned by the group coordinator. */
  memberId: string
  /** DRAFT The unique identifier of the consumer instance provided by end user. [since 7, default null] */
  groupInstanceId: string | null
  /** DRAFT The time period in ms to retain the offset. [until 4, default -1] */
  retentionTimeMs: bigint
  /** DRAFT The topics to commit offsets for. */
  topics: OffsetCommitRequestTopic[]
}

export interface OffsetCommitRequestTopic {
  /** DRAFT The topic name. [until 9] */
  name: string
  /** DRAFT The topic ID. [since 10] */
  topicId: string
  /** DRAFT Each partition to commit offsets for. */
  partitions: OffsetCommitRequestPartition[]
}

export interface OffsetCommitRequestPartition {
  /** DRAFT The partition index. */
  partitionIndex: number
  /** DRAFT The message offset to be committed. */
  committedOffset: bigint
  /** DRAFT The leader epoch of this partition. [since 6, default -1] */
  committedLeaderEpoch: number
  /** DRAFT Any associated metadata the client wants to keep. */
  committedMetadata: string | null
}

const requestPartition = struct<OffsetCommitRequestPartition>({
  partitionIndex: int32,
  committedOffset: int64,
  committedLeaderEpoch: int32.since(6).default(-1).ignorable(),
  committedMetadata: nullable(string),
})

const requestTopic = struct<OffsetCommitRequestTopic>({
  name: string.until(9).ignorable(),
  topicId: uuid.since(10).ignorable(),
  partitions: array(requestPartition),
})

/** DRAFT what it asks or answers */
export interface OffsetCommitResponse {
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. [since 3] */
  throttleTimeMs: number
  /** DRAFT The responses for each topic. */
  topics: OffsetCommitResponseTopic[]
}

export interface OffsetCommitResponseTopic {
  /** DRAFT The topic name. [until 9] */
  name: string
  /** DRAFT The topic ID. [since 10] */
  topicId: string
  /** DRAFT The responses for each partition in the topic. */
  partitions: OffsetCommitResponsePartition[]
}

export interface OffsetCommitResponsePartition {
  /** DRAFT The partition index. */
  partitionIndex: number
  /** DRAFT The error code, or 0 if there was no error. */
  errorCode: number
}

const responsePartition = struct<OffsetCommitResponsePartition>({
  partitionIndex: int32,
  errorCode: int16,
})

const responseTopic = struct<OffsetCommitResponseTopic>({
  name: string.until(9).ignorable(),
  topicId: uuid.since(10).ignorable(),
  partitions: array(responsePartition),
})

export const offsetCommitApi: Api<OffsetCommitRequest, OffsetCommitResponse> = {
  name: 'OffsetCommit',
  key: 8,
  request: message<OffsetCommitRequest>({
    name: 'OffsetCommitRequest',
    apiKey: 8,
    versions: { min: 2, max: 10 },
    flexibleFrom: 8,
    fields: {
      groupId: string,
      generationIdOrMemberEpoch: int32.since(1).default(-1).ignorable(),
      memberId: string.since(1).ignorable(),
      groupInstanceId: nullable(string, 7).since(7).default(null),
      retentionTimeMs: int64.since(2).until(4).default(-1n).ignorable(),
      topics: array(requestTopic),
    },
  }),
  response: message<OffsetCommitResponse>({
    name: 'OffsetCommitResponse',
    apiKey: 8,
    versions: { min: 2, max: 10 },
    flexibleFrom: 8,
    fields: {
      throttleTimeMs: int32.since(3).ignorable(),
      topics: array(responseTopic),
    },
  }),
}
