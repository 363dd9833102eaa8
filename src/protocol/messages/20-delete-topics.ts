import type { Api } from '../api.ts'
import { array, int16, int32, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * Deletes topics and their records. Goes to the controller of ZooKeeper clusters; a broker of a KRaft cluster passes it
 * on.
 */
export interface DeleteTopicsRequest {
  /** From version 6 on: each topic by name or by id. */
  topics: DeleteTopicsTopic[]
  /** Up to version 5. */
  topicNames: string[]
  /** Milliseconds that the controller may take. */
  timeoutMs: number
}

export interface DeleteTopicsTopic {
  /** Null when the topic is given by its id. */
  name: string | null
  /** The zero UUID when the topic is given by its name. */
  topicId: string
}

const topic = struct<DeleteTopicsTopic>({
  name: nullable(string).default(null),
  topicId: uuid,
})

export interface DeleteTopicsResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  responses: DeleteTopicsTopicResult[]
}

export interface DeleteTopicsTopicResult {
  /** Null when the topic was given by an id that does not exist, or that the client may not describe. */
  name: string | null
  topicId: string
  /**
   * UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, TOPIC_DELETION_DISABLED (INVALID_REQUEST below version 3),
   * TOPIC_AUTHORIZATION_FAILED, INVALID_REQUEST; retried: NOT_CONTROLLER, REQUEST_TIMED_OUT,
   * THROTTLING_QUOTA_EXCEEDED (version 5, KIP-599).
   */
  errorCode: number
  errorMessage: string | null
}

const topicResult = struct<DeleteTopicsTopicResult>({
  name: nullable(string, 6),
  topicId: uuid.since(6).ignorable(),
  errorCode: int16,
  errorMessage: nullable(string, 5).since(5).default(null).ignorable(),
})

export const deleteTopicsApi: Api<DeleteTopicsRequest, DeleteTopicsResponse> = {
  name: 'DeleteTopics',
  key: 20,
  request: message<DeleteTopicsRequest>({
    name: 'DeleteTopicsRequest',
    apiKey: 20,
    versions: { min: 1, max: 6 },
    flexibleFrom: 4,
    fields: {
      topics: array(topic).since(6),
      topicNames: array(string).until(5).ignorable(),
      timeoutMs: int32,
    },
  }),
  response: message<DeleteTopicsResponse>({
    name: 'DeleteTopicsResponse',
    apiKey: 20,
    versions: { min: 1, max: 6 },
    flexibleFrom: 4,
    fields: {
      throttleTimeMs: int32,
      responses: array(topicResult),
    },
  }),
}
