import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int64, int8, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * Acknowledges records of share-partitions without fetching more (KIP-932). Shares its session with ShareFetch. Version
 * 0 was an early trial that brokers from 4.1 on refuse.
 */
export interface ShareAcknowledgeRequest {
  groupId: string | null
  memberId: string | null
  /**
   * One more than in the last request of the session, or -1 to close it; 0 is refused, since only ShareFetch opens
   * sessions.
   */
  shareSessionEpoch: number
  /** Whether any acknowledgement is a renewal (KIP-1222). */
  isRenewAck: boolean
  topics: ShareAcknowledgeRequestTopic[]
}

export interface ShareAcknowledgeRequestTopic {
  topicId: string
  partitions: ShareAcknowledgeRequestPartition[]
}

export interface ShareAcknowledgeRequestPartition {
  partitionIndex: number
  /** In the order of offsets, without overlap. */
  acknowledgementBatches: ShareAcknowledgeBatch[]
}

/** What became of a range of offsets. */
export interface ShareAcknowledgeBatch {
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
  /** One type for the whole range, or one for each offset; numbered as in ShareFetch. */
  acknowledgeTypes: number[]
}

/** How the acknowledgements fared. */
export interface ShareAcknowledgeResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * SHARE_SESSION_NOT_FOUND and INVALID_SHARE_SESSION_EPOCH: the session is over, open another with ShareFetch, all
   * acknowledgements here are lost; GROUP_AUTHORIZATION_FAILED, INVALID_REQUEST, UNKNOWN_SERVER_ERROR.
   */
  errorCode: number
  errorMessage: string | null
  /** Milliseconds that renewed locks last. */
  acquisitionLockTimeoutMs: number
  responses: ShareAcknowledgeTopic[]
  /** Addresses of the brokers that `currentLeader` names. */
  nodeEndpoints: ShareAcknowledgeNodeEndpoint[]
}

export interface ShareAcknowledgeTopic {
  topicId: string
  partitions: ShareAcknowledgePartition[]
}

export interface ShareAcknowledgePartition {
  partitionIndex: number
  /**
   * INVALID_RECORD_STATE: the lock had run out, another member may have the record. NOT_LEADER_OR_FOLLOWER: the locks
   * went with the old leader, nothing is left to acknowledge; fetch from `currentLeader`. UNKNOWN_TOPIC_OR_PARTITION,
   * UNKNOWN_TOPIC_ID, KAFKA_STORAGE_ERROR: refresh the metadata. TOPIC_AUTHORIZATION_FAILED; INVALID_REQUEST.
   */
  errorCode: number
  errorMessage: string | null
  /** Filled with NOT_LEADER_OR_FOLLOWER. */
  currentLeader: ShareAcknowledgeLeader
}

export interface ShareAcknowledgeLeader {
  /** Node id; -1 when unknown. */
  leaderId: number
  leaderEpoch: number
}

export interface ShareAcknowledgeNodeEndpoint {
  nodeId: number
  host: string
  port: number
  /** Null when it has no rack. */
  rack: string | null
}

const batch = struct<ShareAcknowledgeBatch>({ firstOffset: int64, lastOffset: int64, acknowledgeTypes: array(int8) })

const requestPartition = struct<ShareAcknowledgeRequestPartition>({
  partitionIndex: int32,
  acknowledgementBatches: array(batch),
})

const requestTopic = struct<ShareAcknowledgeRequestTopic>({ topicId: uuid, partitions: array(requestPartition) })

const leader = struct<ShareAcknowledgeLeader>({ leaderId: int32, leaderEpoch: int32 })

const partition = struct<ShareAcknowledgePartition>({
  partitionIndex: int32,
  errorCode: int16,
  errorMessage: nullable(string).default(null),
  currentLeader: leader,
})

const topic = struct<ShareAcknowledgeTopic>({ topicId: uuid, partitions: array(partition) })

const nodeEndpoint = struct<ShareAcknowledgeNodeEndpoint>({
  nodeId: int32,
  host: string,
  port: int32,
  rack: nullable(string).default(null),
})

export const shareAcknowledgeApi: Api<ShareAcknowledgeRequest, ShareAcknowledgeResponse> = {
  name: 'ShareAcknowledge',
  key: 79,
  request: message<ShareAcknowledgeRequest>({
    name: 'ShareAcknowledgeRequest',
    apiKey: 79,
    versions: { min: 1, max: 2 },
    flexibleFrom: 0,
    fields: {
      groupId: nullable(string).default(null),
      memberId: nullable(string),
      shareSessionEpoch: int32,
      isRenewAck: boolean.since(2),
      topics: array(requestTopic),
    },
  }),
  response: message<ShareAcknowledgeResponse>({
    name: 'ShareAcknowledgeResponse',
    apiKey: 79,
    versions: { min: 1, max: 2 },
    flexibleFrom: 0,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
      errorMessage: nullable(string).default(null),
      acquisitionLockTimeoutMs: int32.since(2).ignorable(),
      responses: array(topic),
      nodeEndpoints: array(nodeEndpoint),
    },
  }),
}
