import type { KafkaError } from '../errors.ts'
import type { Exchange } from './exchange.ts'
import { clientThrottlesFrom } from './throttle.ts'
import { MAX_STALL_GRACE_MS, STALL_MS } from './wait.ts'

/** Longest delay that setTimeout takes. */
const MAX_TIMER_MS = 0x7fffffff

/** What a pipeline needs of the connection it belongs to. */
export interface PipelineOptions {
  /** Most requests that are written and not answered. */
  maxInFlight: number
  /** Longest time that written bytes may take to leave. */
  stallTimeoutMs: number
  /** Time without any request after which `onIdle` is called. */
  idleMs: number
  /** Hands the pieces of a frame to the socket; false when it wants no more until `drained` is called. */
  write(parts: readonly Uint8Array[]): boolean
  /** The peer broke the protocol or is too late: the connection must be closed, which calls `fail`. */
  onBroken(reason: string, cause?: KafkaError): void
  onIdle(): void
  /** The time of `loginDueAt` has come and a request is about to be written: it waits, with all behind it, for `loggedIn`. */
  onLoginDue?: (() => void) | undefined
  onWritten?: ((exchange: Exchange) => void) | undefined
  onAnswered?: ((exchange: Exchange, frame: Uint8Array) => void) | undefined
  onThrottled?: ((exchange: Exchange, throttleTimeMs: number) => void) | undefined
}

/**
 * The requests of one connection, in order: queued, then written and in flight, then answered. Brokers answer in the order
 * of the requests, so the next response always belongs to the oldest request in flight.
 *
 * One timer serves all deadlines. It is unref'd: while a request waits, the socket keeps the process alive.
 */
export class Pipeline {
  readonly #options: PipelineOptions
  readonly #queue: Exchange[] = []
  readonly #inFlight: Exchange[] = []
  #error: KafkaError | undefined
  /** Since when the socket wants no more bytes, if it does not. */
  #blockedSince: number | undefined
  /** Until when the broker asked for silence. */
  #mutedUntil = 0
  /** When the next request must not be written before another login. */
  #loginDueAt = Infinity
  /** Whether only the requests of a login are written: brokers take no others in the middle of one. */
  #isLoggingIn = false
  #lastUsedAt: number
  #idleMs: number
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerAt = Infinity

  constructor(options: PipelineOptions) {
    this.#options = options
    this.#lastUsedAt = performance.now()
    this.#idleMs = options.idleMs
    this.#arm(this.#lastUsedAt + this.#idleMs)
  }

  /** Requests that wait for their turn or their response. */
  get pendingCount(): number {
    return this.#queue.length + this.#inFlight.length
  }

