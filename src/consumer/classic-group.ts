import { BrokerError } from '../errors.ts'
import type { Cluster } from '../network/cluster.ts'
import { backoffMs, isRetriable } from '../network/retry.ts'
import { sleep, type Wait, withDeadline } from '../network/wait.ts'
import type { ErrorName } from '../protocol/error-codes.ts'
import type { Assignor, LastAssignment } from './assignors/assignor.ts'
import type { CommitIdentity } from './committed-offsets.ts'
import type { GroupCoordinator } from './coordinator.ts'
import { planAssignment, readAssignment, subscriptionOf } from './group-leader.ts'
import { type Generation, ClassicRequests, type ClassicRequestSettings } from './classic-group-requests.ts'
import type { GroupHost, GroupMembership, Membership, MemberSettings } from './membership.ts'
import { PollTimer } from './poll-timer.ts'
import { RecordGap } from './record-gap.ts'
import { partitionKey, type TopicPartition } from './topic-partition.ts'
import { TopicWatch } from './topic-watch.ts'

/** How a classic group's member behaves. */
export interface ClassicGroupSettings extends ClassicRequestSettings, MemberSettings {
  readonly groupId: string
  readonly assignors: readonly Assignor[]
  readonly heartbeatIntervalMs: number
  readonly defaultApiTimeoutMs: number
}

/**
 * Where a member stands. `member`: its partitions are its own, unless `rejoin` says why it must join again as soon as the loop is between
 * two records. `lost`: the group went on without it, which the loop does not know yet. `revoking`, `joining`: a rebalance; a
 * cooperative member still has the partitions of `generation` while it joins.
 */
export type ClassicGroupState =
  | { readonly name: 'out' }
  | { readonly name: 'member'; readonly generation: Generation; readonly rejoin?: string }
  | { readonly name: 'lost'; readonly reason: string }
  | { readonly name: 'revoking'; readonly generation: Generation | undefined }
  | { readonly name: 'joining'; readonly generation: Generation | undefined }
  | { readonly name: 'fenced'; readonly error: BrokerError }
  | { readonly name: 'left' }

/** Longest wait of a leader for topics that it does not know, while all other members wait for it. */
const LEADER_METADATA_MS = 1_000

/** Why a generation ends, by the error that any of its requests may be answered with. */
const REJOINS: Partial<Record<ErrorName, 'rejoin' | 'lost' | 'unknown' | 'fenced'>> = {
  REBALANCE_IN_PROGRESS: 'rejoin',
  ILLEGAL_GENERATION: 'lost',
  UNKNOWN_MEMBER_ID: 'unknown',
  FENCED_INSTANCE_ID: 'fenced',
}

/**
 * Membership in a classic consumer group (Java: AbstractCoordinator, ConsumerCoordinator). Heartbeats go on by themselves. One use: after `leave`
 * it is over.
 *
 * Under the eager protocol everything is given up before the member joins again, so a rebalance begins only while no record is in
 * the loop's hand. When all assignors are cooperative (KIP-429), members read on while they join, give up only what the
 * new assignment takes from them, between two records, and join once more so that others get it.
 */
export class ClassicGroup implements Membership {
  readonly #cluster: Cluster
  readonly #host: GroupHost
  readonly #settings: ClassicGroupSettings
  readonly #requests: ClassicRequests
  readonly #isCooperative: boolean
  readonly #gap: RecordGap
  readonly #closing = new AbortController()
  #state: ClassicGroupState = { name: 'out' }
  /** The id that the coordinator gave; it outlives a generation. */
  #memberId = ''
  /** The rebalance under way, to its very end. Never rejects. */
  #rebalancing: Promise<void> | undefined
  /** Ends the heartbeats of a generation. */
  #beating: AbortController | undefined
  #watch: TopicWatch | undefined
  /** Whether the group was joined once: from then on outages are ridden out. */
  #hasJoined = false
  #last: LastAssignment | undefined

  constructor(cluster: Cluster, coordinator: GroupCoordinator, host: GroupHost, settings: ClassicGroupSettings) {
    this.#cluster = cluster
    this.#host = host
    this.#settings = settings
    this.#requests = new ClassicRequests(coordinator, settings)
    this.#gap = new RecordGap(host)
    this.#isCooperative = settings.assignors.every(({ isCooperative }) => isCooperative === true)
  }

  get state(): ClassicGroupState {
    return this.#state
  }

