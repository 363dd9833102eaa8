import { ClosedError, ConfigError, TransactionError } from '../errors.ts'
import { inspect } from '../inspect-value.ts'
import type { Cluster } from '../network/cluster.ts'
import type { TopicMetadata } from '../network/metadata.ts'
import { type Wait, withDeadline } from '../network/wait.ts'
import type { RecordHeader } from '../protocol/records/record.ts'
import { bytes, type Serializer, toRecordHeaders } from '../serdes.ts'
import { Accumulator } from './accumulator.ts'
import { type Delivery, EnqueuedDelivery, ManyDelivery, SingleDelivery } from './deliveries.ts'
import { Intake } from './intake.ts'
import { ProducerMeter, type ProducerMetrics } from './metrics.ts'
import { type ProducerOptions, type ProducerSettings, producerSettings } from './options.ts'
import { defaultPartitioner } from './partitioners.ts'
import { ProducerIdSource } from './producer-id.ts'
import { checkRecord, type ProducerRecord, type RecordMetadata } from './record.ts'
import { Sender } from './sender.ts'
import { SentRecords } from './sent-records.ts'
import { TurnClock } from './turn-clock.ts'
import { type SerializedRecord, WaitingLines } from './waiting-lines.ts'
import { recordSink } from './record-sink.ts'
import { Transaction, type TransactionCallOptions } from './transaction.ts'
import { TransactionManager } from './transaction-manager.ts'

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

const NO_HEADERS: readonly RecordHeader[] = []

/**
 * Sends records, batched per partition (Java: KafkaProducer). Safe to use from many places at once; records of one
 * partition keep the order in which they were given. Made by `kafka.producer()`.
 */
export class Producer<K = Uint8Array | string, V = Uint8Array | string> {
  readonly #cluster: Cluster
  readonly #settings: ProducerSettings<K, V>
  readonly #accumulator: Accumulator
  readonly #sender: Sender
  readonly #meter: ProducerMeter
  readonly #intake: Intake
  readonly #lines: WaitingLines
  readonly #clock = new TurnClock()
  /** Undefined without a transactional id. */
  readonly #transactions: TransactionManager | undefined
  readonly #enqueued: EnqueuedDelivery
  /** Undefined for the one that leaves keys or values as they are. */
  readonly #keySerializer: Serializer<K> | undefined
  readonly #valueSerializer: Serializer<V> | undefined
  /** Whether each record needs an array of headers of its own. */
  readonly #addsHeaders: boolean
  #closing: Promise<void> | undefined

