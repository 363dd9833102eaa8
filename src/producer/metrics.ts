import { SampledStat } from '../sampled-stat.ts'
import type { BatchEndEvent, BatchEvent, ProduceEvent, ProducerEvents, ProducerHooks } from './hooks.ts'

/**
 * What a producer has done, by the names of Java's metrics with their units. `Total` counts from the beginning; `Avg` and `Max` are of the last 30 to 60
 * seconds, and 0 when there was nothing.
 */
export interface ProducerMetrics {
  /** Records that were delivered. */
  readonly recordSendTotal: number
  /** Records that were not. */
  readonly recordErrorTotal: number
  /** Records of batches that were sent again, counted each time. */
  readonly recordRetryTotal: number
  /** Batches that were too large for the broker and went out in several. */
  readonly batchSplitTotal: number
  readonly recordsPerBatchAvg: number
  /** Of batches as they were sent. */
  readonly batchSizeAvgBytes: number
  readonly batchSizeMaxBytes: number
  /** What compression left of the batches, from 0 to 1, their headers included. */
  readonly compressionRateAvg: number
  /** From a batch's first record to its delivery. */
  readonly deliveryLatencyAvgMs: number
  readonly deliveryLatencyMaxMs: number

  readonly requestTotal: number
  readonly failedRequestTotal: number
  readonly requestLatencyAvgMs: number
  readonly requestLatencyMaxMs: number
  readonly requestSizeAvgBytes: number
  readonly requestSizeMaxBytes: number
  readonly recordsPerRequestAvg: number
  /** How long the oldest batch of a request had waited to be sent. */
  readonly recordQueueTimeAvgMs: number
  readonly recordQueueTimeMaxMs: number

  /** Memory that records take now. */
  readonly bufferUsedBytes: number
  readonly bufferTotalBytes: number
}

/** Counts what a producer does, per batch and per request, and passes it on to hooks. */
export class ProducerMeter implements ProducerHooks {
  readonly #hooks: ProducerHooks
  readonly #recordsPerBatch = new SampledStat()
  readonly #batchSize = new SampledStat()
  readonly #compressionRate = new SampledStat()
  readonly #deliveryLatency = new SampledStat()
  readonly #requestLatency = new SampledStat()
  readonly #requestSize = new SampledStat()
  readonly #recordsPerRequest = new SampledStat()
  readonly #queueTime = new SampledStat()
  #failedRecords = 0
  #retriedRecords = 0
  #splitBatches = 0
  #failedRequests = 0

  constructor(hooks: ProducerHooks = {}) {
    this.#hooks = hooks
  }

  get produce(): ProducerHooks['produce'] {
    return this.#hooks.produce
  }

  produced(event: ProducerEvents['produced']): void {
    if (event.error === undefined) this.#count(event)
    else this.#failedRequests++
    this.#hooks.produced?.(event)
  }

  batchEnd(event: BatchEndEvent): void {
    const { recordCount, sizeInBytes, encodedBytes, durationMs, error } = event
    if (error === undefined) {
      const now = performance.now()
      this.#recordsPerBatch.add(recordCount, now)
      this.#batchSize.add(encodedBytes, now)
      this.#compressionRate.add(encodedBytes / Math.max(1, sizeInBytes), now)
      this.#deliveryLatency.add(durationMs, now)
    } else {
      this.#failedRecords += recordCount
    }
    this.#hooks.batchEnd?.(event)
  }

  retry(event: ProducerEvents['retry']): void {
    this.#retriedRecords += event.recordCount
    this.#hooks.retry?.(event)
  }

  split(event: BatchEvent & { partCount: number }): void {
    this.#splitBatches++
    this.#hooks.split?.(event)
  }

  /** As things are now. */
  snapshot(bufferUsedBytes: number, bufferTotalBytes: number): ProducerMetrics {
    const now = performance.now()
    return {
      recordSendTotal: this.#recordsPerBatch.total,
      recordErrorTotal: this.#failedRecords,
      recordRetryTotal: this.#retriedRecords,
      batchSplitTotal: this.#splitBatches,
      recordsPerBatchAvg: this.#recordsPerBatch.average(now),
      batchSizeAvgBytes: this.#batchSize.average(now),
      batchSizeMaxBytes: this.#batchSize.max(now),
      compressionRateAvg: this.#compressionRate.average(now),
      deliveryLatencyAvgMs: this.#deliveryLatency.average(now),
      deliveryLatencyMaxMs: this.#deliveryLatency.max(now),
      requestTotal: this.#requestLatency.count,
      failedRequestTotal: this.#failedRequests,
      requestLatencyAvgMs: this.#requestLatency.average(now),
      requestLatencyMaxMs: this.#requestLatency.max(now),
      requestSizeAvgBytes: this.#requestSize.average(now),
      requestSizeMaxBytes: this.#requestSize.max(now),
      recordsPerRequestAvg: this.#recordsPerRequest.average(now),
      recordQueueTimeAvgMs: this.#queueTime.average(now),
      recordQueueTimeMaxMs: this.#queueTime.max(now),
      bufferUsedBytes,
      bufferTotalBytes,
    }
  }

  #count({ recordCount, sizeInBytes, queueTimeMs, durationMs }: ProduceEvent & { durationMs: number }): void {
    const now = performance.now()
    this.#requestLatency.add(durationMs, now)
    this.#requestSize.add(sizeInBytes, now)
    this.#recordsPerRequest.add(recordCount, now)
    this.#queueTime.add(queueTimeMs, now)
  }
}
