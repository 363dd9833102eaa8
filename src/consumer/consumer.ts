import { ConfigError, KafkaError } from '../errors.ts'
import { inspect } from '../inspect-value.ts'
import type { Cluster } from '../network/cluster.ts'
import { type Wait, withDeadline } from '../network/wait.ts'
import {
  type CommitIdentity,
  type CommittedOffset,
  fetchCommittedOffsets,
  type OffsetToCommit,
} from './committed-offsets.ts'
import { type ConsumerContext, ConsumerCore } from './consumer-core.ts'
import { type ListedOffset, listOffsets, type OffsetQuery } from './list-offsets.ts'
import { Loop } from './loop.ts'
import { Runner, type RunOptions, runSettings } from './runner.ts'
import type { ConsumerMetrics } from './metrics.ts'
import { checkOffset } from './offset.ts'
import { checkPattern, type ConsumerCloseOptions, type ConsumerOptions, consumerSettings } from './options.ts'
import type { ConsumerBatch, ConsumerRecord } from './record.ts'
import { type Topics, topicsFault } from './subscription.ts'
import { partitionKey, type TopicPartition, type TopicPartitionOffset } from './topic-partition.ts'

/** Options of a call that waits for brokers. */
export interface CallOptions {
  /** Default: the consumer's `defaultApiTimeoutMs`. */
  readonly timeoutMs?: number | undefined
  /** The call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Options of one loop. */
export interface LoopOptions {
  /** Ends the loop: it throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** A time in a partition. */
export interface TopicPartitionTime extends TopicPartition {
  /** Milliseconds since 1970. */
  readonly timestamp: number
}

/** The first record of a partition at or after a time. */
export interface OffsetAndTime extends TopicPartitionOffset, TopicPartitionTime {}

/** Who a consumer is in its group: what a transaction needs to commit offsets for it (KIP-447). */
export interface GroupMetadata extends CommitIdentity {
  readonly groupId: string
}

const DEFAULT_CONTEXT: ConsumerContext = {
  requestTimeoutMs: 30_000,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
  metadataMaxAgeMs: 300_000,
}

/**
 * Reads records, on its own or as a member of a group (Java: KafkaConsumer). Made by `kafka.consumer()`; connects when a loop begins.
 *
 * `for await (const record of consumer)` hands out one record after the other. Asking for the next one says that the last one has been handled, and
 * only what has been handled is committed: by a timer, before partitions are handed on, and by `close`. A record whose body ended
 * by `break`, `return` or `throw` has not been handled: it is handed out again, by the next loop or to the partition's next reader, unless the body
 * called `commit`.
 *
 * A loop throws what it cannot go on from, such as RecordError for a record that cannot be read, and another one can be begun
 * after it. One runs at a time. Partitions are handed on between two records only; a member that keeps a record for longer
 * than `maxPollIntervalMs` loses them.
 */
export class Consumer<K = Uint8Array | null, V = Uint8Array | null> implements AsyncIterable<ConsumerRecord<K, V>> {
  readonly #core: ConsumerCore<K, V>
  #closed: Promise<void> | undefined

  /** @throws ConfigError for options that are unknown, of a wrong type, or contradict each other. */
  constructor(cluster: Cluster, options: ConsumerOptions<K, V> = {}, context: ConsumerContext = DEFAULT_CONTEXT) {
    const settings = consumerSettings(options)
    this.#core = new ConsumerCore(cluster, settings, context)
    if (settings.topics !== undefined) this.subscribe(settings.topics)
  }

