import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as zlib from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CompressionError } from '../../../src/errors.ts'
import { decompressFrames } from '../../../src/protocol/compression/zstd-decompress.ts'
import { readZstdFrames } from '../../../src/protocol/compression/zstd-frame.ts'

interface Kind {
  frame: string
  size: number
  sha256: string
}

const { zstd, zstdKinds } = JSON.parse(readFileSync(new URL('reference-frames.json', import.meta.url), 'utf8')) as {
  zstd: Record<string, string>
  zstdKinds: { frames: Record<string, Kind> }
}
const kinds = Object.entries(zstdKinds.frames)
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'))
const small = [...Object.values(zstd), ...kinds.map(([, { frame }]) => frame)].map(bytesOf)

const read = (bytes: Uint8Array, maxBytes = 20_000_000): Uint8Array => decompressFrames(readZstdFrames(bytes), maxBytes)

const theirs = 'zstdDecompressSync' in zlib ? (zlib.zstdDecompressSync as (bytes: Uint8Array) => Buffer) : undefined

const hex = (text: string): number[] => [...Buffer.from(text.replaceAll(' ', ''), 'hex')]

const BLOCK = { raw: 0, repeated: 1, compressed: 2 } as const

function block(kind: keyof typeof BLOCK, size: number, content: number[], isLast = false): number[] {
  const header = (size << 3) | (BLOCK[kind] << 1) | (isLast ? 1 : 0)
  return [header & 0xff, (header >>> 8) & 0xff, header >>> 16, ...content]
}

const raw = (text: string): number[] => block('raw', text.length, [...Buffer.from(text)])
const compressed = (content: number[]): number[] => block('compressed', content.length, content)

/** A frame of unknown size with a window of 128 KiB, and an empty block at its end. */
const frame = (...blocks: number[][]): Uint8Array =>
  Uint8Array.from([...hex('28b52ffd 00 38'), ...blocks.flat(), ...block('raw', 0, [], true)])

/** Literals that are one byte so many times, with the size in three bytes. */
function repeatedLiterals(size: number, byte: number): number[] {
  const header = (size << 4) | 0x0d
  return [header & 0xff, (header >>> 8) & 0xff, header >>> 16, byte]
}

/** Literals as they are. */
const literals = (text: string): number[] => [text.length << 3, ...Buffer.from(text)]

/** A block that makes 131,072 bytes of 13, of sequences that take no bits: a literal and three bytes of those before. */
const bomb = compressed([...repeatedLiterals(32_768, 7), ...hex('ff 0001 54 01 00 00 01')])

