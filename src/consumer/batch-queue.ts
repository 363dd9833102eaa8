import { RecordError } from '../errors.ts'
import type { RecordBatch } from '../protocol/records/record-batch.ts'
import type { RecordCursor } from '../protocol/records/record-cursor.ts'
import type { Assignment } from './assignment.ts'
import type { FetchedChunk } from './fetched-chunk.ts'
import type { InHand } from './in-hand.ts'
import type { PartitionState } from './partition-state.ts'

/** Whom the queue tells of its progress. */
export interface BatchQueueEvents {
  /** Called when buffered data was used up, so that more can be fetched. */
  readonly onConsumed: () => void
  /** Called when the loop comes to a batch. */
  readonly onBatch: (recordCount: number, sizeInBytes: number) => void
}

/**
 * Decides which record batch is read next, one of one partition after one of another, and opens it: it is decompressed when its turn comes, and left out when
 * its records are not for the loop.
 */
export class BatchQueue {
  readonly #assignment: Assignment
  readonly #inHand: InHand
  readonly #events: BatchQueueEvents
  /** Partitions with data, the next one first. */
  readonly #ready: Set<PartitionState> = new Set()
  /** The partition whose open batch is being read. */
  #active: PartitionState | undefined

  constructor(assignment: Assignment, inHand: InHand, events: BatchQueueEvents) {
    this.#assignment = assignment
    this.#inHand = inHand
    this.#events = events
  }

  /** The partition whose open batch is being read; undefined until `open` has found one. */
  get active(): PartitionState | undefined {
    return this.#active
  }

  /** The partition has something new for the loop. It waits for its lane, if it has one. */
  add(state: PartitionState): void {
    if (state !== this.#active && state.hasData && !this.#inHand.isLane(state)) this.#ready.add(state)
  }

  /** The partition must not be read for now. */
  remove(state: PartitionState): void {
    this.#ready.delete(state)
    if (this.#active === state) this.#active = undefined
  }

  /**
   * Opens the next batch of whichever partition is next; false when nothing is buffered. A promise while it is decompressed in the thread pool.
   * Throws RecordError for a corrupt batch, and what else a partition has to report.
   */
  open(): boolean | Promise<boolean> {
    for (const state of this.#ready) {
      this.#ready.delete(state)
      if (!this.#assignment.has(state) || state.isPaused) continue
      const opened = state.position === undefined ? false : this.openNextOf(state)
      if (opened !== false) return opened
      if (state.error !== undefined) {
        const { error } = state
        state.error = undefined
        this.#events.onConsumed()
        throw error
      }
    }
    return false
  }

  /** Makes a batch of the partition the one that is read; false when it has none buffered. Throws RecordError. */
  openNextOf(state: PartitionState): boolean | Promise<boolean> {
    while (state.open === undefined) {
      const chunk = state.chunks[0]
      if (chunk === undefined) return false
      const batch = this.#peek(state, chunk)
      if (batch === undefined) {
        state.chunks.shift()
        chunk.finish()
        state.advance(Math.max(state.position!, chunk.nextOffset), chunk.lastEpoch)
        this.#events.onConsumed()
        continue
      }
      const isVisible = chunk.isVisible(batch)
      if (isVisible instanceof Promise) return this.#skipMarker(state, batch, isVisible)
      if (!isVisible || batch.lastOffset < state.position!) {
        this.#pass(state, batch)
        continue
      }
      try {
        const cursor = batch.cursor()
        if (cursor instanceof Promise) return this.#openCompressed(state, batch, cursor)
        this.#begin(state, batch, cursor)
      } catch (error) {
        throw this.unreadable(state, 'a record batch', state.position!, batch.lastOffset + 1, error)
      }
    }
    this.#activate(state)
    return true
  }

  /** The batch being read is at its end. */
  finish(state: PartitionState, batch: RecordBatch): void {
    this.#active = undefined
    this.#pass(state, batch)
    this.add(state)
  }

  /** The error for a batch whose bytes make no record at the position. */
  broken(state: PartitionState, batch: RecordBatch, cause: unknown): RecordError {
    const { lastOffset } = batch
    // Behind its last record there may still be something wrong with it, but nothing that would be missed.
    return this.unreadable(state, 'a record batch', Math.min(state.position!, lastOffset), lastOffset + 1, cause)
  }

  /** The error for what stands at an offset; it is met again there unless the user seeks past it. */
  unreadable(state: PartitionState, what: string, offset: number, nextOffset: number, cause: unknown): RecordError {
    const { topic, partition } = state
    state.open = undefined
    if (this.#active === state) this.#active = undefined
    this.add(state)
    return new RecordError(what, { topic, partition, offset, nextOffset: Math.max(nextOffset, offset + 1) }, { cause })
  }

  #peek(state: PartitionState, chunk: FetchedChunk): RecordBatch | undefined {
    try {
      return chunk.peek()
    } catch (error) {
      const position = state.position!
      // Fetched anew when the loop goes on: the bytes may have been spoilt on the way.
      this.remove(state)
      state.refetch()
      this.#events.onConsumed()
      throw this.unreadable(state, 'a record batch', position, chunk.endOfNext, error)
    }
  }

  /** Leaves a batch behind. */
  #pass(state: PartitionState, batch: RecordBatch): void {
    state.open = undefined
    state.chunks[0]!.skip()
    state.advance(Math.max(state.position!, batch.lastOffset + 1), batch.partitionLeaderEpoch)
  }

  #begin(state: PartitionState, batch: RecordBatch, cursor: RecordCursor): void {
    state.open = { batch, cursor }
    this.#events.onBatch(batch.count ?? 0, batch.sizeInBytes)
  }

  #activate(state: PartitionState): void {
    this.#ready.delete(state)
    this.#active = state
  }

  async #skipMarker(state: PartitionState, batch: RecordBatch, isPassed: Promise<boolean>): Promise<boolean> {
    const { version } = state
    await isPassed
    if (state.version !== version) return this.open()
    this.#pass(state, batch)
    return this.openNextOf(state)
  }

  async #openCompressed(state: PartitionState, batch: RecordBatch, opening: Promise<RecordCursor>): Promise<boolean> {
    const { version } = state
    let cursor: RecordCursor
    try {
      cursor = await opening
    } catch (error) {
      if (state.version !== version) return this.open()
      this.add(state)
      throw this.unreadable(state, 'a record batch', state.position!, batch.lastOffset + 1, error)
    }
    if (state.version !== version) return this.open()
    this.#begin(state, batch, cursor)
    // Paused while it was decompressed: it waits for resume().
    if (state.isPaused) return this.open()
    this.#activate(state)
    return true
  }
}
