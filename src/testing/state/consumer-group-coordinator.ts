import { randomUUID } from 'node:crypto'
import { ERROR } from '../../protocol/error-codes.ts'
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../protocol/messages/68-consumer-group-heartbeat.ts'
import type { Encodable } from '../../protocol/schema.ts'
import { compilePattern, ConsumerGroup } from './consumer-group.ts'
import { AWAY_EPOCH, type ConsumerMember, isSame, listed, newMember, ownsOnly, reconciled } from './consumer-member.ts'
import { GroupFault } from './group-fault.ts'
import { serverAssignors } from './server-assignors.ts'
import type { Timers } from './timers.ts'
import type { Topics } from './topics.ts'

/** How groups of the consumer protocol are coordinated. */
export interface ConsumerGroupSettings {
  /** A member that is silent for so long is dropped (group.consumer.session.timeout.ms). */
  consumerSessionTimeoutMs: number
  /** How often members are to send heartbeats (group.consumer.heartbeat.interval.ms). */
  consumerHeartbeatIntervalMs: number
}

/** What becomes of groups besides. */
export interface ConsumerGroupEvents {
  /** A classic group as one of the consumer protocol, if there is one that a member of that protocol may join; throws what it is answered with if not. */
  upgrade(groupId: string): ConsumerGroup | undefined
  /** A member has gone: the group may have become a classic one. */
  onGone(group: ConsumerGroup): void
}

/** A heartbeat's answer; what is left out has its default. */
export type HeartbeatAnswer = Encodable<ConsumerGroupHeartbeatResponse>

const LEAVE_EPOCH = -1

/** The coordinator of groups of the consumer protocol: what heartbeats do to their groups (Java: GroupMetadataManager, the part of KIP-848). */
export class ConsumerGroupCoordinator {
  readonly #groups = new Map<string, ConsumerGroup>()
  readonly #topics: Topics
  readonly #timers: Timers
  readonly #settings: ConsumerGroupSettings
  readonly #events: ConsumerGroupEvents

  constructor(topics: Topics, timers: Timers, settings: ConsumerGroupSettings, events: ConsumerGroupEvents) {
    this.#topics = topics
    this.#timers = timers
    this.#settings = settings
    this.#events = events
  }

