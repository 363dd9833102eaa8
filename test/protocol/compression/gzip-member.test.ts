import { constants, crc32, deflateRawSync, gunzipSync, gzipSync, inflateRawSync, type ZlibOptions } from 'node:zlib'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { CompressionError } from '../../../src/errors.ts'
import { announcedSize, gunzipPlain, gzipPlain } from '../../../src/protocol/compression/gzip-member.ts'
import { loadGzip } from '../../../src/protocol/compression/gzip.ts'
import { Kernels, SLACK_BYTES } from '../../../src/protocol/kernels/kernels.ts'
import { contents } from './contents.ts'

const input = Buffer.from('letters and letters '.repeat(200))
const limits = { maxBytes: 1_000_000, magic: 2 } as const

/** All that deflate can be told, and with it all kinds of blocks. */
const settings: fc.Arbitrary<ZlibOptions> = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_FILTERED,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
    constants.Z_FIXED,
  ),
  memLevel: fc.integer({ min: 1, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
})

const OUTPUT_SLACK = 320

/** What the kernel makes of raw deflated data that should be `size` bytes; fails when it writes where it must not. */
function inflate(raw: Uint8Array, size: number): { output: Buffer; consumed: number } | undefined {
  const inputSize = raw.length + SLACK_BYTES
  return Kernels.use('gzip', inputSize + size + 2 * OUTPUT_SLACK, ({ run, base, bytes }) => {
    bytes.set(raw, base)
    const at = base + inputSize
    bytes.fill(0xaa, base + raw.length, at)
    bytes.fill(0x55, at + size + OUTPUT_SLACK, at + size + 2 * OUTPUT_SLACK)
    const end = run.inflate(base, base + raw.length, at, at + size)
    const isWrittenOnly = (from: number, length: number, byte: number): boolean =>
      bytes.subarray(from, from + length).every((each) => each === byte)
    expect(isWrittenOnly(base + raw.length, SLACK_BYTES, 0xaa)).toBe(true)
    expect(isWrittenOnly(at + size + OUTPUT_SLACK, OUTPUT_SLACK, 0x55)).toBe(true)
    return end === 0 ? undefined : { output: Buffer.from(bytes.slice(at, at + size)), consumed: end - base }
  })
}

/** The same by node:zlib, with no need to know the size. */
function inflateByZlib(raw: Uint8Array): { output: Buffer; consumed: number } | undefined {
  try {
    // What `info` adds is not in the types.
    const result = inflateRawSync(raw, { info: true, maxOutputLength: 1_000_000 }) as unknown as {
      buffer: Buffer
      engine: { bytesWritten: number }
    }
    return { output: result.buffer, consumed: result.engine.bytesWritten }
  } catch {
    return undefined
  }
}

