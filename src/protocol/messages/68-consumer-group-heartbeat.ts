import type { Api } from '../api.ts'
import { array, int16, int32, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * Joins a consumer group, keeps the membership alive, reports what the member owns, and leaves (KIP-848). Goes to the
 * group's coordinator. The first heartbeat carries everything; later ones leave out (null or -1) what has not changed,
 * and after an error everything is sent again.
 */
export interface ConsumerGroupHeartbeatRequest {
  groupId: string
  /**
   * From version 1 on the member makes it up, a UUID, and keeps it for as long as the process lives (KIP-1082); in
   * version 0 it is empty on joining.
   */
  memberId: string
  /**
   * 0 to join, -1 to leave, -2 for a static member that leaves and means to come back; else the epoch last received.
   */
  memberEpoch: number
  /** Identity of a static member; null for a dynamic one or when unchanged. */
  instanceId: string | null
  /** Null when it has none or is unchanged. */
  rackId: string | null
  /** Milliseconds that the coordinator gives the member to let partitions go; -1 when unchanged. Default -1. */
  rebalanceTimeoutMs: number
  /** Null when unchanged; an empty list unsubscribes. */
  subscribedTopicNames: string[] | null
  /** Regular expression in RE2 syntax that the coordinator resolves; null when unchanged, empty to withdraw it. */
  subscribedTopicRegex: string | null
  /** Assignor of the coordinator to use, such as `uniform` or `range`; null to let it choose or when unchanged. */
  serverAssignor: string | null
  /** Partitions that the member owns right now; null when unchanged, an empty list when it owns none. */
  topicPartitions: ConsumerGroupHeartbeatTopicPartitions[] | null
}

/** Partitions of a topic. */
export interface ConsumerGroupHeartbeatTopicPartitions {
  topicId: string
  partitions: number[]
}

/** The coordinator's answer: an epoch to go on with and, when it changed, the assignment. */
export interface ConsumerGroupHeartbeatResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * - NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE: look the coordinator up and send again; COORDINATOR_LOAD_IN_PROGRESS:
   *   wait and send again.
   * - UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH: drop all partitions and join anew with epoch 0.
   * - UNRELEASED_INSTANCE_ID: another member has the instance id. UNSUPPORTED_ASSIGNOR: the coordinator has no such
   *   assignor.
   * - GROUP_MAX_SIZE_REACHED, GROUP_AUTHORIZATION_FAILED, TOPIC_AUTHORIZATION_FAILED, INVALID_REQUEST,
   *   INVALID_REGULAR_EXPRESSION (version 1): the application has to act. GROUP_ID_NOT_FOUND: the group is of another
   *   type, or gone.
   * - UNSUPPORTED_VERSION: the cluster has not switched the protocol on; the classic one is left.
   */
  errorCode: number
  errorMessage: string | null
  /** In version 0 the id that the coordinator gave, on joining; else the member's own. */
  memberId: string | null
  /** Epoch for the next heartbeat, and for committing offsets. */
  memberEpoch: number
  /** Milliseconds until the next heartbeat is due. */
  heartbeatIntervalMs: number
  /** Null when unchanged. */
  assignment: ConsumerGroupHeartbeatAssignment | null
}

export interface ConsumerGroupHeartbeatAssignment {
  /** All that the member may own now: what it holds beyond this it has to let go, then report. */
  topicPartitions: ConsumerGroupHeartbeatTopicPartitions[]
}

const topicPartitions = struct<ConsumerGroupHeartbeatTopicPartitions>({ topicId: uuid, partitions: array(int32) })

const assignment = struct<ConsumerGroupHeartbeatAssignment>({ topicPartitions: array(topicPartitions) })

export const consumerGroupHeartbeatApi: Api<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse> = {
  name: 'ConsumerGroupHeartbeat',
  key: 68,
  request: message<ConsumerGroupHeartbeatRequest>({
    name: 'ConsumerGroupHeartbeatRequest',
    apiKey: 68,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: {
      groupId: string,
      memberId: string,
      memberEpoch: int32,
      instanceId: nullable(string).default(null),
      rackId: nullable(string).default(null),
      rebalanceTimeoutMs: int32.default(-1),
      subscribedTopicNames: nullable(array(string)).default(null),
      subscribedTopicRegex: nullable(string, 1).since(1).default(null),
      serverAssignor: nullable(string).default(null),
      topicPartitions: nullable(array(topicPartitions)).default(null),
    },
  }),
  response: message<ConsumerGroupHeartbeatResponse>({
    name: 'ConsumerGroupHeartbeatResponse',
    apiKey: 68,
    versions: { min: 0, max: 1 },
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
