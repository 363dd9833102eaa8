import type { KafkaError } from '../errors.ts'
import type { RecordMetadata } from './record.ts'
import { EnqueueError, SendError, type SendOutcome } from './send-error.ts'
import { SentRecords } from './sent-records.ts'

/** The records of a batch and where it was stored, as arrays by place in the batch. */
export interface StoredBatch {
  readonly topic: string
  readonly partition: number
  /** -1 when the broker did not say. */
  readonly baseOffset: number
  /** The broker's time for all records, or -1 when each has its own. */
  readonly appendTimeMs: number
  readonly timestamps: readonly number[]
  /** What tells the records of one waiter apart. */
  readonly tags: readonly number[]
}

/** Who waits for records. Called once for each run of its records in a batch, places `from` up to and excluding `to`. */
export interface Delivery {
  delivered(batch: StoredBatch, from: number, to: number): void
  /** @param errorAt - the error of the record at a place of the batch. */
  failed(errorAt: (place: number) => KafkaError, tags: readonly number[], from: number, to: number): void
  /** A record was not accepted into any batch. */
  refused(error: unknown, tag: number): void
}

function offsetAt({ baseOffset }: StoredBatch, place: number): number {
  return baseOffset < 0 ? -1 : baseOffset + place
}

function timestampAt({ appendTimeMs, timestamps }: StoredBatch, place: number): number {
  return appendTimeMs < 0 ? timestamps[place]! : appendTimeMs
}

/** Settles the promise of one record. */
export class SingleDelivery implements Delivery {
  readonly #resolve: (metadata: RecordMetadata) => void
  readonly #reject: (error: unknown) => void

  constructor(resolve: (metadata: RecordMetadata) => void, reject: (error: unknown) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  delivered(batch: StoredBatch, from: number): void {
    const { topic, partition } = batch
    this.#resolve({ topic, partition, offset: offsetAt(batch, from), timestamp: timestampAt(batch, from) })
  }

  failed(errorAt: (place: number) => KafkaError, _tags: readonly number[], from: number): void {
    this.#reject(errorAt(from))
  }

  refused(error: unknown): void {
    this.#reject(error)
  }
}

/** Settles the one promise of many records, once each has been delivered or has failed. Tags are places in the list. */
export class ManyDelivery implements Delivery {
  readonly #sent: SentRecords
  #errors: Map<number, unknown> | undefined
  readonly #resolve: (sent: SentRecords) => void
  readonly #reject: (error: unknown) => void
  #pendingCount: number

  constructor(count: number, resolve: (sent: SentRecords) => void, reject: (error: unknown) => void) {
    this.#pendingCount = count
    this.#sent = new SentRecords(count)
    this.#resolve = resolve
    this.#reject = reject
  }

  delivered(batch: StoredBatch, from: number, to: number): void {
    const { topic, partition, tags } = batch
    for (let i = from; i < to; i++) {
      this.#sent.place(tags[i]!, topic, partition, offsetAt(batch, i), timestampAt(batch, i))
    }
    this.#countDown(to - from)
  }

  failed(errorAt: (place: number) => KafkaError, tags: readonly number[], from: number, to: number): void {
    this.#errors ??= new Map()
    for (let i = from; i < to; i++) this.#errors.set(tags[i]!, errorAt(i))
    this.#countDown(to - from)
  }

  refused(error: unknown, tag: number): void {
    this.#errors ??= new Map()
    this.#errors.set(tag, error)
    this.#countDown(1)
  }

  #countDown(count: number): void {
    this.#pendingCount -= count
    if (this.#pendingCount > 0) return
    const errors = this.#errors
    if (errors === undefined) return this.#resolve(this.#sent)
    const outcomes = this.#sent.map((metadata, i): SendOutcome =>
      errors.has(i) ? { error: errors.get(i) as KafkaError } : { metadata },
    )
    this.#reject(new SendError(outcomes))
  }
}

/** Collects what became of records that were enqueued without a promise of their own. */
export class EnqueuedDelivery implements Delivery {
  readonly #onError: ((error: unknown) => void) | undefined
  #failedCount = 0
  #firstError: unknown

  /** @param onError - takes every error; without it they are kept for `takeError`. */
  constructor(onError: ((error: unknown) => void) | undefined) {
    this.#onError = onError
  }

  delivered(): void {}

  failed(errorAt: (place: number) => KafkaError, _tags: readonly number[], from: number, to: number): void {
    for (let i = from; i < to; i++) this.refused(errorAt(i))
  }

  refused(error: unknown): void {
    if (this.#onError !== undefined) {
      this.#onError(error)
      return
    }
    if (this.#failedCount === 0) this.#firstError = error
    this.#failedCount++
  }

  /** The error for all records that failed since the last call; undefined when none did. */
  takeError(): EnqueueError | undefined {
    if (this.#failedCount === 0) return undefined
    const error = new EnqueueError(this.#failedCount, this.#firstError)
    this.#failedCount = 0
    this.#firstError = undefined
    return error
  }
}
