import { expect, test } from 'vitest'
import { dataViewOf } from '../../../src/protocol/bytes/data-view.ts'

test('shows the whole buffer that was asked for, whichever it was before', () => {
  const [one, other, large] = [Uint8Array.of(1, 2), Uint8Array.of(3), new Uint8Array(100_000)]
  for (const { buffer } of [one, other, other, large, one]) {
    const view = dataViewOf(buffer)
    expect(view.buffer).toBe(buffer)
    expect(view.byteLength).toBe(buffer.byteLength)
  }
})
