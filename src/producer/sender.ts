import { BrokerError, KafkaError, TimeoutError } from '../errors.ts'
import type { Broker } from '../network/broker.ts'
import type { Cluster } from '../network/cluster.ts'
import { type Backoff, backoffMs } from '../network/retry.ts'
import { brokerError, ERROR, errorOf } from '../protocol/error-codes.ts'
import { produceApi, type ProduceRequest, type ProduceResponse } from '../protocol/messages/00-produce.ts'
import { ZERO_UUID } from '../protocol/bytes/uuid.ts'
import type { CompressionName } from '../protocol/compression/registry.ts'
import type { Encodable } from '../protocol/schema.ts'
import type { Accumulator, PartitionQueue } from './accumulator.ts'
import type { ProducerBatch } from './batch.ts'
import type { ProducerIdSource } from './producer-id.ts'

/** First version of Produce that names topics by id instead of name (KIP-516). */
const TOPIC_ID_VERSION = 13

/** What the sender needs of the producer's options. */
export interface SenderOptions {
  /** -1 for all in-sync replicas. */
  readonly acks: -1 | 0 | 1
  readonly lingerMs: number
  readonly batchSizeBytes: number
  readonly maxRequestSizeBytes: number
  readonly requestTimeoutMs: number
  readonly deliveryTimeoutMs: number
  readonly retryBackoff: Backoff
  readonly compression: CompressionName
  readonly compressionLevel: number | undefined
}

type PartitionAnswer = ProduceResponse['responses'][number]['partitionResponses'][number]

/** A batch on its way, with the bytes that carry it. */
interface Shipment {
  readonly queue: PartitionQueue
  readonly batch: ProducerBatch
  readonly topicId: string
  records: Uint8Array
}

/**
 * Sends the accumulator's batches to their leaders and settles them (Java: Sender).
 * A partition has one batch in flight at a time, so that retries keep the order; a broker has as many requests as
 * batches of different partitions become ready.
 */
export class Sender {
  readonly #cluster: Cluster
  readonly #accumulator: Accumulator
  readonly #producerId: ProducerIdSource | undefined
  readonly #options: SenderOptions
  #isDrainScheduled = false
  #timer: ReturnType<typeof setTimeout> | undefined
  /** When the timer fires, in milliseconds since the epoch; Infinity while none is set. */
  #timerAtMs = Infinity
  /** Flushes under way: while there is one, nothing lingers. */
  #flushes = 0
  #isStopped = false

  /** @param producerId - undefined for a producer that is not idempotent. */
  constructor(
    cluster: Cluster,
    accumulator: Accumulator,
    producerId: ProducerIdSource | undefined,
    options: SenderOptions,
  ) {
    this.#cluster = cluster
    this.#accumulator = accumulator
    this.#producerId = producerId
    this.#options = options
  }

  /** Looks for batches that are ready, once what runs now has run. Cheap to call often. */
  wake(): void {
    if (this.#isDrainScheduled || this.#isStopped) return
    this.#isDrainScheduled = true
    setImmediate(() => {
      this.#isDrainScheduled = false
      this.#drain()
    })
  }

  /** Looks for ready batches when the linger time of a batch that began just now has passed. */
  wakeAfterLinger(): void {
    if (this.#options.lingerMs === 0) this.wake()
    else this.#wakeAt(Date.now() + this.#options.lingerMs)
  }

  /** Sends all that was accepted before the call without lingering; resolves when it is delivered or has failed. */
  async flush(): Promise<void> {
    this.#flushes++
    try {
      const settled = this.#accumulator.settled()
      this.wake()
      await settled
    } finally {
      this.#flushes--
    }
  }

  /** Sends nothing more. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #wakeAt(timeMs: number): void {
    if (this.#isStopped || timeMs >= this.#timerAtMs) return
    clearTimeout(this.#timer)
    this.#timerAtMs = timeMs
    this.#timer = setTimeout(
      () => {
        this.#timerAtMs = Infinity
        this.#drain()
      },
      Math.max(1, timeMs - Date.now()),
    )
  }

  #drain(): void {
    if (this.#isStopped || this.#accumulator.active.size === 0) return
    const nowMs = Date.now()
    let nextMs = Infinity
    const byBroker = new Map<Broker, PartitionQueue[]>()
    for (const queue of this.#accumulator.active) {
      if (queue.inFlight !== undefined) continue
      this.#failExpired(queue, nowMs)
      const head = queue.batches[0]
      if (head === undefined) continue
      const dueMs = this.#dueMs(queue, head)
      if (dueMs > nowMs) {
        nextMs = Math.min(nextMs, dueMs)
        continue
      }
      const leader = this.#cluster.leader(queue.topic, queue.partition)
      if (leader === undefined) {
        this.#cluster.markStale()
        head.retryAtMs = nowMs + backoffMs(0, this.#options.retryBackoff)
        nextMs = Math.min(nextMs, head.retryAtMs)
        continue
      }
      const queues = byBroker.get(leader)
      if (queues === undefined) byBroker.set(leader, [queue])
      else queues.push(queue)
    }
    if (byBroker.size > 0) {
      if (this.#producerId !== undefined && !this.#producerId.isReady) this.#obtainProducerId(this.#producerId)
      else for (const [broker, queues] of byBroker) this.#dispatch(broker, queues)
    }
    if (nextMs !== Infinity) this.#wakeAt(nextMs)
  }

  /** When the first batch of a queue may go. */
  #dueMs(queue: PartitionQueue, head: ProducerBatch): number {
    const isFull = queue.batches.length > 1 || head.sizeInBytes >= this.#options.batchSizeBytes
    const lingers = !isFull && this.#flushes === 0 && !this.#accumulator.isExhausted && head.attempts === 0
    return Math.max(head.retryAtMs, lingers ? head.createdAtMs + this.#options.lingerMs : 0)
  }

  #failExpired(queue: PartitionQueue, nowMs: number): void {
    const { deliveryTimeoutMs } = this.#options
    for (let head = queue.batches[0]; head !== undefined; head = queue.batches[0]) {
      if (nowMs - head.createdAtMs < deliveryTimeoutMs) return
      const where = `${queue.topic}-${queue.partition}`
      this.#fail(
        queue,
        head,
        new TimeoutError(`delivery to ${where}`, deliveryTimeoutMs, {
          hint: 'raise deliveryTimeoutMs or look at the broker',
        }),
      )
    }
  }

