import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, nullable, string, struct, uuid } from '../schema.ts'

/** Sets where a share group starts in its partitions; the group must have no members (KIP-932). */
export interface AlterShareGroupOffsetsRequest {
  groupId: string
  topics: AlterShareGroupOffsetsRequestTopic[]
}

export interface AlterShareGroupOffsetsRequestTopic {
  topicName: string
  partitions: AlterShareGroupOffsetsRequestPartition[]
}

export interface AlterShareGroupOffsetsRequestPartition {
  partitionIndex: number
  /** First offset that the group is to deliver. */
  startOffset: bigint
}

/** One result for each partition. */
export interface AlterShareGroupOffsetsResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * NOT_COORDINATOR and COORDINATOR_NOT_AVAILABLE: look the coordinator up again; COORDINATOR_LOAD_IN_PROGRESS: wait;
   * NON_EMPTY_GROUP: stop its members first; GROUP_ID_NOT_FOUND, GROUP_AUTHORIZATION_FAILED, INVALID_REQUEST,
   * KAFKA_STORAGE_ERROR, UNKNOWN_SERVER_ERROR.
   */
  errorCode: number
  errorMessage: string | null
  responses: AlterShareGroupOffsetsTopic[]
}

export interface AlterShareGroupOffsetsTopic {
  topicName: string
  /** The zero UUID with an error. */
  topicId: string
  partitions: AlterShareGroupOffsetsPartition[]
}

export interface AlterShareGroupOffsetsPartition {
  partitionIndex: number
  /** TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION, or what the share coordinator answered. */
  errorCode: number
  errorMessage: string | null
}

const requestPartition = struct<AlterShareGroupOffsetsRequestPartition>({ partitionIndex: int32, startOffset: int64 })

const requestTopic = struct<AlterShareGroupOffsetsRequestTopic>({
  topicName: string,
  partitions: array(requestPartition),
})

const partition = struct<AlterShareGroupOffsetsPartition>({
  partitionIndex: int32,
  errorCode: int16,
  errorMessage: nullable(string).default(null),
})

const topic = struct<AlterShareGroupOffsetsTopic>({ topicName: string, topicId: uuid, partitions: array(partition) })

export const alterShareGroupOffsetsApi: Api<AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse> = {
  name: 'AlterShareGroupOffsets',
  key: 91,
  request: message<AlterShareGroupOffsetsRequest>({
    name: 'AlterShareGroupOffsetsRequest',
    apiKey: 91,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { groupId: string, topics: array(requestTopic) },
  }),
  response: message<AlterShareGroupOffsetsResponse>({
    name: 'AlterShareGroupOffsetsResponse',
    apiKey: 91,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
      errorMessage: nullable(string).default(null),
      responses: array(topic),
    },
  }),
}
