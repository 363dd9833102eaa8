import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int8, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * Asks a group coordinator for the state and members of consumer groups of the KIP-848 protocol. DescribeGroups is for
 * the classic ones.
 */
export interface ConsumerGroupDescribeRequest {
  groupIds: string[]
  /** Whether to fill `authorizedOperations`. */
  includeAuthorizedOperations: boolean
}

/** One description for each group asked for. */
export interface ConsumerGroupDescribeResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  groups: ConsumerGroupDescription[]
}

export interface ConsumerGroupDescription {
  /**
   * NOT_COORDINATOR and COORDINATOR_NOT_AVAILABLE: look the coordinator up again; COORDINATOR_LOAD_IN_PROGRESS: wait;
   * GROUP_ID_NOT_FOUND: no such group, or a classic one; INVALID_GROUP_ID, INVALID_REQUEST, GROUP_AUTHORIZATION_FAILED,
   * and TOPIC_AUTHORIZATION_FAILED when a member subscribes to a topic that the client may not describe.
   */
  errorCode: number
  errorMessage: string | null
  groupId: string
  /** `Empty`, `Assigning`, `Reconciling`, `Stable` or `Dead`; empty with an error. */
  groupState: string
  /** Rises with each change of members, subscriptions or topics. */
  groupEpoch: number
  /**
   * The group epoch that the target assignment was worked out for. Lower than `groupEpoch` while a new one is pending.
   */
  assignmentEpoch: number
  assignorName: string
  members: ConsumerGroupDescribeMember[]
  /** Bit field of the operations that the client may perform on the group; -2147483648 when it did not ask. */
  authorizedOperations: number
}

export interface ConsumerGroupDescribeMember {
  memberId: string
  /** Null for a dynamic member. */
  instanceId: string | null
  rackId: string | null
  /** Reaches `assignmentEpoch` once the member has taken its target assignment over. */
  memberEpoch: number
  clientId: string
  /** Address that the member connects from. */
  clientHost: string
  subscribedTopicNames: string[]
  subscribedTopicRegex: string | null
  /** What the member owns. */
  assignment: ConsumerGroupDescribeAssignment
  /** What it is to own in the end. */
  targetAssignment: ConsumerGroupDescribeAssignment
  /**
   * 0 for a member that speaks the classic protocol, 1 for one of the consumer protocol, -1 when the broker does not
   * say (KIP-1099).
   */
  memberType: number
}

export interface ConsumerGroupDescribeAssignment {
  topicPartitions: ConsumerGroupDescribeTopicPartitions[]
}

export interface ConsumerGroupDescribeTopicPartitions {
  topicId: string
  topicName: string
  partitions: number[]
}

const topicPartitions = struct<ConsumerGroupDescribeTopicPartitions>({
  topicId: uuid,
  topicName: string,
  partitions: array(int32),
})

const assignment = struct<ConsumerGroupDescribeAssignment>({ topicPartitions: array(topicPartitions) })

const member = struct<ConsumerGroupDescribeMember>({
  memberId: string,
  instanceId: nullable(string).default(null),
  rackId: nullable(string).default(null),
  memberEpoch: int32,
  clientId: string,
  clientHost: string,
  subscribedTopicNames: array(string),
  subscribedTopicRegex: nullable(string).default(null),
  assignment,
  targetAssignment: assignment,
  memberType: int8.since(1).default(-1).ignorable(),
})

const group = struct<ConsumerGroupDescription>({
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

export const consumerGroupDescribeApi: Api<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse> = {
  name: 'ConsumerGroupDescribe',
  key: 69,
  request: message<ConsumerGroupDescribeRequest>({
    name: 'ConsumerGroupDescribeRequest',
    apiKey: 69,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: { groupIds: array(string), includeAuthorizedOperations: boolean },
  }),
  response: message<ConsumerGroupDescribeResponse>({
    name: 'ConsumerGroupDescribeResponse',
    apiKey: 69,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: { throttleTimeMs: int32, groups: array(group) },
  }),
}
