import { describe, expect, test } from 'vitest'
import { setBaseOffset, setLogAppendTime, setProducerState } from '../../../src/protocol/records/batch-header.ts'
import { encodeRecordBatch } from '../../../src/protocol/records/encode.ts'
import { readBatches } from '../../../src/protocol/records/read-batches.ts'
import type { RecordBatch } from '../../../src/protocol/records/record-batch.ts'

const NOW = 1_700_000_000_000

/** A batch within a larger array, as it would be in a request. */
async function batchWithin(): Promise<Uint8Array> {
  const batch = await encodeRecordBatch([{ timestamp: NOW, key: 'k', value: 'v' }])
  const around = new Uint8Array(batch.length + 20)
  around.set(batch, 10)
  return around.subarray(10, 10 + batch.length)
}

const read = (batch: Uint8Array): RecordBatch => [...readBatches(batch)][0]!

describe('changing a finished batch', () => {
  test('to its place in a log leaves the checksum as it was', async () => {
    const batch = await batchWithin()
    const crc = batch.slice(17, 21)
    setBaseOffset(batch, 2 ** 40, 12)
    expect(read(batch)).toMatchObject({ baseOffset: 2 ** 40, lastOffset: 2 ** 40, partitionLeaderEpoch: 12 })
    setBaseOffset(batch, 5)
    expect(read(batch)).toMatchObject({ baseOffset: 5, partitionLeaderEpoch: 12 })
    expect(batch.slice(17, 21)).toEqual(crc)
  })

  test('to another producer state renews the checksum', async () => {
    const batch = await batchWithin()
    setProducerState(batch, { producerId: 9n, producerEpoch: 2, baseSequence: 77 })
    expect(read(batch)).toMatchObject({ producerId: 9n, producerEpoch: 2, baseSequence: 77 })
  })

  test('to the time of the broker renews the checksum', async () => {
    const batch = await batchWithin()
    setLogAppendTime(batch, NOW + 9)
    expect(read(batch)).toMatchObject({ timestampType: 'append', maxTimestamp: NOW + 9 })
    expect((await read(batch).records())[0]!.timestamp).toBe(NOW + 9)
  })

  test.each([
    ['batch.baseOffset', (batch: Uint8Array) => setBaseOffset(batch, 2 ** 53)],
    ['batch.partitionLeaderEpoch', (batch: Uint8Array) => setBaseOffset(batch, 0, 1.5)],
    [
      'batch.producerEpoch',
      (batch: Uint8Array) => setProducerState(batch, { producerId: 1n, producerEpoch: -32769, baseSequence: 0 }),
    ],
    ['batch.maxTimestamp', (batch: Uint8Array) => setLogAppendTime(batch, 0.5)],
  ])('refuses a %s that does not fit, and changes nothing', async (path, change) => {
    const batch = await batchWithin()
    const before = batch.slice()
    expect(() => change(batch)).toThrow(expect.objectContaining({ name: 'EncodeError', path }))
    expect(batch).toEqual(before)
  })
})
