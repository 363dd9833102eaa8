import { randomUUID } from 'node:crypto'
import { DecodeError } from '../../errors.ts'
import { ERROR } from '../../protocol/error-codes.ts'
import {
  type ConsumerProtocolPartitions,
  type ConsumerProtocolSubscription,
  decodeSubscription,
  encodeAssignment,
} from '../../protocol/group-protocol.ts'
import type { JoinGroupRequest } from '../../protocol/messages/11-join-group.ts'
import type { HeartbeatRequest } from '../../protocol/messages/12-heartbeat.ts'
import type { LeaveGroupRequest } from '../../protocol/messages/13-leave-group.ts'
import type { SyncGroupRequest } from '../../protocol/messages/14-sync-group.ts'
import type { ConsumerGroupHeartbeatTopicPartitions } from '../../protocol/messages/68-consumer-group-heartbeat.ts'
import type { ConsumerGroupCoordinator } from './consumer-group-coordinator.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { type ConsumerMember, newMember, type PartitionsById } from './consumer-member.ts'
import { GroupFault } from './group-fault.ts'
import type { JoinAnswer, SyncAnswer } from './group.ts'
import type { JoinContext } from './group-coordinator.ts'
import type { Topics } from './topics.ts'

/** What members of the classic protocol call their kind of group. */
export const CONSUMER_PROTOCOL = 'consumer'

/**
 * Members that speak the classic protocol in a group of the consumer protocol, as while a group changes over (Java: GroupMetadataManager,
 * classicGroupJoinToConsumerGroup and its like). None leads: the coordinator deals out, and tells each to join again as often as it takes.
 */
export class ClassicMembers {
  readonly #groups: ConsumerGroupCoordinator
  readonly #topics: Topics

  constructor(groups: ConsumerGroupCoordinator, topics: Topics) {
    this.#groups = groups
    this.#topics = topics
  }

  join(group: ConsumerGroup, request: JoinGroupRequest, context: JoinContext): JoinAnswer {
    const { memberId, groupInstanceId: instanceId, protocolType, protocols } = request
    const isUnknown = memberId === ''
    const id = isUnknown ? randomUUID() : memberId
    if (protocolType !== CONSUMER_PROTOCOL || !this.#areShared(group, protocols, id)) {
      return { memberId, errorCode: ERROR.INCONSISTENT_GROUP_PROTOCOL }
    }
    if (isUnknown && instanceId === null && context.requiresKnownMemberId) {
      return { memberId: id, errorCode: ERROR.MEMBER_ID_REQUIRED }
    }
    return refuseWith(memberId, () => {
      const before = memberOf(group, id, instanceId, isUnknown)
      const { topics: topicNames, rackId, ownedPartitions } = subscriptionOfProtocols(protocols)
      const told: ConsumerMember = {
        ...before,
        instanceId,
        clientId: context.clientId ?? '',
        rackId: rackId ?? before.rackId,
        rebalanceTimeoutMs: request.rebalanceTimeoutMs,
        topicNames,
        topicRegex: '',
        classic: { sessionTimeoutMs: request.sessionTimeoutMs, protocols },
      }
      const member = this.#groups.advance(group, before, told, this.#byId(ownedPartitions))
      this.#groups.expect(group, id, request.sessionTimeoutMs)
      const protocolName = protocols[0]!.name
      return { memberId: id, generationId: member.epoch, protocolType, protocolName }
    })
  }

  sync(group: ConsumerGroup, { memberId, generationId, groupInstanceId, ...request }: SyncGroupRequest): SyncAnswer {
    return refuseWith(memberId, () => {
      const member = this.#valid(group, memberId, groupInstanceId, generationId)
      const { classic, epoch, state, assigned } = member
      const [protocol] = classic!.protocols
      const { protocolType, protocolName } = request
      if (
        (protocolType !== null && protocolType !== CONSUMER_PROTOCOL) ||
        (protocolName !== null && protocolName !== protocol!.name)
      ) {
        return { errorCode: ERROR.INCONSISTENT_GROUP_PROTOCOL }
      }
      if (group.epoch > epoch && state !== 'unrevoked') return { errorCode: ERROR.REBALANCE_IN_PROGRESS }
      this.#groups.expect(group, memberId, classic!.sessionTimeoutMs)
      return { protocolType, protocolName, assignment: this.assignmentOf(assigned) }
    })
  }

