import { describe, expect, test } from 'vitest'
import { ClosedError, EncodeError } from '../../../src/errors.ts'
import { readBatches } from '../../../src/protocol/records/read-batches.ts'
import { RecordBatchBuilder, recordSizeBound } from '../../../src/protocol/records/record-batch-builder.ts'
import type { RecordBatch } from '../../../src/protocol/records/record-batch.ts'
import type { DecodedRecord, EncodableHeader } from '../../../src/protocol/records/record.ts'

const NOW = 1_700_000_000_000
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

function finish(builder: RecordBatchBuilder): Uint8Array {
  const batch = builder.finish()
  if (batch instanceof Promise) throw new Error('an uncompressed batch is finished at once')
  return batch
}

function readOne(bytes: Uint8Array): { batch: RecordBatch; records: DecodedRecord[] } {
  const [batch, ...others] = readBatches(bytes)
  expect(others).toEqual([])
  const records = batch!.records()
  if (records instanceof Promise) throw new Error('an uncompressed batch is read at once')
  return { batch: batch!, records }
}

describe('a record batch builder', () => {
  const state = { producerId: 0x1234_5678_9abc_def0n, producerEpoch: 0x1234, baseSequence: 0x1234_5678 }

  test.each([
    undefined,
    { ...state, isTransactional: false },
    { ...state, isTransactional: true },
    { producerId: -1n, producerEpoch: -1, baseSequence: -1, isTransactional: false },
  ])('ends a plain batch in the same bytes either way (%o)', (identity) => {
    for (const timestamps of [[NOW], [-1], [0, NOW, 5], [2 ** 53 - 1, 2 ** 32, 2 ** 32 - 1]]) {
      const [plain, general] = [new RecordBatchBuilder(), new RecordBatchBuilder()]
      for (const builder of [plain, general]) for (const at of timestamps) builder.append(at, 'key', 'value')
      expect(plain.finishPlain(identity)).toEqual(general.finish({ ...identity }))
      expect(() => plain.finishPlain(identity)).toThrow(ClosedError)
    }
  })

  test('refuses a producer state that no batch can carry, whichever way it ends', () => {
    for (const wrong of [{ producerId: 2n ** 63n }, { producerEpoch: 40_000 }, { baseSequence: 2 ** 31 }]) {
      const builder = new RecordBatchBuilder()
      builder.append(NOW, null, 'value')
      expect(() => builder.finishPlain({ ...state, ...wrong, isTransactional: false })).toThrow(EncodeError)
    }
  })

  test('encodes text as the bytes of its UTF-8 form', () => {
    const texts = [
      '',
      'a',
      'short',
      'x'.repeat(31),
      'x'.repeat(32),
      'y'.repeat(33),
      'é'.repeat(40),
      '日本語',
      '👍🏽',
      '\0',
    ]
    const asText = new RecordBatchBuilder()
    const asBytes = new RecordBatchBuilder()
    for (const text of texts) {
      asText.append(NOW, text, text, [{ key: text, value: text }])
      asBytes.append(NOW, utf8(text), utf8(text), [{ key: text, value: utf8(text) }])
    }
    expect(finish(asText)).toEqual(finish(asBytes))
  })

  test('keeps lengths right where the varint of a text in UTF-8 is longer than that of its characters', () => {
    for (const length of [20, 21, 22, 31, 32, 63, 64, 2730, 2731, 4096, 8191, 8192]) {
      const builder = new RecordBatchBuilder({ capacity: 61 })
      const text = '€'.repeat(length)
      builder.append(NOW, text, text, [{ key: text, value: text }])
      const { records } = readOne(finish(builder))
      expect(records[0]!.key).toEqual(utf8(text))
      expect(records[0]!.value).toEqual(utf8(text))
      expect(records[0]!.headers).toEqual([{ key: text, value: utf8(text) }])
    }
  })

  test('keeps record lengths right around every step of their varint', () => {
    for (const step of [64, 8192, 1 << 20]) {
      for (let size = step - 16; size <= step + 8; size++) {
        const builder = new RecordBatchBuilder()
        builder.append(NOW, null, new Uint8Array(size))
        expect(readOne(finish(builder)).records[0]!.value).toHaveLength(size)
      }
    }
  })

  test.each([
    [0, 2 ** 31],
    [2 ** 31, 0],
    [-1, -1],
    [-5_000_000_000_000, 1],
    [NOW, NOW - 1],
    [NOW, NOW + 2 ** 30 - 1],
    [NOW, NOW + 2 ** 30],
    [NOW, NOW - 2 ** 30],
    [NOW, NOW - 2 ** 30 - 1],
    [Number.MAX_SAFE_INTEGER, 0],
    [0, Number.MIN_SAFE_INTEGER],
  ])('keeps the timestamps %i and %i exact', (first, second) => {
    const builder = new RecordBatchBuilder()
    builder.append(first, null, null)
    builder.append(second, null, null)
    expect(builder.maxTimestamp).toBe(Math.max(first, second))
    const { batch, records } = readOne(finish(builder))
    expect(batch.baseTimestamp).toBe(first)
    expect(batch.maxTimestamp).toBe(Math.max(first, second))
    expect(records.map((record) => record.timestamp)).toEqual([first, second])
  })

  test('writes the difference of timestamps that is no safe integer to the last bit', () => {
    const builder = new RecordBatchBuilder()
    builder.append(-2, null, null)
    builder.append(Number.MAX_SAFE_INTEGER, null, null)
    const bytes = finish(builder)
    // 2^53 + 1 in zig-zag form: the second record starts after seven bytes, with its length and attributes.
    expect(Buffer.from(bytes.subarray(61 + 7 + 2, 61 + 7 + 10)).toString('hex')).toBe('8280808080808020')
  })

  test('counts records and bytes, and reports the size that the batch then has', () => {
    const builder = new RecordBatchBuilder()
    expect([builder.count, builder.sizeInBytes, builder.maxTimestamp]).toEqual([0, 61, -1])
    for (let i = 0; i < 100; i++) builder.append(NOW + i, `key-${i}`, new Uint8Array(i))
    expect(builder.count).toBe(100)
    expect(finish(builder)).toHaveLength(builder.sizeInBytes)
  })

  test('leaves out a record that does not fit, and takes the next one', () => {
    const builder = new RecordBatchBuilder()
    expect(builder.append(NOW, null, new Uint8Array(100), undefined, 1000)).toBe(true)
    const before = builder.sizeInBytes
    expect(builder.append(NOW + 9, 'k', new Uint8Array(900), undefined, 1000)).toBe(false)
    expect(builder.append(NOW + 9, 'k', '€'.repeat(300), undefined, 1000)).toBe(false)
    expect([builder.count, builder.sizeInBytes, builder.maxTimestamp]).toEqual([1, before, NOW])
    expect(builder.append(NOW + 1, null, new Uint8Array(10), undefined, 1000)).toBe(true)
    expect(readOne(finish(builder)).records.map((record) => record.timestamp)).toEqual([NOW, NOW + 1])
  })

  test('fills a batch to the last byte of the bound', () => {
    const measure = new RecordBatchBuilder()
    measure.append(NOW, 'key', 'value')
    const size = measure.sizeInBytes
    expect(new RecordBatchBuilder().append(NOW, 'key', 'value', undefined, size)).toBe(true)
    expect(new RecordBatchBuilder().append(NOW, 'key', 'value', undefined, size - 1)).toBe(false)
  })

  test('is of no use once it is finished', () => {
    const builder = new RecordBatchBuilder()
    builder.append(NOW, 'k', 'v')
    finish(builder)
    expect(() => builder.append(NOW, 'k', 'v')).toThrow(ClosedError)
    expect(() => builder.finish()).toThrow(ClosedError)
  })

  test('returns memory that is about as large as the batch', () => {
    const builder = new RecordBatchBuilder({ capacity: 1 << 20 })
    builder.append(NOW, 'k', 'v'.repeat(5000))
    expect(finish(builder).buffer.byteLength).toBeLessThan(6000)
  })

  test('does not allocate three times the size of a value of bytes', () => {
    const builder = new RecordBatchBuilder()
    builder.append(NOW, null, new Uint8Array(1 << 20))
    expect(finish(builder).buffer.byteLength).toBeLessThan((1 << 20) + 200)
  })

  test('writes the header as it is told', () => {
    const builder = new RecordBatchBuilder({ deleteHorizonMs: NOW + 5 })
    builder.append(NOW, 'k', null)
    const batch = builder.finish({
      baseOffset: 2 ** 40 + 7,
      lastOffsetDelta: 9,
      partitionLeaderEpoch: 3,
      producerId: 2n ** 62n,
      producerEpoch: 32767,
      baseSequence: 2147483647,
      isTransactional: true,
      isControl: true,
      logAppendTime: NOW + 9,
    }) as Uint8Array
    expect(readOne(batch).batch).toMatchObject({
      baseOffset: 2 ** 40 + 7,
      lastOffset: 2 ** 40 + 16,
      partitionLeaderEpoch: 3,
      producerId: 2n ** 62n,
      producerEpoch: 32767,
      baseSequence: 2147483647,
      isTransactional: true,
      isControl: true,
      timestampType: 'append',
      maxTimestamp: NOW + 9,
      baseTimestamp: NOW + 5,
      deleteHorizonMs: NOW + 5,
      count: 1,
    })
    expect(readOne(batch).records[0]!.timestamp).toBe(NOW + 9)
  })

  test('finishes a batch without records', () => {
    const { batch, records } = readOne(finish(new RecordBatchBuilder()))
    expect(records).toEqual([])
    expect(batch).toMatchObject({ count: 0, baseOffset: 0, lastOffset: 0, maxTimestamp: -1 })
  })

  test.each([
    [{ producerId: 2n ** 63n }, 'batch.producerId'],
    [{ producerId: 5 as unknown as bigint }, 'batch.producerId'],
    [{ producerEpoch: 32768 }, 'batch.producerEpoch'],
    [{ baseSequence: 2 ** 31 }, 'batch.baseSequence'],
    [{ baseOffset: 2 ** 53 }, 'batch.baseOffset'],
    [{ lastOffsetDelta: 0.5 }, 'batch.lastOffsetDelta'],
    [{ partitionLeaderEpoch: 2 ** 31 }, 'batch.partitionLeaderEpoch'],
    [{ logAppendTime: Number.NaN }, 'batch.maxTimestamp'],
    [{ compression: 'brotli' as 'gzip' }, 'batch.compression'],
  ])('refuses the header %o', (options, path) => {
    const builder = new RecordBatchBuilder()
    expect(() => builder.finish(options)).toThrow(expect.objectContaining({ name: 'EncodeError', path }))
  })

  test('refuses offsets beyond those that a batch can span', () => {
    const builder = new RecordBatchBuilder()
    expect(() => builder.skipOffsets(-1)).toThrow(EncodeError)
    expect(() => builder.skipOffsets(0.5)).toThrow(EncodeError)
    expect(() => builder.skipOffsets(2 ** 31)).toThrow(EncodeError)
    builder.skipOffsets(2 ** 31 - 1)
    builder.append(NOW, null, null)
    expect(() => builder.append(NOW, null, null)).toThrow(EncodeError)
    expect(readOne(finish(builder)).records.map((record) => record.offset)).toEqual([2 ** 31 - 1])
  })
})

