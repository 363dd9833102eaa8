import { RecordError } from '../errors.ts'
import type { RecordCursor } from '../protocol/records/record-cursor.ts'
import type { Assignment } from './assignment.ts'
import { BatchQueue, type BatchQueueEvents } from './batch-queue.ts'
import { DecodedBatch } from './decoded-batch.ts'
import { InHand, type Lane } from './in-hand.ts'
import { isTotal, LazyBatch, type Stretch } from './lazy-batch.ts'
import type { PartitionState } from './partition-state.ts'
import type { ConsumerBatch, ConsumerRecord } from './record.ts'
import { type ReadingOptions, RecordReader } from './record-reader.ts'

/** What delivery needs of the consumer. */
export interface DeliveryOptions<K, V> extends ReadingOptions<K, V>, BatchQueueEvents {}

/** Hands what is buffered to the loop, as records, as batches, or as lanes. Records are decoded when it is their turn. */
export class Delivery<K, V> {
  readonly inHand: InHand
  readonly #queue: BatchQueue
  readonly #reader: RecordReader<K, V>
  readonly #options: DeliveryOptions<K, V>

  constructor(assignment: Assignment, options: DeliveryOptions<K, V>) {
    this.inHand = new InHand(assignment)
    this.#queue = new BatchQueue(assignment, this.inHand, options)
    this.#reader = new RecordReader(options, this.#queue, this.inHand)
    this.#options = options
  }

  /** The partition has something new for the loop. */
  enqueue(state: PartitionState): void {
    this.#queue.add(state)
  }

  /** The partition must not be read for now, or has moved: the record in hand no longer counts when `drop` is set. */
  withdraw(state: PartitionState, { drop }: { drop: boolean }): void {
    this.#queue.remove(state)
    if (drop) this.inHand.drop(state)
  }

  /** The record in hand was not handled: it is to be delivered again. */
  restore(): void {
    const { held } = this.inHand
    if (held !== undefined) this.#restore(held)
  }

