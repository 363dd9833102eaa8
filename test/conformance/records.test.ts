import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { CompressionError, DecodeError } from '../../src/errors.ts'
import type { CompressionName } from '../../src/protocol/compression/codec.ts'
import { encodeRecordBatch } from '../../src/protocol/records/encode.ts'
import { encodeMessageSet } from '../../src/protocol/records/message-set-encode.ts'
import { readBatches } from '../../src/protocol/records/read-batches.ts'
import type { RecordBatch } from '../../src/protocol/records/record-batch.ts'
import type { DecodedRecord } from '../../src/protocol/records/record.ts'

/** A batch as Java read it. Int64 fields are decimal strings. */
interface JavaBatch {
  position: number
  sizeInBytes: number
  magic: 0 | 1 | 2
  crcValid: boolean
  attributes: number
  codec: CompressionName
  timestampType: string
  baseOffset: string
  /** Absent when Java could not read it. */
  lastOffset?: string
  baseTimestamp?: string
  maxTimestamp: string
  partitionLeaderEpoch: number
  producerId: string
  producerEpoch: number
  baseSequence: number
  isTransactional: boolean
  isControlBatch: boolean
  deleteHorizonMs: string | null
  count: number | null
  error?: string
}

interface JavaRecord {
  batch: number
  offset: string
  timestamp: string
  keyHex: string | null
  valueHex: string | null
  headers: [string, string | null][]
}

interface Entry {
  name: string
  invalid?: string
  javaError?: string
  wholeBytes: number
  hex: string
  batches: JavaBatch[]
  records: JavaRecord[]
}

const entries = gunzipSync(readFileSync(new URL('../vectors/records.ndjson.gz', import.meta.url)))
  .toString()
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Entry)

/** Offsets of which a number cannot hold the exact value. */
const hasHugeOffset = (entry: Entry): boolean =>
  entry.batches.some((batch) => BigInt(batch.lastOffset ?? 0) > BigInt(Number.MAX_SAFE_INTEGER))

const readable = entries.filter((entry) => !hasHugeOffset(entry))
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const toHex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'))

const TIMESTAMP_TYPES = { none: 'NoTimestampType', create: 'CreateTime', append: 'LogAppendTime' } as const

/** What of a batch is comparable with Java's. The first offset of a wrapper is known from its records only. */
function infoOf(batch: RecordBatch, records: DecodedRecord[]): Partial<JavaBatch> {
  return {
    position: batch.position,
    sizeInBytes: batch.sizeInBytes,
    magic: batch.magic,
    attributes: batch.attributes,
    codec: batch.compression,
    timestampType: TIMESTAMP_TYPES[batch.timestampType],
    baseOffset: String(batch.count === undefined ? records[0]!.offset : batch.baseOffset),
    lastOffset: String(batch.lastOffset),
    maxTimestamp: String(batch.maxTimestamp),
    partitionLeaderEpoch: batch.partitionLeaderEpoch,
    producerId: String(batch.producerId),
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    isTransactional: batch.isTransactional,
    isControlBatch: batch.isControl,
    deleteHorizonMs: batch.deleteHorizonMs === undefined ? null : String(batch.deleteHorizonMs),
    count: batch.magic === 2 ? batch.count! : null,
    ...(batch.magic === 2 ? { baseTimestamp: String(batch.baseTimestamp) } : {}),
  }
}

/** The same of a batch of Java's; timestamps that a number cannot hold are rounded. */
function expectedInfo(batch: JavaBatch): Partial<JavaBatch> {
  const { crcValid: _, error: __, ...info } = batch
  const rounded: Record<string, unknown> = { ...info, maxTimestamp: String(Number(info.maxTimestamp)) }
  for (const name of ['crc', 'lastSequence', 'wholeRecords']) delete rounded[name]
  return rounded
}

const plainRecord = (record: DecodedRecord): Omit<JavaRecord, 'batch'> => ({
  offset: String(record.offset),
  timestamp: String(record.timestamp),
  keyHex: toHex(record.key),
  valueHex: toHex(record.value),
  headers: record.headers.map(({ key, value }) => [key, toHex(value)]),
})

const expectedRecord = ({ offset, timestamp, keyHex, valueHex, headers }: JavaRecord): Omit<JavaRecord, 'batch'> => ({
  offset,
  timestamp: String(Number(timestamp)),
  keyHex,
  valueHex,
  headers,
})

/** Reads as far as it goes. */
async function readAll(
  bytes: Uint8Array,
): Promise<{ batches: { batch: RecordBatch; records: DecodedRecord[] }[]; error: unknown }> {
  const batches: { batch: RecordBatch; records: DecodedRecord[] }[] = []
  try {
    for (const batch of readBatches(bytes)) batches.push({ batch, records: await batch.records() })
  } catch (error) {
    return { batches, error }
  }
  return { batches, error: undefined }
}

