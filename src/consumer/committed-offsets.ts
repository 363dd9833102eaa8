import { BrokerError } from '../errors.ts'
import type { Cluster } from '../network/cluster.ts'
import { isRetriable, retry, type RetryOptions } from '../network/retry.ts'
import type { Wait } from '../network/wait.ts'
import { ZERO_UUID } from '../protocol/bytes/uuid.ts'
import { brokerError, ERROR, type ErrorName } from '../protocol/error-codes.ts'
import { offsetCommitApi } from '../protocol/messages/08-offset-commit.ts'
import { offsetFetchApi, type OffsetFetchPartition } from '../protocol/messages/09-offset-fetch.ts'
import type { GroupCoordinator } from './coordinator.ts'
import { toOffset } from './offset.ts'
import { groupByTopic, partitionKey, type TopicPartition, type TopicPartitionOffset } from './topic-partition.ts'

/** An offset to commit: that of the next record to read. */
export interface OffsetToCommit extends TopicPartitionOffset {
  /** Leader epoch of the record before it, so that a truncated log is noticed (KIP-320). */
  readonly leaderEpoch?: number | undefined
  /** A note to find with the offset. */
  readonly metadata?: string | undefined
}

/** An offset that a group committed. */
export interface CommittedOffset extends TopicPartitionOffset {
  /** -1 when it is not known. */
  readonly leaderEpoch: number
  readonly metadata: string
}

/** In whose name offsets are committed: a member of a generation, or nobody in particular. */
export interface CommitIdentity {
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

/** For a consumer that assigned its partitions itself. */
export const STANDALONE: CommitIdentity = { generationId: -1, memberId: '', groupInstanceId: null }

/** How to ask for or set committed offsets. */
export interface CommitOptions extends Wait, Pick<RetryOptions, 'backoff'> {
  /** Throws once the offsets are not to be sent any more: looked at before each attempt. */
  readonly guard?: () => void
  /** Whether to send offsets of a topic again that the coordinator does not know. Default true: it may be new. */
  readonly awaitsTopics?: boolean | undefined
}

/** How to ask for committed offsets. */
export interface FetchOptions extends CommitOptions {
  /** The KIP-848 member that asks, if one does, as of the present: a coordinator that is ahead of it says so (STALE_MEMBER_EPOCH). */
  readonly member?: () => CommitIdentity | undefined
}

const UNKNOWN_TOPIC: ReadonlySet<string> = new Set<ErrorName>(['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID'])

/** First version of OffsetFetch that names the member (KIP-848). */
const MEMBER_SINCE = 9
/** Errors that pass once the member has heard from its group. */
const BEHIND: ReadonlySet<string> = new Set<ErrorName>(['STALE_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'])

/** First version without topic names (KIP-848). */
const IDS_SINCE = 10

/**
 * Commits offsets, again until the coordinator took them all or time is up. Throws TimeoutError, or BrokerError when a retry
 * cannot help, such as ILLEGAL_GENERATION and UNKNOWN_MEMBER_ID after a rebalance.
 */
export async function commitOffsets(
  cluster: Cluster,
  coordinator: GroupCoordinator,
  identity: CommitIdentity,
  offsets: readonly OffsetToCommit[],
  options: CommitOptions,
): Promise<void> {
  if (offsets.length === 0) return
  const { groupId } = coordinator
  const byTopic = groupByTopic(offsets)
  await retry(
    `the offset commit of group ${groupId}`,
    options,
    async (deadline) => {
      options.guard?.()
      const ids = topicIds(cluster, byTopic.keys())
      const response = await coordinator.request(
        'general',
        offsetCommitApi,
        (version) => ({
          groupId,
          generationIdOrMemberEpoch: identity.generationId,
          memberId: identity.memberId,
          groupInstanceId: identity.groupInstanceId,
          topics: Array.from(byTopic, ([name, partitions]) => ({
            ...(version >= IDS_SINCE ? { topicId: ids!.get(name)! } : { name }),
            partitions: partitions.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
              partitionIndex: partition,
              committedOffset: BigInt(offset),
              committedLeaderEpoch: leaderEpoch,
              committedMetadata: metadata,
            })),
          })),
        }),
        deadline,
        ids === undefined ? { maxVersion: IDS_SINCE - 1 } : {},
      )
      for (const { name, topicId, partitions } of response.topics) {
        const topic = nameOf(name, topicId, ids)
        for (const { partitionIndex: partition, errorCode } of partitions) {
          if (errorCode === ERROR.UNKNOWN_TOPIC_ID) cluster.markStale()
          coordinator.check('OffsetCommit', errorCode, { topic, partition })
        }
      }
    },
    {
      ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
      shouldRetry: (error) => isRetriable(error) && (options.awaitsTopics !== false || !isUnknownTopic(error)),
    },
  )
}

