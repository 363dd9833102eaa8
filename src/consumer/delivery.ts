import { RecordError } from '../errors.ts'
import type { RecordBatch } from '../protocol/records/record-batch.ts'
import type { RecordCursor } from '../protocol/records/record-cursor.ts'
import type { Deserializer } from '../serdes.ts'
import type { Assignment } from './assignment.ts'
import { headersOf, rawRecord, readField } from './decode-record.ts'
import { DecodedBatch } from './decoded-batch.ts'
import type { FetchedChunk } from './fetched-chunk.ts'
import { isTotal, LazyBatch, type Stretch } from './lazy-batch.ts'
import type { UnreadablePolicy } from './options.ts'
import type { ConsumerBatch, ConsumerRecord } from './record.ts'
import type { PartitionState } from './partition-state.ts'
import type { TopicPartitionOffset } from './topic-partition.ts'

/** What delivery needs of the consumer. */
export interface DeliveryOptions<K, V> {
  readonly key: Deserializer<K> | undefined
  readonly value: Deserializer<V> | undefined
  readonly onUnreadable: UnreadablePolicy
  /** Called when buffered data was used up, so that more can be fetched. */
  readonly onConsumed: () => void
  /** Called when the loop comes to a batch. */
  readonly onBatch: (recordCount: number, sizeInBytes: number) => void
}

/** Records of one partition that are handled beside those of others. Nothing else of the partition is handed out meanwhile. */
export interface Lane<K, V> {
  readonly state: PartitionState
  /** The state's version when they were taken. */
  readonly version: number
  readonly batch: ConsumerBatch<K, V>
}

/**
 * Hands what is buffered to the loop, a record batch of one partition after a record batch of another, and knows which record the loop has in
 * hand. Records are decoded when it is their turn.
 */
export class Delivery<K, V> {
  readonly #assignment: Assignment
  readonly #options: DeliveryOptions<K, V>
  /** Partitions with data, the next one first. */
  readonly #ready: Set<PartitionState> = new Set()
  /** The partition whose open batch is being read. */
  #active: PartitionState | undefined
  /** The partition whose record the loop has in hand. */
  #heldPartition: PartitionState | undefined
  readonly #lanes: Set<PartitionState> = new Set()
  #isBereft = false

  constructor(assignment: Assignment, options: DeliveryOptions<K, V>) {
    this.#assignment = assignment
    this.#options = options
  }

  /** Whether the loop has a record in hand, or is about to be given one. */
  get isHolding(): boolean {
    return this.#heldPartition !== undefined || this.#lanes.size > 0
  }

  /** Whether a run has functions at work. */
  get hasLanes(): boolean {
    return this.#lanes.size > 0
  }

  /** Whether the partition of what the loop has in hand is no longer the consumer's own. */
  get isBereft(): boolean {
    return this.#isBereft
  }

  /** Whether the partition's records wait for what is in hand: its own, or whatever else takes the loop's time. */
  isHeldUp(state: PartitionState): boolean {
    return this.#heldPartition !== undefined || this.#lanes.has(state) || (this.hasLanes && state.hasData)
  }

