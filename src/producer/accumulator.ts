import type { KafkaError } from '../errors.ts'
import type { EncodableHeader } from '../protocol/records/record.ts'
import { ProducerBatch } from './batch.ts'
import { CompressionRatios } from './compression-ratios.ts'
import type { Delivery } from './deliveries.ts'
import { PartitionQueue } from './partition-queue.ts'

/** What the accumulator needs of the producer's options. */
export interface AccumulatorOptions {
  readonly batchSizeBytes: number
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

/** Most memory that a batch is given before it holds a record that needs more. */
const MAX_CAPACITY_BYTES = 64 * 1024

/**
 * Records that wait to be sent, by partition, encoded into batches as they arrive (Java: RecordAccumulator).
 * Memory is bounded: above `bufferMemoryBytes` the producer must wait for `room`.
 */
export class Accumulator {
  readonly #batchSizeBytes: number
  readonly #bufferMemoryBytes: number
  readonly #topics = new Map<string, (PartitionQueue | undefined)[]>()
  /** Queues that hold a batch or have one in flight. */
  readonly active: Set<PartitionQueue> = new Set()
  /** Undefined when nothing is compressed. */
  readonly ratios: CompressionRatios | undefined
  #bufferedBytes = 0
  #roomWaiters: (() => void)[] = []

  constructor(options: AccumulatorOptions) {
    this.#batchSizeBytes = options.batchSizeBytes
    this.#bufferMemoryBytes = options.bufferMemoryBytes
    this.ratios = options.compression === 'none' ? undefined : new CompressionRatios()
  }

  /** Memory that records take until they are delivered or have failed. */
  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  get hasRoom(): boolean {
    return this.#bufferedBytes < this.#bufferMemoryBytes
  }

  /** Whether someone waits for room, so that batches should go out without lingering. */
  get isExhausted(): boolean {
    return this.#roomWaiters.length > 0
  }

  /** Resolves when there may be room again: check `hasRoom`, another waiter may have been quicker. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#roomWaiters.push(resolve)
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
        this.#bufferedBytes += last.sizeInBytes - before
        return last.isFull ? APPENDED.BATCH_FULL : APPENDED.TO_OPEN_BATCH
      }
      isLastFull = true
      queue.typicalBytes = Math.min(last.sizeInBytes + 64, MAX_CAPACITY_BYTES)
    }
    const limitBytes = this.ratios?.rawLimitBytes(queue.topic, this.#batchSizeBytes) ?? this.#batchSizeBytes
    const batch = new ProducerBatch(queue.topic, queue.partition, nowMs, limitBytes, queue.typicalBytes)
    // The record may be refused: only a batch with records is queued.
    batch.append(key, value, headers, timestamp, delivery, tag)
    queue.batches.push(batch)
    this.active.add(queue)
    this.#bufferedBytes += batch.sizeInBytes
    return isLastFull || batch.isFull ? APPENDED.BATCH_FULL : APPENDED.TO_NEW_BATCH
  }

  /** Moves the first batch of a queue to its request. Queues take turns: this one is now the last of the active. */
  take(queue: PartitionQueue): ProducerBatch {
    const batch = queue.batches.shift()!
    batch.close()
    queue.inFlight.push(batch)
    this.active.delete(queue)
    this.active.add(queue)
    return batch
  }

  /** Puts a batch that was in flight among those to be sent again. */
  putBack(queue: PartitionQueue, batch: ProducerBatch): void {
    remove(queue.inFlight, batch)
    queue.putBack(batch)
  }

  /** Puts the parts of a batch that was in flight in its place. */
  replace(queue: PartitionQueue, batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
    remove(queue.inFlight, batch)
    this.#bufferedBytes -= batch.sizeInBytes
    for (const part of parts.toReversed()) {
      queue.putBack(part)
      this.#bufferedBytes += part.sizeInBytes
    }
  }

  /** Ends a batch that was in flight or waiting: its memory is free again. The caller tells the batch how it ended. */
  release(queue: PartitionQueue, batch: ProducerBatch): void {
    if (!remove(queue.inFlight, batch) && !remove(queue.batches, batch)) return
    if (queue.inFlight.length === 0 && queue.batches.length === 0) this.active.delete(queue)
    this.#bufferedBytes -= batch.sizeInBytes
    if (this.#roomWaiters.length === 0 || !this.hasRoom) return
    const waiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const wake of waiters) wake()
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
  const at = list.indexOf(batch)
  if (at < 0) return false
  list.splice(at, 1)
  return true
}
