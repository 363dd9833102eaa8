import { KafkaError } from '../errors.ts'
import type { Cluster } from '../network/cluster.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../protocol/group-protocol.ts'
import type { JoinGroupResponse } from '../protocol/messages/11-join-group.ts'
import type { SyncGroupAssignment } from '../protocol/messages/14-sync-group.ts'
import type { Assignor, AssignorMember, AssignorTopic, LastAssignment } from './assignors/assignor.ts'
import { groupByTopic, partitionKey, type TopicPartition } from './topic-partition.ts'

/** What the leader of a generation hands in. */
export interface LeaderPlan {
  readonly assignments: SyncGroupAssignment[]
  /** Every topic that a member subscribed to, with its number of partitions, 0 when it is missing: if one changes, all must rejoin. */
  readonly partitionCounts: ReadonlyMap<string, number>
}

/** Deals the partitions out to the members that joined. Throws DecodeError for a subscription that cannot be read, and what the assignor throws. */
export async function planAssignment(
  cluster: Cluster,
  assignors: readonly Assignor[],
  joined: JoinGroupResponse,
  metadataTimeoutMs: number,
): Promise<LeaderPlan> {
  const assignor = assignors.find(({ name }) => name === joined.protocolName)
  if (assignor === undefined) {
    throw new KafkaError(
      'KAFKA_PROTOCOL',
      `the group chose the assignor ${joined.protocolName}, which is not configured here`,
    )
  }
  const members = joined.members.map(({ memberId, groupInstanceId, metadata }): AssignorMember => {
    const { topics, ownedPartitions, generationId, rackId, userData } = decodeSubscription(metadata)
    return {
      memberId,
      groupInstanceId,
      topics,
      generationId,
      rackId,
      userData,
      ownedPartitions: flatten(ownedPartitions),
    }
  })
  const names = [...new Set(members.flatMap(({ topics }) => topics))]
  await loadTopics(cluster, names, metadataTimeoutMs)
  const topics: AssignorTopic[] = []
  const partitionCounts = new Map<string, number>()
  for (const name of names) {
    const partitions = cluster.topic(name)?.partitions ?? []
    partitionCounts.set(name, partitions.length)
    if (partitions.length > 0)
      topics.push({ name, partitionRacks: partitions.map(({ replicas }) => racksOf(cluster, replicas)) })
  }
  // A static member that leads again after a restart has the group's assignment as it is (KIP-814).
  if (joined.skipAssignment) return { assignments: [], partitionCounts }
  const dealt = assignor.assign(topics, members)
  if (assignor.isCooperative === true) checkTransfers(assignor, members, dealt)
  const assignments = members.map(({ memberId }) => ({
    memberId,
    assignment: encodeAssignment({ assignedPartitions: nest(dealt.get(memberId) ?? []) }),
  }))
  return { assignments, partitionCounts }
}

/** What a member tells of itself when it joins. */
export interface MemberSubscription {
  readonly topics: readonly string[]
  /** What it keeps while it joins. */
  readonly owned: readonly TopicPartition[]
  /** What it was assigned last. */
  readonly last: LastAssignment | undefined
  readonly rackId: string | null
}

/** A member's subscription in the terms of one of its assignors: each may have user data of its own. */
export function subscriptionOf(assignor: Assignor, { topics, owned, last, rackId }: MemberSubscription): Uint8Array {
  return encodeSubscription({
    topics: [...topics],
    userData: assignor.userData?.(last) ?? null,
    ownedPartitions: nest(owned),
    generationId: last?.generationId ?? -1,
    rackId,
  })
}

/** Throws for a partition that is given to one member while another still has it: both would read it for a while. */
function checkTransfers(
  { name }: Assignor,
  members: readonly AssignorMember[],
  dealt: ReadonlyMap<string, readonly TopicPartition[]>,
): void {
  const owners = new Map<string, string[]>()
  for (const { memberId, ownedPartitions } of members) {
    for (const { topic, partition } of ownedPartitions) {
      const key = partitionKey(topic, partition)
      owners.set(key, [...(owners.get(key) ?? []), memberId])
    }
  }
  for (const [memberId, partitions] of dealt) {
    for (const { topic, partition } of partitions) {
      const key = partitionKey(topic, partition)
      const known = owners.get(key)
      if (known === undefined || known.includes(memberId)) continue
      const what = `the cooperative assignor ${name} gave ${key} to ${memberId} while ${known[0]} has it`
      throw new KafkaError('KAFKA_ASSIGNOR', `${what}: it must be left out until the next rebalance`)
    }
  }
}

/** The partitions that a member was assigned. */
export function readAssignment(bytes: Uint8Array): TopicPartition[] {
  return flatten(decodeAssignment(bytes).assignedPartitions)
}

/** Makes sure that the topics are cached as far as they exist: none is waited for long, since the others must not wait with it. */
async function loadTopics(cluster: Cluster, names: readonly string[], timeoutMs: number): Promise<void> {
  await Promise.allSettled(names.map((name) => cluster.topics([name], { timeoutMs })))
}

function racksOf(cluster: Cluster, nodeIds: readonly number[]): string[] {
  return nodeIds.map((id) => cluster.broker(id)?.rack ?? null).filter((rack) => rack !== null)
}

function flatten(topics: readonly { topic: string; partitions: number[] }[]): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
}

function nest(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  return Array.from(groupByTopic(partitions), ([topic, ofTopic]) => ({
    topic,
    partitions: ofTopic.map(({ partition }) => partition),
  }))
}
