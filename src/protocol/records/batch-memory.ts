import { allocate } from '../bytes/allocate.ts'

/** Where a batch gets the memory that its records are encoded into. */
export interface BatchMemory {
  /** An array of at least so many bytes, whose content is arbitrary. */
  take(bytes: number): Uint8Array
  /** Gives an array back that `take` returned and nothing refers to any more. */
  give(memory: Uint8Array): void
}

/** Memory that is new each time and left to the garbage collector. */
export const NEW_MEMORY: BatchMemory = { take: allocate, give: () => undefined }

/** Smaller arrays cost little to make. */
const MIN_POOLED_BYTES = 4096

/** Arrays come in so many sizes for each power of two. */
const SIZES_PER_DOUBLING = 4

/**
 * Memory that is used again: new arrays have to be cleared, and make the garbage collector run often, since it goes by their size. Arrays
 * come in few sizes, a quarter to a fifth apart, so that what fits one batch fits the next.
 */
export class MemoryPool implements BatchMemory {
  readonly #limitBytes: number
  /** Free arrays by their size, those sizes first that nothing was given back of for the longest time. */
  readonly #free = new Map<number, Uint8Array[]>()
  #freeBytes = 0

  /** @param limitBytes - most that is kept while nobody uses it. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  take(bytes: number): Uint8Array {
    if (bytes < MIN_POOLED_BYTES) return allocate(bytes)
    const wanted = pooledSize(bytes)
    // Sizes of compressed batches vary: one that is somewhat too large is better than a new one.
    for (let size = wanted, i = 0; i < SIZES_PER_DOUBLING; size = pooledSize(size + 1), i++) {
      const memory = this.#free.get(size)?.pop()
      if (memory === undefined) continue
      this.#freeBytes -= size
      return memory
    }
    return new Uint8Array(wanted)
  }

  give(memory: Uint8Array): void {
    const { length } = memory
    if (length < MIN_POOLED_BYTES || length > this.#limitBytes) return
    const free = this.#free.get(length) ?? []
    free.push(memory)
    this.#free.delete(length)
    this.#free.set(length, free)
    this.#freeBytes += length
    if (this.#freeBytes > this.#limitBytes) this.#drop()
  }

  /** Lets go of what was not needed for the longest time, until the rest is within the limit. */
  #drop(): void {
    for (const [size, free] of this.#free) {
      while (free.length > 0 && this.#freeBytes > this.#limitBytes) {
        free.pop()
        this.#freeBytes -= size
      }
      if (this.#freeBytes <= this.#limitBytes) return
      this.#free.delete(size)
    }
  }
}

/** The next size up that arrays come in. */
function pooledSize(bytes: number): number {
  const step = 2 ** (31 - Math.clz32(bytes - 1)) / SIZES_PER_DOUBLING
  return Math.ceil(bytes / step) * step
}
