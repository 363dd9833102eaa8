import { afterEach } from 'vitest'
import type { ClientOptions } from '../../src/client-options.ts'
import type { Consumer } from '../../src/consumer/consumer.ts'
import type { ConsumerOptions } from '../../src/consumer/options.ts'
import { Kafka } from '../../src/kafka.ts'
import type { Api } from '../../src/protocol/api.ts'
import { string } from '../../src/serdes.ts'
import { TestBroker, type TestBrokerOptions } from '../../src/testing/index.ts'
import { numbers } from './loops.ts'

export type TextConsumer = Consumer<Uint8Array | null, string | null>
type TextOptions = ConsumerOptions<Uint8Array | null, string | null>

/** What is closed after each test, the last one first. */
const closing: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of closing.splice(0).toReversed()) await each.close()
})

/** A broker, closed after the test. */
export async function start(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const broker = await TestBroker.start({ topics: { orders: 4 }, minSessionTimeoutMs: 1, ...options })
  closing.push(broker)
  return broker
}

/** A member of the group `billing`, closed after the test. */
export function join(
  broker: TestBroker,
  options: TextOptions = {},
  client: Omit<ClientOptions, 'bootstrapServers'> = {},
): TextConsumer {
  const { bootstrapServers } = broker
  const consumer = new Kafka({ bootstrapServers, retryBackoffMs: 5, ...client }).consumer({
    groupId: 'billing',
    topics: ['orders'],
    autoOffsetReset: 'earliest',
    value: string,
    heartbeatIntervalMs: 20,
    fetchMaxWaitMs: 50,
    ...options,
  })
  closing.push(consumer)
  return consumer
}

/** Values that are spread evenly over the four partitions. */
export async function fill(broker: TestBroker, from: number, to: number): Promise<void> {
  for (const partition of [0, 1, 2, 3]) {
    const values = numbers(from, to).filter((_, index) => index % 4 === partition)
    await broker.append(
      'orders',
      partition,
      values.map((value) => ({ value })),
    )
  }
}

/** Resolves at the next request of an API, before it is answered. */
export function nextRequest<Request extends object, Response extends object>(
  broker: TestBroker,
  api: Api<Request, Response>,
): Promise<Request> {
  return new Promise((resolve) => {
    broker.control(
      api,
      ({ request }) => {
        resolve(request)
        return undefined
      },
      { once: true },
    )
  })
}

/** A promise, and what resolves it. */
export function gate(): { open: () => void; opened: Promise<void> } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { open, opened }
}

/** What `billing` has committed for a partition of `orders`. */
export function committedOffset(broker: TestBroker, partition: number): number | undefined {
  const offsets = broker.committed('billing') as readonly { topic: string; partition: number; offset: number }[]
  return offsets.find((committed) => committed.partition === partition)?.offset
}
