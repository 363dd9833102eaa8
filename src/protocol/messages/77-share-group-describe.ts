import type { Api } from '../api.ts'
import { array, boolean, int16, int32, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * Asks a group coordinator for the state and members of share groups (KIP-932). Version 0 was an early trial that
 * brokers from 4.1 on refuse.
 */
export interface ShareGroupDescribeRequest {
  groupIds: string[]
  /** Whether to fill `authorizedOperations`. */
  includeAuthorizedOperations: boolean
}

/** One description for each group asked for. */
export interface ShareGroupDescribeResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  groups: ShareGroupDescription[]
}

export interface ShareGroupDescription {
  /**
   * NOT_COORDINATOR and COORDINATOR_NOT_AVAILABLE: look the coordinator up again; COORDINATOR_LOAD_IN_PROGRESS: wait;
   * GROUP_ID_NOT_FOUND: no such group, or of another type; INVALID_GROUP_ID, INVALID_REQUEST,
   * GROUP_AUTHORIZATION_FAILED, and TOPIC_AUTHORIZATION_FAILED when a member subscribes to a topic that the client may
   * not describe.
   */
  errorCode: number
  errorMessage: string | null
  groupId: string
  /** `Empty`, `Stable` or `Dead`; empty with an error. */
  groupState: string
  /** Rises with each change of members, subscriptions or topics. */
  groupEpoch: number
  /** The group epoch that the assignment was worked out for. Lower than `groupEpoch` while a new one is pending. */
  assignmentEpoch: number
  assignorName: string
  members: ShareGroupDescribeMember[]
  /** Bit field of the operations that the client may perform on the group; -2147483648 when it did not ask. */
  authorizedOperations: number
}

export interface ShareGroupDescribeMember {
  memberId: string
  rackId: string | null
  memberEpoch: number
  clientId: string
  /** Address that the member connects from. */
  clientHost: string
  subscribedTopicNames: string[]
  assignment: ShareGroupDescribeAssignment
}

export interface ShareGroupDescribeAssignment {
  topicPartitions: ShareGroupDescribeTopicPartitions[]
}

export interface ShareGroupDescribeTopicPartitions {
  topicId: string
  topicName: string
  partitions: number[]
}

const topicPartitions = struct<ShareGroupDescribeTopicPartitions>({
  topicId: uuid,
  topicName: string,
  partitions: array(int32),
})

const assignment = struct<ShareGroupDescribeAssignment>({ topicPartitions: array(topicPartitions) })

const member = struct<ShareGroupDescribeMember>({
  memberId: string,
  rackId: nullable(string).default(null),
  memberEpoch: int32,
  clientId: string,
  clientHost: string,
  subscribedTopicNames: array(string),
  assignment,
})

const group = struct<ShareGroupDescription>({
  errorCode: int16,
  errorMessage: nullable(string).default(null),
  groupId: string,
  groupState: string,
  groupEpoch: int32,
  assignmentEpoch: int32,
  assignorName: string,
  members: array(member),
  authorizedOperations: int32.default(-2147483648),
})

export const shareGroupDescribeApi: Api<ShareGroupDescribeRequest, ShareGroupDescribeResponse> = {
  name: 'ShareGroupDescribe',
  key: 77,
  request: message<ShareGroupDescribeRequest>({
    name: 'ShareGroupDescribeRequest',
    apiKey: 77,
    versions: { min: 1, max: 1 },
    flexibleFrom: 0,
    fields: { groupIds: array(string), includeAuthorizedOperations: boolean },
  }),
  response: message<ShareGroupDescribeResponse>({
    name: 'ShareGroupDescribeResponse',
    apiKey: 77,
    versions: { min: 1, max: 1 },
    flexibleFrom: 0,
    fields: { throttleTimeMs: int32, groups: array(group) },
  }),
}
