import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../../src/errors.ts'
import { crc32c } from '../../../src/protocol/bytes/crc32c.ts'
import { encodeRecordBatch, type EncodeOptions } from '../../../src/protocol/records/encode.ts'
import { encodeMessageSet } from '../../../src/protocol/records/message-set-encode.ts'
import { decodeRecords, readBatches } from '../../../src/protocol/records/read-batches.ts'
import type { EncodableRecord } from '../../../src/protocol/records/record.ts'

const NOW = 1_700_000_000_000
const RECORDS: EncodableRecord[] = [
  { timestamp: NOW, key: 'a', value: '1' },
  { timestamp: NOW + 5, key: null, value: 'two', headers: [{ key: 'h', value: 'x' }] },
  { timestamp: NOW - 5, key: 'c', value: null },
]

const encode = (options?: EncodeOptions): Promise<Uint8Array> => encodeRecordBatch(RECORDS, options)
const concat = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

const at = (offset: number): EncodableRecord => ({ timestamp: NOW, offset })

/** The error that reading everything ends with. */
async function faultOf(bytes: Uint8Array): Promise<DecodeError> {
  let fault: unknown
  try {
    await decodeRecords(bytes)
  } catch (error) {
    fault = error
  }
  expect(fault).toBeInstanceOf(DecodeError)
  return fault as DecodeError
}

/** A batch with some bytes replaced and its checksum made right again. */
function patched(batch: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const copy = batch.slice()
  copy.set(bytes, at)
  new DataView(copy.buffer).setUint32(17, crc32c(copy, 21))
  return copy
}

