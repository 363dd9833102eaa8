import { describe, expect, it } from 'vitest'
import { FetchedChunk, type AbortedTransaction } from '../../src/consumer/fetched-chunk.ts'
import { DecodeError } from '../../src/errors.ts'
import { FramePool } from '../../src/network/frame-pool.ts'
import { encodeEndTransactionMarker } from '../../src/protocol/records/control-record.ts'
import { batchOf, concat } from './fake-cluster.ts'

function chunkOf(
  bytes: Uint8Array,
  fetchOffset = 0,
  abortedTransactions?: readonly AbortedTransaction[],
): FetchedChunk {
  return new FetchedChunk({ bytes, fetchOffset, checkCrcs: true, abortedTransactions })
}

/** Base offsets of the batches that the loop gets to see. */
function visibleOffsets(chunk: FetchedChunk): number[] {
  const offsets: number[] = []
  for (let batch = chunk.peek(); batch !== undefined; batch = chunk.peek()) {
    if (chunk.isVisible(batch) === true) offsets.push(batch.baseOffset)
    chunk.skip()
  }
  return offsets
}

const producerId = 7n

function transactional(values: readonly string[], baseOffset: number, ofProducer: bigint = producerId): Uint8Array {
  return batchOf(values, baseOffset, {
    producerId: ofProducer,
    producerEpoch: 0,
    baseSequence: 0,
    isTransactional: true,
  })
}

function marker(type: 'abort' | 'commit', baseOffset: number, ofProducer: bigint = producerId): Uint8Array {
  return encodeEndTransactionMarker({
    type,
    producerId: ofProducer,
    producerEpoch: 0,
    coordinatorEpoch: 0,
    timestamp: 0,
    baseOffset,
  })
}

describe('a fetched chunk', () => {
  it('goes on behind its last whole batch', () => {
    const second = batchOf(['c'], 12)
    const chunk = chunkOf(concat(batchOf(['a', 'b'], 10), second, batchOf(['d'], 13).subarray(0, 30)), 11)
    expect(chunk.nextOffset).toBe(13)
    expect(visibleOffsets(chunk)).toEqual([10, 12])
  })

  it('goes on behind offsets that compaction removed from the end of a batch', () => {
    const batch = batchOf(['a'], 10)
    new DataView(batch.buffer, batch.byteOffset).setInt32(23, 9)
    expect(
      new FetchedChunk({ bytes: batch, fetchOffset: 10, checkCrcs: false, abortedTransactions: undefined }).nextOffset,
    ).toBe(20)
  })

  it('fails at a batch with a wrong checksum, each time it is asked, and not before', () => {
    const broken = batchOf(['b'], 1)
    broken[broken.length - 1]! ^= 1
    const chunk = chunkOf(concat(batchOf(['a'], 0), broken))
    expect(chunk.isBroken).toBe(false)
    expect(chunk.peek()?.baseOffset).toBe(0)
    chunk.skip()
    expect(() => chunk.peek()).toThrow(DecodeError)
    expect(() => chunk.peek()).toThrow(DecodeError)
    expect(chunk.endOfNext).toBe(2)
  })

  it('is broken where the bytes are no batches', () => {
    const garbage = batchOf(['b'], 1)
    garbage[16] = 9
    const chunk = chunkOf(concat(batchOf(['a'], 0), garbage))
    expect(chunk.isBroken).toBe(true)
    expect(chunk.nextOffset).toBe(1)
  })

  it('gives its frame back at its end, and what was read of it stays as it is', async () => {
    const pool = new FramePool()
    const sent = concat(batchOf(['a', 'b'], 0), batchOf(['x'.repeat(70_000)], 2))
    const bytes = pool.take(sent.length)!
    bytes.set(sent)
    const frame = pool.frameOf(bytes)!
    const chunk = new FetchedChunk({ bytes, frame, fetchOffset: 0, checkCrcs: true, abortedTransactions: undefined })
    const cursor = await chunk.peek()!.cursor()
    cursor.next()
    const key = cursor.key()
    chunk.skip()
    const [record] = await chunk.peek()!.records()
    chunk.skip()
    expect(chunk.peek()).toBeUndefined()
    expect(pool.frameOf(bytes)).toBe(frame)
    chunk.finish()
    expect(pool.take(sent.length)!.buffer).toBe(bytes.buffer)
    bytes.fill(0)
    expect(new TextDecoder().decode(key ?? undefined)).toBe('key a')
    cursor.next()
    expect(new TextDecoder().decode(cursor.value() ?? undefined)).toBe('b')
    expect(new TextDecoder().decode(record!.value ?? undefined)).toBe('x'.repeat(70_000))
  })

  it('is broken when not even its first batch is whole', () => {
    const chunk = chunkOf(batchOf(['a'], 5).subarray(0, 40), 5)
    expect(chunk.isBroken).toBe(true)
    expect(() => chunk.peek()).toThrow('hold no complete record batch')
  })

  it('leaves out control records', () => {
    const chunk = chunkOf(concat(transactional(['a'], 0), marker('commit', 1), batchOf(['b'], 2)))
    expect(visibleOffsets(chunk)).toEqual([0, 2])
  })

  it('hands out records of aborted transactions unless told of them', () => {
    expect(visibleOffsets(chunkOf(concat(transactional(['a'], 0), marker('abort', 1))))).toEqual([0])
  })

  it('leaves out aborted transactions up to their marker', () => {
    const bytes = concat(
      transactional(['aborted'], 0),
      batchOf(['plain'], 1),
      marker('abort', 2),
      transactional(['committed'], 3),
      marker('commit', 4),
    )
    expect(visibleOffsets(chunkOf(bytes, 0, [{ producerId, firstOffset: 0n }]))).toEqual([1, 3])
  })

  it('copes with aborted transactions out of order, without data, and of producers side by side', () => {
    const other = 8n
    const bytes = concat(
      transactional(['a'], 0),
      transactional(['kept'], 1, other),
      marker('commit', 2, other),
      marker('abort', 3),
      marker('abort', 4),
      transactional(['b'], 5, other),
      transactional(['kept'], 6),
      marker('abort', 7, other),
      marker('commit', 8),
    )
    const aborted = [
      { producerId: other, firstOffset: 5n },
      { producerId, firstOffset: 0n },
    ]
    expect(visibleOffsets(chunkOf(bytes, 0, aborted))).toEqual([1, 6])
  })
})
