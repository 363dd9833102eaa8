import type { Api } from '../api.ts'
import { array, boolean, bytes, int16, int32, message, nullable, string, struct } from '../schema.ts'

/**
 * Asks a coordinator for the state and the members of classic groups. ConsumerGroupDescribe does the same for KIP-848
 * groups.
 */
export interface DescribeGroupsRequest {
  /** Ids of groups that this broker coordinates. */
  groups: string[]
  /** Whether to fill `authorizedOperations` (KIP-430). */
  includeAuthorizedOperations: boolean
}

export interface DescribeGroupsResponse {
  /** Milliseconds to wait before the next request; from version 2 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  groups: DescribeGroupsGroup[]
}

export interface DescribeGroupsGroup {
  /**
   * COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE and NOT_COORDINATOR (retry, the last two after a new
   * FindCoordinator), INVALID_GROUP_ID, GROUP_AUTHORIZATION_FAILED. A group that does not exist, or is not a classic
   * one, is GROUP_ID_NOT_FOUND from version 6 on (KIP-1043); before, it is no error and has the state `Dead`.
   */
  errorCode: number
  /** Null when the broker has nothing to add to the code. */
  errorMessage: string | null
  groupId: string
  /** `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable` or `Dead`; empty after an error. */
  groupState: string
  /** What the members use the group for, such as `consumer` or `connect`; empty while no member has ever joined. */
  protocolType: string
  /** The assignor that the members agreed on; empty unless the group is `Stable`. */
  protocolData: string
  /** Empty when the group is `Dead` or `Empty`. */
  members: DescribeGroupsMember[]
  /**
   * Bit field of the operations that the client may perform on the group: bit n is ACL operation n. -2147483648 when it
   * did not ask.
   */
  authorizedOperations: number
}

export interface DescribeGroupsMember {
  memberId: string
  /** Null for a dynamic member (KIP-345). */
  groupInstanceId: string | null
  /** The client id in the header of the member's last JoinGroup. */
  clientId: string
  /** Address that the member connected from, such as `/10.0.0.7`. */
  clientHost: string
  /** What the member joined with: a ConsumerProtocolSubscription for consumers. Empty unless the group is `Stable`. */
  memberMetadata: Uint8Array
  /** What the leader assigned: a ConsumerProtocolAssignment for consumers. Empty unless the group is `Stable`. */
  memberAssignment: Uint8Array
}

const member = struct<DescribeGroupsMember>({
  memberId: string,
  groupInstanceId: nullable(string, 4).since(4).default(null).ignorable(),
  clientId: string,
  clientHost: string,
  memberMetadata: bytes,
  memberAssignment: bytes,
})

const group = struct<DescribeGroupsGroup>({
  errorCode: int16,
  errorMessage: nullable(string, 6).since(6).default(null),
  groupId: string,
  groupState: string,
  protocolType: string,
  protocolData: string,
  members: array(member),
  authorizedOperations: int32.since(3).default(-2147483648),
})

export const describeGroupsApi: Api<DescribeGroupsRequest, DescribeGroupsResponse> = {
  name: 'DescribeGroups',
  key: 15,
  request: message<DescribeGroupsRequest>({
    name: 'DescribeGroupsRequest',
    apiKey: 15,
    versions: { min: 0, max: 6 },
    flexibleFrom: 5,
    fields: {
      groups: array(string),
      includeAuthorizedOperations: boolean.since(3),
    },
  }),
  response: message<DescribeGroupsResponse>({
    name: 'DescribeGroupsResponse',
    apiKey: 15,
    versions: { min: 0, max: 6 },
    flexibleFrom: 5,
    fields: {
      throttleTimeMs: int32.since(1).ignorable(),
      groups: array(group),
    },
  }),
}
