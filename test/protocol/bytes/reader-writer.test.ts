import { describe, expect, test } from 'vitest'
import { DecodeError, EncodeError } from '../../../src/errors.ts'
import { ByteReader } from '../../../src/protocol/bytes/reader.ts'
import { ByteWriter } from '../../../src/protocol/bytes/writer.ts'

function hexOf(write: (writer: ByteWriter) => void, capacity?: number): string {
  const writer = new ByteWriter(capacity)
  write(writer)
  return Buffer.from(writer.finish()).toString('hex')
}

type Fixed = 'int8' | 'int16' | 'uint16' | 'int32' | 'float64'

const fixed: [type: Fixed, value: number, hex: string][] = [
  ['int8', 127, '7f'],
  ['int8', -128, '80'],
  ['int16', 0x7fff, '7fff'],
  ['int16', -0x8000, '8000'],
  ['uint16', 0xffff, 'ffff'],
  ['int32', 0x7fffffff, '7fffffff'],
  ['int32', -0x80000000, '80000000'],
  ['float64', 1.5, '3ff8000000000000'],
  ['float64', -0, '8000000000000000'],
  ['float64', Number.NaN, '7ff8000000000000'],
]

test.each(fixed)('%s %d is %s in both directions', (type, value, hex) => {
  expect(hexOf((w) => w[type](value))).toBe(hex)
  const reader = new ByteReader(Buffer.from(hex, 'hex'))
  expect(reader[type]()).toBe(value)
  expect(reader.remaining).toBe(0)
})

test.each([
  [2n ** 63n - 1n, '7fffffffffffffff', 2 ** 63],
  [-(2n ** 63n), '8000000000000000', -(2 ** 63)],
  [-1n, 'ffffffffffffffff', -1],
  [BigInt(Number.MAX_SAFE_INTEGER), '001fffffffffffff', Number.MAX_SAFE_INTEGER],
  [BigInt(Number.MIN_SAFE_INTEGER), 'ffe0000000000001', Number.MIN_SAFE_INTEGER],
])('int64 %d is %s in both directions, and a number where one will do', (value, hex, asNumber) => {
  expect(hexOf((w) => w.int64(value))).toBe(hex)
  expect(new ByteReader(Buffer.from(hex, 'hex')).int64()).toBe(value)
  expect(new ByteReader(Buffer.from(hex, 'hex')).int64AsNumber()).toBe(asNumber)
})

test('unsigned reads do not see a sign', () => {
  expect(new ByteReader(Buffer.from('ff', 'hex')).uint8()).toBe(255)
  expect(new ByteReader(Buffer.from('fffffffe', 'hex')).uint32()).toBe(0xfffffffe)
})

describe('writing refuses', () => {
  type Method = Fixed | 'int64' | 'boolean' | 'string' | 'compactString'
  const odd = ['1', null, undefined, true, 1n, [], {}, Symbol('x'), Object.create(null)]
  const wrong: [Method, unknown[]][] = [
    ['int8', [128, -129, 0.5, Number.NaN, Infinity, ...odd]],
    ['int16', [0x8000, -0x8001, 0.5, Number.NaN, ...odd]],
    ['uint16', [0x10000, -1, 0.5, Number.NaN, ...odd]],
    ['int32', [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN, Infinity, ...odd]],
    ['float64', odd],
    ['int64', [2n ** 63n, -(2n ** 63n) - 1n, 0, ...odd.filter((value) => value !== 1n)]],
    ['boolean', [0, 1, ...odd.filter((value) => value !== true)]],
    ['string', [5, ...odd.filter((value) => value !== '1')]],
    ['compactString', [5, ...odd.filter((value) => value !== '1')]],
  ]
  test.each(wrong)('what is no %s', (method, values) => {
    for (const value of values) {
      const write = (): string => hexOf((w) => (w[method] as (value: unknown) => void)(value))
      expect(write, `a value of type ${typeof value}`).toThrow(EncodeError)
    }
  })

  test('a lone surrogate and more than 32767 bytes in a string of either form', () => {
    for (const method of ['string', 'compactString'] as const) {
      expect(() => hexOf((w) => w[method]('\ud800'))).toThrow('a lone surrogate has no UTF-8 form')
      expect(() => hexOf((w) => w[method](`${'x'.repeat(60)}\ud800`))).toThrow('a lone surrogate has no UTF-8 form')
      expect(() => hexOf((w) => w[method]('é'.repeat(16_384)))).toThrow('a string of 32768 bytes is longer than 32767')
      expect(hexOf((w) => w[method]('x'.repeat(32_767)))).toHaveLength((method === 'string' ? 2 : 3) * 2 + 65_534)
    }
  })
})

test('an error message shows the value in short', () => {
  expect(() => hexOf((w) => w.int32('x'.repeat(100) as never))).toThrow(
    `cannot encode: "${'x'.repeat(40)}" is not an int32`,
  )
  expect(() => hexOf((w) => w.int8(300))).toThrow('cannot encode: 300 is not an int8')
  expect(() => hexOf((w) => w.boolean({ secret: 1 } as never))).toThrow('cannot encode: object is not a boolean')
})

