/** One partition of a topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** An offset in a partition: of the next record to read, not of the last one read. */
export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number
}

/** `topic-partition`, as Kafka's logs and tools print it; also the key of maps. Unambiguous, since the number stands last. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** Partitions by topic, topics and partitions in the order of their first appearance. */
export function groupByTopic<T extends TopicPartition>(partitions: Iterable<T>): Map<string, T[]> {
  const byTopic = new Map<string, T[]>()
  for (const partition of partitions) {
    const known = byTopic.get(partition.topic)
    if (known === undefined) byTopic.set(partition.topic, [partition])
    else known.push(partition)
  }
  return byTopic
}
