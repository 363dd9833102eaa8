import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int64, int8, message, nullable, string, struct, uint16 } from '../schema.ts'

/** Asks a group coordinator for the state, topology and members of streams groups (KIP-1071). */
export interface StreamsGroupDescribeRequest {
  groupIds: string[]
  /** Whether to fill `authorizedOperations`. */
  includeAuthorizedOperations: boolean
  /** Whether to fill `topologyDescription` (KIP-1331). */
  includeTopologyDescription: boolean
}

/** One description for each group asked for. */
export interface StreamsGroupDescribeResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  groups: StreamsGroupDescription[]
}

export interface StreamsGroupDescription {
  /**
   * NOT_COORDINATOR and COORDINATOR_NOT_AVAILABLE: look the coordinator up again; COORDINATOR_LOAD_IN_PROGRESS: wait;
   * GROUP_ID_NOT_FOUND: no such group, or of another type; INVALID_GROUP_ID, INVALID_REQUEST,
   * GROUP_AUTHORIZATION_FAILED, and TOPIC_AUTHORIZATION_FAILED when the topology has a topic that the client may not
   * describe.
   */
  errorCode: number
  errorMessage: string | null
  groupId: string
  /** `Empty`, `NotReady`, `Assigning`, `Reconciling`, `Stable` or `Dead`; empty with an error. */
  groupState: string
  /** Rises with each change of members, topology or topics. */
  groupEpoch: number
  /**
   * The group epoch that the target assignment was worked out for. Lower than `groupEpoch` while a new one is pending.
   */
  assignmentEpoch: number
  /** Null with an error. */
  topology: StreamsGroupDescribeTopology | null
  members: StreamsGroupDescribeMember[]
  /** Bit field of the operations that the client may perform on the group; -2147483648 when it did not ask. */
  authorizedOperations: number
  /** There only when `topologyDescriptionStatus` is 3. */
  topologyDescription: StreamsGroupDescribeTopologyDescription | null
  /**
   * 0 it was not asked for, 1 the cluster holds none, 2 the broker failed to get it (its log tells why), 3 here it is.
   */
  topologyDescriptionStatus: number
  /**
   * The assignor that will be used next, which need not be the one that made the present assignment (KIP-1357); null
   * when the broker does not say.
   */
  assignorName: string | null
}

export interface StreamsGroupDescribeTopology {
  epoch: number
  /**
   * With the numbers of partitions settled and regular expressions turned into topics; null while topics are missing or
   * have the wrong number of partitions.
   */
  subtopologies: StreamsGroupDescribeSubtopology[] | null
}

export interface StreamsGroupDescribeSubtopology {
  subtopologyId: string
  sourceTopics: string[]
  /** Repartition topics that it writes to. */
  repartitionSinkTopics: string[]
  /** Changelogs of its state stores. */
  stateChangelogTopics: StreamsGroupDescribeTopicInfo[]
  /** Repartition topics that it reads from. */
  repartitionSourceTopics: StreamsGroupDescribeTopicInfo[]
}

export interface StreamsGroupDescribeTopicInfo {
  name: string
  /** 0 when the number follows from other topics. */
  partitions: number
  /** 0 for the broker's default. */
  replicationFactor: number
  topicConfigs: StreamsGroupDescribeKeyValue[]
}

export interface StreamsGroupDescribeKeyValue {
  key: string
  value: string
}

export interface StreamsGroupDescribeMember {
  memberId: string
  /** Reaches `assignmentEpoch` once the member has taken its target assignment over. */
  memberEpoch: number
  /** Null for a dynamic member. */
  instanceId: string | null
  rackId: string | null
  clientId: string
  /** Address that the member connects from. */
  clientHost: string
  /** Epoch of the topology that the member runs. */
  topologyEpoch: number
  /** Shared by all members of one Streams instance. */
  processId: string
  /** Where other instances can query its state stores; null when there is no such place. */
  userEndpoint: StreamsGroupDescribeEndpoint | null
  clientTags: StreamsGroupDescribeKeyValue[]
  /** How far each task has restored its changelogs, offsets added up. */
  taskOffsets: StreamsGroupDescribeTaskOffset[]
  /** Where the changelogs of each task end, offsets added up. */
  taskEndOffsets: StreamsGroupDescribeTaskOffset[]
  /** What the member has. */
  assignment: StreamsGroupDescribeAssignment
  /** What it is to have in the end. */
  targetAssignment: StreamsGroupDescribeAssignment
  /** Whether the member still speaks the classic protocol. */
  isClassic: boolean
}

export interface StreamsGroupDescribeEndpoint {
  host: string
  port: number
}

export interface StreamsGroupDescribeTaskOffset {
  subtopologyId: string
  partition: number
  offset: bigint
}

export interface StreamsGroupDescribeAssignment {
  activeTasks: StreamsGroupDescribeTaskIds[]
  standbyTasks: StreamsGroupDescribeTaskIds[]
  warmupTasks: StreamsGroupDescribeTaskIds[]
}

