import { DecodeError } from '../errors.ts'
import type { PooledFrame } from '../network/frame-pool.ts'
import { crc32c } from '../protocol/bytes/crc32c.ts'
import { AT, LOG_OVERHEAD } from '../protocol/records/batch-header.ts'
import { readControlRecord } from '../protocol/records/control-record.ts'
import { readBatches } from '../protocol/records/read-batches.ts'
import type { RecordBatch } from '../protocol/records/record-batch.ts'
import type { DecodedRecord } from '../protocol/records/record.ts'

/** A transaction of which the fetched records are to be left out, from `firstOffset` up to its abort marker. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/** What a fetch response brought for one partition. */
export interface FetchedRecords {
  readonly bytes: Uint8Array
  /** What the bytes are a part of, if its memory is used again once they are read. */
  readonly frame?: PooledFrame | undefined
  /** The offset that was asked for. */
  readonly fetchOffset: number
  readonly checkCrcs: boolean
  /** Undefined under read_uncommitted, where nothing is left out. */
  readonly abortedTransactions: readonly AbortedTransaction[] | undefined
}

/**
 * The records of one partition in one fetch response, batch by batch. Only the batches' headers are looked at when it arrives; checksums and
 * records follow when the loop gets there.
 */
export class FetchedChunk {
  /** Size of the encoded records: what the chunk counts for while it is buffered. */
  readonly sizeInBytes: number
  /** Where the next fetch goes on: behind the last batch, or the fetched offset when not one batch is whole. */
  readonly nextOffset: number
  /** Leader epoch of the last batch, -1 when unknown. */
  readonly lastEpoch: number
  /** Number of records, as the batches' headers say. */
  readonly recordCount: number
  /** Whether the end of the chunk cannot be read: nothing behind it should be fetched before the loop was told. */
  readonly isBroken: boolean
  /** The whole batches, one after the other: objects for all of them would outlive the young generation. */
  readonly #batches: Generator<RecordBatch, void, undefined>
  /** The batch at hand, once it was asked for. */
  #batch: RecordBatch | undefined
  #isChecked = false
  /** How many whole batches are left, the one at hand included. */
  #left = 0
  readonly #frame: PooledFrame | undefined
  readonly #checkCrcs: boolean
  readonly #failure: DecodeError | undefined
  /** Where the batch ends that is behind the others and is none; -1 when that cannot be told. */
  readonly #endOfFailure: number = -1
  /** By rising offset. */
  readonly #aborted: readonly AbortedTransaction[] | undefined
  /** How many of them the loop has come to. */
  #abortedCount = 0
  /** Producers whose transaction at this place was aborted. */
  readonly #abortedProducers = new Set<bigint>()

  constructor({ bytes, frame, fetchOffset, checkCrcs, abortedTransactions }: FetchedRecords) {
    this.sizeInBytes = bytes.length
    this.#frame = frame
    frame?.retain()
    this.#checkCrcs = checkCrcs
    // Brokers need not send them in order.
    this.#aborted = abortedTransactions?.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
    const options = { checkCrcs: false, copyRecords: frame !== undefined }
    this.#batches = readBatches(bytes, options)
    let recordCount = 0
    let last: RecordBatch | undefined
    try {
      for (const batch of readBatches(bytes, options)) {
        last = batch
        this.#left++
        recordCount += batch.count ?? 0
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#failure = error
      this.#endOfFailure = baseOffsetBehind(bytes, last === undefined ? 0 : last.position + last.sizeInBytes)
    }
    if (last === undefined && this.#failure === undefined && bytes.length > 0) {
      // Since KIP-74 the first batch always comes whole, however large it is.
      this.#failure = new DecodeError(`${bytes.length} bytes hold no complete record batch`, { offset: 0 })
    }
    this.recordCount = recordCount
    this.isBroken = this.#failure !== undefined
    this.nextOffset = last === undefined ? fetchOffset : Math.max(fetchOffset, last.lastOffset + 1)
    this.lastEpoch = last?.partitionLeaderEpoch ?? -1
  }

  /**
   * The next batch as it stands in the log; `isVisible` tells whether its records are for the loop. Undefined at the end.
   * Throws DecodeError for a batch that is corrupt, again each time it is asked.
   */
  peek(): RecordBatch | undefined {
    if (this.#left === 0) {
      if (this.#failure !== undefined) throw this.#failure
      return undefined
    }
    this.#batch ??= this.#batches.next().value as RecordBatch
    if (this.#checkCrcs && !this.#isChecked) verify(this.#batch)
    this.#isChecked = true
    return this.#batch
  }

  /** Where the batch at hand ends by its header, which a fault may have garbled; -1 when not even that can be read. */
  get endOfNext(): number {
    return this.#batch === undefined ? this.#endOfFailure : this.#batch.lastOffset + 1
  }

  /** Moves behind the batch that `peek` returned. */
  skip(): void {
    this.#batch = undefined
    this.#isChecked = false
    this.#left--
  }

  /** The loop is behind the last batch: the bytes may be written over. To be called once, and not for a chunk that is dropped before that. */
  finish(): void {
    this.#frame?.release()
  }

  /**
   * Whether the records of `batch`, the one at hand, are for the loop: no control records, none of aborted transactions.
   * A promise only for markers that are compressed, which brokers do not write.
   */
  isVisible(batch: RecordBatch): boolean | Promise<boolean> {
    if (this.#aborted === undefined || batch.producerId < 0n) return !batch.isControl
    for (let next; (next = this.#aborted[this.#abortedCount]) !== undefined; this.#abortedCount++) {
      if (next.firstOffset > batch.lastOffset) break
      this.#abortedProducers.add(next.producerId)
    }
    if (!batch.isControl) return !batch.isTransactional || !this.#abortedProducers.has(batch.producerId)
    const records = batch.records()
    return records instanceof Promise
      ? records.then((decoded) => this.#passMarker(batch, decoded))
      : this.#passMarker(batch, records)
  }

  /** Compaction may have emptied the marker's batch. */
  #passMarker(batch: RecordBatch, [marker]: readonly DecodedRecord[]): false {
    if (marker !== undefined && readControlRecord(marker).type === 'abort')
      this.#abortedProducers.delete(batch.producerId)
    return false
  }
}

/**
 * The offset at which the batch begins that follows the one at `at`, which is none but may still have the right size; -1 where what follows
 * does not look like a batch.
 */
function baseOffsetBehind(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = view.getInt32(at + AT.LENGTH)
  const next = at + LOG_OVERHEAD + length
  if (length <= AT.MAGIC - LOG_OVERHEAD || next + AT.MAGIC >= bytes.length) return -1
  const magic = view.getInt8(next + AT.MAGIC)
  const offset = view.getBigInt64(next + AT.BASE_OFFSET)
  const isLikely = magic >= 0 && magic <= 2 && view.getInt32(next + AT.LENGTH) > 0
  return isLikely && offset > 0n && offset <= Number.MAX_SAFE_INTEGER ? Number(offset) : -1
}

/** Throws DecodeError when the checksum is not that of the bytes. */
function verify({ bytes, magic }: RecordBatch): void {
  if (magic === 2 && readCrc(bytes) === crc32c(bytes, AT.ATTRIBUTES)) return
  // Older formats have other checksums; and this has the error.
  readBatches(bytes, { checkCrcs: true }).next()
}

function readCrc(bytes: Uint8Array): number {
  const at = AT.CRC
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}
