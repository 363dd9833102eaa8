import type { KafkaError } from '../errors.ts'
import type { Delivery, RecordMetadata } from './batch.ts'
import { SendError, type SendOutcome } from './send-error.ts'

/** Settles the promise of one record. */
export class SingleDelivery implements Delivery {
  readonly delivered: (metadata: RecordMetadata) => void
  readonly failed: (error: unknown) => void

  constructor(resolve: (metadata: RecordMetadata) => void, reject: (error: unknown) => void) {
    this.delivered = resolve
    this.failed = reject
  }
}

/** Settles the one promise of many records, once each has been delivered or has failed. Tags are places in the list. */
export class ManyDelivery implements Delivery {
  readonly #metadata: (RecordMetadata | undefined)[]
  readonly #errors: Map<number, KafkaError> = new Map()
  readonly #resolve: (metadata: RecordMetadata[]) => void
  readonly #reject: (error: unknown) => void
  #pendingCount: number

  constructor(count: number, resolve: (metadata: RecordMetadata[]) => void, reject: (error: unknown) => void) {
    this.#pendingCount = count
    this.#metadata = Array.from({ length: count }, () => undefined)
    this.#resolve = resolve
    this.#reject = reject
  }

  delivered(metadata: RecordMetadata, tag: number): void {
    this.#metadata[tag] = metadata
    this.#countDown()
  }

  failed(error: KafkaError, tag: number): void {
    this.#errors.set(tag, error)
    this.#countDown()
  }

  #countDown(): void {
    this.#pendingCount--
    if (this.#pendingCount > 0) return
    if (this.#errors.size === 0) return this.#resolve(this.#metadata as RecordMetadata[])
    const outcomes = this.#metadata.map((metadata, i): SendOutcome =>
      metadata === undefined ? { error: this.#errors.get(i)! } : { metadata },
    )
    this.#reject(new SendError(outcomes))
  }
}