  /** Takes a request and writes it as soon as it may. */
  submit(exchange: Exchange): void {
    if (this.#error !== undefined) {
      exchange.reject(this.#error)
      return
    }
    const now = performance.now()
    this.#lastUsedAt = now
    exchange.deadline = now + exchange.timeoutMs
    // The steps of a login come one at a time, so that the front is the right place for each.
    if (exchange.isLogin) this.#queue.unshift(exchange)
    else this.#queue.push(exchange)
    this.#flush(now)
    // When it was written, the timer knows.
    if (this.#queue.length > 0) this.#arm(exchange.deadline)
  }

  /** A login has been made; the next one is due at `dueAt`, on the clock of performance.now(). */
  loggedIn(dueAt: number): void {
    this.#loginDueAt = dueAt
    this.#isLoggingIn = false
    this.#flush(performance.now())
  }

  /** The socket takes bytes again. */
  drained(): void {
    this.#blockedSince = undefined
    this.#flush(performance.now())
  }

  /** Takes the next response. */
  receive(frame: Uint8Array): void {
    if (this.#error !== undefined) return
    const correlationId = frame.length < 4 ? undefined : readInt32(frame)
    const exchange = this.#inFlight[0]
    if (correlationId === undefined || exchange?.correlationId !== correlationId) {
      this.#options.onBroken(mismatch(correlationId, exchange))
      return
    }
    this.#inFlight.shift()
    const now = performance.now()
    this.#lastUsedAt = now
    const response = exchange.complete(frame)
    this.#options.onAnswered?.(exchange, frame)
    if (response !== undefined) this.#throttle(exchange, response, now)
    if (this.#queue.length > 0) this.#flush(now)
    if (this.pendingCount > 0 || this.#error !== undefined) return
    if (this.#idleMs === 0) this.#options.onIdle()
    // The timer may have been set for what was pending.
    else this.#arm(now + this.#idleMs)
  }

  /** Calls `onIdle` as soon as nothing is pending. */
  idleOut(): void {
    this.#idleMs = 0
    if (this.pendingCount === 0) this.#options.onIdle()
  }

  /** Ends the pipeline: everything pending, and everything submitted later, rejects with `error`. */
  fail(error: KafkaError): void {
    if (this.#error !== undefined) return
    this.#error = error
    clearTimeout(this.#timer)
    for (const exchange of [...this.#inFlight.splice(0), ...this.#queue.splice(0)]) exchange.reject(error)
  }

  #flush(now: number): void {
    const queue = this.#queue
    while (queue.length > 0 && this.#error === undefined && this.#blockedSince === undefined) {
      const next = queue[0]!
      if (next.isSettled) {
        queue.shift()
        continue
      }
      // Those in flight were written before the login began and are answered before it: they need not be waited for.
      if (!next.isLogin && (this.#isLoggingIn || this.#inFlight.length >= this.#options.maxInFlight)) return
      if (now < this.#mutedUntil) {
        this.#arm(this.#mutedUntil)
        return
      }
      if (!next.isLogin && now >= this.#loginDueAt) {
        this.#isLoggingIn = true
        this.#options.onLoginDue?.()
        return
      }
      queue.shift()
      this.#writeNext(next, now)
    }
  }

  #writeNext(exchange: Exchange, now: number): void {
    exchange.writtenAt = now
    exchange.deadline = now + exchange.timeoutMs
    if (exchange.expectsResponse) {
      this.#inFlight.push(exchange)
      this.#arm(exchange.deadline)
    }
    if (!this.#options.write(exchange.takeParts()!)) {
      this.#blockedSince = now
      this.#arm(now + this.#options.stallTimeoutMs)
    }
    this.#options.onWritten?.(exchange)
    if (!exchange.expectsResponse) exchange.complete(undefined)
  }

  /** From the versions on at which the broker answers first and counts on the client to wait (KIP-219). */
  #throttle(exchange: Exchange, response: object, now: number): void {
    const { throttleTimeMs } = response as { throttleTimeMs?: unknown }
    if (typeof throttleTimeMs !== 'number' || throttleTimeMs <= 0) return
    this.#options.onThrottled?.(exchange, throttleTimeMs)
    if (exchange.version >= clientThrottlesFrom(exchange.api)) {
      this.#mutedUntil = Math.max(this.#mutedUntil, now + throttleTimeMs)
    }
  }

  /** Makes sure that the timer fires at `at` or before. */
  #arm(at: number): void {
    if (at >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(() => this.#tick(), Math.min(Math.ceil(at - performance.now()), MAX_TIMER_MS))
    this.#timer.unref?.()
  }

  #tick(): void {
    const now = performance.now()
    const lateMs = now - this.#timerAt
    this.#timerAt = Infinity
    if (lateMs > STALL_MS) this.#grantGrace(now, Math.min(lateMs, MAX_STALL_GRACE_MS))
    this.#expireQueued(now)
    const late = this.#inFlight.find((exchange) => exchange.deadline <= now)
    if (late !== undefined) {
      const error = late.timeout('the connection is closed, as no later response can come before this one')
      late.reject(error)
      this.#options.onBroken(`no response to a ${late.api} request within ${late.timeoutMs} ms`, error)
      return
    }
    if (this.#blockedSince !== undefined && this.#blockedSince + this.#options.stallTimeoutMs <= now) {
      this.#options.onBroken(`the peer has taken no bytes for ${this.#options.stallTimeoutMs} ms`)
      return
    }
    if (this.pendingCount === 0 && this.#lastUsedAt + this.#idleMs <= now) {
      this.#options.onIdle()
      return
    }
    this.#flush(now)
    this.#arm(this.#nextDeadline(now))
  }

  /** While the event loop stood still, nothing could be read: what came meanwhile gets its chance before it counts as late. */
  #grantGrace(now: number, graceMs: number): void {
    for (const exchange of this.#inFlight) exchange.deadline = Math.max(exchange.deadline, now + graceMs)
    for (const exchange of this.#queue) exchange.deadline = Math.max(exchange.deadline, now + graceMs)
    if (this.#blockedSince !== undefined) {
      this.#blockedSince = Math.max(this.#blockedSince, now + graceMs - this.#options.stallTimeoutMs)
    }
  }

  #expireQueued(now: number): void {
    for (const exchange of this.#queue) {
      if (exchange.deadline <= now) exchange.reject(exchange.timeout('it waited for its turn and was not sent'))
    }
  }

  #nextDeadline(now: number): number {
    let at = this.pendingCount === 0 ? this.#lastUsedAt + this.#idleMs : Infinity
    if (this.#blockedSince !== undefined) at = Math.min(at, this.#blockedSince + this.#options.stallTimeoutMs)
    if (this.#queue.length > 0 && this.#mutedUntil > now) at = Math.min(at, this.#mutedUntil)
    for (const exchange of this.#inFlight) at = Math.min(at, exchange.deadline)
    for (const exchange of this.#queue) if (!exchange.isSettled) at = Math.min(at, exchange.deadline)
    return at
  }
}

function readInt32(bytes: Uint8Array): number {
  return (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!
}

function mismatch(correlationId: number | undefined, expected: Exchange | undefined): string {
  if (correlationId === undefined) return 'a response is too short to have a correlation id'
  if (expected === undefined) return `a response with correlation id ${correlationId} came and no request waits for one`
  return `a response with correlation id ${correlationId} came where ${expected.correlationId} (${expected.api}) was due`
}
