import type { Api } from '../api.ts'
import { array, int16, int32, message, nullable, string, struct, uuid } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface DeleteTopicsRequest {
  /** DRAFT The name or topic ID of the topic. [since 6] */
  topics: DeleteTopicsDeleteTopicState[]
  /** DRAFT The names of the topics to delete. [until 5] */
  topicNames: string[]
  /** DRAFT The length of time in milliseconds to wait for the deletions to complete. */
  timeoutMs: number
}

export interface DeleteTopicsDeleteTopicState {
  /** DRAFT The topic name. [since 6, default null] */
  name: string | null
  /** DRAFT The unique topic ID. [since 6] */
  topicId: string
}

const deleteTopicState = struct<DeleteTopicsDeleteTopicState>({
  name: nullable(string, 6).since(6).default(null),
  topicId: uuid.since(6),
})

/** DRAFT what it asks or answers */
export interface DeleteTopicsResponse {
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  throttleTimeMs: number
  /** DRAFT The results for each topic we tried to delete. */
  responses: DeleteTopicsDeletableTopicResult[]
}

export interface DeleteTopicsDeletableTopicResult {
  /** DRAFT The topic name. [null 6+] */
  name: string | null
  /** DRAFT The unique topic ID. [since 6] */
  topicId: string
  /** DRAFT The deletion error, or 0 if the deletion succeeded. */
  errorCode: number
  /** DRAFT The error message, or null if there was no error. [since 5, default null] */
  errorMessage: string | null
}

const deletableTopicResult = struct<DeleteTopicsDeletableTopicResult>({
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
      topics: array(deleteTopicState).since(6),
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
      throttleTimeMs: int32.since(1).ignorable(),
      responses: array(deletableTopicResult),
    },
  }),
}
