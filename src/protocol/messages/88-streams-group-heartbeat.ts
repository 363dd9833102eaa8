import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int64, int8, message, nullable, string, struct, uint16 } from '../schema.ts'

/**
 * Joins a streams group, keeps the membership alive, reports tasks, and leaves (KIP-1071). Goes to the group's
 * coordinator, which assigns tasks, a subtopology and a partition each, rather than partitions. The first heartbeat
 * carries everything; later ones leave out (null or -1) what has not changed.
 */
export interface StreamsGroupHeartbeatRequest {
  groupId: string
  /** Made up by the member, a UUID, and kept for as long as the process lives. */
  memberId: string
  /**
   * 0 to join, -1 to leave, -2 for a static member that leaves and means to come back; else the epoch last received.
   */
  memberEpoch: number
  /** The `endpointInformationEpoch` last received: the answer tells endpoints only when it has newer ones. */
  endpointInformationEpoch: number
  /** Identity of a static member; null for a dynamic one or when unchanged. */
  instanceId: string | null
  /** Null when it has none or is unchanged. */
  rackId: string | null
  /** Milliseconds that the coordinator gives the member to let tasks go; -1 when unchanged. Default -1. */
  rebalanceTimeoutMs: number
  /** What the application is made of: sent on joining, null afterwards. */
  topology: StreamsGroupHeartbeatTopology | null
  /** Tasks that the member processes; null when unchanged. The three lists are sent together. */
  activeTasks: StreamsGroupHeartbeatTaskIds[] | null
  /** Tasks that it keeps a copy of the state of. */
  standbyTasks: StreamsGroupHeartbeatTaskIds[] | null
  /** Tasks whose state it is restoring, to take them over later. */
  warmupTasks: StreamsGroupHeartbeatTaskIds[] | null
  /** Shared by all members of one Streams instance; null when unchanged. */
  processId: string | null
  /** Where other instances can query this one's state stores; null when there is no such place or it is unchanged. */
  userEndpoint: StreamsGroupHeartbeatEndpoint | null
  /** What rack-aware assignment goes by; null when unchanged. */
  clientTags: StreamsGroupHeartbeatKeyValue[] | null
  /** How far each task has restored its changelogs, offsets added up; null when unchanged. */
  taskOffsets: StreamsGroupHeartbeatTaskOffset[] | null
  /** Where the changelogs of each task end, offsets added up; null when unchanged. */
  taskEndOffsets: StreamsGroupHeartbeatTaskOffset[] | null
  /** Whether every member of the group should shut down. */
  shutdownApplication: boolean
}

export interface StreamsGroupHeartbeatTopology {
  /** Raised by the application with each change of its topology. */
  epoch: number
  subtopologies: StreamsGroupHeartbeatSubtopology[]
}

/** A part of the topology whose nodes are connected: it is run once for each partition. */
export interface StreamsGroupHeartbeatSubtopology {
  subtopologyId: string
  sourceTopics: string[]
  /** Regular expressions for further source topics. */
  sourceTopicRegex: string[]
  /** Changelogs of the state stores; the coordinator creates them. */
  stateChangelogTopics: StreamsGroupHeartbeatTopicInfo[]
  /** Repartition topics that it writes to. */
  repartitionSinkTopics: string[]
  /** Repartition topics that it reads from; the coordinator creates them. */
  repartitionSourceTopics: StreamsGroupHeartbeatTopicInfo[]
  copartitionGroups: StreamsGroupHeartbeatCopartitionGroup[]
}

/** An internal topic that the coordinator is to create. */
export interface StreamsGroupHeartbeatTopicInfo {
  name: string
  /** 0 when the number follows from other topics; always 0 for changelogs. */
  partitions: number
  /** 0 for the broker's default. */
  replicationFactor: number
  topicConfigs: StreamsGroupHeartbeatKeyValue[]
}

export interface StreamsGroupHeartbeatKeyValue {
  key: string
  value: string
}

