import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { CompressionError } from '../../../src/errors.ts'
import { loadGzip } from '../../../src/protocol/compression/gzip.ts'

const input = new TextEncoder().encode('gzip '.repeat(20_000))
const limits = { maxBytes: 1_000_000, magic: 2 } as const

/** The codec as it is where node:zlib cannot be imported. */
const withoutZlib = (): ReturnType<typeof loadGzip> => loadGzip(() => Promise.reject(new Error('no such module')))

describe('gzip without node:zlib', () => {
  test('is done by the streams of the platform', async () => {
    const codec = await withoutZlib()
    const compressed = await codec.compress(input, {})
    expect(compressed.length).toBeLessThan(1000)
    expect(new Uint8Array(gunzipSync(compressed))).toEqual(input)
    expect(await codec.decompress(gzipSync(input), limits)).toEqual(input)
  })

  test('stops at the limit', async () => {
    const codec = await withoutZlib()
    const bomb = gzipSync(new Uint8Array(50_000_000))
    await expect(codec.decompress(bomb, limits)).rejects.toThrow('more than 1000000 bytes')
  })

  test('refuses what is broken or cut off', async () => {
    const codec = await withoutZlib()
    await expect(codec.decompress(input, limits)).rejects.toBeInstanceOf(CompressionError)
    await expect(codec.decompress(gzipSync(input).subarray(0, 50), limits)).rejects.toBeInstanceOf(CompressionError)
    await expect(codec.decompress(new Uint8Array(), limits)).rejects.toBeInstanceOf(CompressionError)
  })
})

describe('gzip with node:zlib', () => {
  test('reads several members one after the other', async () => {
    const codec = await loadGzip()
    const members = Buffer.concat([gzipSync('one '), gzipSync('two')])
    expect(Buffer.from(await codec.decompress(members, limits)).toString()).toBe('one two')
  })

  test.each([1, 100])('stops a bomb of %i MB', async (megabytes) => {
    const codec = await loadGzip()
    const bomb = gzipSync(new Uint8Array(megabytes * 1_000_000))
    await expect((async () => codec.decompress(bomb, { ...limits, maxBytes: 999_999 }))()).rejects.toThrow(
      'more than 999999',
    )
  })
})
