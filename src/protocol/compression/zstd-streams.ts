/** What is used of a compressing stream of node:zlib. */
export interface ZlibStream {
  write(chunk: Uint8Array, done: (error?: Error | null) => void): boolean
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  destroy(): unknown
  readonly readableLength: number
}

interface Task {
  readonly bytes: Uint8Array
  readonly resolve: (frame: Uint8Array[]) => void
  readonly reject: (error: Error) => void
}

/**
 * Streams that each make one frame after the other in the thread pool, so that their memory of a megabyte or more is made once instead of for each frame, and no
 * more of them at work than there are cores for: with one call of node:zlib for each frame, all at once, the same frames take twice the CPU time.
 */
export class FrameStreams {
  readonly #make: () => ZlibStream
  readonly #most: number
  readonly #idle: FrameStream[] = []
  #workingCount = 0
  readonly #waiting: Task[] = []

  /**
   * @param make - makes a stream that ends a frame at each write.
   * @param most - how many may work at a time.
   */
  constructor(make: () => ZlibStream, most: number) {
    this.#make = make
    this.#most = most
  }

  /** The frame of `bytes`, in pieces. */
  run(bytes: Uint8Array): Promise<Uint8Array[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject })
      this.#next()
    })
  }

  #next(): void {
    if (this.#workingCount >= this.#most) return
    const task = this.#waiting.shift()
    if (task === undefined) return
    this.#workingCount++
    let stream: FrameStream
    try {
      stream = this.#idle.pop() ?? new FrameStream(this.#make())
    } catch (error) {
      this.#workingCount--
      task.reject(error as Error)
      this.#next()
      return
    }
    stream.run(task.bytes, (error, frame) => {
      this.#workingCount--
      if (error === undefined) this.#idle.push(stream)
      this.#next()
      if (error === undefined) task.resolve(frame)
      else task.reject(error)
    })
  }
}

type Done = (error: Error | undefined, frame: Uint8Array[]) => void

/** A stream with one task at a time. After an error it is of no more use. */
class FrameStream {
  readonly #stream: ZlibStream
  #pieces: Uint8Array[] = []
  #done: Done | undefined

  constructor(stream: ZlibStream) {
    this.#stream = stream
    stream.on('data', (chunk) => this.#pieces.push(chunk))
    stream.on('error', (error) => this.#end(error))
  }

  run(bytes: Uint8Array, done: Done): void {
    this.#done = done
    this.#stream.write(bytes, (error) => {
      if (error === undefined || error === null) this.#finish()
      else this.#end(error)
    })
  }

  #finish(): void {
    // What was made is handed out as it is made, unless the stream has not yet begun to flow.
    if (this.#stream.readableLength > 0) setImmediate(() => this.#finish())
    else this.#end(undefined)
  }

  #end(error: Error | undefined): void {
    const pieces = this.#pieces
    const done = this.#done
    this.#pieces = []
    this.#done = undefined
    if (error !== undefined) this.#stream.destroy()
    done?.(error, pieces)
  }
}
