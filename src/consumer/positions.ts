import { KafkaError } from '../errors.ts'
import type { Cluster } from '../network/cluster.ts'
import { type Backoff, isRetriable } from '../network/retry.ts'
import type { Assignment } from './assignment.ts'
import { type CommitIdentity, fetchCommittedOffsets } from './committed-offsets.ts'
import type { GroupCoordinator } from './coordinator.ts'
import { leaderEpochOf, listOffsets } from './list-offsets.ts'
import type { ConsumerSettings } from './options.ts'
import { resetTarget } from './offset-reset.ts'
import type { PartitionState } from './partition-state.ts'

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

/**
 * Finds out where to start in partitions that have no position: at the committed offset, else where the reset policy says
 * (Java: SubscriptionState, OffsetFetcher).
 */
export class Positions {
  readonly #cluster: Cluster
  readonly #assignment: Assignment
  readonly #settings: PositionSettings
  readonly #events: PositionEvents
  readonly #closing = new AbortController()
  /** Undefined without a group. */
  readonly #coordinator: GroupCoordinator | undefined
  #isRunning = false
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

  /** Starts to look up what is missing, unless that is going on already. */
  resolve(): void {
    if (!this.#isRunning && !this.#closing.signal.aborted) void this.#run()
  }

  close(): void {
    this.#closing.abort(new KafkaError('KAFKA_CLOSED', 'the consumer is closed'))
  }

  /** Partitions whose error the loop has not been told yet are left alone. */
  #missing(): PartitionState[] {
    return [...this.#assignment.states].filter(({ start, error }) => start !== 'known' && error === undefined)
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    for (let missing = this.#missing(); missing.length > 0; missing = this.#missing()) {
      try {
        await this.#useCommitted(missing.filter(({ start }) => start === 'committed'))
        await this.#useLogEnds(missing.filter(({ start }) => start !== 'known' && start !== 'committed'))
        this.#hasSucceeded = true
      } catch (error) {
        if (this.#closing.signal.aborted) break
        if (this.#hasSucceeded && isRetriable(error)) continue
        this.#events.onError(error)
        // Goes on when the loop does.
        break
      }
    }
    this.#isRunning = false
  }

  async #useCommitted(states: readonly PartitionState[]): Promise<void> {
    const asked = states.map((state) => ({ state, version: state.version }))
    const wait = this.#wait()
    const committed =
      this.#coordinator === undefined || asked.length === 0
        ? undefined
        : await fetchCommittedOffsets(this.#cluster, this.#coordinator, states, {
            ...wait,
            member: this.#settings.member,
          })
    for (const { state, version } of asked) {
      if (state.version !== version || !this.#assignment.has(state)) continue
      const found = committed?.get(state.key)
      if (found === undefined) {
        this.#applyPolicy(state)
      } else {
        state.seek({ offset: found.offset, epoch: found.leaderEpoch })
        state.committed = found.offset
      }
    }
    if (asked.length > 0) this.#events.onKnown()
  }

  #applyPolicy(state: PartitionState): void {
    const { autoOffsetReset } = this.#settings
    if (autoOffsetReset !== 'none') return state.reset(resetTarget(autoOffsetReset))
    const what = `${state.key} has no committed offset and autoOffsetReset is 'none'`
    state.error = new KafkaError('KAFKA_NO_OFFSET', `${what}: commit one, or seek to where reading is to start`)
    this.#events.onFailed(state)
  }

  async #useLogEnds(states: readonly PartitionState[]): Promise<void> {
    const asked = states.map((state) => ({ state, version: state.version }))
    const queries = states.map(({ topic, partition, start }) => ({
      topic,
      partition,
      target: start as 'earliest' | 'latest' | number,
    }))
    const { isolationLevel } = this.#settings
    const found = await listOffsets(this.#cluster, queries, { ...this.#wait(), isolationLevel })
    for (const { state, version } of asked) {
      if (state.version !== version || !this.#assignment.has(state)) continue
      const end = found.get(state.key)
      if (end !== undefined) {
        state.seek(end)
        // The leader has just said so itself.
        state.leaderEpoch = leaderEpochOf(this.#cluster, state.topic, state.partition)
      }
      // No record is as young as that: the next one will be.
      else if (typeof state.start === 'number') state.reset('latest')
    }
    if (asked.length > 0) this.#events.onKnown()
  }

  #wait(): { timeoutMs: number; signal: AbortSignal; backoff: Backoff } {
    const { defaultApiTimeoutMs: timeoutMs, retryBackoff: backoff } = this.#settings
    return { timeoutMs, signal: this.#closing.signal, backoff }
  }
}
