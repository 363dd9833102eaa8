import { array, bytes, int32, int64, int8, message, nullable, string, struct, uuid, type Message } from '../schema.ts'

// What __consumer_offsets holds of a group of the KIP-848 protocol.

/** The group itself. */
export interface ConsumerGroupMetadataValue {
  /** Rises with each change of members, subscriptions or topics. */
  epoch: number
  /** Changes with the partitions or racks of the subscribed topics (KIP-1101, Kafka 4.1). */
  metadataHash: bigint
}

export const consumerGroupMetadataValue: Message<ConsumerGroupMetadataValue> = message<ConsumerGroupMetadataValue>({
  name: 'ConsumerGroupMetadataValue',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: 0,
  fields: { epoch: int32, metadataHash: int64.tagged(0) },
})

/** The topics that the group subscribed to. `metadataHash` took its place in Kafka 4.1. */
export interface ConsumerGroupPartitionMetadataValue {
  topics: ConsumerGroupTopicMetadata[]
}

export interface ConsumerGroupTopicMetadata {
  topicId: string
  topicName: string
  numPartitions: number
  /** Empty when no racks are known, and from Kafka 4.0 on. */
  partitionMetadata: ConsumerGroupPartitionRacks[]
}

export interface ConsumerGroupPartitionRacks {
  partition: number
  racks: string[]
}

const partitionRacks = struct<ConsumerGroupPartitionRacks>({ partition: int32, racks: array(string) })

const topicMetadata = struct<ConsumerGroupTopicMetadata>({
  topicId: uuid,
  topicName: string,
  numPartitions: int32,
  partitionMetadata: array(partitionRacks),
})

export const consumerGroupPartitionMetadataValue: Message<ConsumerGroupPartitionMetadataValue> =
  message<ConsumerGroupPartitionMetadataValue>({
    name: 'ConsumerGroupPartitionMetadataValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { topics: array(topicMetadata) },
  })

/** A member, as it described itself. */
export interface ConsumerGroupMemberMetadataValue {
  /** Null for a dynamic member. */
  instanceId: string | null
  rackId: string | null
  clientId: string
  /** Address that the member connects from. */
  clientHost: string
  subscribedTopicNames: string[]
  subscribedTopicRegex: string | null
  /** Milliseconds that the member has to let partitions go; -1 when unknown. */
  rebalanceTimeoutMs: number
  /** The assignor it asked for; null to leave the choice to the coordinator. */
  serverAssignor: string | null
  /**
   * Null for a member that speaks the consumer protocol, else what the classic one takes. Without content when the
   * record has none, as in Java.
   */
  classicMemberMetadata: ConsumerGroupClassicMember | null
}

export interface ConsumerGroupClassicMember {
  /** Milliseconds without a heartbeat after which the member is out. */
  sessionTimeoutMs: number
  supportedProtocols: ConsumerGroupClassicProtocol[]
}

/** An assignor of a classic member, with the subscription it sent for it. */
export interface ConsumerGroupClassicProtocol {
  name: string
  metadata: Uint8Array
}

const classicProtocol = struct<ConsumerGroupClassicProtocol>({ name: string, metadata: bytes })

const classicMember = struct<ConsumerGroupClassicMember>({
  sessionTimeoutMs: int32,
  supportedProtocols: array(classicProtocol),
})

export const consumerGroupMemberMetadataValue: Message<ConsumerGroupMemberMetadataValue> =
  message<ConsumerGroupMemberMetadataValue>({
    name: 'ConsumerGroupMemberMetadataValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      instanceId: nullable(string),
      rackId: nullable(string),
      clientId: string,
      clientHost: string,
      subscribedTopicNames: array(string),
      subscribedTopicRegex: nullable(string),
      rebalanceTimeoutMs: int32.default(-1),
      serverAssignor: nullable(string),
      classicMemberMetadata: nullable(classicMember).tagged(0),
    },
  })

