import { EncodeError } from '../../errors.ts'
import { crc32c } from '../bytes/crc32c.ts'
import { dataViewOf } from '../bytes/data-view.ts'

/** Bytes of a v2 batch before its records (Java: DefaultRecordBatch.RECORD_BATCH_OVERHEAD). */
export const BATCH_HEADER_SIZE = 61

/** Bytes before what the batch length counts: the base offset and the length itself. The same in v0, v1 and v2. */
export const LOG_OVERHEAD = 12

/** Where the fields of a v2 batch header are, in bytes from its start. Up to MAGIC the same in v0 and v1. */
export const AT = {
  BASE_OFFSET: 0,
  LENGTH: 8,
  PARTITION_LEADER_EPOCH: 12,
  MAGIC: 16,
  CRC: 17,
  ATTRIBUTES: 21,
  LAST_OFFSET_DELTA: 23,
  BASE_TIMESTAMP: 27,
  MAX_TIMESTAMP: 35,
  PRODUCER_ID: 43,
  PRODUCER_EPOCH: 51,
  BASE_SEQUENCE: 53,
  COUNT: 57,
} as const

/** Bits of the attributes. The lowest three are the codec; v0 and v1 know only these and APPEND_TIME. */
export const ATTRIBUTE = {
  CODEC: 0x07,
  APPEND_TIME: 0x08,
  TRANSACTIONAL: 0x10,
  CONTROL: 0x20,
  /** The base timestamp is the time until which tombstones and markers are kept (KIP-534). */
  DELETE_HORIZON: 0x40,
} as const

/** What a v2 batch header says, apart from its length, its checksum and its codec. */
export interface BatchHeader {
  baseOffset: number
  lastOffsetDelta: number
  baseTimestamp: number
  maxTimestamp: number
  partitionLeaderEpoch: number
  attributes: number
  producerId: bigint
  producerEpoch: number
  baseSequence: number
  count: number
}

/** Writes the header of a v2 batch that fills `batch` and whose records are in place, with its checksum. */
export function writeBatchHeader(batch: Uint8Array, header: BatchHeader): void {
  const view = dataViewOf(batch.buffer)
  const base = batch.byteOffset
  writeInt64(view, base + AT.BASE_OFFSET, header.baseOffset, 'baseOffset')
  view.setInt32(base + AT.LENGTH, batch.length - LOG_OVERHEAD)
  view.setInt32(base + AT.PARTITION_LEADER_EPOCH, int32(header.partitionLeaderEpoch, 'partitionLeaderEpoch'))
  view.setInt8(base + AT.MAGIC, 2)
  view.setInt16(base + AT.ATTRIBUTES, header.attributes)
  view.setInt32(base + AT.LAST_OFFSET_DELTA, int32(header.lastOffsetDelta, 'lastOffsetDelta'))
  writeInt64(view, base + AT.BASE_TIMESTAMP, header.baseTimestamp, 'baseTimestamp')
  writeInt64(view, base + AT.MAX_TIMESTAMP, header.maxTimestamp, 'maxTimestamp')
  writeProducerState(view, base, header)
  view.setInt32(base + AT.COUNT, header.count)
  writeCrc(batch, view)
}

/** A header with what is the same in all batches of a producer that does not compress. */
const PLAIN_HEADER = plainHeader()

function plainHeader(): Uint8Array {
  const header = new Uint8Array(BATCH_HEADER_SIZE)
  header.fill(0xff, AT.PARTITION_LEADER_EPOCH, AT.MAGIC)
  header[AT.MAGIC] = 2
  header.fill(0xff, AT.PRODUCER_ID, AT.COUNT)
  return header
}

/**
 * As writeBatchHeader, for records as a producer sends them that does not compress: the straight way, since sends of single records hang on it.
 *
 * @param state - undefined for a producer that is not idempotent.
 */
