import { ERROR } from '../../protocol/error-codes.ts'
import {
  consumerGroupDescribeApi,
  type ConsumerGroupDescribeAssignment,
  type ConsumerGroupDescribeMember,
  type ConsumerGroupDescribeRequest,
  type ConsumerGroupDescribeResponse,
  type ConsumerGroupDescription,
} from '../../protocol/messages/69-consumer-group-describe.ts'
import type { Encodable } from '../../protocol/schema.ts'
import type { Handler, RequestContext } from '../handler.ts'
import type { ConsumerGroup } from '../state/consumer-group.ts'
import { type ConsumerMember, listed, type PartitionsById } from '../state/consumer-member.ts'
import { coordinatorError } from './coordinator-error.ts'

/** READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS and ALTER_CONFIGS, as nobody is denied anything. */
const ALL_GROUP_OPERATIONS = 3400
const NOT_ASKED = -2147483648
const CLASSIC = 0
const CONSUMER = 1

export const consumerGroupDescribeHandler: Handler<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse> = {
  api: consumerGroupDescribeApi,

  handle({ groupIds, includeAuthorizedOperations }, context) {
    const authorizedOperations = includeAuthorizedOperations ? ALL_GROUP_OPERATIONS : NOT_ASKED
    return { groups: groupIds.map((groupId) => describe(groupId, context, authorizedOperations)) }
  },

  fail({ groupIds }, errorCode) {
    return { groups: groupIds.map((groupId) => ({ groupId, errorCode })) }
  },
}

function describe(
  groupId: string,
  context: RequestContext,
  authorizedOperations: number,
): Encodable<ConsumerGroupDescription> {
  const errorCode = groupId === '' ? ERROR.INVALID_GROUP_ID : coordinatorError(groupId, context)
  if (errorCode !== ERROR.NONE) return { groupId, errorCode }
  const group = context.cluster.groups.consumerGroup(groupId)
  if (group === undefined) {
    const isClassic = context.cluster.groups.groupIds().includes(groupId)
    const errorMessage = isClassic ? `Group ${groupId} is not a consumer group.` : `Group ${groupId} not found.`
    return { groupId, errorCode: ERROR.GROUP_ID_NOT_FOUND, errorMessage }
  }
  return {
    groupId,
    groupState: group.state,
    groupEpoch: group.epoch,
    assignmentEpoch: group.targetEpoch,
    assignorName: group.assignorName,
    members: Array.from(group.members.values(), (member) => describeMember(group, member, context)),
    authorizedOperations,
  }
}

function describeMember(
  group: ConsumerGroup,
  member: ConsumerMember,
  context: RequestContext,
): Encodable<ConsumerGroupDescribeMember> {
  const { memberId, instanceId, rackId, clientId } = member
  return {
    memberId,
    instanceId,
    rackId,
    clientId,
    memberEpoch: member.epoch,
    clientHost: '/127.0.0.1',
    subscribedTopicNames: [...member.topicNames].toSorted(),
    subscribedTopicRegex: member.topicRegex,
    assignment: named(member.assigned, context),
    targetAssignment: named(group.target(memberId).partitions, context),
    memberType: member.classic === undefined ? CONSUMER : CLASSIC,
  }
}

function named(partitions: PartitionsById, { cluster }: RequestContext): Encodable<ConsumerGroupDescribeAssignment> {
  const topicPartitions = listed(partitions).flatMap(({ topicId, partitions }) => {
    const topicName = cluster.topics.byId(topicId)?.name
    return topicName === undefined ? [] : [{ topicId, topicName, partitions }]
  })
  return { topicPartitions }
}
