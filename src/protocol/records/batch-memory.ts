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

/**
 * Memory that is used again: new arrays have to be cleared, and make the garbage collector run often, since it goes by their size. Arrays
 * come in few sizes, a quarter to a fifth apart, so that what fits one batch fits the next.
 */
export class MemoryPool implements BatchMemory {
  readonly #limitBytes: number
  /** Free arrays by their size. */
  readonly #free = new Map<number, Uint8Array[]>()
  #freeBytes = 0

  /** @param limitBytes - most that is kept while nobody uses it. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  take(bytes: number): Uint8Array {
    if (bytes < MIN_POOLED_BYTES) return allocate(bytes)
    const size = pooledSize(bytes)
    const memory = this.#free.get(size)?.pop()
    if (memory === undefined) return new Uint8Array(size)
    this.#freeBytes -= memory.length
    return memory
  }

  give(memory: Uint8Array): void {
    const { length } = memory
    if (length < MIN_POOLED_BYTES || this.#freeBytes + length > this.#limitBytes) return
    const free = this.#free.get(length)
    if (free === undefined) this.#free.set(length, [memory])
    else free.push(memory)
    this.#freeBytes += length
  }
}

/** The next size up that arrays come in: four to each power of two. */
function pooledSize(bytes: number): number {
  const step = 2 ** (29 - Math.clz32(bytes - 1))
  return Math.ceil(bytes / step) * step
}
