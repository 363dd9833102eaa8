import { EncodeError } from '../../errors.ts'
import { crc32 } from '../bytes/crc32.ts'
import { encodeUtf8 } from '../bytes/utf8.ts'
import { ByteWriter } from '../bytes/writer.ts'
import { COMPRESSION_NAMES, type CompressionName } from '../compression/codec.ts'
import { compress } from '../compression/registry.ts'
import { ATTRIBUTE } from './batch-header.ts'
import { recordFault } from './record-fault.ts'
import type { EncodableRecord } from './record.ts'

/** How a message set is encoded. */
export interface MessageSetOptions {
  /** Version of the format: 0 has no timestamps, neither has headers. */
  magic: 0 | 1
  /** Default none. */
  compression?: CompressionName | undefined
  level?: number | undefined
  /** Offset of the first message. Default that of the first record, else 0. */
  baseOffset?: number | undefined
  /** Time at which a broker appended the messages, which then holds for all of them. v1 only. */
  logAppendTime?: number | undefined
}

/** A record with its place. */
interface PlacedRecord extends EncodableRecord {
  offset: number
}

/**
 * Encodes records as a message set of format v0 or v1, which brokers before 0.11 speak (Java: LegacyRecord, MemoryRecordsBuilder). Compressed ones
 * become the value of one wrapper message. Rejects with EncodeError for what cannot be encoded, headers included.
 */
export async function encodeMessageSet(
  records: Iterable<EncodableRecord>,
  options: MessageSetOptions,
): Promise<Uint8Array> {
  const { magic, compression = 'none' } = options
  const placed = place(records, options.baseOffset)
  const appendTime = magic === 1 ? options.logAppendTime : undefined
  const typeBit = appendTime === undefined ? 0 : ATTRIBUTE.APPEND_TIME
  const codec = COMPRESSION_NAMES.indexOf(compression)
  if (codec < 0) throw new EncodeError(`${compression} is not a codec`, 'batch.compression')
  const isWrapped = compression !== 'none' && placed.length > 0
  // Offsets within a v1 wrapper are relative, so that a broker need not compress the messages anew when it assigns them.
  const subtract = isWrapped && magic === 1 ? placed[0]!.offset : 0
  const messages = new ByteWriter()
  for (const record of placed) {
    const timestamp = isWrapped ? record.timestamp : (appendTime ?? record.timestamp)
    writeMessage(messages, magic, typeBit, { ...record, timestamp, offset: record.offset - subtract })
  }
  if (!isWrapped) return messages.finish()
  const compressed = compress(compression, messages.finish(), { level: options.level, magic })
  // What comes at once is valid until kernels are used again.
  const value = compressed instanceof Promise ? await compressed : compressed.slice()
  const wrapper = new ByteWriter(value.length + 64)
  writeMessage(wrapper, magic, typeBit | codec, {
    offset: placed.at(-1)!.offset,
    timestamp: appendTime ?? placed.reduce((max, record) => Math.max(max, record.timestamp), -1),
    key: null,
    value,
  })
  return wrapper.finish()
}

function place(records: Iterable<EncodableRecord>, baseOffset: number | undefined): PlacedRecord[] {
  const placed: PlacedRecord[] = []
  let next = baseOffset
  for (const record of records) {
    const offset = record.offset ?? next ?? 0
    if (!Number.isSafeInteger(offset) || offset < (next ?? offset)) {
      throw new EncodeError(`offset ${offset} comes before ${next}, the least that can follow`, 'record.offset')
    }
    placed.push({ ...record, offset })
    next = offset + 1
  }
  return placed
}

function writeMessage(writer: ByteWriter, magic: 0 | 1, attributes: number, record: PlacedRecord): void {
  const { offset, timestamp, key = null, value = null, headers } = record
  if (headers !== undefined && headers.length > 0) {
    throw new EncodeError(`message format v${magic} has no headers`, 'record.headers')
  }
  let keyBytes: Uint8Array | null
  let valueBytes: Uint8Array | null
  try {
    if (!Number.isSafeInteger(timestamp)) throw new EncodeError('not a timestamp')
    keyBytes = contentBytes(key)
    valueBytes = contentBytes(value)
  } catch (cause) {
    throw recordFault(timestamp, key, value, undefined, cause)
  }
  writer.int64(BigInt(offset))
  const sizeAt = writer.reserve(4)
  const crcAt = writer.reserve(4)
  const magicAt = writer.length
  writer.int8(magic)
  writer.int8(attributes)
  if (magic === 1) writer.int64(BigInt(timestamp))
  writeContent(writer, keyBytes)
  writeContent(writer, valueBytes)
  writer.int32At(sizeAt, writer.length - crcAt)
  writer.int32At(crcAt, crc32(writer.finish(), magicAt) | 0)
}

function contentBytes(content: unknown): Uint8Array | null {
  if (typeof content === 'string') return encodeUtf8(content)
  if (content === null || content instanceof Uint8Array) return content
  throw new EncodeError('neither bytes, text nor null')
}

function writeContent(writer: ByteWriter, content: Uint8Array | null): void {
  writer.int32(content === null ? -1 : content.length)
  if (content !== null) writer.raw(content)
}
