import { KafkaError, UnsupportedVersionError } from '../errors.ts'
import type { Broker } from '../network/broker.ts'
import type { Cluster } from '../network/cluster.ts'
import { isRetriable, retry, type RetryOptions } from '../network/retry.ts'
import type { Deadline, Wait } from '../network/wait.ts'
import { brokerError, ERROR } from '../protocol/error-codes.ts'
import { listOffsetsApi } from '../protocol/messages/02-list-offsets.ts'
import { toOffset } from './offset.ts'
import type { IsolationLevel } from './options.ts'
import type { LogPosition } from './partition-state.ts'
import { groupByTopic, partitionKey, type TopicPartition } from './topic-partition.ts'

/**
 * What to look for in a partition: an end of its log, the record of the highest timestamp (KIP-734), or the first record at or after a time in
 * milliseconds. With tiered storage (KIP-405, KIP-1005, KIP-1023) also the first offset that the broker itself has, the last one in remote storage, and
 * the first one that is not there yet.
 */
export type OffsetTarget =
  | 'earliest'
  | 'latest'
  | 'maxTimestamp'
  | 'earliestLocal'
  | 'latestTiered'
  | 'earliestPendingUpload'
  | number

/** What stands for a place in ListOffsets, and the first version that knows it (Java: ListOffsetsRequest). */
const SPECIAL_TARGETS: Readonly<Record<Exclude<OffsetTarget, number>, { timestamp: bigint; since: number }>> = {
  latest: { timestamp: -1n, since: 0 },
  earliest: { timestamp: -2n, since: 0 },
  maxTimestamp: { timestamp: -3n, since: 7 },
  earliestLocal: { timestamp: -4n, since: 8 },
  latestTiered: { timestamp: -5n, since: 9 },
  earliestPendingUpload: { timestamp: -6n, since: 11 },
}

/** A partition and what to look for in it. */
export interface OffsetQuery extends TopicPartition {
  readonly target: OffsetTarget
}

/** An offset that was found, and when the record there was made. */
export interface ListedOffset extends LogPosition {
  /** -1 for the ends of the log. */
  readonly timestamp: number
}

/** How to look offsets up. */
export interface ListOffsetsOptions extends Wait, Pick<RetryOptions, 'backoff'> {
  /** Under `read_committed` the latest offset is that of the first open transaction. */
  readonly isolationLevel: IsolationLevel
  /** Called for each partition as soon as its leader has answered, while others may still be asked; undefined for one that is left out of the result. */
  readonly onAnswer?: ((query: OffsetQuery, offset: ListedOffset | undefined) => void) | undefined
}

/**
 * Asks the leaders of partitions for offsets, again until all have answered or time is up. The result is by partition key;
 * partitions without a record at or after a time are left out. Throws TimeoutError, or BrokerError when a retry cannot help.
 */
export async function listOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  options: ListOffsetsOptions,
): Promise<Map<string, ListedOffset>> {
  const found = new Map<string, ListedOffset>()
  let pending = queries
  if (pending.length === 0) return found
  const names = [...groupByTopic(pending).keys()]
  await retry(
    `offsets of ${names.join(', ')}`,
    options,
    async (deadline) => {
      const { remainingMs: timeoutMs, signal } = deadline
      await cluster.topics(names, { timeoutMs, signal })
      const { byLeader, leaderless } = groupByLeader(cluster, pending)
      const attempts = await Promise.allSettled(
        Array.from(byLeader, ([broker, mine]) => ask(cluster, broker, mine, deadline, options, found)),
      )
      pending = leaderless
      const failures: unknown[] = leaderless.map(({ topic, partition }) =>
        brokerError(ERROR.LEADER_NOT_AVAILABLE, { api: 'ListOffsets', topic, partition }),
      )
      for (const [index, attempt] of attempts.entries()) {
        if (attempt.status === 'fulfilled') {
          pending = [...pending, ...attempt.value.map(({ query }) => query)]
          failures.push(...attempt.value.map(({ error }) => error))
        } else {
          pending = [...pending, ...[...byLeader.values()][index]!]
          failures.push(attempt.reason)
        }
      }
      if (failures.length === 0) return
      cluster.markStale()
      throw failures.find((failure) => !isRetriable(failure)) ?? failures[0]
    },
    options.backoff === undefined ? {} : { backoff: options.backoff },
  )
  return found
}

