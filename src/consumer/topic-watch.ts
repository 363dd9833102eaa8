import { BrokerError } from '../errors.ts'
import type { Cluster } from '../network/cluster.ts'

/** What a watch tells. */
export interface TopicWatchEvents {
  /** A topic appeared or went, or has another number of partitions than the group's assignment was made for. */
  readonly onChange: (topic: string) => void
  /** A topic that was subscribed to cannot be read: it may not be, or its name is not valid. */
  readonly onError: (error: BrokerError) => void
}

/** Keeps an eye on topics while a member is in its group. */
export class TopicWatch {
  readonly #cluster: Cluster
  readonly #events: TopicWatchEvents
  /** One for each topic that is awaited, as signals complain of many listeners. */
  readonly #awaiting = new Map<string, AbortController>()
  readonly #unsubscribe: () => void
  #expected: ReadonlyMap<string, number> = new Map()

  constructor(cluster: Cluster, events: TopicWatchEvents) {
    this.#cluster = cluster
    this.#events = events
    this.#unsubscribe = cluster.onMetadata(() => this.check())
  }

  /** Asks for the topics until they exist. Asking is what creates them, where that is allowed. */
  await(topics: Iterable<string>): void {
    for (const topic of topics) {
      if (this.#cluster.topic(topic) !== undefined || this.#awaiting.has(topic)) continue
      const stopping = new AbortController()
      const { signal } = stopping
      this.#awaiting.set(topic, stopping)
      this.#cluster.topics([topic], { timeoutMs: Infinity, signal }).then(
        () => this.#awaiting.delete(topic),
        (error: unknown) => {
          this.#awaiting.delete(topic)
          if (error instanceof BrokerError) this.#events.onError(error)
        },
      )
    }
  }

  /** Reports topics that do not have, or stop having, these numbers of partitions. The leader's part. */
  expect(partitionCounts: ReadonlyMap<string, number>): void {
    this.#expected = partitionCounts
    this.await(partitionCounts.keys())
    this.check()
  }

  /** Compares now. To be called now and then, as it also counts as use of the topics, which keeps their metadata up to date. */
  check(): void {
    for (const [topic, count] of this.#expected) {
      if ((this.#cluster.topic(topic)?.partitions.length ?? 0) === count) continue
      this.#expected = new Map()
      this.#events.onChange(topic)
      return
    }
  }

  stop(): void {
    for (const stopping of this.#awaiting.values()) stopping.abort(new Error('the topics are not watched any more'))
    this.#unsubscribe()
  }
}
