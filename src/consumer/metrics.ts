import { SampledStat } from '../sampled-stat.ts'
import type { OffsetToCommit } from './committed-offsets.ts'
import type { ConsumerHooks, FetchEvent } from './hooks.ts'
import type { PartitionState } from './partition-state.ts'
import type { TopicPartition } from './topic-partition.ts'

/** How a consumer does with one partition. */
export interface PartitionMetrics extends TopicPartition {
  /** Offset of the next record for the loop; undefined while it is not known. */
  readonly position: number | undefined
  /** The last offset known to be committed. */
  readonly committed: number | undefined
  readonly highWatermark: number | undefined
  readonly lastStableOffset: number | undefined
  readonly logStartOffset: number | undefined
  /** How far the loop is behind what it may read; undefined before the first fetch. */
  readonly lag: number | undefined
  /** How far the loop is ahead of the oldest record: what retention has left before records are missed. */
  readonly lead: number | undefined
  readonly bufferedBytes: number
  readonly isPaused: boolean
  /** Another replica than the leader that is read from (KIP-392). */
  readonly preferredReplica: number | undefined
}

/**
 * What a consumer has done, by the names of Java's metrics with their units. `Total` counts from the beginning; `Avg` and `Max` are of the last 30 to 60
 * seconds, and 0 when there was nothing.
 */
export interface ConsumerMetrics {
  readonly assignedPartitions: number
  /** Records of the batches that the loop has come to; whole batches count when they are begun. */
  readonly recordsConsumedTotal: number
  /** Bytes of those batches as they were fetched. */
  readonly bytesConsumedTotal: number
  readonly bufferedBytes: number
  /** Largest of all partitions; 0 when none is known. */
  readonly recordsLagMax: number
  /** Smallest of all partitions; undefined when none is known. */
  readonly recordsLeadMin: number | undefined

  readonly fetchTotal: number
  readonly failedFetchTotal: number
  readonly fetchLatencyAvgMs: number
  readonly fetchLatencyMaxMs: number
  readonly fetchSizeAvgBytes: number
  readonly fetchSizeMaxBytes: number
  readonly recordsPerRequestAvg: number
  readonly fetchThrottleTimeAvgMs: number
  readonly fetchThrottleTimeMaxMs: number

  readonly commitTotal: number
  readonly failedCommitTotal: number
  readonly commitLatencyAvgMs: number
  readonly commitLatencyMaxMs: number

  readonly rebalanceTotal: number
  readonly failedRebalanceTotal: number
  readonly rebalanceLatencyAvgMs: number
  readonly rebalanceLatencyMaxMs: number
  readonly rebalanceLatencyTotalMs: number
  /** Undefined before the first. */
  readonly lastRebalanceAgoMs: number | undefined

  /** Milliseconds between two batches that the loop began. */
  readonly timeBetweenPollAvgMs: number
  readonly timeBetweenPollMaxMs: number
  /** Since the loop began a batch; undefined before the first. */
  readonly lastPollAgoMs: number | undefined

  readonly partitions: readonly PartitionMetrics[]
}

/** What one fetch brought. */
export type FetchOutcome = Omit<FetchEvent, 'groupId'> & { throttleTimeMs: number }

/** Counts what a consumer does, per batch and per request, and tells the hooks. */
export class ConsumerMeter {
  readonly hooks: ConsumerHooks
  readonly #groupId: string | undefined
  readonly #fetchLatency = new SampledStat()
  readonly #fetchSize = new SampledStat()
  readonly #recordsPerRequest = new SampledStat()
  readonly #throttleTime = new SampledStat()
  readonly #commitLatency = new SampledStat()
  readonly #rebalanceLatency = new SampledStat()
  readonly #timeBetweenPoll = new SampledStat()
  #failedFetches = 0
  #failedCommits = 0
  #failedRebalances = 0
  #recordsConsumed = 0
  #bytesConsumed = 0
  #polledAt: number | undefined
  #rebalancedAt: number | undefined
  /** When the rebalance began that is under way. */
  #rebalancingSince: number | undefined

  constructor(groupId: string | undefined, hooks: ConsumerHooks = {}) {
    this.#groupId = groupId
    this.hooks = hooks
  }

