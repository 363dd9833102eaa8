import { add, type PartitionsById } from './consumer-member.ts'

/** A member as an assignor sees it. */
export interface Subscriber {
  readonly memberId: string
  readonly instanceId: string | null
  readonly topicIds: readonly string[]
  /** What it was to have so far. */
  readonly target: PartitionsById
}

/** Deals partitions out: from topic ids with their numbers of partitions to a target for each member. */
export type ServerAssignor = (
  partitionCounts: ReadonlyMap<string, number>,
  subscribers: readonly Subscriber[],
) => Map<string, PartitionsById>

/** The assignors of the coordinator by name; the first is used unless a member names another. */
export const serverAssignors: ReadonlyMap<string, ServerAssignor> = new Map([
  ['uniform', uniform],
  ['range', range],
])

/** Numbers that differ by one at most where subscriptions allow it, with as little moved as that takes (Java: UniformAssignor). */
function uniform(
  partitionCounts: ReadonlyMap<string, number>,
  subscribers: readonly Subscriber[],
): Map<string, PartitionsById> {
  const targets = new Map(subscribers.map(({ memberId }) => [memberId, new Map<string, Set<number>>()]))
  const loads = new Map(subscribers.map(({ memberId }) => [memberId, 0]))
  const byTopic = new Map<string, Subscriber[]>()
  for (const subscriber of subscribers) {
    for (const topicId of subscriber.topicIds) byTopic.set(topicId, [...(byTopic.get(topicId) ?? []), subscriber])
  }
  const owners = new Map<string, string>()
  const give = (topicId: string, partition: number, memberId: string): void => {
    add(targets.get(memberId)!, topicId, partition)
    loads.set(memberId, loads.get(memberId)! + 1)
    owners.set(`${topicId}:${partition}`, memberId)
  }
  for (const { memberId, topicIds, target } of subscribers) {
    for (const topicId of topicIds) {
      for (const partition of target.get(topicId) ?? []) {
        const exists = partition < partitionCounts.get(topicId)!
        if (exists && !owners.has(`${topicId}:${partition}`)) give(topicId, partition, memberId)
      }
    }
  }
  const leastLoaded = (among: readonly Subscriber[]): string =>
    among.reduce((a, b) => (loads.get(b.memberId)! < loads.get(a.memberId)! ? b : a)).memberId
  const places = [...byTopic].flatMap(([topicId, among]) =>
    Array.from({ length: partitionCounts.get(topicId)! }, (_, partition) => ({ topicId, partition, among })),
  )
  for (const { topicId, partition, among } of places) {
    if (!owners.has(`${topicId}:${partition}`)) give(topicId, partition, leastLoaded(among))
  }
  for (let isBalanced = false; !isBalanced;) {
    isBalanced = true
    // As in Kafka, it is the last ones that move.
    for (const { topicId, partition, among } of places.toReversed()) {
      const owner = owners.get(`${topicId}:${partition}`)!
      const taker = leastLoaded(among)
      if (loads.get(owner)! - loads.get(taker)! < 2) continue
      targets.get(owner)!.get(topicId)!.delete(partition)
      loads.set(owner, loads.get(owner)! - 1)
      give(topicId, partition, taker)
      isBalanced = false
    }
  }
  for (const target of targets.values()) {
    for (const [topicId, partitions] of target) if (partitions.size === 0) target.delete(topicId)
  }
  return targets
}

/** Ranges of each topic's partitions, in the order of instance ids, then of member ids (Java: RangeAssignor). */
function range(
  partitionCounts: ReadonlyMap<string, number>,
  subscribers: readonly Subscriber[],
): Map<string, PartitionsById> {
  const targets = new Map(subscribers.map(({ memberId }) => [memberId, new Map<string, Set<number>>()]))
  const inOrder = subscribers.toSorted((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1))
  for (const [topicId, count] of partitionCounts) {
    const among = inOrder.filter(({ topicIds }) => topicIds.includes(topicId))
    const least = Math.floor(count / among.length)
    const extra = count % among.length
    let partition = 0
    for (const [index, { memberId }] of among.entries()) {
      const end = partition + least + (index < extra ? 1 : 0)
      for (; partition < end; partition++) add(targets.get(memberId)!, topicId, partition)
    }
  }
  return targets
}

/** Static members come first. */
function orderKey({ instanceId, memberId }: Subscriber): string {
  return instanceId === null ? `1${memberId}` : `0${instanceId}`
}
