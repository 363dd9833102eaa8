import { ConfigError } from '../errors.ts'
import type { Cluster } from '../network/cluster.ts'
import { withDeadline } from '../network/wait.ts'
import type { RecordHeader } from '../protocol/records/record.ts'
import type { Accumulator } from './accumulator.ts'
import type { Delivery } from './deliveries.ts'

/** A record after serialisation. */
export interface SerializedRecord {
  readonly topic: string
  readonly key: Uint8Array | string | null
  readonly value: Uint8Array | string | null
  readonly headers: readonly RecordHeader[]
  readonly partition: number | undefined
  readonly timestamp: number | undefined
}

/** A record that waits for its serialiser, for metadata or for memory. */
export interface WaitingRecord {
  readonly record: SerializedRecord | Promise<SerializedRecord>
  readonly delivery: Delivery
  readonly tag: number
  readonly signal: AbortSignal | undefined
  /** When it stops waiting, in milliseconds since the epoch. */
  readonly deadlineMs: number
}

/** Records that have left a line are dropped so many at a time. */
const TRIMMED_COUNT = 1024

/** The records of one topic that wait, in the order they came. */
interface Line {
  readonly records: WaitingRecord[]
  /** Resolves when the line is empty. */
  done: Promise<void>
}

/**
 * Records that could not be put into a batch at once. They wait in a line per topic, behind which later ones of the topic must queue, so
 * that order holds and an unknown topic does not hold up others.
 */
export class WaitingLines {
  readonly #cluster: Cluster
  readonly #accumulator: Accumulator
  readonly #tryAppend: (record: SerializedRecord, delivery: Delivery, tag: number) => boolean
  readonly #lines = new Map<string, Line>()

  /** @param tryAppend - takes a record, or returns false when it has to wait. */
  constructor(
    cluster: Cluster,
    accumulator: Accumulator,
    tryAppend: (record: SerializedRecord, delivery: Delivery, tag: number) => boolean,
  ) {
    this.#cluster = cluster
    this.#accumulator = accumulator
    this.#tryAppend = tryAppend
  }

  get isEmpty(): boolean {
    return this.#lines.size === 0
  }

  has(topic: string): boolean {
    return this.#lines.has(topic)
  }

  /** Resolves when what waits now does so no longer. */
  async settled(): Promise<void> {
    await Promise.all(Array.from(this.#lines.values(), ({ done }) => done))
  }

  /** Has a record wait at the end of its topic's line. */
  add(topic: string, waiting: WaitingRecord): void {
    // A serialiser that rejects is dealt with when the record's turn comes; until then it is not unhandled.
    if (waiting.record instanceof Promise) waiting.record.catch(() => undefined)
    const line = this.#lines.get(topic)
    if (line !== undefined) {
      line.records.push(waiting)
      return
    }
    const records = [waiting]
    const opened: Line = { records, done: Promise.resolve() }
    this.#lines.set(topic, opened)
    opened.done = this.#work(topic, records)
  }

  /** Takes the waiting records of a topic one after the other. Never rejects. */
  async #work(topic: string, records: WaitingRecord[]): Promise<void> {
    for (let i = 0; i < records.length; i++) {
      const { record, delivery, tag, signal } = records[i]!
      try {
        const isReady = !(record instanceof Promise) && signal?.aborted !== true
        if (!isReady || !this.#tryAppend(record, delivery, tag)) await this.#admit(records[i]!)
      } catch (error) {
        delivery.refused(error, tag)
      }
      // A line that never empties must not keep all that ever stood in it.
      if (i === TRIMMED_COUNT) i -= records.splice(0, TRIMMED_COUNT).length
    }
    this.#lines.delete(topic)
  }

  async #admit({ record: serialized, delivery, tag, signal, deadlineMs }: WaitingRecord): Promise<void> {
    const record = serialized instanceof Promise ? await orAborted(serialized, signal) : serialized
    signal?.throwIfAborted()
    const { topic, partition } = record
    let hasRefreshed = false
    while (!this.#tryAppend(record, delivery, tag)) {
      const wait = { timeoutMs: Math.max(1, deadlineMs - Date.now()), signal }
      if (!this.#accumulator.hasRoom) {
        const operation = `waiting for bufferMemoryBytes to hold a record of ${topic}`
        await withDeadline(operation, wait, (deadline) => deadline.race(this.#accumulator.room()))
        continue
      }
      const { partitions } = (await this.#cluster.topics([topic], wait)).get(topic)!
      if (partition === undefined || partition < partitions.length) continue
      // Partitions may have been added since; ask once, then say so.
      if (hasRefreshed) {
        const message = `${topic} has no partition ${partition}: it has 0 to ${partitions.length - 1}`
        throw new ConfigError('partition', message)
      }
      await this.#cluster.refresh(wait)
      hasRefreshed = true
    }
  }
}

/** A serialiser may take for ever, and its caller must not wait for it as long. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return withDeadline('serialising', { timeoutMs: Infinity, signal }, (deadline) => deadline.race(promise))
}
