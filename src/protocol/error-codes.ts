import { BrokerError, type BrokerErrorContext } from '../errors.ts'

/**
 * What to do about an error: `retry` as it is, `refresh` the metadata and retry, or nothing, when retrying is in vain.
 */
type Remedy = 'retry' | 'refresh'

/** Every error code of Kafka 4.4 (Java: org.apache.kafka.common.protocol.Errors), in numeric order. */
const table = {
  UNKNOWN_SERVER_ERROR: [-1, 'the broker failed in a way it has no code for; its log says more'],
  NONE: [0, 'no error'],
  OFFSET_OUT_OF_RANGE: [1, 'the partition has no such offset: it was deleted, or not written yet'],
  CORRUPT_MESSAGE: [2, 'a record fails its checksum, is malformed, or lacks the key a compacted topic needs', 'retry'],
  UNKNOWN_TOPIC_OR_PARTITION: [3, 'the broker has no such topic or partition, or not any more', 'refresh'],
  INVALID_FETCH_SIZE: [4, 'the fetch asks for an impossible number of bytes'],
  LEADER_NOT_AVAILABLE: [5, 'the partition has no leader while one is elected', 'refresh'],
  NOT_LEADER_OR_FOLLOWER: [6, 'the broker does not lead the partition, or holds no replica of it', 'refresh'],
  REQUEST_TIMED_OUT: [7, 'the broker did not finish the request within the time it was given', 'retry'],
  BROKER_NOT_AVAILABLE: [8, 'the broker that is needed is down'],
  REPLICA_NOT_AVAILABLE: [9, 'a replica of the partition is down', 'refresh'],
  MESSAGE_TOO_LARGE: [10, 'the batch is larger than max.message.bytes of the topic'],
  STALE_CONTROLLER_EPOCH: [11, 'another controller has taken over'],
  OFFSET_METADATA_TOO_LARGE: [12, 'the text kept with a committed offset is longer than the broker allows'],
  NETWORK_EXCEPTION: [13, 'the connection was lost before the answer came', 'refresh'],
  COORDINATOR_LOAD_IN_PROGRESS: [14, 'the coordinator is still reading its state', 'retry'],
  COORDINATOR_NOT_AVAILABLE: [15, 'no coordinator is up for the group or transactional id', 'retry'],
  NOT_COORDINATOR: [16, 'another broker coordinates the group or transactional id', 'retry'],
  INVALID_TOPIC_EXCEPTION: [17, 'the topic name is not valid, or the topic may not be used this way'],
  RECORD_LIST_TOO_LARGE: [18, 'the batch is larger than a log segment of the topic'],
  NOT_ENOUGH_REPLICAS: [19, 'fewer replicas are in sync than min.insync.replicas asks for', 'retry'],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: [20, 'the records were written, but to fewer replicas than required', 'retry'],
  INVALID_REQUIRED_ACKS: [21, 'acks must be 0, 1 or -1'],
  ILLEGAL_GENERATION: [22, 'the group has moved on to another generation'],
  INCONSISTENT_GROUP_PROTOCOL: [23, 'the member shares no assignor with the group, or is of another protocol type'],
  INVALID_GROUP_ID: [24, 'the group id is not valid'],
  UNKNOWN_MEMBER_ID: [25, 'the group has no member of this id, or not any more'],
  INVALID_SESSION_TIMEOUT: [
    26,
    "the session timeout is outside the broker's group.min and group.max.session.timeout.ms",
  ],
  REBALANCE_IN_PROGRESS: [27, 'the group is rebalancing: join it again'],
  INVALID_COMMIT_OFFSET_SIZE: [28, 'the committed offset and its metadata are too large to store'],
  TOPIC_AUTHORIZATION_FAILED: [29, 'the principal may not do this with the topic'],
  GROUP_AUTHORIZATION_FAILED: [30, 'the principal may not do this with the group'],
  CLUSTER_AUTHORIZATION_FAILED: [31, 'the principal may not do this with the cluster'],
  INVALID_TIMESTAMP: [32, 'a timestamp is further from the present than the topic allows'],
  UNSUPPORTED_SASL_MECHANISM: [33, 'the listener does not offer this SASL mechanism'],
  ILLEGAL_SASL_STATE: [34, 'the request does not fit the present state of authentication'],
  UNSUPPORTED_VERSION: [35, 'the broker does not offer this version of the API'],
  TOPIC_ALREADY_EXISTS: [36, 'a topic of this name exists already'],
  INVALID_PARTITIONS: [37, 'the number of partitions is not valid'],
  INVALID_REPLICATION_FACTOR: [38, 'the replication factor must be at least 1 and at most the number of brokers'],
  INVALID_REPLICA_ASSIGNMENT: [39, 'the assignment of replicas is not valid'],
  INVALID_CONFIG: [40, 'a configuration entry is not valid'],
  NOT_CONTROLLER: [41, 'the broker is not the controller', 'retry'],
  INVALID_REQUEST: [42, 'the broker finds the request malformed or contradictory; its log says more'],
  UNSUPPORTED_FOR_MESSAGE_FORMAT: [43, 'the message format of the topic is too old for this'],
  POLICY_VIOLATION: [44, 'a policy set up on the broker refuses the request'],
  OUT_OF_ORDER_SEQUENCE_NUMBER: [45, 'a batch of an idempotent producer is missing before this one'],
  DUPLICATE_SEQUENCE_NUMBER: [46, 'the batch was written before'],
  INVALID_PRODUCER_EPOCH: [47, 'the producer id is in use at a newer epoch'],
  INVALID_TXN_STATE: [48, 'the transaction is in a state that does not allow this'],
  INVALID_PRODUCER_ID_MAPPING: [49, 'the transactional id belongs to another producer id'],
  INVALID_TRANSACTION_TIMEOUT: [50, "the transaction timeout is above the broker's transaction.max.timeout.ms"],
  CONCURRENT_TRANSACTIONS: [51, 'the previous transaction of this id is still being completed', 'retry'],
  TRANSACTION_COORDINATOR_FENCED: [52, 'a newer coordinator has taken over the transaction'],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: [53, 'the principal may not use the transactional id'],
  SECURITY_DISABLED: [54, 'the cluster has no authorizer, so it keeps no ACLs'],
  OPERATION_NOT_ATTEMPTED: [55, 'the broker left this part out because another part of the request failed'],
  KAFKA_STORAGE_ERROR: [56, 'a log directory of the broker has failed', 'refresh'],
  LOG_DIR_NOT_FOUND: [57, 'the broker has no such log directory'],
  SASL_AUTHENTICATION_FAILED: [58, 'the broker refused the credentials'],
  UNKNOWN_PRODUCER_ID: [59, 'the broker keeps no state of this producer id, as after its records have expired'],
  REASSIGNMENT_IN_PROGRESS: [60, 'the partition is being reassigned'],
  DELEGATION_TOKEN_AUTH_DISABLED: [61, 'the cluster has delegation tokens switched off'],
  DELEGATION_TOKEN_NOT_FOUND: [62, 'no such delegation token exists'],
  DELEGATION_TOKEN_OWNER_MISMATCH: [63, 'the principal neither owns nor may renew the delegation token'],
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: [
    64,
    'delegation tokens need a listener with SASL or mutual TLS, logged in without one',
  ],
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: [65, 'the principal may not do this with the delegation token'],
  DELEGATION_TOKEN_EXPIRED: [66, 'the delegation token has expired'],
  INVALID_PRINCIPAL_TYPE: [67, 'the broker does not know this type of principal'],
  NON_EMPTY_GROUP: [68, 'the group still has members'],
  GROUP_ID_NOT_FOUND: [69, 'no such group exists'],
  FETCH_SESSION_ID_NOT_FOUND: [70, 'the broker no longer keeps this fetch session', 'retry'],
  INVALID_FETCH_SESSION_EPOCH: [71, 'the fetch session is at another epoch', 'retry'],
  LISTENER_NOT_FOUND: [72, 'the leader has no listener of the name the client connected to', 'refresh'],
  TOPIC_DELETION_DISABLED: [73, 'delete.topic.enable is off'],
  FENCED_LEADER_EPOCH: [74, 'the leader epoch of the client is out of date', 'refresh'],
  UNKNOWN_LEADER_EPOCH: [75, 'the leader epoch of the client is ahead of the broker', 'retry'],
  UNSUPPORTED_COMPRESSION_TYPE: [76, 'the API version in use cannot carry the compression of the topic'],
  STALE_BROKER_EPOCH: [77, 'the broker has registered anew since'],
  OFFSET_NOT_AVAILABLE: [78, 'a new leader does not know the end of the partition yet', 'retry'],
  MEMBER_ID_REQUIRED: [79, 'join again with the member id that came with this answer'],
  PREFERRED_LEADER_NOT_AVAILABLE: [80, 'the preferred leader is down', 'refresh'],
  GROUP_MAX_SIZE_REACHED: [81, 'the group is full'],
  FENCED_INSTANCE_ID: [82, 'another member has taken over this group.instance.id'],
  ELIGIBLE_LEADERS_NOT_AVAILABLE: [83, 'no replica that could lead is up', 'refresh'],
  ELECTION_NOT_NEEDED: [84, 'the partition has the wanted leader already', 'refresh'],
  NO_REASSIGNMENT_IN_PROGRESS: [85, 'the partition is not being reassigned'],
  GROUP_SUBSCRIBED_TO_TOPIC: [86, 'members of the group are subscribed to the topic'],
  INVALID_RECORD: [87, 'the broker refuses a record of the batch'],
  UNSTABLE_OFFSET_COMMIT: [88, 'a transaction that commits these offsets is still open', 'retry'],
  THROTTLING_QUOTA_EXCEEDED: [89, 'a quota is used up for now', 'retry'],
  PRODUCER_FENCED: [90, 'a newer producer uses the same transactional id'],
  RESOURCE_NOT_FOUND: [91, 'what the request names does not exist'],
  DUPLICATE_RESOURCE: [92, 'the request names the same thing twice'],
  UNACCEPTABLE_CREDENTIAL: [93, 'the credential is not acceptable, such as an empty name or too few iterations'],
  INCONSISTENT_VOTER_SET: [94, 'sender and receiver disagree on who votes in the quorum'],
  INVALID_UPDATE_VERSION: [95, 'the version to update from or to is not valid'],
  FEATURE_UPDATE_FAILED: [96, 'the controller could not update the feature'],
  PRINCIPAL_DESERIALIZATION_FAILURE: [97, 'the controller cannot read the principal of a forwarded request'],
  SNAPSHOT_NOT_FOUND: [98, 'no such snapshot exists'],
  POSITION_OUT_OF_RANGE: [99, 'the position is outside the snapshot'],
  UNKNOWN_TOPIC_ID: [100, 'the broker has no topic of this id', 'refresh'],
  DUPLICATE_BROKER_REGISTRATION: [101, 'another broker has this node id'],
  BROKER_ID_NOT_REGISTERED: [102, 'no broker of this node id is registered'],
  INCONSISTENT_TOPIC_ID: [103, 'the topic has another id, so it was deleted and created again', 'refresh'],
  INCONSISTENT_CLUSTER_ID: [104, 'the broker belongs to another cluster'],
  TRANSACTIONAL_ID_NOT_FOUND: [105, 'the coordinator does not know the transactional id'],
  FETCH_SESSION_TOPIC_ID_ERROR: [106, 'the fetch session mixes topic ids and names', 'retry'],
  INELIGIBLE_REPLICA: [107, 'a replica in the new set is not fit to be in sync'],
  NEW_LEADER_ELECTED: [108, 'the change was made, and moved the leadership to another replica'],
  OFFSET_MOVED_TO_TIERED_STORAGE: [109, 'the offset is kept in remote storage only'],
  FENCED_MEMBER_EPOCH: [110, 'the member epoch is out of date: give up all partitions and join again'],
  UNRELEASED_INSTANCE_ID: [111, 'another member still holds this group.instance.id'],
  UNSUPPORTED_ASSIGNOR: [112, 'the group does not support the assignor'],
  STALE_MEMBER_EPOCH: [113, 'the member epoch is behind: retry with the one of the latest heartbeat'],
  MISMATCHED_ENDPOINT_TYPE: [114, 'a broker was asked for controllers, or a controller for brokers'],
  UNSUPPORTED_ENDPOINT_TYPE: [115, 'the broker does not know this type of endpoint'],
  UNKNOWN_CONTROLLER_ID: [116, 'no controller of this id is known'],
  UNKNOWN_SUBSCRIPTION_ID: [117, 'the telemetry subscription has changed: ask for it again'],
  TELEMETRY_TOO_LARGE: [118, 'the pushed metrics are larger than the broker takes'],
  INVALID_REGISTRATION: [119, 'the controller refuses the registration'],
  TRANSACTION_ABORTABLE: [120, 'the transaction failed: abort it, then go on with the same transactional id'],
  INVALID_RECORD_STATE: [121, 'the record is not acquired by this member, or not any more'],
  SHARE_SESSION_NOT_FOUND: [122, 'the broker no longer keeps this share session', 'retry'],
  INVALID_SHARE_SESSION_EPOCH: [123, 'the share session is at another epoch', 'retry'],
  FENCED_STATE_EPOCH: [124, 'the state epoch of the share partition is out of date'],
  INVALID_VOTER_KEY: [125, 'the voter key is not that of the receiver'],
  DUPLICATE_VOTER: [126, 'the voter is in the quorum already'],
  VOTER_NOT_FOUND: [127, 'the quorum has no such voter'],
  INVALID_REGULAR_EXPRESSION: [128, 'the pattern is not valid RE2 syntax'],
  REBOOTSTRAP_REQUIRED: [129, 'start over from the bootstrap servers'],
  STREAMS_INVALID_TOPOLOGY: [130, 'the topology is not valid'],
  STREAMS_INVALID_TOPOLOGY_EPOCH: [131, 'the topology epoch is not valid'],
  STREAMS_TOPOLOGY_FENCED: [132, 'the topology epoch is out of date'],
  SHARE_SESSION_LIMIT_REACHED: [133, 'the broker keeps as many share sessions as it may', 'retry'],
  GROUP_DELETION_FAILED: [134, 'the group could not be deleted; the message with its result says why'],
  STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED: [135, 'the description of the topology could not be stored'],
  CONTROLLER_ID_NOT_REGISTERED: [136, 'no controller of this node id is registered'],
} as const

