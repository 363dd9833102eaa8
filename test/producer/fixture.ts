import { Kafka } from '../../src/kafka.ts'
import type { ProducerOptions } from '../../src/producer/options.ts'
import type { Producer } from '../../src/producer/producer.ts'
import { produceApi, type ProduceRequest, type ProduceResponse } from '../../src/protocol/messages/00-produce.ts'
import { readBatches } from '../../src/protocol/records/read-batches.ts'
import type { RecordBatch } from '../../src/protocol/records/record-batch.ts'
import type { TestBroker } from '../../src/testing/index.ts'

/** Numbers as text, `0` to `count - 1`, for one partition. */
export function numbered(
  topic: string,
  partition: number,
  count: number,
  from = 0,
): { topic: string; partition: number; value: string }[] {
  return Array.from({ length: count }, (_, i) => ({ topic, partition, value: `${from + i}` }))
}

/** The text of all values that a partition holds. */
export async function storedValues(broker: TestBroker, topic: string, partition: number): Promise<string[]> {
  const records = await broker.records(topic, partition)
  return records.map(({ value }) => new TextDecoder().decode(value ?? new Uint8Array(0)))
}

/** What `numbered` makes, once each and in order. */
export function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i}`)
}

/** A producer of impatient retries whose batches hold about five short records, so that many are in flight. */
export function smallBatchProducer(
  broker: TestBroker,
  options: ProducerOptions<Uint8Array | string, Uint8Array | string> = {},
  client: { requestTimeoutMs?: number } = {},
): Producer {
  const kafka = new Kafka({
    bootstrapServers: broker.bootstrapServers,
    retryBackoffMs: 1,
    retryBackoffMaxMs: 5,
    reconnectBackoffMs: 1,
    reconnectBackoffMaxMs: 5,
    ...client,
  })
  return kafka.producer({ batchSizeBytes: 110, ...options })
}

/** The same answer for every partition that was asked for. */
export function answerAll(
  request: ProduceRequest,
  answer: Partial<ProduceResponse['responses'][number]['partitionResponses'][number]>,
): Partial<ProduceResponse> {
  const responses = request.topicData.map(({ name, topicId, partitionData }) => {
    const partitionResponses = partitionData.map(({ index }) => ({ index, errorCode: 0, baseOffset: -1n, ...answer }))
    return { name, topicId, partitionResponses }
  })
  return { responses: responses as ProduceResponse['responses'] }
}

/** The batches of all produce requests that came in, in the order they came. */
export function receivedBatches(broker: TestBroker): RecordBatch[] {
  return broker.requests.of(produceApi).flatMap(({ request }) => batchesOf(request))
}

/** The batches of a request. */
export function batchesOf(request: ProduceRequest): RecordBatch[] {
  return request.topicData.flatMap(({ partitionData }) =>
    partitionData.flatMap(({ records }) => [...readBatches(records ?? new Uint8Array(0))]),
  )
}
