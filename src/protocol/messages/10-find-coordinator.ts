import type { Api } from '../api.ts'
import { array, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/**
 * Asks any broker which one coordinates a group or transactional id, or from version 4 on several of one type
 * (KIP-699).
 */
export interface FindCoordinatorRequest {
  /** Up to version 3. */
  key: string
  /** 0 group, 1 transactional id (version 1), 2 share partition, whose key is `group:topicId:partition` (version 6). */
  keyType: number
  /** From version 4 on. */
  coordinatorKeys: string[]
}

/** Up to version 3 the answer is in the fields of the response itself, from version 4 on in `coordinators`. */
export interface FindCoordinatorResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /** As in FindCoordinatorResult. */
  errorCode: number
  errorMessage: string | null
  nodeId: number
  host: string
  port: number
  coordinators: FindCoordinatorResult[]
}

export interface FindCoordinatorResult {
  key: string
  /** -1 on an error. */
  nodeId: number
  host: string
  port: number
  /**
   * Retried: COORDINATOR_NOT_AVAILABLE (also while the internal topic is being created), COORDINATOR_LOAD_IN_PROGRESS;
   * else GROUP_AUTHORIZATION_FAILED, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, INVALID_REQUEST, TRANSACTION_ABORTABLE.
   */
  errorCode: number
  errorMessage: string | null
}

const result = struct<FindCoordinatorResult>({
  key: string,
  nodeId: int32,
  host: string,
  port: int32,
  errorCode: int16,
  errorMessage: nullable(string).ignorable(),
})

export const findCoordinatorApi: Api<FindCoordinatorRequest, FindCoordinatorResponse> = {
  name: 'FindCoordinator',
  key: 10,
  request: message<FindCoordinatorRequest>({
    name: 'FindCoordinatorRequest',
    apiKey: 10,
    versions: { min: 0, max: 6 },
    flexibleFrom: 3,
    fields: {
      key: string.until(3),
      keyType: int8.since(1),
      coordinatorKeys: array(string).since(4),
    },
  }),
  response: message<FindCoordinatorResponse>({
    name: 'FindCoordinatorResponse',
    apiKey: 10,
    versions: { min: 0, max: 6 },
    flexibleFrom: 3,
    fields: {
      throttleTimeMs: int32.since(1).ignorable(),
      errorCode: int16.until(3),
      errorMessage: nullable(string, 1, 3).since(1).until(3).ignorable(),
      nodeId: int32.until(3),
      host: string.until(3),
      port: int32.until(3),
      coordinators: array(result).since(4),
    },
  }),
}
