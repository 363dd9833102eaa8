import type { StickyGroup } from './sticky-group.ts'

/** Which members are near to which partitions (KIP-881). */
export class StickyRacks {
  /** Whether racks can make a difference: where they cannot, every member is as near to a partition as another. */
  readonly matter: boolean
  readonly #memberRacks: readonly (string | undefined)[]
  readonly #partitionRacks: readonly ReadonlySet<string>[]

  constructor(group: StickyGroup) {
    this.#memberRacks = group.members.map(({ rackId }) => (rackId === null || rackId === '' ? undefined : rackId))
    const memberRacks = new Set(this.#memberRacks.filter((rack) => rack !== undefined))
    const replicaRacks = new Set(group.partitionRacks.flat())
    const areShared = [...memberRacks].some((rack) => replicaRacks.has(rack))
    this.#partitionRacks = areShared ? group.partitionRacks.map((racks) => new Set(racks)) : []
    this.matter = this.#partitionRacks.some(({ size }) => size !== replicaRacks.size)
  }

  /** Whether the member has a rack and a replica is on it. */
  areNear(member: number, partition: number): boolean {
    const rack = this.#memberRacks[member]
    return rack !== undefined && this.#partitionRacks[partition]!.has(rack)
  }

  /** Whether the member has a rack and no replica is on it, where racks matter. */
  areApart(member: number, partition: number): boolean {
    const rack = this.#memberRacks[member]
    return this.matter && rack !== undefined && !this.#partitionRacks[partition]!.has(rack)
  }

  /** The partitions that the fewest members are near to first: they are the hardest to place. */
  scarcestFirst(partitions: readonly number[]): number[] {
    const memberCounts = new Map<string, number>()
    for (const rack of this.#memberRacks) {
      if (rack !== undefined) memberCounts.set(rack, (memberCounts.get(rack) ?? 0) + 1)
    }
    const nearby = new Map<number, number>()
    for (const partition of partitions) {
      let count = 0
      for (const rack of this.#partitionRacks[partition]!) count += memberCounts.get(rack) ?? 0
      nearby.set(partition, count)
    }
    return partitions.toSorted((a, b) => nearby.get(a)! - nearby.get(b)!)
  }
}
