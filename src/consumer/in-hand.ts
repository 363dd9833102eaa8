import type { Assignment } from './assignment.ts'
import type { PartitionState } from './partition-state.ts'
import type { ConsumerBatch } from './record.ts'
import type { TopicPartitionOffset } from './topic-partition.ts'

/** Records of one partition that are handled beside those of others. Nothing else of the partition is handed out meanwhile. */
export interface Lane<K, V> {
  readonly state: PartitionState
  /** The state's version when they were taken. */
  readonly version: number
  readonly batch: ConsumerBatch<K, V>
}

/** Which records were handed out and are not handled yet, and so up to where each partition may be committed. */
export class InHand {
  readonly #assignment: Assignment
  /** The partition whose records the loop has. */
  #held: PartitionState | undefined
  /** Partitions whose records functions of a run have. */
  readonly #lanes: Set<PartitionState> = new Set()
  #isBereft = false

  constructor(assignment: Assignment) {
    this.#assignment = assignment
  }

  /** The partition whose records the loop has in hand. */
  get held(): PartitionState | undefined {
    return this.#held
  }

  /** Whether the loop has a record in hand, or is about to be given one. */
  get isHolding(): boolean {
    return this.#held !== undefined || this.#lanes.size > 0
  }

  /** Whether a run has functions at work. */
  get hasLanes(): boolean {
    return this.#lanes.size > 0
  }

  /** Whether the partition of what the loop has in hand is no longer the consumer's own. */
  get isBereft(): boolean {
    return this.#isBereft
  }

  /** Whether a lane has records of the partition. */
  isLane(state: PartitionState): boolean {
    return this.#lanes.has(state)
  }

  /** Whether the partition's records wait for what is in hand: its own, or whatever else takes the loop's time. */
  isHeldUp(state: PartitionState): boolean {
    return this.#held !== undefined || this.#lanes.has(state) || (this.hasLanes && state.hasData)
  }

  /** The record is the loop's now. Of several records in hand the first counts. */
  hold(state: PartitionState, offset: number): void {
    if (this.#held === state) return
    this.#held = state
    state.heldFrom = offset
  }

  /** The partition has moved: its record in hand, if any, no longer counts. */
  drop(state: PartitionState): void {
    state.heldFrom = -1
    if (this.#held !== state) return
    this.#held = undefined
    this.#isBereft = !this.#assignment.has(state)
  }

  /** The record in hand, if any, has been handled. */
  release(): void {
    this.#isBereft = false
    if (this.#held === undefined) return
    this.#held.heldFrom = -1
    this.#held = undefined
  }

  /** What the loop has in hand becomes a lane's; the loop has none then. */
  toLane<K, V>(state: PartitionState, batch: ConsumerBatch<K, V>): Lane<K, V> {
    this.#held = undefined
    this.#lanes.add(state)
    return { state, version: state.version, batch }
  }

  /** Whether records of the lane may be handled still: the partition is the consumer's own, has not been moved, and is not paused. */
  isCurrent({ state, version }: Lane<unknown, unknown>): boolean {
    return state.version === version && !state.isPaused
  }

  /** The lane's records below this offset have been handled. */
  passLane({ state, version }: Lane<unknown, unknown>, offset: number): void {
    if (state.version === version) state.heldFrom = offset
  }

  /** No lane has records of the partition any more. */
  endLane(state: PartitionState): void {
    this.#lanes.delete(state)
  }

  /** Up to where each partition that has a position has been handled: the offsets to commit. With `current`, what the loop has in hand counts. */
  handledOffsets({ current = false }: { current?: boolean } = {}): (TopicPartitionOffset & { leaderEpoch: number })[] {
    const offsets: (TopicPartitionOffset & { leaderEpoch: number })[] = []
    for (const state of this.#assignment.states) {
      const isHandled = state.heldFrom < 0 || (current && state === this.#held)
      const offset = isHandled ? state.position : state.heldFrom
      const { topic, partition, positionEpoch: leaderEpoch } = state
      if (offset !== undefined) offsets.push({ topic, partition, offset, leaderEpoch })
    }
    return offsets
  }
}
