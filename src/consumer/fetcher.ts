import { BrokerError, ClosedError, RecordError } from '../errors.ts'
import type { Broker } from '../network/broker.ts'
import type { Cluster } from '../network/cluster.ts'
import { fetchFrames } from '../network/frame-pool.ts'
import { type Backoff, backoffMs, isRetriable } from '../network/retry.ts'
import { type Wait, withDeadline } from '../network/wait.ts'
import { ZERO_UUID } from '../protocol/bytes/uuid.ts'
import { brokerError, ERROR, type ErrorName } from '../protocol/error-codes.ts'
import { fetchApi, type FetchPartitionResult, type FetchResponse } from '../protocol/messages/01-fetch.ts'
import type { Assignment } from './assignment.ts'
import { FetchedChunk } from './fetched-chunk.ts'
import { type FetchItem, FetchPlan } from './fetch-request.ts'
import { FetchSession } from './fetch-session.ts'
import type { WaitsFor } from './hooks.ts'
import { type LostPositionEvents, LostPositions } from './lost-positions.ts'
import type { ConsumerMeter, FetchOutcome } from './metrics.ts'
import { toOffset } from './offset.ts'
import type { ConsumerSettings } from './options.ts'
import type { PartitionState } from './partition-state.ts'
import { PositionValidator } from './position-validator.ts'

/** What fetching depends on. */
export interface FetcherSettings extends Pick<
  ConsumerSettings<unknown, unknown>,
  | 'autoOffsetReset'
  | 'checkCrcs'
  | 'clientRack'
  | 'defaultApiTimeoutMs'
  | 'fetchMaxBytes'
  | 'fetchMaxWaitMs'
  | 'fetchMinBytes'
  | 'isolationLevel'
  | 'maxPartitionFetchBytes'
> {
  readonly requestTimeoutMs: number
  readonly retryBackoff: Backoff
  /** How long a replica other than the leader is preferred (KIP-392). */
  readonly metadataMaxAgeMs: number
}

/** Whom the fetcher tells what came. */
export interface FetcherEvents {
  /** The partition has records, or an error, for the loop. */
  readonly onData: (state: PartitionState) => void
  /** The partition goes on elsewhere. */
  readonly onMoved: LostPositionEvents['onMoved']
  /** Something that the loop has to be told, of no partition in particular. */
  readonly onError: (error: unknown) => void
}

/** What one broker is being asked. */
interface NodeState {
  isBusy: boolean
  /** When it last answered, as of performance.now(). */
  answeredAt: number
  failures: number
  readonly session: FetchSession
  /** Ends the fetch that is under way. One per broker, as signals complain of many listeners. */
  readonly closing: AbortController
}

/** Partitions to ask a broker for. */
interface NodeWork {
  readonly broker: Broker
  readonly wanted: PartitionState[]
  /** Partitions of which enough is buffered. */
  fullCount: number
}

/**
 * Keeps records buffered ahead of the loop: one fetch per broker at a time, the next one sent while the loop handles what the last one brought,
 * and none for partitions of which enough is buffered (Java: AbstractFetch, FetchCollector).
 */
export class Fetcher {
  readonly #cluster: Cluster
  readonly #assignment: Assignment
  readonly #settings: FetcherSettings
  readonly #events: FetcherEvents
  readonly #nodes = new Map<number, NodeState>()
  /** When each partition last brought records, as a running number: the others go first. */
  readonly #turns = new WeakMap<PartitionState, number>()
  readonly #unsubscribe: () => void
  readonly #validator: PositionValidator
  readonly #lost: LostPositions
  readonly #meter: ConsumerMeter
  #turn = 0
  #isClosed = false
  #isScheduled = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #isLoadingTopics = false

