import { ClosedError, ConfigError, type KafkaError } from '../errors.ts'
import { inspect } from '../inspect-value.ts'
import type { Cluster } from '../network/cluster.ts'
import type { TopicMetadata } from '../network/metadata.ts'
import { withDeadline } from '../network/wait.ts'
import { encodeUtf8 } from '../protocol/bytes/utf8.ts'
import type { RecordHeader } from '../protocol/records/record.ts'
import { recordSizeBound } from '../protocol/records/record-batch-builder.ts'
import { type HeadersInput, type SerdeContext, type Serializer, toRecordHeaders } from '../serdes.ts'
import { Accumulator } from './accumulator.ts'
import type { Delivery, RecordMetadata } from './batch.ts'
import { ManyDelivery, SingleDelivery } from './deliveries.ts'
import { type ProducerOptions, type ProducerSettings, producerSettings } from './options.ts'
import { defaultPartitioner, type Partitioner } from './partitioners.ts'
import { ProducerIdSource } from './producer-id.ts'
import { Sender } from './sender.ts'

/** A record to be sent. */
export interface ProducerRecord<K, V> {
  topic: string
  /** Decides the partition, and under compaction which record replaces which. Default null. */
  key?: K | null | undefined
  /** null makes a tombstone: under compaction it deletes the key. */
  value: V | null
  headers?: HeadersInput | undefined
  /** Default: the partitioner's choice. */
  partition?: number | undefined
  /** Milliseconds since the epoch. Default: now. */
  timestamp?: number | undefined
}

/** Options of one call. */
export interface SendOptions {
  /**
   * Rejects the call with the signal's reason. Records that are not in a batch yet are dropped; those in a batch may
   * still be stored.
   */
  signal?: AbortSignal | undefined
}

/** What the producer needs of the client's options. */
export interface ProducerContext {
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
}

/** A record after serialisation. */
interface SerializedRecord {
  readonly topic: string
  readonly key: Uint8Array | string | null
  readonly value: Uint8Array | string | null
  readonly headers: readonly RecordHeader[]
  readonly partition: number | undefined
  readonly timestamp: number
}

/** A record that waits for its serialiser, for metadata or for memory. */
interface WaitingRecord {
  readonly record: SerializedRecord | Promise<SerializedRecord>
  readonly delivery: Delivery
  readonly tag: number
  readonly signal: AbortSignal | undefined
  /** When it stops waiting, in milliseconds since the epoch. */
  readonly deadlineMs: number
}

/** The records of one topic that wait, in the order they came; later ones must queue behind them. */
interface WaitingLine {
  readonly records: WaitingRecord[]
  /** Resolves when the line is empty. */
  done: Promise<void>
}

/**
 * Sends records, batched per partition (Java: KafkaProducer). Safe to use from many places at once; records of one
 * partition keep the order in which they were given. Made by `kafka.producer()`.
 */
export class Producer<K = Uint8Array | string, V = Uint8Array | string> {
  readonly #cluster: Cluster
  readonly #settings: ProducerSettings<K, V>
  readonly #accumulator: Accumulator
  readonly #sender: Sender
  readonly #partitioner: Partitioner
  readonly #lines = new Map<string, WaitingLine>()
  #closing: Promise<void> | undefined

