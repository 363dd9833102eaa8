import * as fc from 'fast-check'
import snappyjs from 'snappyjs'
import { describe, expect, test } from 'vitest'
import { CompressionError } from '../../../src/errors.ts'
import { snappy as codec } from '../../../src/protocol/compression/snappy.ts'
import { contents } from './contents.ts'

const HEADER = '82534e41505059000000000100000001'
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const read = async (hex: string, maxBytes = 1_000_000): Promise<string> =>
  Buffer.from(await codec.decompress(fromHex(hex), { maxBytes, magic: 2 })).toString('latin1')

/** Five letters as a raw block: their number, a literal of five bytes, the bytes. */
const HELLO = '05 10 68656c6c6f'

describe('snappy', () => {
  test('writes the framing of Java, with blocks of 32 KiB', async () => {
    const written = Buffer.from(await codec.compress(new Uint8Array(70_000), {}))
    expect(written.subarray(0, 16).toString('hex')).toBe(HEADER)
    const lengths: number[] = []
    let at = 16
    while (at < written.length) {
      const size = written.readInt32BE(at)
      lengths.push(written[at + 4]! & 0x7f)
      at += 4 + size
    }
    expect(at).toBe(written.length)
    // The low seven bits of 32,768, 32,768 and 4,464.
    expect(lengths).toEqual([0, 0, 112])
  })

  test('reads framed blocks, and frames that were joined', async () => {
    expect(await read(`${HEADER} 00000007 ${HELLO} 00000007 ${HELLO}`)).toBe('hellohello')
    expect(await read(`${HEADER} 00000007 ${HELLO} ${HEADER} 00000007 ${HELLO}`)).toBe('hellohello')
    expect(await read(HEADER)).toBe('')
  })

  test('reads a raw block, as librdkafka and franz-go write it', async () => {
    expect(await read(HELLO)).toBe('hello')
  })

  test('reads copies with offsets of one, two and four bytes, and literals with long lengths', async () => {
    expect(await read('09 00 61 0d01 02 0100')).toBe('aaaaaaaaa')
    expect(await read('05 00 61 0e 0100')).toBe('aaaaa')
    expect(await read('05 00 61 0f 01000000')).toBe('aaaaa')
    for (const [tag, size] of [
      ['f0', '46'],
      ['f4', '4600'],
      ['f8', '460000'],
      ['fc', '46000000'],
    ] as const) {
      expect(await read(`47 ${tag} ${size} ${'61'.repeat(71)}`)).toBe('a'.repeat(71))
    }
  })

  test.each([
    ['no length', ''],
    ['a length that does not end', 'ffffffffff01'],
    ['a literal beyond the block', '05 10 6865'],
    ['a literal length beyond the block', '05 f4'],
    ['a literal length that is negative as an int32', '05 fc fbffffff 68656c6c6f'],
    ['a copy from before the block', '05 0e 0100'],
    ['a copy of distance nothing', '05 00 61 0e 0000'],
    ['a copy without its offset', '05 00 61 0e 01'],
    ['less than it says', '06 10 68656c6c6f'],
    ['more than it says', '04 10 68656c6c6f'],
    ['a frame with a block that is cut off', `${HEADER} 00000008 ${HELLO}`],
    ['a frame with half a length', `${HEADER} 0000`],
    ['a frame with a negative length', `${HEADER} ffffffff ${HELLO}`],
    ['a frame of a version to come', `82534e4150505900 00000002 00000000 00000007 ${HELLO}`],
  ])('refuses %s', async (_, hex) => {
    await expect(read(hex)).rejects.toBeInstanceOf(CompressionError)
  })

  test('refuses a block that claims to be huge before it allocates anything', async () => {
    await expect(read('ffffffff0f 10 68656c6c6f')).rejects.toThrow('cannot make 4294967295')
    await expect(read('c0843d 10 68656c6c6f')).rejects.toThrow('cannot make 1000000')
    await expect(read(`${HEADER} 00000007 ${HELLO}`, 4)).rejects.toThrow('more than 4 bytes')
    await expect(read(`${HEADER} 00000007 ${HELLO} 00000007 ${HELLO}`, 9)).rejects.toThrow('more than 9 bytes')
  })

  test('another implementation reads what it writes, and it reads what that writes', async () => {
    await fc.assert(
      fc.asyncProperty(contents, async (bytes) => {
        const written = Buffer.from(await codec.compress(bytes, {}))
        const pieces: Uint8Array[] = []
        for (let at = 16; at < written.length;) {
          const end = at + 4 + written.readInt32BE(at)
          pieces.push(snappyjs.uncompress(new Uint8Array(written.subarray(at + 4, end))))
          at = end
        }
        expect(Buffer.compare(Buffer.concat(pieces), bytes)).toBe(0)
        const theirs = snappyjs.compress(bytes)
        const back = await codec.decompress(theirs, { maxBytes: bytes.length, magic: 2 })
        expect(Buffer.compare(back, bytes)).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  test('bytes that are spoilt are refused or read as others, never past the ends', async () => {
    await fc.assert(
      fc.asyncProperty(contents, fc.nat(), fc.nat(255), async (bytes, place, byte) => {
        const written = await codec.compress(bytes, {})
        written[place % written.length] = byte
        try {
          const back = await codec.decompress(written, { maxBytes: 1 << 20, magic: 2 })
          expect(back.length).toBeLessThanOrEqual(1 << 20)
        } catch (error) {
          expect(error).toBeInstanceOf(CompressionError)
        }
      }),
      { numRuns: 500 },
    )
  })
})
