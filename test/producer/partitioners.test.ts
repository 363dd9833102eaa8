import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { defaultPartitioner, murmur2Partition, type PartitionContext } from '../../src/producer/partitioners.ts'

const context = (change: Partial<PartitionContext> = {}): PartitionContext => ({
  topic: 't',
  key: null,
  partitionCount: 3,
  isAvailable: () => true,
  ...change,
})

interface MurmurCase {
  keyHex: string
  partitions: Record<string, number>
}

describe('murmur2Partition', () => {
  test('chooses as the Java client does', () => {
    const vectors = JSON.parse(readFileSync(new URL('../vectors/hashing.json', import.meta.url), 'utf8')) as {
      murmur2: MurmurCase[]
    }
    let count = 0
    for (const { keyHex, partitions } of vectors.murmur2) {
      for (const [partitionCount, expected] of Object.entries(partitions)) {
        expect(murmur2Partition(Buffer.from(keyHex, 'hex'), Number(partitionCount))).toBe(expected)
        count++
      }
    }
    expect(count).toBeGreaterThan(1000)
  })
})

describe('defaultPartitioner', () => {
  test('sends equal keys to one partition', () => {
    const partitioner = defaultPartitioner({ batchSizeBytes: 100 })
    const key = new TextEncoder().encode('customer-1')
    expect(partitioner.partition(context({ key }))).toBe(murmur2Partition(key, 3))
  })

  test('keeps unkeyed records together until a batch is full, then moves on', () => {
    const draws = [0, 0.99]
    const partitioner = defaultPartitioner({ batchSizeBytes: 100, random: () => draws.shift()! })
    expect(partitioner.partition(context())).toBe(0)
    partitioner.onAppended?.('t', 0, 60, false)
    expect(partitioner.partition(context())).toBe(0)
    partitioner.onAppended?.('t', 0, 60, true)
    expect(partitioner.partition(context())).toBe(2)
  })

  test('keeps topics apart', () => {
    const partitioner = defaultPartitioner({ batchSizeBytes: 100, random: () => 0 })
    const first = partitioner.partition(context())
    partitioner.onAppended?.('other', first, 1000, true)
    expect(partitioner.partition(context())).toBe(first)
  })

  test('chooses only partitions with a leader', () => {
    const partitioner = defaultPartitioner({ batchSizeBytes: 1, random: () => 0 })
    for (let i = 0; i < 10; i++) {
      const partition = partitioner.partition(context({ isAvailable: (candidate) => candidate === 2 }))
      expect(partition).toBe(2)
      partitioner.onAppended?.('t', partition, 10, true)
    }
  })

  test('leaves a partition that lost its leader', () => {
    const partitioner = defaultPartitioner({ batchSizeBytes: 1000 })
    const first = partitioner.partition(context())
    expect(partitioner.partition(context({ isAvailable: (candidate) => candidate !== first }))).not.toBe(first)
  })

  test('chooses some partition when none has a leader', () => {
    const partition = defaultPartitioner({ batchSizeBytes: 1000 }).partition(context({ isAvailable: () => false }))
    expect(partition).toBeGreaterThanOrEqual(0)
    expect(partition).toBeLessThan(3)
  })

  test('stays with a partition in the midst of a batch until twice as many bytes went there', () => {
    const draws = [0, 0.99]
    const partitioner = defaultPartitioner({ batchSizeBytes: 100, random: () => draws.shift()! })
    expect(partitioner.partition(context())).toBe(0)
    partitioner.onAppended?.('t', 0, 150, false)
    expect(partitioner.partition(context())).toBe(0)
    partitioner.onAppended?.('t', 0, 50, false)
    expect(partitioner.partition(context())).toBe(2)
  })

  test('prefers partitions whose queues are short, by as much as they are shorter', () => {
    const lengths = [0, 3, 1]
    const counts = [0, 0, 0]
    for (let i = 0; i < 70; i++) {
      const partitioner = defaultPartitioner({ random: () => i / 70 })
      counts[partitioner.partition(context({ queueLength: (partition) => lengths[partition]! }))]!++
    }
    // One more than the longest queue, less each queue: 4, 1 and 3 of 8.
    expect(counts.map((count) => Math.round((count / 70) * 8))).toEqual([4, 1, 3])
  })

  test('does not look at queues when it is told not to adapt', () => {
    const partitioner = defaultPartitioner({ adaptive: false, random: () => 0.5 })
    expect(partitioner.partition(context({ queueLength: (partition) => (partition === 1 ? 100 : 0) }))).toBe(1)
  })

  test('spreads keyed records as well when it is to ignore keys', () => {
    const partitioner = defaultPartitioner({ ignoreKeys: true, random: () => 0.99 })
    expect(partitioner.partition(context({ key: new TextEncoder().encode('customer-1') }))).toBe(2)
  })
})