/** Of the target assignment as a whole. */
export interface ConsumerGroupTargetAssignmentMetadataValue {
  /** The group epoch that it was worked out for. */
  assignmentEpoch: number
  /** Milliseconds since the epoch at which that was done (KIP-1263, Kafka 4.3); 0 when unknown. */
  assignmentTimestamp: bigint
}

export const consumerGroupTargetAssignmentMetadataValue: Message<ConsumerGroupTargetAssignmentMetadataValue> =
  message<ConsumerGroupTargetAssignmentMetadataValue>({
    name: 'ConsumerGroupTargetAssignmentMetadataValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { assignmentEpoch: int32, assignmentTimestamp: int64.tagged(0).ignorable() },
  })

/** What a member is to own in the end. */
export interface ConsumerGroupTargetAssignmentMemberValue {
  topicPartitions: ConsumerGroupTargetPartitions[]
}

export interface ConsumerGroupTargetPartitions {
  topicId: string
  partitions: number[]
}

const targetPartitions = struct<ConsumerGroupTargetPartitions>({ topicId: uuid, partitions: array(int32) })

export const consumerGroupTargetAssignmentMemberValue: Message<ConsumerGroupTargetAssignmentMemberValue> =
  message<ConsumerGroupTargetAssignmentMemberValue>({
    name: 'ConsumerGroupTargetAssignmentMemberValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { topicPartitions: array(targetPartitions) },
  })

/** What a member owns now, and what it still has to let go. */
export interface ConsumerGroupCurrentMemberAssignmentValue {
  /** The epoch that its next heartbeat should carry. */
  memberEpoch: number
  /** Taken from it as well: the answer with the newer epoch may have been lost. */
  previousMemberEpoch: number
  /** 0 stable, 1 has partitions to let go, 2 waits for partitions that others have yet to let go, 127 unknown. */
  state: number
  assignedPartitions: ConsumerGroupCurrentPartitions[]
  partitionsPendingRevocation: ConsumerGroupCurrentPartitions[]
}

export interface ConsumerGroupCurrentPartitions {
  topicId: string
  partitions: number[]
  /**
   * For each partition the epoch at which the member got it: commits with an older one are refused. Empty or null when
   * unknown.
   */
  assignmentEpochs: number[] | null
}

const currentPartitions = struct<ConsumerGroupCurrentPartitions>({
  topicId: uuid,
  partitions: array(int32),
  assignmentEpochs: nullable(array(int32)).tagged(0),
})

export const consumerGroupCurrentMemberAssignmentValue: Message<ConsumerGroupCurrentMemberAssignmentValue> =
  message<ConsumerGroupCurrentMemberAssignmentValue>({
    name: 'ConsumerGroupCurrentMemberAssignmentValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      memberEpoch: int32,
      previousMemberEpoch: int32,
      state: int8,
      assignedPartitions: array(currentPartitions),
      partitionsPendingRevocation: array(currentPartitions),
    },
  })

/** Key of a regular expression that members subscribe with. */
export interface ConsumerGroupRegularExpressionKey {
  groupId: string
  regularExpression: string
}

export const consumerGroupRegularExpressionKey: Message<ConsumerGroupRegularExpressionKey> =
  message<ConsumerGroupRegularExpressionKey>({
    name: 'ConsumerGroupRegularExpressionKey',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: null,
    fields: { groupId: string, regularExpression: string },
  })

/** The topics that a regular expression was found to match. */
export interface ConsumerGroupRegularExpressionValue {
  topics: string[]
  /** Version of the metadata image that it was held against. */
  version: bigint
  /** Milliseconds since the epoch at which that was done. */
  timestamp: bigint
}

export const consumerGroupRegularExpressionValue: Message<ConsumerGroupRegularExpressionValue> =
  message<ConsumerGroupRegularExpressionValue>({
    name: 'ConsumerGroupRegularExpressionValue',
    apiKey: null,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { topics: array(string), version: int64, timestamp: int64 },
  })
