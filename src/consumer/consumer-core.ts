import { ClosedError, KafkaError } from '../errors.ts'
import type { Cluster } from '../network/cluster.ts'
import type { Backoff } from '../network/retry.ts'
import { type Wait, withDeadline } from '../network/wait.ts'
import { Assignment } from './assignment.ts'
import { type CommitIdentity, type OffsetToCommit, STANDALONE } from './committed-offsets.ts'
import { type CommitHost, Committer, notAMember } from './committer.ts'
import { GroupCoordinator } from './coordinator.ts'
import { Delivery } from './delivery.ts'
import { Fetcher } from './fetcher.ts'
import { membershipOf } from './membership-of.ts'
import type { ConsumerHooks, WaitsFor } from './hooks.ts'
import type { Lane } from './in-hand.ts'
import type { ItemSource, LoopHost } from './loop.ts'
import type { GroupHost, GroupMembership, LoopActivity, Membership } from './membership.ts'
import type { ConsumerSettings, RebalanceListener } from './options.ts'
import { ConsumerMeter } from './metrics.ts'
import type { PartitionState } from './partition-state.ts'
import { Positions } from './positions.ts'
import type { ConsumerBatch, ConsumerRecord } from './record.ts'
import { Subscription, type Topics } from './subscription.ts'
import type { TopicPartition } from './topic-partition.ts'
import type { RunHost } from './runner.ts'
import { type StallHost, StallWatch } from './stall-watch.ts'
import { Wakeup } from './wakeup.ts'

/** What a consumer needs of the client's options. */
export interface ConsumerContext {
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly metadataMaxAgeMs: number
}

/**
 * What a consumer is made of, put together: it lets the loop, the group, the fetcher and the committer know of each other. The one place where it is
 * decided whether a record may be handed out and whether a rebalance may begin: never both.
 */
export class ConsumerCore<K, V> implements LoopHost, RunHost<K, V>, GroupHost, CommitHost, StallHost {
  readonly cluster: Cluster
  readonly settings: ConsumerSettings<K, V>
  readonly retryBackoff: Backoff
  readonly assignment: Assignment = new Assignment()
  readonly delivery: Delivery<K, V>
  readonly fetcher: Fetcher
  readonly positions: Positions
  readonly subscription: Subscription
  /** Undefined without a group id. */
  readonly coordinator: GroupCoordinator | undefined
  readonly committer: Committer | undefined
  readonly wakeup: Wakeup = new Wakeup()
  readonly meter: ConsumerMeter
  pollCount = 0
  isInterrupted = false
  readonly #context: ConsumerContext
  #group: Membership | undefined
  #loop: object | undefined
  #activity: LoopActivity = 'idle'
  /** What the loop has to be told next. */
  #error: { readonly reason: unknown } | undefined
  readonly #stallWatch: StallWatch
  /** Loops end and no rebalance begins; `onRevoked` can still commit. */
  #isClosing = false
  #isClosed = false
  /** Partitions are on their way back to the group in a rebalance. */
  #revoking: Promise<void> | undefined
  /** The listener is being told of partitions that came. */
  #isAdmitting = false
  /** Partitions are on their way back to the group for good. */
  #isLettingGo = false

