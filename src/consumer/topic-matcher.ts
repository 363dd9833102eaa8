import type { Cluster } from '../network/cluster.ts'
import { type Backoff, backoffMs, isRetriable } from '../network/retry.ts'

/** What matching topics depends on. */
export interface TopicMatcherSettings {
  /** Longest time until a topic that appears or goes is noticed (Java: metadata.max.age.ms). */
  readonly metadataMaxAgeMs: number
  readonly requestTimeoutMs: number
  /** How long failures that may pass are kept from the loop before topics were listed once. */
  readonly defaultApiTimeoutMs: number
  readonly retryBackoff: Backoff
}

/** Whom a matcher tells what it found. */
export interface TopicMatcherEvents {
  /** Which topics match at first, and later whenever others do; in their order by name. */
  readonly onChange: (topics: readonly string[]) => void
  /** Topics cannot be asked for. */
  readonly onError: (error: unknown) => void
}

/** Keeps track of the topics whose names match a regular expression (Java: subscribe(Pattern)). Kafka's own topics are left out. */
export class TopicMatcher {
  readonly #cluster: Cluster
  readonly #expression: RegExp
  readonly #settings: TopicMatcherSettings
  readonly #events: TopicMatcherEvents
  readonly #stopping = new AbortController()
  #topics: readonly string[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #isLooking = false
  #failures = 0
  #hasLooked = false
  #startedAt = 0
  #unsubscribe: (() => void) | undefined

  constructor(cluster: Cluster, expression: RegExp, settings: TopicMatcherSettings, events: TopicMatcherEvents) {
    this.#cluster = cluster
    // Such flags would have each match begin where the one before ended.
    this.#expression = new RegExp(expression.source, expression.flags.replace(/[gy]/g, ''))
    this.#settings = settings
    this.#events = events
  }

  /** Looks now, and from now on whenever something may have changed; does nothing when that goes on already. */
  start(): void {
    if (this.#stopping.signal.aborted || this.#unsubscribe !== undefined) return
    this.#startedAt = performance.now()
    this.#unsubscribe = this.#cluster.onMetadata(() => {
      // A topic that is gone is noticed where it is read.
      if (this.#topics.some((topic) => this.#cluster.topic(topic) === undefined)) void this.#look()
    })
    void this.#look()
  }

  stop(): void {
    this.#stopping.abort(new Error('the topics are not matched any more'))
    this.#unsubscribe?.()
    clearTimeout(this.#timer)
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    clearTimeout(this.#timer)
    const { signal } = this.#stopping
    const { metadataMaxAgeMs, requestTimeoutMs, defaultApiTimeoutMs, retryBackoff } = this.#settings
    let nextMs = metadataMaxAgeMs
    try {
      const all = await this.#cluster.allTopics({ timeoutMs: Math.min(requestTimeoutMs, defaultApiTimeoutMs), signal })
      this.#failures = 0
      const matching = [...all.values()].filter(({ name, isInternal }) => !isInternal && this.#expression.test(name))
      const topics = matching.map(({ name }) => name).toSorted()
      const isNews = !this.#hasLooked || topics.join() !== this.#topics.join()
      this.#hasLooked = true
      this.#topics = topics
      if (isNews) this.#events.onChange(topics)
    } catch (error) {
      const isPatient = this.#hasLooked || performance.now() - this.#startedAt < defaultApiTimeoutMs
      if (!signal.aborted && !(isRetriable(error) && isPatient)) this.#events.onError(error)
      nextMs = Math.min(metadataMaxAgeMs, backoffMs(this.#failures++, retryBackoff))
    }
    this.#isLooking = false
    if (signal.aborted) return
    this.#timer = setTimeout(() => void this.#look(), nextMs)
    this.#timer.unref?.()
  }
}
