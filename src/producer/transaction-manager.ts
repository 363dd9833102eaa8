import {
  BrokerError,
  ClosedError,
  KafkaError,
  ProducerFencedError,
  TransactionError,
  UnsupportedVersionError,
} from '../errors.ts'
import type { Cluster } from '../network/cluster.ts'
import { type Wait, withDeadline } from '../network/wait.ts'
import type { ProducerBatch } from './batch.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { TransactionOffsets } from './transaction-offsets.ts'
import {
  abortable,
  fatal,
  type Persistence,
  type ProducerIdAndEpoch,
  type TransactionRequestOptions,
  TransactionRequests,
} from './transaction-requests.ts'

/** Where a transactional producer stands (Java: TransactionManager.State). */
export type TransactionState =
  /** Has no id and epoch that the next transaction may be written under. */
  | 'uninitialized'
  | 'initializing'
  | 'ready'
  | 'in-transaction'
  | 'committing'
  | 'aborting'
  /** The transaction can only be aborted. */
  | 'abortable-error'
  | 'fatal-error'

/** From which states each can be reached. */
const SOURCES: Readonly<Record<Exclude<TransactionState, 'fatal-error'>, readonly TransactionState[]>> = {
  uninitialized: ['initializing', 'committing', 'aborting'],
  initializing: ['uninitialized'],
  ready: ['initializing', 'committing', 'aborting'],
  'in-transaction': ['ready'],
  committing: ['in-transaction'],
  aborting: ['in-transaction', 'abortable-error'],
  'abortable-error': ['in-transaction', 'committing'],
}

/** What the manager needs of its producer. */
export interface TransactionHost {
  /** Resolves when every record accepted so far has been delivered or has failed. */
  settle(): Promise<void>
  /** Resolves when no request carries any record, not even of batches that have failed for lack of time. */
  landed(): Promise<void>
  /** Fails the batches that no request has carried yet. */
  dropUnsent(error: KafkaError): void
  /** Fails all batches. */
  failAll(error: KafkaError): void
  /** Batches may have become ready. */
  wake(): void
}

/** Errors of a batch after which the producer is of no more use (Java: maybeTransitionToErrorState). */
const FATAL_BATCH_ERRORS = new Set([
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'INVALID_PRODUCER_ID_MAPPING',
])

/** Whether the coordinator knows of the transaction under way: only then is there anything to end. */
type Openness = 'no' | 'maybe' | 'yes'

/**
 * The state of a transactional producer, and all that changes it (KIP-98, KIP-360, KIP-890; Java: TransactionManager). Requests go one
 * at a time.
 *
 * Under transactions V1 partitions are added before anything is sent to them, and the epoch lasts. A request that may have been carried out
 * although its answer got lost can be carried out late, too, in the midst of another transaction of the same epoch: hence no
 * transaction begins after one before the epoch was raised. Under V2 the leaders add their partitions, and each end raises the epoch.
 */
export class TransactionManager {
  readonly isTransactional = true
  readonly transactionalId: string
  readonly #cluster: Cluster
  readonly #requests: TransactionRequests
  #host!: TransactionHost
  readonly #closing = new AbortController()
  #state: TransactionState = 'uninitialized'
  #error: TransactionError | undefined
  #identity: ProducerIdAndEpoch | undefined
  #isV2 = false
  /** The next transaction must not begin under the present epoch. */
  #needsNewEpoch = false
  #openness: Openness = 'no'
  /** Partitions that the coordinator has been told of; V1 only, like those to add. */
  readonly #added = new Set<PartitionQueue>()
  readonly #toAdd = new Set<PartitionQueue>()
  #isAdding = false
  /** Fires when nothing more may become part of the transaction under way. */
  #halt = new AbortController()
  /** The last request that was lined up; never rejects. */
  #last: Promise<unknown> = Promise.resolve()
  #initializing: Promise<void> | undefined
  #ending: Promise<void> | undefined

  constructor(cluster: Cluster, options: Omit<TransactionRequestOptions, 'onIndefinite'>) {
    this.transactionalId = options.transactionalId
    this.#cluster = cluster
    this.#requests = new TransactionRequests(cluster, { ...options, onIndefinite: () => this.#onIndefinite() })
  }

