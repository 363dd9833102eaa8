import type { TopicPartition } from '../topic-partition.ts'
import type { AssignorMember, AssignorTopic } from './assignor.ts'
import { assignEqually } from './sticky-equal.ts'
import { StickyGroup } from './sticky-group.ts'
import { assignMixed } from './sticky-mixed.ts'
import { NOBODY, type StickyClaim, StickyOwnership } from './sticky-ownership.ts'
import { StickyRacks } from './sticky-racks.ts'

/** When a partition that changes its owner is handed out: in this assignment, or in the next, once it has been given up. */
export type Handover = 'at-once' | 'after-release'

/**
 * Deals partitions out as evenly as the subscriptions allow, and of the ways to do that takes one that moves few
 * partitions (Java: AbstractStickyAssignor). Members and replicas with racks are matched as far as the balance allows.
 */
export function assignSticky(
  topics: readonly AssignorTopic[],
  members: readonly AssignorMember[],
  claimOf: (member: AssignorMember) => StickyClaim,
  handover: Handover,
): Map<string, TopicPartition[]> {
  if (members.length === 0) return new Map()
  const group = new StickyGroup(topics, members)
  const ownership = new StickyOwnership(group, group.members.map(claimOf))
  const racks = new StickyRacks(group)
  const isEqual = group.hasEqualSubscriptions()
  const assignment = (isEqual ? assignEqually : assignMixed)(group, ownership, racks)
  const mayGet = (member: number, partition: number): boolean =>
    handover === 'at-once' || isFree(ownership, member, partition, isEqual)
  return new Map(
    assignment.map((partitions, member) => [
      group.members[member]!.memberId,
      partitions.filter((partition) => mayGet(member, partition)).map((partition) => group.partitions[partition]!),
    ]),
  )
}

/**
 * Whether no other member has to give the partition up first. Where several claim it, all have to under equal
 * subscriptions, all but the one that gets it otherwise (Java: CooperativeStickyAssignor.assignPartitions).
 */
function isFree(ownership: StickyOwnership, member: number, partition: number, isEqual: boolean): boolean {
  const claimants = ownership.contested.get(partition)
  if (claimants !== undefined) return !isEqual && claimants.has(member)
  const owner = ownership.owners[partition]!
  return owner === member || owner === NOBODY
}
