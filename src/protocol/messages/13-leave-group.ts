import type { Api } from '../api.ts'
import { array, int16, int32, message, nullable, string, struct } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface LeaveGroupRequest {
  /** DRAFT The ID of the group to leave. */
  groupId: string
  /** DRAFT The member ID to remove from the group. [until 2] */
  memberId: string
  /** DRAFT List of leaving member identities. [since 3] */
  members: LeaveGroupMemberIdentity[]
}

export interface LeaveGroupMemberIdentity {
  /** DRAFT The member ID to remove from the group. [since 3] */
  memberId: string
  /** DRAFT The group instance ID to remove from the group. [since 3, default null] */
  groupInstanceId: string | null
  /** DRAFT The reason why the member left the group. [since 5, default null] */
  reason: string | null
}

const memberIdentity = struct<LeaveGroupMemberIdentity>({
  memberId: string.since(3),
  groupInstanceId: nullable(string, 3).since(3).default(null),
  reason: nullable(string, 5).since(5).default(null).ignorable(),
})

/** DRAFT what it asks or answers */
export interface LeaveGroupResponse {
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. [since 1] */
  throttleTimeMs: number
  /** DRAFT The error code, or 0 if there was no error. */
  errorCode: number
  /** DRAFT List of leaving member responses. [since 3] */
  members: LeaveGroupMemberResponse[]
}

export interface LeaveGroupMemberResponse {
  /** DRAFT The member ID to remove from the group. [since 3] */
  memberId: string
  /** DRAFT The group instance ID to remove from the group. [since 3] */
  groupInstanceId: string | null
  /** DRAFT The error code, or 0 if there was no error. [since 3] */
  errorCode: number
}

const memberResponse = struct<LeaveGroupMemberResponse>({
  memberId: string.since(3),
  groupInstanceId: nullable(string, 3).since(3),
  errorCode: int16.since(3),
})

export const leaveGroupApi: Api<LeaveGroupRequest, LeaveGroupResponse> = {
  name: 'LeaveGroup',
  key: 13,
  request: message<LeaveGroupRequest>({
    name: 'LeaveGroupRequest',
    apiKey: 13,
    versions: { min: 0, max: 5 },
    flexibleFrom: 4,
    fields: {
      groupId: string,
      memberId: string.until(2),
      members: array(memberIdentity).since(3),
    },
  }),
  response: message<LeaveGroupResponse>({
    name: 'LeaveGroupResponse',
    apiKey: 13,
    versions: { min: 0, max: 5 },
    flexibleFrom: 4,
    fields: {
      throttleTimeMs: int32.since(1).ignorable(),
      errorCode: int16,
      members: array(memberResponse).since(3),
    },
  }),
}
