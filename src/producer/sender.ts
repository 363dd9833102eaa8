import { nextTick } from 'node:process'
import { type KafkaError, TimeoutError } from '../errors.ts'
import type { Broker } from '../network/broker.ts'
import type { Cluster } from '../network/cluster.ts'
import { type Backoff, backoffMs } from '../network/retry.ts'
import { ZERO_UUID } from '../protocol/bytes/uuid.ts'
import type { CompressionName } from '../protocol/compression/registry.ts'
import type { Accumulator } from './accumulator.ts'
import type { ProducerBatch } from './batch.ts'
import { Idempotence } from './idempotence.ts'
import type { ProducerMeter } from './metrics.ts'
import { Outcomes } from './outcomes.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { Shipment } from './produce-request.ts'
import type { ProducerIdSource } from './producer-id.ts'
import { RequestLane } from './request-lane.ts'
import type { TransactionManager } from './transaction-manager.ts'

/** What the sender needs of the producer's options. */
export interface SenderOptions {
  /** -1 for all in-sync replicas. */
  readonly acks: -1 | 0 | 1
  readonly lingerMs: number
  /** Whether records linger only while requests are under way to their broker. */
  readonly isLingerAdaptive: boolean
  readonly batchSizeBytes: number
  readonly maxRequestSizeBytes: number
  readonly maxInFlight: number
  readonly requestTimeoutMs: number
  readonly deliveryTimeoutMs: number
  readonly retryBackoff: Backoff
  readonly compression: CompressionName
  readonly compressionLevel: number | undefined
  readonly meter: ProducerMeter
}

/**
 * Decides when the accumulator's batches go to their leaders (Java: Sender, RecordAccumulator.ready and drain). A broker has up to
 * `maxInFlight` requests under way, each with at most one batch of a partition; how they end is settled by Outcomes.
 */
