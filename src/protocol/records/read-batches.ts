import { DecodeError } from '../../errors.ts'
import { plainBytes } from '../bytes/plain.ts'
import { AT, LOG_OVERHEAD } from './batch-header.ts'
import { readRecordBatch, type BatchFrame, type ReadOptions } from './batch-format.ts'
import { readMessage } from './message-set.ts'
import type { RecordBatch } from './record-batch.ts'
import type { DecodedRecord } from './record.ts'

/** Smallest size that Java accepts after the size field: that of an empty v0 message (Java: LegacyRecord.RECORD_OVERHEAD_V0). */
const MIN_BATCH_LENGTH = 14

/** Bytes up to and including the magic, which all formats have at the same place. */
const SIZE_UP_TO_MAGIC = AT.MAGIC + 1

/**
 * Finds the batches of a log segment, or of the records field of a Fetch response or Produce request. Reading is lazy: a batch is looked at, and
 * its checksum verified, when the generator gets to it. Stops silently at a batch that is cut off, since brokers send as many bytes
 * as were asked for (Java: ByteBufferLogInputStream). Throws DecodeError at a bad batch, after the good ones before it.
 */
export function* readBatches(input: Uint8Array, options: ReadOptions = {}): Generator<RecordBatch, void, undefined> {
  const bytes = plainBytes(input)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let position = 0
  for (let index = 0; bytes.length - position >= LOG_OVERHEAD; index++) {
    const length = view.getInt32(position + AT.LENGTH)
    if (length < MIN_BATCH_LENGTH) {
      throw new DecodeError(`a batch length of ${length} is below the smallest possible, ${MIN_BATCH_LENGTH}`, {
        offset: position + AT.LENGTH,
        path: `batches[${index}].batchLength`,
      })
    }
    if (bytes.length - position < SIZE_UP_TO_MAGIC) return
    const magic = view.getInt8(position + AT.MAGIC)
    if (magic < 0 || magic > 2) {
      throw new DecodeError(`magic ${magic} is not that of a known record format`, {
        offset: position + AT.MAGIC,
        path: `batches[${index}].magic`,
      })
    }
    const sizeInBytes = LOG_OVERHEAD + length
    if (sizeInBytes > bytes.length - position) return
    const frame: BatchFrame = { bytes, view, position, sizeInBytes, index }
    yield magic === 2 ? readRecordBatch(frame, options) : readMessage(frame, magic as 0 | 1, options)
    position += sizeInBytes
  }
}

/** How records are decoded in one go. */
export interface DecodeOptions extends ReadOptions {
  /** Whether the records of control batches are returned as well. Default false. */
  includeControl?: boolean | undefined
}

/** Decodes all records of all batches, decompressed as needed. Rejects with DecodeError or CompressionError at the first fault. */
export async function decodeRecords(bytes: Uint8Array, options: DecodeOptions = {}): Promise<DecodedRecord[]> {
  const all: DecodedRecord[] = []
  for (const batch of readBatches(bytes, options)) {
    if (batch.isControl && options.includeControl !== true) continue
    for (const record of await batch.records()) all.push(record)
  }
  return all
}
