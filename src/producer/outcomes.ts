import { BrokerError, type KafkaError } from '../errors.ts'
import type { Cluster } from '../network/cluster.ts'
import { type Backoff, backoffMs } from '../network/retry.ts'
import { brokerError, ERROR, errorOf } from '../protocol/error-codes.ts'
import { produceApi, type ProduceResponse } from '../protocol/messages/00-produce.ts'
import { BATCH_HEADER_SIZE } from '../protocol/records/batch-header.ts'
import type { Accumulator } from './accumulator.ts'
import type { ProducerBatch } from './batch.ts'
import type { Idempotence } from './idempotence.ts'
import type { ProducerMeter } from './metrics.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { answersTo, type PartitionAnswer, type Shipment } from './produce-request.ts'
import type { TransactionManager } from './transaction-manager.ts'

/** What outcomes need of the producer's options. */
export interface OutcomeOptions {
  readonly batchSizeBytes: number
  readonly retryBackoff: Backoff
  readonly meter: ProducerMeter
}

/** Settles batches: delivered, to be sent again, split, or failed (Java: Sender.completeBatch, failBatch, canRetry). */
export class Outcomes {
  readonly #cluster: Cluster
  readonly #accumulator: Accumulator
  readonly #idempotence: Idempotence | undefined
  readonly #transactions: TransactionManager | undefined
  readonly #options: OutcomeOptions
  readonly #onReady: () => void

  /** @param onReady - called when batches have become ready at another time than the end of a request. */
  constructor(
    cluster: Cluster,
    accumulator: Accumulator,
    idempotence: Idempotence | undefined,
    transactions: TransactionManager | undefined,
    options: OutcomeOptions,
    onReady: () => void,
  ) {
    this.#cluster = cluster
    this.#accumulator = accumulator
    this.#idempotence = idempotence
    this.#transactions = transactions
    this.#options = options
    this.#onReady = onReady
  }

  /** A batch got its bytes just now. */
  encoded(batch: ProducerBatch): void {
    const { ratios } = this.#accumulator
    if (ratios !== undefined) ratios.learn(batch.topic, ratioOf(batch.sizeInBytes, batch.encodedBytes))
  }

  /** A request was answered; with undefined it never will be, as acks are 0. */
  answered(shipments: readonly Shipment[], response: ProduceResponse | undefined): void {
    if (response === undefined) {
      for (const { queue, batch } of shipments) this.#succeed(queue, batch, -1, -1)
      return
    }
    const answers = answersTo(shipments, response)
    for (let i = 0; i < shipments.length; i++) {
      const { queue, batch } = shipments[i]!
      const answer = answers[i]
      if (answer?.errorCode === ERROR.NONE) {
        this.#succeed(queue, batch, Number(answer.baseOffset), Number(answer.logAppendTimeMs))
      } else {
        this.#refused(queue, batch, answer, response)
      }
      batch.recycle()
      this.#resolveLast(queue)
    }
  }

  /** A request got no answer, so that nobody knows whether the broker has stored its batches. */
  failed(shipments: readonly Shipment[], error: KafkaError): void {
    for (const { queue, batch } of shipments) {
      this.#retryOrFail(queue, batch, error, error.retriable, true)
      this.#resolveLast(queue)
    }
  }

  /** The sender looks no longer at a partition of which nothing is left, but the transaction must not end before it is known what was lost of it. */
  #resolveLast(queue: PartitionQueue): void {
    if (this.#transactions !== undefined && queue.batches.length === 0) this.#idempotence!.resolve(queue)
  }

  /** The time of a batch is over. One that is in flight stays so until its request ends, which tells what became of it. */
  expire(queue: PartitionQueue, batch: ProducerBatch, error: KafkaError): void {
    this.#idempotence?.gaveUp(queue, batch, batch.attempts > 0)
    if (!queue.inFlight.includes(batch)) this.#accumulator.release(queue, batch)
    this.#end(batch, error)
    this.#resolveLast(queue)
  }

  /** A batch is given up with its transaction. No request carries it. */
  drop(queue: PartitionQueue, batch: ProducerBatch, error: KafkaError): void {
    this.#accumulator.release(queue, batch)
    if (batch.isDone) return
    batch.fail(error)
    this.#report(batch, error)
  }

