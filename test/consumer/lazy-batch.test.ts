import { describe, expect, it } from 'vitest'
import { RecordError } from '../../src/errors.ts'
import type { ConsumerBatch } from '../../src/consumer/record.ts'
import { crc32c } from '../../src/protocol/bytes/crc32c.ts'
import { encodeEndTransactionMarker } from '../../src/protocol/records/control-record.ts'
import { encodeRecordBatch } from '../../src/protocol/records/encode.ts'
import { encodeMessageSet } from '../../src/protocol/records/message-set-encode.ts'
import { type Deserializer, string } from '../../src/serdes.ts'
import { batchOf, concat, FakeCluster } from './fake-cluster.ts'
import { numbers } from './loops.ts'
import { open, type Text } from './opened.ts'

/** A partition that holds these bytes, up to an offset. */
function logOf(end: number, ...batches: readonly Uint8Array[]): FakeCluster {
  const records = concat(...batches)
  return new FakeCluster({
    fetch: ({ offset }) => (offset >= end ? undefined : { records, highWatermark: BigInt(end) }),
  })
}

/** Text, and how often it was read. */
class Counting implements Deserializer<Text> {
  readonly isTotal = true
  count = 0

  deserialize(...[bytes, context]: Parameters<Deserializer<Text>['deserialize']>): Text {
    this.count++
    return string.deserialize(bytes, context) as Text
  }
}

function valuesOf(batch: Iterable<{ readonly value: Text }>): Text[] {
  return Array.from(batch, ({ value }) => value)
}

async function nextOf(
  loop: AsyncIterator<ConsumerBatch<unknown, Text>, undefined>,
): Promise<ConsumerBatch<unknown, Text>> {
  const { value } = await loop.next()
  return value!
}

describe('a batch', () => {
  it('tells count, offsets and high watermark before any record is read', async () => {
    const value = new Counting()
    const consumer = open(logOf(30, batchOf(['a', 'b'], 5), batchOf(['c'], 20)), { value })
    const batch = await nextOf(consumer.batches())
    expect(batch).toMatchObject({ topic: 'orders', partition: 0, count: 3, firstOffset: 5, lastOffset: 20 })
    expect(batch.highWatermark).toBe(30)
    expect(value.count).toBe(0)
  })

  it('makes its records one at a time, as often as it is gone through', async () => {
    const value = new Counting()
    const batch = await nextOf(open(logOf(4, batchOf(['a', 'b'], 0), batchOf(['c', 'd'], 2)), { value }).batches())
    for (const record of batch) {
      expect(value.count).toBe(record.offset + 1)
      if (record.offset === 2) break
    }
    expect(value.count).toBe(3)
    expect(valuesOf(batch)).toEqual(['a', 'b', 'c', 'd'])
    expect(value.count).toBe(7)
  })

  it('makes a list of them once, which is what is gone through from then on', async () => {
    const value = new Counting()
    const batch = await nextOf(open(logOf(3, batchOf(['a', 'b', 'c'], 0)), { value }).batches())
    const { records } = batch
    expect(records.map((record) => record.value)).toEqual(['a', 'b', 'c'])
    expect(records[1]).toEqual({
      topic: 'orders',
      partition: 0,
      offset: 1,
      timestamp: 1_001,
      timestampType: 'create',
      key: new TextEncoder().encode('key b'),
      value: 'b',
      headers: [],
      leaderEpoch: 0,
    })
    expect(batch.records).toBe(records)
    expect([...batch][1]).toBe(records[1])
    expect(value.count).toBe(3)
  })

  it('stays readable when the loop has gone on, was sent elsewhere or is over', async () => {
    const consumer = open(logOf(5, batchOf(numbers(0, 5), 0)), { maxPollRecords: 2 })
    const loop = consumer.batches()
    const batches = [await nextOf(loop), await nextOf(loop), await nextOf(loop)]
    consumer.seek({ topic: 'orders', partition: 0, offset: 1 })
    const sought = await nextOf(loop)
    await consumer.close()
    expect(batches.map(valuesOf)).toEqual([['0', '1'], ['2', '3'], ['4']])
    expect(valuesOf(sought)).toEqual(['1', '2'])
  })

  it('is cut where maxPollRecords says, within and across the batches of the log', async () => {
    const log = [batchOf(['0', '1', '2'], 0), batchOf(['3', '4', '5', '6'], 3), batchOf(['7'], 7)]
    const loop = open(logOf(8, ...log), { maxPollRecords: 4 }).batches()
    expect(valuesOf(await nextOf(loop))).toEqual(['0', '1', '2', '3'])
    expect(valuesOf(await nextOf(loop))).toEqual(['4', '5', '6', '7'])
  })

  it('is handed out anew as a whole when the loop is left in the middle of it', async () => {
    const consumer = open(logOf(3, batchOf(['a', 'b', 'c'], 0)))
    for await (const batch of consumer.batches()) {
      expect(valuesOf(batch)).toEqual(['a', 'b', 'c'])
      expect(consumer.handledOffsets()).toMatchObject([{ offset: 0 }])
      expect(consumer.handledOffsets({ current: true })).toMatchObject([{ offset: 3 }])
      break
    }
    expect(valuesOf(await nextOf(consumer.batches()))).toEqual(['a', 'b', 'c'])
  })

  it('begins at the position, in the middle of a batch of the log', async () => {
    const consumer = open(logOf(3, batchOf(['a', 'b', 'c'], 0)))
    consumer.seek({ topic: 'orders', partition: 0, offset: 1 })
    const batch = await nextOf(consumer.batches())
    expect([batch.count, batch.firstOffset, valuesOf(batch)]).toEqual([2, 1, ['b', 'c']])
  })

  it('holds records of compressed batches and of old formats', async () => {
    const records = [
      { timestamp: 1, offset: 0, key: 'k', value: 'a' },
      { timestamp: 2, offset: 1, key: null, value: 'b' },
    ]
    const logs = [
      await encodeRecordBatch([{ ...records[0]!, headers: [{ key: 'h', value: 'x' }] }, records[1]!], {
        compression: 'gzip',
      }),
      await encodeMessageSet(records, { magic: 1, compression: 'gzip' }),
      await encodeMessageSet(records, { magic: 0 }),
    ]
    for (const [index, log] of logs.entries()) {
      const batch = await nextOf(open(logOf(2, log)).batches())
      expect(batch.count).toBe(2)
      expect(valuesOf(batch)).toEqual(['a', 'b'])
      expect([...batch]).toEqual(batch.records)
      expect([...batch][0]!.headers.map(({ key }) => key)).toEqual(index === 0 ? ['h'] : [])
    }
  })

  it('has nothing of aborted transactions, nor markers', async () => {
    const ids = { producerId: 7n, producerEpoch: 0 }
    const options = { ...ids, baseSequence: 0, isTransactional: true }
    const marker = { ...ids, coordinatorEpoch: 0, timestamp: 0 }
    const records = concat(
      batchOf(['gone'], 0, options),
      encodeEndTransactionMarker({ ...marker, type: 'abort', baseOffset: 1 }),
      batchOf(['kept'], 2, options),
      encodeEndTransactionMarker({ ...marker, type: 'commit', baseOffset: 3 }),
      batchOf(['plain'], 4),
    )
    const abortedTransactions = [{ producerId: 7n, firstOffset: 0n }]
    const fake = new FakeCluster({
      fetch: ({ offset }) => (offset > 4 ? undefined : { records, lastStableOffset: 5n, abortedTransactions }),
    })
    const batch = await nextOf(open(fake, { isolationLevel: 'read_committed' }).batches())
    expect([batch.count, batch.firstOffset, batch.lastOffset]).toEqual([2, 2, 4])
    expect(valuesOf(batch)).toEqual(['kept', 'plain'])
  })

  it('is what eachBatch gets, and what eachRecord goes through one record after the other', async () => {
    const value = new Counting()
    const consumer = open(logOf(3, batchOf(['a', 'b', 'c'], 0)), { value })
    const stop = new Error('enough')
    const counts: number[] = []
    const eachBatch = ({ count }: ConsumerBatch<unknown, Text>): void => {
      counts.push(count, value.count)
      throw stop
    }
    await expect(consumer.run({ eachBatch })).rejects.toBe(stop)
    expect(counts).toEqual([3, 0])
    const eachRecord = ({ offset }: { readonly offset: number }): void => {
      counts.push(value.count)
      if (offset === 1) throw stop
    }
    await expect(consumer.run({ eachRecord })).rejects.toBe(stop)
    expect(counts).toEqual([3, 0, 1, 2])
    expect(consumer.handledOffsets()).toMatchObject([{ offset: 1 }])
  })
})

