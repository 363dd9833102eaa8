import { DecodeError } from '../../errors.ts'
import { crc32 } from '../bytes/crc32.ts'
import { decompress } from '../compression/registry.ts'
import { checkCrc, codecOf, readInt64, readOffset, type BatchFrame, type ReadOptions } from './batch-format.ts'
import { AT, ATTRIBUTE, LOG_OVERHEAD } from './batch-header.ts'
import { MessageCursor, type MessageSection } from './message-cursor.ts'
import { KEY_LENGTH_AT, MESSAGE_AT, MIN_MESSAGE_SIZE } from './message-layout.ts'
import { RecordBatch, type BatchInfo } from './record-batch.ts'

/**
 * Reads the message of format v0 or v1 that fills `frame`: one record, or a wrapper whose value is a compressed message set
 * (Java: LegacyRecord, AbstractLegacyRecordBatch). Throws DecodeError for a bad message or checksum.
 */
export function readMessage(frame: BatchFrame, magic: 0 | 1, options: ReadOptions): RecordBatch {
  const { bytes, view, position, sizeInBytes, index } = frame
  if (sizeInBytes < MIN_MESSAGE_SIZE[magic]) {
    throw new DecodeError(`a v${magic} message of ${sizeInBytes} bytes is shorter than an empty one`, {
      offset: position + AT.LENGTH,
      path: `batches[${index}].messageSize`,
    })
  }
  const end = position + sizeInBytes
  if (options.checkCrcs !== false) {
    const computed = crc32(bytes, position + MESSAGE_AT.MAGIC, end)
    checkCrc(frame, view.getUint32(position + MESSAGE_AT.CRC), computed, MESSAGE_AT.CRC)
  }
  const attributes = view.getInt8(position + MESSAGE_AT.ATTRIBUTES)
  const compression = codecOf(frame, attributes, position + MESSAGE_AT.ATTRIBUTES)
  const offset = readOffset(frame, position + AT.BASE_OFFSET)
  const createdOrAppended = (attributes & ATTRIBUTE.APPEND_TIME) === 0 ? 'create' : 'append'
  const info: BatchInfo = {
    magic,
    position,
    sizeInBytes,
    baseOffset: offset,
    lastOffset: offset,
    partitionLeaderEpoch: -1,
    attributes,
    compression,
    timestampType: magic === 0 ? 'none' : createdOrAppended,
    baseTimestamp: -1,
    maxTimestamp: magic === 0 ? -1 : readInt64(view, position + MESSAGE_AT.TIMESTAMP),
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    isTransactional: false,
    isControl: false,
    deleteHorizonMs: undefined,
    count: compression === 'none' ? 1 : undefined,
  }
  const origin = options.copyRecords === true ? position : 0
  const section: MessageSection = {
    magic,
    addToOffset: 0,
    appendTime: info.timestampType === 'append' ? info.maxTimestamp : undefined,
    // The one message of an uncompressed batch has been checked by now.
    checkCrcs: compression !== 'none' && options.checkCrcs !== false,
    fault(reason, at, record) {
      const path = record < 0 ? `batches[${index}].records` : `batches[${index}].records[${record}]`
      if (compression === 'none') return new DecodeError(reason, { offset: origin + at, path })
      return new DecodeError(`at byte ${at} of the decompressed messages: ${reason}`, { offset: position, path })
    },
  }
  return new RecordBatch(info, bytes.subarray(position, end), () => {
    if (compression === 'none') {
      return options.copyRecords === true
        ? new MessageCursor(bytes.slice(position, end), 0, sizeInBytes, section)
        : new MessageCursor(bytes, position, end, section)
    }
    return openWrapper(frame, info, section, options.maxDecompressedBytes)
  })
}

async function openWrapper(
  frame: BatchFrame,
  info: BatchInfo,
  section: MessageSection,
  maxBytes: number | undefined,
): Promise<MessageCursor> {
  const { bytes, position, sizeInBytes } = frame
  const magic = section.magic
  const wrapper = new MessageCursor(bytes, position, position + sizeInBytes, {
    ...section,
    checkCrcs: false,
    fault: (reason, at) => new DecodeError(reason, { offset: at, path: `batches[${frame.index}]` }),
  })
  wrapper.next()
  const compressed = wrapper.value()
  if (compressed === null) {
    throw new DecodeError('a compressed message has no value', {
      offset: position + KEY_LENGTH_AT[magic],
      path: `batches[${frame.index}].value`,
    })
  }
  const messages = await decompress(info.compression, compressed, { maxBytes, magic })
  const lastInner = checkInner(messages, section)
  // Offsets within a v1 wrapper count from its first message, and the wrapper has that of its last one. Old clients left it 0 when
  // producing, and then they count from 0 (Java: DeepRecordsIterator).
  const addToOffset = magic === 1 && info.lastOffset !== 0 ? info.lastOffset - lastInner : 0
  return new MessageCursor(messages, 0, messages.length, { ...section, addToOffset })
}

/** Hops over the messages within a wrapper, checks that they may be there, and returns the offset of the last one. */
function checkInner(messages: Uint8Array, section: MessageSection): number {
  const view = new DataView(messages.buffer, messages.byteOffset, messages.byteLength)
  let lastOffset = -1
  let index = 0
  for (let at = 0; at < messages.length; index++) {
    const left = messages.length - at
    const size = left < LOG_OVERHEAD ? left + 1 : LOG_OVERHEAD + view.getInt32(at + AT.LENGTH)
    if (size < MIN_MESSAGE_SIZE[section.magic] || size > left) {
      throw section.fault(`a message of ${size} bytes where ${left} are left`, at, index)
    }
    if (view.getInt8(at + MESSAGE_AT.MAGIC) !== section.magic) {
      throw section.fault('its format is not that of the message around it', at + MESSAGE_AT.MAGIC, index)
    }
    if ((view.getInt8(at + MESSAGE_AT.ATTRIBUTES) & ATTRIBUTE.CODEC) !== 0) {
      throw section.fault('a compressed message within a compressed message', at + MESSAGE_AT.ATTRIBUTES, index)
    }
    lastOffset = readInt64(view, at)
    at += size
  }
  if (index === 0) throw section.fault('a compressed message holds no messages', 0, -1)
  return lastOffset
}
