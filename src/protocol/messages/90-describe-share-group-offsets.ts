import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, nullable, string, struct, uuid } from '../schema.ts'

/** Asks a group coordinator how far share groups have come (KIP-932). */
export interface DescribeShareGroupOffsetsRequest {
  groups: DescribeShareGroupOffsetsRequestGroup[]
}

export interface DescribeShareGroupOffsetsRequestGroup {
  groupId: string
  /** Null for all partitions that the group has state of. */
  topics: DescribeShareGroupOffsetsRequestTopic[] | null
}

export interface DescribeShareGroupOffsetsRequestTopic {
  topicName: string
  partitions: number[]
}

/** One result for each group asked for. */
export interface DescribeShareGroupOffsetsResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  groups: DescribeShareGroupOffsetsGroup[]
}

export interface DescribeShareGroupOffsetsGroup {
  groupId: string
  topics: DescribeShareGroupOffsetsTopic[]
  /**
   * NOT_COORDINATOR and COORDINATOR_NOT_AVAILABLE: look the coordinator up again; COORDINATOR_LOAD_IN_PROGRESS: wait;
   * GROUP_ID_NOT_FOUND, GROUP_AUTHORIZATION_FAILED, INVALID_REQUEST, UNKNOWN_SERVER_ERROR.
   */
  errorCode: number
  errorMessage: string | null
}

export interface DescribeShareGroupOffsetsTopic {
  topicName: string
  /** The zero UUID with an error. */
  topicId: string
  partitions: DescribeShareGroupOffsetsPartition[]
}

export interface DescribeShareGroupOffsetsPartition {
  partitionIndex: number
  /** First offset in flight: all before it are done with. -1 when the group has not begun the partition. */
  startOffset: bigint
  leaderEpoch: number
  /** Records that still wait to be done with (KIP-1226); -1 when unknown. */
  lag: bigint
  /** TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION, or what the share coordinator answered. */
  errorCode: number
  errorMessage: string | null
}

const requestTopic = struct<DescribeShareGroupOffsetsRequestTopic>({ topicName: string, partitions: array(int32) })

const requestGroup = struct<DescribeShareGroupOffsetsRequestGroup>({
  groupId: string,
  topics: nullable(array(requestTopic)),
})

const partition = struct<DescribeShareGroupOffsetsPartition>({
  partitionIndex: int32,
  startOffset: int64,
  leaderEpoch: int32,
  lag: int64.since(1).default(-1n).ignorable(),
  errorCode: int16,
  errorMessage: nullable(string).default(null),
})

const topic = struct<DescribeShareGroupOffsetsTopic>({ topicName: string, topicId: uuid, partitions: array(partition) })

const group = struct<DescribeShareGroupOffsetsGroup>({
  groupId: string,
  topics: array(topic),
  errorCode: int16,
  errorMessage: nullable(string).default(null),
})

export const describeShareGroupOffsetsApi: Api<DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse> = {
  name: 'DescribeShareGroupOffsets',
  key: 90,
  request: message<DescribeShareGroupOffsetsRequest>({
    name: 'DescribeShareGroupOffsetsRequest',
    apiKey: 90,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: { groups: array(requestGroup) },
  }),
  response: message<DescribeShareGroupOffsetsResponse>({
    name: 'DescribeShareGroupOffsetsResponse',
    apiKey: 90,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: { throttleTimeMs: int32, groups: array(group) },
  }),
}
