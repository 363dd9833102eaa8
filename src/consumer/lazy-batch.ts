import { RecordError } from '../errors.ts'
import type { RecordCursor } from '../protocol/records/record-cursor.ts'
import type { TimestampType } from '../protocol/records/record.ts'
import type { Deserializer } from '../serdes.ts'
import { headersOf, readField } from './decode-record.ts'
import type { ConsumerBatch, ConsumerRecord } from './record.ts'
import type { TopicPartition } from './topic-partition.ts'

/** Records that follow each other in one record batch, found to be valid and not made into objects yet. */
export interface Stretch {
  readonly timestampType: TimestampType
  /** Undefined below message format 2. */
  readonly leaderEpoch: number | undefined
  /** At the first of them. It stays there: reading takes forks of it. */
  readonly first: RecordCursor
  readonly lastOffset: number
  /** At least one. */
  readonly count: number
}

/** How keys and values are read; deserializers, if any, are total. */
export interface LazyFields<K, V> {
  readonly key: Deserializer<K> | undefined
  readonly value: Deserializer<V> | undefined
}

/** Whether what the deserializer does can wait until somebody asks for it: nothing can go wrong then that delivery should have known before. */
export function isTotal(deserializer: Deserializer<unknown> | undefined): boolean {
  return deserializer === undefined || deserializer.isTotal === true
}

/** A batch that makes its records when they are asked for. It keeps their bytes, as views of them would. */
export class LazyBatch<K, V> implements ConsumerBatch<K, V> {
  readonly topic: string
  readonly partition: number
  readonly highWatermark: number
  readonly count: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly #stretches: readonly Stretch[]
  readonly #fields: LazyFields<K, V>
  #records: readonly ConsumerRecord<K, V>[] | undefined

  /** @param stretches - at least one, in the order of their offsets. */
  constructor(
    { topic, partition }: TopicPartition,
    stretches: readonly Stretch[],
    highWatermark: number,
    fields: LazyFields<K, V>,
  ) {
    this.topic = topic
    this.partition = partition
    this.highWatermark = highWatermark
    let sum = 0
    for (const { count } of stretches) sum += count
    this.count = sum
    this.firstOffset = stretches[0]!.first.offset
    this.lastOffset = stretches.at(-1)!.lastOffset
    this.#stretches = stretches
    this.#fields = fields
  }

  get records(): readonly ConsumerRecord<K, V>[] {
    if (this.#records !== undefined) return this.#records
    const records: ConsumerRecord<K, V>[] = []
    for (const record of this) records.push(record)
    this.#records = records
    return records
  }

  [Symbol.iterator](): IterableIterator<ConsumerRecord<K, V>> {
    const { topic, partition } = this
    return this.#records?.[Symbol.iterator]() ?? new Reader({ topic, partition }, this.#stretches, this.#fields)
  }
}

/** Makes one record after the other. */
class Reader<K, V> implements IterableIterator<ConsumerRecord<K, V>, undefined> {
  readonly #topic: string
  readonly #partition: number
  readonly #stretches: readonly Stretch[]
  readonly #key: Deserializer<K> | undefined
  readonly #value: Deserializer<V> | undefined
  #index = 0
  #stretch: Stretch
  #cursor: RecordCursor
  /** How many records of the stretch are left. */
  #left: number

  constructor({ topic, partition }: TopicPartition, stretches: readonly Stretch[], { key, value }: LazyFields<K, V>) {
    this.#topic = topic
    this.#partition = partition
    this.#stretches = stretches
    this.#key = key
    this.#value = value
    const stretch = stretches[0]!
    this.#stretch = stretch
    this.#cursor = stretch.first.fork()
    this.#left = stretch.count
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<ConsumerRecord<K, V>, undefined> {
    if (this.#left === 0 && !this.#move()) return { done: true, value: undefined }
    const value = this.#record()
    if (--this.#left > 0) this.#cursor.next()
    return { done: false, value }
  }

  /** To the next stretch; false at the end. */
  #move(): boolean {
    const stretch = this.#stretches[this.#index + 1]
    if (stretch === undefined) return false
    this.#index++
    this.#stretch = stretch
    this.#cursor = stretch.first.fork()
    this.#left = stretch.count
    return true
  }

  #record(): ConsumerRecord<K, V> {
    const topic = this.#topic
    const partition = this.#partition
    const cursor = this.#cursor
    const { offset, timestamp } = cursor
    const headers = headersOf(cursor)
    let field: 'key' | 'value' = 'key'
    try {
      const key = readField(this.#key, cursor.key(), topic, field, headers) as K
      field = 'value'
      const value = readField(this.#value, cursor.value(), topic, field, headers) as V
      const { timestampType, leaderEpoch } = this.#stretch
      return { topic, partition, offset, timestamp, timestampType, key, value, headers, leaderEpoch }
    } catch (cause) {
      // The deserializer is not what it says it is.
      const place = { topic, partition, offset, nextOffset: offset + 1 }
      throw new RecordError(`the ${field} of the record`, place, { cause })
    }
  }
}
