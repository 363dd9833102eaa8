import { readBatches } from '../../protocol/records/read-batches.ts'
import type { RecordBatch } from '../../protocol/records/record-batch.ts'
import type { RecordCursor } from '../../protocol/records/record-cursor.ts'

/** A batch in the log. Its bytes belong to the log and are never changed again. */
export interface LoggedBatch {
  readonly bytes: Uint8Array
  readonly baseOffset: number
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly leaderEpoch: number
  /** Bytes in the log before this batch, also those deleted since. */
  readonly position: number
}

/** Where a record is, as ListOffsets tells it. */
export interface RecordPosition {
  offset: number
  timestamp: number
  leaderEpoch: number
}

/** The last offset of a leader epoch, as a client needs it to see whether its log has diverged (KIP-320). */
export interface EpochEnd {
  epoch: number
  endOffset: number
}

const NOTHING = new Uint8Array(0)

/** The batches of one partition, kept as the bytes that producers sent, with offset and leader epoch filled in. */
export class PartitionLog {
  #batches: LoggedBatch[] = []
  #startOffset = 0
  #endOffset = 0
  #endPosition = 0
  /** In order of epochs and offsets: the offset at which each leader epoch began (Java: LeaderEpochFileCache). */
  readonly #epochs: { epoch: number; startOffset: number }[] = []

  /** Lowest offset that can be read. */
  get startOffset(): number {
    return this.#startOffset
  }

  /** Offset that the next record gets. It is the high watermark too: replicas are never behind. */
  get endOffset(): number {
    return this.#endOffset
  }

  get batchCount(): number {
    return this.#batches.length
  }

  get sizeInBytes(): number {
    return this.#endPosition - (this.#batches[0]?.position ?? this.#endPosition)
  }

  append(batch: Omit<LoggedBatch, 'position'>): void {
    this.#batches.push({ ...batch, position: this.#endPosition })
    this.#endPosition += batch.bytes.length
    this.#endOffset = batch.lastOffset + 1
  }

  /** Notes that a new leader epoch begins at the end of the log. */
  beginEpoch(epoch: number): void {
    const epochs = this.#epochs
    // An epoch in which nothing was written leaves no trace.
    while (epochs.length > 0 && epochs.at(-1)!.startOffset >= this.#endOffset) epochs.pop()
    epochs.push({ epoch, startOffset: this.#endOffset })
  }

  /**
   * The end of the newest epoch up to `epoch`; undefined when that is newer than all (Java:
   * LeaderEpochFileCache.endOffsetFor).
   */
  endOfEpoch(epoch: number): EpochEnd | undefined {
    const epochs = this.#epochs
    if (epochs.at(-1)?.epoch === epoch) return { epoch, endOffset: this.#endOffset }
    const next = epochs.find((entry) => entry.epoch > epoch)
    if (next === undefined) return undefined
    const own = epochs.findLast((entry) => entry.epoch <= epoch)
    return { epoch: own?.epoch ?? epoch, endOffset: next.startOffset }
  }

  /** Leader epoch at the start of the log; undefined when unknown. */
  get earliestEpoch(): number | undefined {
    return this.#epochs.findLast((entry) => entry.startOffset <= this.#startOffset)?.epoch
  }

  /** Bytes from the batch that holds `offset` up to the one that begins at `endOffset`. */
  bytesFrom(offset: number, endOffset: number = this.#endOffset): number {
    const first = this.#batches[this.#indexOf(offset)]
    return first === undefined ? 0 : Math.max(0, this.#positionOf(endOffset) - first.position)
  }

  #positionOf(offset: number): number {
    return this.#batches[this.#indexOf(offset)]?.position ?? this.#endPosition
  }

  /**
   * Batches from the one that holds `offset` on, at most `maxBytes` of them, the last one cut off there as Kafka does.
   * A first batch that is larger is returned whole when `minOneBatch`, else not at all (KIP-74).
   * @param endOffset - where a batch begins that is not read any more, nor those after it.
   */
  read(offset: number, maxBytes: number, minOneBatch: boolean, endOffset: number = this.#endOffset): Uint8Array {
    const index = this.#indexOf(offset)
    const first = this.#batches[index]
    if (first === undefined || first.baseOffset >= endOffset) return NOTHING
    const size = first.bytes.length
    if (size > maxBytes) return minOneBatch ? first.bytes : NOTHING
    const bytes = new Uint8Array(Math.min(this.#positionOf(endOffset) - first.position, maxBytes))
    for (let i = index, at = 0; at < bytes.length; i++) {
      const batch = this.#batches[i]!.bytes
      const room = bytes.length - at
      bytes.set(batch.length > room ? batch.subarray(0, room) : batch, at)
      at += batch.length
    }
    return bytes
  }

  /** Everything that is readable, starting with the batch that holds the start offset. */
  readAll(): Uint8Array {
    return this.read(this.#startOffset, Infinity, true)
  }

  /** The first record at or after `timestamp`. */
  async findByTimestamp(timestamp: number): Promise<RecordPosition | undefined> {
    for (const batch of this.#batches) {
      if (batch.maxTimestamp < timestamp) continue
      const found = await this.#findIn(batch, (record) => record.timestamp >= timestamp)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** The record of the largest timestamp, the first of them when there are several. */
  async findMaxTimestamp(): Promise<RecordPosition | undefined> {
    const [first, ...others] = this.#batches
    if (first === undefined) return undefined
    const latest = others.reduce((best, batch) => (batch.maxTimestamp > best.maxTimestamp ? batch : best), first)
    return this.#findIn(latest, (record) => record.timestamp === latest.maxTimestamp)
  }

  /** Makes `offset` the lowest that can be read. Batches that end before it are dropped, as a broker drops segments. */
  deleteBefore(offset: number): void {
    this.#startOffset = Math.max(this.#startOffset, Math.min(offset, this.#endOffset))
    this.#batches = this.#batches.slice(this.#indexOf(this.#startOffset))
  }

  /** Drops everything from `offset` on; a batch that begins before it goes as a whole, as replicas copy whole batches. */
  truncate(offset: number): void {
    const kept = this.#batches.filter(({ lastOffset }) => lastOffset < offset)
    const last = kept.at(-1)
    this.#endPosition =
      last === undefined ? (this.#batches[0]?.position ?? this.#endPosition) : last.position + last.bytes.length
    this.#endOffset = Math.min(
      this.#endOffset,
      Math.max(this.#startOffset, last === undefined ? 0 : last.lastOffset + 1),
    )
    this.#batches = kept
    while ((this.#epochs.at(-1)?.startOffset ?? 0) > this.#endOffset) this.#epochs.pop()
  }

  async #findIn(batch: LoggedBatch, matches: (record: RecordCursor) => boolean): Promise<RecordPosition | undefined> {
    const cursor = await openBatch(batch.bytes).cursor()
    while (cursor.next()) {
      if (cursor.offset < this.#startOffset || !matches(cursor)) continue
      return { offset: cursor.offset, timestamp: cursor.timestamp, leaderEpoch: batch.leaderEpoch }
    }
    return undefined
  }

  /** Index of the batch that holds `offset`, or of the next one. */
  #indexOf(offset: number): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#batches[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

function openBatch(bytes: Uint8Array): RecordBatch {
  const [batch] = readBatches(bytes, { checkCrcs: false })
  return batch!
}