test.each([0, 1, 41, 42, 43, 200, 3000])(
  'a compact string of %d characters of each size is written after its length',
  (count) => {
    for (const [character, size] of [
      ['x', 1],
      ['é', 2],
      ['€', 3],
      ['😀', 4],
    ] as const) {
      const text = character.repeat(count)
      const reader = new ByteReader(
        Buffer.from(
          hexOf((w) => w.compactString(text)),
          'hex',
        ),
      )
      const length = reader.unsignedVarint() - 1
      expect(length).toBe(count * size)
      expect(reader.utf8(length)).toBe(text)
      expect(reader.remaining).toBe(0)
    }
  },
)

test('a writer grows and keeps what it holds', () => {
  const writer = new ByteWriter(1)
  for (let i = 0; i < 1000; i++) writer.int32(i)
  writer.raw(Uint8Array.of(1, 2, 3))
  expect(writer.length).toBe(4003)
  const reader = new ByteReader(writer.finish())
  for (let i = 0; i < 1000; i++) expect(reader.int32()).toBe(i)
  expect(reader.slice(3)).toEqual(Uint8Array.of(1, 2, 3))
})

test('a reserved place is filled in later', () => {
  expect(
    hexOf((w) => {
      const at = w.reserve(4)
      w.int8(7)
      w.int32At(at, 5)
    }),
  ).toBe('0000000507')
})

describe('reading', () => {
  test('refuses to go past the end, and says where and how much is missing', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3, 4))
    reader.int16()
    expect(() => reader.int32()).toThrow('cannot decode at byte 2: 4 bytes are needed and 2 are left')
    expect(reader.offset).toBe(2)
  })

  test.each([
    'int8',
    'uint8',
    'int16',
    'uint16',
    'int32',
    'uint32',
    'int64',
    'int64AsNumber',
    'float64',
    'uuid',
  ] as const)('refuses an empty input for %s', (method) => {
    expect(() => new ByteReader(new Uint8Array(0))[method]()).toThrow(DecodeError)
  })

  test('refuses negative sizes', () => {
    expect(() => new ByteReader(new Uint8Array(4)).slice(-1)).toThrow(DecodeError)
    expect(() => new ByteReader(new Uint8Array(4)).utf8(-1)).toThrow(DecodeError)
  })

  test('stays within a range of the input and gives views of it', () => {
    const bytes = Uint8Array.of(9, 1, 2, 9)
    const reader = new ByteReader(bytes, 1, 3)
    expect(reader.remaining).toBe(2)
    const view = reader.slice(2)
    expect(view.buffer).toBe(bytes.buffer)
    expect([...view]).toEqual([1, 2])
    expect(() => reader.int8()).toThrow(DecodeError)
  })

  test('reads from a view that does not begin at its buffer', () => {
    const bytes = Uint8Array.of(0xff, 0xff, 0, 0, 0, 5).subarray(2)
    expect(new ByteReader(bytes).int32()).toBe(5)
  })
})

describe('a writer that shares large arrays', () => {
  test('leaves them out of its own memory and has them in their places', () => {
    const large = new Uint8Array(100).fill(7)
    const writer = new ByteWriter(16, 100)
    const sizeAt = writer.reserve(4)
    writer.raw(large)
    writer.raw(large)
    writer.int8(1)
    writer.raw(new Uint8Array(99).fill(8))
    writer.raw(large)
    writer.int32At(sizeAt, writer.length - 4)
    const parts = writer.parts()
    expect(parts.filter((part) => part === large)).toHaveLength(3)
    expect(() => writer.finish()).toThrow('in parts')
    const copying = new ByteWriter()
    copying.int32(400)
    for (const part of [large, large, Uint8Array.of(1), new Uint8Array(99).fill(8), large]) copying.raw(part)
    expect(Buffer.concat(parts)).toEqual(Buffer.from(copying.finish()))
    expect(writer.length).toBe(copying.length)
  })
})

describe('a writer that is used for one thing after the other', () => {
  const sizes = [10, 3, 40, 200, 1, 5000, 7, 60, 60, 60, 60]

  test.each([64, 256, 8192])('leaves what it wrote before as it was, with memory of %d bytes', (memoryBytes) => {
    const allocated: number[] = []
    const writer = new ByteWriter(0, 4096, (bytes) => {
      allocated.push(bytes)
      return new Uint8Array(bytes)
    })
    const written = sizes.map((size, i) => {
      // Not all is written that was announced, and some outgrows what was.
      writer.begin(i % 2 === 0 ? size + 4 : 8, memoryBytes)
      const at = writer.reserve(4)
      writer.raw(new Uint8Array(size).fill(i + 1))
      writer.int8(-i)
      writer.int32At(at, i * 0x1010101)
      return { parts: writer.parts(), length: writer.length }
    })
    for (const [i, { parts, length }] of written.entries()) {
      const expected = Buffer.alloc(sizes[i]! + 5, i + 1)
      expected.writeInt32BE(i * 0x1010101)
      expected.writeInt8(-i, expected.length - 1)
      expect(Buffer.concat(parts).equals(expected)).toBe(true)
      expect(length).toBe(expected.length)
    }
    // Small ones share memory, and none is made for nothing.
    expect(allocated.length).toBeLessThan(memoryBytes === 8192 ? 4 : 20)
  })

  test('gives views of what it wrote last', () => {
    const writer = new ByteWriter()
    writer.int8(1)
    writer.begin(1, 256)
    writer.int8(2)
    expect(writer.finish()).toEqual(Uint8Array.of(2))
  })
})