describe('reading batches', () => {
  test('gives views of the input and not copies', async () => {
    const bytes = await encode()
    const [batch] = readBatches(bytes)
    const [first] = await batch!.records()
    expect(first!.value!.buffer).toBe(bytes.buffer)
    bytes.fill(0)
    expect(first!.value).toEqual(Uint8Array.of(0))
  })

  test.each(['v0', 'v1', 'v2', 'compressed'] as const)(
    'of %s gives views of a copy when it is told to, in which the input may be written over',
    async (format) => {
      const batch =
        format === 'v0' || format === 'v1'
          ? await encodeMessageSet([{ timestamp: NOW, key: 'a', value: '1' }], { magic: format === 'v0' ? 0 : 1 })
          : await encode({ compression: format === 'compressed' ? 'gzip' : 'none' })
      const input = concat(await encode(), batch)
      const [, last] = readBatches(input, { copyRecords: true })
      const cursor = await last!.cursor()
      cursor.next()
      const [key, value] = [cursor.key(), cursor.value()]
      input.fill(0xff)
      expect([key, value]).toEqual([Uint8Array.of(97), Uint8Array.of(49)])
      if (format === 'v2' || format === 'compressed') {
        cursor.next()
        expect(cursor.headers()).toEqual([{ key: 'h', value: Uint8Array.of(120) }])
      }
    },
  )

  test('gives plain arrays also when the input is a Buffer or node:zlib made one', async () => {
    for (const compression of ['none', 'gzip', 'lz4'] as const) {
      const records = await decodeRecords(Buffer.from(await encode({ compression })))
      const arrays = [records[0]!.key, records[0]!.value, records[1]!.headers[0]!.value]
      expect(arrays.map((array) => array!.constructor)).toEqual([Uint8Array, Uint8Array, Uint8Array])
    }
  })

  test('reads a view into a larger array and places faults within the view', async () => {
    const batch = await encode()
    const padded = concat(new Uint8Array(11), batch, batch, new Uint8Array(5))
    const view = padded.subarray(11, 11 + 2 * batch.length)
    expect(await decodeRecords(view)).toHaveLength(6)
    view[batch.length + 30]! ^= 1
    expect(await faultOf(view)).toMatchObject({ offset: batch.length + 17, path: 'batches[1].crc' })
  })

  test('is lazy: a bad batch is reported only after the good ones before it', async () => {
    const good = await encode()
    const bad = good.slice()
    bad[70]! ^= 1
    const batches = readBatches(concat(good, bad, good))
    expect(batches.next().value).toMatchObject({ position: 0, count: 3 })
    expect(() => batches.next()).toThrow(/checksum/)
  })

  test('stops silently at a batch that is cut off, wherever that is', async () => {
    const batch = await encode()
    for (let cut = 0; cut < batch.length; cut++) {
      expect(await decodeRecords(concat(batch, batch.subarray(0, cut)))).toHaveLength(3)
    }
  })

  test('gives records at once, also compressed ones that are few, when the codec is loaded', async () => {
    const [plain] = readBatches(await encode())
    const [zipped] = readBatches(await encode({ compression: 'gzip' }))
    expect(plain!.records()).toBeInstanceOf(Array)
    expect(zipped!.records()).toEqual(plain!.records())
  })

  test('passes over the checksum when it is told to', async () => {
    const bytes = await encode()
    bytes[17]! ^= 1
    expect(await decodeRecords(bytes, { checkCrcs: false })).toHaveLength(3)
    await expect(decodeRecords(bytes)).rejects.toThrow(/checksum/)
  })

  test('leaves control batches out unless they are asked for', async () => {
    const bytes = concat(await encode({ isControl: true }), await encode())
    expect(await decodeRecords(bytes)).toHaveLength(3)
    expect(await decodeRecords(bytes, { includeControl: true })).toHaveLength(6)
  })

  test('gives every record the time of the broker when that stamped the batch', async () => {
    const records = await decodeRecords(await encode({ logAppendTime: NOW + 1000 }))
    expect(records.map((record) => record.timestamp)).toEqual([NOW + 1000, NOW + 1000, NOW + 1000])
  })

  test('keeps the place of a batch that compaction emptied', async () => {
    const bytes = await encodeRecordBatch([], { baseOffset: 40, lastOffsetDelta: 9, maxTimestamp: NOW, producerId: 7n })
    const [batch] = readBatches(bytes)
    expect(batch).toMatchObject({ baseOffset: 40, lastOffset: 49, maxTimestamp: NOW, producerId: 7n, count: 0 })
    expect(await batch!.records()).toEqual([])
  })

  test('reads gaps that compaction left, and encodes them again', async () => {
    const records = [3, 7, 8].map((offset) => ({ timestamp: NOW, key: 'k', value: 'v', offset }))
    const bytes = await encodeRecordBatch(records, { baseOffset: 2 })
    const decoded = await decodeRecords(bytes)
    expect(decoded.map((record) => record.offset)).toEqual([3, 7, 8])
    expect(await encodeRecordBatch(decoded, { baseOffset: 2 })).toEqual(bytes)
  })

  test('starts a batch at the offset of its first record, and refuses one that goes back', async () => {
    const [batch] = readBatches(await encodeRecordBatch([at(5), at(6)]))
    expect(batch).toMatchObject({ baseOffset: 5, lastOffset: 6 })
    await expect(encodeRecordBatch([at(5), at(5)])).rejects.toThrow('cannot encode record.offset')
    await expect(encodeRecordBatch([at(5)], { baseOffset: 6 })).rejects.toThrow('cannot encode record.offset')
    await expect(encodeRecordBatch([at(2 ** 53)])).rejects.toThrow('cannot encode record.offset')
  })
})

