import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ConsumerRecord } from '../../src/consumer/record.ts'
import { Kafka } from '../../src/kafka.ts'
import { fetchFrames } from '../../src/network/frame-pool.ts'
import type { CompressionName } from '../../src/protocol/compression/codec.ts'
import type { TestBroker } from '../../src/testing/index.ts'
import { start } from './group-fixture.ts'

const COUNT = 300

/** Bytes that belong to one record only and that no codec makes smaller, enough of them for several large frames. */
function valueOf(partition: number, index: number): Uint8Array {
  const value = new Uint8Array(3000)
  let state = partition * COUNT + index + 1
  for (let i = 0; i < value.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    value[i] = state >>> 16
  }
  return value
}

function text(bytes: Uint8Array | null): string {
  return new TextDecoder().decode(bytes ?? undefined)
}

async function fillLarge(broker: TestBroker, compression: CompressionName): Promise<void> {
  for (const partition of [0, 1, 2, 3]) {
    for (let from = 0; from < COUNT; from += 10) {
      const records = Array.from({ length: 10 }, (_, i) => ({
        key: `key ${from + i}`,
        value: valueOf(partition, from + i),
        headers: [{ key: 'index', value: String(from + i) }],
      }))
      await broker.append('orders', partition, records, { compression })
    }
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each(['none', 'gzip'] as const)('what a handler keeps of batches compressed by %s', (compression) => {
  it.each(['records', 'batches', 'run'] as const)(
    'stays as it is while the memory of fetches is used again, from %s',
    async (shape) => {
      const broker = await start()
      await fillLarge(broker, compression)
      const taken = vi.spyOn(fetchFrames, 'take')
      const consumer = new Kafka({ bootstrapServers: broker.bootstrapServers }).consumer({
        groupId: 'billing',
        topics: ['orders'],
        autoOffsetReset: 'earliest',
        fetchMaxWaitMs: 50,
        maxPartitionFetchBytes: 100_000,
      })
      const kept: ConsumerRecord[] = []
      if (shape === 'records') {
        for await (const record of consumer) if (kept.push(record) === 4 * COUNT) break
      } else if (shape === 'batches') {
        for await (const batch of consumer.batches()) if (kept.push(...batch) === 4 * COUNT) break
      } else {
        await consumer.run({
          concurrency: 4,
          eachBatch: async (batch) => {
            await Promise.resolve()
            if (kept.push(...batch) === 4 * COUNT) void consumer.close()
          },
        })
      }
      const seen = [0, 0, 0, 0]
      for (const { partition, key, value, headers } of kept) {
        const index = seen[partition]!++
        expect([text(key), text(headers[0]!.value)]).toEqual([`key ${index}`, String(index)])
        expect(Buffer.compare(value!, valueOf(partition, index))).toBe(0)
      }
      expect(seen).toEqual([COUNT, COUNT, COUNT, COUNT])
      await consumer.close()
      const memory = taken.mock.results.flatMap(({ value }) =>
        value === undefined ? [] : [(value as Uint8Array).buffer],
      )
      expect(new Set(memory).size).toBeLessThan(memory.length)
    },
  )
})
