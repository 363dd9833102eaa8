import { readFileSync } from 'node:fs'
import * as zlib from 'node:zlib'
import { describe, expect, test, vi } from 'vitest'
import { CompressionError } from '../../../src/errors.ts'
import type { Codec } from '../../../src/protocol/compression/codec.ts'
import { Kernels } from '../../../src/protocol/kernels/kernels.ts'
import { loadZstd } from '../../../src/protocol/compression/zstd.ts'

const frames = JSON.parse(readFileSync(new URL('reference-frames.json', import.meta.url), 'utf8')) as {
  zstd: Record<string, string>
}
const frameOf = (name: string): Uint8Array => new Uint8Array(Buffer.from(frames.zstd[name]!, 'base64'))
const TEXT = 'the quick brown fox jumps over the lazy dog; '.repeat(4000).slice(0, 150_000)

const noZlib = (): Promise<unknown> => Promise.reject(new Error('no such module'))

/** The codec as it is where WebAssembly is not allowed. */
async function loadWithoutKernels(): Promise<Codec> {
  using spy = vi.spyOn(Kernels, 'areUsable')
  spy.mockReturnValue(false)
  return loadZstd()
}

/** The codec on kernels alone; and where node:zlib has zstd, on both, and on that alone. */
const codecs: [string, Codec][] = [['kernels', await loadZstd(noZlib)]]
if ('zstdCompress' in zlib)
  codecs.push(['kernels and node:zlib', await loadZstd()], ['node:zlib', await loadWithoutKernels()])

const hex = (text: string): number[] => [...Buffer.from(text.replaceAll(' ', ''), 'hex')]

/** A block of zeros, by its length alone. */
const zeros = (length: number, isLast = false): number[] => {
  const header = (length << 3) | 2 | (isLast ? 1 : 0)
  return [header & 0xff, (header >>> 8) & 0xff, header >>> 16, 0]
}

/** A frame of unknown size with a window of 128 KiB. */
const frame = (...blocks: number[][]): Uint8Array => Uint8Array.from([...hex('28b52ffd 00 38'), ...blocks.flat()])

describe.each(codecs)('zstd on %s', (_, codec) => {
  const read = async (bytes: Uint8Array, maxBytes = 1_000_000): Promise<Uint8Array> =>
    codec.decompress(bytes, { maxBytes, magic: 2 })

  test.each(Object.keys(frames.zstd))('reads a frame %s', async (name) => {
    expect(Buffer.from(await read(frameOf(name))).toString()).toBe(TEXT)
  })

  test('reads frames one after the other, and passes over those that may be skipped', async () => {
    const one = frameOf('of unknown size with a checksum')
    const skipped = Uint8Array.from(hex('502a4d18 03000000 010203'))
    expect(await read(new Uint8Array([...one, ...skipped, ...one]))).toHaveLength(300_000)
    expect(await read(skipped)).toHaveLength(0)
  })

  test('gives back what it compressed, small and large', async () => {
    for (const size of [0, 1, 1000, 100_000, 5_000_000]) {
      const input = new TextEncoder().encode(TEXT.repeat(34).slice(0, size))
      const output = await read(await codec.compress(input, {}), 5_000_000)
      expect(Buffer.compare(output, input)).toBe(0)
    }
  })

  test('stops a bomb at the limit', async () => {
    const bomb = frame(...Array.from({ length: 3000 }, (_, i) => zeros(131_072, i === 2999)))
    expect(await read(bomb, 400_000_000)).toHaveLength(393_216_000)
    await expect(read(bomb, 393_215_999)).rejects.toThrow('more than 393215999 bytes')
    const compressed = await codec.compress(new Uint8Array(50_000_000), {})
    await expect(read(compressed)).rejects.toThrow('more than 1000000 bytes')
    const twice = new Uint8Array([...frameOf('without a checksum'), ...frameOf('without a checksum')])
    await expect(read(twice, 299_999)).rejects.toThrow('more than 299999 bytes')
  })

  test('still works after it refused something', async () => {
    const broken = frameOf('of unknown size with a checksum').map((byte, i) => (i > 20 && i < 60 ? 0xff : byte))
    await expect(read(broken)).rejects.toBeInstanceOf(CompressionError)
    expect(await read(frameOf('of unknown size with a checksum'))).toHaveLength(150_000)
  })

  test.each<[string, number[]]>([
    ['nothing', []],
    ['another magic', hex('29b52ffd 00 38 010000')],
    ['a skippable frame that is cut off', hex('502a4d18 05000000 010203')],
    ['a frame without blocks', hex('28b52ffd 00 38')],
    ['a block that is cut off', hex('28b52ffd 00 38 290000 01')],
    ['a block of a kind that does not exist', hex('28b52ffd 00 38 070000')],
    ['a block larger than its window', hex('28b52ffd 00 00 ff7f00 00')],
    ['a header with a reserved flag', hex('28b52ffd 08 38 010000')],
    ['a frame that needs a dictionary', hex('28b52ffd 01 38 07 010000')],
    ['a frame without its checksum', hex('28b52ffd 04 38 010000')],
    ['garbage after a frame', hex('28b52ffd 00 38 010000 0102030405060708')],
  ])('refuses %s', async (_, bytes) => {
    await expect(read(Uint8Array.from(bytes))).rejects.toMatchObject({ code: 'KAFKA_COMPRESSION', codec: 'zstd' })
  })
})

describe('zstd on kernels', () => {
  test('reads a window that node:zlib has no memory for', async () => {
    const bytes = Uint8Array.from([...hex('28b52ffd 00 a8'), ...zeros(131_072), ...zeros(10, true)])
    for (const [, each] of codecs.slice(0, 2)) {
      expect(await each.decompress(bytes, { maxBytes: 1_000_000, magic: 2 })).toHaveLength(131_082)
    }
  })
})
