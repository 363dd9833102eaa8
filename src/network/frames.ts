import { DecodeError } from '../errors.ts'
import { allocate } from '../protocol/bytes/allocate.ts'
import type { FramePool } from './frame-pool.ts'

/** Largest frame that is accepted unless told otherwise: room for a fetch of 50 MiB and one oversized batch. */
export const DEFAULT_MAX_FRAME_BYTES: number = 128 * 1024 * 1024

const FEW_BYTES = 256

/** How a FrameReader reads. */
export interface FrameReaderOptions {
  /** Frames above this are refused before anything is allocated. Default 128 MiB. */
  maxFrameBytes?: number | undefined
  /** Where large frames get their memory; undefined for memory that is new each time. */
  pool?: FramePool | undefined
}

/** Cuts a byte stream into Kafka's frames: an int32 size, then as many bytes. */
export class FrameReader {
  readonly #onFrame: (frame: Uint8Array) => void
  readonly #maxFrameBytes: number
  readonly #pool: FramePool | undefined
  readonly #size = new Uint8Array(4)
  #sizeFilled = 0
  #frame: Uint8Array | undefined
  #frameFilled = 0
  #isFirst = true
  #isStopped = false
  /** Bytes of the stream before the current chunk, for the offset in errors. */
  #consumed = 0

  /** @param onFrame - takes each whole frame, without its size, in an array of its own. */
  constructor(onFrame: (frame: Uint8Array) => void, options: FrameReaderOptions = {}) {
    this.#onFrame = onFrame
    this.#maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES
    this.#pool = options.pool
  }

  /** Whether the stream stands within a frame, so that its end now would lose one. */
  get isMidFrame(): boolean {
    return this.#frame !== undefined || this.#sizeFilled > 0
  }

  /** Drops everything from now on; also from within `onFrame`. */
  stop(): void {
    this.#isStopped = true
    this.#frame = undefined
    this.#sizeFilled = 0
  }

  /** Takes the next bytes, the first `end` of `chunk`; nothing is kept of it. Throws DecodeError at a size that cannot be, after the frames before it. */
  push(chunk: Uint8Array, end: number = chunk.length): void {
    let at = 0
    while (at < end && !this.#isStopped) {
      at = this.#frame === undefined ? this.#readSize(chunk, at, end) : this.#readFrame(chunk, at, end)
    }
    this.#consumed += end
  }

  #readSize(chunk: Uint8Array, at: number, end: number): number {
    const size = this.#size
    let next = at
    let filled = this.#sizeFilled
    while (filled < 4 && next < end) size[filled++] = chunk[next++]!
    this.#sizeFilled = filled === 4 ? 0 : filled
    if (filled < 4) return next
    const bytes = (size[0]! << 24) | (size[1]! << 16) | (size[2]! << 8) | size[3]!
    this.#check(bytes, next)
    this.#isFirst = false
    this.#frame = this.#pool?.take(bytes) ?? allocate(bytes)
    this.#frameFilled = 0
    return bytes === 0 ? this.#readFrame(chunk, next, end) : next
  }

  #readFrame(chunk: Uint8Array, at: number, end: number): number {
    const frame = this.#frame!
    const taken = Math.min(frame.length - this.#frameFilled, end - at)
    // A view takes longer to make than few bytes to copy.
    if (taken <= FEW_BYTES) for (let i = 0; i < taken; i++) frame[this.#frameFilled + i] = chunk[at + i]!
    else frame.set(at === 0 && taken === chunk.length ? chunk : chunk.subarray(at, at + taken), this.#frameFilled)
    this.#frameFilled += taken
    if (this.#frameFilled === frame.length) {
      this.#frame = undefined
      this.#onFrame(frame)
    }
    return at + taken
  }

  #check(bytes: number, next: number): void {
    const protocol = this.#isFirst ? foreignProtocol(this.#size) : undefined
    if (protocol === undefined && bytes >= 0 && bytes <= this.#maxFrameBytes) return
    this.stop()
    throw new DecodeError(
      protocol ??
        (bytes < 0 ? `frame size ${bytes} is negative` : `frame size ${bytes} is above ${this.#maxFrameBytes}`),
      { offset: this.#consumed + next - 4, path: 'frame' },
    )
  }
}

/**
 * Says which other protocol the first four bytes of a stream belong to, if any. As frame sizes they would announce more than
 * 300 MiB, which no first frame has.
 */
function foreignProtocol(start: Uint8Array): string | undefined {
  const [first, second, third] = start
  if (second === 3 && third !== undefined && third <= 4) {
    if (first === 0x15) return 'the peer speaks TLS and refused what it got: connect with tls'
    if (first === 0x16) return 'the peer speaks TLS: connect with tls'
  }
  const text = String.fromCharCode(...start)
  if (text === 'HTTP' || text === 'GET ' || text === 'POST')
    return 'the peer speaks HTTP: is this the port of a broker?'
  return undefined
}