  constructor(
    cluster: Cluster,
    assignment: Assignment,
    settings: FetcherSettings,
    events: FetcherEvents,
    meter: ConsumerMeter,
  ) {
    this.#meter = meter
    this.#cluster = cluster
    this.#assignment = assignment
    this.#settings = settings
    this.#events = events
    this.#unsubscribe = cluster.onMetadata(() => this.wake())
    this.#lost = new LostPositions(settings.autoOffsetReset, {
      onMoved: events.onMoved,
      onFailed: (state, error) => this.#fail(state, error),
    })
    this.#validator = new PositionValidator(cluster, assignment, settings.retryBackoff, {
      onTruncation: (state, end) => this.#lost.truncated(state, end),
      onFailed: (state, error) => this.#fail(state, error),
      onDone: () => this.wake(),
    })
  }

  /** Something changed that may allow another fetch. Cheap: looked at once per turn of the event loop. */
  wake(): void {
    if (this.#isScheduled || this.#isClosed) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      if (!this.#isClosed) this.#pump()
    })
  }

  /** What a partition without buffered records waits for. */
  waitsFor(state: PartitionState): WaitsFor {
    if (state.isFetching) return 'fetch'
    if (this.#validator.isAsking(state)) return 'validation'
    const now = performance.now()
    if (state.retryAt > now) return 'retry'
    const broker = this.#brokerOf(state, now)
    if (broker === undefined) return 'leader'
    if (this.#node(broker).isBusy) return 'fetch'
    // The pause after a failure ends with the next fetch, which may be a moment late.
    return state.failures > 0 ? 'retry' : 'room'
  }

  /** Ends all fetches; what they would have brought is dropped. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#unsubscribe()
    this.#isClosed = true
    for (const { closing } of this.#nodes.values()) closing.abort(new ClosedError('the fetcher'))
  }

  /** Resolves when the brokers know that their sessions are over, or time is. The last thing to be asked of them: they may want a pause for it. */
  async endSessions(wait: Wait): Promise<void> {
    await withDeadline('the end of the fetch sessions', wait, async () => {
      const endings: Promise<unknown>[] = []
      for (const [nodeId, { session }] of this.#nodes) {
        const ending = session.end()
        const broker = ending && this.#cluster.broker(nodeId)
        // Not on the connection for fetches, where one may still be waiting at the broker.
        if (broker !== undefined) endings.push(broker.request('general', fetchApi, { ...ending }))
      }
      await Promise.allSettled(endings)
    }).catch(() => {
      // Brokers forget sessions that are not used.
    })
  }

  #pump(): void {
    const now = performance.now()
    const { fetchMaxBytes, maxPartitionFetchBytes, fetchMaxWaitMs } = this.#settings
    const { byNode, bufferedBytes, retryAt, unknownTopics } = this.#collect(now)
    if (unknownTopics.size > 0) void this.#loadTopics([...unknownTopics])
    let wakeAt = retryAt
    const due: NodeWork[] = []
    for (const work of byNode.values()) {
      const node = this.#node(work.broker)
      if (node.isBusy || work.wanted.length === 0) continue
      // A fetch without the full partitions would wait at the broker while they run dry. So it is put off until
      // they have room again, or else is a mere look that the broker answers at once.
      const patientUntil = node.answeredAt + fetchMaxWaitMs
      if (work.fullCount > 0 && now < patientUntil) wakeAt = Math.min(wakeAt, patientUntil)
      else due.push(work)
    }
    const freeBytes = fetchMaxBytes - bufferedBytes
    const isRoomy = freeBytes >= Math.min(maxPartitionFetchBytes, fetchMaxBytes)
    if (due.length > 0 && (isRoomy || bufferedBytes === 0)) {
      const maxBytes = Math.max(1, Math.floor(freeBytes / due.length))
      for (const work of due) void this.#fetch(work, maxBytes)
    }
    clearTimeout(this.#timer)
    if (wakeAt < Infinity) this.#timer = setTimeout(() => this.wake(), Math.max(1, wakeAt - now))
  }

  #collect(now: number): {
    byNode: Map<number, NodeWork>
    bufferedBytes: number
    retryAt: number
    unknownTopics: Set<string>
  } {
    const byNode = new Map<number, NodeWork>()
    const unknownTopics = new Set<string>()
    let bufferedBytes = 0
    let retryAt = Infinity
    for (const state of this.#assignment.states) {
      // Paused partitions keep what they have, without taking the room of others.
      if (state.isPaused || state.position === undefined) continue
      const mine = state.bufferedBytes
      bufferedBytes += mine
      if (state.isFetching || state.error !== undefined || state.chunks.at(-1)?.isBroken === true) continue
      if (state.retryAt > now) {
        retryAt = Math.min(retryAt, state.retryAt)
        continue
      }
      if (!this.#isFetchable(state)) {
        if (state.retryAt > now) retryAt = Math.min(retryAt, state.retryAt)
        continue
      }
      const broker = this.#brokerOf(state, now)
      if (broker === undefined) {
        this.#findLeader(state, unknownTopics)
        // Metadata that brings nothing new tells nobody: asked for until there is a leader.
        retryAt = Math.min(retryAt, now + this.#settings.retryBackoff.maxMs)
        continue
      }
      const work = byNode.get(broker.nodeId) ?? { broker, wanted: [], fullCount: 0 }
      byNode.set(broker.nodeId, work)
      if (mine > this.#settings.maxPartitionFetchBytes) work.fullCount++
      else work.wanted.push(state)
    }
    this.#validator.ask()
    return { byNode, bufferedBytes, retryAt, unknownTopics }
  }

  /** Whether the position is one in the log that there is now, as far as is known. */
  #isFetchable(state: PartitionState): boolean {
    const topic = this.#cluster.topic(state.topic)
    const known = topic?.partitions[state.partition]
    if (topic === undefined || known === undefined) return true
    if (topic.topicId !== ZERO_UUID) {
      if (topic.topicId === state.formerTopicId) {
        // A broker that lags behind does not know yet that the topic was made anew.
        state.retryAt = performance.now() + this.#backoffMs(state)
        this.#cluster.markStale()
        return false
      }
      state.topicId ??= topic.topicId
      if (state.topicId !== topic.topicId) {
        this.#lost.recreated(state)
        return false
      }
    }
    return this.#validator.admits(state, known.leaderEpoch)
  }

  #node({ nodeId }: Broker): NodeState {
    const known = this.#nodes.get(nodeId)
    if (known !== undefined) return known
    const node: NodeState = {
      isBusy: false,
      answeredAt: 0,
      failures: 0,
      session: new FetchSession(),
      closing: new AbortController(),
    }
    this.#nodes.set(nodeId, node)
    return node
  }

  /** The broker to read from: the preferred replica while it is known, else the leader. */
  #brokerOf(state: PartitionState, now: number): Broker | undefined {
    const { topic, partition, preferredReplica } = state
    if (preferredReplica !== undefined) {
      const broker = preferredReplica.until > now ? this.#cluster.broker(preferredReplica.nodeId) : undefined
      if (broker !== undefined) return broker
      state.preferredReplica = undefined
    }
    return this.#cluster.leader(topic, partition)
  }

  #findLeader(state: PartitionState, unknownTopics: Set<string>): void {
    if (this.#cluster.topic(state.topic) === undefined) unknownTopics.add(state.topic)
    else this.#cluster.markStale()
  }

  async #loadTopics(names: readonly string[]): Promise<void> {
    if (this.#isLoadingTopics) return
    this.#isLoadingTopics = true
    try {
      await this.#cluster.topics(names, { timeoutMs: this.#settings.defaultApiTimeoutMs })
    } catch (error) {
      if (!this.#isClosed) this.#events.onError(error)
    } finally {
      this.#isLoadingTopics = false
      this.wake()
    }
  }

  async #fetch({ broker, wanted, fullCount }: NodeWork, maxBytes: number): Promise<void> {
    const { fetchMaxWaitMs, fetchMinBytes, maxPartitionFetchBytes, isolationLevel, clientRack } = this.#settings
    const node = this.#node(broker)
    const { signal } = node.closing
    const states = wanted.toSorted((a, b) => (this.#turns.get(a) ?? 0) - (this.#turns.get(b) ?? 0))
    const plan = new FetchPlan(this.#cluster, node.session, states, {
      maxWaitMs: fullCount > 0 ? 0 : fetchMaxWaitMs,
      minBytes: fetchMinBytes,
      maxBytes,
      maxPartitionBytes: maxPartitionFetchBytes,
      isolationLevel,
      rackId: clientRack ?? '',
    })
    const timeoutMs = this.#settings.requestTimeoutMs + fetchMaxWaitMs
    const startedAt = performance.now()
    node.isBusy = true
    for (const { state } of plan.items) state.isFetching = true
    try {
      const { maxVersion } = plan
      const response = await broker.request('fetch', fetchApi, (version) => plan.body(version), {
        timeoutMs,
        signal,
        maxVersion,
      })
      const { recordCount, sizeInBytes } = this.#receive(plan, response, node.session)
      node.failures = 0
      this.#measure(plan, broker, startedAt, { recordCount, sizeInBytes, throttleTimeMs: response.throttleTimeMs })
    } catch (error) {
      if (signal.aborted) return
      this.#measure(plan, broker, startedAt, { error })
      this.#onRequestError(error, plan, node)
    } finally {
      node.isBusy = false
      node.answeredAt = performance.now()
      for (const { state } of plan.items) state.isFetching = false
      this.wake()
    }
  }

  #measure({ items }: FetchPlan, { nodeId }: Broker, startedAt: number, outcome: Partial<FetchOutcome>): void {
    const nothing = { recordCount: 0, sizeInBytes: 0, throttleTimeMs: 0, error: undefined }
    const durationMs = performance.now() - startedAt
    this.#meter.fetched({ nodeId, partitionCount: items.length, durationMs, ...nothing, ...outcome })
  }

  #onRequestError(error: unknown, plan: FetchPlan, node: NodeState): void {
    const name = error instanceof BrokerError ? error.errorName : undefined
    if (name === 'FETCH_SESSION_ID_NOT_FOUND') node.session.forget()
    else node.session.restart()
    this.#cluster.markStale()
    const isAboutSession = name?.includes('FETCH_SESSION') === true
    // The broker has dropped the session, as it may: a new one is begun at once.
    const retryAt = isAboutSession && node.failures === 0 ? 0 : performance.now() + this.#backoffMs(node)
    for (const { state } of plan.items) {
      state.retryAt = retryAt
      state.lastError = error
      // The leader may be there where the replica nearby is not (Java: AbstractFetch.handleFetchFailure).
      if (!isAboutSession) state.preferredReplica = undefined
    }
    node.failures++
    if (!isRetriable(error) && !isAboutSession) this.#events.onError(error)
  }

  #backoffMs({ failures }: { failures: number }): number {
    return backoffMs(failures, this.#settings.retryBackoff)
  }

  #receive(
    plan: FetchPlan,
    response: FetchResponse,
    session: FetchSession,
  ): { recordCount: number; sizeInBytes: number } {
    if (response.errorCode !== ERROR.NONE) throw brokerError(response.errorCode, { api: 'Fetch' })
    session.accept(response.sessionId)
    let recordCount = 0
    let sizeInBytes = 0
    const now = performance.now()
    // Under a session brokers leave out what has nothing new.
    for (const { state } of plan.items) {
      state.heardAt = now
      state.lastError = undefined
    }
    for (const { item, data } of plan.answers(response)) {
      const { state, version } = item
      // The loop went elsewhere in the meantime, or the partition to another member.
      if (state.version !== version || !this.#assignment.has(state)) continue
      sizeInBytes += data.records?.length ?? 0
      if (data.errorCode === ERROR.NONE) recordCount += this.#take(item, data)
      else this.#onPartitionError(item, data, response)
    }
    return { recordCount, sizeInBytes }
  }

  /** Returns the number of records that are buffered now. */
  #take({ state, offset }: FetchItem, data: FetchPartitionResult): number {
    const { highWatermark, lastStableOffset, logStartOffset, divergingEpoch, preferredReadReplica } = data
    if (highWatermark >= 0n) state.highWatermark = toOffset(highWatermark)
    if (lastStableOffset >= 0n) state.lastStableOffset = toOffset(lastStableOffset)
    if (logStartOffset >= 0n) state.logStartOffset = toOffset(logStartOffset)
    if (preferredReadReplica >= 0) {
      state.preferredReplica = {
        nodeId: preferredReadReplica,
        until: performance.now() + this.#settings.metadataMaxAgeMs,
      }
    }
    if (divergingEpoch.endOffset >= 0n) {
      const { endOffset, epoch } = divergingEpoch
      this.#lost.truncated(state, { offset: toOffset(endOffset), epoch })
      return 0
    }
    this.#meter.lagged(state, this.#isReadCommitted ? state.lastStableOffset : state.highWatermark)
    const bytes = data.records
    if (bytes === null || bytes.length === 0) return 0
    this.#turns.set(state, ++this.#turn)
    const { checkCrcs } = this.#settings
    const abortedTransactions = this.#isReadCommitted ? (data.abortedTransactions ?? []) : undefined
    const frame = fetchFrames.frameOf(bytes)
    const chunk = new FetchedChunk({ bytes, frame, fetchOffset: offset, checkCrcs, abortedTransactions })
    if (chunk.nextOffset === offset && !chunk.isBroken) {
      // Nothing but records from before the offset: asking again at once would hardly bring others.
      state.retryAt = performance.now() + this.#backoffMs(state)
      state.failures++
      return 0
    }
    state.failures = 0
    state.push(chunk)
    this.#events.onData(state)
    return chunk.recordCount
  }

  get #isReadCommitted(): boolean {
    return this.#settings.isolationLevel === 'read_committed'
  }

  #onPartitionError(item: FetchItem, data: FetchPartitionResult, { nodeEndpoints }: FetchResponse): void {
    const { state, topic, partition } = item
    const error = brokerError(data.errorCode, { api: 'Fetch', topic, partition })
    const name = error.errorName as ErrorName
    state.lastError = error
    const wasFollower = state.preferredReplica !== undefined
    state.preferredReplica = undefined
    state.retryAt = performance.now() + this.#backoffMs(state)
    state.failures++
    switch (name) {
      case 'OFFSET_OUT_OF_RANGE':
        // A follower may lag behind or have less; and what is buffered can be read first.
        if (wasFollower || state.chunks.length > 0 || state.open !== undefined) return
        return this.#lost.outOfRange(state, item.offset, error)
      case 'NOT_LEADER_OR_FOLLOWER':
      case 'FENCED_LEADER_EPOCH': {
        const { leaderId, leaderEpoch } = data.currentLeader
        const isHinted = this.#cluster.applyLeaderHint(topic, partition, leaderId, leaderEpoch, nodeEndpoints)
        if (isHinted) state.retryAt = 0
        else this.#cluster.markStale()
        return
      }
      case 'REPLICA_NOT_AVAILABLE':
      case 'KAFKA_STORAGE_ERROR':
      case 'OFFSET_NOT_AVAILABLE':
      case 'UNKNOWN_TOPIC_OR_PARTITION':
      case 'UNKNOWN_TOPIC_ID':
      case 'INCONSISTENT_TOPIC_ID':
      case 'UNKNOWN_LEADER_EPOCH':
      case 'UNKNOWN_SERVER_ERROR':
        this.#cluster.markStale()
        return
      case 'CORRUPT_MESSAGE': {
        // The broker itself cannot read its log there, nor say where the next batch begins.
        const place = { topic, partition, offset: item.offset, nextOffset: item.offset + 1 }
        this.#fail(state, new RecordError('what the broker has', place, { cause: error }))
        return
      }
      default:
        if (error.retriable) this.#cluster.markStale()
        else this.#fail(state, error)
    }
  }

  #fail(state: PartitionState, error: unknown): void {
    state.error = error
    this.#events.onData(state)
  }
}
