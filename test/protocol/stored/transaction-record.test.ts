import { describe, expect, it } from 'vitest'
import { DecodeError, UnsupportedVersionError } from '../../../src/errors.ts'
import {
  decodeTransactionRecord,
  transactionLogKey,
  transactionLogValue,
} from '../../../src/protocol/stored/transaction-record.ts'
import { encodeVersioned } from '../../../src/protocol/stored/versioned.ts'

const key = encodeVersioned(transactionLogKey, { transactionalId: 'tx' }, 0)

describe('decodeTransactionRecord', () => {
  it('reads the state of a transactional id', () => {
    const value = encodeVersioned(
      transactionLogValue,
      {
        producerId: 4000n,
        producerEpoch: 2,
        transactionTimeoutMs: 60_000,
        transactionStatus: 1,
        transactionPartitions: [{ topic: 'orders', partitionIds: [0, 3] }],
        transactionLastUpdateTimestampMs: 8n,
        transactionStartTimestampMs: 7n,
        clientTransactionVersion: 2,
      },
      1,
    )
    expect(decodeTransactionRecord(key, value)).toEqual({
      kind: 'transaction',
      key: { transactionalId: 'tx' },
      value: {
        producerId: 4000n,
        previousProducerId: -1n,
        nextProducerId: -1n,
        producerEpoch: 2,
        nextProducerEpoch: -1,
        transactionTimeoutMs: 60_000,
        transactionStatus: 1,
        transactionPartitions: [{ topic: 'orders', partitionIds: [0, 3] }],
        transactionLastUpdateTimestampMs: 8n,
        transactionStartTimestampMs: 7n,
        clientTransactionVersion: 2,
      },
    })
  })

  it('gives null for the value of a tombstone', () => {
    expect(decodeTransactionRecord(key, null)).toEqual({
      kind: 'transaction',
      key: { transactionalId: 'tx' },
      value: null,
    })
  })

  it('hands back the bytes of a record of an unknown type', () => {
    const unknown = Uint8Array.of(0, 1, 9)
    expect(decodeTransactionRecord(unknown, null)).toEqual({ kind: 'unknown', type: 1, key: unknown, value: null })
  })

  it('refuses a value of a version that it does not know, and names it', () => {
    const value = Uint8Array.of(0, 2)
    const act = () => decodeTransactionRecord(key, value)
    expect(act).toThrow(UnsupportedVersionError)
    expect(act).toThrow('TransactionLogValue has no version 2')
  })

  it('refuses a key that is too short to have a type', () => {
    expect(() => decodeTransactionRecord(Uint8Array.of(0), null)).toThrow(DecodeError)
  })
})
