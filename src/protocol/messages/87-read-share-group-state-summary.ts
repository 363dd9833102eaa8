import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * A group coordinator asks a share coordinator where share-partitions start, without their batches (KIP-932). Between
 * brokers: it takes the right to act on the cluster, and clients use DescribeShareGroupOffsets.
 */
export interface ReadShareGroupStateSummaryRequest {
  groupId: string
  topics: ReadShareGroupStateSummaryRequestTopic[]
}

export interface ReadShareGroupStateSummaryRequestTopic {
  topicId: string
  partitions: ReadShareGroupStateSummaryRequestPartition[]
}

export interface ReadShareGroupStateSummaryRequestPartition {
  partition: number
  leaderEpoch: number
}

/** The start of each share-partition. */
export interface ReadShareGroupStateSummaryResponse {
  results: ReadShareGroupStateSummaryTopic[]
}

export interface ReadShareGroupStateSummaryTopic {
  topicId: string
  partitions: ReadShareGroupStateSummaryPartition[]
}

export interface ReadShareGroupStateSummaryPartition {
  partition: number
  /**
   * NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS: find the share coordinator again, or
   * wait; FENCED_LEADER_EPOCH: there is a newer leader; GROUP_ID_NOT_FOUND, UNKNOWN_TOPIC_OR_PARTITION,
   * INVALID_REQUEST.
   */
  errorCode: number
  errorMessage: string | null
  /** Rises each time the state begins anew. */
  stateEpoch: number
  leaderEpoch: number
  /** First offset in flight; -1 when it is not settled yet. */
  startOffset: bigint
  /** How many offsets from `startOffset` on are done with (KIP-1226); -1 when unknown. */
  deliveryCompleteCount: number
}

const requestPartition = struct<ReadShareGroupStateSummaryRequestPartition>({ partition: int32, leaderEpoch: int32 })

const requestTopic = struct<ReadShareGroupStateSummaryRequestTopic>({
  topicId: uuid,
  partitions: array(requestPartition),
})

const partition = struct<ReadShareGroupStateSummaryPartition>({
  partition: int32,
  errorCode: int16,
  errorMessage: nullable(string).default(null),
  stateEpoch: int32,
  leaderEpoch: int32,
  startOffset: int64,
  deliveryCompleteCount: int32.since(1).default(-1).ignorable(),
})

const topic = struct<ReadShareGroupStateSummaryTopic>({ topicId: uuid, partitions: array(partition) })

export const readShareGroupStateSummaryApi: Api<ReadShareGroupStateSummaryRequest, ReadShareGroupStateSummaryResponse> =
  {
    name: 'ReadShareGroupStateSummary',
    key: 87,
    request: message<ReadShareGroupStateSummaryRequest>({
      name: 'ReadShareGroupStateSummaryRequest',
      apiKey: 87,
      versions: { min: 0, max: 1 },
      flexibleFrom: 0,
      fields: { groupId: string, topics: array(requestTopic) },
    }),
    response: message<ReadShareGroupStateSummaryResponse>({
      name: 'ReadShareGroupStateSummaryResponse',
      apiKey: 87,
      versions: { min: 0, max: 1 },
      flexibleFrom: 0,
      fields: { results: array(topic) },
    }),
  }
