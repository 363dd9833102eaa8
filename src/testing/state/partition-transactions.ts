/** A transaction that was aborted, as Fetch tells of it. */
export interface AbortedTransaction {
  producerId: bigint
  /** Offset of its first record in the partition. */
  firstOffset: number
  /** Offset of the marker that aborted it. */
  markerOffset: number
}

/** The transactions of one partition: which are open, and which were aborted (Java: ProducerStateManager, TransactionIndex). */
export class PartitionTransactions {
  /** Offset of the first record by producer id. */
  readonly #open = new Map<bigint, number>()
  readonly #aborted: AbortedTransaction[] = []

  /** Offset of the oldest record whose fate is open; undefined when there is none. */
  get firstOpenOffset(): number | undefined {
    return this.#open.size === 0 ? undefined : Math.min(...this.#open.values())
  }

  isOpen(producerId: bigint): boolean {
    return this.#open.has(producerId)
  }

  /** A record was written as part of a transaction. */
  note(producerId: bigint, offset: number): void {
    if (!this.#open.has(producerId)) this.#open.set(producerId, offset)
  }

  /** The marker that ends a transaction was written. One without records leaves no trace. */
  end(producerId: bigint, markerOffset: number, committed: boolean): void {
    const firstOffset = this.#open.get(producerId)
    this.#open.delete(producerId)
    if (firstOffset !== undefined && !committed) this.#aborted.push({ producerId, firstOffset, markerOffset })
  }

  /** Aborted transactions with a record or marker at or after `offset`, in the order of their markers. */
  abortedFrom(offset: number): AbortedTransaction[] {
    return this.#aborted.filter(({ markerOffset }) => markerOffset >= offset)
  }
}
