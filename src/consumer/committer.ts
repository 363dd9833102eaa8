import { BrokerError, KafkaError } from '../errors.ts'
import type { Cluster } from '../network/cluster.ts'
import { type Backoff, isRetriable } from '../network/retry.ts'
import type { Wait } from '../network/wait.ts'
import type { ErrorName } from '../protocol/error-codes.ts'
import type { Assignment } from './assignment.ts'
import { type CommitIdentity, type CommitOptions, commitOffsets, type OffsetToCommit } from './committed-offsets.ts'
import type { GroupCoordinator } from './coordinator.ts'

/** What a committer needs of its consumer. */
export interface CommitHost {
  /** What has been handled, of all partitions. */
  readonly handledOffsets: readonly OffsetToCommit[]
  /** In whose name to commit; undefined while the member has no partitions of its own. */
  readonly identity: CommitIdentity | undefined
  /** A commit came to its end; `error` is undefined when all went well. */
  onCommit(offsets: readonly OffsetToCommit[], durationMs: number, error: unknown): void
  /** A commit in the name of `identity` failed. */
  onCommitError(error: unknown, identity: CommitIdentity): void
  /** Waits for the rebalance in which the member keeps its partitions, if there is one: whether it is in a newer generation than `identity` now. */
  regroup(identity: CommitIdentity, wait: Wait): Promise<boolean>
  /** The loop has to be told. */
  report(error: unknown): void
}

/** Errors that say that the group went on without the member, or ahead of it. */
const REBALANCES: ReadonlySet<string> = new Set<ErrorName>([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'FENCED_INSTANCE_ID',
  'STALE_MEMBER_EPOCH',
])

type CommitWait = Wait & Pick<CommitOptions, 'awaitsTopics'>

/** Commits offsets one request after the other, so that an older commit can never land on a newer one. */
export class Committer {
  readonly #cluster: Cluster
  readonly #coordinator: GroupCoordinator
  readonly #assignment: Assignment
  readonly #host: CommitHost
  readonly #backoff: Backoff
  #last: Promise<unknown> = Promise.resolve()
  #timer: ReturnType<typeof setInterval> | undefined
  #isAutoCommitting = false

  constructor(
    cluster: Cluster,
    coordinator: GroupCoordinator,
    assignment: Assignment,
    host: CommitHost,
    backoff: Backoff,
  ) {
    this.#cluster = cluster
    this.#coordinator = coordinator
    this.#assignment = assignment
    this.#host = host
    this.#backoff = backoff
  }

  /** Commits in the background from now on what was handled since. */
  start(intervalMs: number, timeoutMs: number): void {
    this.#timer ??= setInterval(() => {
      if (this.#isAutoCommitting || this.#host.identity === undefined) return
      this.#isAutoCommitting = true
      void this.commitHandled({ timeoutMs }).finally(() => {
        this.#isAutoCommitting = false
      })
    }, intervalMs)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Commits what was handled and is not committed yet. A failure that can pass is left to the next time; others reach the loop. Never rejects. */
  async commitHandled(wait: Wait): Promise<void> {
    try {
      // A topic that is gone must not hold a rebalance up (Java: autoCommitSyncBeforeRevocationWithRetries).
      await this.#commit(() => this.uncommitted(), { ...wait, awaitsTopics: false })
    } catch (error) {
      if (!isAboutGroup(error) && !isRetriable(error) && wait.signal?.aborted !== true) this.#host.report(error)
    }
  }

  /** Commits these offsets. Rejects when that does not come about, be it that the group rebalanced. */
  commit(offsets: readonly OffsetToCommit[], wait: Wait): Promise<void> {
    return this.#commit(() => offsets, wait)
  }

  /** Resolves when every commit that was asked for is done or has failed. */
  async settled(): Promise<void> {
    await this.#last
  }

  /** What was handled and is not known to be committed. */
  uncommitted(): OffsetToCommit[] {
    return this.#host.handledOffsets.filter(
      ({ topic, partition, offset }) => this.#assignment.find(topic, partition)?.committed !== offset,
    )
  }

  /** `select` is called when it is this commit's turn. */
  #commit(select: () => readonly OffsetToCommit[], wait: CommitWait): Promise<void> {
    const turn = this.#last.then(() => this.#measured(select(), wait))
    this.#last = turn.catch(ignore)
    return turn
  }

  async #measured(offsets: readonly OffsetToCommit[], wait: CommitWait): Promise<void> {
    if (offsets.length === 0) return
    const startedAt = performance.now()
    let failure: unknown
    try {
      await this.#send(offsets, wait)
    } catch (error) {
      failure = error
      throw error
    } finally {
      this.#host.onCommit(offsets, performance.now() - startedAt, failure)
    }
  }

  async #send(offsets: readonly OffsetToCommit[], wait: CommitWait): Promise<void> {
    const endsAt = performance.now() + wait.timeoutMs
    const states = offsets.map(({ topic, partition }) => this.#assignment.find(topic, partition))
    for (;;) {
      const { identity } = this.#host
      if (identity === undefined) throw notAMember(this.#coordinator.groupId)
      const rest = { ...wait, timeoutMs: Math.max(0, endsAt - performance.now()) }
      try {
        await this.#sendAs(identity, offsets, rest)
        break
      } catch (error) {
        this.#host.onCommitError(error, identity)
        // Kept over the rebalance, they can be committed by the member of the next generation.
        const areKept = states.every((state) => state !== undefined && this.#assignment.has(state))
        if (!areKept || !isAboutGroup(error) || !(await this.#host.regroup(identity, rest))) throw error
      }
    }
    for (const [index, state] of states.entries()) {
      if (state !== undefined && this.#assignment.has(state)) state.committed = offsets[index]!.offset
    }
  }

  #sendAs(identity: CommitIdentity, offsets: readonly OffsetToCommit[], wait: CommitWait): Promise<void> {
    return commitOffsets(this.#cluster, this.#coordinator, identity, offsets, {
      ...wait,
      backoff: this.#backoff,
      guard: () => {
        const now = this.#host.identity
        const isSame = now?.generationId === identity.generationId && now.memberId === identity.memberId
        if (!isSame) throw notAMember(this.#coordinator.groupId)
      },
    })
  }
}

function isAboutGroup(error: unknown): boolean {
  return error instanceof KafkaError && (error.code === 'KAFKA_NOT_A_MEMBER' || isRebalance(error))
}

function isRebalance(error: KafkaError): boolean {
  return error instanceof BrokerError && REBALANCES.has(error.errorName)
}

/** For a member that is none, or has lost its partitions. */
export function notAMember(groupId: string): KafkaError {
  const what = `offsets cannot be committed: this consumer is not a member of group ${groupId} at the moment`
  return new KafkaError('KAFKA_NOT_A_MEMBER', `${what}, so its partitions may be others' by now`)
}

function ignore(): void {}
