import { array, int16, int32, int64, int8, message, nullable, string, struct, type Message } from '../schema.ts'
import {
  decodeAfterPrefix,
  decodeVersioned,
  readPrefix,
  type StoredRecord,
  type UnknownStoredRecord,
} from './versioned.ts'

/** Key of a record in `__transaction_state`. */
export interface TransactionLogKey {
  transactionalId: string
}

export const transactionLogKey: Message<TransactionLogKey> = message<TransactionLogKey>({
  name: 'TransactionLogKey',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: null,
  fields: { transactionalId: string },
})

/**
 * The state of a transactional id. Version 1 is written once the feature transaction.version is 1 or above (KIP-890).
 */
export interface TransactionLogValue {
  producerId: bigint
  /** Producer id of the last transaction that ended; -1 when it has not changed. */
  previousProducerId: bigint
  /** Producer id that takes over once this transaction has ended; -1 when none does. */
  nextProducerId: bigint
  producerEpoch: number
  /** Epoch that goes with `nextProducerId`; -1 for none. */
  nextProducerEpoch: number
  /** Milliseconds after which the coordinator aborts the transaction by itself. */
  transactionTimeoutMs: number
  /**
   * 0 empty, 1 ongoing, 2 prepare commit, 3 prepare abort, 4 complete commit, 5 complete abort, 6 dead, 7 prepare epoch
   * fence.
   */
  transactionStatus: number
  /** Partitions that the transaction has written to; null when it is empty. */
  transactionPartitions: TransactionLogPartitions[] | null
  /** Milliseconds since the epoch of the last change. */
  transactionLastUpdateTimestampMs: bigint
  /** Milliseconds since the epoch; -1 when no transaction has begun. */
  transactionStartTimestampMs: bigint
  /** The transaction.version that the client goes by: from 2 on each transaction has an epoch of its own. */
  clientTransactionVersion: number
}

export interface TransactionLogPartitions {
  topic: string
  partitionIds: number[]
}

const partitions = struct<TransactionLogPartitions>({ topic: string, partitionIds: array(int32) })

export const transactionLogValue: Message<TransactionLogValue> = message<TransactionLogValue>({
  name: 'TransactionLogValue',
  apiKey: null,
  versions: { min: 0, max: 1 },
  flexibleFrom: 1,
  fields: {
    producerId: int64,
    previousProducerId: int64.since(1).tagged(0).default(-1n),
    nextProducerId: int64.since(1).tagged(1).default(-1n),
    producerEpoch: int16,
    nextProducerEpoch: int16.since(1).tagged(3).default(-1),
    transactionTimeoutMs: int32,
    transactionStatus: int8,
    transactionPartitions: nullable(array(partitions)),
    transactionLastUpdateTimestampMs: int64,
    transactionStartTimestampMs: int64,
    clientTransactionVersion: int16.since(1).tagged(2),
  },
})

/** A record of `__transaction_state`: `kind` tells what `key` and `value` are. */
export type TransactionRecord =
  | StoredRecord<'transaction', TransactionLogKey, TransactionLogValue>
  | UnknownStoredRecord

/**
 * Reads a record of `__transaction_state`. A key of a type that is not known gives `kind: 'unknown'` and the bytes; a
 * null value is a tombstone. Throws DecodeError, and UnsupportedVersionError for a value of an unknown version.
 */
export function decodeTransactionRecord(key: Uint8Array, value: Uint8Array | null): TransactionRecord {
  const type = readPrefix(key, 'TransactionRecord.key')
  if (type !== 0) return { kind: 'unknown', type, key, value }
  return {
    kind: 'transaction',
    key: decodeAfterPrefix(transactionLogKey, key, 0),
    value: value === null ? null : decodeVersioned(transactionLogValue, value),
  }
}