  /** The partition has something new for the loop. */
  enqueue(state: PartitionState): void {
    if (state !== this.#active && state.hasData && !this.#lanes.has(state)) this.#ready.add(state)
  }

  /** The partition must not be read for now, or has moved: the record in hand no longer counts when `drop` is set. */
  withdraw(state: PartitionState, { drop }: { drop: boolean }): void {
    this.#ready.delete(state)
    if (this.#active === state) this.#active = undefined
    if (!drop) return
    state.heldFrom = -1
    if (this.#heldPartition !== state) return
    this.#heldPartition = undefined
    this.#isBereft = !this.#assignment.has(state)
  }

  /** The record in hand, if any, has been handled. */
  release(): void {
    this.#isBereft = false
    if (this.#heldPartition === undefined) return
    this.#heldPartition.heldFrom = -1
    this.#heldPartition = undefined
  }

  /** The record in hand was not handled: it is to be delivered again. */
  restore(): void {
    if (this.#heldPartition !== undefined) this.#restore(this.#heldPartition)
  }

  #restore(state: PartitionState): void {
    const { heldFrom, open } = state
    this.withdraw(state, { drop: true })
    if (open !== undefined && open.batch.baseOffset <= heldFrom) state.rewind(heldFrom)
    else state.seek({ offset: heldFrom, epoch: -1 })
    this.enqueue(state)
    this.#options.onConsumed()
  }

  /** Up to `maxRecords` records of a partition that no lane has; undefined when nothing is buffered. Throws as `open` does. */
  async takeLane(maxRecords: number): Promise<Lane<K, V> | undefined> {
    const batch = await this.takeBatch(maxRecords)
    const state = this.#heldPartition
    if (batch === undefined || state === undefined) return undefined
    this.#heldPartition = undefined
    this.withdraw(state, { drop: false })
    this.#lanes.add(state)
    return { state, version: state.version, batch }
  }

  /** Whether records of the lane may be handled still: the partition is the consumer's own, has not been moved, and is not paused. */
  isCurrent({ state, version }: Lane<K, V>): boolean {
    return state.version === version && !state.isPaused
  }

  /** The lane's records below this offset have been handled. */
  passLane({ state, version }: Lane<K, V>, offset: number): void {
    if (state.version === version) state.heldFrom = offset
  }

  /** The lane is over. What it has not handled is delivered again. */
  endLane({ state, version }: Lane<K, V>, { isDone }: { isDone: boolean }): void {
    this.#lanes.delete(state)
    if (state.version === version && !isDone) return this.#restore(state)
    state.heldFrom = -1
    this.enqueue(state)
  }

  /** Up to where the partition has been handled: the offset to commit. Undefined while it has no position. */
  handledOffset(state: PartitionState): number | undefined {
    return state.heldFrom >= 0 ? state.heldFrom : state.position
  }

  /** The handled offsets of all partitions that have a position; with `current`, what the loop has in hand counts. */
  handledOffsets({ current = false }: { current?: boolean } = {}): (TopicPartitionOffset & { leaderEpoch: number })[] {
    const offsets: (TopicPartitionOffset & { leaderEpoch: number })[] = []
    for (const state of this.#assignment.states) {
      const offset = current && state === this.#heldPartition ? state.position : this.handledOffset(state)
      const { topic, partition, positionEpoch: leaderEpoch } = state
      if (offset !== undefined) offsets.push({ topic, partition, offset, leaderEpoch })
    }
    return offsets
  }

  /**
   * The next record of the batch being read, now in hand; undefined at its end. A promise only when a deserializer or the policy for unreadable
   * records made one; it gives undefined for a record that was left out, and when the partition moved meanwhile. Throws RecordError.
   */
  take(): ConsumerRecord<K, V> | Promise<ConsumerRecord<K, V> | undefined> | undefined {
    const state = this.#active
    if (state?.open === undefined) return undefined
    const { batch, cursor } = state.open
    const position = state.position!
    try {
      while (cursor.next()) {
        if (cursor.offset < position) continue
        const record = this.#deliver(state, batch, cursor)
        if (record !== undefined) return record
      }
    } catch (error) {
      if (error instanceof RecordError) throw error
      throw this.#broken(state, batch, error)
    }
    this.#finish(state, batch)
    return undefined
  }

  /**
   * The next records of the batch being read, at most `maxRecords`, now in hand; undefined at its end. They are made sure of, for which no objects
   * are needed. Throws RecordError when not even the first is valid.
   */
  #takeStretch(maxRecords: number): Stretch | undefined {
    const state = this.#active
    if (state?.open === undefined) return undefined
    const { batch, cursor } = state.open
    const position = state.position!
    const { partitionLeaderEpoch: epoch } = batch
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
      this.#hold(state, first.offset, epoch)
      state.advance(lastOffset + 1, epoch)
    }
    if (fault !== undefined) {
      const error = this.#broken(state, batch, fault.cause)
      // The records before it come first; the fault is met again behind them.
      if (first === undefined) throw error
    } else if (count < maxRecords) {
      this.#finish(state, batch)
    }
    return first && { batch, first, lastOffset, count }
  }

  /**
   * Opens the next batch, for `take` to read; false when nothing is buffered. A promise when it must be decompressed first.
   * Throws RecordError for a corrupt batch, and what else a partition has to report.
   */
  open(): boolean | Promise<boolean> {
    for (const state of this.#ready) {
      this.#ready.delete(state)
      if (!this.#assignment.has(state) || state.isPaused) continue
      const opened = state.position === undefined ? false : this.#openBatch(state)
      if (opened !== false) return opened
      if (state.error !== undefined) {
        const { error } = state
        state.error = undefined
        this.#options.onConsumed()
        throw error
      }
    }
    return false
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
      if (this.#active === undefined && !(await this.open())) return undefined
    }
    const state = this.#heldPartition
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
        if (this.#heldPartition !== state || state.isPaused) break
        // Reads on in the same partition as long as it has data.
        const opened = this.#openBatch(state)
        if (!(opened instanceof Promise ? await opened : opened)) break
      }
    } catch (error) {
      // The records before it come first; the fault is met again behind them.
      if (!(error instanceof RecordError)) throw error
    }
    // The partition was revoked, or the loop sent elsewhere.
    return this.#heldPartition === state ? { state, pieces } : undefined
  }

  /** Makes a batch of the partition the one that `take` reads; false when it has none buffered. */
  #openBatch(state: PartitionState): boolean | Promise<boolean> {
    while (state.open === undefined) {
      const chunk = state.chunks[0]
      if (chunk === undefined) return false
      const batch = this.#peek(state, chunk)
      if (batch === undefined) {
        state.chunks.shift()
        state.advance(Math.max(state.position!, chunk.nextOffset), chunk.lastEpoch)
        this.#options.onConsumed()
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
        throw this.#unreadable(state, 'a record batch', state.position!, batch.lastOffset + 1, error)
      }
    }
    this.#activate(state)
    return true
  }

  #peek(state: PartitionState, chunk: FetchedChunk): RecordBatch | undefined {
    try {
      return chunk.peek()
    } catch (error) {
      const position = state.position!
      // Fetched anew when the loop goes on: the bytes may have been spoilt on the way.
      this.withdraw(state, { drop: false })
      state.refetch()
      this.#options.onConsumed()
      throw this.#unreadable(state, 'a record batch', position, chunk.endOfNext, error)
    }
  }