  constructor(cluster: Cluster, settings: ConsumerSettings<K, V>, context: ConsumerContext) {
    const { groupId, key, value, onUnreadable, hooks } = settings
    const { requestTimeoutMs, metadataMaxAgeMs } = context
    this.cluster = cluster
    this.settings = settings
    this.retryBackoff = { minMs: context.retryBackoffMs, maxMs: context.retryBackoffMaxMs }
    this.#context = context
    const { assignment, retryBackoff } = this
    const onData = (state: PartitionState): void => {
      this.delivery.enqueue(state)
      this.wakeup.wake()
    }
    const onError = (error: unknown): void => this.report(error)
    const onMoved = (state: PartitionState, { isHeldGone }: { isHeldGone: boolean }): void => {
      this.delivery.withdraw(state, { drop: isHeldGone })
      this.positions.resolve()
      this.fetcher.wake()
    }
    const onKnown = (): void => {
      this.fetcher.wake()
      this.wakeup.wake()
    }
    const onConsumed = (): void => {
      this.fetcher.wake()
      this.positions.resolve()
    }
    this.meter = new ConsumerMeter(groupId, hooks)
    this.#stallWatch = new StallWatch(this, { ...settings, groupId })
    const { meter } = this
    const onBatch = (recordCount: number, sizeInBytes: number): void => meter.began(recordCount, sizeInBytes)
    this.delivery = new Delivery(assignment, { key, value, onUnreadable, onConsumed, onBatch })
    const fetching = { ...settings, requestTimeoutMs, retryBackoff, metadataMaxAgeMs }
    this.fetcher = new Fetcher(cluster, assignment, fetching, { onData, onMoved, onError }, meter)
    this.coordinator = groupId === undefined ? undefined : new GroupCoordinator(cluster, groupId)
    const looking = { ...settings, retryBackoff, member: () => this.#group?.readerIdentity }
    const events = { onKnown, onFailed: onData, onError }
    this.positions = new Positions(cluster, this.coordinator, assignment, looking, events)
    const onChange = (reason: string): void => {
      this.#group?.rejoin(reason)
      this.changed()
    }
    this.subscription = new Subscription(cluster, { ...fetching, ...settings }, { onChange, onError })
    if (this.coordinator === undefined) return
    this.committer = new Committer(cluster, this.coordinator, assignment, this, retryBackoff)
  }

  /** The membership, while the consumer is subscribed. */
  get group(): Membership | undefined {
    return this.#group
  }

  throwIfClosed(): void {
    if (this.#isClosed) throw new ClosedError('the consumer')
  }

  /** The topics to share with the group. Takes effect in the loop. */
  subscribe(topics: Topics): void {
    const { settings, cluster, retryBackoff } = this
    this.subscription.change(topics)
    if (this.#loop !== undefined) this.subscription.start()
    if (this.#group !== undefined) return
    const { requestTimeoutMs } = this.#context
    this.#group = membershipOf(cluster, this.coordinator!, this, settings, { requestTimeoutMs, retryBackoff })
    this.changed()
  }

  /** Hands all partitions back and leaves the group. */
  async unsubscribe(wait: Wait): Promise<void> {
    const group = this.#group
    if (group === undefined) return
    this.subscription.clear()
    await this.#letGo(wait)
    await group.leave(wait, 'the consumer unsubscribed')
    this.#replace([])
    this.#group = undefined
    this.#isLettingGo = false
    this.changed()
  }

  /** Reads these partitions, without a group's help. */
  assignManually(partitions: readonly TopicPartition[]): void {
    const { committer, settings } = this
    if (committer !== undefined && settings.autoCommit) {
      // Their offsets are looked at now, as the partitions may be gone when it is the commit's turn.
      const wait = { timeoutMs: settings.defaultApiTimeoutMs }
      committer.commit(committer.uncommitted(), wait).catch((error: unknown) => this.report(error))
    }
    this.#replace(partitions)
    this.#resume()
  }

  /** Goes on with what can go on: looks positions up and fetches. Nothing happens before the first loop or call. */
  #resume(): void {
    if (this.#loop === undefined) return
    this.positions.resolve()
    this.fetcher.wake()
    this.wakeup.wake()
  }

  /** The partition's position was set or dropped. */
  moved(state: PartitionState): void {
    this.delivery.withdraw(state, { drop: true })
    this.#resume()
  }

  /** Commits what was handled, leaves the group or remains in it, and ends everything, in about the time given at most. */
  async close(timeoutMs: number, to: GroupMembership | undefined): Promise<void> {
    this.#isClosing = true
    this.changed()
    this.committer?.stop()
    this.positions.close()
    this.subscription.stop()
    this.fetcher.stop()
    const wait = { timeoutMs: timeoutMs / 2 }
    await this.#letGo(wait)
    this.#isClosed = true
    this.wakeup.wake()
    await Promise.all([this.#group?.leave(wait, 'the consumer was closed', to), this.fetcher.endSessions(wait)])
    await this.cluster.close()
  }

  /** What comes before partitions are left for good: the last commit and the listener's say. */
  async #letGo(wait: Wait): Promise<void> {
    if (this.#isLettingGo) return
    this.#isLettingGo = true
    this.changed()
    const { settings, committer } = this
    try {
      await withDeadline('letting go of partitions', wait, async ({ remainingMs, signal }) => {
        // A rebalance that has begun to revoke them does the same.
        await this.#revoking
        await this.#handled(signal)
        const partitions = this.assignment.list()
        const isOwner = this.identity !== undefined
        if (settings.autoCommit) await committer?.commitHandled({ timeoutMs: remainingMs, signal })
        await committer?.settled()
        if (this.#group === undefined || partitions.length === 0) return
        await this.#tell(isOwner ? settings.onRevoked : settings.onLost, partitions)
      })
    } catch {
      // Time is up: what was not committed is read again by whoever comes next.
    }
  }

  /** Waits for functions of a run that are at work: what they finish is to be committed. */
  async #handled(signal: AbortSignal): Promise<void> {
    for (;;) {
      const { count } = this.wakeup
      if (signal.aborted || !this.delivery.inHand.hasLanes) return
      await this.wakeup.after(count)
    }
  }

  // For the loop

  get mayDeliver(): boolean {
    return !this.#isLettingGo && !this.#isAdmitting && (this.#group === undefined || this.#group.mayDeliver)
  }

  begin(loop: object): void {
    if (this.#isClosing) throw new ClosedError('the consumer')
    if (this.#loop !== undefined) {
      const hint = 'end the other loop first, or make another consumer'
      throw new KafkaError('KAFKA_BUSY', `a loop over this consumer is running already: ${hint}`)
    }
    this.#loop = loop
    this.subscription.start()
    this.#stallWatch.start()
    if (this.#group === undefined && this.settings.autoCommit) this.startAutoCommit()
    this.#resume()
  }

  end(loop: object): void {
    if (this.#loop !== loop) return
    this.#loop = undefined
    this.#stallWatch.stop()
    this.#activity = 'idle'
    // A rebalance that waited for the record in hand can go on.
    if (!this.#isLettingGo) this.#group?.onLoopEnd()
  }

  onNext(): void {
    this.pollCount++
    this.delivery.inHand.release()
  }

  onWait(): void {
    this.#activity = 'waiting'
  }

  onItem(): void {
    this.pollCount++
    this.#activity = 'handling'
  }

  onAbandon(): void {
    this.delivery.restore()
  }

  attend(): boolean {
    if (this.#isClosing) return false
    const error = this.#error
    if (error !== undefined) {
      this.#error = undefined
      this.changed()
      throw error.reason
    }
    if (!this.#isLettingGo) this.#group?.poll()
    return true
  }

  /** The next record that is buffered, now in hand. */
  takeRecord(): ConsumerRecord<K, V> | Promise<ConsumerRecord<K, V> | undefined> | undefined {
    for (;;) {
      const record = this.delivery.take()
      // None comes of one that was left out, or whose partition moved.
      if (record instanceof Promise) return record.then((read) => read ?? this.#takeIfAllowed())
      if (record !== undefined) return record
      const isOpen = this.delivery.open()
      if (isOpen === false) return undefined
      if (isOpen !== true) return isOpen.then((opened) => (opened ? this.takeRecord() : undefined))
    }
  }

  #takeIfAllowed(): ReturnType<ItemSource<ConsumerRecord<K, V>>> {
    return this.isInterrupted ? undefined : this.takeRecord()
  }

  takeBatch(): Promise<ConsumerBatch<K, V> | undefined> {
    return this.delivery.takeBatch(this.settings.maxPollRecords)
  }

  takeLane(maxRecords: number): Promise<Lane<K, V> | undefined> {
    return this.delivery.takeLane(maxRecords)
  }

  isCurrent(lane: Lane<K, V>): boolean {
    return !this.isInterrupted && this.delivery.inHand.isCurrent(lane)
  }

  passLane(lane: Lane<K, V>, offset: number): void {
    this.delivery.inHand.passLane(lane, offset)
  }

  endLane(lane: Lane<K, V>, outcome: { isDone: boolean }): void {
    this.delivery.endLane(lane, outcome)
    this.wakeup.wake()
  }

  onProgress(): void {
    this.pollCount++
  }

  // For the group

  get topics(): readonly string[] {
    return this.subscription.topics
  }

  get topicPattern(): string | undefined {
    return this.subscription.pattern
  }

  get activity(): LoopActivity {
    if (this.#isLettingGo) return 'leaving'
    // A record on its way to the loop is not to be crossed by a rebalance either.
    return this.delivery.inHand.isHolding ? 'handling' : this.#activity
  }

  get partitions(): readonly TopicPartition[] {
    return this.assignment.list()
  }

  revoke(partitions: readonly TopicPartition[]): Promise<void> {
    this.#revoking = this.#revoke(partitions).finally(() => {
      this.#revoking = undefined
    })
    return this.#revoking
  }

  async #revoke(partitions: readonly TopicPartition[]): Promise<void> {
    const leaving = new Set(this.assignment.select(partitions))
    for (const state of leaving) {
      this.delivery.withdraw(state, { drop: true })
      state.refetch()
      state.isPaused = true
    }
    const { autoCommit, defaultApiTimeoutMs, onRevoked } = this.settings
    if (autoCommit) await this.committer!.commitHandled({ timeoutMs: defaultApiTimeoutMs })
    if (partitions.length > 0) await this.#tell(onRevoked, partitions)
    await this.committer!.settled()
    this.#replace([...this.assignment.states].filter((state) => !leaving.has(state)))
  }

  async lose(): Promise<void> {
    const partitions = this.assignment.list()
    this.#replace([])
    if (partitions.length > 0) await this.#tell(this.settings.onLost, partitions)
  }

  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    if (this.#isLettingGo) return
    const added = partitions.filter(({ topic, partition }) => this.assignment.find(topic, partition) === undefined)
    this.#replace(partitions)
    const { autoCommit, onAssigned } = this.settings
    await this.#admit(onAssigned, added)
    if (this.#isClosing) return
    if (autoCommit) this.startAutoCommit()
    this.#resume()
  }

  report(error: unknown): void {
    this.#error ??= { reason: error }
    this.changed()
  }

  changed(): void {
    this.isInterrupted = this.#isClosing || this.#error !== undefined || !this.mayDeliver
    const group = this.#group
    if (group !== undefined && !this.#isClosing) {
      this.meter.stands(group.isRebalancing, group.identity === undefined, () => this.partitions)
    }
    this.wakeup.wake()
  }

  // For the stall watch

  get onStalled(): ConsumerHooks['stalled'] {
    return this.meter.hooks.stalled
  }

  waitsFor(state: PartitionState): WaitsFor {
    if (this.delivery.inHand.isHeldUp(state)) return 'handler'
    if (this.#group !== undefined && !this.#group.mayDeliver) return 'rebalance'
    if (state.position === undefined) return 'position'
    return state.hasData ? 'delivery' : this.fetcher.waitsFor(state)
  }

  // For the committer

  get handledOffsets(): OffsetToCommit[] {
    return this.delivery.inHand.handledOffsets()
  }

  offsetsWithCurrent(): OffsetToCommit[] {
    if (this.delivery.inHand.isBereft || this.identity === undefined) throw notAMember(this.coordinator?.groupId ?? '')
    return this.delivery.inHand.handledOffsets({ current: true })
  }

  get identity(): CommitIdentity | undefined {
    return this.#group === undefined ? STANDALONE : this.#group.identity
  }

  onCommit(offsets: readonly OffsetToCommit[], durationMs: number, error: unknown): void {
    this.meter.committed(offsets, durationMs, error)
  }

  onCommitError(error: unknown, identity: CommitIdentity): void {
    this.#group?.onError(error, identity)
  }

  async regroup(identity: CommitIdentity, wait: Wait): Promise<boolean> {
    await withDeadline('the rebalance', wait, async ({ signal }) => {
      for (;;) {
        const { count } = this.wakeup
        if (signal.aborted || this.#group?.isJoiningFrom(identity) !== true) return
        await this.wakeup.after(count)
      }
    })
    return this.identity !== undefined && this.identity.generationId !== identity.generationId
  }

  startAutoCommit(): void {
    const { autoCommitIntervalMs, defaultApiTimeoutMs } = this.settings
    this.committer?.start(autoCommitIntervalMs, defaultApiTimeoutMs)
  }

  /** The listener may `seek()`: no record is handed out before it has. */
  async #admit(listener: RebalanceListener | undefined, added: readonly TopicPartition[]): Promise<void> {
    if (listener === undefined) return
    this.#isAdmitting = true
    this.changed()
    await this.#tell(listener, added)
    this.#isAdmitting = false
    this.changed()
  }

  #replace(partitions: readonly TopicPartition[]): void {
    for (const state of this.assignment.replace(partitions)) this.delivery.withdraw(state, { drop: true })
  }

  async #tell(listener: RebalanceListener | undefined, partitions: readonly TopicPartition[]): Promise<void> {
    try {
      await listener?.(partitions)
    } catch (error) {
      this.report(error)
    }
  }
}
