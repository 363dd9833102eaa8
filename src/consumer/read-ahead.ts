import type { RecordBatch } from '../protocol/records/record-batch.ts'
import type { FetchedChunk } from './fetched-chunk.ts'
import type { PartitionState } from './partition-state.ts'

/** So many batches of a partition are decompressed ahead of the loop. */
const PER_PARTITION = 4

/** So many of all partitions, none of which is large: see `Codec.decompressAhead`. */
const IN_ALL = 16

/** Decompresses batches in the background while the loop is busy with those before them, where that is worth it. */
export class ReadAhead {
  #prepared: { readonly state: PartitionState; readonly chunk: FetchedChunk; readonly batch: RecordBatch }[] = []

  /** The loop has come to a batch of the first chunk of the partition: those behind it are next. */
  prepare(state: PartitionState, chunk: FetchedChunk): void {
    for (let distance = 1; distance <= PER_PARTITION; distance++) {
      const batch = chunk.compressedAhead(distance)
      if (batch === undefined) return
      if (batch.isPrepared) continue
      if (this.#prepared.length >= IN_ALL) this.#forgetRead()
      if (this.#prepared.length >= IN_ALL || !batch.prepare()) return
      this.#prepared.push({ state, chunk, batch })
    }
  }

  /** Forgets those that were read since, or dropped with what was buffered. */
  #forgetRead(): void {
    this.#prepared = this.#prepared.filter(
      ({ state, chunk, batch }) => batch.isPrepared && state.chunks.includes(chunk),
    )
  }
}
