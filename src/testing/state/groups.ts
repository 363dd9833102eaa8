import { ERROR } from '../../protocol/error-codes.ts'
import type { OffsetCommitRequest } from '../../protocol/messages/08-offset-commit.ts'
import type { JoinGroupRequest } from '../../protocol/messages/11-join-group.ts'
import type { HeartbeatRequest } from '../../protocol/messages/12-heartbeat.ts'
import type { LeaveGroupRequest } from '../../protocol/messages/13-leave-group.ts'
import type { SyncGroupRequest } from '../../protocol/messages/14-sync-group.ts'
import type { TxnOffsetCommitRequest } from '../../protocol/messages/28-txn-offset-commit.ts'
import type { ConsumerGroupHeartbeatRequest } from '../../protocol/messages/68-consumer-group-heartbeat.ts'
import { ClassicMembers } from './classic-members.ts'
import {
  ConsumerGroupCoordinator,
  type ConsumerGroupSettings,
  type HeartbeatAnswer,
} from './consumer-group-coordinator.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { JoinAnswer, SyncAnswer } from './group.ts'
import { GroupCoordinator, type GroupSettings, type JoinContext } from './group-coordinator.ts'
import { GroupFault } from './group-fault.ts'
import { isUpgradable, toClassicGroup, toConsumerGroup } from './group-migration.ts'
import { Timers } from './timers.ts'
import type { Topics } from './topics.ts'

/** How groups are coordinated. */
export interface AllGroupSettings extends GroupSettings, ConsumerGroupSettings {}

/**
 * All groups, of either protocol, and how one becomes the other: a classic group when a member of the consumer protocol joins, a group of the consumer
 * protocol when only classic members are left (KIP-848). All nodes share it; which node may be asked about a group is checked before.
 */
export class Groups {
  readonly #timers = new Timers()
  readonly #classic: GroupCoordinator
  readonly #consumer: ConsumerGroupCoordinator
  readonly #classicMembers: ClassicMembers

  constructor(settings: AllGroupSettings, topics: Topics) {
    this.#classic = new GroupCoordinator(settings, this.#timers)
    this.#consumer = new ConsumerGroupCoordinator(topics, this.#timers, settings, {
      upgrade: (groupId) => this.#upgrade(groupId, topics),
      onGone: (group) => this.#downgradeIfClassic(group),
    })
    this.#classicMembers = new ClassicMembers(this.#consumer, topics)
  }

  groupIds(): string[] {
    return [...this.#classic.groupIds(), ...this.#consumer.groupIds()]
  }

  /** The group of the consumer protocol with this id. */
  consumerGroup(groupId: string): ConsumerGroup | undefined {
    return this.#consumer.get(groupId)
  }

  /** Takes what a member of the consumer protocol says in. Throws GroupFault. */
  consumerHeartbeat(request: ConsumerGroupHeartbeatRequest, clientId: string): HeartbeatAnswer {
    return this.#consumer.heartbeat(request, clientId)
  }

  join(request: JoinGroupRequest, context: JoinContext): Promise<JoinAnswer> {
    const group = this.#consumer.get(request.groupId)
    if (group === undefined) return this.#classic.join(request, context)
    if (group.members.size > 0) return Promise.resolve(this.#classicMembers.join(group, request, context))
    this.#consumer.delete(group)
    return this.#classic.join(request, context)
  }

  sync(request: SyncGroupRequest): Promise<SyncAnswer> {
    const group = this.#consumer.get(request.groupId)
    if (group === undefined) return this.#classic.sync(request)
    return Promise.resolve(this.#classicMembers.sync(group, request))
  }

  /** Keeps a classic member's session alive. Returns an error code. */
  heartbeat(request: HeartbeatRequest): number {
    const group = this.#consumer.get(request.groupId)
    return group === undefined ? this.#classic.heartbeat(request) : this.#classicMembers.heartbeat(group, request)
  }

  /** Takes classic members out of a group. Returns an error code for each. */
  leave(groupId: string, leaving: LeaveGroupRequest['members']): number[] {
    const group = this.#consumer.get(groupId)
    return group === undefined ? this.#classic.leave(groupId, leaving) : this.#classicMembers.leave(group, leaving)
  }

  /** Whether offsets may be committed for a group: the error code, 0 when they may (Java: ConsumerGroup.validateOffsetCommit). */
  commitError(request: OffsetCommitRequest, apiVersion: number): number {
    const group = this.#consumer.get(request.groupId)
    if (group === undefined) return this.#classic.commitError(request, apiVersion)
    const { memberId, generationIdOrMemberEpoch: epoch } = request
    if (epoch < 0 && group.members.size === 0) return ERROR.NONE
    const isModern = group.members.get(memberId)?.classic === undefined
    if (group.members.has(memberId) && isModern && apiVersion < 9) return ERROR.UNSUPPORTED_VERSION
    return memberError(group, memberId, epoch)
  }

  /** Whether a transaction may commit offsets for a group: the error code, 0 when it may. */
  transactionalCommitError(request: TxnOffsetCommitRequest, apiVersion: number): number {
    const group = this.#consumer.get(request.groupId)
    if (group === undefined) return this.#classic.transactionalCommitError(request, apiVersion)
    const { memberId, generationIdOrMemberEpoch: epoch } = request
    if (epoch < 0 && group.members.size === 0) return ERROR.NONE
    const errorCode = memberError(group, memberId, epoch)
    return errorCode === ERROR.STALE_MEMBER_EPOCH ? ERROR.ILLEGAL_GENERATION : errorCode
  }

  /** Whether a member may ask for committed offsets: the error code, 0 when it may (Java: ConsumerGroup.validateOffsetFetch). */
  fetchError(groupId: string, memberId: string | null, memberEpoch: number): number {
    const group = this.#consumer.get(groupId)
    if (group === undefined || (memberId === null && memberEpoch < 0)) return ERROR.NONE
    return memberError(group, memberId ?? '', memberEpoch)
  }

  /** Has groups taken over from a coordinator that went down. */
  failOver(isAffected: (groupId: string) => boolean): void {
    this.#classic.failOver(isAffected)
    this.#consumer.failOver(isAffected)
  }

  /** Stops all timers. What waits is never answered. */
  close(): void {
    this.#timers.clearAll()
  }

  #upgrade(groupId: string, topics: Topics): ConsumerGroup | undefined {
    const classic = this.#classic.get(groupId)
    if (classic === undefined) return undefined
    const isEmpty = classic.members.size === 0 && classic.pendingMembers.size === 0
    if (!isEmpty && !isUpgradable(classic)) {
      throw new GroupFault(ERROR.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a consumer group`)
    }
    const group = isEmpty ? undefined : toConsumerGroup(classic, topics)
    this.#classic.release(classic)
    return group
  }

  #downgradeIfClassic(group: ConsumerGroup): void {
    const members = [...group.members.values()]
    if (members.length === 0 || members.some(({ classic }) => classic === undefined)) return
    const classic = toClassicGroup(group, (partitions) => this.#classicMembers.assignmentOf(partitions))
    this.#consumer.delete(group)
    this.#classic.adopt(classic)
  }
}

function memberError(group: ConsumerGroup, memberId: string, epoch: number): number {
  const member = group.members.get(memberId)
  if (member === undefined) return ERROR.UNKNOWN_MEMBER_ID
  if (member.epoch === epoch) return ERROR.NONE
  return member.classic === undefined ? ERROR.STALE_MEMBER_EPOCH : ERROR.ILLEGAL_GENERATION
}
