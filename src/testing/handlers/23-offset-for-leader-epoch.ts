import { ERROR } from '../../protocol/error-codes.ts'
import {
  offsetForLeaderEpochApi,
  type OffsetForLeaderEpochPartition,
  type OffsetForLeaderEpochPartitionResult,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
} from '../../protocol/messages/23-offset-for-leader-epoch.ts'
import type { Handler, RequestContext } from '../handler.ts'

export const offsetForLeaderEpochHandler: Handler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse> = {
  api: offsetForLeaderEpochApi,
  // Kafka 4.4 has dropped the older ones.
  advertised: { min: 2, max: 4 },

  handle({ topics }, context) {
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((request) => endOfEpoch(topic, request, context)),
      })),
    }
  },

  fail({ topics }, errorCode) {
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((request) => failed(request, errorCode)),
      })),
    }
  },
}

/** Java: UnifiedLog.endOffsetForEpoch. */
function endOfEpoch(
  topic: string,
  request: OffsetForLeaderEpochPartition,
  { cluster, node }: RequestContext,
): OffsetForLeaderEpochPartitionResult {
  const partition = cluster.partition(topic, request.partition)
  if (partition === undefined) return failed(request, ERROR.UNKNOWN_TOPIC_OR_PARTITION)
  const errorCode = partition.accessError(node.id, request.currentLeaderEpoch)
  if (errorCode !== ERROR.NONE) return failed(request, errorCode)
  const end = request.leaderEpoch < 0 ? undefined : partition.log.endOfEpoch(request.leaderEpoch)
  if (end === undefined) return failed(request, ERROR.NONE)
  return { ...failed(request, ERROR.NONE), leaderEpoch: end.epoch, endOffset: BigInt(end.endOffset) }
}

/** An answer without an end. */
function failed({ partition }: OffsetForLeaderEpochPartition, errorCode: number): OffsetForLeaderEpochPartitionResult {
  return { partition, errorCode, leaderEpoch: -1, endOffset: -1n }
}