/** Source topics that must have equally many partitions, as positions in the lists of the subtopology. */
export interface StreamsGroupHeartbeatCopartitionGroup {
  sourceTopics: number[]
  sourceTopicRegex: number[]
  repartitionSourceTopics: number[]
}

/** Tasks of one subtopology. */
export interface StreamsGroupHeartbeatTaskIds {
  subtopologyId: string
  partitions: number[]
}

export interface StreamsGroupHeartbeatEndpoint {
  host: string
  port: number
}

export interface StreamsGroupHeartbeatTaskOffset {
  subtopologyId: string
  partition: number
  offset: bigint
}

/** The coordinator's answer: an epoch to go on with and, when they changed, the tasks. */
export interface StreamsGroupHeartbeatResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * - NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE: look the coordinator up and send again; COORDINATOR_LOAD_IN_PROGRESS:
   *   wait and send again.
   * - UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH: drop all tasks and join anew with epoch 0.
   * - STREAMS_TOPOLOGY_FENCED: the group has moved on to a newer topology. STREAMS_INVALID_TOPOLOGY,
   *   STREAMS_INVALID_TOPOLOGY_EPOCH: the one sent makes no sense.
   * - UNRELEASED_INSTANCE_ID: another member has the instance id. CLUSTER_AUTHORIZATION_FAILED: internal topics may not
   *   be created.
   * - GROUP_ID_NOT_FOUND (the group is of another type, or gone), GROUP_MAX_SIZE_REACHED, GROUP_AUTHORIZATION_FAILED,
   *   TOPIC_AUTHORIZATION_FAILED, INVALID_REQUEST: the application has to act.
   */
  errorCode: number
  errorMessage: string | null
  /** The member's own id again. */
  memberId: string
  /** Epoch for the next heartbeat, and for committing offsets. */
  memberEpoch: number
  /** Milliseconds until the next heartbeat is due. */
  heartbeatIntervalMs: number
  /** What `acceptableRecoveryLag` was in version 0. */
  acceptableRecoveryLagLegacy: number
  /** Milliseconds between reports of `taskOffsets`. */
  taskOffsetIntervalMs: number
  /** How many offsets a task may be behind and still become active; -1 when the broker does not say. */
  acceptableRecoveryLag: bigint
  /** What keeps the group from working as it should. */
  status: StreamsGroupHeartbeatStatus[] | null
  /** Null when unchanged, as are the next two. */
  activeTasks: StreamsGroupHeartbeatTaskIds[] | null
  standbyTasks: StreamsGroupHeartbeatTaskIds[] | null
  warmupTasks: StreamsGroupHeartbeatTaskIds[] | null
  /** Whether the client should send StreamsGroupTopologyDescriptionUpdate (KIP-1331). */
  topologyDescriptionRequired: boolean
  endpointInformationEpoch: number
  /**
   * Which member has what, for queries across instances; null when unchanged. An endpoint comes once for each of its
   * members.
   */
  partitionsByUserEndpoint: StreamsGroupHeartbeatEndpointPartitions[] | null
}

export interface StreamsGroupHeartbeatStatus {
  /**
   * 0 the topology is older than the group's, 1 source topics are missing, 2 topics have the wrong number of
   * partitions, 3 internal topics are missing (the coordinator is creating them), 4 a member asked all to shut down, 5
   * the assignment is being worked out, 6 client tags are missing (version 1).
   */
  statusCode: number
  /** For people to read: names the topics, for example. */
  statusDetail: string
}

export interface StreamsGroupHeartbeatEndpointPartitions {
  userEndpoint: StreamsGroupHeartbeatEndpoint
  /** Source partitions of the active tasks. */
  activePartitions: StreamsGroupHeartbeatTopicPartitions[]
  /** Source partitions of what it only keeps or restores state for. */
  standbyPartitions: StreamsGroupHeartbeatTopicPartitions[]
}

