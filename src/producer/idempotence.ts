import { ERROR } from '../protocol/error-codes.ts'
import { nextSequence, type ProducerBatch } from './batch.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerIdSource } from './producer-id.ts'
import type { TransactionManager } from './transaction-manager.ts'

/**
 * The rules by which batches are numbered, so that brokers store each once and in order though several of a partition are in flight
 * (KIP-98, KIP-360; Java: TransactionManager, TxnPartitionMap).
 *
 * Numbers are given once and kept over retries. Where they can't be gone on with, a partition first waits until no request
 * carries any of its batches, and then numbers what is left from 0 under a new epoch.
 */
export class Idempotence {
  readonly #source: ProducerIdSource | TransactionManager

  constructor(source: ProducerIdSource | TransactionManager) {
    this.#source = source
  }

  /** Whether the first batch of a queue may be sent now. */
  canSend(queue: PartitionQueue, head: ProducerBatch): boolean {
    const [oldest] = queue.inFlight
    if (queue.restartFrom !== Infinity && (head.order < 0 || head.order >= queue.restartFrom)) return false
    // Sent again: only when no batch before it is open, so that a partition in trouble moves one batch at a time.
    if (head.identity !== undefined) return oldest === undefined || oldest.order > head.order
    if (queue.isUnresolved) return false
    // A broker that knows nothing of the producer takes any number as its first: that one must be the first, or a later batch that
    // finds the leader ready would go in before it.
    return oldest === undefined || (queue.lastAckedSequence >= 0 && !this.#isStale(queue))
  }

  /** Numbers a batch before its first attempt. */
  identify(queue: PartitionQueue, batch: ProducerBatch): void {
    if (batch.identity !== undefined) return
    if (this.#isStale(queue)) this.#restart(queue)
    const { producerId, producerEpoch, nextSequence: baseSequence } = queue
    const { isTransactional } = this.#source
    batch.identify({ producerId, producerEpoch, baseSequence, isTransactional }, queue.nextOrder)
    queue.nextOrder += batch.count
    queue.nextSequence = nextSequence(baseSequence, batch.count)
  }

  /** The broker has stored a batch. */
  stored(queue: PartitionQueue, batch: ProducerBatch, baseOffset: number): void {
    if (batch.identity === undefined || !isCurrent(queue, batch)) return
    // Answers may come in another order when the leader has moved: what is newest counts.
    const last = nextSequence(batch.identity.baseSequence, batch.count - 1)
    if (queue.lastAckedSequence < 0 || isAfter(last, queue.lastAckedSequence)) queue.lastAckedSequence = last
    if (baseOffset >= 0) queue.lastAckedOffset = Math.max(queue.lastAckedOffset, baseOffset + batch.count - 1)
  }

  /** Whether an error about sequence numbers is cured by sending the batch again; undefined for other errors. */
  shouldRetry(
    queue: PartitionQueue,
    batch: ProducerBatch,
    errorCode: number,
    logStartOffset: number,
  ): boolean | undefined {
    if (batch.identity === undefined) return undefined
    if (errorCode === ERROR.UNKNOWN_PRODUCER_ID) {
      // Without a log start offset nothing can be told from it: the broker may just be behind. Else the broker's state is gone,
      // whether by retention or by loss, and comes anew with the first batch of another epoch.
      if (logStartOffset < 0) return true
      if (this.#source.isTransactional) {
        // A transaction outlives retention only: what was lost otherwise may be part of it.
        if (queue.lastAckedOffset >= logStartOffset) return false
        if (isCurrent(queue, batch)) queue.isForgotten = true
      }
      restart(queue, batch)
      return true
    }
    if (errorCode === ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER) {
      // Beyond the next one, a batch before it is still to be stored, and trying again will do. Else the broker has lost count.
      const expected = nextSequence(queue.lastAckedSequence, 1)
      if (isAfter(batch.identity.baseSequence, expected) && !queue.isUnresolved) return true
      if (this.#source.isTransactional) return false
      restart(queue, batch)
      return true
    }
    return undefined
  }

  /** A batch was given up. @param isAmbiguous - whether the broker may have stored it all the same. */
  gaveUp(queue: PartitionQueue, batch: ProducerBatch, isAmbiguous: boolean): void {
    if (batch.identity === undefined || !isCurrent(queue, batch)) return
    if (isAmbiguous) queue.isUnresolved = true
    else restart(queue, batch)
  }

  /**
   * Settles the trouble of a partition as soon as no request carries any of its batches. False when that takes the end of the transaction:
   * those of its batches that are left are to be dropped.
   */
  resolve(queue: PartitionQueue): boolean {
    if ((!queue.isUnresolved && queue.restartFrom === Infinity) || queue.inFlight.length > 0) return true
    // What an earlier attempt may have stored must first be asked for under its own numbers.
    const first = queue.batches[0]?.order ?? -1
    if (first >= 0 && first < queue.restartFrom) return true
    if (this.#source.isTransactional && first < 0 && this.#isStale(queue)) {
      // The trouble went with the epoch and the transaction that it was of.
      this.#restart(queue)
      return true
    }
    const afterAcked = nextSequence(queue.lastAckedSequence, 1)
    if (queue.restartFrom === Infinity && queue.nextSequence === afterAcked) {
      // Everything that was numbered has been stored after all.
      queue.isUnresolved = false
      return true
    }
    if (this.#source.isTransactional && !queue.isForgotten) {
      if (queue.isUnresolved) this.#source.sequencesLost(queue)
      // The transaction has failed. Under the same epoch, if it comes to that, numbers go on from what is stored.
      queue.nextSequence = afterAcked
      queue.isUnresolved = false
      queue.restartFrom = Infinity
      return first < 0
    }
    if (!this.#source.isTransactional) this.#source.bumpEpoch(queue)
    // Numbered anew, from 0, when they are sent.
    for (const batch of queue.batches) batch.forgetIdentity()
    this.#restart(queue)
    return true
  }

  /** The producer's id or epoch has moved on since the partition's sequences began. */
  #isStale(queue: PartitionQueue): boolean {
    return queue.producerId !== this.#source.producerId || queue.producerEpoch !== this.#source.producerEpoch
  }

  #restart(queue: PartitionQueue): void {
    queue.producerId = this.#source.producerId
    queue.producerEpoch = this.#source.producerEpoch
    queue.nextSequence = 0
    queue.lastAckedSequence = -1
    queue.isUnresolved = false
    queue.restartFrom = Infinity
    queue.isForgotten = false
  }
}

/** Has a batch, and those behind it, numbered anew. */
function restart(queue: PartitionQueue, batch: ProducerBatch): void {
  if (isCurrent(queue, batch)) queue.restartFrom = Math.min(queue.restartFrom, batch.order)
}

function isCurrent({ producerId, producerEpoch }: PartitionQueue, { identity }: ProducerBatch): boolean {
  return identity?.producerId === producerId && identity.producerEpoch === producerEpoch
}

/** Whether a sequence comes after another, which is never half of all sequences away. */
function isAfter(sequence: number, other: number): boolean {
  return ((sequence - other) & 0x7fffffff) < 0x40000000 && sequence !== other
}
