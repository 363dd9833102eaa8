/** Under which id and epoch a producer writes. */
export interface ProducerIdentity {
  producerId: bigint
  producerEpoch: number
}

/** What a transaction ends in: a partition, or the offsets of a group. */
export interface TransactionParticipant {
  endTransaction(producer: ProducerIdentity, committed: boolean): void
}

/** What is known of a transactional id (Java: TransactionMetadata). */
export interface TransactionEntry extends ProducerIdentity {
  readonly transactionalId: string
  /** Before its epochs were used up; -1 for none. */
  previousProducerId: bigint
  /** From which the present one was raised, if its producer did so itself; else -1. */
  lastProducerEpoch: number
  timeoutMs: number
  state: 'empty' | 'ongoing' | 'committed' | 'aborted'
  readonly participants: Set<TransactionParticipant>
}
