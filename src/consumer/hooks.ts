import type { OffsetToCommit } from './committed-offsets.ts'
import type { TopicPartition } from './topic-partition.ts'

/** Which consumer something happened to. */
export interface ConsumerEvent {
  /** Undefined without a group. */
  groupId: string | undefined
}

/** A fetch was answered, or has failed. */
export interface FetchEvent extends ConsumerEvent {
  nodeId: number
  /** Partitions that were asked for. */
  partitionCount: number
  /** Of all batches, as their headers say; old compressed message sets do not. */
  recordCount: number
  /** Of the batches as they came. */
  sizeInBytes: number
  /** Milliseconds from the request, which brokers leave waiting up to `fetchMaxWaitMs` for data. */
  durationMs: number
  /** Undefined when it was answered. */
  error: unknown
}

/** How far the loop is behind in a partition, which a fetch has shown. */
export interface LagEvent extends ConsumerEvent, TopicPartition {
  /** Offset of the next record for the loop. */
  position: number
  /** Where reading ends for now: the high watermark, or under `read_committed` the last stable offset. */
  endOffset: number
  lag: number
}

/** Offsets were committed, or could not be. */
export interface CommitEvent extends ConsumerEvent {
  offsets: readonly OffsetToCommit[]
  durationMs: number
  /** Undefined when they were. */
  error: unknown
}

/** A rebalance has come to its end. */
export interface RebalanceEvent extends ConsumerEvent {
  /** Milliseconds from its beginning, for this member. */
  durationMs: number
  /** What the member has now; none after it failed. */
  partitions: readonly TopicPartition[]
  /** Whether the member did not get into the group by it. */
  hasFailed: boolean
}

/**
 * What a partition that does not move waits for.
 *
 * - `handler`: the loop's body, or the function of a run, has not come to its end
 * - `rebalance`: the group
 * - `position`: the committed offset, or an end of the log, that tells where to start
 * - `leader`: the partition has none
 * - `validation`: a new leader, to say whether it has what was read last (KIP-320)
 * - `retry`: the pause after a failure
 * - `room`: what is buffered of other partitions to be handled
 * - `fetch`: a broker's answer
 * - `delivery`: its turn; its records are buffered
 */
export type WaitsFor =
  | 'handler'
  | 'rebalance'
  | 'position'
  | 'leader'
  | 'validation'
  | 'retry'
  | 'room'
  | 'fetch'
  | 'delivery'

/** There are records in a partition, or nobody has been able to tell, and the loop has not moved in it for `stallTimeoutMs`. */
export interface StalledEvent extends ConsumerEvent, TopicPartition {
  /** Undefined while it is not known. */
  position: number | undefined
  /** As of the last fetch; undefined before the first one. */
  lag: number | undefined
  /** Milliseconds since the position moved, or the partition was assigned or resumed. */
  stalledMs: number
  waitsFor: WaitsFor
  /** Why the partition was last refused by a broker, or could not be asked for; undefined when nothing has failed since it moved. */
  lastError: unknown
}

/** What can be observed of a consumer, by name. */
export interface ConsumerEvents {
  fetch: FetchEvent
  lag: LagEvent
  commit: CommitEvent
  rebalance: RebalanceEvent
  stalled: StalledEvent
}

/**
 * Callbacks for logs and metrics. They run in the middle of things: they must be quick and must not throw. They are looked up each time; what is
 * absent costs nothing.
 */
export type ConsumerHooks = {
  readonly [Name in keyof ConsumerEvents]?: ((event: ConsumerEvents[Name]) => void) | undefined
}