describe('the record vectors of the Java client', () => {
  test('there are 292 of them', () => {
    expect(entries).toHaveLength(292)
    expect(entries.filter((entry) => entry.invalid !== undefined)).toHaveLength(39)
  })

  test.each(readable)('$name is read as Java reads it', async (entry) => {
    const { batches, error } = await readAll(fromHex(entry.hex))
    const good = entry.batches.filter((batch) => batch.error === undefined)
    expect(batches.map(({ batch, records }) => infoOf(batch, records))).toEqual(good.map(expectedInfo))
    expect(batches.flatMap(({ records }) => records).map(plainRecord)).toEqual(entry.records.map(expectedRecord))
    const isRefused = entry.javaError !== undefined
    expect(error instanceof DecodeError || error instanceof CompressionError).toBe(isRefused)
    if (isRefused) return
    const last = batches.at(-1)?.batch
    expect(last === undefined ? 0 : last.position + last.sizeInBytes).toBe(entry.wholeBytes)
  })

  test.each(entries.filter(hasHugeOffset))('$name is refused for an offset that is not exact', async ({ hex }) => {
    const { batches, error } = await readAll(fromHex(hex))
    expect(batches).toEqual([])
    expect(error).toBeInstanceOf(DecodeError)
    expect(String(error)).toContain('2^53 - 1')
  })

  test.each(entries.filter((entry) => entry.batches.some((batch) => !batch.crcValid)))(
    '$name has a checksum that only checkCrcs finds fault with',
    (entry) => {
      const batches = [...readBatches(fromHex(entry.hex), { checkCrcs: false })]
      expect(batches.map((batch) => batch.position)).toEqual(entry.batches.map((batch) => batch.position))
      expect(() => [...readBatches(fromHex(entry.hex))]).toThrow(/checksum/)
    },
  )
})

/** Timestamps as they were before the broker stamped the batch: what the deltas in it say. */
async function originalRecords(batch: RecordBatch): Promise<DecodedRecord[]> {
  if (batch.timestampType !== 'append' || batch.magic !== 2) return batch.records()
  const unstamped = batch.bytes.slice()
  unstamped[22]! &= ~8
  const [original] = readBatches(unstamped, { checkCrcs: false })
  return original!.records()
}

const isV2 = (entry: Entry): boolean => entry.batches.some((batch) => batch.magic === 2)
const hasExactTimestamps = (entry: Entry): boolean =>
  entry.records.every((record) => Number.isSafeInteger(Number(record.timestamp)))

describe('encoding what was read from the vectors', () => {
  const good = readable.filter((entry) => entry.invalid === undefined)

  test.each(good.filter(isV2).filter(hasExactTimestamps))(
    '$name: v2 batches are the same bytes when uncompressed, and the same records else',
    async (entry) => {
      for (const batch of readBatches(fromHex(entry.hex))) {
        if (batch.magic !== 2) continue // the mixed entry has messages of all three formats
        const records = await originalRecords(batch)
        const encoded = await encodeRecordBatch(records, {
          compression: batch.compression,
          baseOffset: batch.baseOffset,
          partitionLeaderEpoch: batch.partitionLeaderEpoch,
          maxTimestamp: batch.maxTimestamp,
          producerId: batch.producerId,
          producerEpoch: batch.producerEpoch,
          baseSequence: batch.baseSequence,
          isTransactional: batch.isTransactional,
          isControl: batch.isControl,
          deleteHorizonMs: batch.deleteHorizonMs,
          lastOffsetDelta: batch.lastOffset - batch.baseOffset,
          logAppendTime: batch.timestampType === 'append' ? batch.maxTimestamp : undefined,
        })
        if (batch.compression === 'none') {
          expect(toHex(encoded)).toBe(toHex(batch.bytes))
        } else {
          const [again] = readBatches(encoded)
          const whole = { position: 0, sizeInBytes: 0 }
          expect({ ...infoOf(again!, []), ...whole }).toEqual({ ...infoOf(batch, []), ...whole })
          expect(await again!.records()).toEqual(await batch.records())
        }
      }
    },
  )

  test.each(good.filter((entry) => entry.batches.length > 0 && entry.batches.every((batch) => batch.magic < 2)))(
    '$name: message sets are the same bytes when uncompressed, and the same records else',
    async (entry) => {
      const sets: Uint8Array[] = []
      const batches = [...readBatches(fromHex(entry.hex))]
      const records = await Promise.all(batches.map(async (batch) => batch.records()))
      const { magic, compression, timestampType, maxTimestamp } = batches[0]!
      // Uncompressed messages are batches of their own, and so were wrapped sets.
      const groups = compression === 'none' ? [records.flat()] : records
      for (const group of groups) {
        const logAppendTime = timestampType === 'append' ? maxTimestamp : undefined
        sets.push(await encodeMessageSet(group, { magic: magic as 0 | 1, compression, logAppendTime }))
      }
      const encoded = Buffer.concat(sets)
      if (compression === 'none') {
        expect(encoded.toString('hex')).toBe(entry.hex)
      } else {
        const again = await readAll(new Uint8Array(encoded))
        expect(again.error).toBeUndefined()
        expect(again.batches.flatMap((batch) => batch.records)).toEqual(records.flat())
        expect(again.batches.map(({ batch }) => [batch.lastOffset, batch.attributes, batch.maxTimestamp])).toEqual(
          batches.map((batch) => [batch.lastOffset, batch.attributes, batch.maxTimestamp]),
        )
      }
    },
  )
})