describe('a cursor', () => {
  test('goes through the records without making objects of them', async () => {
    const [batch] = readBatches(await encode({ baseOffset: 10 }))
    const cursor = await batch!.cursor()
    const seen: unknown[] = []
    while (cursor.next()) {
      seen.push([cursor.offset, cursor.timestamp - NOW, cursor.keySize, cursor.valueSize, cursor.headerCount])
    }
    expect(seen).toEqual([
      [10, 0, 1, 1, 0],
      [11, 5, -1, 3, 1],
      [12, -5, 1, -1, 0],
    ])
    expect(cursor.next()).toBe(false)
    expect(cursor.next()).toBe(false)
  })

  test.each([2, 1, 0] as const)(
    'gives the parts of the current record, and the record itself, in format v%i',
    async (magic) => {
      const records = RECORDS.map(({ timestamp, key, value }) => ({ timestamp, key, value }))
      const bytes = magic === 2 ? await encode() : await encodeMessageSet(records, { magic, compression: 'gzip' })
      const [batch] = readBatches(bytes)
      const all = await batch!.records()
      const cursor = await batch!.cursor()
      for (const record of all) {
        expect(cursor.next()).toBe(true)
        expect(cursor.key()).toEqual(record.key)
        expect(cursor.headers()).toEqual(record.headers)
        expect(cursor.value()).toEqual(record.value)
        expect(cursor.record()).toEqual(record)
      }
      expect(cursor.next()).toBe(false)
    },
  )

  test.each([2, 1, 0] as const)(
    'has forks at the same record, each of which moves on its own, in format v%i',
    async (magic) => {
      const records = RECORDS.map(({ timestamp, key, value }) => ({ timestamp, key, value }))
      const bytes = magic === 2 ? await encode() : await encodeMessageSet(records, { magic, compression: 'gzip' })
      const [batch] = readBatches(bytes)
      const all = await batch!.records()
      const cursor = await batch!.cursor()
      cursor.next()
      cursor.next()
      const fork = cursor.fork()
      expect(cursor.next()).toBe(true)
      expect(fork.record()).toEqual(all[1])
      expect(fork.headers()).toEqual(all[1]!.headers)
      expect(fork.next()).toBe(true)
      expect(fork.record()).toEqual(all[2])
      expect(cursor.record()).toEqual(all[2])
      expect([fork.next(), cursor.next()]).toEqual([false, false])
    },
  )

  test('reads lengths and deltas of one, two and more bytes', async () => {
    const sizes = [0, 1, 55, 63, 64, 8_100, 8_191, 8_192, 20_000]
    const deltas = [0, -1, 63, 64, -64, -65, 8_191, 8_192, -8_193, 2 ** 31, 2 ** 40]
    const records = sizes.flatMap((size) =>
      deltas.map((delta) => ({ timestamp: NOW + delta, key: new Uint8Array(size), value: new Uint8Array(64) })),
    )
    const read = await decodeRecords(await encodeRecordBatch(records))
    expect(read.map(({ offset }) => offset)).toEqual(records.map((_, index) => index))
    expect(read.map(({ timestamp }) => timestamp)).toEqual(records.map(({ timestamp }) => timestamp))
    expect(read.map(({ key, value }) => [key?.length, value?.length])).toEqual(
      records.map(({ key }) => [key.length, 64]),
    )
  })

  test('reads varints that take more bytes than they need', async () => {
    const [plain] = await decodeRecords(await encodeRecordBatch([{ timestamp: NOW, key: 'a', value: '1' }]))
    const short = await encodeRecordBatch([{ timestamp: NOW, key: 'a', value: '1' }])
    // Length, attributes, timestamp, offset, key, value, headers; the length of the key takes two bytes.
    const record = [9 * 2, 0, 0, 0, 0x82, 0, 0x61, 2, 0x31, 0]
    const longer = patched(concat(short.subarray(0, 61), new Uint8Array(record)), 8, 0, 0, 0, 49 + record.length)
    expect(await decodeRecords(longer)).toEqual([plain])
  })

  test('may read the headers more than once, and not at all', async () => {
    const [batch] = readBatches(await encode())
    const cursor = await batch!.cursor()
    cursor.next()
    cursor.next()
    expect(cursor.headers()).toEqual(cursor.headers())
    cursor.next()
    expect(cursor.key()).toEqual(Uint8Array.of(0x63))
  })
})

/** A batch of one record: length at 61, attributes 62, timestamp 63, offset 64, key length 65, key 66, value length 67, value 68, headers 69. */
const single = (): Promise<Uint8Array> =>
  encodeRecordBatch([{ timestamp: NOW, key: 'k', value: 'v', headers: [{ key: 'h', value: 'x' }] }])