  #restore(state: PartitionState): void {
    const { heldFrom, open } = state
    this.withdraw(state, { drop: true })
    if (open !== undefined && open.batch.baseOffset <= heldFrom) state.rewind(heldFrom)
    else state.seek({ offset: heldFrom, epoch: -1 })
    this.enqueue(state)
    this.#options.onConsumed()
  }

  /** Opens the next batch, for `take` to read; see BatchQueue. */
  open(): boolean | Promise<boolean> {
    return this.#queue.open()
  }

  /**
   * The next record of the batch being read, now in hand; undefined at its end. A promise only when a deserializer or the policy for unreadable
   * records made one; it gives undefined for a record that was left out, and when the partition moved meanwhile. Throws RecordError.
   */
  take(): ConsumerRecord<K, V> | Promise<ConsumerRecord<K, V> | undefined> | undefined {
    const state = this.#queue.active
    if (state?.open === undefined) return undefined
    const { batch, cursor } = state.open
    const position = state.position!
    try {
      while (cursor.next()) {
        if (cursor.offset < position) continue
        const record = this.#reader.read(state, batch, cursor)
        if (record !== undefined) return record
      }
    } catch (error) {
      if (error instanceof RecordError) throw error
      throw this.#queue.broken(state, batch, error)
    }
    this.#queue.finish(state, batch)
    return undefined
  }

  /**
   * The next records of the batch being read, at most `maxRecords`, now in hand; undefined at its end. They are made sure of, for which no objects
   * are needed. Throws RecordError when not even the first is valid.
   */
  #takeStretch(maxRecords: number): Stretch | undefined {
    const state = this.#queue.active
    if (state?.open === undefined) return undefined
    const { batch, cursor } = state.open
    const position = state.position!
    let first: RecordCursor | undefined
    let lastOffset = -1
    let count = 0
    let fault: { readonly cause: unknown } | undefined
    try {
      while (count < maxRecords && cursor.next()) {
        if (cursor.offset < position) continue
        first ??= cursor.fork()
        lastOffset = cursor.offset
        count++
      }
    } catch (cause) {
      fault = { cause }
    }
    if (first !== undefined) {
      this.inHand.hold(state, first.offset)
      state.advance(lastOffset + 1, batch.partitionLeaderEpoch)
    }
    if (fault !== undefined) {
      const error = this.#queue.broken(state, batch, fault.cause)
      // The records before it come first; the fault is met again behind them.
      if (first === undefined) throw error
    } else if (count < maxRecords) {
      this.#queue.finish(state, batch)
    }
    if (first === undefined) return undefined
    const { timestampType, partitionLeaderEpoch: epoch } = batch
    return { timestampType, leaderEpoch: epoch < 0 ? undefined : epoch, first, lastOffset, count }
  }

  /** Up to `maxRecords` records of one partition, all in hand; undefined when nothing is buffered. Throws as `open` does. */
  async takeBatch(maxRecords: number): Promise<ConsumerBatch<K, V> | undefined> {
    const { key, value } = this.#options
    if (isTotal(key) && isTotal(value)) {
      const gathered = await this.#gather(
        maxRecords,
        (room) => this.#takeStretch(room),
        ({ count }) => count,
      )
      if (gathered === undefined) return undefined
      const { state, pieces } = gathered
      const { highWatermark = pieces[0]!.first.offset } = state
      return new LazyBatch(state, pieces, highWatermark, { key, value })
    }
    const gathered = await this.#gather(
      maxRecords,
      () => this.take(),
      () => 1,
    )
    if (gathered === undefined) return undefined
    const { state, pieces } = gathered
    return new DecodedBatch(pieces, state.highWatermark ?? pieces[0]!.offset)
  }

  /** Takes pieces of one partition, at least one, until they come to `maxRecords` or no more are buffered. */
  async #gather<Piece extends object>(
    maxRecords: number,
    takePiece: (maxRecords: number) => Piece | Promise<Piece | undefined> | undefined,
    countOf: (piece: Piece) => number,
  ): Promise<{ readonly state: PartitionState; readonly pieces: readonly Piece[] } | undefined> {
    let first: Piece | undefined
    // What is opened may turn out to be at its end, and records may be left out.
    for (;;) {
      const taken = takePiece(maxRecords)
      first = taken instanceof Promise ? await taken : taken
      if (first !== undefined) break
      if (this.#queue.active === undefined && !(await this.open())) return undefined
    }
    const state = this.inHand.held
    if (state === undefined) return undefined
    const pieces = [first]
    let room = maxRecords - countOf(first)
    try {
      while (room > 0) {
        const taken = takePiece(room)
        const next = taken instanceof Promise ? await taken : taken
        if (next !== undefined) {
          pieces.push(next)
          room -= countOf(next)
          continue
        }
        if (this.inHand.held !== state || state.isPaused) break
        // Reads on in the same partition as long as it has data.
        const opened = this.#queue.openNextOf(state)
        if (!(opened instanceof Promise ? await opened : opened)) break
      }
    } catch (error) {
      // The records before it come first; the fault is met again behind them.
      if (!(error instanceof RecordError)) throw error
    }
    // The partition was revoked, or the loop sent elsewhere.
    return this.inHand.held === state ? { state, pieces } : undefined
  }

  /** Up to `maxRecords` records of a partition that no lane has; undefined when nothing is buffered. Throws as `open` does. */
  async takeLane(maxRecords: number): Promise<Lane<K, V> | undefined> {
    const batch = await this.takeBatch(maxRecords)
    const state = this.inHand.held
    if (batch === undefined || state === undefined) return undefined
    this.#queue.remove(state)
    return this.inHand.toLane(state, batch)
  }

  /** The lane is over. What it has not handled is delivered again. */
  endLane({ state, version }: Lane<K, V>, { isDone }: { isDone: boolean }): void {
    this.inHand.endLane(state)
    if (state.version === version && !isDone) return this.#restore(state)
    state.heldFrom = -1
    this.enqueue(state)
  }
}
