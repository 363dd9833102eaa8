import { ERROR } from '../../protocol/error-codes.ts'
import type { ProducerIdentity, TransactionEntry, TransactionParticipant } from './transaction-entry.ts'
import { Timers } from './timers.ts'

/** What coordinating transactions needs of the cluster. */
export interface TransactionHost {
  newProducerId(): bigint
  /** The version of transactions that the cluster has finalized. */
  transactionVersion(): number
}

/** The answer to InitProducerId and EndTxn. */
export type EndOutcome = { errorCode: number } & Partial<ProducerIdentity>

/** How far a request is from adding its partition itself, by its version (Java: TransactionSupportedOperation). */
export type TransactionSupport =
  /** Only checked to belong to the transaction, told in a code that old clients know. */
  'check, old codes' | 'check' | 'add'

/** Longest transaction that a producer may ask for (transaction.max.timeout.ms). */
const MAX_TIMEOUT_MS = 900_000
/** Short.MAX_VALUE is kept for fencing. */
const LAST_EPOCH = 0x7ffe

/**
 * The transaction coordinator: what requests do to the transactions of their transactional ids (Java: TransactionCoordinator). All nodes share it; which
 * node may be asked is checked before. Markers are written at once, so that what a real coordinator calls prepared is never seen.
 */
export class TransactionCoordinator {
  readonly #host: TransactionHost
  readonly #entries = new Map<string, TransactionEntry>()
  readonly #timers = new Timers()

  constructor(host: TransactionHost) {
    this.#host = host
  }

  /** How the transaction of an id stands; undefined for an id that nobody has used. */
  get(transactionalId: string): TransactionEntry | undefined {
    return this.#entries.get(transactionalId)
  }

  /** Gives out an epoch that fences those before it. */
  init(transactionalId: string, timeoutMs: number, expected: ProducerIdentity | undefined): EndOutcome {
    if (transactionalId === '') return { errorCode: ERROR.INVALID_REQUEST }
    if (timeoutMs <= 0 || timeoutMs > MAX_TIMEOUT_MS) return { errorCode: ERROR.INVALID_TRANSACTION_TIMEOUT }
    let entry = this.#entries.get(transactionalId)
    if (entry === undefined) {
      entry = {
        transactionalId,
        producerId: this.#host.newProducerId(),
        previousProducerId: -1n,
        producerEpoch: -1,
        lastProducerEpoch: -1,
        timeoutMs,
        state: 'empty',
        participants: new Set(),
      }
      this.#entries.set(transactionalId, entry)
    }
    if (expected !== undefined && !isOwn(entry, expected)) return { errorCode: ERROR.PRODUCER_FENCED }
    if (entry.state === 'ongoing') {
      this.#fence(entry)
      return { errorCode: ERROR.CONCURRENT_TRANSACTIONS }
    }
    const errorCode = this.#raiseEpoch(entry, expected)
    if (errorCode !== ERROR.NONE) return { errorCode }
    entry.timeoutMs = timeoutMs
    entry.state = 'empty'
    const { producerId, producerEpoch } = entry
    return { errorCode, producerId, producerEpoch }
  }

