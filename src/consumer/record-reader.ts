import { RecordError } from '../errors.ts'
import type { RecordBatch } from '../protocol/records/record-batch.ts'
import type { RecordCursor } from '../protocol/records/record-cursor.ts'
import type { Deserializer } from '../serdes.ts'
import type { BatchQueue } from './batch-queue.ts'
import { headersOf, rawRecord, readField } from './decode-record.ts'
import type { InHand } from './in-hand.ts'
import type { UnreadablePolicy } from './options.ts'
import type { PartitionState } from './partition-state.ts'
import type { ConsumerRecord } from './record.ts'

/** How keys and values are read, and what becomes of those that cannot be. */
export interface ReadingOptions<K, V> {
  readonly key: Deserializer<K> | undefined
  readonly value: Deserializer<V> | undefined
  readonly onUnreadable: UnreadablePolicy
}

/** Makes records for the loop, and does with those whose key or value cannot be read what the policy says. */
export class RecordReader<K, V> {
  readonly #options: ReadingOptions<K, V>
  readonly #queue: BatchQueue
  readonly #inHand: InHand

  constructor(options: ReadingOptions<K, V>, queue: BatchQueue, inHand: InHand) {
    this.#options = options
    this.#queue = queue
    this.#inHand = inHand
  }

  /**
   * The cursor's record, now in hand; undefined when it was left out. A promise only when a deserializer or the policy made one; it gives undefined also
   * when the partition moved meanwhile. Throws RecordError.
   */
  read(
    state: PartitionState,
    batch: RecordBatch,
    cursor: RecordCursor,
  ): ConsumerRecord<K, V> | Promise<ConsumerRecord<K, V> | undefined> | undefined {
    const { topic, partition } = state
    const { offset, timestamp } = cursor
    const headers = headersOf(cursor)
    let key: K | Promise<K>
    let value: V | Promise<V>
    let field: 'key' | 'value' = 'key'
    try {
      key = readField(this.#options.key, cursor.key(), topic, field, headers)
      field = 'value'
      value = readField(this.#options.value, cursor.value(), topic, field, headers)
    } catch (error) {
      return this.#refuse(state, rawRecord(state, batch, cursor, headers), field, error)
    }
    const { timestampType, partitionLeaderEpoch: epoch } = batch
    const leaderEpoch = epoch < 0 ? undefined : epoch
    if (key instanceof Promise || value instanceof Promise) {
      return this.#readLater(state, epoch, rawRecord(state, batch, cursor, headers), key, value)
    }
    this.#hold(state, offset, epoch)
    return { topic, partition, offset, timestamp, timestampType, key, value, headers, leaderEpoch }
  }

  async #readLater(
    state: PartitionState,
    epoch: number,
    base: ConsumerRecord,
    reading: K | Promise<K>,
    readingValue: V | Promise<V>,
  ): Promise<ConsumerRecord<K, V> | undefined> {
    const { version } = state
    const { offset } = base
    const [key, value] = await Promise.allSettled([reading, readingValue])
    if (state.version !== version) return undefined
    for (const { field, read } of [
      { field: 'key', read: key },
      { field: 'value', read: value },
    ]) {
      if (read.status === 'fulfilled') continue
      return this.#refuse(state, base, field as 'key' | 'value', read.reason)
    }
    this.#hold(state, offset, epoch)
    return {
      ...base,
      key: (key as PromiseFulfilledResult<K>).value,
      value: (value as PromiseFulfilledResult<V>).value,
    }
  }

  /** What the policy does with a record that cannot be read. Undefined, or a promise of it, once it was left out. */
  #refuse(
    state: PartitionState,
    record: ConsumerRecord,
    field: 'key' | 'value',
    cause: unknown,
  ): Promise<undefined> | undefined {
    const { onUnreadable } = this.#options
    const { topic, partition, offset, leaderEpoch = -1 } = record
    const what = `the ${field} of the record`
    if (onUnreadable === 'throw') throw this.#queue.unreadable(state, what, offset, offset + 1, cause)
    if (onUnreadable === 'skip') {
      state.advance(offset + 1, leaderEpoch)
      return undefined
    }
    const error = new RecordError(what, { topic, partition, offset, nextOffset: offset + 1 }, { cause })
    const isFirst = this.#inHand.held === undefined
    // In hand, as if the loop had it: no rebalance comes in between, and it is read again should the function throw.
    this.#hold(state, offset, leaderEpoch)
    return (async () => {
      await onUnreadable({ ...record, error })
      const { held } = this.#inHand
      if (isFirst && held === state && state.heldFrom === offset) this.#inHand.release()
      return undefined
    })()
  }

  #hold(state: PartitionState, offset: number, epoch: number): void {
    state.advance(offset + 1, epoch)
    this.#inHand.hold(state, offset)
  }
}