describe('zstd frames', () => {
  test.each(kinds)('%s', (_, { frame: base64, size, sha256 }) => {
    const output = read(bytesOf(base64))
    expect(output).toHaveLength(size)
    expect(createHash('sha256').update(output).digest('hex').slice(0, 16)).toBe(sha256)
  })

  test.each(kinds)('%s: neither with an end cut off, nor in less room than they take', (_, { frame: base64, size }) => {
    const bytes = bytesOf(base64)
    for (let end = 0; end < bytes.length; end++) {
      expect(() => read(bytes.subarray(0, end)), `cut at ${end}`).toThrow(CompressionError)
    }
    expect(read(bytes, size)).toHaveLength(size)
    if (size > 0) expect(() => decompressFrames(readZstdFrames(bytes), size - 1)).toThrow(`more than ${size - 1} bytes`)
  })

  test.each<[string, string, number[]]>([
    // Of code 1 without literals: the third last offset, or one less than the last. They are 1, 4 and 8 at first.
    ['abcdefghijcdeghiiii', 'one bit each', [...literals(''), ...hex('03 54 00 01 00 0a')]],
    ['abcdefghijghi', 'the second last offset', [...literals(''), ...hex('01 54 00 00 00 01')]],
    // With a literal before the match: the second last or the third last.
    ['abcdefghijYhijZZZZ', 'a literal each', [...literals('YZ'), ...hex('02 54 01 01 00 04')]],
    ['abcdefghijYdef', 'the third last offset', [...literals('Y'), ...hex('01 54 01 01 00 03')]],
    ['abcdefghijYYYYrest', 'literals at the end', [...literals('Yrest'), ...hex('01 54 01 00 00 01')]],
  ])('make %s of last offsets: %s', (text, _, content) => {
    const bytes = frame(raw('abcdefghij'), compressed(content))
    expect(Buffer.from(read(bytes)).toString()).toBe(text)
    if (theirs !== undefined) expect(theirs(bytes).toString()).toBe(text)
  })

  test.each<[string, string, number[]]>([
    ['one bit', '42 c0 00 8010 1a 00', [1, 0, 1, 0]],
    // One more than the format has, which libzstd reads.
    ['twelve bits', '32 c0 02 8b1123456789ab 01000003 00', [12, 0, 1]],
  ])('have literals in codes of %s', (_, content, expected) => {
    const bytes = frame(compressed(hex(content)))
    expect([...read(bytes)]).toEqual(expected)
    if (theirs !== undefined) expect([...theirs(bytes)]).toEqual(expected)
  })

  test('have as many sequences as a block can have', () => {
    const output = read(frame(bomb))
    expect(output).toHaveLength(131_072)
    expect(output.every((byte) => byte === 7)).toBe(true)
  })

  test('of compressed blocks that make a lot are given up at the limit', () => {
    const bytes = frame(...Array.from({ length: 1000 }, () => bomb))
    expect(bytes.length).toBeLessThan(20_000)
    expect(() => read(bytes)).toThrow('more than 20000000 bytes')
    expect(read(bytes, 131_072_000)).toHaveLength(131_072_000)
  })

  test.each<[string, string, number[]]>([
    ['nothing', 'literals', []],
    ['one byte', 'literals', [0]],
    ['literals beyond its end', 'literals', [...hex('50 616263')]],
    ['more literals than a block makes', 'literals', [...repeatedLiterals(131_073, 1), 0]],
    ['codes that were never described', 'literals', hex('03 00 01 01 00')],
    ['codes in four streams for five literals', 'literals', hex('56 00 03 8010 0100 0100 0100 01010101 00')],
    ['codes whose description is cut off', 'literals', hex('a2 80 00 ff 01')],
    ['weights that are all 0', 'literals', hex('a2 c0 00 8000 01')],
    ['weights that are no code', 'literals', hex('a2 00 01 8130 3001')],
    ['a stream without an end', 'literals', hex('12 c0 00 8010 00 00')],
    ['a stream that is too long', 'literals', hex('12 c0 00 8010 07 00')],
    ['a stream that is too short', 'literals', hex('42 c0 00 8010 03 00')],
    ['no sequences section', 'tables', literals('abc')],
    ['half a number of sequences', 'tables', [...literals('abc'), 0x80]],
    ['something after no sequences', 'tables', [...literals('abc'), 0, 1]],
    ['tables of a kind that does not exist', 'tables', [...literals('abc'), ...hex('01 01 01')]],
    ['tables of a block before that is not there', 'tables', [...literals('abc'), ...hex('01 fc 01')]],
    ['a code of literals that does not exist', 'tables', [...literals('abc'), ...hex('01 54 24 00 00 01')]],
    ['a code of offsets that does not exist', 'tables', [...literals('abc'), ...hex('01 54 00 20 00 01')]],
    ['a code of matches that does not exist', 'tables', [...literals('abc'), ...hex('01 54 00 00 35 01')]],
    ['tables that are cut off', 'tables', [...literals('abc'), ...hex('01 54 00 00')]],
    ['a table of too many states', 'tables', [...literals('abc'), ...hex('01 94 0f 00 00 01')]],
    ['a description of a table that is cut off', 'tables', [...literals('abc'), ...hex('01 a8 00')]],
    ['no stream of sequences', 'sequences', [...literals('abc'), ...hex('01 54 00 00 00')]],
    ['a stream of sequences without an end', 'sequences', [...literals('abc'), ...hex('01 54 01 00 00 00')]],
    ['bits that are left', 'sequences', [...literals('abc'), ...hex('01 54 01 00 00 02')]],
    ['bits that are missing', 'sequences', [...literals('abc'), ...hex('01 54 01 03 00 02')]],
    ['more literals in sequences than there are', 'sequences', [...literals('abc'), ...hex('01 54 04 00 00 01')]],
    ['an offset before the start', 'sequences', [...literals('abc'), ...hex('01 54 01 03 00 0f')]],
    ['an offset of 0', 'sequences', [...literals('abc'), ...hex('02 54 00 01 00 07')]],
    ['the largest offset', 'sequences', [...literals('abc'), ...hex('01 54 01 1f 00 ffffffff')]],
    ['more than a block makes', 'sequences', [...literals('abc'), ...hex('01 54 01 00 34 ffff01')]],
  ])('are refused for %s in a block: its %s', (_, part, content) => {
    expect(() => read(frame(compressed(content)))).toThrow(`the ${part} of a block are broken`)
    // The next one is none the worse for it.
    expect(read(frame(bomb))).toHaveLength(131_072)
  })

  test('are refused for another checksum or size than that of their content', () => {
    const good = small.find((bytes) => (bytes[4]! & 4) !== 0 && bytes.length < 100)!
    for (let bit = 0; bit < 32; bit++) {
      const bad = good.slice()
      bad[good.length - 4 + (bit >>> 3)]! ^= 1 << (bit & 7)
      expect(() => read(bad)).toThrow('the checksum of its content is wrong')
    }
    const sized = Uint8Array.from([...hex('28b52ffd 20 09'), ...block('raw', 8, hex('0102030405060708'), true)])
    expect(() => read(sized)).toThrow('its header says 9 bytes and it makes 8')
    expect(() => read(sized.map((byte, i) => (i === 5 ? 7 : byte)))).toThrow(CompressionError)
  })

  test('that are spoilt are refused or read as others, never past the ends, and never unlike node:zlib', () => {
    const spoils = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.constantFrom(...small.filter((bytes) => bytes.length > 12)), spoils, (good, changes) => {
        const bad = good.slice()
        for (const [place, byte] of changes) bad[5 + (place % (bad.length - 5))] = byte
        let output: Uint8Array
        try {
          output = read(bad, 1 << 20)
        } catch (error) {
          expect(error).toBeInstanceOf(CompressionError)
          return
        }
        expect(output.length).toBeLessThanOrEqual(1 << 20)
        // It has no memory for large windows, and the last of several frames is not looked at.
        if (theirs !== undefined && bad[5]! < 0x88) expect(Buffer.compare(theirs(bad), output)).toBe(0)
      }),
      { numRuns: 10_000 },
    )
  })
})