  get mayDeliver(): boolean {
    if (!this.#isCooperative) return this.#isSettled
    return !this.#gap.isHalted && (this.#state.name === 'member' || this.#state.name === 'joining')
  }

  get isRebalancing(): boolean {
    return this.#rebalancing !== undefined
  }

  get identity(): Generation | undefined {
    const state = this.#state
    return state.name === 'member' || state.name === 'revoking' || state.name === 'joining'
      ? state.generation
      : undefined
  }

  /** Committed offsets of a classic group may be asked for by anyone. */
  get readerIdentity(): undefined {
    return undefined
  }

  isJoiningFrom({ generationId }: CommitIdentity): boolean {
    return this.#state.name === 'joining' && this.#state.generation?.generationId === generationId
  }

  /** What the coordinator knows this member as; '' before it has joined. */
  get memberId(): string {
    return this.#memberId
  }

  poll(): void {
    const state = this.#state
    if (state.name === 'fenced') throw state.error
    this.#gap.open()
    this.#rebalanceIfDue()
  }

  onLoopEnd(): void {
    this.#gap.open()
    if (this.#state.name === 'member') this.#rebalanceIfDue()
  }

  get #isSettled(): boolean {
    const state = this.#state
    return this.#rebalancing === undefined && state.name === 'member' && state.rejoin === undefined
  }

  #rebalanceIfDue(): void {
    if (this.#rebalancing !== undefined || this.#state.name === 'left' || this.#isSettled) return
    // Nothing matches yet what the consumer subscribed to.
    if (this.#state.name === 'out' && this.#host.topics.length === 0) return
    this.#rebalancing = this.#rebalance().finally(() => {
      this.#rebalancing = undefined
      this.#host.changed()
      this.#beginIfPossible()
    })
    this.#host.changed()
  }

  rejoin(reason: string): void {
    const state = this.#state
    if (state.name !== 'member') return
    this.#enter({ name: 'member', generation: state.generation, rejoin: state.rejoin ?? reason })
    this.#beginIfPossible()
  }

  onError(error: unknown, identity: CommitIdentity): void {
    if (!(error instanceof BrokerError) || this.identity?.generationId !== identity.generationId) return
    // The group may have gone on to the generation that is being joined: the answer to that tells.
    if (this.#state.name === 'joining') return
    const consequence = REJOINS[error.errorName as ErrorName]
    if (consequence === 'rejoin') {
      this.rejoin('the group is rebalancing')
    } else if (consequence === 'fenced') {
      this.#enter({ name: 'fenced', error })
      this.#host.report(error)
    } else if (consequence !== undefined) {
      // After ILLEGAL_GENERATION the member id may still be good.
      if (consequence === 'unknown') this.#memberId = ''
      this.#lose(error.errorName)
      this.#beginIfPossible()
    }
  }

  async leave(wait: Wait, reason: string, to?: GroupMembership): Promise<void> {
    if (this.#state.name === 'left') return
    this.#enter({ name: 'left' })
    this.#closing.abort(new Error('the member left its group'))
    this.#gap.close()
    const rebalancing = this.#rebalancing
    // A listener that does not come back must not hold it up for ever.
    if (rebalancing !== undefined) await withDeadline('the rebalance', wait, () => rebalancing).catch(ignore)
    await this.#sendLeave(wait, reason, to)
  }

  /** Static members stay in the group, for their next start, unless they are to leave it. */
  async #sendLeave(
    wait: Wait,
    reason: string,
    to: GroupMembership = this.#settings.groupInstanceId === undefined ? 'leave' : 'remain',
  ): Promise<void> {
    const memberId = this.#memberId
    if (memberId === '' || to === 'remain') return
    this.#memberId = ''
    try {
      await withDeadline('leaving the group', wait, (deadline) => this.#requests.leave(memberId, reason, deadline))
    } catch {
      // The session times out by itself.
    }
  }

  /** The one place where the state changes. Heartbeats and the watch on topics live as long as a generation does. */
  #enter(state: ClassicGroupState): void {
    const before = this.#beatFor?.generationId
    this.#state = state
    const now = this.#beatFor
    if (now?.generationId !== before) {
      this.#beating?.abort()
      this.#beating = undefined
      if (now !== undefined) {
        this.#beating = new AbortController()
        void this.#beat(now, this.#beating.signal)
      }
    }
    if (state.name !== 'member' && state.name !== 'revoking') {
      this.#watch?.stop()
      this.#watch = undefined
    }
    this.#host.changed()
  }

  /** While a member joins, the coordinator does not expect any. */
  get #beatFor(): Generation | undefined {
    return this.#state.name === 'joining' ? undefined : this.identity
  }

