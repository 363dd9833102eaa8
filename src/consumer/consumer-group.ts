import { BrokerError, KafkaError } from '../errors.ts'
import type { Cluster } from '../network/cluster.ts'
import { backoffMs, isRetriable } from '../network/retry.ts'
import { sleep, type Wait, withDeadline } from '../network/wait.ts'
import type { ErrorName } from '../protocol/error-codes.ts'
import type {
  ConsumerGroupHeartbeatResponse,
  ConsumerGroupHeartbeatTopicPartitions as TopicIdPartitions,
} from '../protocol/messages/68-consumer-group-heartbeat.ts'
import type { CommitIdentity } from './committed-offsets.ts'
import { ConsumerRequests, type ConsumerRequestSettings } from './consumer-group-requests.ts'
import type { GroupCoordinator } from './coordinator.ts'
import type { GroupHost, GroupMembership, Membership, MemberSettings } from './membership.ts'
import { PollTimer } from './poll-timer.ts'
import { RecordGap } from './record-gap.ts'
import { isSameAssignment, resolveTarget, type ResolvedTarget } from './target-assignment.ts'
import { partitionKey } from './topic-partition.ts'
import { TopicWatch } from './topic-watch.ts'

/** How a KIP-848 member behaves. */
export interface ConsumerGroupSettings extends ConsumerRequestSettings, MemberSettings {
  /** How long failures that may pass are kept from the loop before the group was joined once. */
  readonly defaultApiTimeoutMs: number
}

/** Where a KIP-848 member stands (Java: MemberState). */
export type ConsumerGroupState =
  /** Not asked for yet. */
  | { readonly name: 'unsubscribed' }
  /** Asks to be taken in; owns nothing. */
  | { readonly name: 'joining' }
  /** Has what it is to have. */
  | { readonly name: 'stable'; readonly epoch: number }
  /** Is to have something else than it has: gives partitions back, then takes new ones. */
  | { readonly name: 'reconciling'; readonly epoch: number }
  /** Has done so, which the next heartbeat tells. */
  | { readonly name: 'acknowledging'; readonly epoch: number }
  /** The group went on without it: gives all up, then joins again. */
  | { readonly name: 'fenced' }
  /** Left by itself, as its loop took too long: joins again once that goes on. */
  | { readonly name: 'stale' }
  /** Cannot be a member: `error` is thrown in each loop. */
  | { readonly name: 'fatal'; readonly error: unknown }
  | { readonly name: 'left' }

type StateName = ConsumerGroupState['name']

/** From where each state can be reached. */
const STATES_BEFORE: Readonly<Record<StateName, readonly StateName[]>> = {
  unsubscribed: [],
  joining: ['unsubscribed', 'fenced', 'stale'],
  stable: ['joining', 'reconciling', 'acknowledging', 'stable'],
  reconciling: ['joining', 'stable', 'acknowledging', 'reconciling'],
  acknowledging: ['reconciling', 'acknowledging'],
  fenced: ['joining', 'stable', 'reconciling', 'acknowledging'],
  stale: ['joining', 'stable', 'reconciling', 'acknowledging'],
  fatal: ['joining', 'stable', 'reconciling', 'acknowledging'],
  left: ['unsubscribed', 'joining', 'stable', 'reconciling', 'acknowledging', 'fenced', 'stale', 'fatal'],
}

/** Errors after which the member is not one any more, and can join again (Java: AbstractHeartbeatRequestManager). */
const FENCING: ReadonlySet<string> = new Set<ErrorName>(['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'])
/** Errors that the loop is told while the member stays in its group. */
const TOLERATED: ReadonlySet<string> = new Set<ErrorName>(['TOPIC_AUTHORIZATION_FAILED'])

const NOTHING: readonly TopicIdPartitions[] = []

/**
 * Membership in a group of the consumer protocol (KIP-848; Java: ConsumerMembershipManager). The coordinator works assignments out: each answer to
 * a heartbeat may bring a new target. Members read on meanwhile; partitions go to another member only when the one that had them has
 * said in a heartbeat that it let them go. One use: after `leave` it is over.
 */
