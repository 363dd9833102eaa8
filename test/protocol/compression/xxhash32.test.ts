import { describe, expect, test } from 'vitest'
import { xxhash32 } from '../../../src/protocol/compression/xxhash32.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('xxhash32', () => {
  test.each([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['abcd', 0xa3643705],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('of %j is what the reference gives', (text, hash) => {
    expect(xxhash32(utf8(text))).toBe(hash)
  })

  test('covers the range it is given', () => {
    expect(xxhash32(utf8('xxabcyy').subarray(1), 1, 4)).toBe(0x32d153ff)
  })
})
