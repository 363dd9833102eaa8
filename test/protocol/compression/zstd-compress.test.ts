import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ZstdCodec } from 'zstd-codec'
import { compressFrame } from '../../../src/protocol/compression/zstd-compress.ts'
import { decompressFrames } from '../../../src/protocol/compression/zstd-decompress.ts'
import { readZstdFrames } from '../../../src/protocol/compression/zstd-frame.ts'
import { contents } from './contents.ts'

/** Zstandard itself, by its reference implementation. */
const theirs = await new Promise<{
  decompress(bytes: Uint8Array): Uint8Array | null
  compress(bytes: Uint8Array, level: number): Uint8Array | null
}>((resolve) => {
  ZstdCodec.run((zstd) => resolve(new zstd.Simple()))
})

const KIB = 1024

const compress = (content: Uint8Array): Uint8Array => compressFrame(content).slice()

/** Repeats `make` with a counter until there are `size` bytes. */
function fill(size: number, make: (i: number) => string): Uint8Array {
  let text = ''
  for (let i = 0; text.length < size; i++) text += make(i)
  return new Uint8Array(Buffer.from(text.slice(0, size), 'latin1'))
}

/** Numbers that look random and are the same every time. */
function numbers(): (below: number) => number {
  let state = 1
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
}

const random = numbers()
const events = fill(300 * KIB, (i) =>
  JSON.stringify({
    eventId: `${random(1e9).toString(16)}-${random(1e9).toString(16)}`,
    type: ['OrderCreated', 'OrderPaid', 'OrderShipped'][random(3)],
    customer: { id: random(100_000), name: ['Ada', 'Grace', 'Alan', 'Edsger'][random(4)] },
    total: random(90_000) / 100,
    sequence: i,
  }),
)
const words = Array.from({ length: 40 }, () => String.fromCharCode(...Array.from({ length: 4 }, () => 97 + random(26))))

const inputs: [string, Uint8Array][] = [
  ['nothing', new Uint8Array()],
  ['one byte', Uint8Array.of(7)],
  ['ten bytes', fill(10, (i) => String(i))],
  ['255 bytes, whose size takes one byte', events.subarray(0, 255)],
  ['256 bytes, whose size takes two', events.subarray(0, 256)],
  ['65,791 bytes, whose size takes two', events.subarray(0, 65_791)],
  ['65,792 bytes, whose size takes four', events.subarray(0, 65_792)],
  ['a block of 128 KiB', events.subarray(0, 128 * KIB)],
  ['a block and a byte', events.subarray(0, 128 * KIB + 1)],
  ['zeros', new Uint8Array(300 * KIB)],
  ['noise', new Uint8Array(randomBytes(300 * KIB))],
  ['noise between events', new Uint8Array(Buffer.concat([events, randomBytes(200 * KIB), events]))],
  ['one kind of literal', fill(100, (i) => (i % 9 === 0 ? `aaaaaaaa${i}` : 'a'))],
  ['literals of a few kinds', fill(20 * KIB, () => 'acgt'[random(4)]!)],
  ['literals of two kinds', fill(20 * KIB, () => 'ab'[random(8) === 0 ? 1 : 0]!)],
  [
    'literals of all kinds, some much more often',
    fill(50 * KIB, () => String.fromCharCode(random(4) === 0 ? random(256) : random(16))),
  ],
  ['200 literals, in one stream', fill(200, () => 'etaoin shrdlu'[random(13)]!)],
  ['900 literals, in four streams', fill(900, () => 'etaoin shrdlu'[random(13)]!)],
  ['one match', fill(200, () => '0123456789abcdef')],
  [
    'a match of 128 KiB less one',
    new Uint8Array(Buffer.concat([Buffer.from('abcd'), Buffer.alloc(128 * KIB - 4, 'x')])),
  ],
  [
    'more matches than a block may have',
    fill(400 * KIB, () => `${words[random(40)]!}${String.fromCharCode(random(256))}`),
  ],
  ['the same distance again and again', fill(30 * KIB, (i) => `${String.fromCharCode(random(256))}-fixed-${i % 7}`)],
  [
    'two distances in turn',
    fill(30 * KIB, (i) => (i % 2 === 0 ? `first=${random(10)};` : `the second=${random(10)};`)),
  ],
  [
    'matches further away than the window',
    new Uint8Array(Buffer.concat([events, Buffer.alloc(2 * KIB * KIB, events.subarray(0, 1000)), events])),
  ],
]

describe('zstd frames', () => {
  test.each(inputs)('of %s are read by the reference implementation and by ours', (_, input) => {
    const written = compress(input)
    expect(Buffer.compare(theirs.decompress(written) ?? new Uint8Array(), input)).toBe(0)
    expect(Buffer.compare(decompressFrames(readZstdFrames(written), input.length), input)).toBe(0)
  })

  test('of anything are read by both', () => {
    fc.assert(
      fc.property(contents, (input) => {
        const written = compress(input)
        expect(Buffer.compare(theirs.decompress(written) ?? new Uint8Array(), input)).toBe(0)
        expect(Buffer.compare(decompressFrames(readZstdFrames(written), input.length), input)).toBe(0)
      }),
    )
  })

  test('say how large their content is, and need no more memory than that or the window of the default level', () => {
    const small = readZstdFrames(compress(events))[0]!
    expect(small.contentSize).toBe(events.length)
    expect(small.windowSize).toBe(events.length)
    const large = readZstdFrames(compress(new Uint8Array(3 * KIB * KIB)))[0]!
    expect(large.contentSize).toBe(3 * KIB * KIB)
    expect(large.windowSize).toBe(2 * KIB * KIB)
  })

  test('are the same whatever was compressed before', () => {
    const first = compress(events)
    compress(new Uint8Array(randomBytes(100 * KIB)))
    compress(events.toReversed())
    expect(compress(events)).toEqual(first)
  })

  test('of noise are no longer than its blocks need', () => {
    const noise = new Uint8Array(randomBytes(300 * KIB))
    // 9 bytes of header, and 3 for each of three blocks.
    expect(compress(noise)).toHaveLength(noise.length + 9 + 3 * 3)
  })

  test('of events are about as small as the default level of the reference implementation makes them', () => {
    for (const size of [4 * KIB, 16 * KIB, 100 * KIB, 300 * KIB]) {
      const part = events.subarray(0, size)
      expect(compress(part).length / theirs.compress(part, 3)!.length).toBeLessThan(1.05)
    }
  })
})
