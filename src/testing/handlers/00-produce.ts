import { DecodeError } from '../../errors.ts'
import { ERROR } from '../../protocol/error-codes.ts'
import { produceApi, type ProduceRequest, type ProduceResponse } from '../../protocol/messages/00-produce.ts'
import { readBatches } from '../../protocol/records/read-batches.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { appendBatch, isUnreadable, refusal, type AppendResult } from '../state/append-batch.ts'
import type { Partition } from '../state/partition.ts'
import { endpointsOf } from './endpoints.ts'

type TopicData = ProduceRequest['topicData'][number]
type PartitionData = TopicData['partitionData'][number]
type PartitionResponse = ProduceResponse['responses'][number]['partitionResponses'][number]

/** First version with topic ids instead of names (KIP-516). */
const FIRST_VERSION_WITH_IDS = 13
/** First version that tells who leads instead (KIP-951). */
const FIRST_VERSION_WITH_LEADER = 10

export const produceHandler: Handler<ProduceRequest, ProduceResponse> = {
  api: produceApi,
  // Versions 0 to 2 are offered and then refused: librdkafka takes their absence for a broker without newer record
  // formats (KAFKA-18659).
  advertised: { min: 0, max: produceApi.request.versions.max },

  async handle(request, context) {
    const refused = requestError(request)
    if (refused !== undefined) return failAll(request, refused.errorCode, refused.reason)
    const responses: ProduceResponse['responses'] = []
    const leaders = new Set<number>()
    for (const topic of request.topicData) {
      const partitionResponses: PartitionResponse[] = []
      for (const data of topic.partitionData) {
        const response = await produce(topic, data, request, context)
        if (response.currentLeader.leaderId >= 0) leaders.add(response.currentLeader.leaderId)
        partitionResponses.push(response)
      }
      responses.push({ name: topic.name, topicId: topic.topicId, partitionResponses })
    }
    return { responses, nodeEndpoints: endpointsOf(context.cluster, leaders) }
  },

  fail(request, errorCode) {
    return failAll(request, errorCode, null)
  },

  // Without acks there is no response; an error shows as a lost connection, so that the client looks for new metadata.
  delivery({ acks }, { responses = [] }) {
    if (acks !== 0) return 'send'
    const hasError = responses.some(({ partitionResponses = [] }) =>
      partitionResponses.some(({ errorCode = 0 }) => errorCode !== 0),
    )
    return hasError ? 'close' : 'keep'
  },
}

function failAll(
  { topicData }: ProduceRequest,
  errorCode: number,
  errorMessage: string | null,
): Partial<ProduceResponse> {
  const responses = topicData.map(({ name, topicId, partitionData }) => ({
    name,
    topicId,
    partitionResponses: partitionData.map(({ index }) =>
      Object.assign(toResponse(index, refusal(errorCode, null)), { errorMessage }),
    ),
  }))
  return { responses }
}

/**
 * Why a request is refused as a whole: its batches cannot be told apart, or are of a transaction of which the request
 * knows nothing (Java: KafkaApis.handleProduceRequest).
 */
function requestError(request: ProduceRequest): { errorCode: number; reason: string | null } | undefined {
  const all = request.topicData.flatMap(({ partitionData }) => partitionData)
  try {
    for (const { records } of all) {
      for (const batch of readBatches(records ?? new Uint8Array(0), { checkCrcs: false })) {
        if (!batch.isTransactional || request.transactionalId !== null) continue
        return { errorCode: ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, reason: null }
      }
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    if (isUnreadable(error)) return { errorCode: ERROR.CORRUPT_MESSAGE, reason: error.message }
  }
  return undefined
}

async function produce(
  topic: TopicData,
  { index, records }: PartitionData,
  { acks, transactionalId }: ProduceRequest,
  context: RequestContext,
): Promise<PartitionResponse> {
  const { cluster, node, apiVersion } = context
  if (acks !== 0 && acks !== 1 && acks !== -1) return toResponse(index, refusal(ERROR.INVALID_REQUIRED_ACKS, null))
  const usesIds = apiVersion >= FIRST_VERSION_WITH_IDS
  const known = cluster.topics.find(topic, usesIds)
  const partition = known?.partitions[index]
  if (partition === undefined) {
    const isUnknownId = usesIds && known === undefined
    const errorCode = isUnknownId ? ERROR.UNKNOWN_TOPIC_ID : ERROR.UNKNOWN_TOPIC_OR_PARTITION
    return toResponse(index, refusal(errorCode, null))
  }
  const errorCode = partition.accessError(node.id, -1)
  if (errorCode !== ERROR.NONE) {
    return withLeader(toResponse(index, refusal(errorCode, null)), partition, apiVersion)
  }
  if (acks === -1 && partition.isr.length < partition.topic.config.minInsyncReplicas) {
    return toResponse(index, refusal(ERROR.NOT_ENOUGH_REPLICAS, null))
  }
  const refused = transactionalId === null ? ERROR.NONE : admit(transactionalId, partition, records, context)
  if (refused !== ERROR.NONE) return toResponse(index, refusal(refused, null))
  const result = await appendBatch(partition, records, apiVersion)
  return toResponse(index, result, result.isAtLog ? partition.log.startOffset : -1)
}

/**
 * Has the coordinator add the partition to the transaction that a batch belongs to, or, for older clients, tell whether it was
 * (KIP-890; Java: ReplicaManager.maybeSendPartitionsToTransactionCoordinator). An error code.
 */
function admit(
  transactionalId: string,
  partition: Partition,
  records: Uint8Array | null,
  { cluster, apiVersion }: RequestContext,
): number {
  const [batch] = readBatches(records ?? new Uint8Array(0), { checkCrcs: false })
  if (batch === undefined || !batch.isTransactional || batch.producerId < 0n) return ERROR.NONE
  const { producerId, producerEpoch } = batch
  if (partition.transactions.isOpen(producerId)) return ERROR.NONE
  const support = apiVersion > 11 ? 'add' : apiVersion > 10 ? 'check' : 'check, old codes'
  return cluster.transactions.admit(transactionalId, { producerId, producerEpoch }, partition, support)
}

function toResponse(index: number, result: AppendResult, logStartOffset = -1): PartitionResponse {
  return {
    index,
    errorCode: result.errorCode,
    baseOffset: BigInt(result.baseOffset),
    logAppendTimeMs: BigInt(result.logAppendTime),
    logStartOffset: BigInt(logStartOffset),
    recordErrors: result.recordErrors.map(({ batchIndex, message }) => ({
      batchIndex,
      batchIndexErrorMessage: message,
    })),
    errorMessage: result.recordErrors.length > 0 ? result.reason : null,
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
  }
}

function withLeader(response: PartitionResponse, partition: Partition, apiVersion: number): PartitionResponse {
  if (apiVersion < FIRST_VERSION_WITH_LEADER || response.errorCode !== ERROR.NOT_LEADER_OR_FOLLOWER) return response
  return { ...response, currentLeader: { leaderId: partition.leaderId, leaderEpoch: partition.leaderEpoch } }
}
