import { ERROR } from '../../protocol/error-codes.ts'

/**
 * Batches per producer that are remembered to recognise one sent again (Java:
 * ProducerStateEntry.NUM_BATCHES_TO_RETAIN).
 */
const REMEMBERED_BATCHES = 5

const MAX_SEQUENCE = 0x7fffffff

/** What idempotence looks at in a batch (KIP-98). */
export interface SequencedBatch {
  producerId: bigint
  producerEpoch: number
  baseSequence: number
  /** Number of records. */
  count: number
}

/** A batch that a producer got acknowledged before. */
export interface RememberedBatch {
  baseSequence: number
  lastSequence: number
  baseOffset: number
  maxTimestamp: number
}

interface ProducerState {
  epoch: number
  batches: RememberedBatch[]
}

/** What is to be done with a batch: append it, answer as the first time, or refuse it with an error code. */
export type SequenceVerdict =
  | { kind: 'append' }
  | { kind: 'duplicate'; of: RememberedBatch }
  | { kind: 'refuse'; errorCode: number; reason: string }

/**
 * Epoch and last batches of each idempotent producer of one partition (Java: ProducerStateManager, ProducerAppendInfo).
 */
export class ProducerStates {
  readonly #states = new Map<bigint, ProducerState>()

  /** @param startsAtZero - whether the batch is the first of a transaction that its producer began under a new epoch. */
  judge(batch: SequencedBatch, startsAtZero = false): SequenceVerdict {
    const state = this.#states.get(batch.producerId)
    // A producer without state may start anywhere: retention may have deleted what it wrote (KIP-360). Not so under transactions V2,
    // where each begins at 0 (KIP-890).
    if (state === undefined) {
      if (startsAtZero && batch.baseSequence !== 0) return outOfOrder(batch, '0 comes first in a transaction')
      return { kind: 'append' }
    }
    if (batch.producerEpoch < state.epoch) {
      const reason = `producer ${batch.producerId} sent epoch ${batch.producerEpoch} after epoch ${state.epoch}`
      return { kind: 'refuse', errorCode: ERROR.INVALID_PRODUCER_EPOCH, reason }
    }
    if (batch.producerEpoch > state.epoch) {
      if (batch.baseSequence === 0) return { kind: 'append' }
      return outOfOrder(batch, `epoch ${batch.producerEpoch} is new and has to start at sequence 0`)
    }
    const lastSequence = sequenceAfter(batch.baseSequence, batch.count - 1)
    const known = state.batches.find(
      (other) => other.baseSequence === batch.baseSequence && other.lastSequence === lastSequence,
    )
    if (known !== undefined) return { kind: 'duplicate', of: known }
    const last = state.batches.at(-1)
    const expected = last === undefined ? 0 : sequenceAfter(last.lastSequence, 1)
    if (batch.baseSequence === expected) return { kind: 'append' }
    return outOfOrder(batch, `${expected} is the next one`)
  }

  /** A marker was written: those of transactions V2 carry the next epoch. */
  noteMarker(producerId: bigint, epoch: number): void {
    const known = this.#states.get(producerId)
    this.#states.set(producerId, known?.epoch === epoch ? known : { epoch, batches: [] })
  }

  /** Remembers a batch that was appended. */
  note(batch: SequencedBatch, baseOffset: number, maxTimestamp: number): void {
    const known = this.#states.get(batch.producerId)
    const batches = known !== undefined && known.epoch === batch.producerEpoch ? known.batches : []
    const { baseSequence, count } = batch
    batches.push({ baseSequence, lastSequence: sequenceAfter(baseSequence, count - 1), baseOffset, maxTimestamp })
    if (batches.length > REMEMBERED_BATCHES) batches.shift()
    this.#states.set(batch.producerId, { epoch: batch.producerEpoch, batches })
  }
}

/** Sequence numbers go on at 0 after 2^31 - 1. */
function sequenceAfter(sequence: number, records: number): number {
  const sum = sequence + records
  return sum > MAX_SEQUENCE ? sum - MAX_SEQUENCE - 1 : sum
}

function outOfOrder(batch: SequencedBatch, why: string): SequenceVerdict {
  const reason = `producer ${batch.producerId} sent sequence ${batch.baseSequence}, and ${why}`
  return { kind: 'refuse', errorCode: ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER, reason }
}
