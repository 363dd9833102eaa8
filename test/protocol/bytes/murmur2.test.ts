import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { murmur2 } from '../../../src/protocol/bytes/murmur2.ts'

const vectors = JSON.parse(readFileSync(new URL('../../vectors/hashing.json', import.meta.url), 'utf8')) as {
  murmur2: { keyHex: string; hash: number; positive: number; partitions: Record<string, number> }[]
}

describe('murmur2', () => {
  test('gives what Java gives', () => {
    expect(vectors.murmur2.length).toBeGreaterThan(300)
    for (const { keyHex, hash } of vectors.murmur2)
      expect(murmur2(new Uint8Array(Buffer.from(keyHex, 'hex')))).toBe(hash)
  })

  test('puts keys into the partitions that Java puts them into', () => {
    for (const { keyHex, partitions } of vectors.murmur2) {
      const positive = murmur2(new Uint8Array(Buffer.from(keyHex, 'hex'))) & 0x7fffffff
      for (const [count, partition] of Object.entries(partitions)) expect(positive % Number(count)).toBe(partition)
    }
  })

  test('reads the bytes of a view and not those around it', () => {
    const bytes = new TextEncoder().encode('..key-1..')
    expect(murmur2(bytes.subarray(2, 7))).toBe(murmur2(new TextEncoder().encode('key-1')))
  })
})
