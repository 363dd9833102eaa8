import { KafkaError } from '../errors.ts'
import type { Cluster } from '../network/cluster.ts'
import { type Backoff, isRetriable } from '../network/retry.ts'
import type { Assignment } from './assignment.ts'
import { type CommitIdentity, fetchCommittedOffsets } from './committed-offsets.ts'
import type { GroupCoordinator } from './coordinator.ts'
import { leaderEpochOf, type ListedOffset, listOffsets } from './list-offsets.ts'
import type { ConsumerSettings } from './options.ts'
import { resetTarget } from './offset-reset.ts'
import type { PartitionState } from './partition-state.ts'
import { partitionKey, type TopicPartition } from './topic-partition.ts'

/** What looking positions up depends on. */
export interface PositionSettings extends Pick<
  ConsumerSettings<unknown, unknown>,
  'autoOffsetReset' | 'defaultApiTimeoutMs' | 'isolationLevel'
> {
  readonly retryBackoff: Backoff
  /** In whose name committed offsets are asked for, if in anyone's. */
  readonly member: () => CommitIdentity | undefined
}

/** Whom to tell what was found. */
export interface PositionEvents {
  /** Positions are known that were not. */
  readonly onKnown: () => void
  /** The partition has an error for the loop. */
  readonly onFailed: (state: PartitionState) => void
  /** Something that the loop has to be told, of no partition in particular. */
  readonly onError: (error: unknown) => void
}

/** Partitions that are looked up together, by key. */
type Asked = ReadonlyMap<string, { readonly state: PartitionState; readonly version: number }>

/**
 * Finds out where to start in partitions that have no position: at the committed offset, else where the reset policy says
 * (Java: SubscriptionState, OffsetFetcher). Those with different leaders do not wait for each other, nor for those without any.
 */
export class Positions {
  readonly #cluster: Cluster
  readonly #assignment: Assignment
  readonly #settings: PositionSettings
  readonly #events: PositionEvents
  readonly #closing = new AbortController()
  /** Undefined without a group. */
  readonly #coordinator: GroupCoordinator | undefined
  /** Partitions that are being looked up, and in which version: it is another matter once they have moved. */
  readonly #asking = new Map<PartitionState, number>()
  /** Whether a look-up ever went well: from then on outages are ridden out. */
  #hasSucceeded = false

  constructor(
    cluster: Cluster,
    coordinator: GroupCoordinator | undefined,
    assignment: Assignment,
    settings: PositionSettings,
    events: PositionEvents,
  ) {
    this.#cluster = cluster
    this.#coordinator = coordinator
    this.#assignment = assignment
    this.#settings = settings
    this.#events = events
  }

  /** Starts to look up what is missing and is not being looked up already. */
  resolve(): void {
    if (this.#closing.signal.aborted) return
    const missing = this.#missing()
    const committed = missing.filter(({ start }) => start === 'committed')
    if (committed.length > 0) void this.#run(committed, (asked) => this.#useCommitted(asked))
    const byLeader = new Map<number | string, PartitionState[]>()
    for (const state of missing) {
      if (state.start === 'committed') continue
      const { topic, partition } = state
      // Without a leader there is at most the topic to be found out about.
      const leader = this.#cluster.leader(topic, partition)?.nodeId ?? topic
      const known = byLeader.get(leader)
      if (known === undefined) byLeader.set(leader, [state])
      else known.push(state)
    }
    for (const states of byLeader.values()) void this.#run(states, (asked) => this.#useLogEnds(asked))
  }

  close(): void {
    this.#closing.abort(new KafkaError('KAFKA_CLOSED', 'the consumer is closed'))
  }

  /** Partitions whose error the loop has not been told yet are left alone. */
  #missing(): PartitionState[] {
    return [...this.#assignment.states].filter((state) => {
      const isMissing = state.start !== 'known' && state.error === undefined
      return isMissing && this.#asking.get(state) !== state.version
    })
  }

  async #run(states: readonly PartitionState[], find: (asked: Asked) => Promise<void>): Promise<void> {
    const asked = new Map(states.map((state) => [state.key, { state, version: state.version }]))
    for (const { state, version } of asked.values()) this.#asking.set(state, version)
    let failure: { readonly reason: unknown } | undefined
    try {
      await find(asked)
      this.#hasSucceeded = true
    } catch (error) {
      failure = { reason: error }
    }
    for (const { state, version } of asked.values()) {
      if (this.#asking.get(state) === version) this.#asking.delete(state)
    }
    if (failure === undefined || (this.#hasSucceeded && isRetriable(failure.reason))) return this.resolve()
    // Goes on when the loop does.
    if (!this.#closing.signal.aborted) this.#events.onError(failure.reason)
  }

  async #useCommitted(asked: Asked): Promise<void> {
    const partitions = Array.from(asked.values(), ({ state }) => state)
    const wait = this.#wait()
    const committed =
      this.#coordinator === undefined
        ? undefined
        : await fetchCommittedOffsets(this.#cluster, this.#coordinator, partitions, {
            ...wait,
            member: this.#settings.member,
          })
    for (const { state, version } of asked.values()) {
      if (!this.#isWanted(state, version)) continue
      const found = committed?.get(state.key)
      if (found === undefined) {
        this.#applyPolicy(state)
      } else {
        state.seek({ offset: found.offset, epoch: found.leaderEpoch })
        state.committed = found.offset
      }
    }
    this.#events.onKnown()
  }

  #applyPolicy(state: PartitionState): void {
    const { autoOffsetReset } = this.#settings
    if (autoOffsetReset !== 'none') return state.reset(resetTarget(autoOffsetReset))
    const what = `${state.key} has no committed offset and autoOffsetReset is 'none'`
    state.error = new KafkaError('KAFKA_NO_OFFSET', `${what}: commit one, or seek to where reading is to start`)
    this.#events.onFailed(state)
  }

  async #useLogEnds(asked: Asked): Promise<void> {
    const queries = Array.from(asked.values(), ({ state: { topic, partition, start } }) => ({
      topic,
      partition,
      target: start as 'earliest' | 'latest' | number,
    }))
    const { isolationLevel } = this.#settings
    const onAnswer = ({ topic, partition }: TopicPartition, end: ListedOffset | undefined): void => {
      const { state, version } = asked.get(partitionKey(topic, partition))!
      this.#hasSucceeded = true
      if (this.#isWanted(state, version)) this.#useLogEnd(state, end)
    }
    await listOffsets(this.#cluster, queries, { ...this.#wait(), isolationLevel, onAnswer })
  }

  #useLogEnd(state: PartitionState, end: ListedOffset | undefined): void {
    if (end !== undefined) {
      state.seek(end)
      // The leader has just said so itself.
      state.leaderEpoch = leaderEpochOf(this.#cluster, state.topic, state.partition)
      this.#events.onKnown()
    }
    // No record is as young as that: the next one will be.
    else if (typeof state.start === 'number') state.reset('latest')
  }

  /** Whether the answer for a partition still counts. */
  #isWanted(state: PartitionState, version: number): boolean {
    return state.version === version && this.#assignment.has(state)
  }

  #wait(): { timeoutMs: number; signal: AbortSignal; backoff: Backoff } {
    const { defaultApiTimeoutMs: timeoutMs, retryBackoff: backoff } = this.#settings
    return { timeoutMs, signal: this.#closing.signal, backoff }
  }
}