  /** Before anything else is called. */
  attach(host: TransactionHost): void {
    this.#host = host
  }

  get state(): TransactionState {
    return this.#state
  }

  /** What happened to batches that are dropped now. */
  get dropReason(): KafkaError {
    const { transactionalId } = this
    return (
      this.#error ?? new KafkaError('KAFKA_TRANSACTION_ABORTED', `the transaction of ${transactionalId} was aborted`)
    )
  }

  /** Fires when nothing more may become part of the transaction under way: for records that wait. */
  get halted(): AbortSignal {
    return this.#halt.signal
  }

  #to(state: TransactionState, error?: TransactionError): void {
    if (state !== 'fatal-error' && !SOURCES[state].includes(this.#state)) {
      throw new KafkaError('KAFKA_INTERNAL', `a transaction cannot go from ${this.#state} to ${state}`)
    }
    this.#state = state
    this.#error = error
  }

  // For the sender

  get isReady(): boolean {
    return this.#identity !== undefined
  }

  get producerId(): bigint {
    return this.#identity?.producerId ?? -1n
  }

  get producerEpoch(): number {
    return this.#identity?.producerEpoch ?? -1
  }

  /** The highest version of Produce: from 12 on it says that the client speaks transactions V2. */
  get maxProduceVersion(): number | undefined {
    return this.#isV2 ? undefined : 11
  }

