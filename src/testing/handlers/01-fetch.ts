import { ERROR } from '../../protocol/error-codes.ts'
import { fetchApi, type FetchRequest, type FetchResponse } from '../../protocol/messages/01-fetch.ts'
import type { Handler, RequestContext } from '../handler.ts'
import type { FetchContext, FetchPosition } from '../state/fetch-sessions.ts'
import type { Partition } from '../state/partition.ts'
import type { AbortedTransaction } from '../state/partition-transactions.ts'
import { endpointsOf } from './endpoints.ts'

type PartitionData = FetchResponse['responses'][number]['partitions'][number]

/** First version with topic ids instead of names (KIP-516). */
const FIRST_VERSION_WITH_IDS = 13
/** First version in which a replica that does not lead may be asked (KIP-392). */
const FIRST_VERSION_WITH_FOLLOWERS = 11
/** First version that tells who leads instead (KIP-951). */
const FIRST_VERSION_WITH_LEADER = 16
/** Most bytes of records in one response, whatever the client allows (fetch.max.bytes). */
const MAX_BYTES = 55 * 1024 * 1024

const READ_COMMITTED = 1

/** Errors that are about the fetch session and not about any partition. */
const SESSION_ERRORS: ReadonlySet<number> = new Set([
  ERROR.FETCH_SESSION_ID_NOT_FOUND,
  ERROR.INVALID_FETCH_SESSION_EPOCH,
  ERROR.FETCH_SESSION_TOPIC_ID_ERROR,
])

const NO_RECORDS = new Uint8Array(0)

/** What a fetch is after, once its session and its limits are taken into account. */
interface FetchPlan {
  readonly positions: readonly FetchPosition[]
  readonly minBytes: number
  readonly maxBytes: number
  readonly isReadCommitted: boolean
  readonly context: RequestContext
}

/** One partition of a response. */
interface PartitionRead {
  readonly position: FetchPosition
  readonly partition: Partition | undefined
  readonly data: PartitionData
}

export const fetchHandler: Handler<FetchRequest, FetchResponse> = {
  api: fetchApi,

  async handle(request, context) {
    const session = openSession(request, context)
    if (session.errorCode !== ERROR.NONE) return { errorCode: session.errorCode }
    const maxBytes = Math.min(request.maxBytes, MAX_BYTES)
    const plan: FetchPlan = {
      positions: session.positions,
      minBytes: Math.min(request.minBytes, maxBytes),
      maxBytes,
      isReadCommitted: request.isolationLevel === READ_COMMITTED,
      context,
    }
    let reads = readAll(plan)
    if (!isComplete(reads, plan.minBytes) && request.maxWaitMs > 0) {
      await waitForBytes(plan, reads, request.maxWaitMs)
      reads = readAll(plan)
    }
    const leaders = new Set(reads.map(({ data }) => data.currentLeader.leaderId).filter((id) => id >= 0))
    return {
      sessionId: session.sessionId,
      responses: groupByTopic(reads, session),
      nodeEndpoints: endpointsOf(context.cluster, leaders),
    }
  },

  // Errors of the session are told once for all, others for each partition that the session is about.
  fail(request, errorCode, context) {
    const session = openSession(request, context)
    if (session.errorCode !== ERROR.NONE) return { errorCode: session.errorCode }
    if (SESSION_ERRORS.has(errorCode)) return { errorCode }
    const reads = session.positions.map((position) => ({
      position,
      partition: undefined,
      data: failedPartition(position.partition, errorCode),
    }))
    return { sessionId: session.sessionId, responses: groupByTopic(reads, session) }
  },
}

function openSession(request: FetchRequest, { node, apiVersion }: RequestContext): FetchContext {
  return node.fetchSessions.open({
    sessionId: request.sessionId,
    sessionEpoch: request.sessionEpoch,
    positions: request.topics.flatMap(toPositions),
    forgotten: request.forgottenTopicsData.flatMap(({ topic, topicId, partitions }) =>
      partitions.map((partition) => ({ topicName: topic, topicId, partition })),
    ),
    usesTopicIds: apiVersion >= FIRST_VERSION_WITH_IDS,
  })
}

