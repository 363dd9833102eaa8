import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import theirs from 'lz4-napi'
import { describe, expect, test } from 'vitest'
import { CompressionError } from '../../../src/errors.ts'
import { lz4 as codec } from '../../../src/protocol/compression/lz4.ts'
import { xxhash32 } from '../../../src/protocol/compression/xxhash32.ts'
import { contents } from './contents.ts'

const frames = JSON.parse(readFileSync(new URL('reference-frames.json', import.meta.url), 'utf8')) as {
  lz4: Record<string, string>
}
const frameOf = (name: string): Uint8Array => new Uint8Array(Buffer.from(frames.lz4[name]!, 'base64'))
const TEXT = 'the quick brown fox jumps over the lazy dog; '.repeat(4000).slice(0, 150_000)

const limits = { maxBytes: 1_000_000, magic: 2 } as const
const read = async (bytes: Uint8Array, maxBytes = 1_000_000): Promise<Uint8Array> =>
  codec.decompress(bytes, { maxBytes, magic: 2 })

/** A frame of format v2 with these blocks, each with its length. */
function frame(...blocks: [length: number, content: number[]][]): Uint8Array {
  const bytes = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]
  for (const [length, content] of blocks) {
    bytes.push(length & 0xff, (length >>> 8) & 0xff, (length >>> 16) & 0xff, length >>> 24, ...content)
  }
  return Uint8Array.from([...bytes, 0, 0, 0, 0])
}

/** A block as lz4-napi has it, with its uncompressed size before it. */
function withSize(size: number, block: Uint8Array): Buffer {
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32LE(size)
  return Buffer.concat([prefix, block])
}

