import { type Backoff, backoffMs } from './retry.ts'

/** What a Refresher needs. */
export interface RefresherOptions {
  /** Fetches these topics, or all that are in use; resolves with whether anything was new. */
  fetch: (names: readonly string[] | undefined) => Promise<boolean>
  /** Rest between refreshes that nobody waits for; grows while they bring nothing new. */
  backoff: Backoff
  /** Age at which metadata is fetched again although nothing seems wrong with it. */
  maxAgeMs: number
}

/** A fetch that others can join until it starts. */
interface Planned {
  names: Set<string>
  /** Whether all topics in use are wanted, not only `names`. */
  isFull: boolean
  promise: Promise<void>
}

/** Decides when metadata is fetched: one fetch at a time, joined by whoever wants the same, and in the background when stale. */
export class Refresher {
  readonly #options: RefresherOptions
  #running: { names: ReadonlySet<string>; promise: Promise<void> } | undefined
  #planned: Planned | undefined
  #isStale = false
  #isStopped = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerAt = Infinity
  #lastStartAt = -Infinity
  /** Background refreshes in a row that failed or brought nothing new. */
  #fruitlessCount = 0

  constructor(options: RefresherOptions) {
    this.#options = options
  }

  /** Whether something that happened says that what is known is wrong. */
  get isStale(): boolean {
    return this.#isStale
  }

  /** Fetches these topics; joins a running fetch that has them. Topics asked for in the same turn share a request. */
  fetchTopics(names: readonly string[]): Promise<void> {
    const running = this.#running
    if (running !== undefined && names.every((name) => running.names.has(name))) return running.promise
    const planned = this.#plan()
    for (const name of names) planned.names.add(name)
    return planned.promise
  }

  /** Fetches all topics in use, by a request that starts after this call. */
  fetchAll(): Promise<void> {
    const planned = this.#plan()
    planned.isFull = true
    return planned.promise
  }

  /** Has everything fetched again soon, in the background. */
  markStale(): void {
    if (this.#isStale) return
    this.#isStale = true
    const rest = backoffMs(this.#fruitlessCount, this.#options.backoff)
    this.#arm(Math.max(performance.now(), this.#lastStartAt + rest))
  }

  /** Ends the background refreshes. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #plan(): Planned {
    if (this.#planned !== undefined) return this.#planned
    // Also the first one starts a microtask later, so that calls of the same turn can join.
    const before = this.#running?.promise.catch(ignore) ?? Promise.resolve()
    this.#planned = { names: new Set(), isFull: false, promise: before.then(() => this.#run()) }
    return this.#planned
  }

  async #run(): Promise<void> {
    const { names, isFull, promise } = this.#planned!
    this.#planned = undefined
    this.#running = { names, promise }
    this.#lastStartAt = performance.now()
    if (isFull) this.#isStale = false
    let isFruitful = false
    try {
      isFruitful = await this.#options.fetch(isFull ? undefined : [...names])
    } catch (error) {
      if (isFull) this.#isStale = true
      throw error
    } finally {
      this.#running = undefined
      if (isFull) {
        this.#fruitlessCount = isFruitful ? 0 : this.#fruitlessCount + 1
        this.#rest()
      } else {
        this.#arm(performance.now() + this.#options.maxAgeMs)
      }
    }
  }

  /** Sets the timer for the next refresh after a full one. */
  #rest(): void {
    clearTimeout(this.#timer)
    this.#timerAt = Infinity
    const { backoff, maxAgeMs } = this.#options
    this.#arm(performance.now() + (this.#isStale ? backoffMs(this.#fruitlessCount, backoff) : maxAgeMs))
  }

  #arm(at: number): void {
    if (this.#isStopped || at >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Infinity
        // Nobody waits for this one; a failure leaves the metadata stale, which sets the timer again.
        this.fetchAll().catch(ignore)
      },
      Math.min(Math.max(0, at - performance.now()), 0x7fffffff),
    )
    this.#timer.unref?.()
  }
}

function ignore(): void {}