function toPositions({ topic, topicId, partitions }: FetchRequest['topics'][number]): FetchPosition[] {
  return partitions.map((partition) => ({
    topicName: topic,
    topicId,
    partition: partition.partition,
    currentLeaderEpoch: partition.currentLeaderEpoch,
    fetchOffset: Number(partition.fetchOffset),
    lastFetchedEpoch: partition.lastFetchedEpoch,
    partitionMaxBytes: partition.partitionMaxBytes,
  }))
}

/**
 * Reads every partition, within the limits. Only the first one with records may go beyond them, by one batch (KIP-74).
 */
function readAll(plan: FetchPlan): PartitionRead[] {
  let room = plan.maxBytes
  let isFirst = true
  return plan.positions.map((position) => {
    const found = findPartition(position, plan.context)
    if (typeof found === 'number') {
      const data = { ...failedPartition(position.partition, found), abortedTransactions: [] }
      return { position, partition: undefined, data }
    }
    const data = readPartition(position, found, plan, Math.min(position.partitionMaxBytes, room), isFirst)
    const size = data.records?.length ?? 0
    if (size > 0) isFirst = false
    room = Math.max(0, room - size)
    return { position, partition: found, data }
  })
}

/** The partition that is asked for, or the error code for one that nobody has. */
function findPartition(position: FetchPosition, { cluster, apiVersion }: RequestContext): Partition | number {
  const usesIds = apiVersion >= FIRST_VERSION_WITH_IDS
  const topic = cluster.topics.find({ name: position.topicName, topicId: position.topicId }, usesIds)
  if (topic === undefined) return usesIds ? ERROR.UNKNOWN_TOPIC_ID : ERROR.UNKNOWN_TOPIC_OR_PARTITION
  return topic.partitions[position.partition] ?? ERROR.UNKNOWN_TOPIC_OR_PARTITION
}

function accessError({ currentLeaderEpoch }: FetchPosition, partition: Partition, context: RequestContext): number {
  return partition.accessError(context.node.id, currentLeaderEpoch, context.apiVersion >= FIRST_VERSION_WITH_FOLLOWERS)
}

function readPartition(
  position: FetchPosition,
  partition: Partition,
  { context, isReadCommitted }: FetchPlan,
  maxBytes: number,
  minOneBatch: boolean,
): PartitionData {
  const { log, lastStableOffset, transactions } = partition
  const errorCode = accessError(position, partition, context)
  if (errorCode !== ERROR.NONE) return withLeader(failedPartition(position.partition, errorCode), partition, context)
  const { fetchOffset, lastFetchedEpoch } = position
  const epochEnd = lastFetchedEpoch >= 0 ? log.endOfEpoch(lastFetchedEpoch) : undefined
  const isUnknownEpoch = lastFetchedEpoch >= 0 && epochEnd === undefined
  const isDiverging = epochEnd !== undefined && (epochEnd.epoch < lastFetchedEpoch || epochEnd.endOffset < fetchOffset)
  // A client whose log has diverged is told so, even where it asks beyond the end.
  if (isUnknownEpoch || fetchOffset < log.startOffset || (fetchOffset > log.endOffset && !isDiverging)) {
    return failedPartition(position.partition, ERROR.OFFSET_OUT_OF_RANGE)
  }
  return {
    ...failedPartition(position.partition, ERROR.NONE),
    highWatermark: BigInt(log.endOffset),
    lastStableOffset: BigInt(lastStableOffset),
    logStartOffset: BigInt(log.startOffset),
    abortedTransactions: isReadCommitted ? transactions.abortedFrom(fetchOffset).map(toAborted) : null,
    ...(isDiverging ? { divergingEpoch: { epoch: epochEnd.epoch, endOffset: BigInt(epochEnd.endOffset) } } : {}),
    records: isDiverging
      ? NO_RECORDS
      : log.read(fetchOffset, maxBytes, minOneBatch, isReadCommitted ? lastStableOffset : log.endOffset),
  }
}

