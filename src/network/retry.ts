import { KafkaError, TimeoutError } from '../errors.ts'
import { type Deadline, sleep, type Wait, withDeadline } from './wait.ts'

/** A delay that doubles from attempt to attempt. */
export interface Backoff {
  /** Delay before the second attempt, in milliseconds. */
  minMs: number
  /** Longest delay, in milliseconds, before jitter. */
  maxMs: number
}

/** Java's retry.backoff.ms and retry.backoff.max.ms. */
export const DEFAULT_RETRY_BACKOFF: Backoff = { minMs: 100, maxMs: 1000 }

/** The delay after failed attempt number `attempt` (from 0): minMs * 2^attempt, at most maxMs, give or take 20 % (KIP-580). */
export function backoffMs(attempt: number, backoff: Backoff): number {
  const base = Math.min(backoff.minMs * 2 ** attempt, backoff.maxMs)
  return base * (0.8 + Math.random() * 0.4)
}

/** What `retry` does with failures. */
export interface RetryOptions {
  /** Default 100 ms to 1 s. */
  backoff?: Backoff
  /** Default: kafkawire errors that say they are retriable. */
  shouldRetry?: (error: unknown) => boolean
  /** Called before each delay. */
  onRetry?: (error: unknown, attempt: number) => void
  /** What to throw when time is up; `lastError` is undefined when no attempt came to an end, here or in a retry within this one. Default: a TimeoutError that names and carries the last failure. */
  onDeadline?: (lastError: unknown, timeout: TimeoutError) => unknown
}

/** Whether an error says that trying again may help. */
export function isRetriable(error: unknown): boolean {
  return error instanceof KafkaError && error.retriable
}

/**
 * Calls `run` until it succeeds, fails for good, or the deadline passes.
 * `operation` is a noun phrase for the error message, such as `metadata of topic orders`.
 */
export async function retry<T>(
  operation: string,
  wait: Wait,
  run: (deadline: Deadline, attempt: number) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const { backoff = DEFAULT_RETRY_BACKOFF, shouldRetry = isRetriable, onRetry, onDeadline = timeoutAfter } = options
  let running: Deadline | undefined
  try {
    return await withDeadline(operation, wait, async (deadline) => {
      running = deadline
      for (let attempt = 0; ; attempt++) {
        try {
          return await run(deadline, attempt)
        } catch (error) {
          if (deadline.signal.aborted || !shouldRetry(error)) throw error
          deadline.noteFailure(error)
          onRetry?.(error, attempt)
        }
        await sleep(backoffMs(attempt, backoff), deadline.signal)
      }
    })
  } catch (error) {
    if (running?.isTimedOut !== true || error !== running.signal.reason) throw error
    throw onDeadline(running.lastFailure, error as TimeoutError)
  }
}

/** The TimeoutError to throw after `lastError`, which it names and carries; `timeout` itself when there was none. */
export function timeoutAfter(lastError: unknown, timeout: TimeoutError): TimeoutError {
  if (lastError === undefined) return timeout
  const { operation, timeoutMs } = timeout
  const options = lastError instanceof Error ? { hint: lastError.message } : {}
  return new TimeoutError(operation, timeoutMs, { ...options, cause: lastError })
}
