import type { KafkaError } from '../errors.ts'
import { SampledStats } from '../sampled-stat.ts'
import type { ProducerBatch } from './batch.ts'
import type { BatchEvent, ProduceEvent, ProducerHooks } from './hooks.ts'

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

/** What is kept of each batch that was delivered. */
const BATCH = { RECORDS: 0, SIZE: 1, COMPRESSION_RATE: 2, LATENCY: 3 } as const
/** What is kept of each request that was answered. */
const REQUEST = { RECORDS: 0, SIZE: 1, LATENCY: 2, QUEUE_TIME: 3 } as const

/** Counts what a producer does, per batch and per request, and tells the hooks, whose events are made when somebody wants them. */
export class ProducerMeter {
  readonly #hooks: ProducerHooks
  readonly #batches = new SampledStats(4)
  readonly #requests = new SampledStats(4)
  #failedRecords = 0
  #retriedRecords = 0
  #splitBatches = 0
  #failedRequests = 0

  constructor(hooks: ProducerHooks = {}) {
    this.#hooks = hooks
  }

  /** A request is about to be sent. */
  produce(event: ProduceEvent): void {
    this.#hooks.produce?.(event)
  }

  /** A request was answered, or has failed. @param now - on the clock of performance.now(). */
  produced(event: ProduceEvent, durationMs: number, now: number, error: KafkaError | undefined): void {
    if (error === undefined) {
      const requests = this.#requests
      requests.begin(now)
      requests.add(REQUEST.RECORDS, event.recordCount)
      requests.add(REQUEST.SIZE, event.sizeInBytes)
      requests.add(REQUEST.LATENCY, durationMs)
      requests.add(REQUEST.QUEUE_TIME, event.queueTimeMs)
    } else {
      this.#failedRequests++
    }
    this.#hooks.produced?.({ ...event, durationMs, error })
  }

  /** A batch was delivered, or has failed. */
  batchEnd(batch: ProducerBatch, error: KafkaError | undefined, bufferedBytes: number): void {
    const durationMs = Date.now() - batch.createdAtMs
    if (error === undefined) {
      const { count, encodedBytes, sizeInBytes } = batch
      const batches = this.#batches
      batches.begin(performance.now())
      batches.add(BATCH.RECORDS, count)
      batches.add(BATCH.SIZE, encodedBytes)
      batches.add(BATCH.COMPRESSION_RATE, encodedBytes / Math.max(1, sizeInBytes))
      batches.add(BATCH.LATENCY, durationMs)
    } else {
      this.#failedRecords += batch.count
    }
    const { baseOffset } = batch
    this.#hooks.batchEnd?.({ ...describe(batch), durationMs, baseOffset, error, bufferedBytes })
  }

  /** A batch is going to be sent again. */
  retry(batch: ProducerBatch, error: KafkaError, delayMs: number): void {
    this.#retriedRecords += batch.count
    this.#hooks.retry?.({ ...describe(batch), error, delayMs })
  }

  /** A batch goes out in several. */
  split(batch: ProducerBatch, partCount: number): void {
    this.#splitBatches++
    this.#hooks.split?.({ ...describe(batch), partCount })
  }

  /** As things are now. */
  snapshot(bufferUsedBytes: number, bufferTotalBytes: number): ProducerMetrics {
    const now = performance.now()
    const [batches, requests] = [this.#batches, this.#requests]
    return {
      recordSendTotal: batches.total(BATCH.RECORDS),
      recordErrorTotal: this.#failedRecords,
      recordRetryTotal: this.#retriedRecords,
      batchSplitTotal: this.#splitBatches,
      recordsPerBatchAvg: batches.average(BATCH.RECORDS, now),
      batchSizeAvgBytes: batches.average(BATCH.SIZE, now),
      batchSizeMaxBytes: batches.max(BATCH.SIZE, now),
      compressionRateAvg: batches.average(BATCH.COMPRESSION_RATE, now),
      deliveryLatencyAvgMs: batches.average(BATCH.LATENCY, now),
      deliveryLatencyMaxMs: batches.max(BATCH.LATENCY, now),
      requestTotal: requests.count,
      failedRequestTotal: this.#failedRequests,
      requestLatencyAvgMs: requests.average(REQUEST.LATENCY, now),
      requestLatencyMaxMs: requests.max(REQUEST.LATENCY, now),
      requestSizeAvgBytes: requests.average(REQUEST.SIZE, now),
      requestSizeMaxBytes: requests.max(REQUEST.SIZE, now),
      recordsPerRequestAvg: requests.average(REQUEST.RECORDS, now),
      recordQueueTimeAvgMs: requests.average(REQUEST.QUEUE_TIME, now),
      recordQueueTimeMaxMs: requests.max(REQUEST.QUEUE_TIME, now),
      bufferUsedBytes,
      bufferTotalBytes,
    }
  }
}

function describe({ topic, partition, count, sizeInBytes, encodedBytes, attempts }: ProducerBatch): BatchEvent {
  return { topic, partition, recordCount: count, sizeInBytes, encodedBytes, attempts }
}