export class ConsumerGroup implements Membership {
  readonly #cluster: Cluster
  readonly #host: GroupHost
  readonly #settings: ConsumerGroupSettings
  readonly #requests: ConsumerRequests
  readonly #gap: RecordGap
  readonly #polls: PollTimer
  readonly #watch: TopicWatch
  readonly #closing = new AbortController()
  /** Names of the topics of the target: metadata may forget a topic before its partitions are given back. */
  readonly #names = new Map<string, string>()
  #state: ConsumerGroupState = { name: 'unsubscribed' }
  /** What the coordinator wants it to have. */
  #target = NOTHING
  /** What it has; undefined from joining until something was assigned, be it nothing. */
  #current: readonly TopicIdPartitions[] | undefined
  /** What changes partitions, one after the other. Never rejects. */
  #work: Promise<void> = Promise.resolve()
  #isReconciling = false
  /** Partitions are going or coming, which the loop may have to wait for. */
  #isHandingOver = false
  #isReleasing = false
  /** The coordinator said that the epoch is behind: the next heartbeat brings a new one. */
  #isBehind = false
  /** The next heartbeat is due as soon as the one under way was answered. */
  #isDue = false
  /** Cuts the rest between two heartbeats short. */
  #resting = new AbortController()
  #isBeating = false
  #hasJoined = false

  constructor(cluster: Cluster, coordinator: GroupCoordinator, host: GroupHost, settings: ConsumerGroupSettings) {
    this.#cluster = cluster
    this.#host = host
    this.#settings = settings
    this.#requests = new ConsumerRequests(coordinator, settings)
    this.#gap = new RecordGap(host)
    this.#polls = new PollTimer(host, settings.maxPollIntervalMs)
    this.#watch = new TopicWatch(cluster, { onChange: ignore, onError: (error) => host.report(error) })
  }

  get state(): ConsumerGroupState {
    return this.#state
  }

  get mayDeliver(): boolean {
    return !this.#gap.isHalted && this.#epoch !== undefined
  }

  get isRebalancing(): boolean {
    const { name } = this.#state
    return name === 'joining' || name === 'reconciling' || name === 'acknowledging'
  }

