import type { KafkaError } from '../errors.ts'
import type { CompressionName } from '../protocol/compression/registry.ts'
import type { BatchMemory } from '../protocol/records/batch-memory.ts'
import { BATCH_HEADER_SIZE, setProducerState } from '../protocol/records/batch-header.ts'
import { readBatches } from '../protocol/records/read-batches.ts'
import type { EncodableHeader } from '../protocol/records/record.ts'
import { RecordBatchBuilder } from '../protocol/records/record-batch-builder.ts'
import type { Delivery, StoredBatch } from './deliveries.ts'

/** What identifies an idempotent producer's batch to the broker (KIP-98). */
export interface BatchIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  /** Whether it belongs to a transaction. */
  readonly isTransactional: boolean
}

/** Batch header, and the widest fields of one record around its key and value. */
const BATCH_OVERHEAD_BYTES = 128

/** Arrays of a batch that has no records yet. */
const NONE: number[] = []
const NO_DELIVERIES: Delivery[] = []

/** Records of one partition that travel and succeed or fail together. Records are encoded as they are added. */
export class ProducerBatch implements StoredBatch {
  readonly topic: string
  readonly partition: number
  /** When the first record was added, in milliseconds since the epoch. */
  readonly createdAtMs: number
  /** Requests that carried it so far. */
  attempts = 0
  /** Not to be sent before this time after a failed attempt, in milliseconds since the epoch. */
  retryAtMs = 0
  /** Set by `identify`. Undefined before it is numbered, and always when the producer is not idempotent. */
  identity: BatchIdentity | undefined
  /** Place of its first record among all of the partition that were numbered: sequences wrap, this does not. -1 without a number. */
  order = -1
  /** Whether it came from a batch that was too large. */
  readonly isSplit: boolean
  baseOffset = -1
  appendTimeMs = -1
  /** Of its records so far, with the header, before compression. */
  sizeInBytes: number = BATCH_HEADER_SIZE
  /** Records so far. */
  count = 0
  timestamps: number[] = NONE
  tags: number[] = NONE
  #encoded: Uint8Array | undefined
  #isClosed = false
  #isDone = false
  readonly #builder: RecordBatchBuilder
  readonly #memory: BatchMemory
  readonly #readyBytes: number
  readonly #limitBytes: number
  /** Waiters of runs of records, and where each run ends. */
  #deliveries: Delivery[] = NO_DELIVERIES
  #ends: number[] = NONE
  #settledWaiters: (() => void)[] | undefined

  /**
   * @param readyBytes - size from which on it need not wait for more records, before compression.
   * @param limitBytes - size beyond which it takes no more; a first record of any size is taken all the same.
   * @param capacityBytes - size of the memory to begin with.
   */
  constructor(
    topic: string,
    partition: number,
    createdAtMs: number,
    readyBytes: number,
    limitBytes: number,
    capacityBytes: number,
    memory: BatchMemory,
    isSplit = false,
  ) {
    this.topic = topic
    this.partition = partition
    this.createdAtMs = createdAtMs
    this.isSplit = isSplit
    this.#readyBytes = readyBytes
    this.#limitBytes = limitBytes
    this.#builder = new RecordBatchBuilder({ capacity: capacityBytes, memory })
    this.#memory = memory
  }

  /** As it goes on the wire; 0 until it is encoded. */
  get encodedBytes(): number {
    return this.#encoded?.length ?? 0
  }

  /** Whether it takes no more records. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Whether it is worth sending without waiting for more. */
  get isFull(): boolean {
    return this.#isClosed || this.sizeInBytes >= this.#readyBytes
  }

