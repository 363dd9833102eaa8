import { murmur2 } from '../protocol/bytes/murmur2.ts'
import { StickyPartitions } from './sticky-partitions.ts'

/** What a partitioner may choose by. Valid during the call only. */
export interface PartitionContext {
  readonly topic: string
  /** The serialised key, or null. */
  readonly key: Uint8Array | null
  /** Number of partitions of the topic; at least 1. */
  readonly partitionCount: number
  /** Whether the partition has a leader just now. */
  readonly isAvailable: (partition: number) => boolean
  /** Batches of the partition that wait to be sent. */
  readonly queueLength?: ((partition: number) => number) | undefined
}

/** Chooses the partition of a record that names none. */
export interface Partitioner {
  /** A partition from 0 up to and excluding `partitionCount`. */
  partition(context: PartitionContext): number
  /**
   * Called after a record was added to its batch, with the bytes it takes there and whether the batch is now full.
   * Lets a sticky partitioner move on (KIP-794).
   */
  onAppended?(topic: string, partition: number, sizeInBytes: number, isBatchFull: boolean): void
}

/** The partition that Java's client chooses for a key: murmur2, sign bit cleared, modulo the number of partitions. */
export function murmur2Partition(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount
}

/** How the default partitioner may differ from Java's defaults. */
export interface DefaultPartitionerOptions {
  /** Bytes after which unkeyed records move on. Default 16,384, the default of `batchSizeBytes`. */
  batchSizeBytes?: number | undefined
  /** Whether partitions whose batches queue up get fewer of the unkeyed records. Default true. Java: partitioner.adaptive.partitioning.enable. */
  adaptive?: boolean | undefined
  /** Whether keyed records are spread like unkeyed ones. Default false. Java: partitioner.ignore.keys. */
  ignoreKeys?: boolean | undefined
  /** A number from 0 up to and excluding 1. Default Math.random. */
  random?: (() => number) | undefined
}

/**
 * Java's default: keyed records go by murmur2 of the key; the others stay with one partition until a batch's worth of
 * bytes went there, then move to another that has a leader, rather to one with a short queue (KIP-480, KIP-794).
 */
export function defaultPartitioner(options: DefaultPartitionerOptions = {}): Partitioner {
  const { batchSizeBytes = 16_384, adaptive = true, ignoreKeys = false, random = Math.random } = options
  const sticky = new StickyPartitions(batchSizeBytes, adaptive, random)
  return {
    partition: (context) => {
      if (context.key !== null && !ignoreKeys) return murmur2Partition(context.key, context.partitionCount)
      return sticky.current(context)
    },
    onAppended: (topic, partition, sizeInBytes, isBatchFull) => {
      sticky.appended(topic, partition, sizeInBytes, isBatchFull)
    },
  }
}
