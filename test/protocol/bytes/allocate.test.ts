import { expect, test } from 'vitest'
import { allocate } from '../../../src/protocol/bytes/allocate.ts'

test('arrays are zero, of the size asked for, and never overlap', () => {
  const arrays: Uint8Array[] = []
  for (let i = 0; i < 3000; i++) {
    const array = allocate((i * 37) % 1400)
    expect(array.length).toBe((i * 37) % 1400)
    expect(array.every((byte) => byte === 0)).toBe(true)
    arrays.push(array.fill(i % 256))
  }
  for (const [i, array] of arrays.entries()) expect(array.every((byte) => byte === i % 256)).toBe(true)
})

test('small arrays share memory, large ones have their own', () => {
  const buffers = new Set(Array.from({ length: 100 }, () => allocate(64).buffer))
  expect(buffers.size).toBeLessThanOrEqual(2)
  const large = allocate(4096)
  expect(large.buffer.byteLength).toBe(4096)
})
