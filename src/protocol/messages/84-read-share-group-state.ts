import type { Api } from '../api.ts'
import { array, int16, int32, int64, int8, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * The leader of share-partitions loads their stored state from a share coordinator (KIP-932). Between brokers: it takes
 * the right to act on the cluster.
 */
export interface ReadShareGroupStateRequest {
  groupId: string
  topics: ReadShareGroupStateRequestTopic[]
}

export interface ReadShareGroupStateRequestTopic {
  topicId: string
  partitions: ReadShareGroupStateRequestPartition[]
}

export interface ReadShareGroupStateRequestPartition {
  partition: number
  /** Leader epoch of the partition; the coordinator refuses older ones from then on. */
  leaderEpoch: number
}

/** The state of each share-partition. */
export interface ReadShareGroupStateResponse {
  results: ReadShareGroupStateTopic[]
}

export interface ReadShareGroupStateTopic {
  topicId: string
  partitions: ReadShareGroupStatePartition[]
}

export interface ReadShareGroupStatePartition {
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
  /** First offset in flight; -1 when it is not settled yet. */
  startOffset: bigint
  stateBatches: ReadShareGroupStateBatch[]
}

/** A range of offsets in one state. */
export interface ReadShareGroupStateBatch {
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
  /** 0 available, 2 acknowledged, 4 archived. */
  deliveryState: number
  deliveryCount: number
}

const requestPartition = struct<ReadShareGroupStateRequestPartition>({ partition: int32, leaderEpoch: int32 })

const requestTopic = struct<ReadShareGroupStateRequestTopic>({ topicId: uuid, partitions: array(requestPartition) })

const batch = struct<ReadShareGroupStateBatch>({
  firstOffset: int64,
  lastOffset: int64,
  deliveryState: int8,
  deliveryCount: int16,
})

const partition = struct<ReadShareGroupStatePartition>({
  partition: int32,
  errorCode: int16,
  errorMessage: nullable(string).default(null),
  stateEpoch: int32,
  startOffset: int64,
  stateBatches: array(batch),
})

const topic = struct<ReadShareGroupStateTopic>({ topicId: uuid, partitions: array(partition) })

export const readShareGroupStateApi: Api<ReadShareGroupStateRequest, ReadShareGroupStateResponse> = {
  name: 'ReadShareGroupState',
  key: 84,
  request: message<ReadShareGroupStateRequest>({
    name: 'ReadShareGroupStateRequest',
    apiKey: 84,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { groupId: string, topics: array(requestTopic) },
  }),
  response: message<ReadShareGroupStateResponse>({
    name: 'ReadShareGroupStateResponse',
    apiKey: 84,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { results: array(topic) },
  }),
}