  /** The batch being read is at its end. */
  #finish(state: PartitionState, batch: RecordBatch): void {
    this.#active = undefined
    this.#pass(state, batch)
    this.enqueue(state)
  }

  /** Leaves a batch behind. */
  #pass(state: PartitionState, batch: RecordBatch): void {
    state.open = undefined
    state.chunks[0]!.skip()
    state.advance(Math.max(state.position!, batch.lastOffset + 1), batch.partitionLeaderEpoch)
  }

  #begin(state: PartitionState, batch: RecordBatch, cursor: RecordCursor): void {
    state.open = { batch, cursor }
    this.#options.onBatch(batch.count ?? 0, batch.sizeInBytes)
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
    return this.#openBatch(state)
  }

  async #openCompressed(state: PartitionState, batch: RecordBatch, opening: Promise<RecordCursor>): Promise<boolean> {
    const { version } = state
    let cursor: RecordCursor
    try {
      cursor = await opening
    } catch (error) {
      if (state.version !== version) return this.open()
      this.enqueue(state)
      throw this.#unreadable(state, 'a record batch', state.position!, batch.lastOffset + 1, error)
    }
    if (state.version !== version) return this.open()
    this.#begin(state, batch, cursor)
    // Paused while it was decompressed: it waits for resume().
    if (state.isPaused) return this.open()
    this.#activate(state)
    return true
  }

  #deliver(
    state: PartitionState,
    batch: RecordBatch,
    cursor: RecordCursor,
  ): ConsumerRecord<K, V> | Promise<ConsumerRecord<K, V> | undefined> | undefined {
    const { topic, partition } = state
    const { offset, timestamp } = cursor
    const headers = headersOf(cursor)
    let key: K | Promise<K>
    let value: V | Promise<V>
    let field: 'key' | 'value' = 'key'
    try {
      key = readField(this.#options.key, cursor.key(), topic, field, headers)
      field = 'value'
      value = readField(this.#options.value, cursor.value(), topic, field, headers)
    } catch (error) {
      return this.#refuse(state, rawRecord(state, batch, cursor, headers), field, error)
    }
    const { timestampType, partitionLeaderEpoch: epoch } = batch
    const leaderEpoch = epoch < 0 ? undefined : epoch
    if (key instanceof Promise || value instanceof Promise) {
      return this.#deliverLater(state, epoch, rawRecord(state, batch, cursor, headers), key, value)
    }
    this.#hold(state, offset, epoch)
    return { topic, partition, offset, timestamp, timestampType, key, value, headers, leaderEpoch }
  }

  async #deliverLater(
    state: PartitionState,
    epoch: number,
    base: ConsumerRecord,
    reading: K | Promise<K>,
    readingValue: V | Promise<V>,
  ): Promise<ConsumerRecord<K, V> | undefined> {
    const { version } = state
    const { offset } = base
    const [key, value] = await Promise.allSettled([reading, readingValue])
    if (state.version !== version) return undefined
    for (const { field, read } of [
      { field: 'key', read: key },
      { field: 'value', read: value },
    ]) {
      if (read.status === 'fulfilled') continue
      return this.#refuse(state, base, field as 'key' | 'value', read.reason)
    }
    this.#hold(state, offset, epoch)
    return {
      ...base,
      key: (key as PromiseFulfilledResult<K>).value,
      value: (value as PromiseFulfilledResult<V>).value,
    }
  }

  /** What the policy does with a record that cannot be read. Undefined, or a promise of it, once it was left out. */
  #refuse(
    state: PartitionState,
    record: ConsumerRecord,
    field: 'key' | 'value',
    cause: unknown,
  ): Promise<undefined> | undefined {
    const { onUnreadable } = this.#options
    const { topic, partition, offset, leaderEpoch = -1 } = record
    const what = `the ${field} of the record`
    if (onUnreadable === 'throw') throw this.#unreadable(state, what, offset, offset + 1, cause)
    if (onUnreadable === 'skip') {
      state.advance(offset + 1, leaderEpoch)
      return undefined
    }
    const error = new RecordError(what, { topic, partition, offset, nextOffset: offset + 1 }, { cause })
    const isFirst = this.#heldPartition === undefined
    // In hand, as if the loop had it: no rebalance comes in between, and it is read again should the function throw.
    this.#hold(state, offset, leaderEpoch)
    return (async () => {
      await onUnreadable({ ...record, error })
      if (isFirst && this.#heldPartition === state && state.heldFrom === offset) this.release()
      return undefined
    })()
  }

  /** The record is the loop's now. Of several records in hand the first counts. */
  #hold(state: PartitionState, offset: number, epoch: number): void {
    state.advance(offset + 1, epoch)
    if (this.#heldPartition === state) return
    this.#heldPartition = state
    state.heldFrom = offset
  }

  /** The error for a batch whose bytes make no record at the position. */
  #broken(state: PartitionState, batch: RecordBatch, cause: unknown): RecordError {
    const { lastOffset } = batch
    // Behind its last record there may still be something wrong with it, but nothing that would be missed.
    return this.#unreadable(state, 'a record batch', Math.min(state.position!, lastOffset), lastOffset + 1, cause)
  }

  /** The error for what stands at an offset; it is met again there unless the user seeks past it. */
  #unreadable(state: PartitionState, what: string, offset: number, nextOffset: number, cause: unknown): RecordError {
    const { topic, partition } = state
    state.open = undefined
    if (this.#active === state) this.#active = undefined
    this.enqueue(state)
    return new RecordError(what, { topic, partition, offset, nextOffset: Math.max(nextOffset, offset + 1) }, { cause })
  }
}