/** Tasks of one subtopology. */
export interface StreamsGroupDescribeTaskIds {
  subtopologyId: string
  partitions: number[]
}

/** The graph of the application, as a member pushed it with StreamsGroupTopologyDescriptionUpdate. */
export interface StreamsGroupDescribeTopologyDescription {
  subtopologies: StreamsGroupDescribeTopologyDescriptionSubtopology[]
  globalStores: StreamsGroupDescribeTopologyDescriptionGlobalStore[]
}

export interface StreamsGroupDescribeTopologyDescriptionSubtopology {
  subtopologyId: string
  nodes: StreamsGroupDescribeTopologyDescriptionNode[]
}

export interface StreamsGroupDescribeTopologyDescriptionNode {
  name: string
  /** 1 source, 2 processor, 3 sink. */
  nodeType: number
  /** Of a source; empty when they are found at run time. */
  sourceTopics: string[]
  /** Of a sink; null when it is chosen at run time. */
  sinkTopic: string | null
  /** Of a processor: the state stores it uses. */
  stores: string[]
  /** Names of the nodes that its output goes to. */
  successors: string[]
}

/** A store that every instance fills in full. */
export interface StreamsGroupDescribeTopologyDescriptionGlobalStore {
  source: StreamsGroupDescribeTopologyDescriptionNode
  processor: StreamsGroupDescribeTopologyDescriptionNode
}

const keyValue = struct<StreamsGroupDescribeKeyValue>({ key: string, value: string })

const topicInfo = struct<StreamsGroupDescribeTopicInfo>({
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(keyValue),
})

const subtopology = struct<StreamsGroupDescribeSubtopology>({
  subtopologyId: string,
  sourceTopics: array(string),
  repartitionSinkTopics: array(string),
  stateChangelogTopics: array(topicInfo),
  repartitionSourceTopics: array(topicInfo),
})

const topology = struct<StreamsGroupDescribeTopology>({
  epoch: int32,
  subtopologies: nullable(array(subtopology)).default(null),
})

const endpoint = struct<StreamsGroupDescribeEndpoint>({ host: string, port: uint16 })

const taskOffset = struct<StreamsGroupDescribeTaskOffset>({ subtopologyId: string, partition: int32, offset: int64 })

const taskIds = struct<StreamsGroupDescribeTaskIds>({ subtopologyId: string, partitions: array(int32) })

const assignment = struct<StreamsGroupDescribeAssignment>({
  activeTasks: array(taskIds),
  standbyTasks: array(taskIds),
  warmupTasks: array(taskIds),
})

const member = struct<StreamsGroupDescribeMember>({
  memberId: string,
  memberEpoch: int32,
  instanceId: nullable(string).default(null),
  rackId: nullable(string).default(null),
  clientId: string,
  clientHost: string,
  topologyEpoch: int32,
  processId: string,
  userEndpoint: nullable(endpoint).default(null),
  clientTags: array(keyValue),
  taskOffsets: array(taskOffset),
  taskEndOffsets: array(taskOffset),
  assignment,
  targetAssignment: assignment,
  isClassic: boolean,
})

const node = struct<StreamsGroupDescribeTopologyDescriptionNode>({
  name: string,
  nodeType: int8,
  sourceTopics: array(string),
  sinkTopic: nullable(string).default(null),
  stores: array(string),
  successors: array(string),
})

const describedSubtopology = struct<StreamsGroupDescribeTopologyDescriptionSubtopology>({
  subtopologyId: string,
  nodes: array(node),
})

const globalStore = struct<StreamsGroupDescribeTopologyDescriptionGlobalStore>({ source: node, processor: node })

const topologyDescription = struct<StreamsGroupDescribeTopologyDescription>({
  subtopologies: array(describedSubtopology),
  globalStores: array(globalStore),
})

const group = struct<StreamsGroupDescription>({
  errorCode: int16,
  errorMessage: nullable(string).default(null),
  groupId: string,
  groupState: string,
  groupEpoch: int32,
  assignmentEpoch: int32,
  topology: nullable(topology).default(null),
  members: array(member),
  authorizedOperations: int32.default(-2147483648),
  topologyDescription: nullable(topologyDescription, 1).since(1).default(null),
  topologyDescriptionStatus: int8.since(1),
  assignorName: nullable(string, 1).since(1).default(null).ignorable(),
})

export const streamsGroupDescribeApi: Api<StreamsGroupDescribeRequest, StreamsGroupDescribeResponse> = {
  name: 'StreamsGroupDescribe',
  key: 89,
  request: message<StreamsGroupDescribeRequest>({
    name: 'StreamsGroupDescribeRequest',
    apiKey: 89,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: {
      groupIds: array(string),
      includeAuthorizedOperations: boolean,
      includeTopologyDescription: boolean.since(1),
    },
  }),
  response: message<StreamsGroupDescribeResponse>({
    name: 'StreamsGroupDescribeResponse',
    apiKey: 89,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: { throttleTimeMs: int32, groups: array(group) },
  }),
}