  constructor(cluster: Cluster, options: ProducerOptions<K, V>, context: ProducerContext) {
    const settings = producerSettings(options, context.requestTimeoutMs)
    const { requestTimeoutMs, retryBackoffMs, retryBackoffMaxMs } = context
    this.#cluster = cluster
    this.#settings = settings
    this.#enqueued = new EnqueuedDelivery(settings.onError)
    this.#keySerializer = isIdentity(settings.key) ? undefined : settings.key
    this.#valueSerializer = isIdentity(settings.value) ? undefined : settings.value
    this.#addsHeaders = settings.key?.addsHeaders === true || settings.value?.addsHeaders === true
    this.#accumulator = new Accumulator(settings)
    const retryBackoff = { minMs: retryBackoffMs, maxMs: retryBackoffMaxMs }
    const { transactionalId, transactionTimeoutMs } = settings
    if (transactionalId !== undefined) {
      const transacting = { transactionalId, transactionTimeoutMs, requestTimeoutMs, retryBackoff }
      this.#transactions = new TransactionManager(cluster, transacting)
    }
    const producerId = settings.idempotence ? new ProducerIdSource(cluster, requestTimeoutMs) : undefined
    this.#meter = new ProducerMeter(settings.hooks)
    this.#sender = new Sender(cluster, this.#accumulator, this.#transactions ?? producerId, {
      ...settings,
      meter: this.#meter,
      acks: settings.acks === 'all' ? -1 : settings.acks,
      requestTimeoutMs,
      retryBackoff,
    })
    this.#transactions?.attach({
      settle: () => this.#settle(),
      landed: () => this.#sender.landed(),
      dropUnsent: (error) => this.#sender.dropUnsent(error),
      failAll: (error) => this.#accumulator.failAll(error),
      wake: () => this.#sender.wake(),
    })
    const { batchSizeBytes, partitioner = defaultPartitioner({ batchSizeBytes }) } = settings
    this.#intake = new Intake(cluster, this.#accumulator, this.#sender, partitioner, settings)
    this.#lines = new WaitingLines(cluster, this.#accumulator, (record, delivery, tag) =>
      this.#tryAppend(record, delivery, tag),
    )
    cluster.onMetadata(() => this.#sender.wake())
  }

  /** Memory that records take until they are delivered or have failed. */
  get bufferedBytes(): number {
    return this.#accumulator.bufferedBytes
  }

  /** What the producer has done, and how it stands. Cheap: to be asked for as often as a scrape of metrics comes. */
  metrics(): ProducerMetrics {
    return this.#meter.snapshot(this.bufferedBytes, this.#settings.bufferMemoryBytes)
  }

  /**
   * Sends one record and resolves when the brokers have it as `acks` asks.
   *
   * @throws ConfigError for a record that cannot be sent as it is; TimeoutError, BrokerError or ConnectionError when it could
   * not be delivered in time; ClosedError after `close`; whatever a serialiser throws. TransactionError for a transactional producer, whose
   * records are sent by its transactions: so for all that sends.
   */
  send(record: ProducerRecord<K, V>, options?: SendOptions): Promise<RecordMetadata> {
    if (this.#transactions !== undefined) return Promise.reject(this.#needsTransaction())
    return this.#send(record, options?.signal)
  }

  #send(record: ProducerRecord<K, V>, signal: AbortSignal | undefined, waiting = signal): Promise<RecordMetadata> {
    return abortable(signal, (resolve, reject) => {
      this.#accept(record, new SingleDelivery(resolve, reject), 0, waiting)
    })
  }

  /**
   * Sends many records under one promise, which resolves with their places in the order given, once all are delivered.
   *
   * @throws SendError, with the outcome of each, when some could not be sent.
   */
  sendMany(records: readonly ProducerRecord<K, V>[], options?: SendOptions): Promise<SentRecords> {
    if (this.#transactions !== undefined) return Promise.reject(this.#needsTransaction())
    return this.#sendMany(records, options?.signal)
  }

  #sendMany(
    records: readonly ProducerRecord<K, V>[],
    signal: AbortSignal | undefined,
    waiting = signal,
  ): Promise<SentRecords> {
    return abortable(signal, (resolve, reject) => {
      if (!Array.isArray(records)) throw new ConfigError('records', `records must be an array, not ${inspect(records)}`)
      const given = records as readonly ProducerRecord<K, V>[]
      if (given.length === 0) return resolve(new SentRecords(0))
      const delivery = new ManyDelivery(given.length, resolve, reject)
      for (let i = 0; i < given.length; i++) this.#accept(given[i]!, delivery, i, waiting)
    })
  }

  /**
   * Takes one record without a promise of its own: the fastest way. Returns false when enough waits to keep the brokers busy: then
   * await `ready()` before the next.
   * A record that cannot be sent later on is told to the `onError` option, or else `flush` and `close` reject.
   *
   * @throws ConfigError or EncodeError for a record that cannot be sent as it is; ClosedError after `close`.
   */
  enqueue(record: ProducerRecord<K, V>): boolean {
    if (this.#transactions !== undefined) throw this.#needsTransaction()
    this.#take(record, this.#enqueued, 0, undefined)
    return this.#isReady
  }

  /** Resolves when there is room for a good number of records again. */
  async ready(): Promise<void> {
    while (!this.#lines.isEmpty) await this.#lines.settled()
    if (this.#accumulator.isBusy) await this.#accumulator.calm()
  }

  get #isReady(): boolean {
    return !this.#accumulator.isBusy && this.#lines.isEmpty
  }

  /**
   * Sends what waits without lingering; resolves when every record accepted before the call was delivered or has failed.
   *
   * @throws EnqueueError when enqueued records failed since the last flush and there is no `onError`.
   */
  async flush(): Promise<void> {
    await this.#settle()
    const error = this.#enqueued.takeError()
    if (error !== undefined) throw error
  }

  /**
   * A stream whose records are enqueued, with back-pressure from the buffer. Its closing resolves when all are delivered; it errors with the
   * first one that is not. The producer stays open.
   */
  writable(): WritableStream<ProducerRecord<K, V>> {
    if (this.#transactions !== undefined) throw this.#needsTransaction()
    return recordSink<ProducerRecord<K, V>>({
      take: (record, delivery) => this.#accept(record, delivery, 0, undefined),
      ready: () => (this.#isReady ? undefined : this.ready()),
      settle: () => this.#settle(),
    })
  }

  /**
   * Gets the transactional id for this producer, which fences older ones and ends their transactions. `beginTransaction` does it as well, when it
   * has not been done.
   *
   * @throws TransactionError, TimeoutError after `maxBlockMs`.
   */
  async initTransactions(options: TransactionCallOptions = {}): Promise<void> {
    await this.#transactional('initTransactions').initialize(this.#blocking(options))
  }

  /**
   * Begins a transaction, once the one before has ended. One is under way at a time.
   *
   * @throws TransactionError when one is under way, or the producer was fenced; TimeoutError after `maxBlockMs`.
   */
  async beginTransaction(options: TransactionCallOptions = {}): Promise<Transaction<K, V>> {
    const transactions = this.#transactional('beginTransaction')
    await transactions.begin(this.#blocking(options))
    const { maxBlockMs, deliveryTimeoutMs, onError } = this.#settings
    const isReady = (): boolean => this.#isReady
    return new Transaction(transactions, {
      // The caller is told by the batch, if there is one: the signal is for those that wait for one.
      send: (record, signal) => this.#send(record, undefined, signal),
      sendMany: (records, signal) => this.#sendMany(records, undefined, signal),
      take: (record, delivery, signal) => this.#take(record, delivery, 0, signal),
      get isReady() {
        return isReady()
      },
      ready: () => this.ready(),
      maxBlockMs,
      deliveryTimeoutMs,
      onError,
    })
  }

  /**
   * Runs a function within a transaction: commits when it returns, and aborts when it throws. What it sent need not be awaited.
   *
   * @param options.timeoutMs - of the commit, see `Transaction.commit`.
   * @param options.signal - aborts the transaction, unless it is being committed by then; the call rejects with the signal's reason.
   * @throws what the function throws, or TransactionError when the commit fails: the transaction has been aborted then, and if the error is
   * `retriable`, may be run again. TimeoutError when it is not known whether it was committed.
   */
  async transaction<T>(
    run: (transaction: Transaction<K, V>) => T | Promise<T>,
    options: TransactionCallOptions = {},
  ): Promise<T> {
    const transaction = await this.beginTransaction({ signal: options.signal })
    let result: T
    try {
      result = await abortable<T>(options.signal, (resolve, reject) => {
        new Promise<T>((resolved) => resolved(run(transaction))).then(resolve, reject)
      })
      if (transaction.isOpen) await transaction.commit(options)
    } catch (error) {
      await this.#abandon(transaction, error)
      throw error
    }
    return result
  }

  /** Aborts after a failure. Throws when that shows that the producer is of no more use, which is worth more than what led to it. */
  async #abandon(transaction: Transaction<K, V>, reason: unknown): Promise<void> {
    const isFatal = reason instanceof TransactionError && reason.isFatal
    if (isFatal || this.#closing !== undefined) return
    if (!transaction.isOpen && this.#transactions!.state === 'committing') {
      // Not known yet. Whatever it comes to, the next transaction waits for it.
      this.#transactions!.abandonCommit()
      return
    }
    try {
      await transaction.abort()
    } catch (error) {
      if (error instanceof TransactionError && error.isFatal) throw error
    }
  }

  /** Metadata of a topic: its partitions, leaders and replicas. */
  async describe(topic: string): Promise<TopicMetadata> {
    const topics = await this.#cluster.topics([topic], { timeoutMs: this.#settings.maxBlockMs })
    return topics.get(topic)!
  }

  /**
   * Delivers what was accepted, then closes every connection; a transaction that is open is aborted. Records still undelivered after `timeoutMs` reject with
   * ClosedError. Calling it again returns the same promise.
   *
   * @param options.timeoutMs - default 30,000; 0 gives up on undelivered records at once.
   * @throws EnqueueError, after all is closed, when enqueued records failed since the last flush and there is no `onError`.
   */
  close({ timeoutMs = 30_000 }: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  async #close(timeoutMs: number): Promise<void> {
    try {
      if (timeoutMs > 0) {
        await withDeadline('closing the producer', { timeoutMs }, (deadline) => deadline.race(this.#settleAll()))
      }
    } catch {
      // What could not be delivered in time is failed below, each record to its own caller.
    }
    this.#transactions?.close()
    this.#sender.stop()
    this.#accumulator.failAll(new ClosedError('the producer'))
    await this.#cluster.close()
    const error = this.#enqueued.takeError()
    if (error !== undefined) throw error
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #settleAll(): Promise<void> {
    const transactions = this.#transactions
    if (transactions === undefined) return this.#settle()
    const { state } = transactions
    if (state === 'committing') await transactions.commit()
    else if (state === 'in-transaction' || state === 'abortable-error' || state === 'aborting')
      await transactions.abort()
  }

  #transactional(call: string): TransactionManager {
    if (this.#closing !== undefined) throw new ClosedError('the producer')
    if (this.#transactions !== undefined) return this.#transactions
    throw new ConfigError('transactionalId', `${call} needs a transactional producer: make it with a transactionalId`)
  }

  #needsTransaction(): TransactionError {
    const { transactionalId } = this.#transactions!
    const hint = 'use producer.transaction() or the transaction of producer.beginTransaction()'
    const message = `the producer with transactional id ${transactionalId} sends within transactions only: ${hint}`
    return new TransactionError('misuse', message, transactionalId)
  }

  #blocking({ timeoutMs = this.#settings.maxBlockMs, signal }: TransactionCallOptions): Wait {
    return { timeoutMs, signal }
  }

  async #settle(): Promise<void> {
    await this.#lines.settled()
    await this.#sender.flush()
  }

  #accept(record: ProducerRecord<K, V>, delivery: Delivery, tag: number, signal: AbortSignal | undefined): void {
    try {
      this.#take(record, delivery, tag, signal)
    } catch (error) {
      delivery.refused(error, tag)
    }
  }

  /** Puts a record into its batch, or in line for it. Throws when it cannot be sent as it is. */
  #take(record: ProducerRecord<K, V>, delivery: Delivery, tag: number, signal: AbortSignal | undefined): void {
    if (this.#closing !== undefined) throw new ClosedError('the producer')
    checkRecord(record)
    const { topic, partition, timestamp } = record
    const noHeaders = this.#addsHeaders ? [] : NO_HEADERS
    const headers = record.headers === undefined ? noHeaders : toRecordHeaders(record.headers)
    const key = serialize(this.#keySerializer, record.key ?? null, topic, 'key', headers)
    const value = serialize(this.#valueSerializer, record.value, topic, 'value', headers)
    const nowMs = this.#clock.now()
    let waiting: SerializedRecord | Promise<SerializedRecord>
    if (key instanceof Promise || value instanceof Promise) {
      waiting = Promise.all([key, value]).then(([key, value]) => ({ topic, key, value, headers, partition, timestamp }))
    } else {
      const { turn } = this.#clock
      const isNext = this.#lines.isEmpty || !this.#lines.has(topic)
      if (
        isNext &&
        this.#intake.tryAppend(topic, key, value, headers, partition, timestamp, nowMs, turn, delivery, tag)
      ) {
        return
      }
      waiting = { topic, key, value, headers, partition, timestamp: timestamp ?? nowMs }
    }
    const deadlineMs = nowMs + this.#settings.maxBlockMs
    this.#lines.add(topic, { record: waiting, delivery, tag, signal, deadlineMs })
  }

  #tryAppend(record: SerializedRecord, delivery: Delivery, tag: number): boolean {
    const { topic, key, value, headers, partition, timestamp } = record
    const nowMs = this.#clock.now()
    const { turn } = this.#clock
    return this.#intake.tryAppend(topic, key, value, headers, partition, timestamp, nowMs, turn, delivery, tag)
  }
}

function isIdentity(serializer: Serializer<never>): boolean {
  return (serializer as unknown) === bytes
}

function serialize<T>(
  serializer: Serializer<T> | undefined,
  data: T | null,
  topic: string,
  field: 'key' | 'value',
  headers: readonly RecordHeader[],
): Uint8Array | string | null | Promise<Uint8Array | string | null> {
  if (data === null) return null
  if (serializer === undefined) return data as Uint8Array | string
  return serializer.serialize(data, { topic, field, headers })
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
