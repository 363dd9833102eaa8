/** Smaller frames cost little to make, and die young. */
const MIN_POOLED_BYTES = 64 * 1024

/** Most that is kept while nobody uses it: what a few brokers send at a time. The oldest goes first. */
const MAX_FREE = 8

/** The memory of one frame, for those who read parts of it where they are. */
export class PooledFrame {
  readonly #give: () => void
  #holders = 0

  constructor(give: () => void) {
    this.#give = give
  }

  /** Somebody reads a part of the frame. */
  retain(): void {
    this.#holders++
  }

  /** Somebody has read a part to its end, and nothing refers to it any more. With the last one, the memory is used for other frames. */
  release(): void {
    if (--this.#holders === 0) this.#give()
  }
}

/**
 * Memory for large frames that is used again: new memory has to be cleared, outlives the young generation, and makes the garbage collector run often, since
 * it goes by its size. What is never released is garbage like any other; and what is free is held weakly, so that the next full collection takes
 * it. Sizes are powers of two, so that frames of about the same size share them; what a frame does not fill is not touched.
 */
export class FramePool {
  readonly #frames = new WeakMap<ArrayBufferLike, PooledFrame>()
  /** The oldest first. */
  readonly #free: WeakRef<ArrayBuffer>[] = []

  /** An array for a frame of that many bytes, whose content is arbitrary; undefined when it is too small to be worth it. */
  take(size: number): Uint8Array | undefined {
    if (size < MIN_POOLED_BYTES) return undefined
    const capacity = 2 ** Math.ceil(Math.log2(size))
    const buffer = this.#reuse(capacity) ?? new ArrayBuffer(capacity)
    this.#frames.set(buffer, new PooledFrame(() => this.#give(buffer)))
    return new Uint8Array(buffer, 0, size)
  }

  /** The frame that an array is a part of; undefined when the pool has not made it. */
  frameOf(part: Uint8Array): PooledFrame | undefined {
    return this.#frames.get(part.buffer)
  }

  #reuse(capacity: number): ArrayBuffer | undefined {
    for (const [index, free] of this.#free.entries()) {
      const buffer = free.deref()
      if (buffer?.byteLength !== capacity) continue
      this.#free.splice(index, 1)
      return buffer
    }
    return undefined
  }

  #give(buffer: ArrayBuffer): void {
    this.#frames.delete(buffer)
    this.#free.push(new WeakRef(buffer))
    if (this.#free.length > MAX_FREE) this.#free.shift()
  }
}

/** What connections for fetches read large responses into. */
export const fetchFrames: FramePool = new FramePool()