  #lose(reason: string): void {
    if (this.#state.name === 'member') this.#enter({ name: 'lost', reason })
    else if (this.#state.name === 'revoking') this.#enter({ name: 'revoking', generation: undefined })
  }

  /**
   * Without a loop, a member still takes part in rebalances, so that others need not wait; one that was lost stays away. A cooperative member
   * need not even wait for the record in the loop's hand.
   */
  #beginIfPossible(): void {
    const { name } = this.#state
    const { activity } = this.#host
    if (activity === 'leaving' || (activity === 'handling' && !this.#isCooperative)) return
    if (name === 'member' || (name === 'lost' && activity === 'waiting')) this.#rebalanceIfDue()
  }

  async #rebalance(): Promise<void> {
    const state = this.#state
    const reason = reasonOf(state)
    const { signal } = this.#closing
    if (!(await this.#prepare(state)) || signal.aborted) return
    const kept = this.#isCooperative && state.name === 'member' ? this.identity : undefined
    // Lost in this very moment: the next rebalance deals with it.
    if (kept === undefined && this.#host.partitions.length > 0) return
    this.#enter({ name: 'joining', generation: kept })
    const startedAt = performance.now()
    for (let attempt = 0; ; attempt++) {
      try {
        const { generation, partitions } = await this.#join(reason)
        this.#hasJoined = true
        await this.#adopt(generation, partitions)
        return
      } catch (error) {
        if (signal.aborted) return
        const failure = await this.#judge(error, performance.now() - startedAt)
        if (failure !== undefined) {
          this.#enter(failure)
          this.#host.report(error)
          // The others need not wait for a member that has given up.
          if (failure.name === 'out') void this.#sendLeave(this.#requestWait, 'joining the group failed')
          return
        }
      }
      // A first refusal is mended by asking again at once.
      if (attempt > 0) await sleep(backoffMs(attempt - 1, this.#settings.retryBackoff), signal).catch(ignore)
      if (signal.aborted) return
    }
  }

  /** What comes before joining. False when the membership came to an end over it, which another rebalance has to deal with. */
  async #prepare(state: ClassicGroupState): Promise<boolean> {
    if (state.name === 'out') return true
    if (state.name !== 'member') {
      await this.#host.lose()
      if (this.#isCooperative) this.#last = undefined
      return true
    }
    if (this.#isCooperative) {
      const topics = new Set(this.#host.topics)
      const dropped = this.#host.partitions.filter(({ topic }) => !topics.has(topic))
      return dropped.length === 0 || this.#giveUp(dropped, state.generation)
    }
    this.#enter({ name: 'revoking', generation: state.generation })
    await this.#host.revoke(this.#host.partitions)
    return true
  }

  /** A new generation's assignment takes effect. */
  async #adopt(generation: Generation, partitions: readonly TopicPartition[]): Promise<void> {
    const kept = new Set(partitions.map(({ topic, partition }) => partitionKey(topic, partition)))
    const revoked = this.#host.partitions.filter(({ topic, partition }) => !kept.has(partitionKey(topic, partition)))
    if (revoked.length > 0 && !(await this.#giveUp(revoked, generation))) return
    this.#last = { partitions, generationId: generation.generationId }
    await this.#host.assign(partitions)
    if (revoked.length > 0) this.rejoin('partitions were given up, for others to take over')
  }

  /** Hands partitions back once no record is in the loop's hand. False when the membership ended meanwhile. */
  #giveUp(partitions: readonly TopicPartition[], { generationId }: Generation): Promise<boolean> {
    const isOver = (): boolean => this.#closing.signal.aborted || this.identity?.generationId !== generationId
    return this.#gap.run(async () => {
      if (isOver()) return false
      await this.#host.revoke(partitions)
      return !isOver()
    })
  }

  /** The partitions that were kept while joining are others' by now. */
  async #forfeit(): Promise<void> {
    this.#last = undefined
    this.#enter({ name: 'joining', generation: undefined })
    if (this.#host.partitions.length === 0) return
    await this.#gap.run(async () => {
      if (!this.#closing.signal.aborted) await this.#host.lose()
    })
  }

  /** What a failed attempt to join comes to; undefined to try again. */
  async #judge(error: unknown, elapsedMs: number): Promise<ClassicGroupState | undefined> {
    const consequence = error instanceof BrokerError ? REJOINS[error.errorName as ErrorName] : undefined
    if (consequence === 'unknown') this.#memberId = ''
    const mayPass = (consequence !== undefined && consequence !== 'fenced') || isRetriable(error)
    const isPatient = this.#hasJoined || elapsedMs < this.#settings.defaultApiTimeoutMs
    const goesOn = mayPass && isPatient
    if (this.#isCooperative && (!goesOn || consequence === 'unknown' || consequence === 'lost')) await this.#forfeit()
    if (goesOn) return undefined
    return consequence === 'fenced' ? { name: 'fenced', error: error as BrokerError } : { name: 'out' }
  }

  /** One attempt at JoinGroup and SyncGroup; the member of a new generation gets its partitions. */
  async #join(reason: string): Promise<{ generation: Generation; partitions: TopicPartition[] }> {
    const { groupInstanceId, assignors, defaultApiTimeoutMs, groupId } = this.#settings
    const topics = [...this.#host.topics]
    const wait = { timeoutMs: defaultApiTimeoutMs + 2 * this.#requests.joinTimeoutMs, signal: this.#closing.signal }
    const protocols = assignors.map((assignor) => ({
      name: assignor.name,
      metadata: subscriptionOf(assignor, {
        topics,
        owned: this.#host.partitions,
        last: this.#last,
        rackId: this.#settings.clientRack ?? null,
      }),
    }))
    const watch = new TopicWatch(this.#cluster, {
      onChange: (topic) => this.rejoin(`the partitions of topic ${topic} changed`),
      onError: (error) => this.#host.report(error),
    })
    this.#watch?.stop()
    this.#watch = watch
    watch.await(topics)
    const { generation, assignment, counts } = await withDeadline(
      `joining group ${groupId}`,
      wait,
      async (deadline) => {
        const joined = await this.#requests.join(this.#memberId, protocols, reason, deadline, (memberId) => {
          this.#memberId = memberId
        })
        const generation: Generation = {
          generationId: joined.generationId,
          memberId: joined.memberId,
          groupInstanceId: groupInstanceId ?? null,
          protocolName: joined.protocolName ?? '',
        }
        const plan =
          joined.leader === joined.memberId
            ? await planAssignment(this.#cluster, assignors, joined, LEADER_METADATA_MS)
            : undefined
        const assignment = await this.#requests.sync(generation, plan?.assignments ?? [], deadline)
        return { generation, assignment, counts: plan?.partitionCounts }
      },
    )
    const partitions = readAssignment(assignment)
    this.#closing.signal.throwIfAborted()
    this.#enter({ name: 'member', generation })
    if (counts !== undefined) watch.expect(counts)
    if (topics.join() !== this.#host.topics.join()) this.rejoin('the subscription changed')
    return { generation, partitions }
  }

  /** Heartbeats of one generation, and the check that the loop gets on. Ends with the generation. */
  async #beat(generation: Generation, signal: AbortSignal): Promise<void> {
    const { heartbeatIntervalMs, maxPollIntervalMs, sessionTimeoutMs, retryBackoff } = this.#settings
    const polls = new PollTimer(this.#host, maxPollIntervalMs)
    let failures = 0
    while (!signal.aborted) {
      const intervalMs =
        failures === 0 ? heartbeatIntervalMs : Math.min(heartbeatIntervalMs, backoffMs(failures - 1, retryBackoff))
      await sleep(Math.min(polls.remainingMs, intervalMs), signal).catch(ignore)
      if (signal.aborted) return
      if (polls.check(this.#rebalancing !== undefined && !this.#gap.isAwaited)) return this.#expel(maxPollIntervalMs)
      this.#watch?.check()
      const wait = { timeoutMs: sessionTimeoutMs, signal }
      try {
        await withDeadline('the heartbeat', wait, (deadline) => this.#requests.heartbeat(generation, deadline))
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        failures++
        this.onError(error, generation)
        const isForGroup = error instanceof BrokerError && error.errorName in REJOINS
        if (!isForGroup && !isRetriable(error)) this.#host.report(error)
      }
    }
  }

  /** The loop has taken too long over a record: others shall have the partitions. It joins again when it asks for the next record. */
  #expel(maxPollIntervalMs: number): void {
    const reason = `no record was asked for within maxPollIntervalMs (${maxPollIntervalMs})`
    this.#lose(reason)
    void this.#sendLeave(this.#requestWait, reason)
  }

  get #requestWait(): Wait {
    return { timeoutMs: this.#settings.requestTimeoutMs, signal: this.#closing.signal }
  }
}

function reasonOf(state: ClassicGroupState): string {
  if (state.name === 'lost') return state.reason
  return state.name === 'member' ? (state.rejoin ?? '') : ''
}

function ignore(): void {}
