import { KafkaError } from '../errors.ts'
import type { RecordMetadata } from './batch.ts'

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
