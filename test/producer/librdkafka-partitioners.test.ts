import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type LibrdkafkaPartitionerName, librdkafkaPartitioner } from '../../src/producer/librdkafka-partitioners.ts'
import type { PartitionContext } from '../../src/producer/partitioners.ts'

interface Vector {
  /** Null for no key. */
  keyHex: string | null
  /** Partition by number of partitions. */
  partitions: Record<string, number>
}

/** Where confluent-kafka for Python, on librdkafka, put records with these keys. */
const file = new URL('../vectors/librdkafka-partitions.json', import.meta.url)
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as {
  vectors: Record<LibrdkafkaPartitionerName, Vector[]>
}

function context(key: Uint8Array | null, partitionCount: number): PartitionContext {
  return { topic: 't', key, partitionCount, isAvailable: () => true }
}

describe('librdkafkaPartitioner', () => {
  test.each(Object.entries(vectors))('%s puts keys where librdkafka does', (name, rows) => {
    const partitioner = librdkafkaPartitioner(name as LibrdkafkaPartitionerName)
    for (const { keyHex, partitions } of rows) {
      const key = keyHex === null ? null : Uint8Array.from(Buffer.from(keyHex, 'hex'))
      for (const [count, partition] of Object.entries(partitions)) {
        expect(partitioner.partition(context(key, Number(count))), `${keyHex} of ${count}`).toBe(partition)
      }
    }
  })

  test.each(['random', 'consistent_random', 'murmur2_random', 'fnv1a_random'] as const)(
    '%s spreads what has no key',
    (name) => {
      const draws = [0, 0.99]
      const partitioner = librdkafkaPartitioner(name, { batchSizeBytes: 10, random: () => draws.shift()! })
      expect(partitioner.partition(context(null, 4))).toBe(0)
      partitioner.onAppended?.('t', 0, 20, true)
      expect(partitioner.partition(context(null, 4))).toBe(3)
    },
  )

  test('consistent_random takes an empty key for none, the others do not', () => {
    const empty = context(new Uint8Array(0), 4)
    expect(librdkafkaPartitioner('consistent_random', { random: () => 0.99 }).partition(empty)).toBe(3)
    const spread = librdkafkaPartitioner('murmur2_random', { random: () => 0.99 }).partition(empty)
    expect(spread).toBe(librdkafkaPartitioner('murmur2').partition(empty))
  })
})