describe('the inflate kernel', () => {
  test('reads all that deflate writes, at exactly its size', () => {
    fc.assert(
      fc.property(contents, settings, (bytes, options) => {
        const raw = deflateRawSync(bytes, options)
        const result = inflate(raw, bytes.length)
        expect(result?.consumed).toBe(raw.length)
        expect(result?.output.equals(bytes)).toBe(true)
        expect(inflate(raw, bytes.length + 1)).toBeUndefined()
        if (bytes.length > 0) expect(inflate(raw, bytes.length - 1)).toBeUndefined()
      }),
      { numRuns: 100 },
    )
  })

  test('takes and refuses the same as node:zlib when bytes are spoilt or cut off', () => {
    const spoiling = fc.record({
      flips: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 7 })), {
        maxLength: 3,
      }),
      kept: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })),
      head: fc.oneof({ weight: 3, arbitrary: fc.constant(new Uint8Array()) }, fc.uint8Array({ maxLength: 40 })),
    })
    let taken = 0
    fc.assert(
      fc.property(contents, settings, spoiling, (bytes, options, { flips, kept, head }) => {
        const raw = deflateRawSync(bytes.subarray(0, 5000), options)
        raw.set(head.subarray(0, raw.length))
        // Most flips are near the beginning, where the codes are.
        for (const [place, bit] of flips) raw[Math.floor((raw.length - 1) * place ** 3)]! ^= 1 << bit
        const spoilt = raw.subarray(0, Math.ceil(raw.length * kept))
        const expected = inflateByZlib(spoilt)
        const result = inflate(spoilt, expected?.output.length ?? Math.min(bytes.length, 5000))
        expect(result?.consumed).toBe(expected?.consumed)
        if (result === undefined || expected === undefined) return
        expect(result.output.equals(expected.output)).toBe(true)
        taken++
      }),
      { numRuns: 500 },
    )
    expect(taken).toBeGreaterThan(20)
  })

  const end = 256
  test.each<[verdict: 'takes' | 'refuses', what: string, raw: Uint8Array]>([
    ['takes', 'an end without a code', block({ [end]: 1 }, {}, '0')],
    ['refuses', 'the other code beside a single one', block({ [end]: 1 }, {}, '1')],
    ['takes', 'a single code for distances', block({ 97: 1, [end]: 2, 257: 2 }, { 0: 1 }, '0 11 0 10')],
    ['refuses', 'the other distance beside a single one', block({ 97: 1, [end]: 2, 257: 2 }, { 0: 1 }, '0 11 1 10')],
    ['refuses', 'a distance where there are none', block({ 97: 1, [end]: 2, 257: 2 }, {}, '0 11 0 10')],
    ['refuses', 'a distance that goes too far', block({ 97: 1, [end]: 2, 257: 2 }, { 1: 1 }, '0 11 0 10')],
    ['refuses', 'codes that leave room', block({ 97: 2, [end]: 2 }, {}, '00 01')],
    ['refuses', 'too many codes', block({ 97: 1, 98: 1, [end]: 1 }, {}, '0')],
    ['refuses', 'too many codes for distances', block({ [end]: 1, 97: 1 }, { 0: 1, 1: 1, 2: 1 }, '1')],
    ['refuses', 'a block that cannot end', block({ 97: 1, 98: 1 }, {}, '0')],
    ['refuses', 'a block of an unknown kind', Buffer.from('ffffff', 'hex')],
    ['takes', 'a stored block', Buffer.from('010100feff61', 'hex')],
    ['refuses', 'a stored block that is cut off', Buffer.from('010200fdff61', 'hex')],
    ['refuses', 'a stored block whose size is wrong', Buffer.from('010100ffff61', 'hex')],
  ])('%s %s, as node:zlib does', (verdict, _what, raw) => {
    const expected = inflateByZlib(raw)
    expect(expected === undefined).toBe(verdict === 'refuses')
    // What would come out is at most these, so that no refusal is for its size.
    const sizes = expected === undefined ? [0, 1, 2, 3, 4] : [expected.output.length]
    for (const size of sizes) expect(inflate(raw, size)).toEqual(expected)
  })
})

/** A number of so many bits, the lowest first. */
function reversed(value: number, size: number): string {
  return Array.from({ length: size }, (_, i) => (value >> i) & 1).join('')
}

/** A block with codes of its own, of the given lengths by symbol, and bits that follow as they are. */
function block(symbols: Record<number, number>, distances: Record<number, number>, content: string): Uint8Array {
  // The last block, of this kind, with 286 and 30 codes, whose lengths have a code of 4 bits each.
  let bits = `1${reversed(2, 2)}${reversed(29, 5)}${reversed(29, 5)}${reversed(15, 4)}`
  bits += '000'.repeat(3) + reversed(4, 3).repeat(16)
  for (let i = 0; i < 286; i++) bits += (symbols[i] ?? 0).toString(2).padStart(4, '0')
  for (let i = 0; i < 30; i++) bits += (distances[i] ?? 0).toString(2).padStart(4, '0')
  bits += content.replaceAll(' ', '')
  const bytes = new Uint8Array(Math.ceil(bits.length / 8))
  for (let i = 0; i < bits.length; i++) bytes[i >> 3]! |= Number(bits[i]) << (i & 7)
  return bytes
}

describe('gunzipPlain', () => {
  test('decompresses what producers write', () => {
    fc.assert(
      fc.property(contents, settings, (bytes, options) => {
        const gzipped = gzipSync(bytes, options)
        expect(announcedSize(gzipped)).toBe(bytes.length)
        expect(gunzipPlain(gzipped, bytes.length, crc32)).toSatisfy(
          (output: Uint8Array) => output.length === bytes.length && Buffer.compare(output, bytes) === 0,
        )
      }),
    )
  })

  const gzipped = gzipSync(input)
  const withName = Buffer.concat([gzipped.subarray(0, 10), Buffer.from('a name\0'), gzipped.subarray(10)])
  withName[3] = 8
  const withWrongCrc = Buffer.from(gzipped)
  withWrongCrc[gzipped.length - 8]! ^= 1

  test.each([
    ['a name', withName],
    ['two members', Buffer.concat([gzipped, gzipped])],
    ['bytes behind', Buffer.concat([gzipped, Buffer.alloc(4), gzipped.subarray(-4)])],
    ['a wrong checksum', withWrongCrc],
    ['an end that is missing', gzipped.subarray(0, 17)],
  ])('leaves data with %s to node:zlib', (_what, bytes) => {
    expect(gunzipPlain(bytes, input.length, crc32)).toBeUndefined()
  })

  test('has it decompressed by node:zlib, where that takes it', async () => {
    const codec = await loadGzip()
    expect(Buffer.from(await codec.decompress(withName, limits)).equals(input)).toBe(true)
    expect(() => codec.decompress(withWrongCrc, limits)).toThrow(
      new CompressionError('gzip data cannot be decompressed: incorrect data check', 'gzip'),
    )
  })
})

