import { type BrokerError, KafkaError, LogTruncationError } from '../errors.ts'
import { type AutoOffsetReset, resetTarget } from './offset-reset.ts'
import type { LogPosition, PartitionState } from './partition-state.ts'

/** Whom to tell what becomes of a partition. */
export interface LostPositionEvents {
  /**
   * The partition goes on elsewhere, perhaps where a look-up will tell. `isHeldGone` when the record in the loop's hand is not in the log any
   * more, so that its offset must not be committed.
   */
  readonly onMoved: (state: PartitionState, move: { isHeldGone: boolean }) => void
  /** The user has to say where to go on. */
  readonly onFailed: (state: PartitionState, error: KafkaError) => void
}

/** Decides where to go on in a partition whose position is not in its log any more: where the reset policy says, or nowhere until the user does. */
export class LostPositions {
  readonly #policy: AutoOffsetReset
  readonly #events: LostPositionEvents

  constructor(policy: AutoOffsetReset, events: LostPositionEvents) {
    this.#policy = policy
    this.#events = events
  }

  /**
   * The log was cut off and went another way from `end` on, undefined where the broker cannot tell, below where the loop is or what is buffered
   * (Java: SubscriptionState.maybeCompleteValidation).
   */
  truncated(state: PartitionState, end: LogPosition | undefined): void {
    const { topic, partition } = state
    const offset = state.position!
    if (end !== undefined && end.offset >= offset) {
      // Only what is buffered ahead of the loop is gone.
      state.refetch()
      this.#events.onMoved(state, { isHeldGone: false })
    } else if (this.#policy === 'none') {
      this.#events.onFailed(state, new LogTruncationError({ topic, partition, offset, divergentOffset: end?.offset }))
    } else {
      if (end === undefined) state.reset(resetTarget(this.#policy))
      else state.seek(end)
      this.#events.onMoved(state, { isHeldGone: true })
    }
  }

  /** The topic was deleted and made anew. Nothing of the new one was read, so it is read from its beginning, whichever way the policy goes. */
  recreated(state: PartitionState): void {
    const { key, topic } = state
    if (this.#policy === 'none') {
      const what = `topic ${topic} was deleted and made anew, and autoOffsetReset is 'none'`
      const remedy = `seek in ${key} to where reading is to start`
      this.#events.onFailed(state, new KafkaError('KAFKA_TOPIC_RECREATED', `${what}: ${remedy}`))
      return
    }
    state.formerTopicId = state.topicId
    state.reset('earliest')
    this.#events.onMoved(state, { isHeldGone: true })
  }

  /** The leader has no such offset: retention has passed it by, or it was never there. */
  outOfRange(state: PartitionState, offset: number, cause: BrokerError): void {
    if (this.#policy === 'none') {
      const what = `offset ${offset} of ${state.key} does not exist and autoOffsetReset is 'none'`
      this.#events.onFailed(state, new KafkaError('KAFKA_NO_OFFSET', `${what}: seek to one that does`, { cause }))
      return
    }
    state.reset(resetTarget(this.#policy))
    this.#events.onMoved(state, { isHeldGone: false })
  }
}
