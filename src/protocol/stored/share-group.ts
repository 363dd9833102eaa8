import { array, int32, int64, int8, message, nullable, string, struct, uuid, type Message } from '../schema.ts'

// What __consumer_offsets holds of a share group (KIP-932). How far it has come is in __share_group_state.

/** A member, as it described itself. */
export interface ShareGroupMemberMetadataValue {
  rackId: string | null
  clientId: string
  /** Address that the member connects from. */
  clientHost: string
  subscribedTopicNames: string[]
}

export const shareGroupMemberMetadataValue: Message<ShareGroupMemberMetadataValue> =
  message<ShareGroupMemberMetadataValue>({
    name: 'ShareGroupMemberMetadataValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { rackId: nullable(string), clientId: string, clientHost: string, subscribedTopicNames: array(string) },
  })

/** The group itself. */
export interface ShareGroupMetadataValue {
  /** Rises with each change of members, subscriptions or topics. */
  epoch: number
  /** Changes with the partitions or racks of the subscribed topics. */
  metadataHash: bigint
}

export const shareGroupMetadataValue: Message<ShareGroupMetadataValue> = message<ShareGroupMetadataValue>({
  name: 'ShareGroupMetadataValue',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: 0,
  fields: { epoch: int32, metadataHash: int64 },
})

/** Of the target assignment as a whole. */
export interface ShareGroupTargetAssignmentMetadataValue {
  /** The group epoch that it was worked out for. */
  assignmentEpoch: number
  /** Milliseconds since the epoch at which that was done (KIP-1263, Kafka 4.3); 0 when unknown. */
  assignmentTimestamp: bigint
}

export const shareGroupTargetAssignmentMetadataValue: Message<ShareGroupTargetAssignmentMetadataValue> =
  message<ShareGroupTargetAssignmentMetadataValue>({
    name: 'ShareGroupTargetAssignmentMetadataValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { assignmentEpoch: int32, assignmentTimestamp: int64.tagged(0).ignorable() },
  })

/** Partitions of a topic. */
export interface ShareGroupPartitions {
  topicId: string
  partitions: number[]
}

const partitions = struct<ShareGroupPartitions>({ topicId: uuid, partitions: array(int32) })

/** What a member is to fetch from. */
export interface ShareGroupTargetAssignmentMemberValue {
  topicPartitions: ShareGroupPartitions[]
}

export const shareGroupTargetAssignmentMemberValue: Message<ShareGroupTargetAssignmentMemberValue> =
  message<ShareGroupTargetAssignmentMemberValue>({
    name: 'ShareGroupTargetAssignmentMemberValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { topicPartitions: array(partitions) },
  })

/** What a member has been told to fetch from. */
export interface ShareGroupCurrentMemberAssignmentValue {
  /** The epoch that its next heartbeat should carry. */
  memberEpoch: number
  /** Taken from it as well: the answer with the newer epoch may have been lost. */
  previousMemberEpoch: number
  /** 0 stable, 127 unknown; numbered as for consumer groups. */
  state: number
  assignedPartitions: ShareGroupPartitions[]
}

export const shareGroupCurrentMemberAssignmentValue: Message<ShareGroupCurrentMemberAssignmentValue> =
  message<ShareGroupCurrentMemberAssignmentValue>({
    name: 'ShareGroupCurrentMemberAssignmentValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { memberEpoch: int32, previousMemberEpoch: int32, state: int8, assignedPartitions: array(partitions) },
  })

/** For which partitions the share coordinators hold state of the group. */
export interface ShareGroupStatePartitionMetadataValue {
  /** Asked for, not confirmed yet. */
  initializingTopics: ShareGroupStatePartitions[]
  initializedTopics: ShareGroupStatePartitions[]
  deletingTopics: ShareGroupStateTopic[]
}

export interface ShareGroupStatePartitions {
  topicId: string
  topicName: string
  partitions: number[]
}

export interface ShareGroupStateTopic {
  topicId: string
  topicName: string
}

const statePartitions = struct<ShareGroupStatePartitions>({
  topicId: uuid,
  topicName: string,
  partitions: array(int32),
})

const stateTopic = struct<ShareGroupStateTopic>({ topicId: uuid, topicName: string })

export const shareGroupStatePartitionMetadataValue: Message<ShareGroupStatePartitionMetadataValue> =
  message<ShareGroupStatePartitionMetadataValue>({
    name: 'ShareGroupStatePartitionMetadataValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      initializingTopics: array(statePartitions),
      initializedTopics: array(statePartitions),
      deletingTopics: array(stateTopic),
    },
  })