  /** Keeps a member's session alive, and has it join again where it has to. Returns an error code. */
  heartbeat(group: ConsumerGroup, { memberId, groupInstanceId, generationId }: HeartbeatRequest): number {
    const { errorCode } = refuseWith(memberId, () => {
      const member = this.#valid(group, memberId, groupInstanceId, generationId)
      this.#groups.expect(group, memberId, member.classic!.sessionTimeoutMs)
      group.refresh()
      const { epoch, state } = member
      const isBehind = epoch < group.epoch || state === 'unrevoked'
      const isServed = state === 'unreleased' && !group.isWaitingFor(member)
      return { errorCode: isBehind || isServed ? ERROR.REBALANCE_IN_PROGRESS : ERROR.NONE }
    })
    return errorCode
  }

  /** Takes members out. Returns an error code for each. */
  leave(group: ConsumerGroup, leaving: LeaveGroupRequest['members']): number[] {
    return leaving.map(({ memberId, groupInstanceId }) => {
      const { errorCode = ERROR.NONE } = refuseWith(memberId, () => {
        const isByInstance = memberId === '' && groupInstanceId !== null
        const id = isByInstance ? (group.staticMember(groupInstanceId)?.memberId ?? '') : memberId
        const member = group.validMember(id, groupInstanceId)
        if (member.classic === undefined) return { errorCode: ERROR.UNKNOWN_MEMBER_ID }
        this.#groups.drop(group, member.memberId)
        return {}
      })
      return errorCode
    })
  }

  /** Partitions as a classic member gets them. */
  assignmentOf(partitions: PartitionsById): Uint8Array {
    const assignedPartitions = Array.from(partitions, ([topicId, ofTopic]) => ({
      topic: this.#topics.byId(topicId)?.name ?? '',
      partitions: [...ofTopic],
    }))
    return encodeAssignment({ assignedPartitions: assignedPartitions.filter(({ topic }) => topic !== '') })
  }

  #valid(group: ConsumerGroup, memberId: string, instanceId: string | null, generationId: number): ConsumerMember {
    const member = group.validMember(memberId, instanceId)
    if (member.classic === undefined) {
      throw new GroupFault(ERROR.UNKNOWN_MEMBER_ID, `Member ${memberId} does not use the classic protocol.`)
    }
    if (member.epoch === generationId) return member
    throw new GroupFault(
      ERROR.ILLEGAL_GENERATION,
      `The generation of ${memberId} is ${member.epoch}, not ${generationId}.`,
    )
  }

  #byId(partitions: readonly ConsumerProtocolPartitions[]): ConsumerGroupHeartbeatTopicPartitions[] {
    return partitions.flatMap(({ topic, partitions }) => {
      const known = this.#topics.get(topic)
      return known === undefined ? [] : [{ topicId: known.id, partitions }]
    })
  }

  /** Whether all classic members have a protocol in common with these. */
  #areShared(group: ConsumerGroup, protocols: JoinGroupRequest['protocols'], memberId: string): boolean {
    const others = [...group.members.values()].filter((member) => member.memberId !== memberId)
    return protocols.some(({ name }) =>
      others.every(({ classic }) => classic === undefined || classic.protocols.some((each) => each.name === name)),
    )
  }
}

/** What a classic member subscribes to: all its protocols say the same. */
export function subscriptionOfProtocols(protocols: JoinGroupRequest['protocols']): ConsumerProtocolSubscription {
  return decodeSubscription(protocols[0]!.metadata)
}

function memberOf(
  group: ConsumerGroup,
  memberId: string,
  instanceId: string | null,
  isUnknown: boolean,
): ConsumerMember {
  if (instanceId === null) return group.members.get(memberId) ?? newMember(memberId)
  if (!isUnknown) return group.validMember(memberId, instanceId)
  const known = group.staticMember(instanceId)
  if (known === undefined) return newMember(memberId)
  const member = { ...known, memberId, epoch: 0, previousEpoch: 0 }
  group.replace(known, member)
  return member
}

function refuseWith<T extends { errorCode?: number; memberId?: string }>(memberId: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof GroupFault) return { memberId, errorCode: error.errorCode } as T
    // A subscription that cannot be read is more than Kafka is prepared for.
    if (error instanceof DecodeError) return { memberId, errorCode: ERROR.UNKNOWN_SERVER_ERROR } as T
    throw error
  }
}
