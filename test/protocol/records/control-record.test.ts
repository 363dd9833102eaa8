import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../../src/errors.ts'
import { encodeEndTransactionMarker, readControlRecord } from '../../../src/protocol/records/control-record.ts'
import { readBatches } from '../../../src/protocol/records/read-batches.ts'

const NOW = 1_700_000_000_000
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))

describe('control records', () => {
  test.each(['commit', 'abort'] as const)('of a %s marker are read as they were encoded', async (type) => {
    const bytes = encodeEndTransactionMarker({
      type,
      producerId: 77n,
      producerEpoch: 3,
      coordinatorEpoch: 12,
      timestamp: NOW,
      baseOffset: 100,
      partitionLeaderEpoch: 4,
    })
    const [batch] = readBatches(bytes)
    expect(batch).toMatchObject({
      isControl: true,
      isTransactional: true,
      producerId: 77n,
      producerEpoch: 3,
      baseSequence: -1,
      baseOffset: 100,
      lastOffset: 100,
      partitionLeaderEpoch: 4,
      maxTimestamp: NOW,
      count: 1,
    })
    const [record] = await batch!.records()
    expect(readControlRecord(record!)).toEqual({ type, version: 0, coordinatorEpoch: 12 })
  })

  test.each([
    ['00000002', 'leader-change'],
    ['00000003', 'snapshot-header'],
    ['00000004', 'snapshot-footer'],
    ['00000005', 'kraft-version'],
    ['00000006', 'kraft-voters'],
    ['00000007', 'unknown'],
    ['0000ffff', 'unknown'],
  ] as const)('with key %s are of type %s', (key, type) => {
    expect(readControlRecord({ key: fromHex(key), value: null })).toEqual({ type, version: 0, coordinatorEpoch: -1 })
  })

  test('of later versions are read as far as they are known', () => {
    const record = { key: fromHex('000100010203'), value: fromHex('00010000000509') }
    expect(readControlRecord(record)).toEqual({ type: 'commit', version: 1, coordinatorEpoch: 5 })
  })

  test.each([
    [null, null],
    ['0000', null],
    ['00000001', null],
    ['00000001', '0000000000'],
  ])('with key %s and value %s are refused', (key, value) => {
    const record = { key: key === null ? null : fromHex(key), value: value === null ? null : fromHex(value) }
    expect(() => readControlRecord(record)).toThrow(DecodeError)
  })
})