export function writePlainHeader(
  batch: Uint8Array,
  count: number,
  baseTimestamp: number,
  maxTimestamp: number,
  state: (ProducerState & { readonly isTransactional: boolean }) | undefined,
): void {
  batch.set(PLAIN_HEADER)
  const view = dataViewOf(batch.buffer)
  const base = batch.byteOffset
  view.setInt32(base + AT.LENGTH, batch.length - LOG_OVERHEAD)
  view.setInt32(base + AT.LAST_OFFSET_DELTA, Math.max(count - 1, 0))
  putInt64(view, base + AT.BASE_TIMESTAMP, baseTimestamp)
  putInt64(view, base + AT.MAX_TIMESTAMP, maxTimestamp)
  view.setInt32(base + AT.COUNT, count)
  if (state !== undefined) {
    if (state.isTransactional) batch[AT.ATTRIBUTES + 1] = ATTRIBUTE.TRANSACTIONAL
    writeProducerState(view, base, state)
  }
  writeCrc(batch, view)
}

/**
 * Gives a finished v2 batch its place in a log, in place, as a broker does when it appends it. These fields are
 * outside the checksum.
 */
export function setBaseOffset(batch: Uint8Array, baseOffset: number, partitionLeaderEpoch?: number): void {
  const view = dataViewOf(batch.buffer)
  const base = batch.byteOffset
  writeInt64(view, base + AT.BASE_OFFSET, baseOffset, 'baseOffset')
  if (partitionLeaderEpoch !== undefined) {
    view.setInt32(base + AT.PARTITION_LEADER_EPOCH, int32(partitionLeaderEpoch, 'partitionLeaderEpoch'))
  }
}

/** The producer's part of a batch header (KIP-98). */
export interface ProducerState {
  /** -1 without idempotence. */
  producerId: bigint
  producerEpoch: number
  /** Sequence number of the batch's first record. */
  baseSequence: number
}

/** Replaces the producer id, epoch and sequence of a finished v2 batch, in place, and renews its checksum. */
export function setProducerState(batch: Uint8Array, state: ProducerState): void {
  const view = dataViewOf(batch.buffer)
  const base = batch.byteOffset
  writeProducerState(view, base, state)
  writeCrc(batch, view)
}

/** Marks a finished v2 batch as stamped by the broker at `timestamp`, in place, and renews its checksum. */
export function setLogAppendTime(batch: Uint8Array, timestamp: number): void {
  const view = dataViewOf(batch.buffer)
  const base = batch.byteOffset
  writeInt64(view, base + AT.MAX_TIMESTAMP, timestamp, 'maxTimestamp')
  view.setInt16(base + AT.ATTRIBUTES, view.getInt16(base + AT.ATTRIBUTES) | ATTRIBUTE.APPEND_TIME)
  writeCrc(batch, view)
}

function writeProducerState(view: DataView, base: number, state: ProducerState): void {
  const { producerId, producerEpoch, baseSequence } = state
  if (typeof producerId !== 'bigint' || BigInt.asIntN(64, producerId) !== producerId) {
    throw new EncodeError(`${String(producerId)} is not an int64`, 'batch.producerId')
  }
  if ((producerEpoch << 16) >> 16 !== producerEpoch) {
    throw new EncodeError(`${String(producerEpoch)} is not an int16`, 'batch.producerEpoch')
  }
  int32(baseSequence, 'baseSequence')
  view.setBigInt64(base + AT.PRODUCER_ID, producerId)
  view.setInt16(base + AT.PRODUCER_EPOCH, producerEpoch)
  view.setInt32(base + AT.BASE_SEQUENCE, baseSequence)
}

function writeCrc(batch: Uint8Array, view: DataView): void {
  view.setUint32(batch.byteOffset + AT.CRC, crc32c(batch, AT.ATTRIBUTES))
}

function int32(value: number, field: string): number {
  if ((value | 0) !== value) throw new EncodeError(`${String(value)} is not an int32`, `batch.${field}`)
  return value
}

function writeInt64(view: DataView, at: number, value: number, field: string): void {
  if (!Number.isSafeInteger(value)) {
    throw new EncodeError(`${String(value)} is not an integer within +-(2^53 - 1)`, `batch.${field}`)
  }
  putInt64(view, at, value)
}

function putInt64(view: DataView, at: number, value: number): void {
  view.setInt32(at, Math.floor(value / 0x100000000))
  view.setUint32(at + 4, value >>> 0)
}
