import { TimeoutError } from '../errors.ts'

/** How long a caller waits: the deadline of a whole call, counted from the call. */
export interface Wait {
  /** Milliseconds; Infinity for no deadline. */
  timeoutMs: number
  /** Ends the wait early: the call rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

/** A timer this late means that the event loop stood still. */
export const STALL_MS = 50
/** After such a stall, how long what came meanwhile and lies in the sockets has to be read. */
export const MAX_STALL_GRACE_MS = 1000
/** Longest delay that setTimeout takes; anything longer would fire at once. */
const MAX_TIMER_MS = 0x7fffffff

/** The deadline that each signal belongs to, so that one within another can tell it what went wrong. */
const owners = new WeakMap<AbortSignal, Deadline>()

/** A deadline that is running. Made by `withDeadline`, which also ends it. */
export class Deadline {
  /** What is being waited for, as a noun phrase: `metadata of topic orders`. */
  readonly operation: string
  readonly timeoutMs: number
  #endsAt: number
  readonly #controller = new AbortController()
  readonly #outer: Deadline | undefined
  #timeout: TimeoutError | undefined
  #lastFailure: unknown

  /** @param within - the signal that ends it early; when it is another deadline's, that one learns of failures too. */
  constructor(operation: string, timeoutMs: number, within?: AbortSignal) {
    this.operation = operation
    this.timeoutMs = timeoutMs
    this.#outer = within && owners.get(within)
    owners.set(this.signal, this)
    this.#endsAt = performance.now() + timeoutMs
  }

  /** Fires with a TimeoutError when time is up, and with the caller's own reason when the caller aborts. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get remainingMs(): number {
    return Math.max(0, this.#endsAt - performance.now())
  }

  /** Whether time ran out, as opposed to the caller having aborted. */
  get isTimedOut(): boolean {
    return this.#timeout !== undefined
  }

  /** Why the last attempt failed, here or under a deadline within this one; undefined when none did. */
  get lastFailure(): unknown {
    return this.#lastFailure
  }

  /** Notes that an attempt failed, for the error to say in case time runs out. */
  noteFailure(error: unknown): void {
    this.#lastFailure = error
    this.#outer?.noteFailure(error)
  }

  /** Throws what the signal carries once the deadline has passed or the caller has aborted. */
  throwIfOver(): void {
    if (!this.signal.aborted && this.remainingMs === 0) this.expire()
    this.signal.throwIfAborted()
  }

  /** Waits for `promise` no longer than the deadline. The promise goes on by itself; a late rejection of it is dropped. */
  race<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason as Error)
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort, { once: true })
      promise.then(
        (value) => {
          signal.removeEventListener('abort', onAbort)
          resolve(value)
        },
        (error: unknown) => {
          signal.removeEventListener('abort', onAbort)
          reject(error)
        },
      )
    })
  }

  /** Ends the deadline as its timer fires; but when that is late, what happened meanwhile is given a chance first: returns how long. */
  fire(): number {
    const now = performance.now()
    const lateMs = now - this.#endsAt
    if (lateMs < STALL_MS) {
      this.expire()
      return 0
    }
    const graceMs = Math.min(lateMs, MAX_STALL_GRACE_MS)
    this.#endsAt = now + graceMs
    return graceMs
  }

  /** Ends the deadline as if its time were up. */
  expire(): void {
    if (this.signal.aborted) return
    this.#timeout = new TimeoutError(this.operation, this.timeoutMs)
    this.#controller.abort(this.#timeout)
  }

  /** Ends the deadline for the caller's reason. */
  abort(reason: unknown): void {
    this.#controller.abort(reason)
  }
}

/**
 * Runs `run` under a deadline and rejects as soon as it is over, whether or not `run` looks at it.
 * The timer keeps the process alive, as somebody waits; timer and listener are gone when the promise settles.
 */
export async function withDeadline<T>(
  operation: string,
  wait: Wait,
  run: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const { timeoutMs, signal } = wait
  signal?.throwIfAborted()
  const deadline = new Deadline(operation, timeoutMs, signal)
  const onTime = (): void => {
    const graceMs = deadline.fire()
    if (graceMs > 0) timer = setTimeout(() => deadline.expire(), graceMs)
  }
  let timer = timeoutMs > MAX_TIMER_MS ? undefined : setTimeout(onTime, timeoutMs)
  const onAbort = (): void => deadline.abort(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await deadline.race(run(deadline))
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Resolves after `ms` milliseconds; rejects with the signal's reason when it fires first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error)
      return
    }
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
