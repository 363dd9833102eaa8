import type { KafkaError } from '../errors.ts'
import { MemoryPool } from '../protocol/records/batch-memory.ts'
import type { EncodableHeader } from '../protocol/records/record.ts'
import { ProducerBatch } from './batch.ts'
import { CompressionRatios } from './compression-ratios.ts'
import type { Delivery } from './deliveries.ts'
import { PartitionQueue } from './partition-queue.ts'

/** What the accumulator needs of the producer's options. */
export interface AccumulatorOptions {
  /** Size at which a batch is ready. */
  readonly batchSizeBytes: number
  /** Size up to which a batch that is ready takes more records while it waits for its turn. */
  readonly batchLimitBytes: number
  readonly bufferMemoryBytes: number
  readonly compression: string
}

/** What adding a record did. A number, since an object for each record would cost more than the rest. */
export const APPENDED = {
  /** The record went to a batch that was there, which has room for more. */
  TO_OPEN_BATCH: 0,
  /** It began a batch, whose linger time runs from now. */
  TO_NEW_BATCH: 1,
  /** A batch is full and ready to go. */
  BATCH_FULL: 2,
} as const

/**
 * Full batches that wait for their turn may take so much before those who can should pause: enough for the next requests to be full, and
 * little enough to stay in the CPU's caches and to let answers be read in between.
 */
const MAX_BACKLOG_BYTES = 1024 * 1024

/** Most memory that a batch is given before it holds a record that needs more. */
const MAX_CAPACITY_BYTES = 256 * 1024

/** Most memory that is kept for batches to come: somewhat more than what is under way to one broker. */
const MAX_POOLED_BYTES = 8 * 1024 * 1024

/**
 * Records that wait to be sent, by partition, encoded into batches as they arrive (Java: RecordAccumulator).
 * Memory is bounded: above `bufferMemoryBytes` the producer must wait for `room`.
 */
export class Accumulator {
  readonly #batchSizeBytes: number
  readonly #batchLimitBytes: number
  readonly #bufferMemoryBytes: number
  readonly #topics = new Map<string, (PartitionQueue | undefined)[]>()
  /** Queues that hold a batch or have one in flight. */
  readonly active: Set<PartitionQueue> = new Set()
  /** Undefined when nothing is compressed. */
  readonly ratios: CompressionRatios | undefined
  readonly #memory: MemoryPool
  /** Memory that records take until they are delivered or have failed. Changed here only. */
  bufferedBytes = 0
  #roomWaiters: (() => void)[] = []
  #calmWaiters: (() => void)[] = []
  /** Size of the full batches that wait. */
  #backlogBytes = 0
  readonly #backlog = new Set<ProducerBatch>()

  constructor(options: AccumulatorOptions) {
    this.#batchSizeBytes = options.batchSizeBytes
    this.#batchLimitBytes = options.batchLimitBytes
    this.#bufferMemoryBytes = options.bufferMemoryBytes
    this.#memory = new MemoryPool(Math.min(MAX_POOLED_BYTES, options.bufferMemoryBytes / 2))
    this.ratios = options.compression === 'none' ? undefined : new CompressionRatios()
  }

  get hasRoom(): boolean {
    return this.bufferedBytes < this.#bufferMemoryBytes
  }

  /** Whether someone waits for memory, so that batches should go out without lingering. */
  get isExhausted(): boolean {
    return this.#roomWaiters.length > 0 || (this.#calmWaiters.length > 0 && this.#isHalfFull)
  }

