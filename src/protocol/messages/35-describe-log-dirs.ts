import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int64, message, nullable, string, struct } from '../schema.ts'

/**
 * Asks one broker for its log directories and the replicas in them (KIP-113). Needs Describe on the cluster. Brokers
 * before 2.0 know version 0 only.
 */
export interface DescribeLogDirsRequest {
  /** Null for all topics. */
  topics: DescribeLogDirsTopic[] | null
}

export interface DescribeLogDirsTopic {
  topic: string
  /** Partition indexes. */
  partitions: number[]
}

export interface DescribeLogDirsResponse {
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  /** CLUSTER_AUTHORIZATION_FAILED. Before version 3 there is only an empty list of results to tell it by. */
  errorCode: number
  results: DescribeLogDirsResult[]
}

/** One log directory. */
export interface DescribeLogDirsResult {
  /** KAFKA_STORAGE_ERROR when the directory is offline. */
  errorCode: number
  /** Absolute path. */
  logDir: string
  /** Those asked for that have a replica here. */
  topics: DescribeLogDirsTopicResult[]
  /** Size of the volume in bytes, capped at 2^63-1; -1 when the broker does not tell (KIP-827). */
  totalBytes: bigint
  /** Bytes of the volume that the broker can still use; -1 when it does not tell. */
  usableBytes: bigint
  /** Whether no new replicas are placed here (KIP-1066). */
  isCordoned: boolean
}

export interface DescribeLogDirsTopicResult {
  name: string
  partitions: DescribeLogDirsPartitionResult[]
}

export interface DescribeLogDirsPartitionResult {
  partitionIndex: number
  /** Bytes of the log segments on disk. */
  partitionSize: bigint
  /**
   * How many offsets it is behind: the high watermark for the current replica, the current replica for one that is
   * being moved here.
   */
  offsetLag: bigint
  /**
   * Whether AlterReplicaLogDirs is moving the replica here, so that this copy will take the place of the current one.
   */
  isFutureKey: boolean
}

const topic = struct<DescribeLogDirsTopic>({
  topic: string,
  partitions: array(int32),
})

const partitionResult = struct<DescribeLogDirsPartitionResult>({
  partitionIndex: int32,
  partitionSize: int64,
  offsetLag: int64,
  isFutureKey: boolean,
})

const topicResult = struct<DescribeLogDirsTopicResult>({
  name: string,
  partitions: array(partitionResult),
})

const result = struct<DescribeLogDirsResult>({
  errorCode: int16,
  logDir: string,
  topics: array(topicResult),
  totalBytes: int64.since(4).default(-1n).ignorable(),
  usableBytes: int64.since(4).default(-1n).ignorable(),
  isCordoned: boolean.since(5).ignorable(),
})

export const describeLogDirsApi: Api<DescribeLogDirsRequest, DescribeLogDirsResponse> = {
  name: 'DescribeLogDirs',
  key: 35,
  request: message<DescribeLogDirsRequest>({
    name: 'DescribeLogDirsRequest',
    apiKey: 35,
    versions: { min: 0, max: 5 },
    flexibleFrom: 2,
    fields: {
      topics: nullable(array(topic)),
    },
  }),
  response: message<DescribeLogDirsResponse>({
    name: 'DescribeLogDirsResponse',
    apiKey: 35,
    versions: { min: 0, max: 5 },
    flexibleFrom: 2,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16.since(3).ignorable(),
      results: array(result),
    },
  }),
}
