import { ERROR } from '../../protocol/error-codes.ts'
import type { JoinGroupRequest } from '../../protocol/messages/11-join-group.ts'
import type { HeartbeatRequest } from '../../protocol/messages/12-heartbeat.ts'
import type { LeaveGroupRequest } from '../../protocol/messages/13-leave-group.ts'
import type { OffsetCommitRequest } from '../../protocol/messages/08-offset-commit.ts'
import type { SyncGroupRequest } from '../../protocol/messages/14-sync-group.ts'
import type { TxnOffsetCommitRequest } from '../../protocol/messages/28-txn-offset-commit.ts'
import { Group, sameProtocols, type GroupMember, type JoinAnswer, type SyncAnswer } from './group.ts'
import { GroupRebalance } from './group-rebalance.ts'
import { GroupSnapshots } from './group-snapshots.ts'
import type { Timers } from './timers.ts'

/** How groups are coordinated. */
export interface GroupSettings {
  /** How long the first rebalance of an empty group waits for more members. */
  initialRebalanceDelayMs: number
  /** Shortest session timeout that a member may ask for. */
  minSessionTimeoutMs: number
  /** Longest session timeout that a member may ask for. */
  maxSessionTimeoutMs: number
}

/** What decides about a join besides the request: who sends it, in which version. */
export interface JoinContext {
  clientId: string | null
  /** Version 4 and later: a new member is first given its id and has to come back with it (KIP-394). */
  requiresKnownMemberId: boolean
  /** Version 9 and later: a leader that comes back may be told not to assign anew (KIP-814). */
  supportsSkippingAssignment: boolean
}

/** One member that leaves. */
type LeavingMember = LeaveGroupRequest['members'][number]

const NO_ASSIGNMENT = new Uint8Array(0)

/**
 * The classic group coordinator: what requests of members do to their groups (Java: GroupMetadataManager, the classic
 * part).
 */
export class GroupCoordinator {
  readonly #settings: GroupSettings
  readonly #groups = new Map<string, Group>()
  readonly #timers: Timers
  readonly #snapshots = new GroupSnapshots()
  readonly #rebalance: GroupRebalance