  #obtainProducerId(source: ProducerIdSource): void {
    source.obtain().then(
      () => this.wake(),
      (error: KafkaError) => {
        if (this.#isStopped) return
        if (error.retriable) this.#wakeAt(Date.now() + backoffMs(0, this.#options.retryBackoff))
        else this.#accumulator.failAll(error)
      },
    )
  }

  /** Sends the first batches of these queues, in as many requests as their sizes ask for. */
  #dispatch(broker: Broker, queues: PartitionQueue[]): void {
    let shipments: Shipment[] = []
    let sizeBytes = 0
    for (const queue of queues) {
      const nextBytes = queue.batches[0]!.sizeInBytes
      if (shipments.length > 0 && sizeBytes + nextBytes > this.#options.maxRequestSizeBytes) {
        void this.#send(broker, shipments)
        shipments = []
        sizeBytes = 0
      }
      sizeBytes += nextBytes
      const batch = this.#accumulator.take(queue)
      this.#identify(queue, batch)
      const topicId = this.#cluster.topic(queue.topic)?.topicId ?? ZERO_UUID
      shipments.push({ queue, batch, topicId, records: new Uint8Array(0) })
    }
    void this.#send(broker, shipments)
  }

  /** Gives a batch its sequence at its first attempt. Retries keep it, whatever the producer's epoch is by then. */
  #identify(queue: PartitionQueue, batch: ProducerBatch): void {
    if (this.#producerId === undefined || batch.identity !== undefined) return
    const { producerId, producerEpoch } = this.#producerId
    if (queue.producerId !== producerId || queue.producerEpoch !== producerEpoch) {
      queue.producerId = producerId
      queue.producerEpoch = producerEpoch
      queue.nextSequence = 0
    }
    batch.identify({ producerId, producerEpoch, baseSequence: queue.nextSequence })
    // Sequences wrap from 2^31 - 1 to 0.
    queue.nextSequence = (queue.nextSequence + batch.count) % 0x80000000
  }

  /** Sends one request and settles its batches. Never rejects. */
  async #send(broker: Broker, shipments: Shipment[]): Promise<void> {
    const { acks, requestTimeoutMs, compression, compressionLevel } = this.#options
    try {
      for (const shipment of shipments) {
        const { batch } = shipment
        batch.attempts++
        shipment.records = await batch.encode(compression, compressionLevel)
      }
      const areIdsKnown = shipments.every(({ topicId }) => topicId !== ZERO_UUID)
      const response = await broker.request(
        'produce',
        produceApi,
        (version) => requestBody(shipments, acks, requestTimeoutMs, version),
        {
          timeoutMs: requestTimeoutMs,
          expectsResponse: acks !== 0,
          ...(areIdsKnown ? {} : { maxVersion: TOPIC_ID_VERSION - 1 }),
        },
      )
      if (acks === 0) for (const { queue, batch } of shipments) this.#succeed(queue, batch, -1, -1)
      else this.#settle(shipments, response)
    } catch (error) {
      const cause =
        error instanceof KafkaError
          ? error
          : new KafkaError('KAFKA_INTERNAL', `sending to broker ${broker.nodeId} failed`, { cause: error })
      for (const { queue, batch } of shipments) this.#retryOrFail(queue, batch, cause)
    }
    this.wake()
  }

  #settle(shipments: Shipment[], response: ProduceResponse): void {
    for (const shipment of shipments) {
      const { queue, batch } = shipment
      const answer = answerTo(shipment, response)
      if (answer === undefined) {
        this.#retryOrFail(
          queue,
          batch,
          brokerError(ERROR.UNKNOWN_SERVER_ERROR, { api: 'Produce', topic: queue.topic, partition: queue.partition }),
        )
      } else if (answer.errorCode === ERROR.NONE) {
        this.#succeed(queue, batch, Number(answer.baseOffset), Number(answer.logAppendTimeMs))
      } else if (answer.errorCode === ERROR.DUPLICATE_SEQUENCE_NUMBER) {
        // An earlier attempt was stored, and its answer got lost: the records are there, their offsets unknown.
        this.#succeed(queue, batch, -1, -1)
      } else {
        if (answer.currentLeader.leaderId >= 0) {
          const { leaderId, leaderEpoch } = answer.currentLeader
          this.#cluster.applyLeaderHint(queue.topic, queue.partition, leaderId, leaderEpoch, response.nodeEndpoints)
        }
        const context = { api: 'Produce', topic: queue.topic, partition: queue.partition }
        this.#retryOrFail(queue, batch, brokerError(answer.errorCode, context))
      }
    }
  }

  #succeed(queue: PartitionQueue, batch: ProducerBatch, baseOffset: number, appendTimeMs: number): void {
    // Batches ended already when the producer was closed with this request under way.
    if (queue.inFlight !== batch) return
    this.#accumulator.release(queue, batch)
    batch.succeed(baseOffset, appendTimeMs)
  }

  #retryOrFail(queue: PartitionQueue, batch: ProducerBatch, error: KafkaError): void {
    if (queue.inFlight !== batch) return
    if (this.#isRetriable(error, batch)) {
      batch.retryAtMs = Date.now() + backoffMs(batch.attempts - 1, this.#options.retryBackoff)
      if (!(error instanceof BrokerError) || errorOf(error.errorCode).refreshesMetadata) this.#cluster.markStale()
      this.#accumulator.putBack(queue)
    } else {
      this.#fail(queue, batch, error)
    }
  }

  #isRetriable(error: KafkaError, batch: ProducerBatch): boolean {
    if (this.#producerId !== undefined && error instanceof BrokerError && batch.identity !== undefined) {
      const { errorCode } = error
      if (errorCode === ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER || errorCode === ERROR.UNKNOWN_PRODUCER_ID) {
        // One batch at a time is in flight, so the broker's state was lost, not overtaken: go on under a new epoch
        // (Java: TransactionManager.requestIdempotentEpochBumpForPartition).
        this.#producerId.bumpEpoch(batch.identity)
        batch.forgetIdentity()
        return true
      }
    }
    return error.retriable
  }

  #fail(queue: PartitionQueue, batch: ProducerBatch, error: KafkaError): void {
    // The broker may have stored it after all, or not: only a new epoch lets the next sequence be right either way.
    if (batch.identity !== undefined) this.#producerId?.bumpEpoch(batch.identity)
    this.#accumulator.release(queue, batch)
    batch.fail(error)
  }
}

function requestBody(
  shipments: Shipment[],
  acks: number,
  timeoutMs: number,
  version: number,
): Encodable<ProduceRequest> {
  const topics = new Map<
    string,
    { name: string; topicId: string; partitionData: { index: number; records: Uint8Array }[] }
  >()
  for (const { queue, topicId, records } of shipments) {
    let topic = topics.get(queue.topic)
    if (topic === undefined) {
      const byId = version >= TOPIC_ID_VERSION
      topic = { name: byId ? '' : queue.topic, topicId: byId ? topicId : ZERO_UUID, partitionData: [] }
      topics.set(queue.topic, topic)
    }
    topic.partitionData.push({ index: queue.partition, records })
  }
  return { transactionalId: null, acks, timeoutMs, topicData: [...topics.values()] }
}

function answerTo({ queue, topicId }: Shipment, response: ProduceResponse): PartitionAnswer | undefined {
  const topic = response.responses.find(({ name, topicId: id }) =>
    name === '' ? id === topicId : name === queue.topic,
  )
  return topic?.partitionResponses.find(({ index }) => index === queue.partition)
}
