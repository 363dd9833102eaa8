import { ConfigError } from '../errors.ts'
import { inspect } from '../inspect-value.ts'
import type { Cluster } from '../network/cluster.ts'
import type { TopicMetadata } from '../network/metadata.ts'
import { encodeUtf8 } from '../protocol/bytes/utf8.ts'
import type { RecordHeader } from '../protocol/records/record.ts'
import { recordSizeBound } from '../protocol/records/record-batch-builder.ts'
import { type Accumulator, APPENDED } from './accumulator.ts'
import type { Delivery } from './deliveries.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { PartitionContext, Partitioner } from './partitioners.ts'
import type { Sender } from './sender.ts'

/** What the intake needs of the producer's options. */
export interface IntakeOptions {
  readonly maxRequestSizeBytes: number
}

/** Below this, a record without headers cannot come near any limit, and its exact bound need not be known. */
const SMALL_BYTES = 100

/** Where the records of one topic go, as its metadata say. */
class TopicRoute implements PartitionContext {
  readonly topic: string
  readonly metadata: TopicMetadata
  readonly partitionCount: number
  readonly queues: (PartitionQueue | undefined)[] = []
  key: Uint8Array | null = null
  /** When the metadata were last looked up, as told by the clock. */
  turn: number

  constructor(metadata: TopicMetadata, turn: number) {
    this.topic = metadata.name
    this.metadata = metadata
    this.partitionCount = metadata.partitions.length
    this.turn = turn
  }

  readonly isAvailable = (partition: number): boolean => (this.metadata.partitions[partition]?.leaderId ?? -1) >= 0
  readonly queueLength = (partition: number): number => this.queues[partition]?.batches.length ?? 0
}

/** Puts serialised records into the accumulator: route, size, partition, batch. */
export class Intake {
  readonly #cluster: Cluster
  readonly #accumulator: Accumulator
  readonly #sender: Sender
  readonly #partitioner: Partitioner
  readonly #maxRequestSizeBytes: number
  readonly #routes = new Map<string, TopicRoute>()
  #lastRoute: TopicRoute | undefined

  constructor(
    cluster: Cluster,
    accumulator: Accumulator,
    sender: Sender,
    partitioner: Partitioner,
    options: IntakeOptions,
  ) {
    this.#cluster = cluster
    this.#accumulator = accumulator
    this.#sender = sender
    this.#partitioner = partitioner
    this.#maxRequestSizeBytes = options.maxRequestSizeBytes
  }

  /**
   * Adds the record to its batch if nothing needs waiting for; false when metadata or memory is missing, or the partition.
   *
   * @param timestamp - undefined for now.
   * @param turn - same number, same turn of the event loop: what was looked up is still right.
   */
  tryAppend(
    topic: string,
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
    headers: readonly RecordHeader[],
    partition: number | undefined,
    timestamp: number | undefined,
    nowMs: number,
    turn: number,
    delivery: Delivery,
    tag: number,
  ): boolean {
    const accumulator = this.#accumulator
    const route =
      this.#lastRoute?.topic === topic && this.#lastRoute.turn === turn ? this.#lastRoute : this.#route(topic, turn)
    if (route === undefined || !accumulator.hasRoom) return false
    this.#checkSize(topic, key, value, headers)
    let keyBytes = key
    let chosen = partition
    if (chosen === undefined) {
      // Text that decides the partition is hashed as bytes, and those bytes are then written.
      if (typeof keyBytes === 'string') keyBytes = encodeUtf8(keyBytes)
      chosen = this.#choose(route, keyBytes)
    } else if (chosen >= route.partitionCount) {
      return false
    }
    const queue = (route.queues[chosen] ??= accumulator.queue(topic, chosen))
    const before = accumulator.bufferedBytes
    const appended = accumulator.append(queue, keyBytes, value, headers, timestamp ?? nowMs, nowMs, delivery, tag)
    const isFull = appended === APPENDED.BATCH_FULL
    if (partition === undefined) {
      this.#partitioner.onAppended?.(topic, chosen, accumulator.bufferedBytes - before, isFull)
    }
    if (isFull) this.#sender.wake()
    else if (appended === APPENDED.TO_NEW_BATCH) this.#sender.wakeAfterLinger(nowMs)
    return true
  }

  #route(topic: string, turn: number): TopicRoute | undefined {
    const metadata = this.#cluster.topic(topic)
    if (metadata === undefined) return undefined
    let route = this.#routes.get(topic)
    if (route?.metadata !== metadata) {
      route = new TopicRoute(metadata, turn)
      for (let i = 0; i < route.partitionCount; i++) route.queues.push(this.#accumulator.queue(topic, i))
      this.#routes.set(topic, route)
    }
    route.turn = turn
    this.#lastRoute = route
    return route
  }

  #checkSize(
    topic: string,
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
    headers: readonly RecordHeader[],
  ): void {
    const max = this.#maxRequestSizeBytes
    const length = (key === null ? 0 : key.length) + (value === null ? 0 : value.length)
    // Text takes up to three bytes for each unit.
    if (headers.length === 0 && length * 3 + SMALL_BYTES < max) return
    const size = recordSizeBound(key, value, headers)
    // What is no key or value at all has no size; writing it tells why.
    if (!(size > max)) return
    const message = `a record for ${topic} takes up to ${size} bytes, more than maxRequestSizeBytes, ${max}`
    throw new ConfigError('maxRequestSizeBytes', `${message}: send less or raise it here and at the broker`)
  }

  #choose(route: TopicRoute, key: Uint8Array | null): number {
    route.key = key
    const partition = this.#partitioner.partition(route)
    if (Number.isInteger(partition) && partition >= 0 && partition < route.partitionCount) return partition
    throw new ConfigError(
      'partitioner',
      `the partitioner chose ${inspect(partition)} of ${route.partitionCount} partitions of ${route.topic}`,
    )
  }
}
