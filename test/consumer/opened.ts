import { afterEach } from 'vitest'
import { Consumer } from '../../src/consumer/consumer.ts'
import type { ConsumerOptions } from '../../src/consumer/options.ts'
import { type Deserializer, string } from '../../src/serdes.ts'
import type { FakeCluster } from './fake-cluster.ts'

export type Text = string | null

const opened: Consumer<unknown, unknown>[] = []
afterEach(() => Promise.all(opened.splice(0).map((consumer) => consumer.close())))

/** A consumer of partitions of `orders`, closed after the test. */
export function open<K = Uint8Array | null, V = Text>(
  fake: FakeCluster,
  options: ConsumerOptions<K, V> = {},
  partitions: readonly number[] = [0],
): Consumer<K, V> {
  const consumer = new Consumer<K, V>(
    fake.cluster,
    { autoOffsetReset: 'earliest', value: string as unknown as Deserializer<V>, fetchMaxWaitMs: 10, ...options },
    { requestTimeoutMs: 1_000, retryBackoffMs: 1, retryBackoffMaxMs: 5, metadataMaxAgeMs: 300_000 },
  )
  consumer.assign(partitions.map((partition) => ({ topic: 'orders', partition })))
  opened.push(consumer)
  return consumer
}

/** Values of the next records; the loop is left after them with everything handled but the last. */
export async function take(consumer: Consumer<unknown, Text>, count: number): Promise<Text[]> {
  const values: Text[] = []
  for await (const { value } of consumer) if (values.push(value) === count) break
  return values
}
