import type { KafkaError } from '../errors.ts'
import type { RecordHeader } from '../protocol/records/record.ts'
import type { CompressionName } from '../protocol/compression/registry.ts'
import { setProducerState } from '../protocol/records/batch-header.ts'
import { RecordBatchBuilder } from '../protocol/records/record-batch-builder.ts'

/** Where a record ended up. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** -1 when the broker did not say: acks 0, or a retry of a batch it had already. */
  readonly offset: number
  /** Milliseconds since the epoch: the record's own, or the broker's for topics that store the time of appending. */
  readonly timestamp: number
}

/** Who waits for a record. `tag` tells the records of one waiter apart. */
export interface Delivery {
  delivered(metadata: RecordMetadata, tag: number): void
  failed(error: KafkaError, tag: number): void
}

/** What identifies an idempotent producer's batch to the broker (KIP-98). */
export interface BatchIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
}

/** Records of one partition that travel and succeed or fail together. Records are encoded as they are added. */
export class ProducerBatch {
  readonly topic: string
  readonly partition: number
  /** When the first record was added, in milliseconds since the epoch. */
  readonly createdAtMs: number
  /** Requests that carried it so far. */
  attempts = 0
  /** Not to be sent before this time after a failed attempt, in milliseconds since the epoch. */
  retryAtMs = 0
  #identity: BatchIdentity | undefined
  #encoded: Uint8Array | undefined
  readonly #builder: RecordBatchBuilder
  readonly #deliveries: Delivery[] = []
  readonly #tags: number[] = []
  readonly #timestamps: number[] = []
  readonly #settledWaiters: (() => void)[] = []

  constructor(topic: string, partition: number, createdAtMs: number, capacityBytes: number) {
    this.topic = topic
    this.partition = partition
    this.createdAtMs = createdAtMs
    this.#builder = new RecordBatchBuilder({ capacity: capacityBytes })
  }

  get sizeInBytes(): number {
    return this.#builder.sizeInBytes
  }

  get count(): number {
    return this.#builder.count
  }

  append(
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
    headers: readonly RecordHeader[],
    timestamp: number,
    delivery: Delivery,
    tag: number,
  ): void {
    this.#builder.append(timestamp, key, value, headers)
    this.#deliveries.push(delivery)
    this.#tags.push(tag)
    this.#timestamps.push(timestamp)
  }

  /** Undefined before the first attempt, and always when the producer is not idempotent. */
  get identity(): BatchIdentity | undefined {
    return this.#identity
  }

  /** Numbers the batch. A retry keeps its numbers, so that the broker can tell it from new records. */
  identify(identity: BatchIdentity): void {
    this.#identity = identity
    if (this.#encoded !== undefined) setProducerState(this.#encoded, identity)
  }

  /** Lets the next attempt be numbered anew: only when the broker has said that it did not store the batch. */
  forgetIdentity(): void {
    this.#identity = undefined
  }

  /** The batch as it goes on the wire, made and compressed at the first call. No record may be added after it. */
  async encode(compression: CompressionName, level: number | undefined): Promise<Uint8Array> {
    this.#encoded ??= await this.#builder.finish({
      compression,
      ...(level === undefined ? {} : { level }),
      ...this.#identity,
    })
    return this.#encoded
  }

  /** Resolves when the batch has been delivered or has failed. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#settledWaiters.push(resolve)
    })
  }

  /** Tells every waiter its record's offset. @param appendTimeMs - the broker's time for all records, or -1. */
  succeed(baseOffset: number, appendTimeMs: number): void {
    const { topic, partition } = this
    for (let i = 0; i < this.#deliveries.length; i++) {
      const offset = baseOffset < 0 ? -1 : baseOffset + i
      const timestamp = appendTimeMs < 0 ? this.#timestamps[i]! : appendTimeMs
      this.#deliveries[i]!.delivered({ topic, partition, offset, timestamp }, this.#tags[i]!)
    }
    for (const wake of this.#settledWaiters) wake()
  }

  /** Tells every waiter that its record was not, or may not have been, stored. */
  fail(error: KafkaError): void {
    for (let i = 0; i < this.#deliveries.length; i++) this.#deliveries[i]!.failed(error, this.#tags[i]!)
    for (const wake of this.#settledWaiters) wake()
  }
}
