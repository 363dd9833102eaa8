import type { TopicPartition } from '../topic-partition.ts'
import { type AssignorMember, type AssignorTopic, compareText } from './assignor.ts'

/** A topic whose partitions are to be dealt out. */
export interface StickyTopic {
  readonly name: string
  /** Number of its partition 0; the others follow. */
  readonly first: number
  readonly partitionCount: number
  /** Numbers of the members that subscribed to it, ascending. Never empty. */
  readonly subscribers: readonly number[]
}

/**
 * Members, topics and partitions of a group by number, so that arrays serve where text would need maps. Members are
 * numbered by their ids, topics by their names, partitions by topic and partition: numbers sort as those do.
 */
export class StickyGroup {
  readonly members: readonly AssignorMember[]
  readonly topics: readonly StickyTopic[]
  readonly partitions: readonly TopicPartition[]
  /** Topic number of each partition. */
  readonly topicOf: readonly number[]
  /** Racks of each partition's replicas. */
  readonly partitionRacks: readonly (readonly string[])[]
  readonly #topicsByName: ReadonlyMap<string, StickyTopic>
  /** Topic numbers of each member. */
  readonly #subscriptions: readonly ReadonlySet<number>[]

  constructor(topics: readonly AssignorTopic[], members: readonly AssignorMember[]) {
    this.members = members.toSorted((a, b) => compareText(a.memberId, b.memberId))
    const subscribers = subscribersByTopic(this.members)
    const known: StickyTopic[] = []
    const partitions: TopicPartition[] = []
    const topicOf: number[] = []
    const racks: (readonly string[])[] = []
    for (const { name, partitionRacks } of topics.toSorted((a, b) => compareText(a.name, b.name))) {
      const ofTopic = subscribers.get(name)
      if (ofTopic === undefined || partitionRacks.length === 0) continue
      for (const [partition, replicaRacks] of partitionRacks.entries()) {
        topicOf.push(known.length)
        racks.push(replicaRacks)
        partitions.push({ topic: name, partition })
      }
      const partitionCount = partitionRacks.length
      known.push({ name, first: partitions.length - partitionCount, partitionCount, subscribers: ofTopic })
    }
    this.topics = known
    this.partitions = partitions
    this.topicOf = topicOf
    this.partitionRacks = racks
    this.#topicsByName = new Map(known.map((topic) => [topic.name, topic]))
    const subscriptions = this.members.map(() => new Set<number>())
    for (const [topic, { subscribers }] of known.entries()) {
      for (const member of subscribers) subscriptions[member]!.add(topic)
    }
    this.#subscriptions = subscriptions
  }

  /** Whether the member subscribed to the partition's topic. */
  isSubscribed(member: number, partition: number): boolean {
    return this.#subscriptions[member]!.has(this.topicOf[partition]!)
  }

  /** The number of a partition; undefined when it does not exist or nobody subscribed to its topic. */
  numberOf({ topic, partition }: TopicPartition): number | undefined {
    const known = this.#topicsByName.get(topic)
    return known !== undefined && partition >= 0 && partition < known.partitionCount
      ? known.first + partition
      : undefined
  }

  /** Whether all members subscribed to the same topics, those that do not exist included. */
  hasEqualSubscriptions(): boolean {
    const [first, ...others] = this.members
    if (first === undefined) return true
    const topics = new Set(first.topics)
    return others.every((member) => {
      const own = new Set(member.topics)
      return own.size === topics.size && member.topics.every((topic) => topics.has(topic))
    })
  }
}

function subscribersByTopic(members: readonly AssignorMember[]): Map<string, number[]> {
  const subscribers = new Map<string, number[]>()
  for (const [member, { topics }] of members.entries()) {
    for (const topic of new Set(topics)) {
      const known = subscribers.get(topic)
      if (known === undefined) subscribers.set(topic, [member])
      else known.push(member)
    }
  }
  return subscribers
}
