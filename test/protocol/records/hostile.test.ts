import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CompressionError, DecodeError } from '../../../src/errors.ts'
import type { CompressionName } from '../../../src/protocol/compression/codec.ts'
import { decompress } from '../../../src/protocol/compression/registry.ts'
import { encodeRecordBatch } from '../../../src/protocol/records/encode.ts'
import { encodeMessageSet } from '../../../src/protocol/records/message-set-encode.ts'
import { decodeRecords, readBatches } from '../../../src/protocol/records/read-batches.ts'
import type { DecodedRecord, EncodableRecord } from '../../../src/protocol/records/record.ts'

const numRuns = Number(process.env['KAFKAWIRE_FUZZ_RUNS'] ?? 150)
const MAX_DECOMPRESSED_BYTES = 1_000_000
const NOW = 1_700_000_000_000

const OUTCOMES = ['records', 'refusal']

const CODECS: CompressionName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

const RECORDS: EncodableRecord[] = [
  { timestamp: NOW, key: 'key', value: 'value '.repeat(20), headers: [{ key: 'header', value: 'x'.repeat(70) }] },
  { timestamp: NOW + 2 ** 40, key: null, value: new Uint8Array(200) },
  { timestamp: 0, key: new Uint8Array(), value: null, headers: [{ key: '', value: null }] },
]
const PLAIN_RECORDS = RECORDS.map(({ timestamp, key, value }) => ({ timestamp, key, value }))

/** Valid bytes in every format and codec, two batches or sets each. */
const samples: Uint8Array[] = []
for (const compression of CODECS) {
  const sets = [
    await encodeRecordBatch(RECORDS, { compression }),
    await encodeMessageSet(PLAIN_RECORDS, { magic: 1, compression }),
    await encodeMessageSet(PLAIN_RECORDS, { magic: 0, compression }),
  ]
  for (const set of sets) samples.push(new Uint8Array(Buffer.concat([set, set])))
}

/** What of a valid sample is changed before it is read. */
interface Mutation {
  sample: number
  flips: number[]
  overwrites: { at: number; bytes: Uint8Array }[]
  keep: number
}

const mutations: fc.Arbitrary<Mutation> = fc.record({
  sample: fc.nat({ max: samples.length - 1 }),
  flips: fc.array(fc.nat(), { maxLength: 4 }),
  overwrites: fc.array(
    fc.record({
      at: fc.nat(),
      bytes: fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        fc.constantFrom(
          Uint8Array.of(0xff, 0xff, 0xff, 0xff),
          Uint8Array.of(0x7f, 0xff, 0xff, 0xff),
          Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
          Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f),
          Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0x0f),
          Uint8Array.of(0),
          Uint8Array.of(1),
        ),
      ),
    }),
    { maxLength: 3 },
  ),
  keep: fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  ),
})

function mutate(bytes: Uint8Array, { flips, overwrites, keep }: Mutation): Uint8Array {
  const copy = bytes.slice(0, Math.ceil(bytes.length * keep))
  if (copy.length === 0) return copy
  for (const flip of flips) copy[(flip >>> 3) % copy.length]! ^= 1 << (flip & 7)
  for (const { at, bytes: replacement } of overwrites) {
    const start = at % copy.length
    copy.set(replacement.subarray(0, copy.length - start), start)
  }
  return copy
}

/** Reads bytes, and fails unless that gives records, or an error that says what is wrong with them and where. */
async function outcomeOf(bytes: Uint8Array): Promise<'records' | 'refusal'> {
  let records: DecodedRecord[]
  try {
    records = await decodeRecords(bytes, {
      checkCrcs: false,
      includeControl: true,
      maxDecompressedBytes: MAX_DECOMPRESSED_BYTES,
    })
  } catch (error) {
    if (error instanceof CompressionError) return 'refusal'
    expect(error).toBeInstanceOf(DecodeError)
    const { offset, path } = error as DecodeError
    expect(offset).toBeGreaterThanOrEqual(0)
    expect(offset).toBeLessThanOrEqual(bytes.length)
    expect(path).toMatch(/^batches\[\d+\]/)
    return 'refusal'
  }
  for (const record of records) expect(Number.isSafeInteger(record.offset)).toBe(true)
  return 'records'
}

