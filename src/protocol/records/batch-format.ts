import { DecodeError } from '../../errors.ts'
import { crc32c } from '../bytes/crc32c.ts'
import { COMPRESSION_NAMES, type CompressionName } from '../compression/codec.ts'
import { decompress } from '../compression/registry.ts'
import { AT, ATTRIBUTE, BATCH_HEADER_SIZE } from './batch-header.ts'
import { RecordBatch, type BatchInfo } from './record-batch.ts'
import { BatchCursor, type RecordSection } from './record-cursor.ts'

/** How batches are read. */
export interface ReadOptions {
  /** Whether checksums are verified (`check.crcs`). Default true. */
  checkCrcs?: boolean | undefined
  /** Most bytes that one batch may decompress to. Default 256 MiB. */
  maxDecompressedBytes?: number | undefined
  /** Whether records are views of a copy, made when their batch is opened: the input may be written to when that is done. Default false. */
  copyRecords?: boolean | undefined
}

/** A stretch of the input that holds one batch. */
export interface BatchFrame {
  bytes: Uint8Array
  view: DataView
  position: number
  sizeInBytes: number
  /** Which batch of the input it is, for error paths. */
  index: number
}

/** Reads the header of the v2 batch that fills `frame`. Throws DecodeError for a bad header or checksum. */
export function readRecordBatch(frame: BatchFrame, options: ReadOptions): RecordBatch {
  const { bytes, view, position, sizeInBytes, index } = frame
  if (sizeInBytes < BATCH_HEADER_SIZE) {
    throw new DecodeError(`a batch of ${sizeInBytes} bytes is shorter than its header`, {
      offset: position + AT.LENGTH,
      path: `batches[${index}].batchLength`,
    })
  }
  const end = position + sizeInBytes
  if (options.checkCrcs !== false) {
    checkCrc(frame, view.getUint32(position + AT.CRC), crc32c(bytes, position + AT.ATTRIBUTES, end), AT.CRC)
  }
  const attributes = view.getInt16(position + AT.ATTRIBUTES)
  const isAppendTime = (attributes & ATTRIBUTE.APPEND_TIME) !== 0
  const baseOffset = readOffset(frame, position + AT.BASE_OFFSET)
  const baseTimestamp = readInt64(view, position + AT.BASE_TIMESTAMP)
  const lastOffsetDelta = view.getInt32(position + AT.LAST_OFFSET_DELTA)
  // A reader that goes on after the last offset would go round in circles.
  if (lastOffsetDelta < 0) {
    throw new DecodeError(`the last offset is ${-lastOffsetDelta} before the first`, {
      offset: position + AT.LAST_OFFSET_DELTA,
      path: `batches[${index}].lastOffsetDelta`,
    })
  }
  const lastOffset = baseOffset + lastOffsetDelta
  if (!Number.isSafeInteger(lastOffset)) throw badOffset(frame, lastOffset, position + AT.LAST_OFFSET_DELTA)
  const info: BatchInfo = {
    magic: 2,
    position,
    sizeInBytes,
    baseOffset,
    lastOffset,
    partitionLeaderEpoch: view.getInt32(position + AT.PARTITION_LEADER_EPOCH),
    attributes,
    compression: codecOf(frame, attributes, position + AT.ATTRIBUTES),
    timestampType: isAppendTime ? 'append' : 'create',
    baseTimestamp,
    maxTimestamp: readInt64(view, position + AT.MAX_TIMESTAMP),
    producerId: view.getBigInt64(position + AT.PRODUCER_ID),
    producerEpoch: view.getInt16(position + AT.PRODUCER_EPOCH),
    baseSequence: view.getInt32(position + AT.BASE_SEQUENCE),
    isTransactional: (attributes & ATTRIBUTE.TRANSACTIONAL) !== 0,
    isControl: (attributes & ATTRIBUTE.CONTROL) !== 0,
    deleteHorizonMs: (attributes & ATTRIBUTE.DELETE_HORIZON) === 0 ? undefined : baseTimestamp,
    count: view.getInt32(position + AT.COUNT),
  }
  const batch = bytes.subarray(position, end)
  const settings = { maxBytes: options.maxDecompressedBytes, magic: 2 } as const
  const { compression } = info
  // Compaction may leave a batch without records, and then nothing is looked at, as in Java.
  const isEmpty = info.count === 0
  if (compression === 'none' || isEmpty) {
    const start = position + BATCH_HEADER_SIZE
    const recordsEnd = isEmpty ? start : end
    return new RecordBatch(info, batch, () => {
      if (options.copyRecords !== true) return new BatchCursor(bytes, start, recordsEnd, sectionOf(frame, info, 0))
      return new BatchCursor(bytes.slice(start, recordsEnd), 0, recordsEnd - start, sectionOf(frame, info, start))
    })
  }
  const compressed = bytes.subarray(position + BATCH_HEADER_SIZE, end)
  const over = (records: Uint8Array): BatchCursor =>
    new BatchCursor(records, 0, records.length, sectionOf(frame, info, undefined))
  return new RecordBatch(info, batch, () => {
    const records = decompress(compression, compressed, settings)
    return records instanceof Promise ? records.then(over) : over(records)
  })
}

/** What a cursor over the records of a batch goes by. `origin` is where in the input the cursor's bytes begin; undefined when they were decompressed. */
function sectionOf({ position, index }: BatchFrame, info: BatchInfo, origin: number | undefined): RecordSection {
  const start = position + BATCH_HEADER_SIZE
  return {
    baseOffset: info.baseOffset,
    baseTimestamp: info.baseTimestamp,
    appendTime: info.timestampType === 'append' ? info.maxTimestamp : undefined,
    count: info.count!,
    fault(reason, at, record) {
      const path = record < 0 ? `batches[${index}].records` : `batches[${index}].records[${record}]`
      if (origin !== undefined) return new DecodeError(reason, { offset: origin + at, path })
      return new DecodeError(`at byte ${at} of the decompressed records: ${reason}`, { offset: start, path })
    },
  }
}

/** Throws when the checksum that was sent is not the one computed. `at` is where it is in the batch. */
export function checkCrc(frame: BatchFrame, sent: number, computed: number, at: number): void {
  if (sent === computed) return
  throw new DecodeError(`the checksum is ${sent} and should be ${computed}: the batch is corrupt`, {
    offset: frame.position + at,
    path: `batches[${frame.index}].crc`,
  })
}

/** The codec that the lowest bits of the attributes name. Throws for a number that no codec has. */
export function codecOf(frame: BatchFrame, attributes: number, at: number): CompressionName {
  const codec = COMPRESSION_NAMES[attributes & ATTRIBUTE.CODEC]
  if (codec !== undefined) return codec
  throw new DecodeError(`${attributes & ATTRIBUTE.CODEC} is not the number of a compression codec`, {
    offset: at,
    path: `batches[${frame.index}].attributes`,
  })
}

/** An int64 as a number: exact within +-(2^53 - 1), rounded beyond. */
export function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * 0x100000000 + view.getUint32(at + 4)
}

/** An offset, which has to be exact. */
export function readOffset(frame: BatchFrame, at: number): number {
  const offset = readInt64(frame.view, at)
  if (!Number.isSafeInteger(offset)) throw badOffset(frame, offset, at)
  return offset
}

function badOffset(frame: BatchFrame, offset: number, at: number): DecodeError {
  return new DecodeError(`offset ${offset} is beyond 2^53 - 1, which a JavaScript number cannot hold exactly`, {
    offset: at,
    path: `batches[${frame.index}].baseOffset`,
  })
}