/** Kafka's name of an error code. */
export type ErrorName = keyof typeof table

/** What one error code means. */
export interface ErrorCode {
  code: number
  name: ErrorName
  /** One line, lower case, without a full stop. */
  message: string
  /** Whether the same request can succeed later (Java: RetriableException). */
  retriable: boolean
  /** Whether metadata must be fetched anew first (Java: InvalidMetadataException). */
  refreshesMetadata: boolean
}

/** Every error code that Kafka 4.4 knows, by number. */
export const errorCodes: readonly ErrorCode[] = Object.entries<readonly [number, string, Remedy?]>(table).map(
  ([name, [code, message, remedy]]) => ({
    code,
    name: name as ErrorName,
    message,
    retriable: remedy !== undefined,
    refreshesMetadata: remedy === 'refresh',
  }),
)

/** Code of each error name: `ERROR.NOT_COORDINATOR` is 16. */
export const ERROR: Readonly<Record<ErrorName, number>> = Object.fromEntries(
  errorCodes.map(({ name, code }) => [name, code]),
) as Record<ErrorName, number>

const byCode = new Map(errorCodes.map((error) => [error.code, error]))

/** What `code` means. A code newer than this table reads as UNKNOWN_SERVER_ERROR, with its own number, as in Java. */
export function errorOf(code: number): ErrorCode {
  return (
    byCode.get(code) ?? {
      code,
      name: 'UNKNOWN_SERVER_ERROR',
      message: 'the broker is newer than this client, which does not know the code',
      retriable: false,
      refreshesMetadata: false,
    }
  )
}

/**
 * The error to throw for a code that a broker answered with.
 * @param detail - what the broker itself said about it, if anything; takes the place of the general message.
 */
export function brokerError(code: number, context: BrokerErrorContext, detail?: string | null): BrokerError {
  const error = errorOf(code)
  return new BrokerError(detail ? { ...error, message: detail } : error, context)
}
