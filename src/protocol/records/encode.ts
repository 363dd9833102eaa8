import { EncodeError } from '../../errors.ts'
import { RecordBatchBuilder, type BuilderOptions, type FinishOptions } from './record-batch-builder.ts'
import type { EncodableRecord } from './record.ts'

/** How records are encoded in one go. */
export interface EncodeOptions extends FinishOptions, BuilderOptions {}

/**
 * Encodes records as one v2 batch. Decoded records can be passed as they are: the batch then starts at the offset of the first one.
 * Rejects with EncodeError for what cannot be encoded, CompressionError for a missing codec.
 */
export async function encodeRecordBatch(
  records: Iterable<EncodableRecord>,
  options: EncodeOptions = {},
): Promise<Uint8Array> {
  const builder = new RecordBatchBuilder(options)
  let { baseOffset } = options
  let nextOffset = baseOffset
  for (const record of records) {
    const offset = record.offset ?? nextOffset ?? 0
    baseOffset ??= offset
    nextOffset ??= baseOffset
    if (!Number.isSafeInteger(offset) || offset < nextOffset) {
      throw new EncodeError(`offset ${offset} comes before ${nextOffset}, the least that can follow`, 'record.offset')
    }
    if (offset > nextOffset) builder.skipOffsets(offset - nextOffset)
    if (!builder.append(record.timestamp, record.key ?? null, record.value ?? null, record.headers)) {
      throw new EncodeError('a batch cannot be longer than 2^31 - 1 bytes', 'batch')
    }
    nextOffset = offset + 1
  }
  return builder.finish({ ...options, baseOffset })
}
