import type { Api } from '../api.ts'
import { int16, int32, message, nullable, string } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface HeartbeatRequest {
  /** DRAFT The group id. */
  groupId: string
  /** DRAFT The generation of the group. */
  generationId: number
  /** DRAFT The member ID. */
  memberId: string
  /** DRAFT The unique identifier of the consumer instance provided by end user. [since 3, default null] */
  groupInstanceId: string | null
}

/** DRAFT what it asks or answers */
export interface HeartbeatResponse {
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. [since 1] */
  throttleTimeMs: number
  /** DRAFT The error code, or 0 if there was no error. */
  errorCode: number
}

export const heartbeatApi: Api<HeartbeatRequest, HeartbeatResponse> = {
  name: 'Heartbeat',
  key: 12,
  request: message<HeartbeatRequest>({
    name: 'HeartbeatRequest',
    apiKey: 12,
    versions: { min: 0, max: 4 },
    flexibleFrom: 4,
    fields: {
      groupId: string,
      generationId: int32,
      memberId: string,
      groupInstanceId: nullable(string, 3).since(3).default(null),
    },
  }),
  response: message<HeartbeatResponse>({
    name: 'HeartbeatResponse',
    apiKey: 12,
    versions: { min: 0, max: 4 },
    flexibleFrom: 4,
    fields: {
      throttleTimeMs: int32.since(1).ignorable(),
      errorCode: int16,
    },
  }),
}