describe('a fault', () => {
  test.each([
    ['a record length beyond the batch', 61, [0x7e], 62, 'batches[0].records[0]'],
    ['a record length below its fields', 61, [12], 68, 'batches[0].records[0]'],
    ['a negative record length', 61, [1], 62, 'batches[0].records[0]'],
    ['a key beyond the record', 65, [0x7e], 66, 'batches[0].records[0]'],
    ['a value beyond the record', 67, [0x7e], 68, 'batches[0].records[0]'],
    ['too many headers', 69, [0x7e], 70, 'batches[0].records[0]'],
    ['a negative number of headers', 69, [1], 70, 'batches[0].records[0]'],
    ['a header without a key', 70, [1], 71, 'batches[0].records[0]'],
    ['a header value beyond the record', 72, [0x7e], 73, 'batches[0].records[0]'],
    ['a varint that does not end', 64, [0xff, 0xff, 0xff, 0xff, 0xff], 64, 'batches[0].records[0]'],
    ['a record count beyond the bytes', 57, [0x7f, 0xff, 0xff, 0xff], 61, 'batches[0].records'],
    ['a negative record count', 57, [0xff, 0xff, 0xff, 0xff], 61, 'batches[0].records'],
    ['a negative offset range', 23, [0xff, 0xff, 0xff, 0xff], 23, 'batches[0].lastOffsetDelta'],
    ['an unknown codec', 22, [5], 21, 'batches[0].attributes'],
    ['an offset that is not exact', 0, [0, 0x20, 0, 0, 0, 0, 0, 1], 0, 'batches[0].baseOffset'],
    [
      'a last offset that is not exact',
      0,
      [0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 62, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
      23,
      'batches[0].baseOffset',
    ],
    ['an unknown magic', 16, [3], 16, 'batches[0].magic'],
    ['a batch shorter than its header', 8, [0, 0, 0, 14], 8, 'batches[0].batchLength'],
    ['a batch shorter than any', 8, [0, 0, 0, 13], 8, 'batches[0].batchLength'],
  ])('of %s says where it is', async (_, at, bytes, offset, path) => {
    expect(await faultOf(patched(await single(), at, ...bytes))).toMatchObject({ offset, path })
  })

  test.each(['v1', 'v2'] as const)('of %s has the same place in a copy of the records', async (format) => {
    const batch = format === 'v1' ? await encodeMessageSet([RECORDS[0]!], { magic: 1 }) : await encode()
    // The size of the key.
    batch.set([0x7f, 0x7f], format === 'v1' ? 28 : 66)
    const faults: unknown[] = []
    for (const copyRecords of [false, true]) {
      const [, last] = readBatches(concat(await encode(), batch), { checkCrcs: false, copyRecords })
      const cursor = await last!.cursor()
      try {
        cursor.next()
      } catch (error) {
        const { message, offset, path } = error as DecodeError
        faults.push({ message, offset, path })
      }
    }
    expect(faults).toHaveLength(2)
    expect(faults[1]).toEqual(faults[0])
    expect(faults[0]).toMatchObject({ offset: expect.any(Number), path: expect.stringContaining('batches[1]') })
  })

  test('of bytes after the last record says where they are', async () => {
    const batch = patched(await single(), 61)
    const longer = concat(batch, Uint8Array.of(0))
    new DataView(longer.buffer).setInt32(8, longer.length - 12)
    expect(await faultOf(patched(longer, 61))).toMatchObject({ offset: batch.length, path: 'batches[0].records' })
  })

  test('within compressed records is placed at them, and says where in their uncompressed form', async () => {
    const inner = patched(await single(), 65, 0x7e).subarray(61)
    const { gzipSync } = await import('node:zlib')
    const zipped = concat((await single()).subarray(0, 61), gzipSync(inner))
    new DataView(zipped.buffer).setInt32(8, zipped.length - 12)
    const fault = await faultOf(patched(zipped, 22, 1))
    expect(fault).toMatchObject({ offset: 61, path: 'batches[0].records[0]' })
    expect(fault.reason).toContain('at byte 5 of the decompressed records')
  })
})
