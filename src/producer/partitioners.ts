import { murmur2 } from '../protocol/bytes/murmur2.ts'

/** What a partitioner may choose by. */
export interface PartitionContext {
  readonly topic: string
  /** The serialised key, or null. */
  readonly key: Uint8Array | null
  /** Number of partitions of the topic; at least 1. */
  readonly partitionCount: number
  /** Whether the partition has a leader just now. */
  readonly isAvailable: (partition: number) => boolean
}

/** Chooses the partition of a record that names none. */
export interface Partitioner {
  /** A partition from 0 up to and excluding `partitionCount`. */
  partition(context: PartitionContext): number
  /**
   * Called after a record was added to its batch, with the bytes it takes there.
   * Lets a sticky partitioner move on (KIP-794).
   */
  onAppended?(topic: string, partition: number, sizeInBytes: number): void
}

/** The partition that Java's client chooses for a key: murmur2, sign bit cleared, modulo the number of partitions. */
export function murmur2Partition(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount
}

interface StickyState {
  partition: number
  /** Bytes given to the partition since it was chosen. */
  sizeInBytes: number
}

/**
 * Java's default: keyed records go by murmur2 of the key; the others stay with one partition until a batch's worth of
 * bytes went there, then move to another that has a leader (KIP-480, KIP-794).
 *
 * @param batchSizeBytes - bytes after which unkeyed records move on.
 * @param random - a number from 0 up to and excluding 1.
 */
export function defaultPartitioner(batchSizeBytes: number, random: () => number = Math.random): Partitioner {
  const states = new Map<string, StickyState>()

  const choose = ({ topic, partitionCount, isAvailable }: PartitionContext, current: number | undefined): number => {
    const start = Math.floor(random() * partitionCount)
    for (let i = 0; i < partitionCount; i++) {
      const candidate = (start + i) % partitionCount
      if (candidate !== current && isAvailable(candidate)) {
        states.set(topic, { partition: candidate, sizeInBytes: 0 })
        return candidate
      }
    }
    // Only the current partition has a leader, or none has: staying put keeps the batches full.
    const partition = current ?? start
    states.set(topic, { partition, sizeInBytes: 0 })
    return partition
  }

  return {
    partition: (context) => {
      if (context.key !== null) return murmur2Partition(context.key, context.partitionCount)
      const state = states.get(context.topic)
      if (state === undefined || state.partition >= context.partitionCount) return choose(context, undefined)
      if (state.sizeInBytes >= batchSizeBytes || !context.isAvailable(state.partition)) {
        return choose(context, state.partition)
      }
      return state.partition
    },
    onAppended: (topic, partition, sizeInBytes) => {
      const state = states.get(topic)
      if (state !== undefined && state.partition === partition) state.sizeInBytes += sizeInBytes
    },
  }
}
