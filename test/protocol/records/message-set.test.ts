import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { crc32 } from '../../../src/protocol/bytes/crc32.ts'
import { encodeMessageSet, type MessageSetOptions } from '../../../src/protocol/records/message-set-encode.ts'
import { decodeRecords, readBatches } from '../../../src/protocol/records/read-batches.ts'
import type { EncodableRecord } from '../../../src/protocol/records/record.ts'

const NOW = 1_700_000_000_000
const RECORDS: EncodableRecord[] = [
  { timestamp: NOW, key: 'a', value: 'é' },
  { timestamp: NOW + 7, key: null, value: '' },
  { timestamp: NOW - 7, key: '', value: null },
]

const encode = (options: MessageSetOptions): Promise<Uint8Array> => encodeMessageSet(RECORDS, options)

/** A message with some bytes replaced and its checksum made right again. */
function patched(message: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const copy = new Uint8Array(message)
  copy.set(bytes, at)
  new DataView(copy.buffer).setUint32(12, crc32(copy, 16))
  return copy
}

/** A gzip wrapper around anything. */
function wrap(magic: 0 | 1, inner: Uint8Array | null, lastOffset = 0): Uint8Array {
  const value = inner === null ? null : gzipSync(inner)
  const keyAt = magic === 0 ? 18 : 26
  const wrapper = new Uint8Array(keyAt + 8 + (value?.length ?? 0))
  const view = new DataView(wrapper.buffer)
  view.setBigInt64(0, BigInt(lastOffset))
  view.setInt32(8, wrapper.length - 12)
  wrapper[16] = magic
  wrapper[17] = 1
  view.setInt32(keyAt, -1)
  view.setInt32(keyAt + 4, value === null ? -1 : value.length)
  if (value !== null) wrapper.set(value, keyAt + 8)
  return patched(wrapper, 0)
}

