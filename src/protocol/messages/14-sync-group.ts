import type { Api } from '../api.ts'
import { array, bytes, int16, int32, message, nullable, string, struct } from '../schema.ts'

/**
 * Second half of joining a classic group: the leader hands in everyone's assignment, the others nothing, and each gets
 * its own in answer once the leader's is there.
 */
export interface SyncGroupRequest {
  groupId: string
  /** As JoinGroup answered. */
  generationId: number
  memberId: string
  /** Null for a dynamic member. */
  groupInstanceId: string | null
  /** As JoinGroup answered; the coordinator compares it from version 5 on (KIP-559). */
  protocolType: string | null
  /** As JoinGroup answered; the coordinator compares it from version 5 on. */
  protocolName: string | null
  /** Empty unless the sender is the leader. */
  assignments: SyncGroupAssignment[]
}

export interface SyncGroupAssignment {
  memberId: string
  /** A ConsumerProtocolAssignment behind its int16 version, in a group of consumers. */
  assignment: Uint8Array
}

const assignment = struct<SyncGroupAssignment>({
  memberId: string,
  assignment: bytes,
})

export interface SyncGroupResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * Join again: REBALANCE_IN_PROGRESS, ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID; after a new FindCoordinator:
   * NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE; fatal: FENCED_INSTANCE_ID, INCONSISTENT_GROUP_PROTOCOL,
   * GROUP_AUTHORIZATION_FAILED.
   */
  errorCode: number
  protocolType: string | null
  protocolName: string | null
  /** What the leader gave for this member; empty when it gave nothing. */
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
      assignments: array(assignment),
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