export class Sender {
  readonly #cluster: Cluster
  readonly #accumulator: Accumulator
  readonly #producerId: ProducerIdSource | undefined
  readonly #transactions: TransactionManager | undefined
  readonly #idempotence: Idempotence | undefined
  readonly #outcomes: Outcomes
  readonly #options: SenderOptions
  readonly #lanes = new Map<Broker, RequestLane>()
  /** Whether more can be sent than was loaded. */
  #isMoreReady = false
  #isDrainScheduled = false
  readonly #drainScheduled = (): void => {
    this.#isDrainScheduled = false
    this.#drain()
  }
  #timer: ReturnType<typeof setTimeout> | undefined
  /** When the timer fires, in milliseconds since the epoch; Infinity while none is set. */
  #timerAtMs = Infinity
  /** Flushes under way: while there is one, nothing lingers. */
  #flushes = 0
  #isStopped = false
  #landedWaiters: (() => void)[] = []

  /** @param identity - undefined for a producer that is not idempotent. */
  constructor(
    cluster: Cluster,
    accumulator: Accumulator,
    identity: ProducerIdSource | TransactionManager | undefined,
    options: SenderOptions,
  ) {
    this.#cluster = cluster
    this.#accumulator = accumulator
    if (identity?.isTransactional === true) this.#transactions = identity
    else this.#producerId = identity
    this.#idempotence = identity === undefined ? undefined : new Idempotence(identity)
    const onReady = (): void => this.wake()
    this.#outcomes = new Outcomes(cluster, accumulator, this.#idempotence, this.#transactions, options, onReady)
    this.#options = options
  }

  /** Looks for batches that are ready, once what runs now has run and the promises it settled have run their course. Cheap to call often. */
  wake(): void {
    if (this.#isDrainScheduled || this.#isStopped) return
    this.#isDrainScheduled = true
    nextTick(this.#drainScheduled)
  }

  /** Looks for ready batches when the linger time of a batch that began just now has passed. */
  wakeAfterLinger(nowMs: number): void {
    const { lingerMs, isLingerAdaptive } = this.#options
    if (lingerMs === 0 || isLingerAdaptive) this.wake()
    else this.#wakeAt(nowMs + lingerMs)
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

  /** Resolves when no request is under way, not even one whose batches were given up on. */
  async landed(): Promise<void> {
    while (this.#isUnderWay) await new Promise<void>((resolve) => this.#landedWaiters.push(resolve))
  }

  get #isUnderWay(): boolean {
    for (const { inFlightCount } of this.#lanes.values()) if (inFlightCount > 0) return true
    return false
  }

  /** A request has ended and its batches are settled: there is room for the next. */
  #requestEnded(): void {
    if (this.#accumulator.active.size > 0) this.wake()
    if (this.#landedWaiters.length === 0) return
    const waiters = this.#landedWaiters
    this.#landedWaiters = []
    for (const wake of waiters) wake()
  }

  /** Gives up on what no request has carried yet. */
  dropUnsent(error: KafkaError): void {
    for (const { queue, batch } of this.#accumulator.unsent()) this.#outcomes.drop(queue, batch, error)
    // What is left may have to be settled before the transaction can end.
    this.wake()
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

  #rest(): void {
    clearTimeout(this.#timer)
    this.#timerAtMs = Infinity
  }

  #drain(): void {
    if (this.#isStopped) return
    const nowMs = Date.now()
    const { deliveryTimeoutMs } = this.#options
    let nextMs = Infinity
    for (const queue of this.#accumulator.active) {
      let endsMs = oldestMs(queue) + deliveryTimeoutMs
      if (endsMs <= nowMs) {
        this.#expire(queue, nowMs)
        endsMs = oldestMs(queue) + deliveryTimeoutMs
      }
      if (this.#idempotence?.resolve(queue) === false) {
        this.#dropAll(queue)
        continue
      }
      if (endsMs < nextMs) nextMs = endsMs
    }
    if (this.#accumulator.active.size === 0) {
      this.#rest()
      return
    }
    const missing = this.#producerId?.isReady === false ? this.#producerId : undefined
    do {
      const readyMs = this.#load(nowMs)
      if (readyMs < nextMs) nextMs = readyMs
      let isAnyLoaded = false
      for (const lane of this.#lanes.values()) {
        const { load } = lane
        if (load === undefined) continue
        isAnyLoaded = true
        lane.load = undefined
        if (missing === undefined) lane.send(this.#ship(load))
      }
      if (isAnyLoaded && missing !== undefined) {
        this.#obtainProducerId(missing)
        break
      }
    } while (this.#isMoreReady)
    if (nextMs !== Infinity) this.#wakeAt(nextMs)
  }

  /** The transaction has failed, and what is left of this partition's part of it can't be sent. */
  #dropAll(queue: PartitionQueue): void {
    const { dropReason } = this.#transactions!
    for (const batch of queue.all()) this.#outcomes.drop(queue, batch, dropReason)
  }

  /** Loads the next request of each broker that may have one more. Returns when something that waits becomes ready. */
  #load(nowMs: number): number {
    const { maxInFlight, maxRequestSizeBytes } = this.#options
    let nextMs = Infinity
    this.#isMoreReady = false
    for (const queue of this.#accumulator.active) {
      const head = queue.batches[0]
      if (head === undefined || !this.#mayFollow(queue, head)) continue
      if (this.#transactions?.admits(queue, head) === false) continue
      if (head.retryAtMs > nowMs) {
        nextMs = Math.min(nextMs, head.retryAtMs)
        continue
      }
      const leader = this.#cluster.leader(queue.topic, queue.partition)
      if (leader === undefined) {
        this.#cluster.markStale()
        head.retryAtMs = nowMs + backoffMs(0, this.#options.retryBackoff)
        nextMs = Math.min(nextMs, head.retryAtMs)
        continue
      }
      const lane = this.#lanes.get(leader) ?? this.#addLane(leader)
      const { load, inFlightCount } = lane
      const dueMs = this.#dueMs(queue, head, inFlightCount)
      if (dueMs > nowMs) {
        nextMs = Math.min(nextMs, dueMs)
        continue
      }
      if (inFlightCount >= maxInFlight) continue
      if (load === undefined) {
        lane.load = [queue]
        lane.loadBytes = head.sizeInBytes
      } else if (lane.loadBytes + head.sizeInBytes > maxRequestSizeBytes) {
        this.#isMoreReady = true
        continue
      } else {
        load.push(queue)
        lane.loadBytes += head.sizeInBytes
      }
      if (queue.batches.length > 1) this.#isMoreReady = true
    }
    return nextMs
  }

  /** Whether the order of the partition allows its first batch to go now. */
  #mayFollow(queue: PartitionQueue, head: ProducerBatch): boolean {
    if (queue.inFlight.length >= this.#options.maxInFlight) return false
    return this.#idempotence === undefined || this.#idempotence.canSend(queue, head)
  }

  /** When the first batch of a queue has lingered long enough. */
  #dueMs(queue: PartitionQueue, head: ProducerBatch, inFlightCount: number): number {
    if (queue.batches.length > 1 || head.isFull || head.attempts > 0) return 0
    if (this.#flushes > 0 || this.#accumulator.isExhausted) return 0
    if (this.#options.isLingerAdaptive && inFlightCount === 0) return 0
    return head.createdAtMs + this.#options.lingerMs
  }

  /** Gives up on batches whose time is over, also while a request carries them. */
  #expire(queue: PartitionQueue, nowMs: number): void {
    const { deliveryTimeoutMs } = this.#options
    if (nowMs - oldestMs(queue) < deliveryTimeoutMs) return
    for (const batch of queue.all()) {
      if (batch.isDone || nowMs - batch.createdAtMs < deliveryTimeoutMs) continue
      const hint = 'raise deliveryTimeoutMs or look at the broker'
      const error = new TimeoutError(`delivery to ${queue.topic}-${queue.partition}`, deliveryTimeoutMs, { hint })
      this.#outcomes.expire(queue, batch, error)
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

  /** Takes the first batches of queues for a request. */
  #ship(queues: readonly PartitionQueue[]): Shipment[] {
    // Not by `map`: when it gets optimized, its arrays become of another kind, and all that was optimized for arrays of the kind before begins again.
    const shipments = [this.#take(queues[0]!)]
    for (let i = 1; i < queues.length; i++) shipments.push(this.#take(queues[i]!))
    return shipments
  }

  #take(queue: PartitionQueue): Shipment {
    const batch = this.#accumulator.take(queue)
    this.#idempotence?.identify(queue, batch)
    batch.attempts++
    const topicId = this.#cluster.topic(queue.topic)?.topicId ?? ZERO_UUID
    return { queue, batch, topicId, records: NO_BYTES }
  }

  /** The lane of a broker that is new; those of brokers that have nothing under way are dropped. */
  #addLane(broker: Broker): RequestLane {
    for (const [other, { inFlightCount, load }] of this.#lanes) {
      if (inFlightCount === 0 && load === undefined) this.#lanes.delete(other)
    }
    const lane = new RequestLane(broker, this.#options, this.#outcomes, this.#transactions, () => this.#requestEnded())
    this.#lanes.set(broker, lane)
    return lane
  }
}

/** When the oldest batch that is not settled was begun, in milliseconds since the epoch; Infinity when there is none. */
function oldestMs({ inFlight, batches }: PartitionQueue): number {
  // One that was given up on may still be in flight.
  let at = 0
  while (at < inFlight.length && inFlight[at]!.isDone) at++
  const sentMs = at < inFlight.length ? inFlight[at]!.createdAtMs : Infinity
  return batches.length === 0 ? sentMs : Math.min(sentMs, batches[0]!.createdAtMs)
}

const NO_BYTES = new Uint8Array(0)
