import { DecodeError } from '../errors.ts'
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
  readonly #batches: RecordBatch[] = []
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
  #index = 0
  /** Which batch was found to be whole last. */
  #checkedIndex = -1

  constructor({ bytes, fetchOffset, checkCrcs, abortedTransactions }: FetchedRecords) {
    this.sizeInBytes = bytes.length
    this.#checkCrcs = checkCrcs
    // Brokers need not send them in order.
    this.#aborted = abortedTransactions?.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
    let recordCount = 0
    try {
      for (const batch of readBatches(bytes, { checkCrcs: false })) {
        this.#batches.push(batch)
        recordCount += batch.count ?? 0
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#failure = error
      this.#endOfFailure = baseOffsetBehind(bytes, this.#batches)
    }
    const last = this.#batches.at(-1)
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
    const batch = this.#batches[this.#index]
    if (batch === undefined && this.#failure !== undefined) throw this.#failure
    if (batch === undefined || !this.#checkCrcs || this.#checkedIndex === this.#index) return batch
    verify(batch)
    this.#checkedIndex = this.#index
    return batch
  }

  /** Where the batch at hand ends by its header, which a fault may have garbled; -1 when not even that can be read. */
  get endOfNext(): number {
    const batch = this.#batches[this.#index]
    return batch === undefined ? this.#endOfFailure : batch.lastOffset + 1
  }

  /** Moves behind the batch that `peek` returned. */
  skip(): void {
    this.#index++
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
 * The offset at which the batch begins that follows the one behind `batches`, which is none but may still have the right size; -1 where what follows
 * does not look like a batch.
 */
function baseOffsetBehind(bytes: Uint8Array, batches: readonly RecordBatch[]): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const at = batches.reduce((sum, { sizeInBytes }) => sum + sizeInBytes, 0)
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