  /** Whether its waiters have been told. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Adds a record; false, and the batch is closed, when it does not fit. Throws EncodeError for what cannot be encoded. */
  append(
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
    headers: readonly EncodableHeader[],
    timestamp: number,
    delivery: Delivery,
    tag: number,
  ): boolean {
    const builder = this.#builder
    if (this.count === 0) {
      if (!builder.append(timestamp, key, value, headers)) return this.#closed()
      this.count = 1
      this.sizeInBytes = builder.sizeInBytes
      // Arrays that begin empty and grow take room for 17 elements at once, and many a batch has one record.
      this.timestamps = [timestamp]
      this.tags = [tag]
      this.#deliveries = [delivery]
      this.#ends = [1]
      return true
    }
    if (!builder.append(timestamp, key, value, headers, this.#limitBytes)) return this.#closed()
    this.count++
    this.sizeInBytes = builder.sizeInBytes
    this.timestamps.push(timestamp)
    this.tags.push(tag)
    const last = this.#deliveries.length - 1
    if (this.#deliveries[last] === delivery) {
      this.#ends[last] = this.timestamps.length
    } else {
      this.#deliveries.push(delivery)
      this.#ends.push(this.timestamps.length)
    }
    return true
  }

  #closed(): false {
    this.#isClosed = true
    return false
  }

  /** Lets no more records in. */
  close(): void {
    this.#isClosed = true
  }

  /** Numbers the batch. A retry keeps its numbers, so that the broker can tell it from new records. */
  identify(identity: BatchIdentity, order: number): void {
    this.identity = identity
    this.order = order
    if (this.#encoded === undefined) return
    // The request that failed may not be gone from every buffer.
    this.#encoded = this.#encoded.slice()
    setProducerState(this.#encoded, identity)
  }

  /** Lets the next attempt be numbered anew. No request may hold the batch. */
  forgetIdentity(): void {
    this.identity = undefined
    this.order = -1
  }

  /** The batch as it goes on the wire; made and compressed at the first call, at once when it is not compressed. */
  encode(compression: CompressionName, level: number | undefined): Uint8Array | Promise<Uint8Array> {
    if (this.#encoded !== undefined) return this.#encoded
    this.#isClosed = true
    if (compression === 'none') return (this.#encoded = this.#builder.finishPlain(this.identity))
    const encoded = this.#builder.finish({ compression, level, ...this.identity })
    if (!(encoded instanceof Promise)) return (this.#encoded = encoded)
    return encoded.then((bytes) => (this.#encoded = bytes))
  }

  /** Batches of the same records in the same order, of about `limitBytes` each; the identity is shared out among them. This batch is then done. None when it was done before. */
  async split(limitBytes: number): Promise<ProducerBatch[]> {
    const parts: ProducerBatch[] = []
    let part: ProducerBatch | undefined
    let run = 0
    const [batch] = readBatches(this.#encoded!, { checkCrcs: false })
    const cursor = await batch!.cursor()
    // Its time may be over meanwhile.
    if (this.#isDone) return []
    for (let i = 0; cursor.next(); i++) {
      if (i >= this.#ends[run]!) run++
      const [key, value, headers] = [cursor.key(), cursor.value(), cursor.headers()]
      const add = (to: ProducerBatch): boolean =>
        to.append(key, value, headers, this.timestamps[i]!, this.#deliveries[run]!, this.tags[i]!)
      if (part === undefined || !add(part)) {
        part = this.#part(limitBytes, (key?.length ?? 0) + (value?.length ?? 0))
        parts.push(part)
        add(part)
      }
    }
    this.#shareIdentity(parts)
    this.#isDone = true
    // Who waits for this batch waits for its parts.
    const waiters = this.#settledWaiters ?? []
    if (waiters.length > 0) {
      void Promise.all(parts.map((each) => each.settled())).then(() => {
        for (const wake of waiters) wake()
      })
    }
    return parts
  }

  #part(limitBytes: number, recordBytes: number): ProducerBatch {
    const capacityBytes = Math.min(limitBytes, recordBytes + BATCH_OVERHEAD_BYTES)
    const { topic, partition, createdAtMs } = this
    return new ProducerBatch(topic, partition, createdAtMs, limitBytes, limitBytes, capacityBytes, this.#memory, true)
  }

  #shareIdentity(parts: readonly ProducerBatch[]): void {
    for (const part of parts) part.close()
    if (this.identity === undefined) return
    const { baseSequence } = this.identity
    let before = 0
    for (const part of parts) {
      const sequence = nextSequence(baseSequence, before)
      part.identify({ ...this.identity, baseSequence: sequence }, this.order + before)
      before += part.count
    }
  }

  /**
   * Lets other batches have its memory, unless a request may still be written from it: those other records would then go out under this one's
   * topic (KAFKA-19012). To be called when it is done and the last request that carried it was answered, so that only earlier ones can
   * linger somewhere, in a proxy for instance.
   */
  recycle(): void {
    if (this.#isDone && this.attempts === 1) this.#builder.release()
  }

  /** Resolves when the batch has been delivered or has failed. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isDone) resolve()
      else (this.#settledWaiters ??= []).push(resolve)
    })
  }

  /** Tells every waiter its record's offset. @param appendTimeMs - the broker's time for all records, or -1. */
  succeed(baseOffset: number, appendTimeMs: number): void {
    if (this.#isDone) return
    this.#isDone = true
    this.baseOffset = baseOffset
    this.appendTimeMs = appendTimeMs
    let from = 0
    for (let run = 0; run < this.#deliveries.length; run++) {
      const to = this.#ends[run]!
      this.#deliveries[run]!.delivered(this, from, to)
      from = to
    }
    this.#letGo()
  }

  /** Tells every waiter that its record was not, or may not have been, stored. @param errorAt - the error of each record, when they differ. */
  fail(error: KafkaError, errorAt: (place: number) => KafkaError = () => error): void {
    if (this.#isDone) return
    this.#isDone = true
    let from = 0
    for (let run = 0; run < this.#deliveries.length; run++) {
      const to = this.#ends[run]!
      this.#deliveries[run]!.failed(errorAt, this.tags, from, to)
      from = to
    }
    this.#letGo()
  }

  /**
   * Wakes who waits for it, and forgets all that is about its records. A batch that was once in the old generation may be taken for alive for long after
   * its end, and with it would be the promises and results of all its records.
   */
  #letGo(): void {
    this.timestamps = NONE
    this.tags = NONE
    this.#deliveries = NO_DELIVERIES
    this.#ends = NONE
    const waiters = this.#settledWaiters
    this.#settledWaiters = undefined
    if (waiters !== undefined) for (const wake of waiters) wake()
  }
}

/** A sequence moved on by so many records: from 2^31 - 1 it goes back to 0. */
export function nextSequence(sequence: number, count: number): number {
  return (sequence + count) % 0x80000000
}
