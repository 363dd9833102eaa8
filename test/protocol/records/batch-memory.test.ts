import { describe, expect, test } from 'vitest'
import { MemoryPool } from '../../../src/protocol/records/batch-memory.ts'
import { readBatches } from '../../../src/protocol/records/read-batches.ts'
import { RecordBatchBuilder } from '../../../src/protocol/records/record-batch-builder.ts'

function build(pool: MemoryPool, text: string, count: number): { builder: RecordBatchBuilder; batch: Uint8Array } {
  const builder = new RecordBatchBuilder({ capacity: 4096, memory: pool })
  for (let i = 0; i < count; i++) builder.append(1000, null, text)
  return { builder, batch: builder.finish() as Uint8Array }
}

async function values(batch: Uint8Array): Promise<string[]> {
  const [read] = readBatches(batch)
  const cursor = await read!.cursor()
  const texts: string[] = []
  while (cursor.next()) texts.push(new TextDecoder().decode(cursor.value() ?? undefined))
  return texts
}

describe('a memory pool', () => {
  test('hands an array that was given back to whoever needs about as much', () => {
    const pool = new MemoryPool(1 << 20)
    const memory = pool.take(16_500)
    expect(memory.length).toBeGreaterThanOrEqual(16_500)
    expect(memory.length).toBeLessThan(16_500 * 1.25 + 1)
    pool.give(memory)
    expect(pool.take(16_900)).toBe(memory)
    expect(pool.take(16_900)).not.toBe(memory)
  })

  test('hands out an array that is up to twice as large before it makes another', () => {
    const pool = new MemoryPool(1 << 20)
    const memory = pool.take(28_000)
    pool.give(memory)
    expect(pool.take(14_000)).not.toBe(memory)
    expect(pool.take(17_000)).toBe(memory)
    expect(pool.take(17_000)).not.toBe(memory)
  })

  test('never hands out less than was asked for', () => {
    const pool = new MemoryPool(1 << 24)
    for (let bytes = 1; bytes < 1 << 20; bytes = Math.ceil(bytes * 1.07)) {
      const memory = pool.take(bytes)
      expect(memory.length).toBeGreaterThanOrEqual(bytes)
      pool.give(memory)
      expect(pool.take(bytes).length).toBeGreaterThanOrEqual(bytes)
    }
  })

  test('keeps no more than its limit', () => {
    const pool = new MemoryPool(20_000)
    const [first, second] = [pool.take(16_384), pool.take(16_384)]
    pool.give(first)
    pool.give(second)
    expect(pool.take(16_384)).toBe(first)
    expect(pool.take(16_384)).not.toBe(second)
  })

  test('lets go of sizes that are no longer needed, rather than of those that are', () => {
    const pool = new MemoryPool(40_000)
    const old = [pool.take(8192), pool.take(8192)]
    for (const memory of old) pool.give(memory)
    const recent = [pool.take(16_384), pool.take(16_384)]
    for (const memory of recent) pool.give(memory)
    expect(new Set([pool.take(16_384), pool.take(16_384)])).toEqual(new Set(recent))
    expect(old).not.toContain(pool.take(8192))
    pool.give(new Uint8Array(65_536))
    expect(pool.take(65_536)).toHaveLength(65_536)
  })
})

describe('a builder with pooled memory', () => {
  test.each([1, 10, 100, 1000])(
    'writes %i records as without a pool, whatever the memory held before',
    async (count) => {
      const pool = new MemoryPool(1 << 22)
      const dirty = [4096, 8192, 16_384, 32_768, 65_536, 131_072].map((bytes) => pool.take(bytes).fill(0xff))
      for (const memory of dirty) pool.give(memory)
      const { batch } = build(pool, 'x'.repeat(100), count)
      expect(await values(batch)).toEqual(Array.from({ length: count }, () => 'x'.repeat(100)))
      const plain = new RecordBatchBuilder()
      for (let i = 0; i < count; i++) plain.append(1000, null, 'x'.repeat(100))
      expect(Buffer.compare(batch, plain.finish() as Uint8Array)).toBe(0)
    },
  )

  test('gives its memory to the next one only when it is released', async () => {
    const pool = new MemoryPool(1 << 22)
    const first = build(pool, 'first', 300)
    const second = build(pool, 'second', 300)
    expect(second.batch.buffer).not.toBe(first.batch.buffer)
    expect(await values(first.batch)).toHaveLength(300)
    first.builder.release()
    const third = build(pool, 'third', 300)
    expect(third.batch.buffer).toBe(first.batch.buffer)
    first.builder.release()
    expect(build(pool, 'fourth', 300).batch.buffer).not.toBe(third.batch.buffer)
    expect(await values(second.batch)).toEqual(Array.from({ length: 300 }, () => 'second'))
  })
})
