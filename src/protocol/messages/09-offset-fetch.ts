import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int64, message, nullable, string, struct, uuid } from '../schema.ts'

/**
 * Reads the committed offsets of a group, or from version 8 on of several. Goes to the coordinator, which must be that
 * of all of them.
 */
export interface OffsetFetchRequest {
  /** Up to version 7. */
  groupId: string
  /** Up to version 7. Null means every topic with a committed offset, from version 2 on. */
  topics: OffsetFetchRequestTopic[] | null
  /** From version 8 on (KIP-709). */
  groups: OffsetFetchRequestGroup[]
  /** Whether to answer UNSTABLE_OFFSET_COMMIT where a transaction is about to commit another offset (KIP-447). */
  requireStable: boolean
}

/** A topic up to version 7. */
export interface OffsetFetchRequestTopic {
  name: string
  partitionIndexes: number[]
}

export interface OffsetFetchRequestGroup {
  groupId: string
  /** Null unless asked by a member of a KIP-848 group. */
  memberId: string | null
  /** -1 unless asked by a member of a KIP-848 group. */
  memberEpoch: number
  /** Null means every topic with a committed offset. */
  topics: OffsetFetchRequestGroupTopic[] | null
}

/** A topic from version 8 on. */
export interface OffsetFetchRequestGroupTopic {
  /** Up to version 9. */
  name: string
  /** From version 10 on. */
  topicId: string
  partitionIndexes: number[]
}

const requestTopic = struct<OffsetFetchRequestTopic>({
  name: string,
  partitionIndexes: array(int32),
})

const requestGroupTopic = struct<OffsetFetchRequestGroupTopic>({
  name: string.until(9).ignorable(),
  topicId: uuid.since(10).ignorable(),
  partitionIndexes: array(int32),
})

const requestGroup = struct<OffsetFetchRequestGroup>({
  groupId: string,
  memberId: nullable(string, 9).since(9).default(null).ignorable(),
  memberEpoch: int32.since(9).default(-1).ignorable(),
  topics: nullable(array(requestGroupTopic)),
})

export interface OffsetFetchResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /** Up to version 7. */
  topics: OffsetFetchTopic[]
  /** Versions 2 to 7: as in OffsetFetchGroup. */
  errorCode: number
  /** From version 8 on. */
  groups: OffsetFetchGroup[]
}

/** A topic up to version 7. */
export interface OffsetFetchTopic {
  name: string
  partitions: OffsetFetchPartition[]
}

export interface OffsetFetchPartition {
  partitionIndex: number
  /** Offset of the next record to read; -1 when none is committed, which is no error. */
  committedOffset: bigint
  /** Leader epoch of the last record read; -1 when unknown. */
  committedLeaderEpoch: number
  /** Text that was committed with the offset. */
  metadata: string | null
  /**
   * UNSTABLE_OFFSET_COMMIT (retried), UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, TOPIC_AUTHORIZATION_FAILED; in
   * version 1 also the group's errors.
   */
  errorCode: number
}

export interface OffsetFetchGroup {
  groupId: string
  topics: OffsetFetchGroupTopic[]
  /**
   * After a new FindCoordinator: NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE; simply retried:
   * COORDINATOR_LOAD_IN_PROGRESS; with the latest epoch: STALE_MEMBER_EPOCH; else UNKNOWN_MEMBER_ID,
   * GROUP_ID_NOT_FOUND, GROUP_AUTHORIZATION_FAILED.
   */
  errorCode: number
}

/** A topic from version 8 on. */
export interface OffsetFetchGroupTopic {
  /** Up to version 9. */
  name: string
  /** From version 10 on. */
  topicId: string
  partitions: OffsetFetchPartition[]
}

const partition = struct<OffsetFetchPartition>({
  partitionIndex: int32,
  committedOffset: int64,
  committedLeaderEpoch: int32.since(5).default(-1).ignorable(),
  metadata: nullable(string),
  errorCode: int16,
})

const topic = struct<OffsetFetchTopic>({
  name: string,
  partitions: array(partition),
})

const groupTopic = struct<OffsetFetchGroupTopic>({
  name: string.until(9).ignorable(),
  topicId: uuid.since(10).ignorable(),
  partitions: array(partition),
})

const group = struct<OffsetFetchGroup>({
  groupId: string,
  topics: array(groupTopic),
  errorCode: int16,
})

export const offsetFetchApi: Api<OffsetFetchRequest, OffsetFetchResponse> = {
  name: 'OffsetFetch',
  key: 9,
  request: message<OffsetFetchRequest>({
    name: 'OffsetFetchRequest',
    apiKey: 9,
    versions: { min: 1, max: 10 },
    flexibleFrom: 6,
    fields: {
      groupId: string.until(7),
      topics: nullable(array(requestTopic), 2, 7).until(7),
      groups: array(requestGroup).since(8),
      requireStable: boolean.since(7),
    },
  }),
  response: message<OffsetFetchResponse>({
    name: 'OffsetFetchResponse',
    apiKey: 9,
    versions: { min: 1, max: 10 },
    flexibleFrom: 6,
    fields: {
      throttleTimeMs: int32.since(3).ignorable(),
      topics: array(topic).until(7),
      errorCode: int16.since(2).until(7).ignorable(),
      groups: array(group).since(8),
    },
  }),
}
