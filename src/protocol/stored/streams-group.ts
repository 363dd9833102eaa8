import { array, int32, int64, int8, message, nullable, string, struct, uint16, type Message } from '../schema.ts'

// What __consumer_offsets holds of a streams group (KIP-1071), but for its topology.

/** The group itself. */
export interface StreamsGroupMetadataValue {
  /** Rises with each change of members, topology or topics. */
  epoch: number
  /** Changes with the partitions or racks of the topology's topics. */
  metadataHash: bigint
  /** Epoch of the topology whose topics were last found to be all there and right; -1 for none. */
  validatedTopologyEpoch: number
  /** Settings that the last assignment was made with; empty or null when unknown. */
  lastAssignmentConfigs: StreamsGroupAssignmentConfig[] | null
  /**
   * Epoch of the topology whose description the cluster holds (KIP-1331); -1 for none, -2 when a change of it was cut
   * short.
   */
  storedDescriptionTopologyEpoch: number
  /** Epoch of the topology whose description was refused for good, so that it is not asked for again; -1 for none. */
  failedDescriptionTopologyEpoch: number
}

export interface StreamsGroupAssignmentConfig {
  key: string
  value: string
}

const assignmentConfig = struct<StreamsGroupAssignmentConfig>({ key: string, value: string })

export const streamsGroupMetadataValue: Message<StreamsGroupMetadataValue> = message<StreamsGroupMetadataValue>({
  name: 'StreamsGroupMetadataValue',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: 0,
  fields: {
    epoch: int32,
    metadataHash: int64,
    validatedTopologyEpoch: int32.tagged(0).default(-1),
    lastAssignmentConfigs: nullable(array(assignmentConfig)).tagged(1),
    storedDescriptionTopologyEpoch: int32.tagged(2).default(-1),
    failedDescriptionTopologyEpoch: int32.tagged(3).default(-1),
  },
})

/** A member, as it described itself. */
export interface StreamsGroupMemberMetadataValue {
  /** Null for a dynamic member. */
  instanceId: string | null
  rackId: string | null
  clientId: string
  /** Address that the member connects from. */
  clientHost: string
  /** Milliseconds that the member has to let tasks go; -1 when unknown. */
  rebalanceTimeoutMs: number
  /** Epoch of the topology that the member runs. */
  topologyEpoch: number
  /** Shared by all members of one Streams instance. */
  processId: string
  /** Where other instances can query its state stores; null when there is no such place. */
  userEndpoint: StreamsGroupUserEndpoint | null
  clientTags: StreamsGroupClientTag[]
}

export interface StreamsGroupUserEndpoint {
  host: string
  port: number
}

export interface StreamsGroupClientTag {
  key: string
  value: string
}

const userEndpoint = struct<StreamsGroupUserEndpoint>({ host: string, port: uint16 })

const clientTag = struct<StreamsGroupClientTag>({ key: string, value: string })

export const streamsGroupMemberMetadataValue: Message<StreamsGroupMemberMetadataValue> =
  message<StreamsGroupMemberMetadataValue>({
    name: 'StreamsGroupMemberMetadataValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      instanceId: nullable(string),
      rackId: nullable(string),
      clientId: string,
      clientHost: string,
      rebalanceTimeoutMs: int32.default(-1),
      topologyEpoch: int32,
      processId: string,
      userEndpoint: nullable(userEndpoint).default(null),
      clientTags: array(clientTag),
    },
  })

/** Of the target assignment as a whole. */
export interface StreamsGroupTargetAssignmentMetadataValue {
  /** The group epoch that it was worked out for. */
  assignmentEpoch: number
  /** Milliseconds since the epoch at which that was done (KIP-1263, Kafka 4.3); 0 when unknown. */
  assignmentTimestamp: bigint
}

export const streamsGroupTargetAssignmentMetadataValue: Message<StreamsGroupTargetAssignmentMetadataValue> =
  message<StreamsGroupTargetAssignmentMetadataValue>({
    name: 'StreamsGroupTargetAssignmentMetadataValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { assignmentEpoch: int32, assignmentTimestamp: int64.tagged(0).ignorable() },
  })

/** What a member is to run in the end. */
export interface StreamsGroupTargetAssignmentMemberValue {
  activeTasks: StreamsGroupTargetTasks[]
  standbyTasks: StreamsGroupTargetTasks[]
  warmupTasks: StreamsGroupTargetTasks[]
}

/** Tasks of one subtopology. */
export interface StreamsGroupTargetTasks {
  subtopologyId: string
  partitions: number[]
}

const targetTasks = struct<StreamsGroupTargetTasks>({ subtopologyId: string, partitions: array(int32) })

export const streamsGroupTargetAssignmentMemberValue: Message<StreamsGroupTargetAssignmentMemberValue> =
  message<StreamsGroupTargetAssignmentMemberValue>({
    name: 'StreamsGroupTargetAssignmentMemberValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { activeTasks: array(targetTasks), standbyTasks: array(targetTasks), warmupTasks: array(targetTasks) },
  })

/** What a member runs now, and what it still has to let go. */
export interface StreamsGroupCurrentMemberAssignmentValue {
  /** The epoch that its next heartbeat should carry. */
  memberEpoch: number
  /** Taken from it as well: the answer with the newer epoch may have been lost. */
  previousMemberEpoch: number
  /** 0 stable, 1 has tasks to let go, 2 waits for tasks that others have yet to let go, 127 unknown. */
  state: number
  activeTasks: StreamsGroupCurrentTasks[]
  standbyTasks: StreamsGroupCurrentTasks[]
  warmupTasks: StreamsGroupCurrentTasks[]
  activeTasksPendingRevocation: StreamsGroupCurrentTasks[]
  standbyTasksPendingRevocation: StreamsGroupCurrentTasks[]
  warmupTasksPendingRevocation: StreamsGroupCurrentTasks[]
}

/** Tasks of one subtopology. */
export interface StreamsGroupCurrentTasks {
  subtopologyId: string
  partitions: number[]
  /**
   * For each active task the epoch at which the member got it: commits with an older one are refused. Empty or null
   * when unknown.
   */
  assignmentEpochs: number[] | null
}

const currentTasks = struct<StreamsGroupCurrentTasks>({
  subtopologyId: string,
  partitions: array(int32),
  assignmentEpochs: nullable(array(int32)).tagged(0),
})

export const streamsGroupCurrentMemberAssignmentValue: Message<StreamsGroupCurrentMemberAssignmentValue> =
  message<StreamsGroupCurrentMemberAssignmentValue>({
    name: 'StreamsGroupCurrentMemberAssignmentValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      memberEpoch: int32,
      previousMemberEpoch: int32,
      state: int8,
      activeTasks: array(currentTasks),
      standbyTasks: array(currentTasks),
      warmupTasks: array(currentTasks),
      activeTasksPendingRevocation: array(currentTasks),
      standbyTasksPendingRevocation: array(currentTasks),
      warmupTasksPendingRevocation: array(currentTasks),
    },
  })
