import type { Api } from '../api.ts'
import { array, bytes, int16, int32, message, nullable, string, struct } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface SyncGroupRequest {
  /** DRAFT The unique group identifier. */
  groupId: string
  /** DRAFT The generation of the group. */
  generationId: number
  /** DRAFT The member ID assigned by the group. */
  memberId: string
  /** DRAFT The unique identifier of the consumer instance provided by end user. [since 3, default null] */
  groupInstanceId: string | null
  /** DRAFT The group protocol type. [since 5, default null] */
  protocolType: string | null
  /** DRAFT The group protocol name. [since 5, default null] */
  protocolName: string | null
  /** DRAFT Each assignment. */
  assignments: SyncGroupRequestAssignment[]
}

export interface SyncGroupRequestAssignment {
  /** DRAFT The ID of the member to assign. */
  memberId: string
  /** DRAFT The member assignment. */
  assignment: Uint8Array
}

const requestAssignment = struct<SyncGroupRequestAssignment>({
  memberId: string,
  assignment: bytes,
})

/** DRAFT what it asks or answers */
export interface SyncGroupResponse {
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. [since 1] */
  throttleTimeMs: number
  /** DRAFT The error code, or 0 if there was no error. */
  errorCode: number
  /** DRAFT The group protocol type. [since 5, default null] */
  protocolType: string | null
  /** DRAFT The group protocol name. [since 5, default null] */
  protocolName: string | null
  /** DRAFT The member assignment. */
  assignment: Uint8Array
}

export const syncGroupApi: Api<SyncGroupRequest, SyncGroupResponse> = {
  name: 'SyncGroup',
  key: 14,
  request: message<SyncGroupRequest>({
    name: 'SyncGroupRequest',
    apiKey: 14,
    versions: { min: 0, max: 5 },
    flexibleFrom: 4,
    fields: {
      groupId: string,
      generationId: int32,
      memberId: string,
      groupInstanceId: nullable(string, 3).since(3).default(null),
      protocolType: nullable(string, 5).since(5).default(null).ignorable(),
      protocolName: nullable(string, 5).since(5).default(null).ignorable(),
      assignments: array(requestAssignment),
    },
  }),
  response: message<SyncGroupResponse>({
    name: 'SyncGroupResponse',
    apiKey: 14,
    versions: { min: 0, max: 5 },
    flexibleFrom: 4,
    fields: {
      throttleTimeMs: int32.since(1).ignorable(),
      errorCode: int16,
      protocolType: nullable(string, 5).since(5).default(null).ignorable(),
      protocolName: nullable(string, 5).since(5).default(null).ignorable(),
      assignment: bytes,
    },
  }),
}
