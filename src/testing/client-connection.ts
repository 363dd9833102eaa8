import type { Socket } from 'node:net'
import { FrameReader } from '../network/frames.ts'
import type { Outcome } from './request-server.ts'

/** Largest request in bytes (socket.request.max.bytes). */
const MAX_REQUEST_BYTES = 104_857_600

/** Requests that may wait for their turn before no more are read from the socket. */
const MAX_WAITING = 32

/** Answers one request of a connection. */
export type Serve = (frame: Uint8Array, signal: AbortSignal) => Promise<Outcome>

/** One connection of a client. As in Kafka, its requests are served strictly one after the other. */
export class ClientConnection {
  readonly #socket: Socket
  readonly #serve: Serve
  readonly #frames: FrameReader
  readonly #lost = new AbortController()
  readonly #waiting: Uint8Array[] = []
  #isServing = false

  /** @param onClose - called once, when the connection is gone. */
  constructor(socket: Socket, serve: Serve, onClose: () => void) {
    this.#socket = socket
    this.#serve = serve
    this.#frames = new FrameReader((frame) => this.#take(frame), { maxFrameBytes: MAX_REQUEST_BYTES })
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#read(chunk))
    // What went wrong with a client's connection is the client's to tell.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#lost.abort()
      onClose()
    })
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#frames.stop()
    this.#socket.destroy()
  }

  #read(chunk: Uint8Array): void {
    try {
      this.#frames.push(chunk)
    } catch {
      // A size that no request has: there is no telling where the next one starts.
      this.destroy()
    }
  }

  #take(frame: Uint8Array): void {
    this.#waiting.push(frame)
    if (this.#waiting.length >= MAX_WAITING) this.#socket.pause()
    if (!this.#isServing) void this.#serveWaiting()
  }

  async #serveWaiting(): Promise<void> {
    this.#isServing = true
    for (let frame = this.#waiting.shift(); frame !== undefined; frame = this.#waiting.shift()) {
      const outcome = await this.#serve(frame, this.#lost.signal)
      if (this.#socket.destroyed || outcome.kind === 'close') return this.destroy()
      // Still serving, for good: what comes waits in vain, until the client gives up.
      if (outcome.kind === 'stall') return
      if (outcome.kind === 'send' && !this.#socket.write(outcome.frame)) await this.#drained()
      if (this.#waiting.length < MAX_WAITING && this.#socket.isPaused()) this.#socket.resume()
    }
    this.#isServing = false
  }

  /** Waits until the client has taken what was written, or is gone. */
  #drained(): Promise<void> {
    if (this.#socket.destroyed) return Promise.resolve()
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#socket.off('drain', settle)
        this.#socket.off('close', settle)
        resolve()
      }
      this.#socket.once('drain', settle)
      this.#socket.once('close', settle)
    })
  }
}
