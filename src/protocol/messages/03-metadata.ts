import type { Api } from '../api.ts'
import { array, boolean, int16, int32, message, nullable, string, struct, uuid } from '../schema.ts'

/** Asks a broker for the cluster's brokers and for the partitions and leaders of topics. */
export interface MetadataRequest {
  /**
   * Topics to describe. From version 1 on null means all and an empty list none; version 0 has no null, there an empty
   * list means all.
   */
  topics: MetadataRequestTopic[] | null
  /** Whether the broker may create a topic that is missing, if it is set up to. Versions before 4 always allow it. Default true. */
  allowAutoTopicCreation: boolean
  /** Whether to fill `clusterAuthorizedOperations`; DescribeCluster took its place after version 10. */
  includeClusterAuthorizedOperations: boolean
  /** Whether to fill `topicAuthorizedOperations`. */
  includeTopicAuthorizedOperations: boolean
}

export interface MetadataRequestTopic {
  /** Brokers look topics up by id from version 12 on; versions 10 and 11 carry the field in vain. */
  topicId: string
  /** Null to look the topic up by its id, from version 12 on. */
  name: string | null
}

const requestTopic = struct<MetadataRequestTopic>({
  topicId: uuid.since(10).ignorable(),
  name: nullable(string, 10),
})

/** The cluster as one broker sees it. Only brokers that are up are listed. */
export interface MetadataResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  brokers: MetadataBroker[]
  clusterId: string | null
  /** Node id of the broker that takes admin requests, which under KRaft may be any; -1 when unknown. */
  controllerId: number
  topics: MetadataTopic[]
  /** Bit field of the operations that the client may perform on the cluster; -2147483648 when it did not ask. */
  clusterAuthorizedOperations: number
  /** REBOOTSTRAP_REQUIRED (129) tells the client to start over from its bootstrap servers (KIP-1102). */
  errorCode: number
}

export interface MetadataBroker {
  nodeId: number
  host: string
  port: number
  /** Null when it has no rack. */
  rack: string | null
}

export interface MetadataTopic {
  /** UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION, TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_ID, or LEADER_NOT_AVAILABLE just after creation. */
  errorCode: number
  /** Null when the topic was asked for by an id that does not exist. */
  name: string | null
  /** The zero UUID when the topic was asked for by a name that does not exist. */
  topicId: string
  isInternal: boolean
  partitions: MetadataPartition[]
  /** Bit field of the operations that the client may perform on the topic; -2147483648 when it did not ask. */
  topicAuthorizedOperations: number
}

export interface MetadataPartition {
  /** LEADER_NOT_AVAILABLE while the partition has no leader, REPLICA_NOT_AVAILABLE when a replica is down. */
  errorCode: number
  partitionIndex: number
  /** Node id; -1 while there is no leader. */
  leaderId: number
  /** Rises with each change of leader; -1 when the broker does not say. */
  leaderEpoch: number
  /** Node ids of all replicas, the preferred leader first. */
  replicaNodes: number[]
  /** Node ids of the replicas in sync with the leader. */
  isrNodes: number[]
  offlineReplicas: number[]
}

const broker = struct<MetadataBroker>({
  nodeId: int32,
  host: string,
  port: int32,
  rack: nullable(string, 1).since(1).default(null).ignorable(),
})

const partition = struct<MetadataPartition>({
  errorCode: int16,
  partitionIndex: int32,
  leaderId: int32,
  leaderEpoch: int32.since(7).default(-1).ignorable(),
  replicaNodes: array(int32),
  isrNodes: array(int32),
  offlineReplicas: array(int32).since(5).ignorable(),
})

const topic = struct<MetadataTopic>({
  errorCode: int16,
  name: nullable(string, 12),
  topicId: uuid.since(10).ignorable(),
  isInternal: boolean.since(1).ignorable(),
  partitions: array(partition),
  topicAuthorizedOperations: int32.since(8).default(-2147483648),
})

export const metadataApi: Api<MetadataRequest, MetadataResponse> = {
  name: 'Metadata',
  key: 3,
  request: message<MetadataRequest>({
    name: 'MetadataRequest',
    apiKey: 3,
    versions: { min: 0, max: 13 },
    flexibleFrom: 9,
    fields: {
      topics: nullable(array(requestTopic), 1),
      allowAutoTopicCreation: boolean.since(4).default(true),
      includeClusterAuthorizedOperations: boolean.since(8).until(10),
      includeTopicAuthorizedOperations: boolean.since(8),
    },
  }),
  response: message<MetadataResponse>({
    name: 'MetadataResponse',
    apiKey: 3,
    versions: { min: 0, max: 13 },
    flexibleFrom: 9,
    fields: {
      throttleTimeMs: int32.since(3).ignorable(),
      brokers: array(broker),
      clusterId: nullable(string, 2).since(2).default(null).ignorable(),
      controllerId: int32.since(1).default(-1).ignorable(),
      topics: array(topic),
      clusterAuthorizedOperations: int32.since(8).until(10).default(-2147483648),
      errorCode: int16.since(13).ignorable(),
    },
  }),
}
