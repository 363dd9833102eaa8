import type { PartitionContext } from './partitioners.ts'

interface StickyState {
  partition: number
  /** Bytes given to the partition since it was chosen. */
  sizeInBytes: number
  /** Whether the next record goes elsewhere. */
  isOver: boolean
}

/** The partition that the unkeyed records of each topic go to just now (Java: BuiltInPartitioner). */
export class StickyPartitions {
  readonly #batchSizeBytes: number
  readonly #isAdaptive: boolean
  readonly #random: () => number
  readonly #states = new Map<string, StickyState>()

  constructor(batchSizeBytes: number, isAdaptive: boolean, random: () => number) {
    this.#batchSizeBytes = batchSizeBytes
    this.#isAdaptive = isAdaptive
    this.#random = random
  }

  /** Where the next unkeyed record goes. */
  current(context: PartitionContext): number {
    const state = this.#states.get(context.topic)
    if (state === undefined) {
      const partition = this.#choose(context)
      this.#states.set(context.topic, { partition, sizeInBytes: 0, isOver: false })
      return partition
    }
    const { partition, isOver } = state
    if (isOver || partition >= context.partitionCount || !context.isAvailable(partition)) {
      state.partition = this.#choose(context)
      state.sizeInBytes = 0
      state.isOver = false
    }
    return state.partition
  }

  /**
   * Moves on after a batch's worth of bytes, at the end of a batch: in the midst of one, it would go out half empty. After twice as
   * many bytes, in any case.
   */
  appended(topic: string, partition: number, sizeInBytes: number, isBatchFull: boolean): void {
    const state = this.#states.get(topic)
    if (state === undefined || state.partition !== partition) return
    state.sizeInBytes += sizeInBytes
    const limitBytes = isBatchFull ? this.#batchSizeBytes : this.#batchSizeBytes * 2
    if (state.sizeInBytes >= limitBytes) state.isOver = true
  }

  /** One of the partitions that have a leader, by chance; any when none has. */
  #choose({ partitionCount, isAvailable, queueLength }: PartitionContext): number {
    const candidates: number[] = []
    for (let i = 0; i < partitionCount; i++) if (isAvailable(i)) candidates.push(i)
    if (candidates.length === 0) return Math.floor(this.#random() * partitionCount)
    if (this.#isAdaptive && queueLength !== undefined) {
      const weighted = this.#chooseByLoad(candidates.map((partition) => queueLength(partition)))
      return candidates[weighted]!
    }
    return candidates[Math.floor(this.#random() * candidates.length)]!
  }

  /** A place in the list, each as likely as its queue is shorter than one more than the longest. */
  #chooseByLoad(queueLengths: readonly number[]): number {
    const ceiling = Math.max(...queueLengths) + 1
    let total = 0
    for (const length of queueLengths) total += ceiling - length
    let rest = Math.floor(this.#random() * total)
    for (let i = 0; i < queueLengths.length; i++) {
      rest -= ceiling - queueLengths[i]!
      if (rest < 0) return i
    }
    return queueLengths.length - 1
  }
}
