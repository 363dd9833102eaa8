import type { ConsumerBatch, ConsumerRecord } from './record.ts'

/** A batch of which all records had to be read to know that they can be: what deserializers that may fail, or take their time, make necessary. */
export class DecodedBatch<K, V> implements ConsumerBatch<K, V> {
  readonly topic: string
  readonly partition: number
  readonly highWatermark: number
  readonly count: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly records: readonly ConsumerRecord<K, V>[]

  /** @param records - at least one; all of one partition. */
  constructor(records: readonly ConsumerRecord<K, V>[], highWatermark: number) {
    const { topic, partition, offset } = records[0]!
    this.topic = topic
    this.partition = partition
    this.highWatermark = highWatermark
    this.count = records.length
    this.firstOffset = offset
    this.lastOffset = records.at(-1)!.offset
    this.records = records
  }

  [Symbol.iterator](): IterableIterator<ConsumerRecord<K, V>> {
    return this.records[Symbol.iterator]()
  }
}
