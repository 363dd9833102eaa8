import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * A group coordinator has a share coordinator begin the stored state of share-partitions (KIP-932). Between brokers: it
 * takes the right to act on the cluster, and clients use AlterShareGroupOffsets.
 */
export interface InitializeShareGroupStateRequest {
  groupId: string
  topics: InitializeShareGroupStateRequestTopic[]
}

export interface InitializeShareGroupStateRequestTopic {
  topicId: string
  partitions: InitializeShareGroupStateRequestPartition[]
}

export interface InitializeShareGroupStateRequestPartition {
  partition: number
  /** Rises each time the state begins anew. */
  stateEpoch: number
  /** First offset in flight; -1 to leave it open until the first fetch. */
  startOffset: bigint
}

/** One result for each share-partition. */
export interface InitializeShareGroupStateResponse {
  results: InitializeShareGroupStateTopic[]
}

export interface InitializeShareGroupStateTopic {
  topicId: string
  partitions: InitializeShareGroupStatePartition[]
}

export interface InitializeShareGroupStatePartition {
  partition: number
  /**
   * NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS: find the share coordinator again, or
   * wait; FENCED_STATE_EPOCH: a newer state has begun; INVALID_REQUEST.
   */
  errorCode: number
  errorMessage: string | null
}

const requestPartition = struct<InitializeShareGroupStateRequestPartition>({
  partition: int32,
  stateEpoch: int32,
  startOffset: int64,
})

const requestTopic = struct<InitializeShareGroupStateRequestTopic>({
  topicId: uuid,
  partitions: array(requestPartition),
})

const partition = struct<InitializeShareGroupStatePartition>({
  partition: int32,
  errorCode: int16,
  errorMessage: nullable(string).default(null),
})

const topic = struct<InitializeShareGroupStateTopic>({ topicId: uuid, partitions: array(partition) })

export const initializeShareGroupStateApi: Api<InitializeShareGroupStateRequest, InitializeShareGroupStateResponse> = {
  name: 'InitializeShareGroupState',
  key: 83,
  request: message<InitializeShareGroupStateRequest>({
    name: 'InitializeShareGroupStateRequest',
    apiKey: 83,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { groupId: string, topics: array(requestTopic) },
  }),
  response: message<InitializeShareGroupStateResponse>({
    name: 'InitializeShareGroupStateResponse',
    apiKey: 83,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { results: array(topic) },
  }),
}