  constructor(settings: GroupSettings, timers: Timers) {
    this.#settings = settings
    this.#timers = timers
    this.#rebalance = new GroupRebalance(this.#timers, {
      initialRebalanceDelayMs: settings.initialRebalanceDelayMs,
      onPersist: (group) => this.#snapshots.take(group),
    })
  }

  groupIds(): string[] {
    return [...this.#groups.keys()]
  }

  get(groupId: string): Group | undefined {
    return this.#groups.get(groupId)
  }

  /** Gives a group up, which is empty or goes on under the other protocol: what waits is answered with REBALANCE_IN_PROGRESS. */
  release(group: Group): void {
    this.#rebalance.stop(group)
    const errorCode = ERROR.REBALANCE_IN_PROGRESS
    for (const member of group.members.values()) {
      group.answerJoin(member, { memberId: member.memberId, errorCode })
      group.answerSync(member, { errorCode })
    }
    group.moveTo('dead')
    this.#groups.delete(group.id)
    this.#snapshots.delete(group.id)
  }

  /** Takes over a group that was one of the consumer protocol, and has its members join again. */
  adopt(group: Group): void {
    this.#groups.set(group.id, group)
    this.#snapshots.take(group)
    for (const member of group.members.values()) this.#rebalance.expectHeartbeat(group, member)
    this.#rebalance.prepare(group)
  }

  /** Joins a group; settles once the rebalance is through. */
  join(request: JoinGroupRequest, context: JoinContext): Promise<JoinAnswer> {
    const { groupId, memberId, sessionTimeoutMs } = request
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#settings
    if (groupId === '') return refuseJoin(memberId, ERROR.INVALID_GROUP_ID)
    if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
      return refuseJoin(memberId, ERROR.INVALID_SESSION_TIMEOUT)
    }
    const isNew = memberId === ''
    const group = this.#groups.get(groupId) ?? (isNew ? this.#create(groupId) : undefined)
    if (group === undefined) return refuseJoin(memberId, ERROR.UNKNOWN_MEMBER_ID)
    if (!group.supports(request.protocolType, request.protocols)) {
      return refuseJoin(memberId, ERROR.INCONSISTENT_GROUP_PROTOCOL)
    }
    return isNew ? this.#joinNew(group, request, context) : this.#joinAgain(group, request)
  }

  #create(groupId: string): Group {
    const group = new Group(groupId)
    this.#groups.set(groupId, group)
    return group
  }

  #joinNew(group: Group, request: JoinGroupRequest, context: JoinContext): Promise<JoinAnswer> {
    const { groupInstanceId } = request
    const memberId = group.newMemberId(context.clientId, groupInstanceId)
    if (groupInstanceId !== null && group.staticMember(groupInstanceId) !== undefined) {
      return this.#joinReturning(group, request, memberId, context)
    }
    if (groupInstanceId === null && context.requiresKnownMemberId) {
      group.pendingMembers.add(memberId)
      this.#rebalance.expectRejoin(group, memberId, request.sessionTimeoutMs)
      return refuseJoin(memberId, ERROR.MEMBER_ID_REQUIRED)
    }
    return this.#add(group, memberId, request)
  }

  #add(group: Group, memberId: string, request: JoinGroupRequest): Promise<JoinAnswer> {
    return new Promise((answerJoin) => {
      if (group.state === 'preparing-rebalance' && group.previousState === 'empty') group.hasNewMember = true
      group.add({
        memberId,
        instanceId: request.groupInstanceId,
        rebalanceTimeoutMs: request.rebalanceTimeoutMs,
        sessionTimeoutMs: request.sessionTimeoutMs,
        protocolType: request.protocolType,
        protocols: request.protocols,
        assignment: NO_ASSIGNMENT,
        isNew: true,
        answerJoin,
        answerSync: undefined,
      })
      this.#rebalance.expectJoin(group, memberId)
      this.#rebalance.rebalanceOrCompleteJoin(group)
    })
  }

  #joinAgain(group: Group, request: JoinGroupRequest): Promise<JoinAnswer> {
    const { memberId, groupInstanceId, protocols } = request
    if (group.pendingMembers.has(memberId)) return this.#add(group, memberId, request)
    const error = group.memberError(memberId, groupInstanceId)
    if (error !== ERROR.NONE) return refuseJoin(memberId, error)
    const member = group.members.get(memberId)!
    // Nothing new: the member missed the answer, or was not meant by the rebalance. A leader in a stable group means to
    // rebalance.
    const isSame = sameProtocols(member.protocols, protocols)
    if (group.state === 'completing-rebalance' && isSame) return Promise.resolve(group.joinAnswer(memberId))
    if (group.state === 'stable' && isSame && group.leaderId !== memberId) {
      return Promise.resolve(group.joinAnswer(memberId))
    }
    return new Promise((answerJoin) => {
      update(group, member, request, answerJoin)
      this.#rebalance.rebalanceOrCompleteJoin(group)
    })
  }

  /** A static member that came back without its member id takes the place it had (KIP-345). */
  #joinReturning(group: Group, request: JoinGroupRequest, memberId: string, context: JoinContext): Promise<JoinAnswer> {
    const leader = group.leaderId ?? ''
    const member = group.replaceStaticMember(request.groupInstanceId!, memberId)
    this.#rebalance.expectHeartbeat(group, member)
    return new Promise((answerJoin) => {
      update(group, member, request, answerJoin)
      if (group.state === 'completing-rebalance') {
        // The leader may be assigning to the old id.
        this.#rebalance.prepare(group)
      } else if (group.state !== 'stable') {
        this.#rebalance.completeJoinWhenAllJoined(group)
      } else if (group.protocolName !== group.selectProtocol()) {
        this.#rebalance.rebalanceOrCompleteJoin(group)
      } else {
        this.#snapshots.take(group)
        const isLeader = group.leaderId === memberId
        // An older leader is told its old id, so that it takes itself for a follower and does not assign anew.
        const leadership = context.supportsSkippingAssignment ? { skipAssignment: isLeader } : { leader, members: [] }
        group.answerJoin(member, { ...group.joinAnswer(memberId), ...leadership })
      }
    })
  }

  /** Hands in the leader's assignment and waits for one's own. */
  sync(request: SyncGroupRequest): Promise<SyncAnswer> {
    const { groupId, memberId, groupInstanceId } = request
    if (groupId === '') return refuseSync(ERROR.INVALID_GROUP_ID)
    const group = this.#groups.get(groupId)
    if (group === undefined) return refuseSync(ERROR.UNKNOWN_MEMBER_ID)
    const error = group.memberError(memberId, groupInstanceId)
    if (error !== ERROR.NONE) return refuseSync(error)
    if (request.generationId !== group.generationId) return refuseSync(ERROR.ILLEGAL_GENERATION)
    if (
      (request.protocolType !== null && request.protocolType !== group.protocolType) ||
      (request.protocolName !== null && request.protocolName !== group.protocolName)
    ) {
      return refuseSync(ERROR.INCONSISTENT_GROUP_PROTOCOL)
    }
    if (group.state === 'preparing-rebalance') return refuseSync(ERROR.REBALANCE_IN_PROGRESS)
    if (group.state !== 'completing-rebalance' && group.state !== 'stable') return refuseSync(ERROR.UNKNOWN_MEMBER_ID)
    const member = group.members.get(memberId)!
    this.#rebalance.syncReceived(group, memberId)
    if (group.state === 'stable') {
      const { protocolType, protocolName } = group
      return Promise.resolve({ protocolType, protocolName, assignment: member.assignment })
    }
    return new Promise((answerSync) => {
      member.answerSync = answerSync
      if (group.leaderId !== memberId) return
      const assignments = request.assignments.map(({ memberId, assignment }) => [memberId, assignment.slice()] as const)
      this.#rebalance.assign(group, new Map(assignments))
    })
  }

  /** Keeps a member's session alive. Returns an error code. */
  heartbeat({ groupId, memberId, groupInstanceId, generationId }: HeartbeatRequest): number {
    if (groupId === '') return ERROR.INVALID_GROUP_ID
    const group = this.#groups.get(groupId)
    if (group === undefined) return ERROR.UNKNOWN_MEMBER_ID
    const error = group.memberError(memberId, groupInstanceId)
    if (error !== ERROR.NONE) return error
    if (generationId !== group.generationId) return ERROR.ILLEGAL_GENERATION
    this.#rebalance.expectHeartbeat(group, group.members.get(memberId)!)
    return group.state === 'preparing-rebalance' ? ERROR.REBALANCE_IN_PROGRESS : ERROR.NONE
  }

  /** Takes members out of a group. Returns an error code for each. */
  leave(groupId: string, leaving: readonly LeavingMember[]): number[] {
    const group = this.#groups.get(groupId)
    if (group === undefined) return leaving.map(() => ERROR.UNKNOWN_MEMBER_ID)
    const errors = leaving.map((member) => this.#leave(group, member))
    if (errors.includes(ERROR.NONE)) {
      if (group.isIn('stable', 'completing-rebalance')) this.#rebalance.rebalanceOrCompleteJoin(group)
      else this.#rebalance.completeJoinWhenAllJoined(group)
    }
    return errors
  }

  #leave(group: Group, { memberId, groupInstanceId }: LeavingMember): number {
    // An administrator names a static member by its instance id alone.
    const staticId = memberId === '' && groupInstanceId !== null ? group.staticMember(groupInstanceId) : undefined
    const id = staticId ?? memberId
    const error = group.pendingMembers.has(id) ? ERROR.NONE : group.memberError(id, groupInstanceId)
    if (error === ERROR.NONE) this.#rebalance.removeMember(group, id)
    return error
  }

  /**
   * Whether offsets may be committed for a group: the error code, 0 when they may (Java:
   * ClassicGroup.validateOffsetCommit).
   */
  commitError(request: OffsetCommitRequest, apiVersion: number): number {
    const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request
    let group = this.#groups.get(groupId)
    if (group === undefined) {
      if (generationId >= 0) return apiVersion >= 9 ? ERROR.GROUP_ID_NOT_FOUND : ERROR.ILLEGAL_GENERATION
      // A consumer that assigns itself, or an administrator: the group has offsets and no members.
      group = this.#create(groupId)
    }
    if (generationId < 0 && group.state === 'empty') return ERROR.NONE
    if (generationId < 0 && memberId === '' && groupInstanceId === null) return ERROR.UNKNOWN_MEMBER_ID
    const error = group.memberError(memberId, groupInstanceId)
    if (error !== ERROR.NONE) return error
    if (generationId !== group.generationId) return ERROR.ILLEGAL_GENERATION
    if (group.state === 'completing-rebalance') return ERROR.REBALANCE_IN_PROGRESS
    this.#rebalance.expectHeartbeat(group, group.members.get(memberId)!)
    return ERROR.NONE
  }

  /** Whether a transaction may commit offsets for a group, whose rebalance is of no account for that: the error code. */
  transactionalCommitError(request: TxnOffsetCommitRequest, apiVersion: number): number {
    const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request
    let group = this.#groups.get(groupId)
    if (group === undefined) {
      if (generationId >= 0) return apiVersion >= 6 ? ERROR.GROUP_ID_NOT_FOUND : ERROR.ILLEGAL_GENERATION
      group = this.#create(groupId)
    }
    if (generationId < 0 && group.state === 'empty') return ERROR.NONE
    // Before version 3 requests did not say.
    if (generationId < 0 && memberId === '' && groupInstanceId === null) return ERROR.NONE
    const error = group.memberError(memberId, groupInstanceId)
    if (error !== ERROR.NONE) return error
    return generationId === group.generationId ? ERROR.NONE : ERROR.ILLEGAL_GENERATION
  }

  /**
   * Takes groups over from a coordinator that went down: what waits is answered with NOT_COORDINATOR, and each group
   * goes on as it last was when nothing was under way.
   */
  failOver(isAffected: (groupId: string) => boolean): void {
    for (const group of this.#groups.values()) {
      if (!isAffected(group.id)) continue
      this.#rebalance.stop(group)
      for (const member of group.members.values()) {
        group.answerJoin(member, { memberId: member.memberId, errorCode: ERROR.NOT_COORDINATOR })
        group.answerSync(member, { errorCode: ERROR.NOT_COORDINATOR })
      }
      group.moveTo('dead')
      const restored = this.#snapshots.restore(group.id) ?? new Group(group.id)
      this.#groups.set(group.id, restored)
      for (const member of restored.members.values()) this.#rebalance.expectHeartbeat(restored, member)
    }
  }
}

function update(
  group: Group,
  member: GroupMember,
  request: JoinGroupRequest,
  answerJoin: (answer: JoinAnswer) => void,
): void {
  // A join that was sent again takes the place of the one before, which nobody waits for any more.
  group.answerJoin(member, { memberId: member.memberId, errorCode: ERROR.UNKNOWN_MEMBER_ID })
  member.protocols = request.protocols
  member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
  member.sessionTimeoutMs = request.sessionTimeoutMs
  member.answerJoin = answerJoin
}

function refuseJoin(memberId: string, errorCode: number): Promise<JoinAnswer> {
  return Promise.resolve({ memberId, errorCode })
}

function refuseSync(errorCode: number): Promise<SyncAnswer> {
  return Promise.resolve({ errorCode })
}
