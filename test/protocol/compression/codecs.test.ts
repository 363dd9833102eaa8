import * as zlib from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { CompressionError } from '../../../src/errors.ts'
import type { CompressionName } from '../../../src/protocol/compression/codec.ts'
import * as registry from '../../../src/protocol/compression/registry.ts'

/** As those of the registry, which give their results at once or later. */
const compress = async (...call: Parameters<typeof registry.compress>): Promise<Uint8Array> => {
  const compressed = registry.compress(...call)
  return new Uint8Array(compressed instanceof Promise ? await compressed : compressed)
}
const decompress = async (...call: Parameters<typeof registry.decompress>): Promise<Uint8Array> =>
  registry.decompress(...call)

const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'] as const

/** Bytes that look random and are the same every time. */
function noise(size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = 1
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[i] = state >>> 16
  }
  return bytes
}

const text = (size: number): Uint8Array =>
  new TextEncoder().encode('the quick brown fox jumps over the lazy dog; '.repeat(size / 45 + 1)).slice(0, size)

const MIB = 1024 * 1024

const inputs: Record<string, Uint8Array> = {
  nothing: new Uint8Array(),
  'one byte': Uint8Array.of(7),
  'a short text': text(100),
  'a text of 32 KiB': text(32 * 1024),
  'a text of 64 KiB and a byte': text(64 * 1024 + 1),
  'a text of 2 MiB': text(2 * MIB),
  'zeros of 200,000 bytes': new Uint8Array(200_000),
  'noise of 100 bytes': noise(100),
  'noise of 200,000 bytes': noise(200_000),
  'noise of 1 MiB': noise(MIB),
}

const equals = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

describe.each(CODECS)('%s', (codec) => {
  test.each(Object.keys(inputs))('gives back %s', async (name) => {
    const input = inputs[name]!
    const output = await decompress(codec, await compress(codec, input))
    expect(output).toHaveLength(input.length)
    expect(equals(output, input)).toBe(true)
  })

  test('makes text much shorter and noise hardly longer', async () => {
    expect((await compress(codec, text(100_000))).length).toBeLessThan(10_000)
    expect((await compress(codec, noise(100_000))).length).toBeLessThan(100_500)
  })

  test('leaves its input alone and reads from within a larger array', async () => {
    const around = new Uint8Array(1200)
    around.set(text(1000), 100)
    const before = around.slice()
    const compressed = await compress(codec, around.subarray(100, 1100))
    const padded = new Uint8Array(compressed.length + 20)
    padded.set(compressed, 10)
    expect(await decompress(codec, padded.subarray(10, 10 + compressed.length))).toEqual(text(1000))
    expect(around).toEqual(before)
  })

  test.each([text(1000), noise(1000)])(
    'decompresses into memory of its own, which nothing else gets',
    async (input) => {
      const compressed = await compress(codec, input)
      const output = await decompress(codec, compressed)
      compressed.fill(0xff)
      await decompress(codec, await compress(codec, noise(1000).toReversed()))
      expect(equals(output, input)).toBe(true)
    },
  )

  test('takes Buffers and decompresses to plain arrays', async () => {
    const compressed = await compress(codec, Buffer.from(text(100)))
    const output = await decompress(codec, Buffer.from(compressed))
    expect(output.constructor).toBe(Uint8Array)
    expect(output).toEqual(text(100))
  })

  test('decompresses up to the limit and not beyond', async () => {
    for (const size of [1000, 100_000, MIB]) {
      const compressed = await compress(codec, text(size))
      expect(await decompress(codec, compressed, { maxBytes: size })).toHaveLength(size)
      const refusal = await decompress(codec, compressed, { maxBytes: size - 1 }).catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(CompressionError)
      expect(refusal).toMatchObject({ codec })
      expect(String(refusal)).toContain(`more than ${size - 1} bytes: raise maxDecompressedBytes`)
    }
  })

  test('refuses what is cut off, wherever that is', async () => {
    const compressed = await compress(codec, text(300))
    for (let size = 0; size < compressed.length; size++) {
      // Framed snappy may end after any of its blocks, of which this has one, and after none.
      if (codec === 'snappy' && size === 16) continue
      await expect(decompress(codec, compressed.subarray(0, size)), `cut at ${size}`).rejects.toBeInstanceOf(
        CompressionError,
      )
    }
  })

  test('refuses bytes that are of no codec', async () => {
    for (const bytes of [text(100), noise(100), new Uint8Array(100).fill(0xff)]) {
      await expect(decompress(codec, bytes)).rejects.toMatchObject({ code: 'KAFKA_COMPRESSION', codec })
    }
  })

  test('works several times at once', async () => {
    const sizes = [10, 1000, 100_000, 300_000]
    const outputs = await Promise.all(sizes.map(async (size) => decompress(codec, await compress(codec, text(size)))))
    expect(outputs.map((output) => output.length)).toEqual(sizes)
  })
})

describe('levels', () => {
  test.each<[CompressionName, number[]]>([
    ['gzip', [1, 6, 9]],
    ['lz4', [1, 9, 17]],
    ['zstd', [-131072, -5, 1, 3, 9, 15, 22]],
  ])('of %s all give back the input', async (codec, levels) => {
    const input = text(50_000)
    for (const level of levels) {
      expect(equals(await decompress(codec, await compress(codec, input, { level })), input), `level ${level}`).toBe(
        true,
      )
    }
  })

  test('trade time for size where the codec has them', async () => {
    const input = noise(100_000).map((byte) => byte & 0x0f)
    const sizes = async (codec: CompressionName, ...levels: number[]): Promise<number[]> =>
      Promise.all(levels.map(async (level) => (await compress(codec, input, { level })).length))
    const [gzipFast, gzipSmall] = await sizes('gzip', 1, 9)
    expect(gzipSmall).toBeLessThan(gzipFast!)
    const [zstdFast, zstdSmall] = await sizes('zstd', -50, 9)
    // There is one level where node:zlib has no zstd.
    if ('zstdCompress' in zlib) expect(zstdSmall).toBeLessThan(zstdFast!)
    else expect(zstdSmall).toBe(zstdFast)
  })

  test.each<[CompressionName, number]>([
    ['gzip', 10],
    ['gzip', 1.5],
    ['lz4', 0],
    ['lz4', 18],
    ['zstd', 23],
    ['zstd', -131073],
    ['zstd', 0.5],
  ])('of %s that do not exist are refused: %d', async (codec, level) => {
    for (const size of [100, 100_000]) {
      await expect(compress(codec, text(size), { level })).rejects.toBeInstanceOf(CompressionError)
    }
  })
})

test('a codec is loaded once, on its first use', async () => {
  expect(await registry.loadCodec('lz4')).toBe(await registry.loadCodec('lz4'))
})

test('the codec none leaves bytes as they are', () => {
  const input = text(10)
  expect(registry.compress('none', input)).toBe(input)
  expect(registry.decompress('none', input)).toBe(input)
})
