import type { StickyGroup, StickyTopic } from './sticky-group.ts'
import { StickyMovements } from './sticky-movements.ts'
import { NOBODY, type StickyOwnership } from './sticky-ownership.ts'
import type { StickyRacks } from './sticky-racks.ts'

/**
 * Deals partitions out to members that subscribed to different topics, as evenly as the subscriptions allow. Members keep
 * what they had, as far as it is near to them; what is left goes to the members with the least, nearby ones first; then
 * partitions move to members with at least two less until there are none. Returns the partitions of each member.
 *
 * Where racks matter, what is far from its member is dealt out anew each time, as in Java: partitions may then move though
 * nothing changed, and in rare groups do so in every rebalance.
 */
export function assignMixed(group: StickyGroup, ownership: StickyOwnership, racks: StickyRacks): number[][] {
  return new MixedDeal(group, ownership, racks).run()
}

class MixedDeal {
  readonly #group: StickyGroup
  readonly #ownership: StickyOwnership
  readonly #racks: StickyRacks
  readonly #movements: StickyMovements
  /** Partitions of each member, in the order in which it got them. */
  readonly #assignment: Set<number>[]
  /** Their numbers. */
  readonly #loads: Int32Array
  /** The member that has each partition, or NOBODY. */
  readonly #holders: Int32Array

  constructor(group: StickyGroup, ownership: StickyOwnership, racks: StickyRacks) {
    this.#group = group
    this.#ownership = ownership
    this.#racks = racks
    this.#movements = new StickyMovements(group)
    this.#assignment = group.members.map(() => new Set())
    this.#loads = new Int32Array(group.members.length)
    this.#holders = new Int32Array(group.partitions.length).fill(NOBODY)
  }

  run(): number[][] {
    const isEachKept = this.#keepOwned()
    const all = this.#hardestFirst()
    const added = all.filter((partition) => this.#holders[partition] === NOBODY)
    if (this.#racks.matter) this.#deal(added, (member, partition) => !this.#racks.areApart(member, partition))
    this.#deal(added, () => true)
    // Moving what is new anyway costs nobody anything; if something was taken away already, there is no such difference.
    if (isEachKept) this.#balance(added)
    this.#balance(all)
    return this.#assignment.map((partitions) => [...partitions])
  }

  /** Returns whether every member could keep all it had. */
  #keepOwned(): boolean {
    let isEachKept = true
    for (const [member, owned] of this.#ownership.owned.entries()) {
      for (const partition of owned) {
        if (this.#group.isSubscribed(member, partition) && !this.#racks.areApart(member, partition))
          this.#give(partition, member)
        else isEachKept = false
      }
    }
    return isEachKept
  }

  /** All partitions, those of topics with the fewest subscribers first. */
  #hardestFirst(): number[] {
    const topics = this.#group.topics.toSorted((a, b) => a.subscribers.length - b.subscribers.length)
    return topics.flatMap(({ first, partitionCount }) => Array.from({ length: partitionCount }, (_, i) => first + i))
  }

  /** Gives each partition that nobody has to the member with the least, of those that `mayTake` it. */
  #deal(partitions: readonly number[], mayTake: (member: number, partition: number) => boolean): void {
    for (const partition of partitions) {
      if (this.#holders[partition] !== NOBODY) continue
      const member = this.#leastLoaded(partition, mayTake)
      if (member !== NOBODY) this.#give(partition, member)
    }
  }

  /**
   * Moves partitions until no move of one of them makes the loads more even. There is an end: a move that does not has
   * them as even as before and takes a partition back to where it was.
   */
  #balance(partitions: readonly number[]): void {
    let hasMoved = true
    while (hasMoved) {
      hasMoved = false
      for (const partition of partitions) {
        const member = this.#betterHolder(partition)
        if (member === NOBODY) continue
        this.#moveTo(member, partition)
        hasMoved = true
      }
    }
  }

  /** The former owner, or the member with the least, if it would still have less than the present one after a move. */
  #betterHolder(partition: number): number {
    const holder = this.#holders[partition]!
    const former = this.#ownership.formerOwners[partition]!
    if (former !== NOBODY && this.#group.isSubscribed(former, partition) && this.#evensOut(holder, former))
      return former
    const least = this.#leastLoaded(partition, () => true)
    return this.#evensOut(holder, least) ? least : NOBODY
  }

  #moveTo(member: number, chosen: number): void {
    const instead = this.#movements.insteadOf(chosen, this.#holders[chosen]!, member)
    // It may be a third member's. If that has no more than this one, the loads would become less even, and there might be no end.
    const isWorse = this.#loads[this.#holders[instead]!]! <= this.#loads[member]!
    const partition = isWorse ? chosen : instead
    const from = this.#holders[partition]!
    this.#movements.record(partition, from, member)
    this.#assignment[from]!.delete(partition)
    this.#loads[from]!--
    this.#give(partition, member)
  }

  #give(partition: number, member: number): void {
    this.#assignment[member]!.add(partition)
    this.#loads[member]!++
    this.#holders[partition] = member
  }

  /** Whether the two loads would be more even with one partition moved. */
  #evensOut(from: number, to: number): boolean {
    return this.#loads[from]! > this.#loads[to]! + 1
  }

  /** The first of the members with the least that subscribed to the partition's topic, or NOBODY. */
  #leastLoaded(partition: number, mayTake: (member: number, partition: number) => boolean): number {
    let least = NOBODY
    let load = Infinity
    for (const member of this.#topicOf(partition).subscribers) {
      if (this.#loads[member]! >= load || !mayTake(member, partition)) continue
      least = member
      load = this.#loads[member]!
    }
    return least
  }

  #topicOf(partition: number): StickyTopic {
    return this.#group.topics[this.#group.topicOf[partition]!]!
  }
}
