import * as fc from 'fast-check'
import type { AssignorMember, AssignorTopic } from '../../../src/consumer/assignors/assignor.ts'
import type { TopicPartition } from '../../../src/consumer/topic-partition.ts'

/** A group about to be dealt its partitions. */
export interface World {
  topics: AssignorTopic[]
  members: AssignorMember[]
}

export interface WorldShape {
  /** Whether all members subscribe to all topics. */
  hasEqualSubscriptions?: boolean
  hasRacks?: boolean
}

export type Assignment = Map<string, TopicPartition[]>

const RACKS = ['r0', 'r1', 'r2']
const TOPICS = ['alpha', 'beta', 'gamma', 'delta']

/** Groups whose members join for the first time. Some topics have no partition, some are missing. */
export function freshWorlds({ hasEqualSubscriptions = false, hasRacks = false }: WorldShape = {}): fc.Arbitrary<World> {
  const racks = hasRacks ? fc.subarray(RACKS) : fc.constant<string[]>([])
  const topics = fc
    .subarray(TOPICS)
    .chain((names) =>
      fc.tuple(
        ...names.map((name) => fc.array(racks, { maxLength: 9 }).map((partitionRacks) => ({ name, partitionRacks }))),
      ),
    )
  const member = fc.record({
    rackId: hasRacks ? fc.option(fc.constantFrom(...RACKS, 'elsewhere')) : fc.constant(null),
    topics: hasEqualSubscriptions
      ? fc.shuffledSubarray(TOPICS, { minLength: TOPICS.length })
      : fc.shuffledSubarray(TOPICS),
  })
  const ids = fc.uniqueArray(fc.stringMatching(/^[a-eA-E]{1,2}$/), { minLength: 1, maxLength: 7 })
  return fc.tuple(topics, ids).chain(([topics, ids]) =>
    fc.tuple(...ids.map(() => member)).map((members) => ({
      topics,
      members: members.map((given, i) => newMember(ids[i]!, given)),
    })),
  )
}

/** Groups whose members claim what they like, be it rightly, twice, of older generations or of topics that are gone. */
export function claimingWorlds(shape?: WorldShape): fc.Arbitrary<World> {
  const partition = fc.record({ topic: fc.constantFrom(...TOPICS), partition: fc.nat(10) })
  const claim = fc.record({
    ownedPartitions: fc.array(partition, { maxLength: 12 }),
    generationId: fc.integer({ min: -1, max: 3 }),
  })
  return freshWorlds(shape).chain(({ topics, members }) => {
    const claiming = members.map((member) => claim.map((owned) => Object.assign({}, member, owned)))
    return fc.tuple(...claiming).map((claimants) => ({ topics, members: claimants }))
  })
}

export function newMember(memberId: string, given: Partial<AssignorMember> = {}): AssignorMember {
  const nothing = { rackId: null, topics: [], ownedPartitions: [], generationId: -1, userData: null }
  return { memberId, groupInstanceId: null, ...nothing, ...given }
}

/** The members as they join after the assignment of a generation; those who had no part in it own nothing. */
export function afterwards(
  members: readonly AssignorMember[],
  assignment: Assignment,
  generationId: number,
): AssignorMember[] {
  return members.map((member) => {
    const ownedPartitions = assignment.get(member.memberId)
    return ownedPartitions === undefined ? member : { ...member, ownedPartitions, generationId }
  })
}

export function keysOf(partitions: readonly TopicPartition[] | undefined): string[] {
  return (partitions ?? []).map(({ topic, partition }) => `${topic}-${partition}`)
}

/** The partitions of each member, sorted, by member id. */
export function byMember(assignment: Assignment): Record<string, string[]> {
  return Object.fromEntries([...assignment].map(([id, partitions]) => [id, keysOf(partitions).toSorted()]))
}

/** The partitions that somebody subscribed to, sorted. */
export function wantedPartitions({ topics, members }: World): string[] {
  return topics
    .filter(({ name }) => members.some((member) => member.topics.includes(name)))
    .flatMap(({ name, partitionRacks }) => partitionRacks.map((_, partition) => `${name}-${partition}`))
    .toSorted()
}
