import type { Consumer } from '../../src/consumer/consumer.ts'
import { Kafka } from '../../src/kafka.ts'
import type { ProducerOptions } from '../../src/producer/options.ts'
import type { Producer } from '../../src/producer/producer.ts'
import { string } from '../../src/serdes.ts'
import type { TestBroker } from '../../src/testing/index.ts'

/** A client that loses no time over retries. */
export function impatientKafka(broker: TestBroker, requestTimeoutMs = 30_000): Kafka {
  return new Kafka({
    bootstrapServers: broker.bootstrapServers,
    retryBackoffMs: 1,
    retryBackoffMaxMs: 5,
    reconnectBackoffMs: 1,
    reconnectBackoffMaxMs: 5,
    requestTimeoutMs,
  })
}

export function transactionalProducer(
  broker: TestBroker,
  options: ProducerOptions<Uint8Array | string, Uint8Array | string> = {},
  requestTimeoutMs?: number,
): Producer {
  return impatientKafka(broker, requestTimeoutMs).producer({ transactionalId: 'tx', ...options })
}

/** The values that a `read_committed` consumer reads of a partition, up to what is stable now. */
export async function committedValues(broker: TestBroker, topic: string, partition = 0): Promise<string[]> {
  const kafka = impatientKafka(broker)
  const consumer: Consumer<Uint8Array | null, string | null> = kafka.consumer({
    isolationLevel: 'read_committed',
    autoOffsetReset: 'earliest',
    value: string,
  })
  const at = { topic, partition }
  consumer.assign([at])
  const [end] = await consumer.endOffsets([at])
  const values: string[] = []
  const over = new AbortController()
  // Markers and aborted records are passed over without a record to show for it.
  const watch = setInterval(() => {
    void consumer.position(at).then(
      (position) => {
        if (position >= end!.offset) over.abort()
      },
      () => over.abort(),
    )
  }, 5)
  try {
    for await (const { value } of consumer.records({ signal: over.signal })) values.push(value ?? '')
  } catch (error) {
    if (!over.signal.aborted) throw error
  } finally {
    clearInterval(watch)
    await consumer.close()
  }
  return values
}

/** The API names of what the broker was asked of transactions, in order, without those that tell nothing about them. */
export function transactionalRequests(broker: TestBroker): string[] {
  const kept = new Set([
    'Produce',
    'InitProducerId',
    'AddPartitionsToTxn',
    'AddOffsetsToTxn',
    'EndTxn',
    'TxnOffsetCommit',
  ])
  return [...broker.requests]
    .filter(({ apiName }) => kept.has(apiName))
    .map(({ apiName, apiVersion }) => `${apiName} ${apiVersion}`)
}