  groupIds(): string[] {
    return [...this.#groups.keys()]
  }

  get(groupId: string): ConsumerGroup | undefined {
    return this.#groups.get(groupId)
  }

  put(group: ConsumerGroup): void {
    this.#groups.set(group.id, group)
  }

  /** Forgets a group, which goes on elsewhere or is empty. */
  delete(group: ConsumerGroup): void {
    this.#groups.delete(group.id)
    for (const memberId of group.members.keys()) this.#stop(group, memberId)
  }

  /** Takes what a member says in, and says what it may have. Throws GroupFault. */
  heartbeat(request: ConsumerGroupHeartbeatRequest, clientId: string): HeartbeatAnswer {
    check(request)
    if (request.memberEpoch < 0) return this.#leave(request)
    const { groupId, memberEpoch, topicPartitions: owned } = request
    const group = this.#groupOf(groupId, memberEpoch === 0)
    const before = this.#memberOf(group, request)
    const told: ConsumerMember = {
      ...before,
      clientId,
      instanceId: request.instanceId ?? before.instanceId,
      rackId: request.rackId ?? before.rackId,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs === -1 ? before.rebalanceTimeoutMs : request.rebalanceTimeoutMs,
      serverAssignor: request.serverAssignor ?? before.serverAssignor,
      topicNames: request.subscribedTopicNames ?? before.topicNames,
      topicRegex: request.subscribedTopicRegex ?? before.topicRegex,
      classic: undefined,
    }
    const member = this.advance(group, before, told, owned)
    this.expect(group, member.memberId, this.#settings.consumerSessionTimeoutMs)
    // A member that says everything, as after an error, is told everything.
    const isFull =
      memberEpoch === 0 ||
      (request.rebalanceTimeoutMs !== -1 && request.subscribedTopicNames !== null && owned !== null)
    const isNews = isFull || !isSame(before.assigned, member.assigned)
    return {
      memberId: member.memberId,
      memberEpoch: member.epoch,
      heartbeatIntervalMs: this.#settings.consumerHeartbeatIntervalMs,
      assignment: isNews ? { topicPartitions: listed(member.assigned) } : null,
    }
  }

  /** Puts a member as it describes itself into its group, and brings it closer to its target. */
  advance(
    group: ConsumerGroup,
    before: ConsumerMember,
    told: ConsumerMember,
    owned: ConsumerGroupHeartbeatRequest['topicPartitions'],
  ): ConsumerMember {
    const isNew = !group.members.has(told.memberId)
    const isOther = told.topicNames.join() !== before.topicNames.join() || told.topicRegex !== before.topicRegex
    group.put(told)
    group.refresh(isNew || isOther)
    const member = reconciled(told, group.target(told.memberId), owned)
    group.put(member)
    const key = rebalanceKey(group, member.memberId)
    if (member.state !== 'unrevoked') this.#timers.clear(key)
    else if (told.state !== 'unrevoked') this.#expectRevocation(group, member)
    return member
  }

  #expectRevocation(group: ConsumerGroup, { memberId, epoch, rebalanceTimeoutMs }: ConsumerMember): void {
    this.#timers.set(rebalanceKey(group, memberId), rebalanceTimeoutMs, () => {
      if (group.members.get(memberId)?.epoch === epoch) this.drop(group, memberId)
    })
  }

  /** Starts the session of a member over. */
  expect(group: ConsumerGroup, memberId: string, sessionTimeoutMs: number): void {
    this.#timers.set(sessionKey(group, memberId), sessionTimeoutMs, () => this.drop(group, memberId))
  }

  /** Takes a member out of its group. */
  drop(group: ConsumerGroup, memberId: string): void {
    if (this.#groups.get(group.id) !== group || !group.members.has(memberId)) return
    this.#stop(group, memberId)
    group.remove(memberId)
    this.#events.onGone(group)
  }

  #stop(group: ConsumerGroup, memberId: string): void {
    this.#timers.clear(sessionKey(group, memberId))
    this.#timers.clear(rebalanceKey(group, memberId))
  }

  #groupOf(groupId: string, mayCreate: boolean): ConsumerGroup {
    const known = this.#groups.get(groupId)
    if (known !== undefined) return known
    if (!mayCreate) throw new GroupFault(ERROR.GROUP_ID_NOT_FOUND, `Group ${groupId} not found.`)
    const group = this.#events.upgrade(groupId) ?? new ConsumerGroup(groupId, this.#topics)
    this.#groups.set(groupId, group)
    for (const { memberId, classic } of group.members.values()) {
      if (classic !== undefined) this.expect(group, memberId, classic.sessionTimeoutMs)
    }
    return group
  }

  #memberOf(group: ConsumerGroup, request: ConsumerGroupHeartbeatRequest): ConsumerMember {
    const { memberEpoch, instanceId, topicPartitions: owned } = request
    const memberId = request.memberId === '' ? randomUUID() : request.memberId
    if (memberEpoch !== 0) {
      const member = group.validMember(memberId, instanceId)
      checkEpoch(member, memberEpoch, owned)
      return member
    }
    const known = instanceId === null ? group.members.get(memberId) : group.staticMember(instanceId)
    if (known === undefined) return newMember(memberId)
    // A member that lost track of its epoch is let in again as it is.
    if (instanceId === null) return known
    if (known.classic === undefined && known.epoch !== AWAY_EPOCH) {
      const what = `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${known.memberId} member.`
      throw new GroupFault(ERROR.UNRELEASED_INSTANCE_ID, what)
    }
    const member = { ...known, memberId, epoch: 0, previousEpoch: 0 }
    this.#stop(group, known.memberId)
    group.replace(known, member)
    return member
  }

  #leave({ groupId, memberId, memberEpoch, instanceId }: ConsumerGroupHeartbeatRequest): HeartbeatAnswer {
    const group = this.#groups.get(groupId)
    if (group === undefined) throw new GroupFault(ERROR.GROUP_ID_NOT_FOUND, `Group ${groupId} not found.`)
    const member = group.validMember(memberId, instanceId)
    if (memberEpoch === LEAVE_EPOCH) this.drop(group, member.memberId)
    // Its session goes on: it may be back before that ends.
    else group.put({ ...member, epoch: AWAY_EPOCH, revoking: new Map() })
    return { memberId, memberEpoch }
  }

  /** Goes on with the groups of a coordinator that went down: all that they need is kept. */
  failOver(isAffected: (groupId: string) => boolean): void {
    for (const group of this.#groups.values()) {
      if (!isAffected(group.id)) continue
      for (const { memberId, classic } of group.members.values()) {
        this.expect(group, memberId, classic?.sessionTimeoutMs ?? this.#settings.consumerSessionTimeoutMs)
      }
    }
  }
}

