import { inspect } from '../inspect-value.ts'
import type { Cluster } from '../network/cluster.ts'
import { TopicMatcher, type TopicMatcherSettings } from './topic-matcher.ts'

/** A regular expression in RE2 syntax that the group's coordinator matches topics with (KIP-848), each name as a whole. */
export interface TopicPattern {
  readonly pattern: string
}

/**
 * What to subscribe to: topics by name; those whose names a RegExp matches somewhere, unless it says `^` and `$`, which this client looks up every
 * `metadataMaxAgeMs`; or those that the coordinator matches, under `groupProtocol: 'consumer'`.
 */
export type Topics = readonly string[] | RegExp | TopicPattern

/** What `topics` must be instead; undefined for what can be subscribed to. */
export function topicsFault(topics: unknown): string | undefined {
  if (topics instanceof RegExp || isPattern(topics)) return undefined
  const areNames =
    Array.isArray(topics) && topics.length > 0 && topics.every((topic) => typeof topic === 'string' && topic !== '')
  if (areNames) return undefined
  return `a list of one topic or more, a RegExp, or { pattern } in RE2 syntax, not ${inspect(topics)}`
}

/** Whether topics are for the coordinator to match. */
export function isPattern(topics: unknown): topics is TopicPattern {
  const { pattern } = (topics ?? {}) as Partial<TopicPattern>
  return typeof pattern === 'string' && pattern !== ''
}

/** Whom a subscription tells. */
export interface SubscriptionEvents {
  /** What to subscribe to has changed. */
  readonly onChange: (reason: string) => void
  /** Topics cannot be asked for. */
  readonly onError: (error: unknown) => void
}

/** What a consumer subscribes to at the moment: for a RegExp, the topics that match by now. */
export class Subscription {
  readonly #cluster: Cluster
  readonly #settings: TopicMatcherSettings
  readonly #events: SubscriptionEvents
  #topics: readonly string[] = []
  #pattern: string | undefined
  #matcher: TopicMatcher | undefined

  constructor(cluster: Cluster, settings: TopicMatcherSettings, events: SubscriptionEvents) {
    this.#cluster = cluster
    this.#settings = settings
    this.#events = events
  }

  get topics(): readonly string[] {
    return this.#topics
  }

  /** Of topics that the coordinator is to match. */
  get pattern(): string | undefined {
    return this.#pattern
  }

  /** Takes effect at once, except for a RegExp: until it is known what matches, what was subscribed to before stays so. */
  change(topics: Topics): void {
    this.#matcher?.stop()
    this.#matcher = undefined
    if (!(topics instanceof RegExp)) {
      this.#set(isPattern(topics) ? [] : [...new Set(topics)], isPattern(topics) ? topics.pattern : undefined)
      this.#events.onChange('the subscription changed')
      return
    }
    const onChange = (matching: readonly string[]): void => {
      this.#set(matching, undefined)
      this.#events.onChange('other topics match the subscription')
    }
    const { onError } = this.#events
    this.#matcher = new TopicMatcher(this.#cluster, topics, this.#settings, { onChange, onError })
  }

  /** Begins to look for topics that match, if that is to be done. */
  start(): void {
    this.#matcher?.start()
  }

  stop(): void {
    this.#matcher?.stop()
  }

  clear(): void {
    this.stop()
    this.#matcher = undefined
    this.#set([], undefined)
  }

  #set(topics: readonly string[], pattern: string | undefined): void {
    this.#topics = topics
    this.#pattern = pattern
  }
}