  get #isHalfFull(): boolean {
    return this.bufferedBytes * 2 >= this.#bufferMemoryBytes
  }

  /** Whether records come faster than they go, well before the memory is used up. */
  get isBusy(): boolean {
    return this.#backlogBytes >= MAX_BACKLOG_BYTES || this.#isHalfFull
  }

  /** Resolves when there may be room again: check `hasRoom`, another waiter may have been quicker. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#roomWaiters.push(resolve)
    })
  }

  /** Resolves when half of what made it busy has gone. */
  calm(): Promise<void> {
    return new Promise((resolve) => {
      this.#calmWaiters.push(resolve)
      this.#wakeCalm()
    })
  }

  /** Resolves when every record accepted before the call has been delivered or has failed. */
  async settled(): Promise<void> {
    const pending: Promise<void>[] = []
    for (const queue of this.active) for (const batch of queue.all()) pending.push(batch.settled())
    await Promise.all(pending)
  }

  /** The queue of a partition; the same one for as long as the producer lives. */
  queue(topic: string, partition: number): PartitionQueue {
    let queues = this.#topics.get(topic)
    if (queues === undefined) this.#topics.set(topic, (queues = []))
    return (queues[partition] ??= new PartitionQueue(topic, partition))
  }

  /** Adds a record to its partition's newest batch, or to a new one when it does not fit there; returns one of APPENDED. */
  append(
    queue: PartitionQueue,
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
    headers: readonly EncodableHeader[],
    timestamp: number,
    nowMs: number,
    delivery: Delivery,
    tag: number,
  ): number {
    const last = queue.batches.at(-1)
    let isLastFull = false
    if (last !== undefined && !last.isClosed) {
      const before = last.sizeInBytes
      if (last.append(key, value, headers, timestamp, delivery, tag)) {
        const addedBytes = last.sizeInBytes - before
        this.bufferedBytes += addedBytes
        if (!last.isFull) return APPENDED.TO_OPEN_BATCH
        if (this.#backlog.has(last)) this.#backlogBytes += addedBytes
        else this.#enterBacklog(last)
        return APPENDED.BATCH_FULL
      }
      isLastFull = true
      this.#enterBacklog(last)
      // With room for the bound of one more record, whose text may take three bytes for each unit: nothing has to be moved then.
      const slackBytes = (last.sizeInBytes / last.count) * 3 + 128
      queue.typicalBytes = Math.min(Math.ceil(last.sizeInBytes + slackBytes), MAX_CAPACITY_BYTES)
    }
    const { topic, partition, typicalBytes } = queue
    const readyBytes = this.#rawBytes(topic, this.#batchSizeBytes)
    const limitBytes = this.#rawBytes(topic, this.#batchLimitBytes)
    const batch = new ProducerBatch(topic, partition, nowMs, readyBytes, limitBytes, typicalBytes, this.#memory)
    // The record may be refused: only a batch with records is queued.
    batch.append(key, value, headers, timestamp, delivery, tag)
    queue.batches.push(batch)
    this.active.add(queue)
    this.bufferedBytes += batch.sizeInBytes
    const { isFull } = batch
    if (isFull) this.#enterBacklog(batch)
    return isLastFull || isFull ? APPENDED.BATCH_FULL : APPENDED.TO_NEW_BATCH
  }

  /** Bytes of records before compression that should come out as so many. */
  #rawBytes(topic: string, encodedBytes: number): number {
    return this.ratios?.rawLimitBytes(topic, encodedBytes) ?? encodedBytes
  }

  /** Moves the first batch of a queue to its request. Queues take turns: this one is now the last of the active. */
  take(queue: PartitionQueue): ProducerBatch {
    const batch = queue.batches.shift()!
    batch.close()
    this.#leaveBacklog(batch)
    queue.inFlight.push(batch)
    if (this.active.size === 1) return batch
    this.active.delete(queue)
    this.active.add(queue)
    return batch
  }

  /** Puts a batch that was in flight among those to be sent again. */
  putBack(queue: PartitionQueue, batch: ProducerBatch): void {
    remove(queue.inFlight, batch)
    queue.putBack(batch)
    this.#enterBacklog(batch)
  }

  /** Puts the parts of a batch that was in flight in its place. */
  replace(queue: PartitionQueue, batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
    remove(queue.inFlight, batch)
    this.bufferedBytes -= batch.sizeInBytes
    for (const part of parts.toReversed()) {
      queue.putBack(part)
      this.#enterBacklog(part)
      this.bufferedBytes += part.sizeInBytes
    }
  }

  /** Ends a batch that was in flight or waiting: its memory is free again. The caller tells the batch how it ended. */
  release(queue: PartitionQueue, batch: ProducerBatch): void {
    if (!remove(queue.inFlight, batch) && !remove(queue.batches, batch)) return
    if (queue.inFlight.length === 0 && queue.batches.length === 0) this.active.delete(queue)
    this.bufferedBytes -= batch.sizeInBytes
    this.#leaveBacklog(batch)
    this.#wakeCalm()
    if (this.#roomWaiters.length === 0 || !this.hasRoom) return
    const waiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const wake of waiters) wake()
  }

  #wakeCalm(): void {
    if (this.#calmWaiters.length === 0 || this.#backlogBytes * 2 > MAX_BACKLOG_BYTES || this.#isHalfFull) return
    const waiters = this.#calmWaiters
    this.#calmWaiters = []
    for (const wake of waiters) wake()
  }

  #enterBacklog(batch: ProducerBatch): void {
    if (this.#backlog.has(batch)) return
    this.#backlog.add(batch)
    this.#backlogBytes += batch.sizeInBytes
  }

  #leaveBacklog(batch: ProducerBatch): void {
    if (this.#backlog.size === 0 || !this.#backlog.delete(batch)) return
    this.#backlogBytes -= batch.sizeInBytes
    this.#wakeCalm()
  }

  /** Batches that no request has carried yet, which have no number. */
  unsent(): { queue: PartitionQueue; batch: ProducerBatch }[] {
    return Array.from(this.active, (queue) =>
      queue.batches.filter(({ identity }) => identity === undefined).map((batch) => ({ queue, batch })),
    ).flat()
  }

  /** Ends every batch with an error. */
  failAll(error: KafkaError): void {
    for (const queue of this.active) {
      for (const batch of queue.all()) {
        this.release(queue, batch)
        batch.fail(error)
      }
    }
  }
}

function remove(list: ProducerBatch[], batch: ProducerBatch): boolean {
  if (list[0] === batch) {
    list.shift()
    return true
  }
  const at = list.indexOf(batch)
  if (at < 0) return false
  list.splice(at, 1)
  return true
}
