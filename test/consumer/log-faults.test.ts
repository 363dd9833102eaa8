import { describe, expect, it } from 'vitest'
import { RecordError } from '../../src/errors.ts'
import { crc32c } from '../../src/protocol/bytes/crc32c.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { encodeEndTransactionMarker } from '../../src/protocol/records/control-record.ts'
import { batchOf, concat, FakeCluster, type FetchAnswer } from './fake-cluster.ts'
import { until } from './loops.ts'
import { open, take } from './opened.ts'

/** Values that come out of a topic that is read to `end`, and where each RecordError was. */
async function readPastFaults(
  fake: FakeCluster,
  end: number,
): Promise<{ values: (string | null)[]; faults: { offset: number; nextOffset: number }[] }> {
  const consumer = open(fake)
  const values: (string | null)[] = []
  const faults: { offset: number; nextOffset: number }[] = []
  for (;;) {
    try {
      for await (const { value, offset } of consumer) {
        values.push(value)
        if (offset === end - 1) return { values, faults }
      }
    } catch (error) {
      if (!(error instanceof RecordError)) throw error
      const { topic, partition, offset, nextOffset } = error
      faults.push({ offset, nextOffset })
      consumer.seek({ topic, partition, offset: nextOffset })
    }
  }
}

/** Gives a batch the checksum of what it is. */
function sign(batch: Uint8Array): void {
  viewOf(batch).setUint32(17, crc32c(batch, 21))
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

describe('a corrupt batch in the middle of a partition', () => {
  const unsigned: Record<string, (batch: DataView) => void> = {
    'a wrong checksum': (batch) => batch.setUint8(20, batch.getUint8(20) ^ 1),
    'an unknown magic': (batch) => batch.setInt8(16, 9),
    'a negative magic': (batch) => batch.setInt8(16, -128),
  }
  const signed: Record<string, (batch: DataView) => void> = {
    'a negative count of records': (batch) => batch.setInt32(57, -5),
    'a huge count of records': (batch) => batch.setInt32(57, 0x7fffffff),
    'a record that is longer than the batch': (batch) => batch.setInt8(61, 126),
    'an unknown codec': (batch) => batch.setInt16(21, 7),
    'bytes that are no gzip': (batch) => batch.setInt16(21, 1),
  }

  it.each([...Object.keys(unsigned), ...Object.keys(signed)])(
    'is told with its place, and left behind by seeking: %s',
    async (what) => {
      const batches = [batchOf(['a', 'b'], 0), batchOf(['c', 'd'], 2), batchOf(['e', 'f'], 4)]
      unsigned[what]?.(viewOf(batches[1]!))
      signed[what]?.(viewOf(batches[1]!))
      if (what in signed) sign(batches[1]!)
      const fake = new FakeCluster({
        fetch: ({ offset }) =>
          offset >= 6 ? undefined : { records: concat(...batches.slice(Math.floor(offset / 2))) },
      })
      const { values, faults } = await readPastFaults(fake, 6)
      expect(values).toEqual(['a', 'b', 'e', 'f'])
      expect(faults).toEqual([{ offset: 2, nextOffset: 4 }])
    },
  )

  it('costs nothing of what follows when it ends before its count says', async () => {
    const batches = [batchOf(['a', 'b'], 0), batchOf(['c', 'd'], 2)]
    viewOf(batches[0]!).setInt32(57, 3)
    sign(batches[0]!)
    const fake = new FakeCluster({
      fetch: ({ offset }) => (offset >= 4 ? undefined : { records: concat(...batches.slice(Math.floor(offset / 2))) }),
    })
    const { values, faults } = await readPastFaults(fake, 4)
    expect(values).toEqual(['a', 'b', 'c', 'd'])
    expect(faults).toEqual([{ offset: 1, nextOffset: 2 }])
  })

  it('is left behind record by record where even its size is spoilt', async () => {
    const batches = [batchOf(['a'], 0), batchOf(['b', 'c'], 1), batchOf(['d'], 3)]
    viewOf(batches[1]!).setInt32(8, 3)
    const fake = new FakeCluster({
      fetch: ({ offset }) =>
        offset >= 4 ? undefined : { records: concat(...batches.slice(offset === 0 ? 0 : offset < 3 ? 1 : 2)) },
    })
    const { values, faults } = await readPastFaults(fake, 4)
    expect(values).toEqual(['a', 'd'])
    expect(faults).toEqual([
      { offset: 1, nextOffset: 2 },
      { offset: 2, nextOffset: 3 },
    ])
  })

  it('is told where the broker itself says that it cannot read it', async () => {
    const fake = new FakeCluster({
      fetch: ({ offset }) => {
        if (offset === 1) return { errorCode: ERROR.CORRUPT_MESSAGE }
        return offset >= 3 ? undefined : { records: batchOf([`${offset}`], offset) }
      },
    })
    const { values, faults } = await readPastFaults(fake, 3)
    expect(values).toEqual(['0', '2'])
    expect(faults).toEqual([{ offset: 1, nextOffset: 2 }])
  })
})

describe('a batch that was cut off', () => {
  it('at the end of a response is fetched again', async () => {
    const whole = [batchOf(['a'], 0), batchOf(['b'], 1)]
    const fake = new FakeCluster({
      fetch: ({ offset }) => {
        if (offset === 0) return { records: concat(whole[0]!, whole[1]!.subarray(0, 30)) }
        return offset === 1 ? { records: whole[1]! } : undefined
      },
    })
    expect(await take(open(fake), 2)).toEqual(['a', 'b'])
  })

  it('before any other is an error with its place', async () => {
    const fake = new FakeCluster({ fetch: () => ({ records: batchOf(['a'], 0).subarray(0, 40) }) })
    await expect(take(open(fake), 1)).rejects.toMatchObject({ code: 'KAFKA_RECORD', offset: 0 })
  })
})

describe('a compacted log', () => {
  it('is read over gaps, over batches without records, and from the middle of a batch', async () => {
    // What compaction leaves of a batch keeps its last offset.
    const empty = batchOf([], 6, { lastOffsetDelta: 3 })
    const log = concat(batchOf(['a', 'b', 'c'], 0), empty, batchOf(['z'], 20))
    const fake = new FakeCluster({
      fetch: ({ offset }) => (offset > 20 ? undefined : { records: log }),
      earliest: 1,
    })
    const consumer = open(fake)
    expect(await take(consumer, 3)).toEqual(['b', 'c', 'z'])
    expect(await consumer.position({ topic: 'orders', partition: 0 })).toBe(20)
  })
})

const marker = (type: 'abort' | 'commit', baseOffset: number): Uint8Array =>
  encodeEndTransactionMarker({
    type,
    producerId: 7n,
    producerEpoch: 0,
    coordinatorEpoch: 0,
    timestamp: 0,
    baseOffset,
  })

describe('read_committed', () => {
  const options = { producerId: 7n, producerEpoch: 0, baseSequence: 0, isTransactional: true }

  it('leaves out a transaction that was aborted over several fetches', async () => {
    const batches = [
      batchOf(['gone 0'], 0, options),
      batchOf(['gone 1'], 1, options),
      marker('abort', 2),
      batchOf(['kept'], 3, options),
      marker('commit', 4),
      batchOf(['plain'], 5),
    ]
    const answer = (offset: number): FetchAnswer => ({
      records: batches[offset]!,
      lastStableOffset: 6n,
      abortedTransactions: offset <= 2 ? [{ producerId: 7n, firstOffset: 0n }] : [],
    })
    const fake = new FakeCluster({ fetch: ({ offset }) => (offset > 5 ? undefined : answer(offset)) })
    expect(await take(open(fake, { isolationLevel: 'read_committed' }), 2)).toEqual(['kept', 'plain'])
    expect(fake.fetches[0]?.body.isolationLevel).toBe(1)
  })

  it('waits where a transaction is open, behind what comes after it, and goes on when it has ended', async () => {
    let isOpen = true
    const fake = new FakeCluster({
      fetch: ({ offset }) => {
        if (offset === 0) return { records: batchOf(['before'], 0), lastStableOffset: 1n }
        if (isOpen) return undefined
        return offset > 1 ? undefined : { records: batchOf(['after'], 1, options), lastStableOffset: 2n }
      },
    })
    const consumer = open(fake, { isolationLevel: 'read_committed' })
    const loop = consumer.records()
    expect((await loop.next()).value?.value).toBe('before')
    const next = loop.next()
    const { length } = fake.fetches
    await until(() => fake.fetches.length > length + 2)
    isOpen = false
    expect((await next).value?.value).toBe('after')
    await consumer.close()
  })
})

describe('a replica nearby', () => {
  it('that dies is given up for the leader at once', async () => {
    let hasDied = false
    const fake = new FakeCluster({
      fetch: ({ offset, request: { nodeId } }) => {
        if (nodeId === 2 && hasDied) throw new RangeError('gone')
        if (nodeId === 1 && !hasDied) return { preferredReadReplica: 2 }
        return offset >= 2 ? undefined : { records: batchOf([`${offset} of ${nodeId}`], offset) }
      },
    })
    const consumer = open(fake, { clientRack: 'b', maxPartitionFetchBytes: 1 })
    const loop = consumer.records()
    expect((await loop.next()).value?.value).toBe('0 of 2')
    expect(consumer.metrics().partitions[0]?.preferredReplica).toBe(2)
    hasDied = true
    await loop.return?.()
    consumer.seek({ topic: 'orders', partition: 0, offset: 1 })
    const values: unknown[] = []
    while (values.length === 0)
      await take(consumer, 1).then(
        (more) => values.push(...more),
        () => {},
      )
    expect(values).toEqual(['1 of 1'])
    expect(consumer.metrics().partitions[0]?.preferredReplica).toBeUndefined()
  })

  it('is given up when the partition gets another leader', async () => {
    const fake = new FakeCluster({
      fetch: ({ offset, request: { nodeId } }) => {
        if (nodeId === 1) return { preferredReadReplica: 2 }
        return offset >= 3 ? undefined : { records: batchOf([`${offset} of ${nodeId}`], offset) }
      },
    })
    const consumer = open(fake, { clientRack: 'b', maxPartitionFetchBytes: 1 })
    const loop = consumer.records()
    expect((await loop.next()).value?.value).toBe('0 of 2')
    await loop.return?.()
    fake.move('orders', 0, 3, 1)
    consumer.seek({ topic: 'orders', partition: 0, offset: 1, leaderEpoch: 0 })
    expect(await take(consumer, 2)).toEqual(['1 of 3', '2 of 3'])
  })
})
