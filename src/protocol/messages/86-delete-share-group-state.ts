import type { Api } from '../api.ts'
import { array, int16, int32, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * A group coordinator has a share coordinator drop the stored state of share-partitions (KIP-932). Between brokers: it
 * takes the right to act on the cluster, and clients use DeleteShareGroupOffsets.
 */
export interface DeleteShareGroupStateRequest {
  groupId: string
  topics: DeleteShareGroupStateRequestTopic[]
}

export interface DeleteShareGroupStateRequestTopic {
  topicId: string
  partitions: DeleteShareGroupStateRequestPartition[]
}

export interface DeleteShareGroupStateRequestPartition {
  partition: number
}

/** One result for each share-partition. */
export interface DeleteShareGroupStateResponse {
  results: DeleteShareGroupStateTopic[]
}

export interface DeleteShareGroupStateTopic {
  topicId: string
  partitions: DeleteShareGroupStatePartition[]
}

export interface DeleteShareGroupStatePartition {
  partition: number
  /**
   * NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS: find the share coordinator again, or
   * wait; FENCED_STATE_EPOCH: a newer state has begun; GROUP_ID_NOT_FOUND, UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST.
   */
  errorCode: number
  errorMessage: string | null
}

const requestPartition = struct<DeleteShareGroupStateRequestPartition>({ partition: int32 })

const requestTopic = struct<DeleteShareGroupStateRequestTopic>({ topicId: uuid, partitions: array(requestPartition) })

const partition = struct<DeleteShareGroupStatePartition>({
  partition: int32,
  errorCode: int16,
  errorMessage: nullable(string).default(null),
})

const topic = struct<DeleteShareGroupStateTopic>({ topicId: uuid, partitions: array(partition) })

export const deleteShareGroupStateApi: Api<DeleteShareGroupStateRequest, DeleteShareGroupStateResponse> = {
  name: 'DeleteShareGroupState',
  key: 86,
  request: message<DeleteShareGroupStateRequest>({
    name: 'DeleteShareGroupStateRequest',
    apiKey: 86,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { groupId: string, topics: array(requestTopic) },
  }),
  response: message<DeleteShareGroupStateResponse>({
    name: 'DeleteShareGroupStateResponse',
    apiKey: 86,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { results: array(topic) },
  }),
}
