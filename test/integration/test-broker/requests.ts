import { type ProduceRequest } from '../../../src/protocol/messages/00-produce.ts'
import { type FetchRequest } from '../../../src/protocol/messages/01-fetch.ts'
import { initProducerIdApi } from '../../../src/protocol/messages/22-init-producer-id.ts'
import { type Encodable } from '../../../src/protocol/schema.ts'
import { type RawClient } from '../../testing/raw-client.ts'

/** Names a topic by both name and id. */
export interface TopicName {
  name: string
  id: string
}

/** A topic that no broker has. */
export const nowhere: TopicName = { name: 'no-such-topic', id: 'AAAAAAAAAAAAAAAAAAAAAQ' }

export function produce(
  version: number,
  topic: TopicName,
  records: Uint8Array | null,
  { acks = -1, index = 0 }: { acks?: number; index?: number } = {},
): Encodable<ProduceRequest> {
  const of = version >= 13 ? { topicId: topic.id } : { name: topic.name }
  return { acks, timeoutMs: 5000, topicData: [{ ...of, partitionData: [{ index, records }] }] }
}

export function fetch(
  version: number,
  topic: TopicName,
  partition: Partial<FetchRequest['topics'][number]['partitions'][number]>,
  request: Partial<FetchRequest> = {},
): Encodable<FetchRequest> {
  const of = version >= 13 ? { topicId: topic.id } : { topic: topic.name }
  return {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ ...of, partitions: [{ partitionMaxBytes: 1_000_000, ...partition }] }],
    ...request,
  }
}

/** An id for an idempotent producer. Kafka may still be fetching a block of them. */
export async function newProducerId(client: RawClient): Promise<bigint> {
  for (;;) {
    const request = { transactionalId: null, transactionTimeoutMs: 1000 }
    const { errorCode, producerId } = await client.send(initProducerIdApi, 4, request)
    if (errorCode === 0) return producerId
  }
}
