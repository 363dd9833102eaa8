import { describe, expect, test } from 'vitest'
import { crc32 } from '../../../src/protocol/bytes/crc32.ts'

describe('crc32', () => {
  test('gives the check value of the algorithm', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926)
  })

  test('covers the range it is given, also within a view', () => {
    const bytes = new TextEncoder().encode('xx123456789yy').subarray(1)
    expect(crc32(bytes, 1, 10)).toBe(0xcbf43926)
    expect(crc32(bytes, 4, 4)).toBe(0)
  })
})
