import type { RecordBatch } from '../protocol/records/record-batch.ts'
import type { RecordCursor } from '../protocol/records/record-cursor.ts'
import type { FetchedChunk } from './fetched-chunk.ts'
import { partitionKey, type TopicPartition } from './topic-partition.ts'

/** The batch that the loop is reading. */
export interface OpenBatch {
  readonly batch: RecordBatch
  readonly cursor: RecordCursor
}

/** A place in a log. */
export interface LogPosition {
  readonly offset: number
  /** Leader epoch of the record before it, -1 when unknown (KIP-320). */
  readonly epoch: number
}

/** One assigned partition: where the loop is in it, and what is buffered ahead of the loop. */
export class PartitionState implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly key: string
  isPaused = false
  /** What stands in for a position until it has been looked up: `committed` falls back on the reset policy; a number is a time. */
  start: 'committed' | 'earliest' | 'latest' | 'known' | number = 'committed'
  /** Fetched and not read to its end, the oldest first. */
  readonly chunks: FetchedChunk[] = []
  /** The batch being read, out of the first chunk. */
  open: OpenBatch | undefined
  /** Changes whenever the position is set to something else: answers for an older one are stale. */
  version = 0
  isFetching = false
  /** Offset of the first record that was handed out and is not handled yet; -1 when there is none. */
  heldFrom = -1
  /** Time, as of performance.now(), before which the partition is left alone after a failure. */
  retryAt = 0
  failures = 0
  /** When a broker last answered for it, on the clock of performance.now(). */
  heardAt = 0
  /** Why the partition was last refused, or could not be asked for; undefined once a broker has answered. */
  lastError: unknown
  /** What the loop has to be told when it comes to the end of what is buffered; once. */
  error: unknown
  highWatermark: number | undefined
  lastStableOffset: number | undefined
  logStartOffset: number | undefined
  /** Replica to read from instead of the leader, and until when (KIP-392). */
  preferredReplica: { readonly nodeId: number; readonly until: number } | undefined
  /** Leader epoch under which the place of the next fetch is known to be in the log; -1 when it has to be found out (KIP-320). */
  leaderEpoch = -1
  /** Id of the topic that the position is of; undefined until it is fetched from. */
  topicId: string | undefined
  /** Id of the topic that had the name before it was made anew. */
  formerTopicId: string | undefined
  /** The last offset known to be committed. */
  committed: number | undefined
  #position = -1
  #positionEpoch = -1
  #fetchOffset = -1
  #fetchEpoch = -1

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
    this.key = partitionKey(topic, partition)
  }

  /** Offset of the next record for the loop; undefined while it is not known. */
  get position(): number | undefined {
    return this.start === 'known' ? this.#position : undefined
  }

  /** Leader epoch of the record before the position, -1 when unknown. */
  get positionEpoch(): number {
    return this.#positionEpoch
  }

  /** Where the next fetch starts: behind what is buffered. */
  get fetchFrom(): LogPosition {
    return { offset: this.#fetchOffset, epoch: this.#fetchEpoch }
  }

  get bufferedBytes(): number {
    let sum = 0
    for (const { sizeInBytes } of this.chunks) sum += sizeInBytes
    return sum
  }

  /** Whether there is anything for the loop to look at. */
  get hasData(): boolean {
    return this.open !== undefined || this.chunks.length > 0 || this.error !== undefined
  }

  /** How far the loop is behind the end of what it may read; undefined before the first fetch. */
  lag(isolation: 'read_uncommitted' | 'read_committed'): number | undefined {
    const end = isolation === 'read_committed' ? this.lastStableOffset : this.highWatermark
    return end === undefined || this.position === undefined ? undefined : Math.max(0, end - this.position)
  }

  /** Goes on elsewhere: what is buffered is dropped. */
  seek({ offset, epoch }: LogPosition): void {
    this.#restart()
    this.start = 'known'
    this.#position = offset
    this.#positionEpoch = epoch
    this.#fetchOffset = offset
    this.#fetchEpoch = epoch
  }

  /** Goes on where a look-up will tell; what is buffered is dropped. */
  reset(start: 'committed' | 'earliest' | 'latest' | number): void {
    this.#restart()
    this.start = start
  }

  /** Takes in what a fetch brought. */
  push(chunk: FetchedChunk): void {
    this.chunks.push(chunk)
    if (chunk.nextOffset === this.#fetchOffset) return
    this.#fetchOffset = chunk.nextOffset
    this.#fetchEpoch = chunk.lastEpoch
  }

  /** The loop has come to this offset, by way of a record or over a gap. */
  advance(offset: number, epoch: number): void {
    this.#position = offset
    this.#positionEpoch = epoch
  }

  /** Hands a record that was given to the loop out again. */
  rewind(offset: number): void {
    this.#position = offset
    this.open = undefined
  }

  /** Drops what is buffered behind the position, to be fetched again. */
  refetch(): void {
    if (this.start !== 'known') return
    const { leaderEpoch, topicId } = this
    this.seek({ offset: this.#position, epoch: this.#positionEpoch })
    this.leaderEpoch = leaderEpoch
    this.topicId = topicId
  }

  #restart(): void {
    this.version++
    this.chunks.length = 0
    this.open = undefined
    this.error = undefined
    this.failures = 0
    this.retryAt = 0
    this.leaderEpoch = -1
    this.topicId = undefined
  }
}
