import type { RecordMetadata } from './record.ts'

/**
 * Where the records of a `sendMany` ended up, in the order given. It keeps numbers only; the object that describes a record is
 * made when it is asked for, since most callers never do.
 */
export class SentRecords implements Iterable<RecordMetadata> {
  readonly length: number
  readonly #partitions: Int32Array
  readonly #offsets: Float64Array
  readonly #timestamps: Float64Array
  #topic = ''
  /** Only when the records are of more than one topic. */
  #topics: string[] | undefined

  /** @param length - number of records, of which none has a place yet. */
  constructor(length: number) {
    this.length = length
    this.#partitions = new Int32Array(length)
    this.#offsets = new Float64Array(length)
    this.#timestamps = new Float64Array(length)
  }

  /** Notes a record's place. */
  place(index: number, topic: string, partition: number, offset: number, timestamp: number): void {
    this.#partitions[index] = partition
    this.#offsets[index] = offset
    this.#timestamps[index] = timestamp
    if (this.#topics !== undefined) {
      this.#topics[index] = topic
    } else if (topic !== this.#topic) {
      if (this.#topic !== '') {
        this.#topics = Array.from({ length: this.length }, () => this.#topic)
        this.#topics[index] = topic
      }
      this.#topic = topic
    }
  }

  /** Where the record at this place of the list ended up; undefined outside of it. */
  at(index: number): RecordMetadata | undefined {
    if (!(Number.isInteger(index) && index >= 0 && index < this.length)) return undefined
    return {
      topic: this.#topics?.[index] ?? this.#topic,
      partition: this.#partitions[index]!,
      offset: this.#offsets[index]!,
      timestamp: this.#timestamps[index]!,
    }
  }

  *[Symbol.iterator](): Iterator<RecordMetadata> {
    for (let i = 0; i < this.length; i++) yield this.at(i)!
  }

  forEach(visit: (metadata: RecordMetadata, index: number) => void): void {
    for (let i = 0; i < this.length; i++) visit(this.at(i)!, i)
  }

  map<T>(transform: (metadata: RecordMetadata, index: number) => T): T[] {
    return Array.from({ length: this.length }, (_, i) => transform(this.at(i)!, i))
  }

  toArray(): RecordMetadata[] {
    return [...this]
  }
}
