import type { KafkaError } from '../errors.ts'
import type { RecordHeader } from '../protocol/records/record.ts'
import { type Delivery, ProducerBatch } from './batch.ts'

/** What the accumulator needs of the producer's options. */
export interface AccumulatorOptions {
  readonly batchSizeBytes: number
  readonly bufferMemoryBytes: number
}

/** What adding a record did. */
export interface Appended {
  /** Bytes the record takes in its batch, before compression. */
  readonly sizeInBytes: number
  /** Whether a batch is ready to go by being full. */
  readonly isBatchFull: boolean
  /** Whether the record began a batch, whose linger time runs from now. */
  readonly isNewBatch: boolean
}

/** The batches of one partition: the first is the next to be sent, the last may still take records. */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly batches: ProducerBatch[] = []
  /** The batch a request carries just now. One at a time keeps the partition in order. */
  inFlight: ProducerBatch | undefined
  /** Producer id and epoch that `nextSequence` counts under; it restarts at 0 when they change. */
  producerId = -1n
  producerEpoch = -1
  nextSequence = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }
}

/**
 * Records that wait to be sent, by partition, encoded into batches as they arrive (Java: RecordAccumulator).
 * Memory is bounded: above `bufferMemoryBytes` the producer must wait for `room`.
 */
export class Accumulator {
  readonly #options: AccumulatorOptions
  readonly #topics = new Map<string, (PartitionQueue | undefined)[]>()
  /** Queues that hold a batch or have one in flight. */
  readonly active: Set<PartitionQueue> = new Set()
  #bufferedBytes = 0
  #roomWaiters: (() => void)[] = []

  constructor(options: AccumulatorOptions) {
    this.#options = options
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  get hasRoom(): boolean {
    return this.#bufferedBytes < this.#options.bufferMemoryBytes
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
    for (const queue of this.active) for (const batch of batchesOf(queue)) pending.push(batch.settled())
    await Promise.all(pending)
  }

  /**
   * Adds a record to its partition's newest batch, or to a new one when it does not fit there.
   */
  append(
    topic: string,
    partition: number,
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
    headers: readonly RecordHeader[],
    timestamp: number,
    estimatedSizeBytes: number,
    delivery: Delivery,
    tag: number,
  ): Appended {
    const queue = this.#queue(topic, partition)
    const { batchSizeBytes } = this.#options
    let batch = queue.batches.at(-1)
    if (batch === undefined || batch.attempts > 0 || batch.sizeInBytes + estimatedSizeBytes > batchSizeBytes) {
      const isPreviousFull = batch !== undefined
      const capacityBytes = Math.max(Math.min(batchSizeBytes, 16384), estimatedSizeBytes + 64)
      batch = new ProducerBatch(topic, partition, Date.now(), capacityBytes)
      // The record may be refused: only a batch with records is queued.
      batch.append(key, value, headers, timestamp, delivery, tag)
      queue.batches.push(batch)
      this.active.add(queue)
      this.#bufferedBytes += batch.sizeInBytes
      return {
        sizeInBytes: batch.sizeInBytes,
        isBatchFull: isPreviousFull || batch.sizeInBytes >= batchSizeBytes,
        isNewBatch: true,
      }
    }
    const before = batch.sizeInBytes
    batch.append(key, value, headers, timestamp, delivery, tag)
    const sizeInBytes = batch.sizeInBytes - before
    this.#bufferedBytes += sizeInBytes
    return { sizeInBytes, isBatchFull: batch.sizeInBytes >= batchSizeBytes, isNewBatch: false }
  }

  #queue(topic: string, partition: number): PartitionQueue {
    let queues = this.#topics.get(topic)
    if (queues === undefined) this.#topics.set(topic, (queues = []))
    return (queues[partition] ??= new PartitionQueue(topic, partition))
  }

  /** Moves the first batch of a queue to its request. */
  take(queue: PartitionQueue): ProducerBatch {
    const batch = queue.batches.shift()!
    queue.inFlight = batch
    return batch
  }

  /** Puts the batch in flight back in front, to be sent again. */
  putBack(queue: PartitionQueue): void {
    const batch = queue.inFlight
    if (batch === undefined) return
    queue.inFlight = undefined
    queue.batches.unshift(batch)
  }

  /** Ends a batch that was in flight or waiting: its memory is free again. The caller tells the batch how it ended. */
  release(queue: PartitionQueue, batch: ProducerBatch): void {
    if (queue.inFlight === batch) queue.inFlight = undefined
    else queue.batches.splice(queue.batches.indexOf(batch), 1)
    if (queue.inFlight === undefined && queue.batches.length === 0) this.active.delete(queue)
    this.#bufferedBytes -= batch.sizeInBytes
    const waiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const wake of waiters) wake()
  }

  /** Ends every batch with an error. */
  failAll(error: KafkaError): void {
    for (const queue of this.active) {
      for (const batch of batchesOf(queue)) {
        this.release(queue, batch)
        batch.fail(error)
      }
    }
  }
}

function batchesOf(queue: PartitionQueue): ProducerBatch[] {
  return queue.inFlight === undefined ? [...queue.batches] : [queue.inFlight, ...queue.batches]
}
