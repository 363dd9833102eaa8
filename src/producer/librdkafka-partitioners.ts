import { crc32 } from '../protocol/bytes/crc32.ts'
import { murmur2Partition, type PartitionContext, type Partitioner } from './partitioners.ts'
import { StickyPartitions } from './sticky-partitions.ts'

/** Names of librdkafka's partitioners, as its option `partitioner` takes them. */
export type LibrdkafkaPartitionerName =
  | 'random'
  | 'consistent'
  | 'consistent_random'
  | 'murmur2'
  | 'murmur2_random'
  | 'fnv1a'
  | 'fnv1a_random'

type Hash = (key: Uint8Array, partitionCount: number) => number

const EMPTY = new Uint8Array(0)

/** The partition that `consistent` and `consistent_random` choose: CRC-32 modulo the number of partitions. */
export function crc32Partition(key: Uint8Array, partitionCount: number): number {
  return crc32(key) % partitionCount
}

/** The partition that `fnv1a` and `fnv1a_random` choose, which is also that of Sarama: FNV-1a as a signed number, made positive. */
export function fnv1aPartition(key: Uint8Array, partitionCount: number): number {
  let hash = 0x811c9dc5
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193)
  return Math.abs(hash | 0) % partitionCount
}

const HASHES: Record<LibrdkafkaPartitionerName, Hash | undefined> = {
  random: undefined,
  consistent: crc32Partition,
  consistent_random: crc32Partition,
  murmur2: murmur2Partition,
  murmur2_random: murmur2Partition,
  fnv1a: fnv1aPartition,
  fnv1a_random: fnv1aPartition,
}

/**
 * A partitioner that puts keys where librdkafka's of that name puts them, for topics that its clients (C, Python, Go, .NET) write as well.
 * What has no key is spread as by the default partitioner, as `sticky.partitioning.linger.ms` has it; without `_random`, all of it
 * goes to one partition. To `consistent_random`, librdkafka's default, an empty key is none.
 */
export function librdkafkaPartitioner(
  name: LibrdkafkaPartitionerName,
  options: { batchSizeBytes?: number | undefined; random?: (() => number) | undefined } = {},
): Partitioner {
  const { batchSizeBytes = 16_384, random = Math.random } = options
  const sticky = new StickyPartitions(batchSizeBytes, true, random)
  const hash = HASHES[name]
  const spreadsNull = name === 'random' || name.endsWith('_random')
  const spreadsEmpty = name === 'random' || name === 'consistent_random'
  return {
    partition: (context: PartitionContext) => {
      const { key, partitionCount } = context
      const isSpread = key === null ? spreadsNull : key.length === 0 && spreadsEmpty
      if (isSpread || hash === undefined) return sticky.current(context)
      return hash(key ?? EMPTY, partitionCount)
    },
    onAppended: (topic, partition, sizeInBytes, isBatchFull) => {
      sticky.appended(topic, partition, sizeInBytes, isBatchFull)
    },
  }
}
