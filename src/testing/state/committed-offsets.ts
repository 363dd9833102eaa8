import type { ProducerIdentity, TransactionParticipant } from './transaction-entry.ts'

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

/** The offsets of a group that wait for the end of their transactions. */
export class TransactionalOffsets implements TransactionParticipant {
  readonly #pending = new Map<bigint, CommittedOffset[]>()
  readonly #commit: (committed: CommittedOffset) => void

  constructor(commit: (committed: CommittedOffset) => void) {
    this.#commit = commit
  }

  isOpen(producerId: bigint): boolean {
    return this.#pending.has(producerId)
  }

  put(producerId: bigint, committed: CommittedOffset): void {
    const pending = this.#pending.get(producerId)
    if (pending === undefined) this.#pending.set(producerId, [committed])
    else pending.push(committed)
  }

  /** Whether a transaction that has not ended yet will perhaps commit an offset of the partition. */
  isPending(topic: string, partition: number): boolean {
    for (const pending of this.#pending.values()) {
      if (pending.some((each) => each.topic === topic && each.partition === partition)) return true
    }
    return false
  }

  endTransaction({ producerId }: ProducerIdentity, committed: boolean): void {
    const pending = this.#pending.get(producerId) ?? []
    this.#pending.delete(producerId)
    if (committed) for (const each of pending) this.#commit(each)
  }
}

/** What all groups have committed (Java: OffsetMetadataManager). */
export class CommittedOffsets {
  readonly #byGroup = new Map<string, Map<string, CommittedOffset>>()
  readonly #transactional = new Map<string, TransactionalOffsets>()

  /** What transactions are about to commit for a group. */
  transactional(groupId: string): TransactionalOffsets {
    let offsets = this.#transactional.get(groupId)
    if (offsets === undefined) {
      offsets = new TransactionalOffsets((committed) => this.put(groupId, committed))
      this.#transactional.set(groupId, offsets)
    }
    return offsets
  }

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
