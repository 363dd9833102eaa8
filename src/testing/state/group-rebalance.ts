import { ERROR } from '../../protocol/error-codes.ts'
import type { Group, GroupMember } from './group.ts'
import type { Timers } from './timers.ts'

/** Time after which a JoinGroup request of a new member is given up (Java: group.new.member.join.timeout). */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 300_000

const NO_ASSIGNMENT = new Uint8Array(0)

/** What the phases need from the coordinator. */
export interface RebalanceOptions {
  /** How long the first rebalance of an empty group waits for more members. */
  initialRebalanceDelayMs: number
  /** Called when a group has reached a state that outlives its coordinator. */
  onPersist: (group: Group) => void
}

/**
 * The phases of a rebalance and the timers that end them (Java: GroupMetadataManager, the classic part): members join
 * (preparing-rebalance), the leader assigns (completing-rebalance), all have their assignment (stable).
 */
export class GroupRebalance {
  readonly #timers: Timers
  readonly #options: RebalanceOptions

  constructor(timers: Timers, options: RebalanceOptions) {
    this.#timers = timers
    this.#options = options
  }

  /** Starts a rebalance if the state allows it; if one is being prepared, ends the joining when all are there. */
  rebalanceOrCompleteJoin(group: Group): void {
    if (group.canRebalance()) this.prepare(group)
    else this.completeJoinWhenAllJoined(group)
  }

