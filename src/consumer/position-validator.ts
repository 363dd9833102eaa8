import { UnsupportedVersionError } from '../errors.ts'
import type { Broker } from '../network/broker.ts'
import type { Cluster } from '../network/cluster.ts'
import { type Backoff, backoffMs } from '../network/retry.ts'
import { brokerError, ERROR } from '../protocol/error-codes.ts'
import {
  offsetForLeaderEpochApi,
  type OffsetForLeaderEpochPartitionResult,
} from '../protocol/messages/23-offset-for-leader-epoch.ts'
import type { Assignment } from './assignment.ts'
import { toOffset } from './offset.ts'
import type { LogPosition, PartitionState } from './partition-state.ts'
import { groupByTopic, partitionKey } from './topic-partition.ts'

/** Before this version the API was for brokers only (KIP-320). */
const FOR_CLIENTS_SINCE = 3

/** For a consumer, as opposed to a follower. */
const CONSUMER_ID = -1

/** Whom the validator tells what it found. */
export interface ValidatorEvents {
  /**
   * The log no longer has what the position follows on. `end` is where it forks from what was read; undefined when the broker does not
   * know any more.
   */
  readonly onTruncation: (state: PartitionState, end: LogPosition | undefined) => void
  /** The partition cannot be read. */
  readonly onFailed: (state: PartitionState, error: unknown) => void
  /** Partitions that were held back may be fetched, or asked about again. */
  readonly onDone: () => void
}

/** A partition as it was asked about. */
interface Question {
  readonly state: PartitionState
  readonly version: number
  readonly position: LogPosition
  readonly leaderEpoch: number
}

/**
 * Holds partitions back under a new leader until that leader has said that its log has what was fetched last: after an unclean election
 * it may have less, or something else (KIP-320, Java: OffsetsRequestManager.validatePositionsIfNeeded).
 */
export class PositionValidator {
  readonly #cluster: Cluster
  readonly #assignment: Assignment
  readonly #backoff: Backoff
  readonly #events: ValidatorEvents
  readonly #asking = new Set<PartitionState>()
  #questions = new Map<Broker, Question[]>()

  constructor(cluster: Cluster, assignment: Assignment, backoff: Backoff, events: ValidatorEvents) {
    this.#cluster = cluster
    this.#assignment = assignment
    this.#backoff = backoff
    this.#events = events
  }

  /** Whether the partition may be fetched under this leader. Otherwise it is asked about at the next `ask`, unless it is already. */
  admits(state: PartitionState, leaderEpoch: number): boolean {
    if (state.leaderEpoch === leaderEpoch || leaderEpoch < 0) return true
    if (this.#asking.has(state)) return false
    // The replica was preferred by the leader that was.
    state.preferredReplica = undefined
    const position = state.fetchFrom
    const leader = this.#cluster.leader(state.topic, state.partition)
    // While there is none, nothing can be fetched either, and the fetcher looks for one.
    if (leader === undefined) return true
    if (position.epoch < 0) {
      state.leaderEpoch = leaderEpoch
      return true
    }
    const questions = this.#questions.get(leader) ?? []
    this.#questions.set(leader, questions)
    questions.push({ state, version: state.version, position, leaderEpoch })
    return false
  }

  /** Whether the partition is being asked about. */
  isAsking(state: PartitionState): boolean {
    return this.#asking.has(state)
  }

  /** Sends what has come together, one request to each leader. */
  ask(): void {
    if (this.#questions.size === 0) return
    const due = this.#questions
    this.#questions = new Map()
    for (const [broker, questions] of due) void this.#ask(broker, questions)
  }

  async #ask(broker: Broker, questions: readonly Question[]): Promise<void> {
    for (const { state } of questions) this.#asking.add(state)
    try {
      const answers = await this.#request(broker, questions)
      for (const question of questions) {
        const { state, version } = question
        if (state.version !== version || !this.#assignment.has(state)) continue
        this.#judge(question, answers?.get(state.key), answers === undefined)
      }
    } catch (error) {
      for (const { state } of questions) this.#retry(state, error)
    } finally {
      for (const { state } of questions) this.#asking.delete(state)
      this.#events.onDone()
    }
  }

  /** By partition key; undefined when the broker is too old to be asked. */
  async #request(
    broker: Broker,
    questions: readonly Question[],
  ): Promise<Map<string, OffsetForLeaderEpochPartitionResult> | undefined> {
    const items = questions.map(({ state: { topic, partition }, position, leaderEpoch }) => {
      return { topic, partition, currentLeaderEpoch: leaderEpoch, leaderEpoch: position.epoch }
    })
    const topics = Array.from(groupByTopic(items), ([topic, partitions]) => ({ topic, partitions }))
    try {
      const response = await broker.request('general', offsetForLeaderEpochApi, (version) => {
        if (version >= FOR_CLIENTS_SINCE) return { replicaId: CONSUMER_ID, topics }
        const api = offsetForLeaderEpochApi.name
        throw new UnsupportedVersionError(`${api} ${version} is for brokers only`, { api })
      })
      const answers = new Map<string, OffsetForLeaderEpochPartitionResult>()
      for (const { topic, partitions } of response.topics) {
        for (const answer of partitions) answers.set(partitionKey(topic, answer.partition), answer)
      }
      return answers
    } catch (error) {
      if (error instanceof UnsupportedVersionError) return undefined
      throw error
    }
  }

  #judge(
    { state, position, leaderEpoch }: Question,
    answer: OffsetForLeaderEpochPartitionResult | undefined,
    isUnsupported: boolean,
  ): void {
    if (isUnsupported) {
      state.leaderEpoch = leaderEpoch
    } else if (answer?.errorCode === ERROR.TOPIC_AUTHORIZATION_FAILED) {
      const { topic, partition } = state
      const api = offsetForLeaderEpochApi.name
      this.#events.onFailed(state, brokerError(answer.errorCode, { api, topic, partition }))
    } else if (answer === undefined || answer.errorCode !== ERROR.NONE) {
      const { topic, partition } = state
      const code = answer?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR
      this.#retry(state, brokerError(code, { api: offsetForLeaderEpochApi.name, topic, partition }))
    } else if (answer.endOffset < 0n || answer.leaderEpoch < 0) {
      this.#events.onTruncation(state, undefined)
    } else if (toOffset(answer.endOffset) < position.offset) {
      this.#events.onTruncation(state, { offset: toOffset(answer.endOffset), epoch: answer.leaderEpoch })
    } else {
      state.leaderEpoch = leaderEpoch
      state.failures = 0
    }
  }

  #retry(state: PartitionState, error: unknown): void {
    state.lastError = error
    state.retryAt = performance.now() + backoffMs(state.failures++, this.#backoff)
    this.#cluster.markStale()
  }
}
