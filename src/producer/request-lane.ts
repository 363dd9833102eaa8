import { KafkaError } from '../errors.ts'
import type { Broker } from '../network/broker.ts'
import { SHARED_FROM_BYTES } from '../network/exchange.ts'
import { produceApi, type ProduceResponse } from '../protocol/messages/00-produce.ts'
import type { ProduceEvent } from './hooks.ts'
import type { Outcomes } from './outcomes.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { maxVersionFor, produceRequest, type Shipment, type TransactionTerms } from './produce-request.ts'
import type { SenderOptions } from './sender.ts'

/** A batch that could not be made, and why. */
type Failure = readonly [Shipment, KafkaError]

/** The produce requests of one broker: written in the order they were handed in, however long their compression takes. */
export class RequestLane {
  readonly #broker: Broker
  readonly #options: SenderOptions
  readonly #outcomes: Outcomes
  readonly #terms: TransactionTerms | undefined
  /** Resolves when the last request whose batches are being compressed has been written. */
  #tail: Promise<void> | undefined
  readonly #onSettled: () => void
  #inFlightCount = 0
  /** What goes into the next request, while that is being put together. */
  load: PartitionQueue[] | undefined
  loadBytes = 0

  /**
   * @param terms - undefined for a producer without transactions.
   * @param onSettled - called when a request has ended and its batches are settled.
   */
  constructor(
    broker: Broker,
    options: SenderOptions,
    outcomes: Outcomes,
    terms: TransactionTerms | undefined,
    onSettled: () => void,
  ) {
    this.#broker = broker
    this.#onSettled = onSettled
    this.#options = options
    this.#outcomes = outcomes
    this.#terms = terms
  }

  /** Requests that are being made, waited for or not yet settled. */
  get inFlightCount(): number {
    return this.#inFlightCount
  }

  /** Encodes and sends a request, and settles its batches. */
  send(shipments: readonly Shipment[]): void {
    this.#inFlightCount++
    const encoding = this.#encode(shipments)
    if (encoding === undefined && this.#tail === undefined) {
      this.#request(shipments)
      return
    }
    const before = this.#tail
    const tail = Promise.all([encoding, before]).then(([encoded]) => {
      if (this.#tail === tail) this.#tail = undefined
      const failed = new Map(encoded?.filter((failure) => failure !== undefined))
      const whole = shipments.filter((shipment) => !failed.has(shipment))
      for (const [shipment, error] of failed) this.#outcomes.failed([shipment], error)
      if (whole.length > 0) this.#request(whole)
      else this.#settled()
    })
    this.#tail = tail
  }

  /** Makes the bytes of all batches. Undefined when that is done at once, else what became of those that took longer or could not be made. Never rejects. */
  #encode(shipments: readonly Shipment[]): Promise<(Failure | undefined)[]> | undefined {
    let pending: Promise<Failure | undefined>[] | undefined
    for (let i = 0; i < shipments.length; i++) {
      const encoding = this.#encodeOne(shipments[i]!)
      if (encoding !== undefined) (pending ??= []).push(encoding)
    }
    return pending && Promise.all(pending)
  }

  #encodeOne(shipment: Shipment): Promise<Failure | undefined> | undefined {
    const { compression, compressionLevel } = this.#options
    try {
      const encoded = shipment.batch.encode(compression, compressionLevel)
      if (encoded instanceof Promise) return this.#takeLater(shipment, encoded)
      this.#take(shipment, encoded)
      return undefined
    } catch (error) {
      return Promise.resolve([shipment, toKafkaError(error, this.#broker)])
    }
  }

  async #takeLater(shipment: Shipment, encoded: Promise<Uint8Array>): Promise<Failure | undefined> {
    try {
      this.#take(shipment, await encoded)
      return undefined
    } catch (error) {
      return [shipment, toKafkaError(error, this.#broker)]
    }
  }

  #take(shipment: Shipment, bytes: Uint8Array): void {
    shipment.records = bytes
    // What is sent again keeps its bytes.
    if (shipment.batch.attempts === 1) this.#outcomes.encoded(shipment.batch)
  }

  #request(shipments: readonly Shipment[]): void {
    const { acks, requestTimeoutMs, meter } = this.#options
    const event = this.#describe(shipments)
    meter.produce(event)
    const sentAt = performance.now()
    const request = this.#broker.request(
      'produce',
      produceApi,
      (version) => produceRequest(shipments, acks, requestTimeoutMs, version, this.#terms?.transactionalId ?? null),
      {
        timeoutMs: requestTimeoutMs,
        expectsResponse: acks !== 0,
        maxVersion: maxVersionFor(shipments, this.#terms),
        sizeHintBytes: sizeHintBytes(shipments),
      },
    )
    request.then(
      (response: ProduceResponse) => {
        this.#outcomes.answered(shipments, acks === 0 ? undefined : response)
        const now = performance.now()
        meter.produced(event, now - sentAt, now, undefined)
        this.#settled()
      },
      (error: unknown) => {
        const failure = toKafkaError(error, this.#broker)
        this.#outcomes.failed(shipments, failure)
        const now = performance.now()
        meter.produced(event, now - sentAt, now, failure)
        this.#settled()
      },
    )
  }

  #settled(): void {
    this.#inFlightCount--
    this.#onSettled()
  }

  #describe(shipments: readonly Shipment[]): ProduceEvent {
    let recordCount = 0
    let sizeInBytes = 0
    let oldestMs = Infinity
    for (let i = 0; i < shipments.length; i++) {
      const { batch, records } = shipments[i]!
      recordCount += batch.count
      sizeInBytes += records.length
      if (batch.createdAtMs < oldestMs) oldestMs = batch.createdAtMs
    }
    const queueTimeMs = Math.max(0, Date.now() - oldestMs)
    return { nodeId: this.#broker.nodeId, batchCount: shipments.length, recordCount, sizeInBytes, queueTimeMs }
  }
}

/** About what a request takes without the batches that are not copied. */
function sizeHintBytes(shipments: readonly Shipment[]): number {
  let bytes = 256
  for (let i = 0; i < shipments.length; i++) {
    const { length } = shipments[i]!.records
    bytes += length < SHARED_FROM_BYTES ? length + 128 : 128
  }
  return bytes
}

function toKafkaError(error: unknown, { nodeId }: Broker): KafkaError {
  if (error instanceof KafkaError) return error
  return new KafkaError('KAFKA_INTERNAL', `sending to broker ${nodeId} failed`, { cause: error })
}