  /** Has every member join again. */
  prepare(group: Group): void {
    if (group.state === 'completing-rebalance') this.#refuseSyncs(group)
    group.pendingSync.clear()
    this.#timers.clear(syncKey(group))
    const isInitial = group.state === 'empty'
    group.moveTo('preparing-rebalance')
    if (isInitial) {
      const { initialRebalanceDelayMs } = this.#options
      this.#delayInitialJoin(
        group,
        initialRebalanceDelayMs,
        Math.max(group.rebalanceTimeoutMs - initialRebalanceDelayMs, 0),
      )
    } else if (group.hasAllMembersJoined()) {
      this.completeJoin(group)
    } else {
      this.#timers.set(joinKey(group), group.rebalanceTimeoutMs, () => this.completeJoin(group))
    }
  }

  /** Ends the joining early, unless it is the delayed first one. */
  completeJoinWhenAllJoined(group: Group): void {
    if (group.state !== 'preparing-rebalance' || group.previousState === 'empty') return
    if (group.hasAllMembersJoined()) this.completeJoin(group)
  }

  /** Every new member prolongs the delay of the first rebalance, up to the rebalance timeout. */
  #delayInitialJoin(group: Group, delayMs: number, remainingMs: number): void {
    this.#timers.set(joinKey(group), delayMs, () => {
      if (!group.hasNewMember || remainingMs === 0) return this.completeJoin(group)
      group.hasNewMember = false
      const next = Math.min(this.#options.initialRebalanceDelayMs, remainingMs)
      this.#delayInitialJoin(group, next, Math.max(remainingMs - delayMs, 0))
    })
  }

  /** Drops who has not joined and tells the others the new generation. */
  completeJoin(group: Group): void {
    this.#timers.clear(joinKey(group))
    if (group.state !== 'preparing-rebalance') return
    for (const member of group.notJoined()) {
      // A static member keeps its place until its session ends.
      if (member.instanceId === null) this.#drop(group, member.memberId)
    }
    if (!group.electJoinedLeader() && group.members.size > 0) {
      this.#timers.set(joinKey(group), group.rebalanceTimeoutMs, () => this.completeJoin(group))
      return
    }
    group.beginGeneration()
    if (group.isIn('empty')) return this.#options.onPersist(group)
    for (const member of group.members.values()) {
      group.answerJoin(member, group.joinAnswer(member.memberId))
      this.expectHeartbeat(group, member)
      member.isNew = false
      group.pendingSync.add(member.memberId)
    }
    this.#timers.set(syncKey(group), group.rebalanceTimeoutMs, () => this.#expireSync(group, group.generationId))
  }

  /** Notes that a member has asked for its assignment. */
  syncReceived(group: Group, memberId: string): void {
    group.pendingSync.delete(memberId)
    if (group.pendingSync.size === 0) this.#timers.clear(syncKey(group))
  }

  /** Hands out what the leader assigned. */
  assign(group: Group, assignments: ReadonlyMap<string, Uint8Array>): void {
    for (const member of group.members.values()) {
      member.assignment = assignments.get(member.memberId) ?? NO_ASSIGNMENT
    }
    for (const member of group.members.values()) {
      const { protocolType, protocolName } = group
      const answer = { protocolType, protocolName, assignment: member.assignment }
      // Its session could not end while it waited.
      if (group.answerSync(member, answer)) this.expectHeartbeat(group, member)
    }
    group.moveTo('stable')
    this.#options.onPersist(group)
  }

  #refuseSyncs(group: Group): void {
    for (const member of group.members.values()) {
      member.assignment = NO_ASSIGNMENT
      if (group.answerSync(member, { errorCode: ERROR.REBALANCE_IN_PROGRESS })) this.expectHeartbeat(group, member)
    }
  }

  /** Members that joined and then kept silent are dropped after the rebalance timeout (KAFKA-13563). */
  #expireSync(group: Group, generationId: number): void {
    if (group.generationId !== generationId || !group.isIn('completing-rebalance', 'stable')) return
    if (group.pendingSync.size === 0) return
    for (const memberId of group.pendingSync) this.#drop(group, memberId)
    this.prepare(group)
  }

  /** Starts the session of a member over. */
  expectHeartbeat(group: Group, member: GroupMember): void {
    this.#expectWithin(group, member.memberId, member.sessionTimeoutMs)
  }

  /** A new member waits for its join to be answered and cannot send heartbeats meanwhile. */
  expectJoin(group: Group, memberId: string): void {
    this.#expectWithin(group, memberId, NEW_MEMBER_JOIN_TIMEOUT_MS)
  }

  /** A member id that was handed out has to be used within the session timeout. */
  expectRejoin(group: Group, memberId: string, sessionTimeoutMs: number): void {
    this.#expectWithin(group, memberId, sessionTimeoutMs)
  }

  #expectWithin(group: Group, memberId: string, timeoutMs: number): void {
    this.#timers.set(memberKey(group, memberId), timeoutMs, () => this.#expireMember(group, memberId))
  }

  #expireMember(group: Group, memberId: string): void {
    if (group.state === 'dead') return
    if (group.pendingMembers.has(memberId)) {
      group.remove(memberId)
      if (group.state === 'preparing-rebalance' && group.hasAllMembersJoined()) this.completeJoin(group)
      return
    }
    const member = group.members.get(memberId)
    if (member === undefined) return
    const isWaiting = member.answerJoin !== undefined || member.answerSync !== undefined
    if (isWaiting && !member.isNew) return
    this.removeMember(group, memberId)
    if (group.isIn('stable', 'completing-rebalance')) this.rebalanceOrCompleteJoin(group)
    else if (group.state === 'preparing-rebalance' && group.hasAllMembersJoined()) this.completeJoin(group)
  }

  /**
   * Takes a member out of its group; what it waits for is answered with UNKNOWN_MEMBER_ID. What follows is up to the
   * caller.
   */
  removeMember(group: Group, memberId: string): void {
    const member = group.members.get(memberId)
    if (member !== undefined) {
      group.answerJoin(member, { memberId: '', errorCode: ERROR.UNKNOWN_MEMBER_ID })
      group.answerSync(member, { errorCode: ERROR.UNKNOWN_MEMBER_ID })
    }
    this.#drop(group, memberId)
  }

  #drop(group: Group, memberId: string): void {
    group.remove(memberId)
    this.#timers.clear(memberKey(group, memberId))
  }

  /** Stops all timers of a group and its members. */
  stop(group: Group): void {
    this.#timers.clear(joinKey(group))
    this.#timers.clear(syncKey(group))
    for (const memberId of [...group.members.keys(), ...group.pendingMembers]) {
      this.#timers.clear(memberKey(group, memberId))
    }
  }
}

// A group id can hold any character, so the parts of a key are not just put together.
function joinKey(group: Group): string {
  return JSON.stringify(['join', group.id])
}

function syncKey(group: Group): string {
  return JSON.stringify(['sync', group.id])
}

function memberKey(group: Group, memberId: string): string {
  return JSON.stringify(['member', group.id, memberId])
}
