import type { Api } from '../api.ts'
import { array, int16, int32, message, nullable, string, struct, uuid } from '../schema.ts'

/** Makes a share group forget whole topics; the group must have no members (KIP-932). */
export interface DeleteShareGroupOffsetsRequest {
  groupId: string
  topics: DeleteShareGroupOffsetsRequestTopic[]
}

export interface DeleteShareGroupOffsetsRequestTopic {
  topicName: string
}

/** One result for each topic. */
export interface DeleteShareGroupOffsetsResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * NOT_COORDINATOR and COORDINATOR_NOT_AVAILABLE: look the coordinator up again; COORDINATOR_LOAD_IN_PROGRESS: wait;
   * NON_EMPTY_GROUP: stop its members first; GROUP_ID_NOT_FOUND, GROUP_AUTHORIZATION_FAILED, INVALID_REQUEST,
   * KAFKA_STORAGE_ERROR, UNKNOWN_SERVER_ERROR.
   */
  errorCode: number
  errorMessage: string | null
  responses: DeleteShareGroupOffsetsTopic[]
}

export interface DeleteShareGroupOffsetsTopic {
  topicName: string
  /** The zero UUID with an error. */
  topicId: string
  /** TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION, or what the share coordinator answered. */
  errorCode: number
  errorMessage: string | null
}

const requestTopic = struct<DeleteShareGroupOffsetsRequestTopic>({ topicName: string })

const topic = struct<DeleteShareGroupOffsetsTopic>({
  topicName: string,
  topicId: uuid,
  errorCode: int16,
  errorMessage: nullable(string).default(null),
})

export const deleteShareGroupOffsetsApi: Api<DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse> = {
  name: 'DeleteShareGroupOffsets',
  key: 92,
  request: message<DeleteShareGroupOffsetsRequest>({
    name: 'DeleteShareGroupOffsetsRequest',
    apiKey: 92,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { groupId: string, topics: array(requestTopic) },
  }),
  response: message<DeleteShareGroupOffsetsResponse>({
    name: 'DeleteShareGroupOffsetsResponse',
    apiKey: 92,
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