  /** Whether the first batch of a queue may be sent: its partition belongs to the transaction, or does soon. */
  admits(queue: PartitionQueue, head: ProducerBatch): boolean {
    const isKnown = this.#isV2 || this.#added.has(queue)
    if (this.#state === 'aborting' || this.#state === 'abortable-error') {
      // What was sent before is sent again, lest it turn up after the end of the transaction.
      return isKnown && head.identity !== undefined
    }
    if (this.#state !== 'in-transaction' && this.#state !== 'committing') return false
    if (this.#isV2) this.#openness = 'yes'
    else if (!isKnown) {
      this.#toAdd.add(queue)
      this.#addPartitions()
    }
    return isKnown
  }

  #addPartitions(): void {
    if (this.#isAdding) return
    this.#isAdding = true
    const adding = this.#enqueue(async (identity, persistence) => {
      // More may be asked for in the meantime.
      while (this.#toAdd.size > 0) {
        const queues = [...this.#toAdd]
        await this.#requests.addPartitions(identity, queues, this.#added.size === 0, persistence)
        this.#openness = 'yes'
        for (const queue of queues) {
          this.#toAdd.delete(queue)
          this.#added.add(queue)
        }
        this.#host.wake()
      }
    })
    adding.then(
      () => {
        this.#isAdding = false
        if (this.#toAdd.size > 0) this.#addPartitions()
      },
      () => {
        this.#isAdding = false
      },
    )
  }

  /** A batch failed for good, so that the transaction must not be committed. */
  batchFailed(cause: KafkaError): void {
    const { transactionalId } = this
    if (cause instanceof BrokerError && cause.errorName === 'PRODUCER_FENCED') {
      this.fail(new ProducerFencedError(transactionalId, { cause }))
    } else if (
      cause instanceof UnsupportedVersionError ||
      (cause instanceof BrokerError && FATAL_BATCH_ERRORS.has(cause.errorName))
    ) {
      this.fail(fatal(transactionalId, cause))
    } else {
      this.fail(cause instanceof TransactionError ? cause : abortable(transactionalId, cause))
    }
  }

  /** The numbers of a partition cannot be gone on with, since nobody knows what the broker has stored of them. */
  sequencesLost({ topic, partition }: PartitionQueue): void {
    const what = `nobody knows whether records of ${topic}-${partition} that timed out have been stored`
    const cause = new KafkaError('KAFKA_SEQUENCES_LOST', what, { retriable: true })
    const canGoOn = this.#isV2 || this.#requests.canRaiseEpoch
    this.fail(canGoOn ? abortable(this.transactionalId, cause) : fatal(this.transactionalId, cause))
  }

  /** The transaction under way has failed. The first failure counts, but a fatal one always does. */
  fail(error: TransactionError): void {
    if (this.#state === 'fatal-error') return
    if (error.isFatal) {
      this.#to('fatal-error', error)
      this.#halt.abort(error)
      this.#host.failAll(error)
      return
    }
    // What is aborted anyway may leave numbers behind that cannot be gone on with. Outside of a transaction it comes too late.
    if (this.#state === 'aborting') this.#raiseEpochLater()
    if (this.#state === 'in-transaction' || this.#state === 'committing') {
      this.#to('abortable-error', error)
      this.#raiseEpochLater()
      this.#halt.abort(error)
      this.#toAdd.clear()
      this.#host.dropUnsent(error)
    }
  }

  /** A request to a coordinator may have been carried out, and may yet be. */
  #onIndefinite(): void {
    if (this.#openness === 'no' && this.#state !== 'initializing') this.#openness = 'maybe'
    this.#raiseEpochLater()
  }

  #raiseEpochLater(): void {
    if (!this.#isV2 && this.#requests.canRaiseEpoch && this.#state !== 'initializing') this.#needsNewEpoch = true
  }

  // For the producer

  /** Gets a producer id and epoch, unless there is one that the next transaction may use. Fences older producers. */
  async initialize(wait: Wait): Promise<void> {
    await this.#settleEnding(wait)
    this.throwIfFatal()
    if (this.#state !== 'uninitialized' && this.#state !== 'initializing') return
    this.#initializing ??= this.#init(wait).finally(() => {
      this.#initializing = undefined
    })
    await withDeadline(`initializing ${this.transactionalId}`, wait, (deadline) => deadline.race(this.#initializing!))
  }

  async #init(wait: Wait): Promise<void> {
    this.#to('initializing')
    try {
      const operation = `the producer id of ${this.transactionalId}`
      await withDeadline(
        operation,
        { ...wait, signal: either(wait.signal, this.#closing.signal) },
        async ({ signal }) => {
          this.#identity = await this.#requests.init(this.#identity, { signal })
        },
      )
      this.#needsNewEpoch = false
      this.#isV2 = this.#isV2Finalized
      this.#to('ready')
    } catch (error) {
      if (error instanceof TransactionError && error.isFatal) this.fail(error)
      else this.#to('uninitialized')
      throw error
    }
  }

  get #isV2Finalized(): boolean {
    return this.#cluster.feature('transaction.version') >= 2
  }

  /** Begins a transaction once the one before has ended. @throws TransactionError when one is under way or nothing can begin any more. */
  async begin(wait: Wait): Promise<void> {
    this.#throwIfUnderWay()
    do await this.initialize(wait)
    while (this.#ending !== undefined)
    // Another call may have been quicker.
    this.#throwIfUnderWay()
    this.#halt = new AbortController()
    this.#to('in-transaction')
  }

  #throwIfUnderWay(): void {
    if (this.#state === 'in-transaction') throw this.#misuse('a transaction is under way: commit or abort it first')
    if (this.#state === 'abortable-error') throw this.#misuse('the last transaction failed: abort it first')
  }

  /** Throws when the transaction under way takes no more records and offsets. */
  throwUnlessOpen(): void {
    if (this.#state === 'in-transaction') return
    throw this.#error ?? this.#misuse(`a transaction takes nothing more while it is ${this.#state}`)
  }

  /** Makes the commit of a group's offsets part of the transaction. */
  async sendOffsets({ groupMetadata, offsets }: TransactionOffsets, wait: Wait): Promise<void> {
    this.throwUnlessOpen()
    if (offsets.length === 0) return
    const sending = this.#enqueue(async (identity, persistence) => {
      if (!this.#isV2) await this.#requests.addOffsets(identity, groupMetadata.groupId, persistence)
      this.#openness = 'yes'
      await this.#requests.commitOffsets(identity, groupMetadata, offsets, this.#isV2, persistence)
    })
    try {
      await withDeadline(`sending offsets of ${groupMetadata.groupId}`, wait, (deadline) => deadline.race(sending))
    } catch (error) {
      const failure = this.#toTransactionError(error)
      this.fail(failure)
      throw wait.signal?.aborted === true ? error : failure
    }
  }

  /** Delivers what is left and commits. The same promise as long as it goes on, whatever becomes of those who wait for it. */
  commit(): Promise<void> {
    if (this.#state === 'committing') return this.#ending!
    this.throwUnlessOpen()
    this.#to('committing')
    return this.#end(async () => {
      await this.#host.settle()
      await this.#last
      if (this.#error !== undefined) throw this.#error
      await this.#requestEnd(true)
    })
  }

  /** Drops what was not sent, waits for what was, and aborts. The same promise as long as it goes on. */
  abort(): Promise<void> {
    if (this.#state === 'aborting') return this.#ending!
    this.throwIfFatal()
    const { dropReason } = this
    this.#to('aborting')
    this.#halt.abort(dropReason)
    this.#toAdd.clear()
    this.#host.dropUnsent(dropReason)
    return this.#end(async () => {
      await this.#host.settle()
      // Under V1 the marker carries the epoch of the records: what a leader gets behind it would belong to no transaction that anybody
      // ends. Java goes on at once, and leaves it to newer brokers to refuse such a record (KIP-890).
      if (!this.#isV2) await this.#host.landed()
      await this.#last
      this.throwIfFatal()
      await this.#requestEnd(false)
    })
  }

  /** Aborts should the commit that is under way fail: nobody waits for it any more. */
  abandonCommit(): void {
    this.#ending?.catch(() => {
      if (this.#state === 'abortable-error') void this.abort()
    })
  }

  #end(run: () => Promise<void>): Promise<void> {
    const ending = run()
      .catch((error: unknown) => {
        const failure = this.#toTransactionError(error)
        this.fail(failure)
        this.#closing.signal.throwIfAborted()
        throw this.#error ?? failure
      })
      .finally(() => {
        if (this.#ending === ending) this.#ending = undefined
      })
    // Whether anybody waits for it is up to them.
    ending.catch(() => undefined)
    this.#ending = ending
    return ending
  }

  async #requestEnd(committed: boolean): Promise<void> {
    let next: ProducerIdAndEpoch | undefined
    if (this.#openness !== 'no') {
      const isSurelyOpen = this.#openness === 'yes'
      const persistence = { signal: this.#closing.signal }
      next = await this.#requests.end(this.#identity!, committed, isSurelyOpen, this.#isV2, persistence)
    }
    if (next !== undefined) {
      this.#identity = next
      this.#needsNewEpoch = false
    }
    const wasV2 = this.#isV2
    this.#isV2 = this.#isV2Finalized
    // Else what is left of V1 could be taken for part of a transaction of V2.
    if (!wasV2 && this.#isV2) this.#needsNewEpoch = true
    this.#openness = 'no'
    this.#added.clear()
    this.#to(this.#needsNewEpoch ? 'uninitialized' : 'ready')
  }

  /** Resolves when no transaction is ending, however it ended. */
  async #settleEnding(wait: Wait): Promise<void> {
    while (this.#ending !== undefined) {
      const ending = this.#ending.catch(() => undefined)
      await withDeadline(`the end of the last transaction of ${this.transactionalId}`, wait, (deadline) =>
        deadline.race(ending),
      )
    }
  }

  /** Ends whatever waits. */
  close(): void {
    this.#closing.abort(new ClosedError('the producer'))
    this.#halt.abort(this.#closing.signal.reason)
  }

  /** Lines up a request behind those before it. No attempt is begun once the transaction has failed or is aborted. */
  #enqueue(run: (identity: ProducerIdAndEpoch, persistence: Persistence) => Promise<void>): Promise<void> {
    const persistence = { signal: this.#closing.signal, halt: this.#halt.signal }
    const done = this.#last.then(() => {
      persistence.halt.throwIfAborted()
      return run(this.#identity!, persistence)
    })
    this.#last = done.catch((error: unknown) => {
      // Before anything that waits for this one goes on.
      if (!persistence.halt.aborted) this.fail(this.#toTransactionError(error))
    })
    return done
  }

  /** Throws when the producer is of no more use. */
  throwIfFatal(): void {
    if (this.#state === 'fatal-error') throw this.#error!
  }

  #toTransactionError(error: unknown): TransactionError {
    if (error instanceof TransactionError) return error
    return abortable(this.transactionalId, error instanceof Error ? error : new Error(String(error)))
  }

  #misuse(what: string): TransactionError {
    return new TransactionError('misuse', `${this.transactionalId}: ${what}`, this.transactionalId)
  }
}

function either(one: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return one === undefined ? other : AbortSignal.any([one, other])
}
