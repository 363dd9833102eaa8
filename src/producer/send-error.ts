import { KafkaError } from '../errors.ts'
import type { RecordMetadata } from './record.ts'

/** What became of one record of a `sendMany`. */
export type SendOutcome = { readonly metadata: RecordMetadata; readonly error?: never } | { readonly error: KafkaError }

/** Some records of a `sendMany` were not stored. `outcomes` tells for each, in the order given; `cause` is the first error. */
export class SendError extends KafkaError {
  static {
    this.prototype.name = 'SendError'
  }
  readonly outcomes: readonly SendOutcome[]

  constructor(outcomes: readonly SendOutcome[]) {
    const errors = outcomes.flatMap(({ error }) => (error === undefined ? [] : [error]))
    const message = `${errors.length} of ${outcomes.length} records were not sent, see outcomes; first: ${errors[0]?.message}`
    super('KAFKA_SEND', message, { cause: errors[0], retriable: errors.every(({ retriable }) => retriable) })
    this.outcomes = outcomes
  }
}

/** Records that were enqueued were not stored; `cause` is the first error. The `onError` option hears of each. */
export class EnqueueError extends KafkaError {
  static {
    this.prototype.name = 'EnqueueError'
  }
  /** Records that failed since the last `flush`. */
  readonly failedCount: number

  constructor(failedCount: number, cause: unknown) {
    const first = cause instanceof Error ? cause.message : String(cause)
    super('KAFKA_ENQUEUE', `${failedCount} enqueued records were not sent; first: ${first}`, { cause })
    this.failedCount = failedCount
  }
}
