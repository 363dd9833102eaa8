import type { Api } from '../api.ts'
import { array, int16, int32, int64, int8, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * The leader of share-partitions stores what has changed in their state with a share coordinator (KIP-932). Between
 * brokers: it takes the right to act on the cluster.
 */
export interface WriteShareGroupStateRequest {
  groupId: string
  topics: WriteShareGroupStateRequestTopic[]
}

export interface WriteShareGroupStateRequestTopic {
  topicId: string
  partitions: WriteShareGroupStateRequestPartition[]
}

export interface WriteShareGroupStateRequestPartition {
  partition: number
  /** As read; an older one is refused. */
  stateEpoch: number
  leaderEpoch: number
  /** First offset in flight; -1 when it has not moved. */
  startOffset: bigint
  /** How many offsets from `startOffset` on are done with, so that lag can be told (KIP-1226); -1 when unknown. */
  deliveryCompleteCount: number
  stateBatches: WriteShareGroupStateBatch[]
}

/** A range of offsets in one state. */
export interface WriteShareGroupStateBatch {
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
  /** 0 available, 2 acknowledged, 4 archived. */
  deliveryState: number
  deliveryCount: number
}

/** One result for each share-partition. */
export interface WriteShareGroupStateResponse {
  results: WriteShareGroupStateTopic[]
}

export interface WriteShareGroupStateTopic {
  topicId: string
  partitions: WriteShareGroupStatePartition[]
}

export interface WriteShareGroupStatePartition {
  partition: number
  /**
   * NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS: find the share coordinator again, or
   * wait; FENCED_LEADER_EPOCH: there is a newer leader; FENCED_STATE_EPOCH: a newer state has begun;
   * GROUP_ID_NOT_FOUND, UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST.
   */
  errorCode: number
  errorMessage: string | null
}

const batch = struct<WriteShareGroupStateBatch>({
  firstOffset: int64,
  lastOffset: int64,
  deliveryState: int8,
  deliveryCount: int16,
})

const requestPartition = struct<WriteShareGroupStateRequestPartition>({
  partition: int32,
  stateEpoch: int32,
  leaderEpoch: int32,
  startOffset: int64,
  deliveryCompleteCount: int32.since(1).default(-1).ignorable(),
  stateBatches: array(batch),
})

const requestTopic = struct<WriteShareGroupStateRequestTopic>({ topicId: uuid, partitions: array(requestPartition) })

const partition = struct<WriteShareGroupStatePartition>({
  partition: int32,
  errorCode: int16,
  errorMessage: nullable(string).default(null),
})

const topic = struct<WriteShareGroupStateTopic>({ topicId: uuid, partitions: array(partition) })

export const writeShareGroupStateApi: Api<WriteShareGroupStateRequest, WriteShareGroupStateResponse> = {
  name: 'WriteShareGroupState',
  key: 85,
  request: message<WriteShareGroupStateRequest>({
    name: 'WriteShareGroupStateRequest',
    apiKey: 85,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: { groupId: string, topics: array(requestTopic) },
  }),
  response: message<WriteShareGroupStateResponse>({
    name: 'WriteShareGroupStateResponse',
    apiKey: 85,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: { results: array(topic) },
  }),
}
