import { ZERO_UUID } from '../protocol/bytes/uuid.ts'
import type { ProduceRequest, ProduceResponse } from '../protocol/messages/00-produce.ts'
import type { Encodable } from '../protocol/schema.ts'
import type { ProducerBatch } from './batch.ts'
import type { PartitionQueue } from './partition-queue.ts'

/** First version of Produce that names topics by id instead of name (KIP-516). */
const TOPIC_ID_VERSION = 13

/** A batch on its way, with the bytes that carry it. */
export interface Shipment {
  readonly queue: PartitionQueue
  readonly batch: ProducerBatch
  /** The zero UUID when it is not known. */
  readonly topicId: string
  records: Uint8Array
}

type TopicData = ProduceRequest['topicData'][number]

/** What a broker answers about one partition. */
export type PartitionAnswer = ProduceResponse['responses'][number]['partitionResponses'][number]

/** What a producer's requests say about its transactions. */
export interface TransactionTerms {
  readonly transactionalId: string
  readonly maxProduceVersion: number | undefined
}

/** The highest version that can name all topics of a request, and suits its transaction; undefined for no limit. */
export function maxVersionFor(shipments: readonly Shipment[], terms: TransactionTerms | undefined): number | undefined {
  if (terms?.maxProduceVersion !== undefined) return terms.maxProduceVersion
  for (let i = 0; i < shipments.length; i++) if (shipments[i]!.topicId === ZERO_UUID) return TOPIC_ID_VERSION - 1
  return undefined
}

/** The request that carries the shipments, which are of different partitions. */
export function produceRequest(
  shipments: readonly Shipment[],
  acks: number,
  timeoutMs: number,
  version: number,
  transactionalId: string | null,
): Encodable<ProduceRequest> {
  const byId = version >= TOPIC_ID_VERSION
  const topicData = shipments.length === 1 ? [topicOf(shipments[0]!, byId)] : byTopic(shipments, byId)
  return { transactionalId, acks, timeoutMs, topicData }
}

/** The topic of a shipment, which is all that there is of it so far. */
function topicOf({ queue, topicId, records }: Shipment, byId: boolean): TopicData {
  const partitionData = [{ index: queue.partition, records }]
  return { name: byId ? '' : queue.topic, topicId: byId ? topicId : ZERO_UUID, partitionData }
}

function byTopic(shipments: readonly Shipment[], byId: boolean): TopicData[] {
  const topics = new Map<string, TopicData>()
  for (const shipment of shipments) {
    const { queue, records } = shipment
    const topic = topics.get(queue.topic)
    if (topic === undefined) topics.set(queue.topic, topicOf(shipment, byId))
    else topic.partitionData.push({ index: queue.partition, records })
  }
  return [...topics.values()]
}

/** The answers to the shipments, in their order; undefined where the broker gave none. */
export function answersTo(shipments: readonly Shipment[], response: ProduceResponse): (PartitionAnswer | undefined)[] {
  return answersInOrder(shipments, response) ?? answersByPlace(shipments, response)
}

/** The answers when they come in the order of the shipments, as they nearly always do; undefined otherwise. */
function answersInOrder(shipments: readonly Shipment[], response: ProduceResponse): PartitionAnswer[] | undefined {
  const { responses } = response
  let count = 0
  for (let i = 0; i < responses.length; i++) {
    const { name, topicId, partitionResponses } = responses[i]!
    for (let j = 0; j < partitionResponses.length; j++) {
      const shipment = shipments[count++]
      if (shipment === undefined || partitionResponses[j]!.index !== shipment.queue.partition) return undefined
      if (name === '' ? topicId !== shipment.topicId : name !== shipment.queue.topic) return undefined
    }
  }
  if (count !== shipments.length) return undefined
  return responses.length === 1
    ? responses[0]!.partitionResponses
    : responses.flatMap(({ partitionResponses }) => partitionResponses)
}

function answersByPlace(shipments: readonly Shipment[], response: ProduceResponse): (PartitionAnswer | undefined)[] {
  const answers = new Map<string, PartitionAnswer>()
  for (const { name, topicId, partitionResponses } of response.responses) {
    for (const answer of partitionResponses) answers.set(`${answer.index} ${name === '' ? topicId : name}`, answer)
  }
  return shipments.map(
    ({ queue, topicId }) =>
      answers.get(`${queue.partition} ${queue.topic}`) ?? answers.get(`${queue.partition} ${topicId}`),
  )
}