  /** The broker did not say that it has stored a batch. */
  #refused(
    queue: PartitionQueue,
    batch: ProducerBatch,
    answer: PartitionAnswer | undefined,
    response: ProduceResponse,
  ): void {
    const { topic, partition } = queue
    const context = { api: produceApi.name, topic, partition }
    if (answer === undefined) {
      const error = brokerError(ERROR.UNKNOWN_SERVER_ERROR, context, 'the answer leaves the partition out')
      this.#retryOrFail(queue, batch, error, false, true)
      return
    }
    const { errorCode } = answer
    if (errorCode === ERROR.DUPLICATE_SEQUENCE_NUMBER) {
      // An earlier attempt was stored, and its answer got lost: the records are there, their offsets unknown.
      this.#succeed(queue, batch, -1, -1)
    } else if (errorCode === ERROR.MESSAGE_TOO_LARGE && batch.count > 1 && !batch.isDone) {
      void this.#split(queue, batch)
    } else {
      const { leaderId, leaderEpoch } = answer.currentLeader
      if (leaderId >= 0) {
        this.#cluster.applyLeaderHint(topic, partition, leaderId, leaderEpoch, response.nodeEndpoints)
      }
      const error = brokerError(errorCode, context, answer.errorMessage)
      const verdict = this.#idempotence?.shouldRetry(queue, batch, errorCode, Number(answer.logStartOffset))
      const isAmbiguous = isStoredPerhaps(errorCode)
      this.#retryOrFail(queue, batch, error, verdict ?? error.retriable, isAmbiguous, refusedRecords(error, answer))
    }
  }

  #succeed(queue: PartitionQueue, batch: ProducerBatch, baseOffset: number, appendTimeMs: number): void {
    this.#idempotence?.stored(queue, batch, baseOffset)
    this.#accumulator.release(queue, batch)
    if (batch.isDone) return
    batch.succeed(baseOffset, appendTimeMs)
    this.#report(batch, undefined)
  }

  #retryOrFail(
    queue: PartitionQueue,
    batch: ProducerBatch,
    error: KafkaError,
    isRetriable: boolean,
    isAmbiguous: boolean,
    errorAt?: (place: number) => KafkaError,
  ): void {
    // Given up already, or ended when the producer was closed.
    if (batch.isDone) {
      this.#accumulator.release(queue, batch)
      return
    }
    if (!isRetriable) {
      this.#idempotence?.gaveUp(queue, batch, isAmbiguous)
      this.#accumulator.release(queue, batch)
      this.#end(batch, error, errorAt)
      return
    }
    const delayMs = backoffMs(batch.attempts - 1, this.#options.retryBackoff)
    batch.retryAtMs = Date.now() + delayMs
    if (!(error instanceof BrokerError) || errorOf(error.errorCode).refreshesMetadata) this.#cluster.markStale()
    this.#accumulator.putBack(queue, batch)
    this.#options.meter.retry(batch, error, delayMs)
  }

  /** Puts smaller batches in the place of one that the broker takes for too large, without counting it as an attempt. Never rejects. */
  async #split(queue: PartitionQueue, batch: ProducerBatch): Promise<void> {
    const { topic, sizeInBytes, encodedBytes } = batch
    this.#accumulator.ratios?.reset(topic, ratioOf(sizeInBytes, encodedBytes))
    // What was split before was still too large: halves are smaller in any case.
    const half = Math.ceil(sizeInBytes / 2)
    const limitBytes = batch.isSplit ? half : Math.min(this.#options.batchSizeBytes, half)
    try {
      const parts = await batch.split(limitBytes)
      if (parts.length === 0) this.#accumulator.release(queue, batch)
      else this.#accumulator.replace(queue, batch, parts)
      this.#options.meter.split(batch, parts.length)
    } catch (error) {
      this.#retryOrFail(queue, batch, error as KafkaError, false, false)
    }
    this.#onReady()
  }

  #end(batch: ProducerBatch, error: KafkaError, errorAt?: (place: number) => KafkaError): void {
    if (batch.isDone) return
    this.#transactions?.batchFailed(error)
    batch.fail(error, errorAt)
    this.#report(batch, error)
  }

  #report(batch: ProducerBatch, error: KafkaError | undefined): void {
    this.#options.meter.batchEnd(batch, error, this.#accumulator.bufferedBytes)
  }
}

/** Part that compression has left of the records. */
function ratioOf(sizeInBytes: number, encodedBytes: number): number {
  return (encodedBytes - BATCH_HEADER_SIZE) / Math.max(1, sizeInBytes - BATCH_HEADER_SIZE)
}

/** Errors after which the leader may have the batch. */
function isStoredPerhaps(errorCode: number): boolean {
  return (
    errorCode === ERROR.NOT_ENOUGH_REPLICAS_AFTER_APPEND ||
    errorCode === ERROR.REQUEST_TIMED_OUT ||
    errorCode === ERROR.UNKNOWN_SERVER_ERROR
  )
}

/** When the broker names the records it refused (KIP-467), the others learn that they are not at fault. */
function refusedRecords(
  error: BrokerError,
  { recordErrors, errorCode }: PartitionAnswer,
): ((place: number) => KafkaError) | undefined {
  if (recordErrors.length === 0) return undefined
  const { api, topic, partition } = error
  const messages = new Map(
    recordErrors.map(({ batchIndex, batchIndexErrorMessage }) => [batchIndex, batchIndexErrorMessage]),
  )
  const bystander = brokerError(errorCode, { api, topic, partition }, 'another record of the batch was refused')
  return (place) =>
    messages.has(place)
      ? brokerError(errorCode, { api, topic, partition }, messages.get(place) ?? error.message)
      : bystander
}
