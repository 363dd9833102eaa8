import { BrokerError, ConnectionError, KafkaError, TimeoutError, TransactionError } from '../errors.ts'
import { type Wait, withDeadline } from '../network/wait.ts'
import type { Delivery } from './deliveries.ts'
import type { ProducerRecord, RecordMetadata } from './record.ts'
import { SendError } from './send-error.ts'
import type { SentRecords } from './sent-records.ts'
import type { TransactionManager } from './transaction-manager.ts'
import { type OffsetSource, resolveOffsets, type TransactionOffsets } from './transaction-offsets.ts'
import { abortable } from './transaction-requests.ts'

/** Options of a call that waits for brokers. */
export interface TransactionCallOptions {
  readonly timeoutMs?: number | undefined
  /** Ends the wait, not what is waited for: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** What a transaction needs of its producer. */
export interface TransactionWriter<K, V> {
  send(record: ProducerRecord<K, V>, signal: AbortSignal): Promise<RecordMetadata>
  sendMany(records: readonly ProducerRecord<K, V>[], signal: AbortSignal): Promise<SentRecords>
  take(record: ProducerRecord<K, V>, delivery: Delivery, signal: AbortSignal): void
  readonly isReady: boolean
  ready(): Promise<void>
  readonly maxBlockMs: number
  /** Longest that delivering what was accepted can take. */
  readonly deliveryTimeoutMs: number
  readonly onError: ((error: unknown) => void) | undefined
}

/**
 * Records and offsets that take effect together or not at all, for consumers that read `read_committed` (KIP-98). Made by
 * `producer.beginTransaction()` and `producer.transaction()`; of no use once it was committed or aborted.
 *
 * A record that could not be delivered makes the transaction fail: `commit` rejects, and it must be aborted. A record that is refused as it is, with
 * ConfigError, EncodeError or what a serialiser throws, rejects its call and leaves the transaction as it was, for you to send another; unless
 * `commit` has been called meanwhile, which then rejects.
 */
export class Transaction<K = Uint8Array | string, V = Uint8Array | string> {
  readonly #manager: TransactionManager
  readonly #writer: TransactionWriter<K, V>
  readonly #signal: AbortSignal
  readonly #enqueued: Delivery
  #end: 'committed' | 'aborted' | undefined
  #ended: Promise<void> | undefined

  constructor(manager: TransactionManager, writer: TransactionWriter<K, V>) {
    this.#manager = manager
    this.#writer = writer
    this.#signal = manager.halted
    this.#enqueued = {
      delivered: () => undefined,
      failed: (errorAt, _tags, from, to) => {
        for (let i = from; i < to; i++) writer.onError?.(errorAt(i))
      },
      refused: (error) => {
        // Nobody else would hear of it.
        manager.fail(abortable(manager.transactionalId, asError(error)))
        writer.onError?.(error)
      },
    }
  }

  /** Whether neither `commit` nor `abort` has been called. */
  get isOpen(): boolean {
    return this.#end === undefined
  }

  /** Why it cannot be committed any more; undefined while it can. */
  get failure(): TransactionError | undefined {
    const reason: unknown = this.#signal.reason
    return reason instanceof TransactionError ? reason : undefined
  }

  /** Sends one record; see `Producer.send`. It need not be awaited: `commit` waits for it and rejects if it fails. */
  send(record: ProducerRecord<K, V>): Promise<RecordMetadata> {
    return this.#sending(() => this.#writer.send(record, this.#signal))
  }

  /** Sends many records; see `Producer.sendMany`. It need not be awaited either. */
  sendMany(records: readonly ProducerRecord<K, V>[]): Promise<SentRecords> {
    return this.#sending(() => this.#writer.sendMany(records, this.#signal))
  }

  /**
   * Takes one record without a promise of its own; see `Producer.enqueue`. If it cannot be sent later on, `commit` rejects.
   *
   * @throws TransactionError when the transaction takes no more; ConfigError or EncodeError for a record that cannot be sent as it is.
   */
  enqueue(record: ProducerRecord<K, V>): boolean {
    this.#throwUnlessOpen()
    this.#writer.take(record, this.#enqueued, this.#signal)
    return this.#writer.isReady
  }

  /** Resolves when there is room for a good number of records again. */
  ready(): Promise<void> {
    return this.#writer.ready()
  }

