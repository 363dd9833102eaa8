import { DecodeError } from '../../errors.ts'
import { decodeAssignment } from '../../protocol/group-protocol.ts'
import { CONSUMER_PROTOCOL, subscriptionOfProtocols } from './classic-members.ts'
import { ConsumerGroup } from './consumer-group.ts'
import { type ConsumerMember, newMember, type PartitionsById } from './consumer-member.ts'
import { Group, type GroupMember } from './group.ts'
import type { Topics } from './topics.ts'

/** Whether the members of a classic group are consumers, whose subscriptions can be read. */
export function isUpgradable(group: Group): boolean {
  if (group.protocolType !== CONSUMER_PROTOCOL) return false
  try {
    for (const member of group.members.values()) subscriptionOfProtocols(member.protocols)
    return true
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

/** A classic group as one of the consumer protocol: each member keeps what it has (Java: ConsumerGroup.fromClassicGroup). */
export function toConsumerGroup(classic: Group, topics: Topics): ConsumerGroup {
  const group = new ConsumerGroup(classic.id, topics)
  group.epoch = classic.generationId
  group.targetEpoch = classic.generationId
  for (const member of classic.members.values()) {
    const assigned = partitionsOf(member, topics)
    const { topics: topicNames, rackId } = subscriptionOfProtocols(member.protocols)
    group.put({
      ...newMember(member.memberId),
      instanceId: member.instanceId,
      rackId,
      topicNames,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      epoch: classic.generationId,
      previousEpoch: classic.generationId,
      assigned,
      classic: { sessionTimeoutMs: member.sessionTimeoutMs, protocols: member.protocols },
    })
    group.setTarget(member.memberId, assigned)
  }
  return group
}

/** A group that only classic members are left of as a classic one, which has to rebalance (Java: ClassicGroup.fromConsumerGroup). */
export function toClassicGroup(group: ConsumerGroup, assignmentOf: (partitions: PartitionsById) => Uint8Array): Group {
  const classic = new Group(group.id)
  for (const member of group.members.values()) classic.add(toClassicMember(member, assignmentOf(member.assigned)))
  classic.state = 'stable'
  classic.previousState = 'completing-rebalance'
  classic.generationId = group.epoch
  classic.protocolName = classic.selectProtocol()
  return classic
}

function toClassicMember(member: ConsumerMember, assignment: Uint8Array): GroupMember {
  const { memberId, instanceId, rebalanceTimeoutMs, classic } = member
  return {
    memberId,
    instanceId,
    rebalanceTimeoutMs,
    sessionTimeoutMs: classic!.sessionTimeoutMs,
    protocolType: CONSUMER_PROTOCOL,
    protocols: [...classic!.protocols],
    assignment,
    isNew: false,
    answerJoin: undefined,
    answerSync: undefined,
  }
}

/** Nothing while the member has not been given anything. */
function partitionsOf(member: GroupMember, topics: Topics): PartitionsById {
  if (member.assignment.length === 0) return new Map()
  const { assignedPartitions } = decodeAssignment(member.assignment)
  return new Map(
    assignedPartitions.flatMap(({ topic, partitions }) => {
      const id = topics.get(topic)?.id
      return id === undefined ? [] : [[id, new Set(partitions)] as const]
    }),
  )
}