  /** A fetch was answered, or has failed. */
  fetched({ throttleTimeMs, ...outcome }: FetchOutcome): void {
    const now = performance.now()
    if (outcome.error === undefined) {
      this.#fetchLatency.add(outcome.durationMs, now)
      this.#fetchSize.add(outcome.sizeInBytes, now)
      this.#recordsPerRequest.add(outcome.recordCount, now)
      this.#throttleTime.add(throttleTimeMs, now)
    } else {
      this.#failedFetches++
    }
    this.hooks.fetch?.({ groupId: this.#groupId, ...outcome })
  }

  /** A fetch has shown where the partition ends. */
  lagged({ topic, partition, position }: PartitionState, endOffset: number | undefined): void {
    const { lag: hook } = this.hooks
    if (hook === undefined || position === undefined || endOffset === undefined) return
    const lag = Math.max(0, endOffset - position)
    hook({ groupId: this.#groupId, topic, partition, position, endOffset, lag })
  }

  /** The loop begins a batch. */
  began(recordCount: number, sizeInBytes: number): void {
    this.#recordsConsumed += recordCount
    this.#bytesConsumed += sizeInBytes
    const now = performance.now()
    if (this.#polledAt !== undefined) this.#timeBetweenPoll.add(now - this.#polledAt, now)
    this.#polledAt = now
  }

  /** A commit came to its end after so long. */
  committed(offsets: readonly OffsetToCommit[], durationMs: number, error: unknown): void {
    if (error === undefined) this.#commitLatency.add(durationMs, performance.now())
    else this.#failedCommits++
    this.hooks.commit?.({ groupId: this.#groupId, offsets, durationMs, error })
  }

  /** How the member stands with its group, each time that may have changed. `hasFailed` when it is not in the group after a rebalance. */
  stands(isRebalancing: boolean, hasFailed: boolean, partitions: () => readonly TopicPartition[]): void {
    if (isRebalancing) this.#rebalancingSince ??= performance.now()
    if (isRebalancing || this.#rebalancingSince === undefined) return
    const now = performance.now()
    const durationMs = now - this.#rebalancingSince
    this.#rebalancingSince = undefined
    if (hasFailed) {
      this.#failedRebalances++
    } else {
      this.#rebalancedAt = now
      this.#rebalanceLatency.add(durationMs, now)
    }
    const { rebalance } = this.hooks
    if (rebalance === undefined) return
    rebalance({ groupId: this.#groupId, durationMs, hasFailed, partitions: partitions() })
  }

  /** As things are now. */
  snapshot(states: Iterable<PartitionState>, isolation: 'read_uncommitted' | 'read_committed'): ConsumerMetrics {
    const now = performance.now()
    const partitions = Array.from(states, (state) => describe(state, isolation))
    const leads = partitions.flatMap(({ lead }) => lead ?? [])
    const ago = (time: number | undefined): number | undefined => time && now - time
    return {
      assignedPartitions: partitions.length,
      recordsConsumedTotal: this.#recordsConsumed,
      bytesConsumedTotal: this.#bytesConsumed,
      bufferedBytes: partitions.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0),
      recordsLagMax: partitions.reduce((max, { lag = 0 }) => Math.max(max, lag), 0),
      recordsLeadMin: leads.length === 0 ? undefined : leads.reduce((min, lead) => Math.min(min, lead)),
      fetchTotal: this.#fetchLatency.count,
      failedFetchTotal: this.#failedFetches,
      fetchLatencyAvgMs: this.#fetchLatency.average(now),
      fetchLatencyMaxMs: this.#fetchLatency.max(now),
      fetchSizeAvgBytes: this.#fetchSize.average(now),
      fetchSizeMaxBytes: this.#fetchSize.max(now),
      recordsPerRequestAvg: this.#recordsPerRequest.average(now),
      fetchThrottleTimeAvgMs: this.#throttleTime.average(now),
      fetchThrottleTimeMaxMs: this.#throttleTime.max(now),
      commitTotal: this.#commitLatency.count,
      failedCommitTotal: this.#failedCommits,
      commitLatencyAvgMs: this.#commitLatency.average(now),
      commitLatencyMaxMs: this.#commitLatency.max(now),
      rebalanceTotal: this.#rebalanceLatency.count,
      failedRebalanceTotal: this.#failedRebalances,
      rebalanceLatencyAvgMs: this.#rebalanceLatency.average(now),
      rebalanceLatencyMaxMs: this.#rebalanceLatency.max(now),
      rebalanceLatencyTotalMs: this.#rebalanceLatency.total,
      lastRebalanceAgoMs: ago(this.#rebalancedAt),
      timeBetweenPollAvgMs: this.#timeBetweenPoll.average(now),
      timeBetweenPollMaxMs: this.#timeBetweenPoll.max(now),
      lastPollAgoMs: ago(this.#polledAt),
      partitions,
    }
  }
}

function describe(state: PartitionState, isolation: 'read_uncommitted' | 'read_committed'): PartitionMetrics {
  const { topic, partition, position, committed, highWatermark, lastStableOffset, logStartOffset } = state
  const { bufferedBytes, isPaused, preferredReplica } = state
  return {
    topic,
    partition,
    position,
    committed,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    lag: state.lag(isolation),
    lead: position === undefined || logStartOffset === undefined ? undefined : Math.max(0, position - logStartOffset),
    bufferedBytes,
    isPaused,
    preferredReplica: preferredReplica?.nodeId,
  }
}
