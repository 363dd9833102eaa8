import type { FetchItem } from './fetch-request.ts'
import { partitionKey } from './topic-partition.ts'

/** First version with sessions. */
const SESSIONS_SINCE = 7

/** The epoch that closes a session, or does without one. */
const FINAL_EPOCH = -1
const LAST_EPOCH = 0x7fffffff

/** A partition as the broker remembers it. */
interface Remembered {
  readonly item: FetchItem
  readonly topicId: string | undefined
}

/** What a broker remembers under a session. */
interface Memory {
  readonly partitions: ReadonlyMap<string, Remembered>
  readonly usesIds: boolean
}

/** What one request says of its session. */
export interface SessionStep {
  readonly sessionId: number
  /** 0 begins a session with the partitions that are sent; others go on with one. */
  readonly sessionEpoch: number
  /** What the broker has to be told. */
  readonly sent: readonly FetchItem[]
  /** Partitions that the broker is to forget, with the topic id it knows. */
  readonly forgotten: readonly { topic: string; topicId: string | undefined; partition: number }[]
}

/**
 * What one broker remembers between fetches, so that each need only say what changed (KIP-227, Java's FetchSessionHandler). Brokers may end
 * a session or not begin one; then every fetch says everything.
 */
export class FetchSession {
  #id = 0
  /** Of the next request; 0 to begin anew. */
  #epoch = 0
  /** What the broker remembers. */
  #known: Memory = { partitions: new Map(), usesIds: false }
  /** What it will remember once it has taken in the last step. */
  #next: Memory = this.#known

  /** What the next request says to have these partitions fetched and no others. `ids` are the topics' ids, where the version has them. */
  step(version: number, items: readonly FetchItem[], ids: ReadonlyMap<string, string> | undefined): SessionStep {
    const wanted = new Map<string, Remembered>()
    for (const item of items) {
      wanted.set(partitionKey(item.topic, item.partition), { item, topicId: ids?.get(item.topic) })
    }
    const { partitions, usesIds } = this.#known
    this.#next = { partitions: wanted, usesIds: ids !== undefined }
    if (version < SESSIONS_SINCE) return { sessionId: 0, sessionEpoch: FINAL_EPOCH, sent: items, forgotten: [] }
    // A session cannot change between names and ids.
    if (usesIds !== this.#next.usesIds) this.restart()
    // With the id of a session that is to be given up, the broker ends it.
    if (this.#epoch === 0) return { sessionId: this.#id, sessionEpoch: 0, sent: items, forgotten: [] }
    const sent: FetchItem[] = []
    for (const [key, now] of wanted) if (!isSame(partitions.get(key), now)) sent.push(now.item)
    const forgotten = [...partitions].filter(([key, { topicId }]) => {
      const now = wanted.get(key)
      return now === undefined || now.topicId !== topicId
    })
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      sent,
      forgotten: forgotten.map(([, { item, topicId }]) => ({ topic: item.topic, topicId, partition: item.partition })),
    }
  }

  /** The broker answered the last step, under this session; 0 when it keeps none. */
  accept(sessionId: number): void {
    this.#known = this.#next
    this.#id = sessionId
    if (sessionId === 0) this.#epoch = 0
    else this.#epoch = this.#epoch === LAST_EPOCH ? 1 : this.#epoch + 1
  }

  /** It is not certain what the broker remembers: the next request begins anew and ends the session. */
  restart(): void {
    this.#epoch = 0
  }

  /** The broker does not have the session any more. */
  forget(): void {
    this.#id = 0
    this.#epoch = 0
  }

  /** What ends the session for good; undefined when there is none. */
  end(): { sessionId: number; sessionEpoch: number } | undefined {
    const sessionId = this.#id
    this.forget()
    return sessionId === 0 ? undefined : { sessionId, sessionEpoch: FINAL_EPOCH }
  }
}

function isSame(before: Remembered | undefined, now: Remembered): boolean {
  if (before === undefined || before.topicId !== now.topicId) return false
  const { offset, leaderEpoch, lastEpoch } = before.item
  return offset === now.item.offset && leaderEpoch === now.item.leaderEpoch && lastEpoch === now.item.lastEpoch
}
