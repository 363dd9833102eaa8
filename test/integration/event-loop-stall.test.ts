import { expect, test, vi } from 'vitest'
import { Kafka, string } from '../../src/index.ts'
import { numbers } from '../consumer/loops.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

const sessionTimeoutMs = 1000
const stallMs = 3000

/** Keeps everything from happening, as a computation or a synchronous call does. */
function block(ms: number): void {
  const endsAt = performance.now() + ms
  while (performance.now() < endsAt);
}

describeWithKafka(
  'a handler that blocks the event loop for longer than a session',
  ['java'],
  ({ bootstrapServers }) => {
    const kafka = new Kafka({ bootstrapServers })

    test.each(['range', 'cooperative-sticky'] as const)(
      'costs the member its place for a while, and no record (%s)',
      async (assignor) => {
        const topic = uniqueName('stalled')
        const admin = kafka.admin()
        await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1 }])
        await admin.close()
        const producer = kafka.producer()
        await producer.sendMany(numbers(0, 40).map((value) => ({ topic, value })))
        await producer.close()
        const seen: (string | null)[] = []
        const consumer = kafka.consumer({
          groupId: uniqueName('group'),
          topics: [topic],
          value: string,
          autoOffsetReset: 'earliest',
          assignors: [assignor],
          sessionTimeoutMs,
          heartbeatIntervalMs: 200,
          autoCommitIntervalMs: 200,
        })
        const loop = (async () => {
          for await (const { value } of consumer) {
            seen.push(value)
            if (seen.length === 21) block(stallMs)
          }
        })()
        await vi.waitFor(
          async () => {
            const [committed] = await consumer.committed([{ topic, partition: 0 }])
            expect(committed?.offset).toBe(40)
          },
          { timeout: 60_000, interval: 200 },
        )
        await consumer.close()
        await loop
        // What was not committed when the member was given up comes again; nothing is left out, and all is in order.
        expect(new Set(seen)).toEqual(new Set(numbers(0, 40)))
        expect(seen.slice(seen.lastIndexOf('21'))).toEqual(numbers(21, 40))
        expect(consumer.metrics().rebalanceTotal).toBeGreaterThan(1)
      },
    )
  },
)