/**
 * The offsets that the group committed for partitions; those without one are left out. Waits for transactions that are about to
 * commit offsets (KIP-447). Throws TimeoutError, or BrokerError when a retry cannot help.
 */
export async function fetchCommittedOffsets(
  cluster: Cluster,
  coordinator: GroupCoordinator,
  partitions: readonly TopicPartition[],
  options: FetchOptions,
): Promise<Map<string, CommittedOffset>> {
  const found = new Map<string, CommittedOffset>()
  if (partitions.length === 0) return found
  const { groupId } = coordinator
  const byTopic = Array.from(groupByTopic(partitions), ([name, ofTopic]) => ({
    name,
    partitionIndexes: ofTopic.map(({ partition }) => partition),
  }))
  await retry(
    `the committed offsets of group ${groupId}`,
    options,
    async (deadline) => {
      options.guard?.()
      const ids = topicIds(
        cluster,
        byTopic.map(({ name }) => name),
      )
      const response = await coordinator.request(
        'general',
        offsetFetchApi,
        (version) => {
          const stable = version >= 7 ? { requireStable: true } : {}
          if (version < 8) return { groupId, topics: byTopic, ...stable }
          const topics = byTopic.map(({ name, partitionIndexes }) =>
            version >= IDS_SINCE ? { topicId: ids!.get(name)!, partitionIndexes } : { name, partitionIndexes },
          )
          const member = version < MEMBER_SINCE ? undefined : options.member?.()
          const asker = member === undefined ? {} : { memberId: member.memberId, memberEpoch: member.generationId }
          return { groups: [{ groupId, ...asker, topics }], ...stable }
        },
        deadline,
        ids === undefined ? { maxVersion: IDS_SINCE - 1 } : {},
      )
      const [group] = response.groups
      coordinator.check('OffsetFetch', response.errorCode)
      coordinator.check('OffsetFetch', group?.errorCode ?? ERROR.NONE)
      const topics: readonly { name: string; topicId?: string; partitions: OffsetFetchPartition[] }[] =
        group?.topics ?? response.topics
      for (const { name, topicId, partitions: answers } of topics) {
        const topic = nameOf(name, topicId, ids)
        for (const answer of answers) {
          const { partitionIndex: partition, errorCode, committedOffset } = answer
          if (errorCode === ERROR.UNKNOWN_TOPIC_ID) cluster.markStale()
          if (errorCode !== ERROR.NONE) throw brokerError(errorCode, { api: 'OffsetFetch', topic, partition })
          if (committedOffset < 0n) continue
          found.set(partitionKey(topic, partition), {
            topic,
            partition,
            offset: toOffset(committedOffset),
            leaderEpoch: answer.committedLeaderEpoch,
            metadata: answer.metadata ?? '',
          })
        }
      }
    },
    {
      ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
      shouldRetry: (error) =>
        isRetriable(error) ||
        (options.member !== undefined && error instanceof BrokerError && BEHIND.has(error.errorName)),
    },
  )
  return found
}

/** Topic ids by name; undefined unless all are known, when a version with names must do. */
function topicIds(cluster: Cluster, names: Iterable<string>): Map<string, string> | undefined {
  const ids = new Map<string, string>()
  for (const name of names) {
    const id = cluster.topic(name)?.topicId
    if (id === undefined || id === ZERO_UUID) return undefined
    ids.set(name, id)
  }
  return ids
}

function nameOf(name: string, topicId: string | undefined, ids: Map<string, string> | undefined): string {
  if (name !== '' || ids === undefined) return name
  for (const [known, id] of ids) if (id === topicId) return known
  return topicId ?? name
}

function isUnknownTopic(error: unknown): boolean {
  return error instanceof BrokerError && UNKNOWN_TOPIC.has(error.errorName)
}