  get identity(): CommitIdentity | undefined {
    const generationId = this.#epoch
    if (generationId === undefined) return undefined
    const { groupInstanceId = null } = this.#settings
    return { generationId, memberId: this.#requests.memberId, groupInstanceId }
  }

  get readerIdentity(): CommitIdentity | undefined {
    return this.identity
  }

  isJoiningFrom({ generationId }: CommitIdentity): boolean {
    return this.#isBehind && this.#epoch === generationId
  }

  poll(): void {
    const state = this.#state
    if (state.name === 'fatal') throw state.error
    this.#gap.open()
    if (state.name === 'unsubscribed') {
      if (this.#host.topics.length > 0 || this.#host.topicPattern !== undefined) this.#join()
    } else if (state.name === 'stale') {
      if (!this.#isReleasing) this.#join()
    } else {
      this.#reconcileIfDue()
    }
  }

  onLoopEnd(): void {
    this.#gap.open()
  }

  /** The coordinator is told of a changed subscription at once; there is nothing else that a member could have dealt out anew. */
  rejoin(): void {
    if (this.#state.name !== 'unsubscribed') this.#watch.await(this.#host.topics)
    this.#beatNow()
  }

  onError(error: unknown, { generationId }: CommitIdentity): void {
    if (!(error instanceof BrokerError) || this.#epoch !== generationId) return
    this.#isBehind = error.errorName === 'STALE_MEMBER_EPOCH'
    // What else is wrong, the answer to a heartbeat tells.
    if (this.#isBehind || FENCING.has(error.errorName)) this.#beatNow()
  }

  async leave(wait: Wait, _reason: string, to?: GroupMembership): Promise<void> {
    const { name } = this.#state
    if (name === 'left') return
    this.#enter({ name: 'left' })
    // Nothing that was not written is sent any more; and what was is answered before the request to leave.
    this.#closing.abort(new KafkaError('KAFKA_NOT_A_MEMBER', 'the member left its group'))
    this.#beatNow()
    this.#gap.close()
    this.#watch.stop()
    const isOut = name === 'unsubscribed' || name === 'fenced' || name === 'stale' || name === 'fatal'
    // Of one that is not static nobody has to hear that it is away: it will not come back.
    const isSilent = isOut || (to === 'remain' && this.#settings.groupInstanceId === undefined)
    const leaving = isSilent ? undefined : this.#sendLeave(wait, to)
    // A listener that does not come back must not hold it up for ever.
    await Promise.all([leaving, withDeadline('the rebalance', wait, () => this.#work).catch(ignore)])
  }

  async #sendLeave(wait: Wait, to?: GroupMembership): Promise<void> {
    await withDeadline('leaving the group', wait, (deadline) => this.#requests.leave(deadline, to)).catch(ignore)
  }

  get #epoch(): number | undefined {
    return 'epoch' in this.#state ? this.#state.epoch : undefined
  }

  /** The one place where the state changes. */
  #enter(state: ConsumerGroupState): void {
    if (!STATES_BEFORE[state.name].includes(this.#state.name)) {
      throw new KafkaError('KAFKA_STATE', `a member cannot go from ${this.#state.name} to ${state.name}`)
    }
    this.#state = state
    this.#host.changed()
  }

  #join(): void {
    this.#requests.forget()
    this.#enter({ name: 'joining' })
    this.#watch.await(this.#host.topics)
    this.#beatNow()
    if (!this.#isBeating) void this.#beat()
  }

  /** Heartbeats, one at a time, and the check that the loop gets on; whatever the loop is at. */
  async #beat(): Promise<void> {
    this.#isBeating = true
    const { signal } = this.#closing
    const { defaultApiTimeoutMs, retryBackoff } = this.#settings
    const startedAt = performance.now()
    let intervalMs = 0
    let failures = 0
    while (!signal.aborted) {
      const state = this.#state
      if (state.name === 'fatal' || state.name === 'fenced' || state.name === 'stale') {
        // Whatever was due, no heartbeat is in these states.
        this.#isDue = false
        await this.#rest(Infinity)
        continue
      }
      if (this.#polls.check(this.#isHandingOver && !this.#gap.isAwaited)) {
        this.#goStale()
        continue
      }
      this.#isDue = false
      if (state.name === 'acknowledging') this.#acknowledge(state.epoch)
      try {
        const response = await this.#send('epoch' in state ? state.epoch : 0)
        if (signal.aborted) return
        failures = 0
        intervalMs = response.heartbeatIntervalMs
        this.#accept(response)
        await this.#rest(Math.max(1, Math.min(intervalMs, this.#polls.remainingMs)))
      } catch (error) {
        if (signal.aborted) return
        this.#onFailure(error)
        const isLate = !this.#hasJoined && performance.now() - startedAt > defaultApiTimeoutMs
        if (isLate && this.#state.name === 'joining') this.#host.report(error)
        // A member that was fenced joins again at once; but not one that always is.
        const isFirstFence = this.#state.name === 'fenced' && failures === 0
        if (!isFirstFence) await sleep(backoffMs(failures, retryBackoff), signal).catch(ignore)
        failures++
      }
    }
  }

  #send(epoch: number): Promise<ConsumerGroupHeartbeatResponse> {
    const { topics, topicPattern } = this.#host
    const report = { topics, topicPattern, owned: this.#current ?? NOTHING }
    const wait = { timeoutMs: this.#settings.requestTimeoutMs, signal: this.#closing.signal }
    return withDeadline('the heartbeat', wait, (deadline) => this.#requests.heartbeat(epoch, report, deadline))
  }

  async #rest(ms: number): Promise<void> {
    if (this.#isDue) return
    this.#resting = new AbortController()
    await sleep(Math.min(ms, 0x7fffffff), this.#resting.signal).catch(ignore)
  }

  #beatNow(): void {
    this.#isDue = true
    this.#resting.abort()
  }

  /** The heartbeat that is about to go tells what was given back and taken. */
  #acknowledge(epoch: number): void {
    this.#enter({ name: this.#isReconciled ? 'stable' : 'reconciling', epoch })
    this.#reconcileIfDue()
  }

  get #isReconciled(): boolean {
    return this.#current !== undefined && isSameAssignment(this.#target, this.#current)
  }

  #accept({ memberEpoch: epoch, assignment }: ConsumerGroupHeartbeatResponse): void {
    this.#isBehind = false
    this.#hasJoined = true
    if (assignment !== null) this.#target = assignment.topicPartitions
    const { name } = this.#state
    if (name === 'acknowledging') this.#enter({ name, epoch })
    else this.#enter({ name: this.#isReconciled ? 'stable' : 'reconciling', epoch })
    this.#reconcileIfDue()
  }

  /** What a failed heartbeat comes to, besides being sent again. */
  #onFailure(error: unknown): void {
    if (this.#isFenced(error)) {
      this.#enter({ name: 'fenced' })
      // Until it says that it is away, a static member is not let in again: not even under its own id.
      if (this.#settings.groupInstanceId !== undefined) this.#abandon()
      this.#release()
    } else if (error instanceof BrokerError && TOLERATED.has(error.errorName)) {
      this.#host.report(error)
    } else if (!isRetriable(error)) {
      this.#enter({ name: 'fatal', error })
      this.#release()
    }
  }

  #isFenced(error: unknown): boolean {
    if (!(error instanceof BrokerError)) return false
    // A group whose last other member of this protocol has gone is a classic one again: joining it turns it back.
    const isGone = error.errorName === 'GROUP_ID_NOT_FOUND' && this.#epoch !== undefined
    return isGone || FENCING.has(error.errorName)
  }

  /** The loop has taken too long over a record: others shall have the partitions. */
  #goStale(): void {
    this.#enter({ name: 'stale' })
    this.#abandon()
    this.#release()
  }

  /** Says that it is gone, and does not wait: what it sends next goes the same way. */
  #abandon(): void {
    void this.#sendLeave({ timeoutMs: this.#settings.requestTimeoutMs })
  }

  /** Gives up what is no longer the member's own, once no record of it is in the loop's hand. */
  #release(): void {
    this.#isReleasing = true
    this.#current = undefined
    this.#target = NOTHING
    this.#do(async () => {
      await this.#gap.run(async () => {
        // Who leaves has told the listener.
        if (!this.#closing.signal.aborted) await this.#host.lose()
      })
      this.#isReleasing = false
      if (this.#state.name === 'fenced') this.#join()
      this.#host.changed()
    })
  }

  #do(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => this.#host.report(error))
  }

  #reconcileIfDue(): void {
    if (this.#state.name !== 'reconciling' || this.#isReconciling || this.#host.activity === 'leaving') return
    this.#isReconciling = true
    this.#do(async () => {
      try {
        await this.#reconcile()
      } finally {
        this.#isReconciling = false
      }
      // There may be a new target by now, or the rest of this one.
      this.#reconcileIfDue()
    })
  }

  /** Brings what the member has to its target, as far as the names of topics are known. */
  async #reconcile(): Promise<void> {
    const resolved = await this.#resolve()
    if (resolved === undefined || this.#state.name !== 'reconciling') return
    const { partitions, owned } = resolved
    const wanted = new Set(partitions.map(({ topic, partition }) => partitionKey(topic, partition)))
    const revoked = this.#host.partitions.filter(({ topic, partition }) => !wanted.has(partitionKey(topic, partition)))
    const isOver = (): boolean => this.#state.name !== 'reconciling' || this.#host.activity === 'leaving'
    this.#isHandingOver = true
    try {
      if (revoked.length > 0) {
        await this.#gap.run(async () => {
          if (!isOver()) await this.#host.revoke(revoked)
        })
      }
      if (isOver()) return
      await this.#host.assign(partitions)
    } finally {
      this.#isHandingOver = false
    }
    const state = this.#state
    if (state.name !== 'reconciling') return
    this.#current = owned
    const ids = new Set([...owned, ...this.#target].map(({ topicId }) => topicId))
    for (const topicId of this.#names.keys()) if (!ids.has(topicId)) this.#names.delete(topicId)
    this.#enter({ name: 'acknowledging', epoch: state.epoch })
    this.#beatNow()
  }

  /** The target with names, once they change anything about what the member has; undefined when there is another target by then. */
  async #resolve(): Promise<ResolvedTarget | undefined> {
    const target = this.#target
    const { signal } = this.#closing
    const nameOf = (topicId: string): string | undefined => this.#nameOf(topicId)
    for (let attempt = 0; target === this.#target && this.#state.name === 'reconciling'; attempt++) {
      const resolved = resolveTarget(target, nameOf)
      const isNew = this.#current === undefined || !isSameAssignment(resolved.owned, this.#current)
      if (isNew && (attempt > 0 || resolved.unresolved.length === 0)) return resolved
      // Names are there at once as a rule: only in need are partitions taken in two steps.
      await this.#lookUp(resolved.unresolved)
      if (attempt > 0) await sleep(backoffMs(attempt, this.#settings.retryBackoff), signal).catch(ignore)
      if (signal.aborted) return undefined
    }
    return undefined
  }

  #nameOf(topicId: string): string | undefined {
    const name = this.#cluster.topicName(topicId) ?? this.#names.get(topicId)
    if (name !== undefined) this.#names.set(topicId, name)
    return name
  }

  async #lookUp(topicIds: readonly string[]): Promise<void> {
    const wait = { timeoutMs: this.#settings.requestTimeoutMs, signal: this.#closing.signal }
    try {
      const known = await this.#cluster.topicNames(topicIds, wait)
      for (const [topicId, name] of known) this.#names.set(topicId, name)
    } catch {
      // Asked again soon.
    }
  }
}

function ignore(): void {}