export interface StreamsGroupHeartbeatTopicPartitions {
  topic: string
  partitions: number[]
}

const keyValue = struct<StreamsGroupHeartbeatKeyValue>({ key: string, value: string })

const topicInfo = struct<StreamsGroupHeartbeatTopicInfo>({
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(keyValue),
})

const copartitionGroup = struct<StreamsGroupHeartbeatCopartitionGroup>({
  sourceTopics: array(int16),
  sourceTopicRegex: array(int16),
  repartitionSourceTopics: array(int16),
})

const subtopology = struct<StreamsGroupHeartbeatSubtopology>({
  subtopologyId: string,
  sourceTopics: array(string),
  sourceTopicRegex: array(string),
  stateChangelogTopics: array(topicInfo),
  repartitionSinkTopics: array(string),
  repartitionSourceTopics: array(topicInfo),
  copartitionGroups: array(copartitionGroup),
})

const topology = struct<StreamsGroupHeartbeatTopology>({ epoch: int32, subtopologies: array(subtopology) })

const taskIds = struct<StreamsGroupHeartbeatTaskIds>({ subtopologyId: string, partitions: array(int32) })

const taskOffset = struct<StreamsGroupHeartbeatTaskOffset>({ subtopologyId: string, partition: int32, offset: int64 })

const endpoint = struct<StreamsGroupHeartbeatEndpoint>({ host: string, port: uint16 })

const status = struct<StreamsGroupHeartbeatStatus>({ statusCode: int8, statusDetail: string })

const topicPartitions = struct<StreamsGroupHeartbeatTopicPartitions>({ topic: string, partitions: array(int32) })

const endpointPartitions = struct<StreamsGroupHeartbeatEndpointPartitions>({
  userEndpoint: endpoint,
  activePartitions: array(topicPartitions),
  standbyPartitions: array(topicPartitions),
})

export const streamsGroupHeartbeatApi: Api<StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse> = {
  name: 'StreamsGroupHeartbeat',
  key: 88,
  request: message<StreamsGroupHeartbeatRequest>({
    name: 'StreamsGroupHeartbeatRequest',
    apiKey: 88,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: {
      groupId: string,
      memberId: string,
      memberEpoch: int32,
      endpointInformationEpoch: int32,
      instanceId: nullable(string).default(null),
      rackId: nullable(string).default(null),
      rebalanceTimeoutMs: int32.default(-1),
      topology: nullable(topology).default(null),
      activeTasks: nullable(array(taskIds)).default(null),
      standbyTasks: nullable(array(taskIds)).default(null),
      warmupTasks: nullable(array(taskIds)).default(null),
      processId: nullable(string).default(null),
      userEndpoint: nullable(endpoint).default(null),
      clientTags: nullable(array(keyValue)).default(null),
      taskOffsets: nullable(array(taskOffset)).default(null),
      taskEndOffsets: nullable(array(taskOffset)).default(null),
      shutdownApplication: boolean,
    },
  }),
  response: message<StreamsGroupHeartbeatResponse>({
    name: 'StreamsGroupHeartbeatResponse',
    apiKey: 88,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
      errorMessage: nullable(string).default(null),
      memberId: string,
      memberEpoch: int32,
      heartbeatIntervalMs: int32,
      acceptableRecoveryLagLegacy: int32.until(0),
      taskOffsetIntervalMs: int32,
      acceptableRecoveryLag: int64.since(1).default(-1n).ignorable(),
      status: nullable(array(status)),
      activeTasks: nullable(array(taskIds)).default(null),
      standbyTasks: nullable(array(taskIds)).default(null),
      warmupTasks: nullable(array(taskIds)).default(null),
      topologyDescriptionRequired: boolean.since(1),
      endpointInformationEpoch: int32,
      partitionsByUserEndpoint: nullable(array(endpointPartitions)).default(null),
    },
  }),
}
