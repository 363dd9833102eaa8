import { ZERO_UUID } from '../../protocol/bytes/uuid.ts'
import { ERROR } from '../../protocol/error-codes.ts'
import { metadataApi, type MetadataRequest, type MetadataResponse } from '../../protocol/messages/03-metadata.ts'
import type { Handler, RequestContext } from '../handler.ts'
import type { ClusterState } from '../state/cluster-state.ts'
import type { Partition } from '../state/partition.ts'
import { topicNameFault } from '../state/topic-names.ts'
import { isFault, type Topic } from '../state/topics.ts'

type MetadataTopic = MetadataResponse['topics'][number]
type MetadataPartition = MetadataTopic['partitions'][number]

/** First version that looks topics up by id. */
const FIRST_VERSION_WITH_IDS = 12

/** What the client did not ask for. */
const NOT_ASKED = -2147483648
/** READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS and ALTER_CONFIGS, as nobody is denied anything. */
const ALL_TOPIC_OPERATIONS = 3576
/** CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS and IDEMPOTENT_WRITE. */
const ALL_CLUSTER_OPERATIONS = 8096

export const metadataHandler: Handler<MetadataRequest, MetadataResponse> = {
  api: metadataApi,

  handle(request, context) {
    const { cluster, apiVersion } = context
    const requested = request.topics ?? []
    if (apiVersion < FIRST_VERSION_WITH_IDS) {
      const isById = requested.some(({ name, topicId }) => name === null || topicId !== ZERO_UUID)
      if (isById) return metadataHandler.fail(request, ERROR.INVALID_REQUEST, context)
    } else if (requested.every(({ topicId }) => topicId === ZERO_UUID) && requested.some(({ name }) => name === null)) {
      // A topic that is not named at all is more than Kafka is prepared for.
      return metadataHandler.fail(request, ERROR.UNKNOWN_SERVER_ERROR, context)
    }
    return {
      ...describeCluster(cluster),
      topics: findTopics(request, context),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? ALL_CLUSTER_OPERATIONS : NOT_ASKED,
    }
  },

  // There is nothing about the cluster in it (Java: MetadataRequest.getErrorResponse).
  fail({ topics }, errorCode) {
    const failed = (topics ?? []).map(({ name, topicId }) => withoutPartitions(name ?? '', errorCode, topicId))
    return { topics: failed, errorCode }
  },
}

function describeCluster(cluster: ClusterState): Pick<MetadataResponse, 'brokers' | 'clusterId' | 'controllerId'> {
  const brokers = cluster.liveNodes().map(({ id, host, port }) => ({ nodeId: id, host, port, rack: null }))
  return { brokers, clusterId: cluster.clusterId, controllerId: cluster.controllerId }
}

function findTopics(request: MetadataRequest, context: RequestContext): MetadataTopic[] {
  const { topics, allowAutoTopicCreation } = request
  const { cluster, apiVersion } = context
  const operations = request.includeTopicAuthorizedOperations ? ALL_TOPIC_OPERATIONS : NOT_ASKED
  // Version 0 has no null: an empty list asks for all there.
  if (topics === null || (apiVersion === 0 && topics.length === 0)) {
    return cluster.topics.all().map((topic) => describeTopic(topic, operations))
  }
  const ids = new Set(topics.map(({ topicId }) => topicId).filter((id) => id !== ZERO_UUID))
  // With ids in the request, names in it count for nothing.
  if (ids.size > 0) {
    return Array.from(ids, (id) => {
      const topic = cluster.topics.byId(id)
      if (topic === undefined) return withoutPartitions(null, ERROR.UNKNOWN_TOPIC_ID, id)
      return describeTopic(topic, operations)
    })
  }
  const mayCreate = allowAutoTopicCreation && cluster.settings.autoCreateTopics
  const names = new Set(topics.map(({ name }) => name ?? ''))
  return Array.from(names, (name) => {
    const topic = cluster.topics.get(name)
    return topic === undefined ? describeMissing(name, mayCreate, cluster) : describeTopic(topic, operations)
  })
}

/**
 * A topic that does not exist. When it is created for this request, the answer is still that it is unknown: as in
 * Kafka, whose controller takes its time, the client finds it when it asks again.
 */
function describeMissing(name: string, mayCreate: boolean, cluster: ClusterState): MetadataTopic {
  if (topicNameFault(name) !== undefined) return withoutPartitions(name, ERROR.INVALID_TOPIC_EXCEPTION)
  if (!mayCreate) return withoutPartitions(name, ERROR.UNKNOWN_TOPIC_OR_PARTITION)
  const created = cluster.topics.create({ name, partitions: -1, replicationFactor: -1, config: {} })
  return withoutPartitions(name, isFault(created) ? created.errorCode : ERROR.UNKNOWN_TOPIC_OR_PARTITION)
}

function withoutPartitions(name: string | null, errorCode: number, topicId: string = ZERO_UUID): MetadataTopic {
  return { errorCode, name, topicId, isInternal: false, partitions: [], topicAuthorizedOperations: NOT_ASKED }
}

function describeTopic({ name, id, partitions }: Topic, topicAuthorizedOperations: number): MetadataTopic {
  return {
    errorCode: ERROR.NONE,
    name,
    topicId: id,
    isInternal: false,
    partitions: partitions.map(describePartition),
    topicAuthorizedOperations,
  }
}

function describePartition({ index, leaderId, leaderEpoch, replicas, isr }: Partition): MetadataPartition {
  return {
    errorCode: leaderId < 0 ? ERROR.LEADER_NOT_AVAILABLE : ERROR.NONE,
    partitionIndex: index,
    leaderId,
    leaderEpoch,
    replicaNodes: [...replicas],
    isrNodes: [...isr],
    offlineReplicas: replicas.filter((id) => !isr.includes(id)),
  }
}
