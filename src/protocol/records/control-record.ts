import { DecodeError } from '../../errors.ts'
import { ByteReader } from '../bytes/reader.ts'
import { ByteWriter } from '../bytes/writer.ts'
import { RecordBatchBuilder } from './record-batch-builder.ts'
import type { DecodedRecord } from './record.ts'

/** What a control record says, in the order of its numbers on the wire (Java: ControlRecordType). */
export type ControlRecordType =
  | 'abort'
  | 'commit'
  | 'leader-change'
  | 'snapshot-header'
  | 'snapshot-footer'
  | 'kraft-version'
  | 'kraft-voters'
  | 'unknown'

const TYPES: readonly ControlRecordType[] = [
  'abort',
  'commit',
  'leader-change',
  'snapshot-header',
  'snapshot-footer',
  'kraft-version',
  'kraft-voters',
]

/** A record of a control batch. */
export interface ControlRecord {
  /** `unknown` for types of later versions, which clients pass over. */
  type: ControlRecordType
  /** Version of the key. */
  version: number
  /** Epoch of the transaction coordinator that wrote an abort or commit marker; -1 for other types. */
  coordinatorEpoch: number
}

/** Reads what a record of a control batch says. Throws DecodeError when it is too short for it. */
export function readControlRecord(record: Pick<DecodedRecord, 'key' | 'value'>): ControlRecord {
  if (record.key === null) throw new DecodeError('a control record has no key', { offset: 0, path: 'record.key' })
  const key = new ByteReader(record.key)
  const version = key.int16()
  const type = TYPES[key.int16()] ?? 'unknown'
  if (type !== 'abort' && type !== 'commit') return { type, version, coordinatorEpoch: -1 }
  if (record.value === null)
    throw new DecodeError('a transaction marker has no value', { offset: 0, path: 'record.value' })
  const value = new ByteReader(record.value)
  value.int16() // version of the value: later ones only add fields
  return { type, version, coordinatorEpoch: value.int32() }
}

/** What ends a transaction in a partition. */
export interface EndTransactionMarker {
  type: 'abort' | 'commit'
  producerId: bigint
  producerEpoch: number
  coordinatorEpoch: number
  /** Milliseconds since the epoch. */
  timestamp: number
  /** Default 0. */
  baseOffset?: number
  /** Default -1. */
  partitionLeaderEpoch?: number
}

/** Encodes the control batch that a broker writes at the end of a transaction (Java: EndTransactionMarker). */
export function encodeEndTransactionMarker(marker: EndTransactionMarker): Uint8Array {
  const key = new ByteWriter(4)
  key.int16(0)
  key.int16(marker.type === 'commit' ? 1 : 0)
  const value = new ByteWriter(6)
  value.int16(0)
  value.int32(marker.coordinatorEpoch)
  const builder = new RecordBatchBuilder({ capacity: 128 })
  builder.append(marker.timestamp, key.finish(), value.finish())
  return builder.finish({
    isControl: true,
    isTransactional: true,
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    baseOffset: marker.baseOffset,
    partitionLeaderEpoch: marker.partitionLeaderEpoch,
  }) as Uint8Array
}
