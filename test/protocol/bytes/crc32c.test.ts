import { readFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { crc32c } from '../../../src/protocol/bytes/crc32c.ts'

const vectors = JSON.parse(readFileSync(new URL('../../vectors/hashing.json', import.meta.url), 'utf8')) as {
  crc32c: { hex: string; crc: number }[]
}

/** The definition, bit by bit. */
function bitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f63b78
  }
  return ~crc >>> 0
}

const sample = Uint8Array.from({ length: 140_000 }, (_, i) => (i * 167 + (i >>> 8) * 31 + 13) & 0xff)

describe('crc32c', () => {
  test('gives the check value of the algorithm', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
  })

  test('gives what Java gives', () => {
    expect(vectors.crc32c.length).toBeGreaterThan(40)
    for (const { hex, crc } of vectors.crc32c) expect(crc32c(new Uint8Array(Buffer.from(hex, 'hex')))).toBe(crc)
  })

  test.each([0, 480, 1000, 4060, 6110, 32_740])(
    'is right for every length from %i on, whether bytes, slices or blocks are summed',
    (first) => {
      for (let length = first; length <= first + 70; length++) {
        expect(crc32c(sample.subarray(0, length))).toBe(bitwise(sample.subarray(0, length)))
      }
    },
  )

  test('covers the range it is given, also within a view', () => {
    const view = sample.subarray(7)
    for (const [start, end] of [
      [0, 143],
      [1, 143],
      [5, 100],
      [20, 20],
      [3, 1999],
      [21, 16_384],
      [1, 139_993],
    ] as const) {
      expect(crc32c(view, start, end)).toBe(bitwise(view.slice(start, end)))
    }
  })
  test('is the same without WebAssembly', async () => {
    vi.resetModules()
    vi.stubGlobal('WebAssembly', undefined)
    const { crc32c: without } = await import('../../../src/protocol/bytes/crc32c.ts')
    for (const length of [100, 4096, 100_000]) {
      expect(without(sample.subarray(0, length))).toBe(crc32c(sample.subarray(0, length)))
    }
    vi.unstubAllGlobals()
  })
})
