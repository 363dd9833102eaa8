import type { Api } from '../api.ts'
import { int16, int32, message, nullable, string } from '../schema.ts'

/** Tells the coordinator that a member of a classic group is alive, and learns whether the group rebalances. */
export interface HeartbeatRequest {
  groupId: string
  /** Generation in which the member got its partitions. */
  generationId: number
  memberId: string
  /** Null for a dynamic member. */
  groupInstanceId: string | null
}

export interface HeartbeatResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * Join again: REBALANCE_IN_PROGRESS, ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID; after a new FindCoordinator:
   * NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE; fatal: FENCED_INSTANCE_ID, GROUP_AUTHORIZATION_FAILED.
   */
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