describe('a record that is broken', () => {
  it('ends the batch before it: going through that does not throw, and the loop meets the error behind it', async () => {
    const log = batchOf(['a', 'b', 'c'], 0)
    // The last record, of 13 bytes, is said to be longer than it is.
    log[log.length - 13] = 126
    new DataView(log.buffer, log.byteOffset).setUint32(17, crc32c(log, 21))
    const consumer = open(logOf(3, log))
    const loop = consumer.batches()
    const batch = await nextOf(loop)
    expect([batch.count, batch.lastOffset, valuesOf(batch)]).toEqual([2, 1, ['a', 'b']])
    await expect(loop.next()).rejects.toMatchObject({ code: 'KAFKA_RECORD', offset: 2, nextOffset: 3 })
    expect(consumer.handledOffsets()).toMatchObject([{ offset: 2 }])
    await expect(consumer.batches().next()).rejects.toMatchObject({ code: 'KAFKA_RECORD', offset: 2 })
  })

  it('is found when the batch is taken where only the deserializer can tell', async () => {
    const value: Deserializer<Text> = {
      deserialize: (...args) => {
        const text = string.deserialize(...args) as Text
        if (text === 'bad') throw new Error('no such format')
        return text
      },
    }
    const consumer = open(logOf(4, batchOf(['a', 'b', 'bad', 'c'], 0)), { value })
    const loop = consumer.batches()
    const batch = await nextOf(loop)
    expect(batch).toMatchObject({ count: 2, firstOffset: 0, lastOffset: 1 })
    expect([...batch]).toEqual(batch.records)
    await expect(loop.next()).rejects.toMatchObject({ code: 'KAFKA_RECORD', offset: 2, nextOffset: 3 })
    consumer.seek({ topic: 'orders', partition: 0, offset: 3 })
    expect(valuesOf(await nextOf(consumer.batches()))).toEqual(['c'])
  })

  it('is told to whoever looks when a deserializer is not as total as it says; the batch is not handled', async () => {
    const value: Deserializer<Text> = {
      isTotal: true,
      deserialize: () => {
        throw new Error('not total')
      },
    }
    const consumer = open(logOf(2, batchOf(['a', 'b'], 0)), { value })
    const reading = async (): Promise<void> => {
      for await (const batch of consumer.batches()) valuesOf(batch)
    }
    const error = await reading().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(RecordError)
    expect(error).toMatchObject({ offset: 0, nextOffset: 1, cause: new Error('not total') })
    expect(consumer.handledOffsets()).toMatchObject([{ offset: 0 }])
  })
})
