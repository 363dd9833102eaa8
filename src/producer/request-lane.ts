import { KafkaError } from '../errors.ts'
import type { Broker } from '../network/broker.ts'
import { SHARED_FROM_BYTES } from '../network/exchange.ts'
import { produceApi, type ProduceResponse } from '../protocol/messages/00-produce.ts'
import type { ProduceEvent } from './hooks.ts'
import type { Outcomes } from './outcomes.ts'
import { maxVersionFor, produceRequest, type Shipment, type TransactionTerms } from './produce-request.ts'
import type { SenderOptions } from './sender.ts'

/** The produce requests of one broker: written in the order they were handed in, however long their compression takes. */
export class RequestLane {
  readonly #broker: Broker
  readonly #options: SenderOptions
  readonly #outcomes: Outcomes
  readonly #terms: TransactionTerms | undefined
  /** Resolves when the last request whose batches are being compressed has been written. */
  #tail: Promise<void> | undefined
  #inFlightCount = 0

  /** @param terms - undefined for a producer without transactions. */
  constructor(broker: Broker, options: SenderOptions, outcomes: Outcomes, terms: TransactionTerms | undefined) {
    this.#broker = broker
    this.#options = options
    this.#outcomes = outcomes
    this.#terms = terms
  }

  /** Requests that are being made, waited for or not yet settled. */
  get inFlightCount(): number {
    return this.#inFlightCount
  }

  /** Encodes and sends a request, settles its batches, and then calls `onSettled`. */
  send(shipments: readonly Shipment[], onSettled: () => void): void {
    this.#inFlightCount++
    const settled = (): void => {
      this.#inFlightCount--
      onSettled()
    }
    const encoding = this.#encode(shipments)
    if (encoding === undefined && this.#tail === undefined) {
      this.#request(shipments, settled)
      return
    }
    const before = this.#tail
    const tail = Promise.all([encoding, before]).then(([failed]) => {
      if (this.#tail === tail) this.#tail = undefined
      const whole = shipments.filter((shipment) => failed?.has(shipment) !== true)
      for (const [shipment, error] of failed ?? []) this.#outcomes.failed([shipment], error)
      if (whole.length > 0) this.#request(whole, settled)
      else settled()
    })
    this.#tail = tail
  }

  /** Makes the bytes of all batches. Undefined when that is done at once, else the batches that could not be made. Never rejects. */
  #encode(shipments: readonly Shipment[]): Promise<Map<Shipment, KafkaError>> | undefined {
    const { compression, compressionLevel } = this.#options
    const pending: Promise<void>[] = []
    const failed = new Map<Shipment, KafkaError>()
    for (const shipment of shipments) {
      try {
        const encoded = shipment.batch.encode(compression, compressionLevel)
        if (encoded instanceof Promise) {
          const taken = encoded.then((bytes) => this.#take(shipment, bytes))
          pending.push(taken.catch((error: unknown) => void failed.set(shipment, toKafkaError(error, this.#broker))))
        } else {
          this.#take(shipment, encoded)
        }
      } catch (error) {
        failed.set(shipment, toKafkaError(error, this.#broker))
      }
    }
    return pending.length === 0 && failed.size === 0 ? undefined : Promise.all(pending).then(() => failed)
  }

  #take(shipment: Shipment, bytes: Uint8Array): void {
    shipment.records = bytes
    // What is sent again keeps its bytes.
    if (shipment.batch.attempts === 1) this.#outcomes.encoded(shipment.batch)
  }

  #request(shipments: readonly Shipment[], settled: () => void): void {
    const { acks, requestTimeoutMs, hooks } = this.#options
    const sentAt = performance.now()
    let copiedBytes = 0
    for (const { records } of shipments) if (records.length < SHARED_FROM_BYTES) copiedBytes += records.length
    const event = hooks?.produce === undefined && hooks?.produced === undefined ? undefined : this.#describe(shipments)
    if (event !== undefined) hooks?.produce?.(event)
    const answered = (error: KafkaError | undefined): void => {
      if (event !== undefined) hooks?.produced?.({ ...event, durationMs: performance.now() - sentAt, error })
      settled()
    }
    const request = this.#broker.request(
      'produce',
      produceApi,
      (version) => produceRequest(shipments, acks, requestTimeoutMs, version, this.#terms?.transactionalId ?? null),
      {
        timeoutMs: requestTimeoutMs,
        expectsResponse: acks !== 0,
        maxVersion: maxVersionFor(shipments, this.#terms),
        sizeHintBytes: copiedBytes + shipments.length * 128 + 256,
      },
    )
    request.then(
      (response: ProduceResponse) => {
        this.#outcomes.answered(shipments, acks === 0 ? undefined : response)
        answered(undefined)
      },
      (error: unknown) => {
        const failure = toKafkaError(error, this.#broker)
        this.#outcomes.failed(shipments, failure)
        answered(failure)
      },
    )
  }

  #describe(shipments: readonly Shipment[]): ProduceEvent {
    const event = {
      nodeId: this.#broker.nodeId,
      batchCount: shipments.length,
      recordCount: 0,
      sizeInBytes: 0,
      queueTimeMs: 0,
    }
    const nowMs = Date.now()
    for (const { batch, records } of shipments) {
      event.recordCount += batch.count
      event.sizeInBytes += records.length
      event.queueTimeMs = Math.max(event.queueTimeMs, nowMs - batch.createdAtMs)
    }
    return event
  }
}

function toKafkaError(error: unknown, { nodeId }: Broker): KafkaError {
  if (error instanceof KafkaError) return error
  return new KafkaError('KAFKA_INTERNAL', `sending to broker ${nodeId} failed`, { cause: error })
}
