import type { Api } from '../api.ts'
import { array, boolean, bytes, int16, int32, message, nullable, string, struct } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface JoinGroupRequest {
  /** DRAFT The group identifier. */
  groupId: string
  /** DRAFT The coordinator considers the consumer dead if it receives no heartbeat after this timeout in milliseconds. */
  sessionTimeoutMs: number
  /** DRAFT The maximum time in milliseconds that the coordinator will wait for each member to rejoin when rebalancing the group. [since 1, default -1] */
  rebalanceTimeoutMs: number
  /** DRAFT The member id assigned by the group coordinator. */
  memberId: string
  /** DRAFT The unique identifier of the consumer instance provided by end user. [since 5, default null] */
  groupInstanceId: string | null
  /** DRAFT The unique name the for class of protocols implemented by the group we want to join. */
  protocolType: string
  /** DRAFT The list of protocols that the member supports. */
  protocols: JoinGroupRequestProtocol[]
  /** DRAFT The reason why the member (re-)joins the group. [since 8, default null] */
  reason: string | null
}

export interface JoinGroupRequestProtocol {
  /** DRAFT The protocol name. */
  name: string
  /** DRAFT The protocol metadata. */
  metadata: Uint8Array
}

const requestProtocol = struct<JoinGroupRequestProtocol>({
  name: string,
  metadata: bytes,
})

/** DRAFT what it asks or answers */
export interface JoinGroupResponse {
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. [since 2] */
  throttleTimeMs: number
  /** DRAFT The error code, or 0 if there was no error. */
  errorCode: number
  /** DRAFT The generation ID of the group. [default -1] */
  generationId: number
  /** DRAFT The group protocol name. [since 7, default null] */
  protocolType: string | null
  /** DRAFT The group protocol selected by the coordinator. [null 7+] */
  protocolName: string | null
  /** DRAFT The leader of the group. */
  leader: string
  /** DRAFT True if the leader must skip running the assignment. [since 9, default false] */
  skipAssignment: boolean
  /** DRAFT The member ID assigned by the group coordinator. */
  memberId: string
  /** DRAFT The group members. */
  members: JoinGroupResponseMember[]
}

export interface JoinGroupResponseMember {
  /** DRAFT The group member ID. */
  memberId: string
  /** DRAFT The unique identifier of the consumer instance provided by end user. [since 5, default null] */
  groupInstanceId: string | null
  /** DRAFT The group member metadata. */
  metadata: Uint8Array
}

const responseMember = struct<JoinGroupResponseMember>({
  memberId: string,
  groupInstanceId: nullable(string, 5).since(5).default(null).ignorable(),
  metadata: bytes,
})

export const joinGroupApi: Api<JoinGroupRequest, JoinGroupResponse> = {
  name: 'JoinGroup',
  key: 11,
  request: message<JoinGroupRequest>({
    name: 'JoinGroupRequest',
    apiKey: 11,
    versions: { min: 0, max: 9 },
    flexibleFrom: 6,
    fields: {
      groupId: string,
      sessionTimeoutMs: int32,
      rebalanceTimeoutMs: int32.since(1).default(-1).ignorable(),
      memberId: string,
      groupInstanceId: nullable(string, 5).since(5).default(null),
      protocolType: string,
      protocols: array(requestProtocol),
      reason: nullable(string, 8).since(8).default(null).ignorable(),
    },
  }),
  response: message<JoinGroupResponse>({
    name: 'JoinGroupResponse',
    apiKey: 11,
    versions: { min: 0, max: 9 },
    flexibleFrom: 6,
    fields: {
      throttleTimeMs: int32.since(2).ignorable(),
      errorCode: int16,
      generationId: int32.default(-1),
      protocolType: nullable(string, 7).since(7).default(null).ignorable(),
      protocolName: nullable(string, 7),
      leader: string,
      skipAssignment: boolean.since(9),
      memberId: string,
      members: array(responseMember),
    },
  }),
}
