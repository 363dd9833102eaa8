import type { Api } from '../api.ts'
import { array, int16, int32, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * Joins a share group, keeps the membership alive and leaves (KIP-932). Goes to the group's coordinator. Members of a
 * share group have partitions in common, so there is nothing to give up and nothing to report. Version 0 was an early
 * trial that brokers from 4.1 on refuse.
 */
export interface ShareGroupHeartbeatRequest {
  groupId: string
  /** Made up by the member, a UUID, and kept for as long as the process lives. */
  memberId: string
  /** 0 to join, -1 to leave; else the epoch last received. */
  memberEpoch: number
  /** Null when it has none or is unchanged. */
  rackId: string | null
  /** Null when unchanged. */
  subscribedTopicNames: string[] | null
}

/** The coordinator's answer: an epoch to go on with and, when it changed, the assignment. */
export interface ShareGroupHeartbeatResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * - NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE: look the coordinator up and send again; COORDINATOR_LOAD_IN_PROGRESS:
   *   wait and send again.
   * - UNKNOWN_MEMBER_ID: join anew with epoch 0.
   * - GROUP_ID_NOT_FOUND (the group is of another type, or gone), GROUP_MAX_SIZE_REACHED, GROUP_AUTHORIZATION_FAILED,
   *   TOPIC_AUTHORIZATION_FAILED, INVALID_REQUEST: the application has to act.
   */
  errorCode: number
  errorMessage: string | null
  /** The member's own id again. */
  memberId: string | null
  /** Epoch for the next heartbeat. */
  memberEpoch: number
  /** Milliseconds until the next heartbeat is due. */
  heartbeatIntervalMs: number
  /** Null when unchanged. */
  assignment: ShareGroupHeartbeatAssignment | null
}

export interface ShareGroupHeartbeatAssignment {
  /** All partitions that the member may fetch from with ShareFetch. */
  topicPartitions: ShareGroupHeartbeatTopicPartitions[]
}

export interface ShareGroupHeartbeatTopicPartitions {
  topicId: string
  partitions: number[]
}

const topicPartitions = struct<ShareGroupHeartbeatTopicPartitions>({ topicId: uuid, partitions: array(int32) })

const assignment = struct<ShareGroupHeartbeatAssignment>({ topicPartitions: array(topicPartitions) })

export const shareGroupHeartbeatApi: Api<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse> = {
  name: 'ShareGroupHeartbeat',
  key: 76,
  request: message<ShareGroupHeartbeatRequest>({
    name: 'ShareGroupHeartbeatRequest',
    apiKey: 76,
    versions: { min: 1, max: 1 },
    flexibleFrom: 0,
    fields: {
      groupId: string,
      memberId: string,
      memberEpoch: int32,
      rackId: nullable(string).default(null),
      subscribedTopicNames: nullable(array(string)).default(null),
    },
  }),
  response: message<ShareGroupHeartbeatResponse>({
    name: 'ShareGroupHeartbeatResponse',
    apiKey: 76,
    versions: { min: 1, max: 1 },
    flexibleFrom: 0,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
      errorMessage: nullable(string).default(null),
      memberId: nullable(string).default(null),
      memberEpoch: int32,
      heartbeatIntervalMs: int32,
      assignment: nullable(assignment).default(null),
    },
  }),
}