/** The leader epoch that metadata names; -1 when it names none. */
export function leaderEpochOf(cluster: Cluster, topic: string, partition: number): number {
  return cluster.topic(topic)?.partitions[partition]?.leaderEpoch ?? -1
}

function groupByLeader(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
): { byLeader: Map<Broker, OffsetQuery[]>; leaderless: OffsetQuery[] } {
  const byLeader = new Map<Broker, OffsetQuery[]>()
  const leaderless: OffsetQuery[] = []
  for (const query of queries) {
    const leader = cluster.leader(query.topic, query.partition)
    const known = leader === undefined ? leaderless : byLeader.get(leader)
    if (known === undefined) byLeader.set(leader!, [query])
    else known.push(query)
  }
  return { byLeader, leaderless }
}

interface FailedQuery {
  readonly query: OffsetQuery
  readonly error: unknown
}

/** One request to one leader. Puts what it learns into `found` and returns what failed. */
async function ask(
  cluster: Cluster,
  broker: Broker,
  queries: readonly OffsetQuery[],
  deadline: Deadline,
  { isolationLevel, onAnswer }: ListOffsetsOptions,
  found: Map<string, ListedOffset>,
): Promise<FailedQuery[]> {
  const topics = Array.from(groupByTopic(queries), ([name, partitions]) => ({
    name,
    partitions: partitions.map(({ partition, target }) => ({
      partitionIndex: partition,
      currentLeaderEpoch: leaderEpochOf(cluster, name, partition),
      timestamp: timestampOf(target),
    })),
  }))
  // Nobody waits for the answer after the deadline, so the request is not told of it: signals complain of many listeners.
  const response = await broker.request('general', listOffsetsApi, (version) => {
    for (const { target } of queries) checkVersion(target, version)
    return {
      replicaId: -1,
      topics,
      timeoutMs: Math.ceil(Math.min(deadline.remainingMs, 0x7fffffff)),
      // Version 1 has no field for it, and no transactions either.
      isolationLevel: version < 2 ? undefined : isolationLevel === 'read_committed' ? 1 : 0,
    }
  })
  const missing = new Map(queries.map((query) => [partitionKey(query.topic, query.partition), query]))
  const failed: FailedQuery[] = []
  for (const { name, partitions } of response.topics) {
    for (const { partitionIndex, errorCode, offset, timestamp, leaderEpoch } of partitions) {
      const key = partitionKey(name, partitionIndex)
      const query = missing.get(key)
      if (query === undefined) continue
      missing.delete(key)
      if (errorCode !== ERROR.NONE) {
        const error = brokerError(errorCode, { api: 'ListOffsets', topic: name, partition: partitionIndex })
        failed.push({ query, error })
        continue
      }
      const isFound = offset >= 0n
      const listed = isFound
        ? { offset: toOffset(offset), epoch: leaderEpoch, timestamp: Number(timestamp) }
        : undefined
      if (listed !== undefined) found.set(key, listed)
      onAnswer?.(query, listed)
    }
  }
  for (const query of missing.values()) {
    const error = new KafkaError(
      'KAFKA_PROTOCOL',
      `ListOffsets left ${partitionKey(query.topic, query.partition)} out`,
      {
        retriable: true,
      },
    )
    failed.push({ query, error })
  }
  return failed
}

function timestampOf(target: OffsetTarget): bigint {
  return typeof target === 'number' ? BigInt(target) : SPECIAL_TARGETS[target].timestamp
}

function checkVersion(target: OffsetTarget, version: number): void {
  if (typeof target === 'number' || version >= SPECIAL_TARGETS[target].since) return
  const { since } = SPECIAL_TARGETS[target]
  const { name: api, request } = listOffsetsApi
  throw new UnsupportedVersionError(
    `${target} offsets need version ${since} of ${api}, and the broker has ${version}`,
    {
      api,
      client: request.versions,
      broker: { min: request.versions.min, max: version },
    },
  )
}
