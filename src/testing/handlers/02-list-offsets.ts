import { ERROR } from '../../protocol/error-codes.ts'
import {
  listOffsetsApi,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
} from '../../protocol/messages/02-list-offsets.ts'
import type { Handler, RequestContext } from '../handler.ts'
import type { Partition } from '../state/partition.ts'
import type { RecordPosition } from '../state/partition-log.ts'

type PartitionRequest = ListOffsetsRequest['topics'][number]['partitions'][number]
type PartitionResponse = ListOffsetsResponse['topics'][number]['partitions'][number]

const LATEST = -1n
const EARLIEST = -2n
const MAX_TIMESTAMP = -3n
const EARLIEST_LOCAL = -4n

const READ_COMMITTED = 1
/** Replica id of whoever is no broker. */
const CONSUMER = -1

/**
 * First version that knows each special timestamp. There is no tiered storage here, so nothing is ever found for the
 * last two.
 */
const SPECIAL_TIMESTAMPS: ReadonlyMap<bigint, number> = new Map([
  [LATEST, 1],
  [EARLIEST, 1],
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [-5n, 9],
  [-6n, 11],
])

export const listOffsetsHandler: Handler<ListOffsetsRequest, ListOffsetsResponse> = {
  api: listOffsetsApi,

  async handle({ topics, replicaId, isolationLevel }, context) {
    // Only consumers are held back; replicas are not.
    const isReadCommitted = isolationLevel === READ_COMMITTED && replicaId === CONSUMER
    const answers: ListOffsetsResponse['topics'] = []
    for (const { name, partitions } of topics) {
      const responses: PartitionResponse[] = []
      for (const request of partitions) {
        const isTwice = partitions.filter(({ partitionIndex }) => partitionIndex === request.partitionIndex).length > 1
        responses.push(
          isTwice ? answer(request, ERROR.INVALID_REQUEST) : await findOffset(name, request, isReadCommitted, context),
        )
      }
      answers.push({ name, partitions: responses })
    }
    return { topics: answers }
  },

  fail({ topics }, errorCode) {
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map((request) => answer(request, errorCode)),
      })),
    }
  },
}

async function findOffset(
  topic: string,
  request: PartitionRequest,
  isReadCommitted: boolean,
  { cluster, node, apiVersion }: RequestContext,
): Promise<PartitionResponse> {
  const { timestamp } = request
  if (timestamp < 0n && apiVersion < (SPECIAL_TIMESTAMPS.get(timestamp) ?? Infinity)) {
    return answer(request, ERROR.UNSUPPORTED_VERSION)
  }
  const partition = cluster.partition(topic, request.partitionIndex)
  if (partition === undefined) return answer(request, ERROR.UNKNOWN_TOPIC_OR_PARTITION)
  const errorCode = partition.accessError(node.id, request.currentLeaderEpoch)
  if (errorCode !== ERROR.NONE) return answer(request, errorCode)
  const end = isReadCommitted ? partition.lastStableOffset : partition.log.endOffset
  const found = await search(partition, timestamp, end)
  // Leader epochs came with version 4.
  return answer(request, ERROR.NONE, found !== undefined && apiVersion < 4 ? { ...found, leaderEpoch: -1 } : found)
}

/** @param endOffset - up to where the client may read. */
async function search(
  { log, leaderEpoch }: Partition,
  timestamp: bigint,
  endOffset: number,
): Promise<RecordPosition | undefined> {
  switch (timestamp) {
    case LATEST:
      return { offset: endOffset, timestamp: -1, leaderEpoch }
    case EARLIEST:
    case EARLIEST_LOCAL:
      return { offset: log.startOffset, timestamp: -1, leaderEpoch: log.earliestEpoch ?? -1 }
    case MAX_TIMESTAMP:
      return log.findMaxTimestamp()
    default:
      return timestamp < 0n ? undefined : before(endOffset, await log.findByTimestamp(Number(timestamp)))
  }
}

function before(endOffset: number, found: RecordPosition | undefined): RecordPosition | undefined {
  return found === undefined || found.offset >= endOffset ? undefined : found
}

/** Where nothing was found, timestamp and offset are -1. */
function answer({ partitionIndex }: PartitionRequest, errorCode: number, found?: RecordPosition): PartitionResponse {
  return {
    partitionIndex,
    errorCode,
    timestamp: BigInt(found?.timestamp ?? -1),
    offset: BigInt(found?.offset ?? -1),
    leaderEpoch: found?.leaderEpoch ?? -1,
  }
}
