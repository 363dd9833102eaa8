import { ZERO_UUID } from '../../protocol/bytes/uuid.ts'
import { ERROR } from '../../protocol/error-codes.ts'
import {
  offsetFetchApi,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
} from '../../protocol/messages/09-offset-fetch.ts'
import type { Handler, RequestContext } from '../handler.ts'
import type { CommittedOffset } from '../state/committed-offsets.ts'
import { coordinatorError } from './coordinator-error.ts'

type GroupRequest = OffsetFetchRequest['groups'][number]
type TopicRequest = NonNullable<GroupRequest['topics']>[number]
type GroupResponse = OffsetFetchResponse['groups'][number]
type TopicResponse = GroupResponse['topics'][number]
type PartitionResponse = TopicResponse['partitions'][number]

/** First version that asks about several groups (KIP-709). */
const FIRST_VERSION_WITH_GROUPS = 8
/** First version with topic ids instead of names (KIP-848). */
const FIRST_VERSION_WITH_IDS = 10

export const offsetFetchHandler: Handler<OffsetFetchRequest, OffsetFetchResponse> = {
  api: offsetFetchApi,

  handle(request, context) {
    if (context.apiVersion >= FIRST_VERSION_WITH_GROUPS) {
      return { groups: request.groups.map((group) => fetchGroup(group, request.requireStable, context)) }
    }
    const single = fetchGroup(singleGroup(request), request.requireStable, context)
    if (single.errorCode !== ERROR.NONE) return offsetFetchHandler.fail(request, single.errorCode, context)
    return { topics: single.topics.map(({ name, partitions }) => ({ name, partitions })) }
  },

  fail(request, errorCode, { apiVersion }) {
    if (apiVersion >= FIRST_VERSION_WITH_GROUPS) {
      return { groups: request.groups.map(({ groupId }) => ({ groupId, topics: [], errorCode })) }
    }
    // Version 1 has no error for the whole, so that every partition has to carry it.
    const topics = (apiVersion < 2 ? (request.topics ?? []) : []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partition) => describe(partition, undefined, errorCode)),
    }))
    return { errorCode, topics }
  },
}

function singleGroup({ groupId, topics }: OffsetFetchRequest): GroupRequest {
  const withIds = topics?.map(({ name, partitionIndexes }) => ({ name, topicId: ZERO_UUID, partitionIndexes })) ?? null
  return { groupId, memberId: null, memberEpoch: -1, topics: withIds }
}

function fetchGroup(request: GroupRequest, isStable: boolean, context: RequestContext): GroupResponse {
  const { groupId, memberId, memberEpoch, topics } = request
  const errorCode =
    coordinatorError(groupId, context) || context.cluster.groups.fetchError(groupId, memberId, memberEpoch)
  if (errorCode !== ERROR.NONE) return { groupId, topics: [], errorCode }
  const found =
    topics === null ? fetchAll(groupId, context) : topics.map((topic) => fetchTopic(groupId, topic, context))
  if (isStable) for (const { name, partitions } of found) holdBack(name, partitions, groupId, context)
  return { groupId, topics: found, errorCode }
}

/** Instead of an offset that a transaction may be about to replace there is an error (KIP-447). */
function holdBack(topic: string, partitions: PartitionResponse[], groupId: string, { cluster }: RequestContext): void {
  const transactional = cluster.offsets.transactional(groupId)
  for (const [at, { partitionIndex }] of partitions.entries()) {
    if (!transactional.isPending(topic, partitionIndex)) continue
    partitions[at] = describe(partitionIndex, undefined, ERROR.UNSTABLE_OFFSET_COMMIT)
  }
}

function fetchAll(groupId: string, { cluster }: RequestContext): TopicResponse[] {
  const offsets = cluster.offsets.all(groupId)
  return [...new Set(offsets.map(({ topic }) => topic))].map((name) => ({
    name,
    topicId: cluster.topics.get(name)?.id ?? ZERO_UUID,
    partitions: offsets
      .filter(({ topic }) => topic === name)
      .map((committed) => describe(committed.partition, committed)),
  }))
}

/** Topics are not checked when they are named; an id has to exist. */
function fetchTopic(groupId: string, request: TopicRequest, { cluster, apiVersion }: RequestContext): TopicResponse {
  const { topicId, partitionIndexes } = request
  const usesIds = apiVersion >= FIRST_VERSION_WITH_IDS
  const name = usesIds ? cluster.topics.byId(topicId)?.name : request.name
  const partitions = partitionIndexes.map((partition) =>
    name === undefined
      ? describe(partition, undefined, ERROR.UNKNOWN_TOPIC_ID)
      : describe(partition, cluster.offsets.get(groupId, name, partition)),
  )
  return { name: name ?? '', topicId, partitions }
}

/** Where nothing was committed, the offset is -1. */
function describe(
  partitionIndex: number,
  committed: CommittedOffset | undefined,
  errorCode: number = ERROR.NONE,
): PartitionResponse {
  return {
    partitionIndex,
    committedOffset: BigInt(committed?.offset ?? -1),
    committedLeaderEpoch: committed?.leaderEpoch ?? -1,
    metadata: committed?.metadata ?? '',
    errorCode,
  }
}