  /**
   * Makes the commit of a consumer's offsets part of the transaction: with a consumer, all that it has handled and the record in its
   * loop's hand. Send the offsets before the loop asks for another record, or else give them as they were: once partitions have moved on to other
   * members, offsets that are sent for an older generation are refused, and the transaction must be aborted (KIP-447).
   *
   * @throws TransactionError, which is abortable unless the producer is of no more use.
   */
  async sendOffsets(
    offsets: OffsetSource | TransactionOffsets,
    { timeoutMs = this.#writer.maxBlockMs, signal }: TransactionCallOptions = {},
  ): Promise<void> {
    this.#throwUnlessOpen()
    let resolved: TransactionOffsets
    try {
      resolved = resolveOffsets(offsets)
    } catch (error) {
      if (!(error instanceof KafkaError) || error.code !== 'KAFKA_NOT_A_MEMBER') throw error
      // Its records are for others to handle again.
      const cause = new KafkaError(error.code, error.message, { cause: error, retriable: true })
      const failure = abortable(this.#manager.transactionalId, cause)
      this.#manager.fail(failure)
      throw failure
    }
    await this.#manager.sendOffsets(resolved, { timeoutMs, signal })
  }

  /**
   * Waits until every record was delivered, and commits. A commit whose outcome is not known in time goes on: calling it again waits on, and the
   * next transaction begins only when it is over.
   *
   * @param options.timeoutMs - default: as long as delivering may take, and `maxBlockMs`.
   * @throws TransactionError: when it is abortable, nothing was committed and `abort` comes next. TimeoutError when the outcome is
   * not known yet.
   */
  commit(options: TransactionCallOptions = {}): Promise<void> {
    return this.#finish('committed', () => this.#manager.commit(), options)
  }

  /**
   * Drops what was not sent and aborts. Resolves when nothing of the transaction can be read by `read_committed` consumers any more.
   *
   * @throws TransactionError when the producer is of no more use; TimeoutError as `commit` does.
   */
  abort(options: TransactionCallOptions = {}): Promise<void> {
    return this.#finish('aborted', () => this.#manager.abort(), options)
  }

  async #finish(
    end: 'committed' | 'aborted',
    run: () => Promise<void>,
    options: TransactionCallOptions,
  ): Promise<void> {
    const hasFailed = this.#manager.state === 'abortable-error' && this.#manager.halted === this.#signal
    // After a commit that failed, it is aborted.
    const isNext = this.#end === undefined || (end === 'aborted' && this.#end === 'committed' && hasFailed)
    if (isNext) {
      this.#end = end
      this.#ended = (async () => run())()
      this.#ended.catch(() => undefined)
    } else if (this.#end !== end) {
      this.#manager.throwIfFatal()
      throw this.#misuse()
    }
    const { maxBlockMs, deliveryTimeoutMs } = this.#writer
    const wait: Wait = { timeoutMs: options.timeoutMs ?? deliveryTimeoutMs + maxBlockMs, signal: options.signal }
    const operation = `the ${end === 'committed' ? 'commit' : 'abort'} of ${this.#manager.transactionalId}`
    await withDeadline(operation, wait, (deadline) => deadline.race(this.#ended!))
  }

  /**
   * A failure is told by `commit` as well, so that nobody has to look at the promise. One that is not, of a record that was refused, is
   * left to be looked at.
   */
  #sending<T>(send: () => Promise<T>): Promise<T> {
    let sent: Promise<T>
    try {
      this.#throwUnlessOpen()
      sent = send()
    } catch (error) {
      return Promise.reject(error)
    }
    const told = sent.catch((error: unknown) => {
      this.#noteFailure(error)
      if (!this.#isTaking) told.catch(() => undefined)
      throw error
    })
    return told
  }

  #noteFailure(error: unknown): void {
    if (this.#manager.halted !== this.#signal) return
    // One that waited for metadata or memory for too long was never in a batch, whose failure would have been noticed. And who commits
    // without having waited cannot have made up for a record that was refused.
    const cause = failureIn(error) ?? (this.#manager.state === 'committing' ? asError(error) : undefined)
    if (cause !== undefined) this.#manager.fail(abortable(this.#manager.transactionalId, cause))
  }

  get #isTaking(): boolean {
    return this.#manager.halted === this.#signal && this.#manager.state === 'in-transaction'
  }

  #throwUnlessOpen(): void {
    if (this.#end !== undefined || this.#manager.halted !== this.#signal) throw this.#misuse()
    this.#manager.throwUnlessOpen()
  }

  #misuse(): TransactionError {
    const { transactionalId } = this.#manager
    const what = this.#end === undefined ? 'is over' : `was ${this.#end}`
    return new TransactionError(
      'misuse',
      `this transaction of ${transactionalId} ${what}: begin another`,
      transactionalId,
    )
  }
}

/** The error of a record that was accepted and not delivered, as opposed to one that can't be sent as it is. */
function failureIn(error: unknown): KafkaError | undefined {
  if (error instanceof SendError) {
    for (const outcome of error.outcomes) {
      const failure = failureIn(outcome.error)
      if (failure !== undefined) return failure
    }
  }
  const isFailure = error instanceof TimeoutError || error instanceof BrokerError || error instanceof ConnectionError
  return isFailure ? error : undefined
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