/** A value of a type that the compiler would refuse. */
const bad = (value: unknown): never => value as never

describe('a record that cannot be encoded', () => {
  const header = (key: unknown, value: unknown): EncodableHeader[] => [
    { key: 'good', value: 'good' },
    bad({ key, value }),
  ]

  test.each<[string, Parameters<RecordBatchBuilder['append']>]>([
    ['record.timestamp', [0.5, null, null]],
    ['record.timestamp', [Number.NaN, null, null]],
    ['record.timestamp', [2 ** 53, null, null]],
    ['record.timestamp', [bad(5n), null, null]],
    ['record.timestamp', [bad('5'), null, null]],
    ['record.timestamp', [bad(undefined), null, null]],
    ['record.key', [NOW, bad(5), null]],
    ['record.key', [NOW, bad(undefined), null]],
    ['record.key', [NOW, bad({ length: 3 }), null]],
    ['record.key', [NOW, 'lone \ud800', null]],
    ['record.value', [NOW, 'good', bad([1, 2])]],
    ['record.value', [NOW, 'good', bad(new ArrayBuffer(3))]],
    ['record.value', [NOW, 'good', `${'long '.repeat(100)}\udfff`]],
    ['record.headers', [NOW, 'k', 'v', bad(null)]],
    ['record.headers', [NOW, 'k', 'v', bad({ a: 1 })]],
    ['record.headers', [NOW, 'k', 'v', bad('text')]],
    ['record.headers[1].key', [NOW, 'k', 'v', header(undefined, 'v')]],
    ['record.headers[1].key', [NOW, 'k', 'v', header(utf8('k'), 'v')]],
    ['record.headers[1].key', [NOW, 'k', 'v', header('\udc00', 'v')]],
    ['record.headers[1].value', [NOW, 'k', 'v', header('k', 7)]],
    ['record.headers[1].value', [NOW, 'k', 'v', header('k', undefined)]],
    ['record.headers[1].value', [NOW, 'k', 'v', header('k', 'x\ud800x')]],
    ['record.headers[0]', [NOW, 'k', 'v', bad([null])]],
    ['record.headers[1]', [NOW, 'k', 'v', bad([{ key: 'k', value: null }, 'text'])]],
  ])('is an EncodeError at %s, and leaves no trace', (path, args) => {
    const builder = new RecordBatchBuilder({ capacity: 61 })
    builder.append(NOW, 'before', 'x')
    const sizeInBytes = builder.sizeInBytes
    expect(() => builder.append(...args)).toThrow(expect.objectContaining({ name: 'EncodeError', path }))
    expect([builder.count, builder.sizeInBytes, builder.maxTimestamp]).toEqual([1, sizeInBytes, NOW])
    builder.append(NOW, 'after', 'x')
    const expected = new RecordBatchBuilder()
    expected.append(NOW, 'before', 'x')
    expected.append(NOW, 'after', 'x')
    expect(finish(builder)).toEqual(finish(expected))
  })

  test('does not set the base timestamp of the batch', () => {
    const builder = new RecordBatchBuilder()
    expect(() => builder.append(5, bad(5), null)).toThrow(EncodeError)
    builder.append(NOW, null, null)
    expect(readOne(finish(builder)).batch.baseTimestamp).toBe(NOW)
  })

  test('is not quoted in the error', () => {
    const secret = { password: 'hunter2' }
    let message = ''
    try {
      new RecordBatchBuilder().append(NOW, null, bad(secret))
    } catch (error) {
      message = String(error)
    }
    expect(message).toContain('Object')
    expect(message).not.toContain('hunter2')
  })
})

describe('the size bound of a record', () => {
  test.each<[string | Uint8Array | null, string | Uint8Array | null, EncodableHeader[]]>([
    [null, null, []],
    ['key', 'value', []],
    ['é日👍', new Uint8Array(1000), [{ key: 'é', value: '日本' }]],
    ['x'.repeat(10_000), '€'.repeat(10_000), [{ key: '', value: null }]],
  ])('is never below what the record takes, nor far above', (key, value, headers) => {
    const builder = new RecordBatchBuilder()
    builder.append(0, null, null)
    const before = builder.sizeInBytes
    builder.append(Number.MAX_SAFE_INTEGER, key, value, headers)
    const size = builder.sizeInBytes - before
    const bound = recordSizeBound(key, value, headers)
    expect(bound).toBeGreaterThanOrEqual(size)
    expect(bound - size).toBeLessThan(40)
  })
})
