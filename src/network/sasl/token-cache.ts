import { AuthenticationError, KafkaError } from '../../errors.ts'
import { withDeadline } from '../wait.ts'
import { type ReadyToken, readyToken, type TokenFunction, type TokenProvider } from './token.ts'

/** When a token is replaced. The defaults are those of Java's sasl.login.refresh.* settings. */
export interface TokenRefresh {
  /** Share of the lifetime after which a new token is fetched. Default 0.8. */
  windowFactor?: number | undefined
  /** Up to this much is added to `windowFactor`, at random, so that clients do not come all at once. Default 0.05. */
  windowJitter?: number | undefined
  /** A token is used at least so long, unless it lasts for less than this and `bufferMs` together. Default 60,000. */
  minPeriodMs?: number | undefined
  /** A token is replaced so long before it ends at the latest. Default 300,000. */
  bufferMs?: number | undefined
  /** Longest wait for the token function. Default 30,000. */
  timeoutMs?: number | undefined
}

/** Pause after a refresh that failed, while the old token is still good (Java: ExpiringCredentialRefreshingLogin). */
const RETRY_MS = 10_000
/** Longest delay that setTimeout takes. */
const MAX_TIMER_MS = 0x7fffffff

interface Entry {
  token: ReadyToken
  expiresAtMs: number
  refreshAtMs: number
  /** Whether anybody got it: a token that nobody uses is not refreshed. */
  isUsed: boolean
}

/**
 * Keeps a token until shortly before it ends and has the next one ready by then. The token function runs once at a time,
 * however many connections wait for it. While it fails, the old token serves as long as it is good.
 *
 * Timers do not keep the process alive, and stop by themselves once tokens are no longer asked for, so that there is
 * nothing to close.
 */
export class TokenCache implements TokenProvider {
  readonly #fetch: TokenFunction
  readonly #refresh: TokenRefresh
  #entry: Entry | undefined
  #inFlight: Promise<ReadyToken> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(fetch: TokenFunction, refresh: TokenRefresh = {}) {
    this.#fetch = fetch
    this.#refresh = refresh
  }

  async token(request: { host: string; signal?: AbortSignal | undefined }): Promise<ReadyToken> {
    request.signal?.throwIfAborted()
    const entry = this.#entry
    if (entry !== undefined && Date.now() < entry.expiresAtMs) {
      entry.isUsed = true
      // Nobody asked while its time came, or the timer is late: the process slept.
      if (Date.now() >= entry.refreshAtMs && this.#timer === undefined) this.#refreshNow(request.host)
      return entry.token
    }
    const token = await abortable(this.#load(request.host), request.signal)
    if (this.#entry?.token === token) this.#entry.isUsed = true
    return token
  }

  refuse(token: ReadyToken): void {
    if (this.#entry?.token.value === token.value) this.#replace(undefined)
  }

  #load(host: string): Promise<ReadyToken> {
    this.#inFlight ??= this.#loadNow(host).finally(() => (this.#inFlight = undefined))
    return this.#inFlight
  }

  async #loadNow(host: string): Promise<ReadyToken> {
    const given = await withDeadline(
      'getting an OAUTHBEARER token',
      { timeoutMs: this.#refresh.timeoutMs ?? 30_000 },
      async (deadline) => this.#fetch({ host, signal: deadline.signal }),
    ).catch((cause: unknown) => {
      throw tokenError(cause)
    })
    const token = readyToken(given)
    const { expiresAtMs } = token
    // One that has ended already is left to the broker to judge: its clock counts.
    const isKept = expiresAtMs !== undefined && expiresAtMs > Date.now()
    if (!isKept) {
      this.#replace(undefined)
      return token
    }
    const entry = {
      token,
      expiresAtMs,
      refreshAtMs: refreshTime(Date.now(), expiresAtMs, this.#refresh),
      isUsed: false,
    }
    this.#replace(entry)
    this.#schedule(entry, entry.refreshAtMs, host)
    return token
  }

  #replace(entry: Entry | undefined): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#entry = entry
  }

  #schedule(entry: Entry, atMs: number, host: string): void {
    const delayMs = Math.min(Math.max(0, atMs - Date.now()), MAX_TIMER_MS)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (Date.now() < atMs) this.#schedule(entry, atMs, host)
      else if (entry.isUsed) this.#refreshNow(host)
    }, delayMs)
    this.#timer.unref()
  }

  #refreshNow(host: string): void {
    const entry = this.#entry
    this.#load(host).catch(() => {
      // The old token is still there. When it ends, whoever needs a token gets the error of the attempt made then.
      if (entry !== undefined && this.#entry === entry) this.#schedule(entry, Date.now() + RETRY_MS, host)
    })
  }
}

/** When to fetch the next token, by the rules of Java's ExpiringCredentialRefreshingLogin. Milliseconds since 1970. */
export function refreshTime(nowMs: number, expiresAtMs: number, refresh: TokenRefresh = {}): number {
  const { windowFactor = 0.8, windowJitter = 0.05, minPeriodMs = 60_000, bufferMs = 300_000 } = refresh
  const share = windowFactor + windowJitter * Math.random()
  const proposedMs = nowMs + (expiresAtMs - nowMs) * share
  // Too short a life for the two margins: they are left out.
  if (nowMs + minPeriodMs + bufferMs > expiresAtMs) return proposedMs
  return Math.max(nowMs + minPeriodMs, Math.min(proposedMs, expiresAtMs - bufferMs))
}

/** A provider without a memory, for tokens that cost nothing to get anew. */
export function uncached(fetch: TokenFunction): TokenProvider {
  return {
    token: async ({ host, signal }) => {
      try {
        return readyToken(await fetch({ host, signal: signal ?? new AbortController().signal }))
      } catch (error) {
        signal?.throwIfAborted()
        throw tokenError(error)
      }
    },
    refuse: () => {},
  }
}

/** An error of kafkawire as it is; anything else as the cause of one, since its message may hold anything. */
function tokenError(cause: unknown): KafkaError {
  if (cause instanceof KafkaError) return cause
  return new AuthenticationError('no token for OAUTHBEARER: the token function failed, see the cause', 'OAUTHBEARER', {
    cause,
    retriable: true,
  })
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
