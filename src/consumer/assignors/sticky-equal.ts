import { hashMapOrder } from './java-hash-map.ts'
import type { StickyGroup } from './sticky-group.ts'
import type { StickyOwnership } from './sticky-ownership.ts'
import type { StickyRacks } from './sticky-racks.ts'

/**
 * Deals partitions out to members that all subscribed to the same topics: everyone gets the same number, or one more.
 * Members first keep what they had, up to their share and as far as it is near to them. What is left goes around, first
 * to members near to it, then to any. Returns the partitions of each member.
 */
export function assignEqually(group: StickyGroup, ownership: StickyOwnership, racks: StickyRacks): number[][] {
  return new EqualDeal(group, ownership, racks).run()
}

class EqualDeal {
  readonly #group: StickyGroup
  readonly #ownership: StickyOwnership
  readonly #racks: StickyRacks
  readonly #assignment: number[][]
  /** What every member gets. */
  readonly #share: number
  /** How many members may still get one partition above the share. */
  #extras: number
  /** Members that have less than their share; the turn goes around among them. */
  #short: number[] = []
  /** Place in `#short` of the member whose turn it is. */
  #turn = 0
  /** Members that have just their share while there are extras, in the order in which they get them. */
  #waiting: number[] = []

  constructor(group: StickyGroup, ownership: StickyOwnership, racks: StickyRacks) {
    this.#group = group
    this.#ownership = ownership
    this.#racks = racks
    this.#assignment = group.members.map(() => [])
    this.#share = Math.floor(group.partitions.length / group.members.length)
    this.#extras = group.partitions.length % group.members.length
  }

  run(): number[][] {
    for (const member of this.#firstCome()) this.#keepOwned(member)
    for (const [member, { length }] of this.#assignment.entries()) {
      if (length < this.#share) this.#short.push(member)
      else if (length === this.#share && this.#extras > 0) this.#waiting.push(member)
    }
    let rest = this.#unassigned()
    if (this.#racks.matter) {
      rest = this.#deal(this.#racks.scarcestFirst(rest), (member, partition) => this.#racks.areNear(member, partition))
    }
    this.#turn = 0
    this.#deal(rest, () => true)
    return this.#assignment
  }

  /**
   * The order in which members claim what they had. It decides who keeps an extra partition when fewer are to be had than
   * before: Java goes by its hash map of member ids, and whichever client leads the group should choose the same.
   */
  #firstCome(): number[] {
    return hashMapOrder(this.#group.members.map(({ memberId }) => memberId))
  }

  #keepOwned(member: number): void {
    const { partitions } = this.#group
    const owned = this.#ownership.owned[member]!.filter((partition) => !this.#racks.areApart(member, partition))
      // Low partitions of all topics are kept before high ones, so that what is given up is spread over the topics.
      .toSorted((a, b) => partitions[a]!.partition - partitions[b]!.partition || a - b)
    const keepsExtra = this.#extras > 0 && owned.length > this.#share
    if (keepsExtra) this.#extras--
    this.#assignment[member]!.push(...owned.slice(0, keepsExtra ? this.#share + 1 : this.#share))
  }

  #unassigned(): number[] {
    const assigned = new Set(this.#assignment.flat())
    return [...this.#group.partitions.keys()].filter((partition) => !assigned.has(partition))
  }

  /** Deals out what members match, and returns the rest. */
  #deal(partitions: readonly number[], matches: (member: number, partition: number) => boolean): number[] {
    const rest: number[] = []
    for (const partition of partitions) {
      const isMatch = (member: number): boolean => matches(member, partition)
      const member = this.#nextShort(isMatch) ?? this.#nextWaiting(isMatch)
      if (member === undefined) rest.push(partition)
      else this.#assignment[member]!.push(partition)
    }
    return rest
  }

  /** The next member in turn that is short of its share and matches. It is about to get one partition. */
  #nextShort(matches: (member: number) => boolean): number | undefined {
    const { length } = this.#short
    for (let step = 0; step < length; step++) {
      const place = (this.#turn + step) % length
      const member = this.#short[place]!
      if (!matches(member)) continue
      if (this.#assignment[member]!.length + 1 < this.#share) {
        this.#turn = place + 1
      } else {
        this.#short.splice(place, 1)
        this.#turn = place
        if (this.#extras > 0) this.#waiting.push(member)
      }
      return member
    }
    return undefined
  }

  /** The first member that matches and may get a partition above its share. It is about to get it. */
  #nextWaiting(matches: (member: number) => boolean): number | undefined {
    const place = this.#waiting.findIndex(matches)
    if (place < 0) return undefined
    const [member] = this.#waiting.splice(place, 1)
    this.#extras--
    if (this.#extras === 0) this.#waiting = []
    return member
  }
}
