import type { Api } from '../api.ts'
import { array, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface FindCoordinatorRequest {
  /** DRAFT The coordinator key. [until 3] */
  key: string
  /** DRAFT The coordinator key type. (group, transaction, share). [since 1, default 0] */
  keyType: number
  /** DRAFT The coordinator keys. [since 4] */
  coordinatorKeys: string[]
}

/** DRAFT what it asks or answers */
export interface FindCoordinatorResponse {
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. [since 1] */
  throttleTimeMs: number
  /** DRAFT The error code, or 0 if there was no error. [until 3] */
  errorCode: number
  /** DRAFT The error message, or null if there was no error. [since 1, until 3] */
  errorMessage: string | null
  /** DRAFT The node id. [until 3] */
  nodeId: number
  /** DRAFT The host name. [until 3] */
  host: string
  /** DRAFT The port. [until 3] */
  port: number
  /** DRAFT Each coordinator result in the response. [since 4] */
  coordinators: FindCoordinatorCoordinator[]
}

export interface FindCoordinatorCoordinator {
  /** DRAFT The coordinator key. [since 4] */
  key: string
  /** DRAFT The node id. [since 4] */
  nodeId: number
  /** DRAFT The host name. [since 4] */
  host: string
  /** DRAFT The port. [since 4] */
  port: number
  /** DRAFT The error code, or 0 if there was no error. [since 4] */
  errorCode: number
  /** DRAFT The error message, or null if there was no error. [since 4] */
  errorMessage: string | null
}

const coordinator = struct<FindCoordinatorCoordinator>({
  key: string.since(4),
  nodeId: int32.since(4),
  host: string.since(4),
  port: int32.since(4),
  errorCode: int16.since(4),
  errorMessage: nullable(string, 4).since(4).ignorable(),
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
      coordinators: array(coordinator).since(4),
    },
  }),
}
