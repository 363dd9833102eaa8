import type { Api } from '../api.ts'
import { array, int16, int32, message, string, struct } from '../schema.ts'

/**
 * Moves replicas of the broker that it goes to from one of its log directories to another (KIP-113). The answer says
 * that the move has begun; DescribeLogDirs shows how far it is. Brokers before 2.0 know version 0 only.
 */
export interface AlterReplicaLogDirsRequest {
  dirs: AlterReplicaLogDirsDir[]
}

export interface AlterReplicaLogDirsDir {
  /** Absolute path of the directory to move to. */
  path: string
  topics: AlterReplicaLogDirsTopic[]
}

export interface AlterReplicaLogDirsTopic {
  name: string
  /** Partition indexes. */
  partitions: number[]
}

export interface AlterReplicaLogDirsResponse {
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  results: AlterReplicaLogDirsTopicResult[]
}

export interface AlterReplicaLogDirsTopicResult {
  topicName: string
  partitions: AlterReplicaLogDirsPartitionResult[]
}

export interface AlterReplicaLogDirsPartitionResult {
  partitionIndex: number
  /**
   * LOG_DIR_NOT_FOUND for a path the broker does not have, KAFKA_STORAGE_ERROR when the directory is offline,
   * INVALID_TOPIC_EXCEPTION when the topic's name is too long to be moved, CLUSTER_AUTHORIZATION_FAILED.
   * REPLICA_NOT_AVAILABLE: the broker has no such replica yet; it has noted the directory for the time it gets one.
   */
  errorCode: number
}

const topic = struct<AlterReplicaLogDirsTopic>({
  name: string,
  partitions: array(int32),
})

const dir = struct<AlterReplicaLogDirsDir>({
  path: string,
  topics: array(topic),
})

const partitionResult = struct<AlterReplicaLogDirsPartitionResult>({
  partitionIndex: int32,
  errorCode: int16,
})

const topicResult = struct<AlterReplicaLogDirsTopicResult>({
  topicName: string,
  partitions: array(partitionResult),
})

export const alterReplicaLogDirsApi: Api<AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse> = {
  name: 'AlterReplicaLogDirs',
  key: 34,
  request: message<AlterReplicaLogDirsRequest>({
    name: 'AlterReplicaLogDirsRequest',
    apiKey: 34,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      dirs: array(dir),
    },
  }),
  response: message<AlterReplicaLogDirsResponse>({
    name: 'AlterReplicaLogDirsResponse',
    apiKey: 34,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      throttleTimeMs: int32,
      results: array(topicResult),
    },
  }),
}