  constructor(cluster: Cluster, options: ProducerOptions<K, V>, context: ProducerContext) {
    const settings = producerSettings(options, context.requestTimeoutMs)
    const acks = settings.acks === 'all' ? -1 : settings.acks
    this.#cluster = cluster
    this.#settings = settings
    this.#accumulator = new Accumulator(settings)
    this.#partitioner = settings.partitioner ?? defaultPartitioner(settings.batchSizeBytes)
    const producerId = settings.idempotence ? new ProducerIdSource(cluster, context.requestTimeoutMs) : undefined
    const retryBackoff = { minMs: context.retryBackoffMs, maxMs: context.retryBackoffMaxMs }
    const { requestTimeoutMs } = context
    this.#sender = new Sender(cluster, this.#accumulator, producerId, {
      ...settings,
      acks,
      requestTimeoutMs,
      retryBackoff,
    })
    cluster.onMetadata(() => this.#sender.wake())
  }

  /**
   * Sends one record and resolves when the brokers have it as `acks` asks.
   *
   * @throws ConfigError for a record that cannot be sent as it is; TimeoutError, BrokerError or ConnectionError when it could
   * not be delivered in time; ClosedError after `close`; whatever a serialiser throws.
   */
  send(record: ProducerRecord<K, V>, options: SendOptions = {}): Promise<RecordMetadata> {
    return abortable(options.signal, (resolve, reject) => {
      this.#accept(record, new SingleDelivery(resolve, reject), 0, options.signal)
    })
  }

  /**
   * Sends many records under one promise, which resolves with their places in the order given, once all are delivered.
   *
   * @throws SendError, with the outcome of each, when some could not be sent.
   */
  sendMany(records: readonly ProducerRecord<K, V>[], options: SendOptions = {}): Promise<RecordMetadata[]> {
    return abortable(options.signal, (resolve, reject) => {
      if (!Array.isArray(records)) throw new ConfigError('records', `records must be an array, not ${inspect(records)}`)
      if (records.length === 0) return resolve([])
      const delivery = new ManyDelivery(records.length, resolve, reject)
      for (let i = 0; i < records.length; i++)
        this.#accept(records[i] as ProducerRecord<K, V>, delivery, i, options.signal)
    })
  }

  /** Sends what waits without lingering; resolves when every record accepted before the call was delivered or has failed. */
  async flush(): Promise<void> {
    await Promise.all(Array.from(this.#lines.values(), ({ done }) => done))
    await this.#sender.flush()
  }

  /** Metadata of a topic: its partitions, leaders and replicas. */
  async describe(topic: string): Promise<TopicMetadata> {
    const topics = await this.#cluster.topics([topic], { timeoutMs: this.#settings.maxBlockMs })
    return topics.get(topic)!
  }

  /**
   * Delivers what was accepted, then closes every connection. Records still undelivered after `timeoutMs` reject with
   * ClosedError. Calling it again returns the same promise.
   *
   * @param options.timeoutMs - default 30,000; 0 gives up on undelivered records at once.
   */
  close({ timeoutMs = 30_000 }: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  async #close(timeoutMs: number): Promise<void> {
    try {
      if (timeoutMs > 0) {
        await withDeadline('closing the producer', { timeoutMs }, (deadline) => deadline.race(this.flush()))
      }
    } catch {
      // What could not be delivered in time is failed below, each record to its own caller.
    }
    this.#sender.stop()
    this.#accumulator.failAll(new ClosedError('the producer'))
    await this.#cluster.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #accept(record: ProducerRecord<K, V>, delivery: Delivery, tag: number, signal: AbortSignal | undefined): void {
    try {
      if (this.#closing !== undefined) throw new ClosedError('the producer')
      const serialized = this.#serialize(record)
      const isQueued = this.#lines.has(record.topic)
      if (!isQueued && !(serialized instanceof Promise) && this.#tryAppend(serialized, delivery, tag)) return
      this.#wait(
        { record: serialized, delivery, tag, signal, deadlineMs: Date.now() + this.#settings.maxBlockMs },
        record.topic,
      )
    } catch (error) {
      delivery.failed(error as KafkaError, tag)
    }
  }

  #serialize(record: ProducerRecord<K, V>): SerializedRecord | Promise<SerializedRecord> {
    checkRecord(record)
    const { topic, partition } = record
    const headers = toRecordHeaders(record.headers)
    const timestamp = record.timestamp ?? Date.now()
    const key = serializeField(this.#settings.key, record.key ?? null, { topic, field: 'key', headers })
    const value = serializeField(this.#settings.value, record.value, { topic, field: 'value', headers })
    if (key instanceof Promise || value instanceof Promise) {
      return Promise.all([key, value]).then(([key, value]) => ({ topic, key, value, headers, partition, timestamp }))
    }
    return { topic, key, value, headers, partition, timestamp }
  }

  /** Adds the record to its batch if nothing needs waiting for; false when metadata or memory is missing. */
  #tryAppend(record: SerializedRecord, delivery: Delivery, tag: number): boolean {
    const metadata = this.#cluster.topic(record.topic)
    if (metadata === undefined || !this.#accumulator.hasRoom) return false
    const { topic, value, headers, timestamp } = record
    // Text that decides the partition is hashed as bytes, and those bytes are then written.
    const key = typeof record.key === 'string' && record.partition === undefined ? encodeUtf8(record.key) : record.key
    const sizeBoundBytes = recordSizeBound(key, value, headers)
    const { maxRequestSizeBytes } = this.#settings
    if (sizeBoundBytes > maxRequestSizeBytes) {
      const message = `a record for ${topic} takes up to ${sizeBoundBytes} bytes, more than maxRequestSizeBytes, ${maxRequestSizeBytes}`
      throw new ConfigError('maxRequestSizeBytes', `${message}: send less or raise it here and at the broker`)
    }
    const partition = record.partition ?? this.#choosePartition(topic, key as Uint8Array | null, metadata)
    if (partition >= metadata.partitions.length) return false
    const added = this.#accumulator.append(
      topic,
      partition,
      key,
      value,
      headers,
      timestamp,
      sizeBoundBytes,
      delivery,
      tag,
    )
    this.#partitioner.onAppended?.(topic, partition, added.sizeInBytes)
    if (added.isBatchFull) this.#sender.wake()
    else if (added.isNewBatch) this.#sender.wakeAfterLinger()
    return true
  }

  #choosePartition(topic: string, key: Uint8Array | null, { partitions }: TopicMetadata): number {
    const partitionCount = partitions.length
    const isAvailable = (partition: number) => (partitions[partition]?.leaderId ?? -1) >= 0
    const partition = this.#partitioner.partition({ topic, key, partitionCount, isAvailable })
    if (Number.isInteger(partition) && partition >= 0 && partition < partitionCount) return partition
    throw new ConfigError(
      'partitioner',
      `the partitioner chose ${inspect(partition)} of ${partitionCount} partitions of ${topic}`,
    )
  }

  #wait(waiting: WaitingRecord, topic: string): void {
    // A serialiser that rejects is dealt with when the record's turn comes; until then it is not unhandled.
    if (waiting.record instanceof Promise) waiting.record.catch(() => undefined)
    const line = this.#lines.get(topic)
    if (line !== undefined) {
      line.records.push(waiting)
      return
    }
    const records = [waiting]
    const opened: WaitingLine = { records, done: Promise.resolve() }
    this.#lines.set(topic, opened)
    opened.done = this.#work(topic, records)
  }

  /** Takes the waiting records of a topic one after the other. Never rejects. */
  async #work(topic: string, records: WaitingRecord[]): Promise<void> {
    for (let i = 0; i < records.length; i++) {
      const { delivery, tag } = records[i]!
      try {
        await this.#admit(records[i]!)
      } catch (error) {
        delivery.failed(error as KafkaError, tag)
      }
    }
    this.#lines.delete(topic)
  }

  async #admit({ record: serialized, delivery, tag, signal, deadlineMs }: WaitingRecord): Promise<void> {
    const record = await serialized
    signal?.throwIfAborted()
    const { topic, partition } = record
    let hasRefreshed = false
    while (!this.#tryAppend(record, delivery, tag)) {
      const wait = { timeoutMs: Math.max(1, deadlineMs - Date.now()), signal }
      if (!this.#accumulator.hasRoom) {
        const operation = `waiting for bufferMemoryBytes to hold a record of ${topic}`
        await withDeadline(operation, wait, (deadline) => deadline.race(this.#accumulator.room()))
        continue
      }
      const metadata = (await this.#cluster.topics([topic], wait)).get(topic)!
      if (partition === undefined || partition < metadata.partitions.length) continue
      // Partitions may have been added since; ask once, then say so.
      if (hasRefreshed) throw noSuchPartition(metadata, partition)
      await this.#cluster.refresh(wait)
      hasRefreshed = true
    }
  }
}

function serializeField<T>(
  serializer: Serializer<T>,
  data: T | null,
  context: SerdeContext,
): Uint8Array | string | null | Promise<Uint8Array | string | null> {
  return data === null ? null : serializer.serialize(data, context)
}

function checkRecord(record: ProducerRecord<unknown, unknown>): void {
  if (typeof record !== 'object' || record === null) {
    throw new ConfigError('record', `a record must be an object with topic and value, not ${inspect(record)}`)
  }
  const { topic, value, partition, timestamp } = record
  if (typeof topic !== 'string' || topic === '')
    throw new ConfigError('topic', `a record's topic must be a name, not ${inspect(topic)}`)
  if (value === undefined)
    throw new ConfigError('value', `the record for ${topic} has no value: null makes a tombstone`)
  if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0)) {
    throw new ConfigError('partition', `partition must be a whole number from 0, not ${inspect(partition)}`)
  }
  if (timestamp !== undefined && !(Number.isSafeInteger(timestamp) && timestamp >= 0)) {
    throw new ConfigError('timestamp', `timestamp must be milliseconds since the epoch, not ${inspect(timestamp)}`)
  }
}

function noSuchPartition({ name, partitions }: TopicMetadata, partition: number): ConfigError {
  return new ConfigError('partition', `${name} has no partition ${partition}: it has 0 to ${partitions.length - 1}`)
}

/** A promise that also rejects with the signal's reason when it aborts. */
function abortable<T>(
  signal: AbortSignal | undefined,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> {
  if (signal === undefined) return new Promise(start)
  return new Promise<T>((resolve, reject) => {
    signal.throwIfAborted()
    const onAbort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    const settle =
      <A>(then: (value: A) => void) =>
      (value: A) => {
        signal.removeEventListener('abort', onAbort)
        then(value)
      }
    start(settle(resolve), settle(reject))
  })
}
