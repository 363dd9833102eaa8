import type { Api } from '../api.ts'
import { array, boolean, bytes, int16, int32, message, nullable, string, struct } from '../schema.ts'

/**
 * Enters a classic group, or rejoins it for a rebalance. Goes to the group's coordinator, which answers when all
 * members have joined or the rebalance timeout is over, so it needs a connection of its own.
 */
export interface JoinGroupRequest {
  groupId: string
  /** Milliseconds without a heartbeat after which the coordinator takes the member for dead. */
  sessionTimeoutMs: number
  /** Milliseconds that a rebalance waits for the member to rejoin; version 0 has none and uses `sessionTimeoutMs`. */
  rebalanceTimeoutMs: number
  /**
   * Empty at first; from version 4 on the coordinator then answers MEMBER_ID_REQUIRED with the id to join with
   * (KIP-394).
   */
  memberId: string
  /** `group.instance.id` of a static member (KIP-345), null for a dynamic one. */
  groupInstanceId: string | null
  /** What kind of group it is, `consumer` for consumers. */
  protocolType: string
  /** Assignors that the member supports, the preferred one first. */
  protocols: JoinGroupProtocol[]
  /** Why the member joins, for the broker's log (KIP-800). */
  reason: string | null
}

export interface JoinGroupProtocol {
  name: string
  /** A ConsumerProtocolSubscription behind its int16 version, in a group of consumers. */
  metadata: Uint8Array
}

const protocol = struct<JoinGroupProtocol>({
  name: string,
  metadata: bytes,
})

export interface JoinGroupResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * Join again: MEMBER_ID_REQUIRED with the id given here, UNKNOWN_MEMBER_ID without one, REBALANCE_IN_PROGRESS; after
   * a new FindCoordinator: NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE; simply retried: COORDINATOR_LOAD_IN_PROGRESS;
   * fatal: INCONSISTENT_GROUP_PROTOCOL, INVALID_GROUP_ID, INVALID_SESSION_TIMEOUT, GROUP_AUTHORIZATION_FAILED,
   * GROUP_MAX_SIZE_REACHED, FENCED_INSTANCE_ID, UNSUPPORTED_VERSION.
   */
  errorCode: number
  /** Rises with each rebalance; -1 on an error. */
  generationId: number
  protocolType: string | null
  /** The assignor that all members support; null on an error from version 7 on, else empty. */
  protocolName: string | null
  /** Member id of the leader, which assigns the partitions. */
  leader: string
  /** Whether the leader keeps the assignment as it is: a static member came back (version 9, KIP-814). */
  skipAssignment: boolean
  memberId: string
  /** All members, for the leader only. */
  members: JoinGroupMember[]
}

export interface JoinGroupMember {
  memberId: string
  groupInstanceId: string | null
  /** The metadata of its JoinGroupProtocol named `protocolName`. */
  metadata: Uint8Array
}

const member = struct<JoinGroupMember>({
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
      protocols: array(protocol),
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
      members: array(member),
    },
  }),
}
