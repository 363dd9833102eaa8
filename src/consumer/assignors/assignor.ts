import type { TopicPartition } from '../topic-partition.ts'

/** A member as the leader of a group sees it. */
export interface AssignorMember {
  readonly memberId: string
  /** Of a static member (KIP-345). */
  readonly groupInstanceId: string | null
  readonly rackId: string | null
  /** The topics it subscribed to. */
  readonly topics: readonly string[]
  /** What it owned when it joined, empty under the eager protocol before version 1 of the subscription. */
  readonly ownedPartitions: readonly TopicPartition[]
  /** The generation in which it owned them, -1 when unknown. */
  readonly generationId: number
  readonly userData: Uint8Array | null
}

/** A topic that at least one member subscribed to. Topics that do not exist are left out. */
export interface AssignorTopic {
  readonly name: string
  /** Racks of each partition's replicas; the index is the partition. Empty where brokers have no rack. */
  readonly partitionRacks: readonly (readonly string[])[]
}

/** Deals the partitions of topics out to the members of a group. Pure: the same input gives the same result. */
export interface Assignor {
  /** The name that members of a group must have in common, as in Java. */
  readonly name: string
  /**
   * Whether members may keep their partitions while they join, because none is handed to another before its owner has
   * given it up (KIP-429). A group does so when all assignors of its members are cooperative. Default false.
   */
  readonly isCooperative?: boolean
  /** An entry for each member, empty where it gets nothing. */
  assign(topics: readonly AssignorTopic[], members: readonly AssignorMember[]): Map<string, TopicPartition[]>
  /** What a member tells the assignor of the leader when it joins: its `userData`. Default null. */
  userData?(last: LastAssignment | undefined): Uint8Array | null
}

/** What a member was assigned last; there is none before it has been in a generation. */
export interface LastAssignment {
  readonly partitions: readonly TopicPartition[]
  readonly generationId: number
}

/** Static members by their instance id, then the others by member id: an order that outlives the restart of a static member. */
export function compareMembers(a: AssignorMember, b: AssignorMember): number {
  if (a.groupInstanceId !== null && b.groupInstanceId !== null) return compareText(a.groupInstanceId, b.groupInstanceId)
  if (a.groupInstanceId !== null) return -1
  if (b.groupInstanceId !== null) return 1
  return compareText(a.memberId, b.memberId)
}

/** By UTF-16 code units, as Java compares strings: members written in Java must come to the same order. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
