import type { KafkaError } from '../errors.ts'

/** A batch of one partition, as it stands when something happens to it. */
export interface BatchEvent {
  topic: string
  partition: number
  recordCount: number
  /** Before compression. */
  sizeInBytes: number
  /** As it was sent; 0 when it never was. */
  encodedBytes: number
  /** Requests that carried it so far. */
  attempts: number
}

/** A batch that was delivered or has failed. */
export interface BatchEndEvent extends BatchEvent {
  /** Milliseconds from its first record to its end. */
  durationMs: number
  /** Offset of its first record; -1 when it failed or the broker did not say. */
  baseOffset: number
  /** Undefined when it was delivered. */
  error: KafkaError | undefined
  /** Memory that all records take, this batch's no longer among it. */
  bufferedBytes: number
}

/** A request that takes batches to a broker. */
export interface ProduceEvent {
  nodeId: number
  batchCount: number
  recordCount: number
  /** Of the batches as they are sent. */
  sizeInBytes: number
  /** Milliseconds that the oldest of its batches has waited since its first record. */
  queueTimeMs: number
}

/** What can be observed of a producer, by name. */
export type ProducerEvents = {
  [Name in keyof ProducerHooks]-?: Parameters<NonNullable<ProducerHooks[Name]>>[0]
}

/**
 * Callbacks for tests, logs and metrics. They run in the middle of things: they must be quick and must not throw.
 * What is absent costs nothing.
 */
export interface ProducerHooks {
  /** A request is about to be sent. */
  produce?: ((event: ProduceEvent) => void) | undefined
  /** A request was answered, or has failed. */
  produced?: ((event: ProduceEvent & { durationMs: number; error: KafkaError | undefined }) => void) | undefined
  batchEnd?: ((event: BatchEndEvent) => void) | undefined
  /** A batch is going to be sent again. */
  retry?: ((event: BatchEvent & { error: KafkaError; delayMs: number }) => void) | undefined
  /** The broker refused a batch as too large: its records go out in several. */
  split?: ((event: BatchEvent & { partCount: number }) => void) | undefined
}
