import type { TopicPartition } from '../topic-partition.ts'
import type { StickyGroup } from './sticky-group.ts'

/** What a member says that it had before the rebalance. */
export interface StickyClaim {
  readonly partitions: readonly TopicPartition[]
  /** Generation in which it got them, -1 when unknown. */
  readonly generationId: number
}

/** Stands for no member. */
export const NOBODY = -1

/**
 * Who had which partition before the rebalance. Of several members that claim the same partition, the one of the latest
 * generation had it: the others missed a rebalance. Nobody had it when two claim it in that generation, which is a fault
 * of theirs (Java: AbstractStickyAssignor.allSubscriptionsEqual).
 */
export class StickyOwnership {
  /** Partitions that each member had, in the order in which it names them. */
  readonly owned: readonly (readonly number[])[]
  /** Partitions that several members claim in the same generation, with those members. */
  readonly contested: ReadonlyMap<number, ReadonlySet<number>>
  /** For each partition the member that had it, or NOBODY. */
  readonly owners: Int32Array
  /**
   * For each partition the member with the latest claim that is older than the newest generation of the group, or NOBODY:
   * where the partition goes back to if that helps the balance.
   */
  readonly formerOwners: Int32Array

  constructor(group: StickyGroup, claims: readonly StickyClaim[]) {
    const size = group.partitions.length
    const owners = new Int32Array(size).fill(NOBODY)
    const former = new Int32Array(size).fill(NOBODY)
    const contested = new Map<number, Set<number>>()
    const newest = claims.reduce((latest, { generationId }) => Math.max(latest, generationId), -1)
    const generationOf = (member: number): number => (member === NOBODY ? -Infinity : claims[member]!.generationId)
    const claimed = claims.map((claim) => numbersOf(group, claim))
    for (const [member, partitions] of claimed.entries()) {
      const generation = generationOf(member)
      for (const partition of partitions) {
        const rival = generationOf(owners[partition]!)
        if (generation > rival) {
          owners[partition] = member
          contested.delete(partition)
        } else if (generation === rival) {
          const claimants = contested.get(partition)
          if (claimants === undefined) contested.set(partition, new Set([owners[partition]!, member]))
          else claimants.add(member)
        }
        if (generation < newest && generation > generationOf(former[partition]!)) former[partition] = member
      }
    }
    for (const partition of contested.keys()) owners[partition] = NOBODY
    this.owned = claimed.map((partitions, member) => partitions.filter((partition) => owners[partition] === member))
    this.contested = contested
    this.owners = owners
    this.formerOwners = former
  }
}

/** The partitions that still exist, each once. */
function numbersOf(group: StickyGroup, { partitions }: StickyClaim): number[] {
  const numbers = new Set<number>()
  for (const partition of partitions) {
    const number = group.numberOf(partition)
    if (number !== undefined) numbers.add(number)
  }
  return [...numbers]
}
