/** An offset that a group committed. */
export interface CommittedOffset {
  readonly topic: string
  readonly partition: number
  /** Offset of the next record to read. */
  readonly offset: number
  /** Leader epoch of the record before it; -1 when the client did not say. */
  readonly leaderEpoch: number
  /** Text that the client stored with it. */
  readonly metadata: string
}

/** What all groups have committed (Java: OffsetMetadataManager). */
export class CommittedOffsets {
  readonly #byGroup = new Map<string, Map<string, CommittedOffset>>()

  put(groupId: string, committed: CommittedOffset): void {
    let offsets = this.#byGroup.get(groupId)
    if (offsets === undefined) {
      offsets = new Map()
      this.#byGroup.set(groupId, offsets)
    }
    offsets.set(keyOf(committed.topic, committed.partition), committed)
  }

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#byGroup.get(groupId)?.get(keyOf(topic, partition))
  }

  /** Everything a group committed, in the order of first commits. */
  all(groupId: string): CommittedOffset[] {
    return [...(this.#byGroup.get(groupId)?.values() ?? [])]
  }

  /** Forgets a topic that was deleted. */
  deleteTopic(topic: string): void {
    for (const offsets of this.#byGroup.values()) {
      for (const [key, committed] of offsets) if (committed.topic === topic) offsets.delete(key)
    }
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}:${partition}`
}
