import type { ConsumerGroupHeartbeatTopicPartitions as TopicIdPartitions } from '../protocol/messages/68-consumer-group-heartbeat.ts'
import type { TopicPartition } from './topic-partition.ts'

/** A target as far as the names of its topics are known. */
export interface ResolvedTarget {
  readonly partitions: readonly TopicPartition[]
  /** The same by topic id. */
  readonly owned: readonly TopicIdPartitions[]
  /** Ids that no name is known of. */
  readonly unresolved: readonly string[]
}

/** Puts names to the topic ids of a target. */
export function resolveTarget(
  target: readonly TopicIdPartitions[],
  nameOf: (topicId: string) => string | undefined,
): ResolvedTarget {
  const partitions: TopicPartition[] = []
  const owned: TopicIdPartitions[] = []
  const unresolved: string[] = []
  for (const ofTopic of target) {
    const topic = nameOf(ofTopic.topicId)
    if (topic === undefined) {
      unresolved.push(ofTopic.topicId)
      continue
    }
    owned.push(ofTopic)
    for (const partition of ofTopic.partitions) partitions.push({ topic, partition })
  }
  return { partitions, owned, unresolved }
}

/** Whether two assignments hold the same partitions, in whatever order. */
export function isSameAssignment(a: readonly TopicIdPartitions[], b: readonly TopicIdPartitions[]): boolean {
  const [keysOfA, keysOfB] = [keys(a), keys(b)]
  return keysOfA.size === keysOfB.size && [...keysOfA].every((key) => keysOfB.has(key))
}

function keys(assignment: readonly TopicIdPartitions[]): Set<string> {
  return new Set(
    assignment.flatMap(({ topicId, partitions }) => partitions.map((partition) => `${topicId}:${partition}`)),
  )
}