describe('lz4', () => {
  test.each(Object.keys(frames.lz4))('reads a frame %s', async (name) => {
    expect(Buffer.from(await read(frameOf(name))).toString()).toBe(TEXT)
  })

  test('writes frames as Java does: independent blocks of 64 KiB and no checksum but that of the header', async () => {
    const written = await codec.compress(new Uint8Array(130 * 1024), {})
    expect(Buffer.from(written.subarray(0, 7)).toString('hex')).toBe('04224d18604082')
    const view = new DataView(written.buffer, written.byteOffset)
    const lengths: number[] = []
    let at = 7
    for (let length = view.getInt32(at, true); length !== 0; length = view.getInt32(at, true)) {
      lengths.push(length)
      at += 4 + length
    }
    expect(lengths).toHaveLength(3)
    expect(at + 4).toBe(written.length)
  })

  test('stores a block that would become longer', async () => {
    const written = await codec.compress(Uint8Array.of(1, 2, 3), {})
    expect(Buffer.from(written.subarray(7)).toString('hex')).toBe('03000080 010203 00000000'.replaceAll(' ', ''))
  })

  test('has the wrong header checksum in message sets v0, and accepts any there', async () => {
    const written = (await codec.compress(Uint8Array.of(1, 2, 3), { magic: 0 })).slice()
    expect(Buffer.from(written.subarray(0, 7)).toString('hex')).toBe('04224d1860401a')
    expect(await codec.decompress(written, { ...limits, magic: 0 })).toEqual(Uint8Array.of(1, 2, 3))
    await expect(read(written)).rejects.toThrow('the checksum of its header')
    const right = await codec.compress(Uint8Array.of(1, 2, 3), { magic: 1 })
    expect(await codec.decompress(right, { ...limits, magic: 0 })).toEqual(Uint8Array.of(1, 2, 3))
  })

  test('leaves bytes after the frame alone', async () => {
    const padded = new Uint8Array([...frame([0x80000001, [7]]), 9, 9, 9])
    expect(await read(padded)).toEqual(Uint8Array.of(7))
  })

  test('finds every flipped bit of a frame with checksums', async () => {
    const good = frameOf('with checksums of blocks and content')
    for (let bit = 0; bit < good.length * 8; bit += 7) {
      const bad = good.slice()
      bad[bit >>> 3]! ^= 1 << (bit & 7)
      await expect(read(bad)).rejects.toBeInstanceOf(CompressionError)
    }
  })

  test('stops a bomb of many blocks at the limit', async () => {
    // 64 KiB of zeros: a literal, then a match of distance 1.
    const block = [0x1f, 0, 1, 0, ...Array.from({ length: 256 }, () => 255), 230, 0x50, 0, 0, 0, 0, 0]
    const bomb = frame(...Array.from({ length: 1000 }, (): [number, number[]] => [block.length, block]))
    expect((await read(bomb, 70_000_000)).length).toBeGreaterThan(65_000_000)
    await expect(read(bomb, 1_000_000)).rejects.toThrow('more than 1000000 bytes')
  })

  test('refuses a content size beyond the limit before anything is decompressed, and one that is not right', async () => {
    const good = frameOf('with its content size')
    await expect(read(good, 149_999)).rejects.toThrow('more than 149999 bytes')
    const wrong = good.slice()
    wrong[6]! ^= 1
    wrong[14] = (xxhash32(wrong, 4, 14) >>> 8) & 0xff
    await expect(read(wrong)).rejects.toThrow('its header says 150001 bytes')
  })

  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['another magic', Uint8Array.of(5, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 0, 0, 0, 0)],
    ['another version', Uint8Array.of(4, 0x22, 0x4d, 0x18, 0xa0, 0x40, 0x82, 0, 0, 0, 0)],
    ['a block size that does not exist', Uint8Array.of(4, 0x22, 0x4d, 0x18, 0x60, 0x30, 0x82, 0, 0, 0, 0)],
    [
      'a frame that needs a dictionary',
      Uint8Array.of(4, 0x22, 0x4d, 0x18, 0x61, 0x40, 0, 0, 0, 0, 0, 0x82, 0, 0, 0, 0),
    ],
    ['a block that is cut off', frame([99, [1, 2, 3]])],
    ['a stored block beyond its largest size', frame([0x80010001, Array.from({ length: 65_537 }, () => 1)])],
    ['a match from before the block', frame([4, [0x00, 9, 0, 0]])],
    ['a frame without an end', frame().subarray(0, 7)],
  ])('refuses %s', async (_, bytes) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'KAFKA_COMPRESSION', codec: 'lz4' })
  })

  test('another implementation reads the blocks it writes, and it reads the blocks that writes', async () => {
    await fc.assert(
      fc.asyncProperty(contents, async (bytes) => {
        const written = Buffer.from(await codec.compress(bytes, {}))
        const pieces: Uint8Array[] = []
        let at = 7
        for (let word = written.readUInt32LE(at); word !== 0; word = written.readUInt32LE(at)) {
          const block = written.subarray(at + 4, at + 4 + (word & 0x7fffffff))
          const size = Math.min(65_536, bytes.length - pieces.length * 65_536)
          pieces.push(word >= 0x80000000 ? block : theirs.uncompressSync(withSize(size, block)))
          at += 4 + block.length
        }
        expect(Buffer.compare(Buffer.concat(pieces), bytes)).toBe(0)
        const block = theirs.compressSync(Buffer.from(bytes.subarray(0, 65_536))).subarray(4)
        const back = await read(frame([block.length, [...block]]))
        expect(Buffer.compare(back, bytes.subarray(0, 65_536))).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  test('bytes that are spoilt are refused or read as others, never past the ends', async () => {
    await fc.assert(
      fc.asyncProperty(contents, fc.nat(), fc.nat(255), async (bytes, place, byte) => {
        const written = await codec.compress(bytes, {})
        written[7 + (place % (written.length - 7))] = byte
        try {
          expect((await read(written.slice(), 1 << 20)).length).toBeLessThanOrEqual(1 << 20)
        } catch (error) {
          expect(error).toBeInstanceOf(CompressionError)
        }
      }),
      { numRuns: 500 },
    )
  })
})