function toAborted({ producerId, firstOffset }: AbortedTransaction): { producerId: bigint; firstOffset: bigint } {
  return { producerId, firstOffset: BigInt(firstOffset) }
}

/** A partition without data. Records are empty and never null, which librdkafka does not take (KAFKA-18646). */
function failedPartition(partitionIndex: number, errorCode: number): PartitionData {
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1n,
    lastStableOffset: -1n,
    logStartOffset: -1n,
    divergingEpoch: { epoch: -1, endOffset: -1n },
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
    snapshotId: { endOffset: -1n, epoch: -1 },
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: NO_RECORDS,
  }
}

function withLeader(data: PartitionData, partition: Partition, { apiVersion }: RequestContext): PartitionData {
  const isMoved = data.errorCode === ERROR.NOT_LEADER_OR_FOLLOWER || data.errorCode === ERROR.FENCED_LEADER_EPOCH
  if (!isMoved || apiVersion < FIRST_VERSION_WITH_LEADER) return data
  return { ...data, currentLeader: { leaderId: partition.leaderId, leaderEpoch: partition.leaderEpoch } }
}

/**
 * Whether there is nothing to wait for: enough bytes, or an error from a partition that exists (Java:
 * ReplicaManager.fetchMessages).
 */
function isComplete(reads: readonly PartitionRead[], minBytes: number): boolean {
  const known = reads.filter(({ partition }) => partition !== undefined)
  if (known.length === 0) return true
  const bytes = known.reduce((sum, { data }) => sum + (data.records?.length ?? 0), 0)
  return bytes >= minBytes || known.some(({ data }) => data.errorCode !== ERROR.NONE || data.divergingEpoch.epoch >= 0)
}

/** Waits until enough bytes are there, a partition has an error, or time is up (Java: DelayedFetch). */
function waitForBytes(plan: FetchPlan, reads: readonly PartitionRead[], maxWaitMs: number): Promise<void> {
  const { signal } = plan.context
  return new Promise((resolve) => {
    const check = (): void => {
      if (hasEnough(plan, reads)) finish()
    }
    const unsubscribes = reads.map(({ partition }) => partition?.onChange(check))
    const timer = setTimeout(finish, maxWaitMs)
    signal.addEventListener('abort', finish)
    if (signal.aborted) finish()

    function finish(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      for (const unsubscribe of unsubscribes) unsubscribe?.()
      resolve()
    }
  })
}

/** Whether a wait is over. Partitions that did not exist when it began are left out of account. */
function hasEnough({ context, minBytes, isReadCommitted }: FetchPlan, reads: readonly PartitionRead[]): boolean {
  let bytes = 0
  for (const { position, partition } of reads) {
    if (partition === undefined) continue
    if (accessError(position, partition, context) !== ERROR.NONE) return true
    if (position.fetchOffset < partition.log.startOffset) return true
    const { log, lastStableOffset } = partition
    const end = isReadCommitted ? lastStableOffset : log.endOffset
    bytes += Math.min(log.bytesFrom(position.fetchOffset, end), position.partitionMaxBytes)
  }
  return bytes >= minBytes
}

/** The partitions that the client has to be told of, by topic. */
function groupByTopic(reads: readonly PartitionRead[], session: FetchContext): FetchResponse['responses'] {
  const topics = new Map<string, FetchResponse['responses'][number]>()
  for (const { position, data } of reads) {
    const isNews = session.includes(position, {
      errorCode: data.errorCode,
      highWatermark: data.highWatermark,
      logStartOffset: data.logStartOffset,
      recordsSize: data.records?.length ?? 0,
      isDiverging: data.divergingEpoch.epoch >= 0,
    })
    if (!isNews) continue
    const key = `${position.topicId}:${position.topicName}`
    const topic = topics.get(key)
    if (topic !== undefined) topic.partitions.push(data)
    else topics.set(key, { topic: position.topicName, topicId: position.topicId, partitions: [data] })
  }
  return [...topics.values()]
}
