import type { Api } from '../api.ts'
import { array, boolean, int16, int32, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * Asks a broker for topics and partitions page by page, in the order of topic names, with their eligible leader
 * replicas (KIP-966).
 */
export interface DescribeTopicPartitionsRequest {
  /** Empty for all topics. */
  topics: DescribeTopicPartitionsRequestTopic[]
  /**
   * Most partitions in the answer; the broker has a limit of its own (max.request.partition.size.limit). Default 2000.
   */
  responsePartitionLimit: number
  /**
   * Where to start: null for the first page, then `nextCursor` of the page before. Its topic must be among `topics`,
   * unless that is empty.
   */
  cursor: DescribeTopicPartitionsCursor | null
}

export interface DescribeTopicPartitionsRequestTopic {
  name: string
}

/** A place in the sorted list of partitions. */
export interface DescribeTopicPartitionsCursor {
  topicName: string
  partitionIndex: number
}

/** One page. */
export interface DescribeTopicPartitionsResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  topics: DescribeTopicPartitionsTopic[]
  /** Where the next page starts; null on the last. A topic can go over several pages. */
  nextCursor: DescribeTopicPartitionsCursor | null
}

export interface DescribeTopicPartitionsTopic {
  /**
   * UNKNOWN_TOPIC_OR_PARTITION, TOPIC_AUTHORIZATION_FAILED, INVALID_TOPIC_EXCEPTION, or INVALID_REQUEST when the cursor
   * makes no sense.
   */
  errorCode: number
  name: string | null
  /** The zero UUID with an error. */
  topicId: string
  isInternal: boolean
  partitions: DescribeTopicPartitionsPartition[]
  /** Bit field of the operations that the client may perform on the topic; -2147483648 when unknown. */
  topicAuthorizedOperations: number
}

export interface DescribeTopicPartitionsPartition {
  /** LEADER_NOT_AVAILABLE while the partition has no leader. */
  errorCode: number
  partitionIndex: number
  /** Node id; -1 while there is no leader. */
  leaderId: number
  /** Rises with each change of leader; -1 when unknown. */
  leaderEpoch: number
  /** Node ids of all replicas, the preferred leader first. */
  replicaNodes: number[]
  /** Node ids of the replicas in sync with the leader. */
  isrNodes: number[]
  /**
   * Node ids that are out of sync, yet hold all committed records and so may still be elected; null when the cluster
   * keeps no such list.
   */
  eligibleLeaderReplicas: number[] | null
  /**
   * Node ids that were eligible until an unclean shutdown put that in doubt; null when the cluster keeps no such list.
   */
  lastKnownElr: number[] | null
  offlineReplicas: number[]
}

const requestTopic = struct<DescribeTopicPartitionsRequestTopic>({ name: string })

const cursor = struct<DescribeTopicPartitionsCursor>({ topicName: string, partitionIndex: int32 })

const partition = struct<DescribeTopicPartitionsPartition>({
  errorCode: int16,
  partitionIndex: int32,
  leaderId: int32,
  leaderEpoch: int32.default(-1).ignorable(),
  replicaNodes: array(int32),
  isrNodes: array(int32),
  eligibleLeaderReplicas: nullable(array(int32)).default(null),
  lastKnownElr: nullable(array(int32)).default(null),
  offlineReplicas: array(int32).ignorable(),
})

const topic = struct<DescribeTopicPartitionsTopic>({
  errorCode: int16,
  name: nullable(string),
  topicId: uuid.ignorable(),
  isInternal: boolean.ignorable(),
  partitions: array(partition),
  topicAuthorizedOperations: int32.default(-2147483648),
})

export const describeTopicPartitionsApi: Api<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse> = {
  name: 'DescribeTopicPartitions',
  key: 75,
  request: message<DescribeTopicPartitionsRequest>({
    name: 'DescribeTopicPartitionsRequest',
    apiKey: 75,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      topics: array(requestTopic),
      responsePartitionLimit: int32.default(2000),
      cursor: nullable(cursor).default(null),
    },
  }),
  response: message<DescribeTopicPartitionsResponse>({
    name: 'DescribeTopicPartitionsResponse',
    apiKey: 75,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      throttleTimeMs: int32.ignorable(),
      topics: array(topic),
      nextCursor: nullable(cursor).default(null),
    },
  }),
}