  /** Java: TransactionMetadata.prepareProducerIdRotation, prepareIncrementProducerEpoch. */
  #raiseEpoch(entry: TransactionEntry, expected: ProducerIdentity | undefined): number {
    const { producerEpoch, lastProducerEpoch } = entry
    const isExpected = expected === undefined || expected.producerEpoch === producerEpoch
    if (producerEpoch >= LAST_EPOCH && isExpected) {
      this.#rotate(entry)
      entry.lastProducerEpoch = expected === undefined ? -1 : producerEpoch
    } else if (expected === undefined) {
      entry.producerEpoch++
      entry.lastProducerEpoch = -1
    } else if (producerEpoch === -1 || isExpected) {
      entry.producerEpoch++
      entry.lastProducerEpoch = producerEpoch
    } else if (expected.producerEpoch !== lastProducerEpoch) {
      return ERROR.PRODUCER_FENCED
    }
    return ERROR.NONE
  }

  #rotate(entry: TransactionEntry): void {
    entry.previousProducerId = entry.producerId
    entry.producerId = this.#host.newProducerId()
    entry.producerEpoch = 0
  }

  /** Makes partitions, or a group's offsets, part of the transaction. Returns an error code. */
  add(transactionalId: string, identity: ProducerIdentity, participants: readonly TransactionParticipant[]): number {
    if (transactionalId === '') return ERROR.INVALID_REQUEST
    const entry = this.#entries.get(transactionalId)
    if (entry === undefined || entry.producerId !== identity.producerId) return ERROR.INVALID_PRODUCER_ID_MAPPING
    if (entry.producerEpoch !== identity.producerEpoch) return ERROR.PRODUCER_FENCED
    if (entry.state !== 'ongoing') {
      entry.state = 'ongoing'
      this.#timers.set(transactionalId, entry.timeoutMs, () => this.#fence(entry))
    }
    for (const participant of participants) entry.participants.add(participant)
    return ERROR.NONE
  }

  /** Whether a participant is part of the transaction: an error code. */
  verify(transactionalId: string, identity: ProducerIdentity, participant: TransactionParticipant): number {
    if (transactionalId === '') return ERROR.INVALID_REQUEST
    const entry = this.#entries.get(transactionalId)
    if (entry === undefined || entry.producerId !== identity.producerId) return ERROR.INVALID_PRODUCER_ID_MAPPING
    if (entry.producerEpoch !== identity.producerEpoch) return ERROR.PRODUCER_FENCED
    return entry.participants.has(participant) ? ERROR.NONE : ERROR.TRANSACTION_ABORTABLE
  }

  /** What a leader asks before it writes for a transaction, with the codes that its client knows (Java: AddPartitionsToTxnManager). */
  admit(
    transactionalId: string,
    identity: ProducerIdentity,
    participant: TransactionParticipant,
    support: TransactionSupport,
  ): number {
    const errorCode =
      support === 'add'
        ? this.add(transactionalId, identity, [participant])
        : this.verify(transactionalId, identity, participant)
    if (errorCode === ERROR.PRODUCER_FENCED) return ERROR.INVALID_PRODUCER_EPOCH
    const isOld = errorCode === ERROR.TRANSACTION_ABORTABLE && support === 'check, old codes'
    return isOld ? ERROR.INVALID_TXN_STATE : errorCode
  }

  /** Ends a transaction on behalf of its producer. @param isV2 - whether the end raises the epoch (KIP-890). */
  end(transactionalId: string, identity: ProducerIdentity, committed: boolean, isV2: boolean): EndOutcome {
    if (transactionalId === '') return { errorCode: ERROR.INVALID_REQUEST }
    const entry = this.#entries.get(transactionalId)
    if (entry === undefined) return { errorCode: ERROR.INVALID_PRODUCER_ID_MAPPING }
    return isV2 ? this.#endV2(entry, identity, committed) : { errorCode: this.#endV1(entry, identity, committed) }
  }

  #endV1(entry: TransactionEntry, { producerId, producerEpoch }: ProducerIdentity, committed: boolean): number {
    if (entry.producerId !== producerId) return ERROR.INVALID_PRODUCER_ID_MAPPING
    if (entry.producerEpoch !== producerEpoch) return ERROR.PRODUCER_FENCED
    if (entry.state === 'ongoing') {
      this.#complete(entry, committed)
      return ERROR.NONE
    }
    return entry.state === (committed ? 'committed' : 'aborted') ? ERROR.NONE : ERROR.INVALID_TXN_STATE
  }

  #endV2(entry: TransactionEntry, { producerId, producerEpoch }: ProducerIdentity, committed: boolean): EndOutcome {
    const { state } = entry
    const isAgainAfterRotation =
      entry.previousProducerId === producerId && producerEpoch === LAST_EPOCH && entry.producerEpoch === 0
    const isAgain = isAgainAfterRotation || entry.producerEpoch === producerEpoch + 1
    if (entry.producerId !== producerId && !isAgainAfterRotation) {
      return { errorCode: ERROR.INVALID_PRODUCER_ID_MAPPING }
    }
    const isDone = state === 'committed' || state === 'aborted'
    if (entry.producerEpoch !== producerEpoch && !(isDone && isAgain)) return { errorCode: ERROR.PRODUCER_FENCED }
    if (isDone && isAgain) {
      if (state !== (committed ? 'committed' : 'aborted')) return { errorCode: ERROR.INVALID_TXN_STATE }
    } else if (state !== 'ongoing' && committed) {
      return { errorCode: ERROR.INVALID_TXN_STATE }
    } else {
      this.#raiseAndComplete(entry, committed)
    }
    return { errorCode: ERROR.NONE, producerId: entry.producerId, producerEpoch: entry.producerEpoch }
  }

  /** Under V2 markers carry the epoch after the one of the records. */
  #raiseAndComplete(entry: TransactionEntry, committed: boolean): void {
    const isExhausted = entry.producerEpoch >= LAST_EPOCH
    entry.lastProducerEpoch = entry.producerEpoch++
    this.#complete(entry, committed)
    if (isExhausted) this.#rotate(entry)
  }

  /** Aborts a transaction without its producer's consent, under an epoch that fences it. */
  #fence(entry: TransactionEntry): void {
    if (this.#host.transactionVersion() >= 2) {
      this.#raiseAndComplete(entry, false)
      return
    }
    entry.producerEpoch++
    entry.lastProducerEpoch = -1
    this.#complete(entry, false)
  }

  #complete(entry: TransactionEntry, committed: boolean): void {
    this.#timers.clear(entry.transactionalId)
    const { producerId, producerEpoch } = entry
    for (const participant of entry.participants) participant.endTransaction({ producerId, producerEpoch }, committed)
    entry.participants.clear()
    entry.state = committed ? 'committed' : 'aborted'
  }

  /** Stops all timers. */
  close(): void {
    this.#timers.clearAll()
  }
}

/** Whether an epoch that a producer goes on from may be one of the entry's (Java: isValidProducerId). */
function isOwn(entry: TransactionEntry, { producerId, producerEpoch }: ProducerIdentity): boolean {
  if (entry.producerEpoch === -1 || entry.producerId === producerId) return true
  return entry.previousProducerId === producerId && producerEpoch >= LAST_EPOCH
}
