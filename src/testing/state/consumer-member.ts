import type { ConsumerGroupHeartbeatTopicPartitions } from '../../protocol/messages/68-consumer-group-heartbeat.ts'
import type { GroupProtocol } from './group.ts'

/** Partitions by topic id. */
export type PartitionsById = ReadonlyMap<string, ReadonlySet<number>>

/** Epoch of a static member that left and means to come back. */
export const AWAY_EPOCH = -2

/**
 * Whether a member has its target (`stable`), has to give partitions back first (`unrevoked`), or waits for others to do so (`unreleased`) (Java:
 * MemberState).
 */
export type ConsumerMemberState = 'stable' | 'unrevoked' | 'unreleased'

/** One member of a group of the consumer protocol (Java: ConsumerGroupMember). Never changed, only replaced. */
export interface ConsumerMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly rebalanceTimeoutMs: number
  readonly clientId: string
  readonly topicNames: readonly string[]
  /** Empty when there is none. */
  readonly topicRegex: string
  readonly serverAssignor: string | null
  readonly epoch: number
  readonly previousEpoch: number
  readonly state: ConsumerMemberState
  readonly assigned: PartitionsById
  /** What it has to give back before it gets anything. */
  readonly revoking: PartitionsById
  /** Of a member that speaks the classic protocol. */
  readonly classic: ClassicTraits | undefined
}

/** What a classic member told when it joined. */
export interface ClassicTraits {
  readonly sessionTimeoutMs: number
  readonly protocols: readonly GroupProtocol[]
}

export const NO_PARTITIONS: PartitionsById = new Map()

/** A member that has joined and got nothing yet. */
export function newMember(memberId: string): ConsumerMember {
  return {
    memberId,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: -1,
    clientId: '',
    topicNames: [],
    topicRegex: '',
    serverAssignor: null,
    epoch: 0,
    previousEpoch: 0,
    state: 'stable',
    assigned: NO_PARTITIONS,
    revoking: NO_PARTITIONS,
    classic: undefined,
  }
}

/** What a member is to have, as of an epoch. */
export interface MemberTarget {
  readonly epoch: number
  readonly partitions: PartitionsById
  /** Whether someone still has a partition, be it to give it back. */
  readonly isTaken: (topicId: string, partition: number) => boolean
}

/**
 * The member one step closer to its target (Java: CurrentAssignmentBuilder): what goes has to be given back before the member's epoch rises
 * and anything comes.
 * @param owned - what the member says that it has; null when it does not say.
 */
export function reconciled(
  member: ConsumerMember,
  target: MemberTarget,
  owned: readonly ConsumerGroupHeartbeatTopicPartitions[] | null,
): ConsumerMember {
  if (member.state === 'stable' && member.epoch === target.epoch) return member
  if (member.state === 'unrevoked') {
    if (ownsAny(owned, member.revoking)) return member
    return next(member, member.epoch + 1, target, owned)
  }
  return next(member, member.epoch, target, owned)
}

function next(
  member: ConsumerMember,
  epoch: number,
  target: MemberTarget,
  owned: readonly ConsumerGroupHeartbeatTopicPartitions[] | null,
): ConsumerMember {
  const assigned = new Map<string, Set<number>>()
  const revoking = new Map<string, Set<number>>()
  const coming = new Map<string, Set<number>>()
  let isWaiting = false
  for (const topicId of new Set([...target.partitions.keys(), ...member.assigned.keys()])) {
    const wanted = target.partitions.get(topicId) ?? new Set()
    const had = member.assigned.get(topicId) ?? new Set()
    for (const partition of had) add(wanted.has(partition) ? assigned : revoking, topicId, partition)
    for (const partition of wanted) {
      if (had.has(partition)) continue
      if (target.isTaken(topicId, partition)) isWaiting = true
      else add(coming, topicId, partition)
    }
  }
  if (revoking.size > 0 && ownsAny(owned, revoking)) {
    return { ...member, state: 'unrevoked', epoch, previousEpoch: member.epoch, assigned, revoking }
  }
  for (const [topicId, partitions] of coming) for (const partition of partitions) add(assigned, topicId, partition)
  const state = isWaiting ? 'unreleased' : 'stable'
  return { ...member, state, epoch: target.epoch, previousEpoch: member.epoch, assigned, revoking: NO_PARTITIONS }
}

/** Whether a member has some of these partitions; one that does not say has. */
function ownsAny(owned: readonly ConsumerGroupHeartbeatTopicPartitions[] | null, of: PartitionsById): boolean {
  if (owned === null) return true
  return owned.some(({ topicId, partitions }) => partitions.some((partition) => has(of, topicId, partition)))
}

/** Whether a member says what it has, and has nothing beyond these. */
export function ownsOnly(owned: readonly ConsumerGroupHeartbeatTopicPartitions[] | null, of: PartitionsById): boolean {
  if (owned === null) return false
  return owned.every(({ topicId, partitions }) => partitions.every((partition) => has(of, topicId, partition)))
}

export function has(of: PartitionsById, topicId: string, partition: number): boolean {
  return of.get(topicId)?.has(partition) === true
}

export function add(to: Map<string, Set<number>>, topicId: string, partition: number): void {
  const known = to.get(topicId)
  if (known === undefined) to.set(topicId, new Set([partition]))
  else known.add(partition)
}

/** Partitions as messages carry them. */
export function listed(partitions: PartitionsById): ConsumerGroupHeartbeatTopicPartitions[] {
  return Array.from(partitions, ([topicId, ofTopic]) => ({ topicId, partitions: [...ofTopic].toSorted(ascending) }))
}

/** Whether two members have the same partitions. */
export function isSame(a: PartitionsById, b: PartitionsById): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

function sorted(partitions: PartitionsById): ConsumerGroupHeartbeatTopicPartitions[] {
  return listed(partitions).toSorted((a, b) => (a.topicId < b.topicId ? -1 : 1))
}

function ascending(a: number, b: number): number {
  return a - b
}
