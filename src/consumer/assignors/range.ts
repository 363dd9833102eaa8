import type { TopicPartition } from '../topic-partition.ts'
import { type Assignor, type AssignorMember, type AssignorTopic, compareMembers, compareText } from './assignor.ts'

/**
 * Gives each member a run of neighbouring partitions of each topic, so that equal partitions of co-partitioned topics
 * meet at one member. Members and replicas with racks are matched first as far as the balance allows (KIP-881,
 * Java's RangeAssignor).
 */
export const rangeAssignor: Assignor = {
  name: 'range',
  assign: (topics, members) => {
    const assignment = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]))
    const shares = topics
      .filter(({ partitionRacks }) => partitionRacks.length > 0)
      .map((topic) => new TopicShare(topic, members, assignment))
    const usesRacks = shares.some((share) => share.needsRacks)
    if (usesRacks) assignByRack(shares)
    for (const share of shares) share.assignRanges(() => true)
    if (usesRacks) {
      for (const list of assignment.values()) {
        list.sort((a, b) => compareText(a.topic, b.topic) || a.partition - b.partition)
      }
    }
    return assignment
  },
}

/** How far one topic is dealt out. */
class TopicShare {
  readonly members: readonly AssignorMember[]
  readonly partitionCount: number
  /** Whether looking at racks can make a difference for this topic. */
  readonly needsRacks: boolean
  readonly #topic: AssignorTopic
  readonly #assignment: Map<string, TopicPartition[]>
  readonly #unassigned: Set<number>
  readonly #counts: Map<string, number>
  readonly #perMember: number
  /** How many members may still get one partition above `#perMember`. */
  #extras: number

  constructor(topic: AssignorTopic, members: readonly AssignorMember[], assignment: Map<string, TopicPartition[]>) {
    this.#topic = topic
    this.#assignment = assignment
    this.partitionCount = topic.partitionRacks.length
    this.members = members.filter(({ topics }) => topics.includes(topic.name)).toSorted(compareMembers)
    this.#unassigned = new Set(topic.partitionRacks.keys())
    this.#counts = new Map(this.members.map(({ memberId }) => [memberId, 0]))
    const size = this.members.length
    this.#perMember = size === 0 ? 0 : Math.floor(this.partitionCount / size)
    this.#extras = size === 0 ? 0 : this.partitionCount % size
    this.needsRacks = racksMatter(this.members, topic)
  }

  /** Deals to each member in turn the first partitions that `mayTake`, up to its fair share. */
  assignRanges(mayTake: (member: AssignorMember, partition: number) => boolean): void {
    for (const member of this.members) {
      if (this.#unassigned.size === 0) return
      // Before anything is taken: the taking uses an extra up, and the member's room with it.
      const room = this.room(member)
      const taken: number[] = []
      for (const partition of this.#unassigned) {
        if (taken.length === room) break
        if (mayTake(member, partition)) taken.push(partition)
      }
      if (taken.length > 0) this.take(member, taken)
    }
  }

  take(member: AssignorMember, partitions: readonly number[]): void {
    const list = this.#assignment.get(member.memberId)!
    for (const partition of partitions) {
      list.push({ topic: this.#topic.name, partition })
      this.#unassigned.delete(partition)
    }
    const count = this.#counts.get(member.memberId)! + partitions.length
    this.#counts.set(member.memberId, count)
    if (count > this.#perMember) this.#extras--
  }

  /** How many partitions the member may still get. */
  room(member: AssignorMember): number {
    return Math.max(0, this.#perMember + (this.#extras > 0 ? 1 : 0) - this.#counts.get(member.memberId)!)
  }

  /** A member without a rack matches everything; no rack is looked at where none of the members has one. */
  racksMatch(member: AssignorMember, partition: number): boolean {
    const rack = rackOf(member)
    return rack === undefined || this.#topic.partitionRacks[partition]!.includes(rack)
  }
}

function rackOf(member: AssignorMember): string | undefined {
  return member.rackId === null || member.rackId === '' ? undefined : member.rackId
}

/** Racks matter when members and replicas share some and not every partition is on all of them. */
function racksMatter(members: readonly AssignorMember[], topic: AssignorTopic): boolean {
  const memberRacks = new Set(members.map(rackOf).filter((rack) => rack !== undefined))
  const replicaRacks = new Set(topic.partitionRacks.flat())
  if (![...memberRacks].some((rack) => replicaRacks.has(rack))) return false
  return topic.partitionRacks.some((racks) => new Set(racks).size !== replicaRacks.size)
}

/** Topics with the same members and partition count are dealt out together, so that they stay co-partitioned. */
function assignByRack(shares: readonly TopicShare[]): void {
  const groups = new Map<string, TopicShare[]>()
  for (const share of shares) {
    const key = JSON.stringify([share.partitionCount, share.members.map(({ memberId }) => memberId)])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [share])
    else group.push(share)
  }
  for (const group of groups.values()) {
    const [first, second] = group
    if (second !== undefined) assignTogetherByRack(group)
    else if (first!.needsRacks) first!.assignRanges((member, partition) => first!.racksMatch(member, partition))
  }
}

function assignTogetherByRack(group: readonly TopicShare[]): void {
  const { members, partitionCount } = group[0]!
  const remaining = new Set(members)
  for (let partition = 0; partition < partitionCount && remaining.size > 0; partition++) {
    for (const member of remaining) {
      if (!group.every((share) => share.racksMatch(member, partition) && share.room(member) > 0)) continue
      for (const share of group) share.take(member, [partition])
      if (!group.some((share) => share.room(member) > 0)) remaining.delete(member)
      break
    }
  }
}