describe.each([0, 1] as const)('a message set of format v%i', (magic) => {
  const timestamps = magic === 0 ? [-1, -1, -1] : RECORDS.map((record) => record.timestamp)

  test('is a batch for each record when it is not compressed', async () => {
    const batches = [...readBatches(await encode({ magic, baseOffset: 5 }))]
    expect(batches.map((batch) => batch.count)).toEqual([1, 1, 1])
    expect(batches.map((batch) => batch.baseOffset)).toEqual([5, 6, 7])
    expect(batches[0]).toMatchObject({
      magic,
      timestampType: magic === 0 ? 'none' : 'create',
      maxTimestamp: timestamps[0],
      producerId: -1n,
      isTransactional: false,
      isControl: false,
    })
  })

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'gives back its records with codec %s',
    async (compression) => {
      const records = await decodeRecords(await encode({ magic, compression, baseOffset: 5 }))
      expect(records.map((record) => record.offset)).toEqual([5, 6, 7])
      expect(records.map((record) => record.timestamp)).toEqual(timestamps)
      expect(records.map((record) => record.key)).toEqual([Uint8Array.of(0x61), null, new Uint8Array()])
      expect(records.map((record) => record.value)).toEqual([Uint8Array.of(0xc3, 0xa9), new Uint8Array(), null])
      expect(records.map((record) => record.headers)).toEqual([[], [], []])
    },
  )

  test('is one batch when it is compressed, known by its last offset', async () => {
    const [batch, ...others] = readBatches(await encode({ magic, compression: 'gzip', baseOffset: 5 }))
    expect(others).toEqual([])
    expect(batch).toMatchObject({ baseOffset: 7, lastOffset: 7, count: undefined, compression: 'gzip' })
  })

  test('keeps gaps between offsets when it is compressed', async () => {
    const records = [3, 9, 12].map((offset) => ({ timestamp: NOW, value: 'v', offset }))
    const bytes = await encodeMessageSet(records, { magic, compression: 'gzip' })
    expect((await decodeRecords(bytes)).map((record) => record.offset)).toEqual([3, 9, 12])
  })

  test('has checksums that are verified, inside and out', async () => {
    const plain = await encode({ magic })
    const corrupt = plain.slice()
    corrupt[corrupt.length - 1]! ^= 1
    await expect(decodeRecords(corrupt)).rejects.toMatchObject({ code: 'KAFKA_DECODE', path: 'batches[2].crc' })
    expect(await decodeRecords(corrupt, { checkCrcs: false })).toHaveLength(3)
    const wrapped = wrap(magic, corrupt, 2)
    await expect(decodeRecords(wrapped)).rejects.toMatchObject({ code: 'KAFKA_DECODE', path: 'batches[0].records[2]' })
    expect(await decodeRecords(wrapped, { checkCrcs: false })).toHaveLength(3)
  })

  test('is refused when a wrapper holds what it may not', async () => {
    const other = await encode({ magic: magic === 0 ? 1 : 0 })
    const inner = await encode({ magic })
    await expect(decodeRecords(wrap(magic, null))).rejects.toThrow('no value')
    await expect(decodeRecords(wrap(magic, new Uint8Array()))).rejects.toThrow('no messages')
    await expect(decodeRecords(wrap(magic, other))).rejects.toThrow(magic === 0 ? 'format' : 'are left')
    await expect(decodeRecords(wrap(magic, wrap(magic, inner)))).rejects.toThrow('within a compressed message')
    await expect(decodeRecords(wrap(magic, inner.subarray(0, -1)))).rejects.toThrow('are left')
    await expect(decodeRecords(wrap(magic, inner.subarray(0, 5)))).rejects.toThrow('are left')
    await expect(decodeRecords(wrap(magic, patched(inner, 8, 0xff)))).rejects.toThrow('are left')
  })

  test('is refused when a key or value goes past its message', async () => {
    const keyAt = magic === 0 ? 18 : 26
    const size = keyAt + 4 + 1 + 4 + 2
    const single = (await encode({ magic })).slice(0, size)
    await expect(decodeRecords(patched(single, keyAt, 0, 0, 0, 99))).rejects.toMatchObject({ offset: keyAt })
    await expect(decodeRecords(patched(single, keyAt, 0, 0, 0, 6))).rejects.toThrow('a value')
    await expect(decodeRecords(patched(single, keyAt + 5, 0, 0, 0, 3))).rejects.toMatchObject({ offset: keyAt + 5 })
    await expect(decodeRecords(patched(single, 8, 0, 0, 0, 14 + magic * 8 - 1))).rejects.toThrow(/shorter|smallest/)
  })

  test('refuses headers, which it cannot carry', async () => {
    const records = [{ timestamp: NOW, headers: [{ key: 'h', value: null }] }]
    await expect(encodeMessageSet(records, { magic })).rejects.toMatchObject({ path: 'record.headers' })
  })

  test.each([
    [{ timestamp: 0.5 }, 'record.timestamp'],
    [{ timestamp: NOW, key: '\ud800' }, 'record.key'],
    [{ timestamp: NOW, value: 5 as unknown as string }, 'record.value'],
    [{ timestamp: NOW, offset: -1.5 }, 'record.offset'],
  ])('refuses %o', async (record, path) => {
    await expect(encodeMessageSet([record], { magic })).rejects.toMatchObject({ name: 'EncodeError', path })
  })

  test('without records is empty, compressed or not', async () => {
    expect(await encodeMessageSet([], { magic })).toHaveLength(0)
    expect(await encodeMessageSet([], { magic, compression: 'gzip' })).toHaveLength(0)
  })
})

describe('a message set of format v1', () => {
  test.each(['none', 'gzip'] as const)(
    'has the time of the broker when that stamped it, with codec %s',
    async (compression) => {
      const bytes = await encode({ magic: 1, compression, logAppendTime: NOW + 99 })
      const [batch] = readBatches(bytes)
      expect(batch).toMatchObject({ timestampType: 'append', maxTimestamp: NOW + 99 })
      expect((await decodeRecords(bytes)).map((record) => record.timestamp)).toEqual([NOW + 99, NOW + 99, NOW + 99])
    },
  )

  test('counts from 0 in a wrapper of offset 0, as old clients produce it', async () => {
    const inner = await encode({ magic: 1 })
    expect((await decodeRecords(wrap(1, inner, 0))).map((record) => record.offset)).toEqual([0, 1, 2])
    expect((await decodeRecords(wrap(1, inner, 12))).map((record) => record.offset)).toEqual([10, 11, 12])
  })
})