/** Throws INVALID_REQUEST, UNSUPPORTED_ASSIGNOR or INVALID_REGULAR_EXPRESSION. */
function check(request: ConsumerGroupHeartbeatRequest): void {
  const { groupId, memberId, memberEpoch, instanceId, rackId, serverAssignor, subscribedTopicRegex } = request
  if (groupId.trim() === '') refuse("GroupId can't be empty.")
  if (instanceId?.trim() === '') refuse("InstanceId can't be empty.")
  if (rackId?.trim() === '') refuse("RackId can't be empty.")
  if (memberEpoch !== 0 && memberId.trim() === '') refuse("MemberId can't be empty.")
  if (memberEpoch === AWAY_EPOCH && instanceId === null) refuse("InstanceId can't be null.")
  if (memberEpoch < AWAY_EPOCH) refuse(`MemberEpoch is invalid.`)
  if (memberEpoch === 0) {
    if (request.rebalanceTimeoutMs === -1) refuse('RebalanceTimeoutMs must be provided in first request.')
    if (request.topicPartitions?.length !== 0) refuse('TopicPartitions must be empty when (re-)joining.')
    if (request.subscribedTopicNames === null && subscribedTopicRegex === null) {
      refuse('Either SubscribedTopicNames or SubscribedTopicRegex must be non-null in first request.')
    }
  }
  if (serverAssignor !== null && !serverAssignors.has(serverAssignor)) {
    const known = [...serverAssignors.keys()].join(', ')
    const what = `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${known}.`
    throw new GroupFault(ERROR.UNSUPPORTED_ASSIGNOR, what)
  }
  if (subscribedTopicRegex !== null) compilePattern(subscribedTopicRegex)
}

function refuse(what: string): never {
  throw new GroupFault(ERROR.INVALID_REQUEST, what)
}

/** The answer that raised the epoch may have been lost: then the member says what it has, and gets it again. Throws FENCED_MEMBER_EPOCH. */
function checkEpoch(
  { epoch, previousEpoch, assigned }: ConsumerMember,
  received: number,
  owned: ConsumerGroupHeartbeatRequest['topicPartitions'],
): void {
  if (received === epoch || (received < epoch && received === previousEpoch && ownsOnly(owned, assigned))) return
  const than = received > epoch ? 'greater' : 'smaller'
  const what =
    `The consumer group member has a ${than} member epoch (${received}) than the one known by the group coordinator (${epoch}). ` +
    'The member must abandon all its partitions and rejoin.'
  throw new GroupFault(ERROR.FENCED_MEMBER_EPOCH, what)
}

// A group id can hold any character, so the parts of a key are not just put together.
function sessionKey({ id }: ConsumerGroup, memberId: string): string {
  return JSON.stringify(['session', id, memberId])
}

function rebalanceKey({ id }: ConsumerGroup, memberId: string): string {
  return JSON.stringify(['rebalance', id, memberId])
}