/** Records as they are: fields of the same names, numbers and words. */
function events(count: number): Buffer {
  const next = numbers()
  const types = ['order.created', 'order.paid', 'user.login', 'cart.updated']
  const texts = Array.from({ length: count }, (_, i) =>
    JSON.stringify({ id: next(2 ** 31), type: types[next(4)], time: 1_732_800_000_000 + i * 137, user: next(100_000) }),
  )
  return Buffer.from(texts.join(''))
}

/** Numbers below `limit`, the same in every run. */
function numbers(): (limit: number) => number {
  let state = 7
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return Math.floor((state / 2 ** 31) * limit)
  }
}

/** Bytes that occur as often as Fibonacci numbers say, without an order: the best code for them has 1 to 18 bits, and 15 are allowed. */
function fibonacciBytes(): Buffer {
  const counts = [1, 1]
  while (counts.length < 19) counts.push(counts.at(-1)! + counts.at(-2)!)
  const bytes = Buffer.from(counts.flatMap((count, byte) => Array.from({ length: count }, () => byte)))
  const next = numbers()
  for (let i = bytes.length - 1; i > 0; i--) {
    const other = next(i + 1)
    const byte = bytes[i]!
    bytes[i] = bytes[other]!
    bytes[other] = byte
  }
  return bytes
}

function isReadBack(bytes: Uint8Array): boolean {
  const gzipped = Buffer.from(gzipPlain(bytes, crc32))
  const output = gunzipPlain(gzipped, bytes.length, crc32)
  return output !== undefined && gunzipSync(gzipped).equals(bytes) && Buffer.compare(output, bytes) === 0
}

describe('gzipPlain', () => {
  test('writes what node:zlib and gunzipPlain read', () => {
    fc.assert(
      fc.property(contents, (bytes) => {
        expect(isReadBack(bytes)).toBe(true)
      }),
    )
  })

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from('a')],
    ['half a megabyte of one byte', Buffer.alloc(500_000, 'a')],
    ['more blocks than one, with matches between them', events(5000)],
    [
      'what repeats at the edge of the window',
      Buffer.concat(Array.from({ length: 4 }, () => events(500).subarray(0, 32_768))),
    ],
    ['and just beyond it', Buffer.concat(Array.from({ length: 4 }, () => events(500).subarray(0, 32_769)))],
    ['bytes whose best code would be too long', fibonacciBytes()],
  ])('writes %s', (_what, bytes) => {
    expect(isReadBack(bytes)).toBe(true)
  })

  test('makes events no larger than zlib does', () => {
    for (const count of [200, 2000]) {
      const bytes = events(count)
      expect(gzipPlain(bytes, crc32).length).toBeLessThan(gzipSync(bytes).length)
    }
  })

  test('stores what cannot be made smaller', () => {
    const next = numbers()
    const bytes = Buffer.from(Array.from({ length: 200_000 }, () => next(256)))
    expect(isReadBack(bytes)).toBe(true)
    expect(gzipPlain(bytes, crc32).length).toBeLessThan(bytes.length + 200)
  })
})

describe('the codec', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  test.each([undefined, -1])('compresses batches at once at level %s', async (level) => {
    const codec = await loadGzip()
    const compressed = codec.compress(input, { level })
    expect(compressed).toEqual(gzipPlain(input, crc32))
  })

  test('leaves other levels to node:zlib, and large batches to the thread pool', async () => {
    const codec = await loadGzip()
    expect(codec.compress(input, { level: 6 })).toEqual(gzipSync(input, { level: 6 }))
    const large = events(10_000)
    expect(codec.compress(large, {})).toBeInstanceOf(Promise)
    expect(gunzipSync(await codec.compress(large, {})).equals(large)).toBe(true)
  })

  test('works without WebAssembly', async () => {
    vi.resetModules()
    vi.stubGlobal('WebAssembly', undefined)
    const { loadGzip } = await import('../../../src/protocol/compression/gzip.ts')
    const codec = await loadGzip()
    const compressed = await codec.compress(input, {})
    expect(compressed).toEqual(gzipSync(input))
    expect(Buffer.from(await codec.decompress(compressed, limits)).equals(input)).toBe(true)
  })
})