describe('hostile bytes', () => {
  test('that are anything at all give records or a proper error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(OUTCOMES).toContain(await outcomeOf(bytes))
      }),
      { numRuns },
    )
  })

  test('that start like a batch give records or a proper error', async () => {
    const magics = fc.constantFrom(0, 1, 2)
    const bodies = fc.uint8Array({ minLength: 70, maxLength: 400, size: 'max' })
    const batches = fc
      .tuple(magics, fc.nat({ max: 7 }), fc.nat({ max: 40 }), bodies)
      .map(([magic, codec, count, body]) => {
        const bytes = body.slice()
        const view = new DataView(bytes.buffer)
        view.setInt32(0, 0)
        view.setInt32(8, bytes.length - 12)
        bytes[16] = magic
        bytes[magic === 2 ? 22 : 17] = codec
        if (magic === 2) {
          view.setInt32(23, count)
          view.setInt32(57, count)
        }
        return bytes
      })
    await fc.assert(
      fc.asyncProperty(batches, async (bytes) => {
        expect(OUTCOMES).toContain(await outcomeOf(bytes))
      }),
      { numRuns },
    )
  })

  test('that were batches once give records or a proper error', async () => {
    await fc.assert(
      fc.asyncProperty(mutations, async (mutation) => {
        expect(OUTCOMES).toContain(await outcomeOf(mutate(samples[mutation.sample]!, mutation)))
      }),
      { numRuns: numRuns * 4 },
    )
  })

  test('with a checksum that is verified never give wrong records', async () => {
    const expected = await decodeRecords(samples[0]!)
    await fc.assert(
      fc.asyncProperty(mutations, async (mutation) => {
        // What the checksum covers: all from the attributes on.
        const bytes = samples[0]!.slice()
        bytes.set(mutate(bytes.subarray(21, bytes.length / 2), { ...mutation, keep: 1 }), 21)
        const records = await decodeRecords(bytes).catch((error: unknown) => error)
        if (records instanceof DecodeError) expect(records.path).toBe('batches[0].crc')
        else expect(records).toEqual(expected)
      }),
      { numRuns },
    )
  })

  test.each(CODECS.slice(1))('that were %s data once decompress, or give a CompressionError', async (compression) => {
    const [batch] = readBatches(await encodeRecordBatch([...RECORDS, ...RECORDS], { compression }))
    const data = batch!.bytes.subarray(61)
    await fc.assert(
      fc.asyncProperty(mutations, async (mutation) => {
        const decompressed = async (): Promise<Uint8Array> =>
          decompress(compression, mutate(data, mutation), { maxBytes: 10_000 })
        const result = await decompressed().catch((error: unknown) => error)
        if (result instanceof Uint8Array) expect(result.length).toBeLessThanOrEqual(10_000)
        else expect(result).toBeInstanceOf(CompressionError)
      }),
      { numRuns },
    )
  })

  test('that announce many records or headers in few bytes are refused at once', async () => {
    const bytes = await encodeRecordBatch([{ timestamp: NOW, value: new Uint8Array(100_000) }])
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    view.setInt32(57, 0x7fffffff)
    await expect(decodeRecords(bytes, { checkCrcs: false })).rejects.toThrow('2147483647 records cannot fit')
    view.setInt32(57, 14_000)
    await expect(decodeRecords(bytes, { checkCrcs: false })).rejects.toThrow(DecodeError)
  })
})

const toBytes = (value: Uint8Array | string | null): Uint8Array | null =>
  typeof value === 'string' ? new TextEncoder().encode(value) : value

describe('any records', () => {
  const content = fc.option(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 100 })))
  const timestamp = fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 2 ** 31 }), fc.maxSafeInteger())
  const record = fc.record({
    timestamp,
    key: content,
    value: content,
    headers: fc.array(fc.record({ key: fc.string({ unit: 'binary' }), value: content }), { maxLength: 3 }),
    gap: fc.oneof(
      { weight: 5, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 ** 20 }) },
    ),
  })

  test('come back as they were, whatever the codec', async () => {
    const batches = fc.tuple(fc.array(record, { minLength: 1, maxLength: 20 }), fc.constantFrom(...CODECS), fc.nat())
    await fc.assert(
      fc.asyncProperty(batches, async ([items, compression, baseOffset]) => {
        let offset = baseOffset - 1
        const records = items.map(({ gap, ...rest }) => ({ ...rest, offset: (offset += gap) }))
        // The difference of two timestamps is exact up to 2^53 only; beyond, decoding rounds.
        const first = records[0]!.timestamp
        const exact = records.filter((item) => Number.isSafeInteger(item.timestamp - first))
        const decoded = await decodeRecords(await encodeRecordBatch(exact, { compression }))
        expect(decoded).toEqual(
          exact.map((item) => ({
            offset: item.offset,
            timestamp: item.timestamp,
            key: toBytes(item.key),
            value: toBytes(item.value),
            headers: item.headers.map(({ key, value }) => ({ key, value: toBytes(value) })),
          })),
        )
      }),
      { numRuns },
    )
  })
})
