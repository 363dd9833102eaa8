import { ERROR } from '../../protocol/error-codes.ts'

/** One partition as a Fetch request asks for it. */
export interface FetchPosition {
  /** Name, or id from version 13 on. */
  topicName: string
  topicId: string
  partition: number
  currentLeaderEpoch: number
  fetchOffset: number
  /** Epoch of the last record that was fetched; -1 when none was. */
  lastFetchedEpoch: number
  partitionMaxBytes: number
}

/** What a session remembers of a partition, to leave it out of a response in which it would say nothing new. */
interface CachedPartition {
  position: FetchPosition
  highWatermark: bigint
  logStartOffset: bigint
}

/** What of a response decides whether a partition has to be in it. */
export interface FetchedPartition {
  errorCode: number
  highWatermark: bigint
  logStartOffset: bigint
  recordsSize: number
  isDiverging: boolean
}

/** What one Fetch request is about once its session is taken into account. */
export interface FetchContext {
  /** Set when the session is not as the client believes; nothing else counts then. */
  errorCode: number
  /** All partitions to fetch, those of the session included. */
  positions: FetchPosition[]
  /** 0 when the response belongs to no session. */
  sessionId: number
  /** Says whether a partition has to be in the response, and remembers what it says. */
  includes: (position: FetchPosition, fetched: FetchedPartition) => boolean
}

/** What a Fetch request says about its session. */
export interface SessionRequest {
  sessionId: number
  sessionEpoch: number
  positions: FetchPosition[]
  /** Partitions that the client wants no more. */
  forgotten: { topicName: string; topicId: string; partition: number }[]
  usesTopicIds: boolean
}

interface FetchSession {
  readonly id: number
  readonly usesTopicIds: boolean
  readonly partitions: Map<string, CachedPartition>
  epoch: number
  lastUsed: number
}

const INITIAL_EPOCH = 0
const FINAL_EPOCH = -1

/**
 * Sessions per node, and how long an unused one is safe from a new one (Java:
 * max.incremental.fetch.session.cache.slots).
 */
const MAX_SESSIONS = 1000
const EVICTION_MS = 120_000

/** The incremental fetch sessions of one node (KIP-227; Java: FetchSession, FetchManager). */
export class FetchSessions {
  readonly #sessions = new Map<number, FetchSession>()
  #lastId = 0

  /** Forgets all sessions, as a restart does. */
  clear(): void {
    this.#sessions.clear()
  }

  /** Finds or starts the session of a request. */
  open(request: SessionRequest): FetchContext {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      this.#sessions.delete(sessionId)
      return sessionEpoch === FINAL_EPOCH ? sessionless(request.positions) : this.#start(request)
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return refused(ERROR.FETCH_SESSION_ID_NOT_FOUND)
    if (session.epoch !== sessionEpoch) return refused(ERROR.INVALID_FETCH_SESSION_EPOCH)
    if (session.usesTopicIds !== request.usesTopicIds) return refused(ERROR.FETCH_SESSION_TOPIC_ID_ERROR)
    return this.#continue(session, request)
  }

  #start(request: SessionRequest): FetchContext {
    const session = this.#newSession(request.usesTopicIds)
    if (session === undefined) return sessionless(request.positions)
    for (const position of request.positions) session.partitions.set(keyOf(session, position), unseen(position))
    return {
      errorCode: ERROR.NONE,
      positions: request.positions,
      sessionId: session.id,
      includes: (position, fetched) => {
        note(session, position, fetched)
        return true
      },
    }
  }

  #newSession(usesTopicIds: boolean): FetchSession | undefined {
    const now = Date.now()
    if (this.#sessions.size >= MAX_SESSIONS) {
      const oldest = [...this.#sessions.values()].reduce((a, b) => (b.lastUsed < a.lastUsed ? b : a))
      if (now - oldest.lastUsed <= EVICTION_MS) return undefined
      this.#sessions.delete(oldest.id)
    }
    this.#lastId = nextEpoch(this.#lastId)
    const session = { id: this.#lastId, usesTopicIds, partitions: new Map(), epoch: 1, lastUsed: now }
    this.#sessions.set(session.id, session)
    return session
  }

  #continue(session: FetchSession, request: SessionRequest): FetchContext {
    for (const position of request.positions) {
      const cached = session.partitions.get(keyOf(session, position))
      if (cached === undefined) session.partitions.set(keyOf(session, position), unseen(position))
      else cached.position = position
    }
    for (const forgotten of request.forgotten) session.partitions.delete(keyOf(session, forgotten))
    if (session.partitions.size === 0) {
      this.#sessions.delete(session.id)
      return sessionless(request.positions)
    }
    session.epoch = nextEpoch(session.epoch)
    session.lastUsed = Date.now()
    return {
      errorCode: ERROR.NONE,
      positions: [...session.partitions.values()].map(({ position }) => position),
      sessionId: session.id,
      includes: (position, fetched) => note(session, position, fetched),
    }
  }
}

/** Epochs, and session ids, go from 1 to 2^31 - 1 and start over. */
function nextEpoch(epoch: number): number {
  return epoch === 0x7fffffff ? 1 : epoch + 1
}

function keyOf(session: FetchSession, of: { topicName: string; topicId: string; partition: number }): string {
  return `${session.usesTopicIds ? of.topicId : of.topicName}:${of.partition}`
}

function unseen(position: FetchPosition): CachedPartition {
  return { position, highWatermark: -1n, logStartOffset: -1n }
}

function sessionless(positions: FetchPosition[]): FetchContext {
  return { errorCode: ERROR.NONE, positions, sessionId: 0, includes: () => true }
}

function refused(errorCode: number): FetchContext {
  return { errorCode, positions: [], sessionId: 0, includes: () => false }
}

/**
 * Remembers what the client is told, and says whether that is anything new (Java:
 * CachedPartition.maybeUpdateResponseData).
 */
function note(session: FetchSession, position: FetchPosition, fetched: FetchedPartition): boolean {
  const key = keyOf(session, position)
  const cached = session.partitions.get(key)
  if (cached === undefined) return true
  const { highWatermark, logStartOffset, errorCode, recordsSize } = fetched
  const isNew = cached.highWatermark !== highWatermark || cached.logStartOffset !== logStartOffset
  // After an error the partition is told anew, even if nothing has changed since before it.
  cached.highWatermark = errorCode === ERROR.NONE ? highWatermark : -1n
  cached.logStartOffset = logStartOffset
  if (recordsSize > 0) {
    // Partitions that had their turn go to the back, so that others are not starved by maxBytes.
    session.partitions.delete(key)
    session.partitions.set(key, cached)
  }
  return isNew || recordsSize > 0 || errorCode !== ERROR.NONE || fetched.isDiverging
}
