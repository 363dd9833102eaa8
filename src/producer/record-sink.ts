import type { KafkaError } from '../errors.ts'
import type { Delivery } from './deliveries.ts'

/** What a stream of records needs of the producer. */
export interface SinkTarget<R> {
  /** Accepts a record and tells `delivery` what becomes of it. */
  take(record: R, delivery: Delivery): void
  /** Undefined when there is room for more, else a promise of it. */
  ready(): Promise<void> | undefined
  /** Resolves when everything accepted was delivered or has failed. */
  settle(): Promise<void>
}

/** A WHATWG stream that hands records to the producer. It holds none itself: what it may hold is what the producer's buffer may. */
export function recordSink<R>(target: SinkTarget<R>): WritableStream<R> {
  let failure: { error: unknown } | undefined
  let controller: WritableStreamDefaultController
  const fail = (error: unknown): void => {
    failure ??= { error }
    controller.error(failure.error)
  }
  const delivery: Delivery = {
    delivered: () => undefined,
    failed: (errorAt: (place: number) => KafkaError, _tags, from) => fail(errorAt(from)),
    refused: (error) => fail(error),
  }
  return new WritableStream<R>({
    start: (started) => {
      controller = started
    },
    write: (record) => {
      target.take(record, delivery)
      return target.ready()
    },
    close: async () => {
      await target.settle()
      if (failure !== undefined) throw failure.error
    },
  })
}
