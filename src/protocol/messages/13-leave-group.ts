import type { Api } from '../api.ts'
import { array, int16, int32, message, nullable, string, struct } from '../schema.ts'

/**
 * Takes members out of a classic group at once, without waiting for their session timeout. A member sends it for
 * itself, an administrator for others from version 3 on (KIP-345).
 */
export interface LeaveGroupRequest {
  groupId: string
  /** Up to version 2: the one member that leaves. */
  memberId: string
  /** From version 3 on. */
  members: LeaveGroupMember[]
}

export interface LeaveGroupMember {
  /** May be empty for a static member. */
  memberId: string
  /** Null for a dynamic member. */
  groupInstanceId: string | null
  /** For the broker's log (KIP-800). */
  reason: string | null
}

const member = struct<LeaveGroupMember>({
  memberId: string,
  groupInstanceId: nullable(string).default(null),
  reason: nullable(string, 5).since(5).default(null).ignorable(),
})

export interface LeaveGroupResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /** NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, GROUP_AUTHORIZATION_FAILED; below version 3 also UNKNOWN_MEMBER_ID. */
  errorCode: number
  members: LeaveGroupMemberResult[]
}

export interface LeaveGroupMemberResult {
  memberId: string
  groupInstanceId: string | null
  /** UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID. */
  errorCode: number
}

const memberResult = struct<LeaveGroupMemberResult>({
  memberId: string,
  groupInstanceId: nullable(string),
  errorCode: int16,
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
      members: array(member).since(3),
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
      members: array(memberResult).since(3),
    },
  }),
}