  /** The loop over records: `for await (const record of consumer)`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ConsumerRecord<K, V>, undefined> {
    return this.records()
  }

  /**
   * A loop over records that a signal can end.
   *
   * @throws ClosedError when the consumer is closed; a loop that is running when it gets closed just ends. KafkaError (KAFKA_BUSY) while
   * another loop runs.
   */
  records({ signal }: LoopOptions = {}): AsyncIterableIterator<ConsumerRecord<K, V>, undefined> {
    return new Loop(this.#core, () => this.#core.takeRecord(), signal)
  }

  /** A loop over batches: some records of one partition at a time, at most `maxPollRecords`, which are handled together. */
  batches({ signal }: LoopOptions = {}): AsyncIterableIterator<ConsumerBatch<K, V>, undefined> {
    return new Loop(this.#core, () => this.#core.takeBatch(), signal)
  }

  /**
   * Hands records, or batches, to a function, those of several partitions at the same time if `concurrency` says so, until the consumer is
   * closed: then it resolves. A record has been handled when its function has returned; committed is what was handled without a gap. Nothing is taken
   * from the brokers faster than it is handled, and a slow function holds up its own partition only.
   *
   * @throws what the function throws: no other is begun then, those under way are waited for, and what was not handled is delivered again by
   * the next run or loop. The signal's reason after an abort, likewise. What a loop throws, too.
   */
  async run(options: RunOptions<K, V>): Promise<void> {
    const settings = runSettings(options)
    await new Runner(this.#core, settings, this.#core.settings.maxPollRecords).run()
  }

  /**
   * The loop over records as a stream. Reading the next record says that the one before has been handled, which holds for `pipeTo` a WritableStream
   * as well, but not where something in between keeps records: commit by hand then, with `autoCommit: false`.
   */
  stream(options: LoopOptions = {}): ReadableStream<ConsumerRecord<K, V>> {
    const loop = this.records(options)
    return new ReadableStream<ConsumerRecord<K, V>>(
      {
        async pull(controller) {
          const { done, value } = await loop.next()
          if (done === true) controller.close()
          else controller.enqueue(value)
        },
        async cancel() {
          await loop.return?.()
        },
      },
      // A record is taken when it is read and not ahead of that.
      { highWaterMark: 0 },
    )
  }

  /**
   * Shares the partitions of these topics with the group's other members, instead of those subscribed to before. Takes effect
   * in the loop; with a RegExp, once a topic matches.
   *
   * @throws ConfigError without a groupId, for no topics, for a pattern under the classic protocol, or when partitions are assigned by `assign`.
   */
  subscribe(topics: Topics): void {
    const core = this.#core
    core.throwIfClosed()
    if (core.coordinator === undefined) throw needsGroup('subscribe')
    const fault = topicsFault(topics)
    if (fault !== undefined) throw new ConfigError('topics', `topics must be ${fault}`)
    checkPattern(topics, core.settings.groupProtocol)
    if (core.group === undefined && core.assignment.size > 0) {
      throw new ConfigError('topics', 'a consumer with assigned partitions cannot subscribe: assign([]) first')
    }
    core.subscribe(topics)
  }

  /**
   * Commits what was handled, if `autoCommit` says so, hands all partitions back and leaves the group. Functions of a `run` that are at work are waited
   * for, as `close` does.
   */
  async unsubscribe(options: CallOptions = {}): Promise<void> {
    this.#core.throwIfClosed()
    if (this.#core.group === undefined) this.#core.assignManually([])
    else await this.#core.unsubscribe(this.#wait(options))
  }

  /** The topics subscribed to; under a RegExp those that match so far, none under a pattern, which only the coordinator matches. */
  subscription(): string[] {
    return [...this.#core.topics]
  }

  /**
   * Reads exactly these partitions, without sharing them with anyone. Those that were assigned before keep their position.
   *
   * @throws ConfigError while subscribed.
   */
  assign(partitions: readonly TopicPartition[]): void {
    const core = this.#core
    core.throwIfClosed()
    checkPartitions(partitions)
    if (core.group !== undefined) {
      throw new ConfigError('partitions', 'a subscribed consumer cannot assign partitions itself: unsubscribe() first')
    }
    core.assignManually(partitions)
  }

  /**
   * Has the group deal its partitions out anew, for instance since what an assignor of your own goes by has changed (KIP-568). Does
   * nothing while the consumer is in no group, nor under `groupProtocol: 'consumer'`, where that is up to the coordinator.
   */
  enforceRebalance(reason = 'the user asked for it'): void {
    this.#core.throwIfClosed()
    this.#core.group?.rejoin(reason)
  }

  /** The partitions that are read now: those given to `assign`, or by the group. */
  assignment(): TopicPartition[] {
    return this.#core.assignment.list()
  }

  /** Stops handing out records of these partitions, or of all, until `resume`. What is buffered is kept. Lasts as long as the assignment. */
  pause(partitions?: readonly TopicPartition[]): void {
    for (const state of this.#core.assignment.select(partitions)) {
      state.isPaused = true
      this.#core.delivery.withdraw(state, { drop: false })
    }
    this.#core.fetcher.wake()
  }

  /** Goes on with paused partitions. */
  resume(partitions?: readonly TopicPartition[]): void {
    for (const state of this.#core.assignment.select(partitions)) {
      state.isPaused = false
      this.#core.delivery.enqueue(state)
    }
    this.#core.fetcher.wake()
    this.#core.wakeup.wake()
  }

  paused(): TopicPartition[] {
    const paused = [...this.#core.assignment.states].filter(({ isPaused }) => isPaused)
    return paused.map(({ topic, partition }) => ({ topic, partition }))
  }

  /**
   * Goes on with the record at this offset, or the first one after it. A record of the partition that the loop has in hand is no
   * longer committed when it has been handled; the new position is. With the leader epoch of the record before, such as `committed` tells, it is
   * checked that the log was not truncated since (KIP-320).
   *
   * @throws ConfigError when the partition is not assigned or the offset is not one.
   */
  seek({
    topic,
    partition,
    offset,
    leaderEpoch = -1,
  }: TopicPartitionOffset & { leaderEpoch?: number | undefined }): void {
    checkOffset(offset)
    const state = this.#core.assignment.get({ topic, partition })
    state.seek({ offset, epoch: leaderEpoch })
    this.#core.moved(state)
  }

  /** Goes on with the first records at or after a time; where there is none, with the next record that is written. */
  seekToTimestamp(times: readonly TopicPartitionTime[]): void {
    checkPartitions(times)
    for (const { timestamp, ...partition } of times) {
      checkTimestamp(timestamp)
      const state = this.#core.assignment.get(partition)
      state.reset(timestamp)
      this.#core.moved(state)
    }
  }

  /** Goes on with the oldest record of these partitions, or of all. */
  seekToBeginning(partitions?: readonly TopicPartition[]): void {
    this.#reset(partitions, 'earliest')
  }

  /** Goes on with the next record that is written to these partitions, or to all. */
  seekToEnd(partitions?: readonly TopicPartition[]): void {
    this.#reset(partitions, 'latest')
  }

  /** Offset of the next record that the loop gets from the partition. Looks it up when it is not known yet. */
  async position(partition: TopicPartition, options: CallOptions = {}): Promise<number> {
    const core = this.#core
    const state = core.assignment.get(partition)
    if (state.position !== undefined) return state.position
    return withDeadline(`the position in ${state.key}`, this.#wait(options), async ({ signal }) => {
      for (;;) {
        const { count } = core.wakeup
        core.throwIfClosed()
        signal.throwIfAborted()
        if (!core.assignment.has(state)) core.assignment.get(partition)
        if (state.error !== undefined) throw state.error
        if (state.position !== undefined) return state.position
        core.positions.resolve()
        await core.wakeup.after(count)
      }
    })
  }

  /** What the consumer has done, and how it stands. Cheap: to be asked for as often as a scrape of metrics comes. */
  metrics(): ConsumerMetrics {
    const { meter, assignment, settings } = this.#core
    return meter.snapshot(assignment.states, settings.isolationLevel)
  }

  /** How many offsets the loop is behind the end of the partition; undefined before its first fetch. */
  lag(partition: TopicPartition): number | undefined {
    return this.#core.assignment.get(partition).lag(this.#core.settings.isolationLevel)
  }

  /**
   * Commits offsets. Without any, commits everything handed out so far and handled, and counts a record in the loop's hand as handled:
   * `process(record); await consumer.commit()`.
   *
   * @throws ConfigError without a groupId or for partitions that are not assigned; BrokerError such as ILLEGAL_GENERATION, or KafkaError
   * (KAFKA_NOT_A_MEMBER), when the group rebalanced: the records will be read again by whoever has the partition now.
   */
  async commit(offsets?: readonly OffsetToCommit[], options: CallOptions = {}): Promise<void> {
    const core = this.#core
    core.throwIfClosed()
    if (core.committer === undefined) throw needsGroup('commit')
    if (offsets === undefined) {
      core.delivery.inHand.release()
      return core.committer.commit(core.handledOffsets, this.#wait(options))
    }
    checkPartitions(offsets)
    for (const { offset } of offsets) checkOffset(offset)
    // Of others' partitions a subscribed member knows nothing: it could only set them back.
    if (core.group !== undefined) for (const partition of offsets) core.assignment.get(partition)
    await core.committer.commit([...offsets], this.#wait(options))
  }

  /** What the group committed for these partitions, in their order; undefined where it committed nothing. */
  async committed(
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<(CommittedOffset | undefined)[]> {
    const { coordinator, cluster, retryBackoff } = this.#core
    this.#core.throwIfClosed()
    if (coordinator === undefined) throw needsGroup('committed')
    checkPartitions(partitions)
    const wait = { ...this.#wait(options), backoff: retryBackoff }
    const found = await fetchCommittedOffsets(cluster, coordinator, partitions, wait)
    return partitions.map(({ topic, partition }) => found.get(partitionKey(topic, partition)))
  }

  /**
   * The offsets up to which everything was handled; with `current`, the record in the loop's hand, or its batch, counts as handled.
   *
   * @throws KafkaError (KAFKA_NOT_A_MEMBER) with `current`, when the member has lost what it has in hand.
   */
  handledOffsets({ current = false }: { current?: boolean } = {}): OffsetToCommit[] {
    return current ? this.#core.offsetsWithCurrent() : this.#core.handledOffsets
  }

  /** Offsets of the oldest records of partitions, in their order. */
  beginningOffsets(partitions: readonly TopicPartition[], options: CallOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#logEnds(partitions, 'earliest', options)
  }

  /** Offsets of the records that will be written next to partitions, or under `read_committed` can be read next; in their order. */
  endOffsets(partitions: readonly TopicPartition[], options: CallOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#logEnds(partitions, 'latest', options)
  }

  /** The first records at or after a time, in the order of the partitions; undefined where there is none. */
  async offsetsForTimes(
    times: readonly TopicPartitionTime[],
    options: CallOptions = {},
  ): Promise<(OffsetAndTime | undefined)[]> {
    checkPartitions(times)
    const queries = times.map(({ topic, partition, timestamp }) => {
      checkTimestamp(timestamp)
      return { topic, partition, target: timestamp }
    })
    return this.listOffsets(queries, options)
  }

  /**
   * Looks places up in partitions, in their order; undefined where there is none. The timestamp is that of the record there, -1 for ends of the
   * log. The other look-ups are cases of this one.
   *
   * @throws UnsupportedVersionError when a broker is too old for what is asked.
   */
  async listOffsets(
    queries: readonly OffsetQuery[],
    options: CallOptions = {},
  ): Promise<(OffsetAndTime | undefined)[]> {
    checkPartitions(queries)
    const found = await this.#listOffsets(queries, options)
    return queries.map(({ topic, partition }) => {
      const listed = found.get(partitionKey(topic, partition))
      return listed && { topic, partition, offset: listed.offset, timestamp: listed.timestamp }
    })
  }

  /** Whether what was handled is committed without being asked. */
  get isAutoCommitting(): boolean {
    return this.#core.committer !== undefined && this.#core.settings.autoCommit
  }

  /** Who this consumer is in its group; generation -1 while it is in none. */
  groupMetadata(): GroupMetadata {
    const { coordinator, group, settings } = this.#core
    if (coordinator === undefined) throw needsGroup('groupMetadata')
    const { generationId = -1, memberId = '' } = group?.identity ?? {}
    return { groupId: coordinator.groupId, generationId, memberId, groupInstanceId: settings.groupInstanceId ?? null }
  }

  /**
   * Ends the loop after the record in its hand, commits what was handled if `autoCommit` says so, leaves the group (see `groupMembership`) and disconnects.
   * Takes `timeoutMs` at most when brokers do not answer. Never rejects.
   *
   * Functions of a `run` that are at work are waited for, up to half that time, and count as handled; so a function must not await this itself. A loop's
   * body is not waited for: it may be where this is called.
   */
  close({ timeoutMs = 30_000, groupMembership }: ConsumerCloseOptions = {}): Promise<void> {
    this.#closed ??= this.#core.close(timeoutMs, groupMembership)
    return this.#closed
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #reset(partitions: readonly TopicPartition[] | undefined, to: 'earliest' | 'latest'): void {
    for (const state of this.#core.assignment.select(partitions)) {
      state.reset(to)
      this.#core.moved(state)
    }
  }

  async #logEnds(
    partitions: readonly TopicPartition[],
    target: 'earliest' | 'latest',
    options: CallOptions,
  ): Promise<TopicPartitionOffset[]> {
    checkPartitions(partitions)
    const found = await this.#listOffsets(
      partitions.map(({ topic, partition }) => ({ topic, partition, target })),
      options,
    )
    return partitions.map(({ topic, partition }) => {
      const listed = found.get(partitionKey(topic, partition))
      if (listed !== undefined) return { topic, partition, offset: listed.offset }
      throw new KafkaError(
        'KAFKA_PROTOCOL',
        `the broker named no ${target} offset of ${partitionKey(topic, partition)}`,
      )
    })
  }

  async #listOffsets(queries: readonly OffsetQuery[], options: CallOptions): Promise<Map<string, ListedOffset>> {
    const { cluster, settings, retryBackoff: backoff } = this.#core
    this.#core.throwIfClosed()
    const { isolationLevel } = settings
    return listOffsets(cluster, queries, { ...this.#wait(options), backoff, isolationLevel })
  }

  #wait({ timeoutMs = this.#core.settings.defaultApiTimeoutMs, signal }: CallOptions): Wait {
    return { timeoutMs, signal }
  }
}

function needsGroup(call: string): ConfigError {
  return new ConfigError('groupId', `${call} needs a group: make the consumer with a groupId`)
}

function checkTimestamp(timestamp: unknown): void {
  if (Number.isSafeInteger(timestamp) && (timestamp as number) >= 0) return
  throw new ConfigError('timestamp', `timestamp must be milliseconds since 1970, not ${inspect(timestamp)}`)
}

function checkPartitions(partitions: unknown): asserts partitions is readonly TopicPartition[] {
  if (!Array.isArray(partitions))
    throw new ConfigError('partitions', `partitions must be a list, not ${inspect(partitions)}`)
  for (const item of partitions as Partial<TopicPartition>[]) {
    const { topic, partition } = item ?? {}
    if (typeof topic !== 'string' || topic === '' || !Number.isInteger(partition) || partition! < 0) {
      throw new ConfigError('partitions', `a partition must be { topic, partition }, not ${inspect(item)}`)
    }
  }
}
