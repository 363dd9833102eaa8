import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DecodeError, EncodeError } from '../../../src/errors.ts'
import { ByteReader } from '../../../src/protocol/bytes/reader.ts'
import { sizeOfUnsignedVarint, sizeOfVarint, sizeOfVarlong } from '../../../src/protocol/bytes/varint.ts'
import { ByteWriter } from '../../../src/protocol/bytes/writer.ts'

interface Vectors {
  unsignedVarint: { value: number; hex: string }[]
  varint: { value: number; hex: string }[]
  varlong: { value: string; hex: string }[]
}

const vectors = JSON.parse(readFileSync(new URL('../../vectors/hashing.json', import.meta.url), 'utf8')) as Vectors

function reader(hex: string): ByteReader {
  return new ByteReader(Buffer.from(hex, 'hex'))
}

function written(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter(1)
  write(writer)
  return Buffer.from(writer.finish()).toString('hex')
}

test('unsigned varints are read, written and measured as Java does', () => {
  for (const { value, hex } of vectors.unsignedVarint) {
    const from = reader(hex)
    expect(from.unsignedVarint()).toBe(value)
    expect(from.remaining).toBe(0)
    expect(written((w) => w.unsignedVarint(value))).toBe(hex)
    expect(sizeOfUnsignedVarint(value)).toBe(hex.length / 2)
  }
})

test('varints are read, written and measured as Java does', () => {
  for (const { value, hex } of vectors.varint) {
    const from = reader(hex)
    expect(from.varint()).toBe(value)
    expect(from.remaining).toBe(0)
    expect(written((w) => w.varint(value))).toBe(hex)
    expect(sizeOfVarint(value)).toBe(hex.length / 2)
  }
})

test('varlongs within 2^53 are read, written and measured as Java does', () => {
  const exact = vectors.varlong.filter(({ value }) => Number.isSafeInteger(Number(value)))
  expect(exact.length).toBeGreaterThan(200)
  for (const { value, hex } of exact) {
    const from = reader(hex)
    expect(from.varlong()).toBe(Number(value))
    expect(from.remaining).toBe(0)
    expect(written((w) => w.varlong(Number(value)))).toBe(hex)
    expect(sizeOfVarlong(Number(value))).toBe(hex.length / 2)
  }
})

test('varlongs beyond 2^53 are read as the nearest number and refused on writing', () => {
  const rounded = vectors.varlong.filter(({ value }) => !Number.isSafeInteger(Number(value)))
  expect(rounded.length).toBeGreaterThan(10)
  for (const { value, hex } of rounded) {
    const from = reader(hex)
    expect(from.varlong() / Number(value)).toBeCloseTo(1, 14)
    expect(from.remaining).toBe(0)
    expect(() => written((w) => w.varlong(Number(value)))).toThrow(EncodeError)
  }
})

describe.each([
  ['unsignedVarint', 5],
  ['varint', 5],
  ['varlong', 10],
] as const)('%s', (name, longest) => {
  test('refuses input that ends within it, and stays where it was', () => {
    for (let size = 0; size < longest; size++) {
      const from = reader('80'.repeat(size))
      expect(() => from[name]()).toThrow(DecodeError)
      expect(from.offset).toBe(0)
    }
  })

  test(`refuses more than ${longest} bytes`, () => {
    expect(() => reader('80'.repeat(longest) + '01')[name]()).toThrow(`longer than ${longest} bytes`)
  })

  test('accepts zeroes that a shorter form could do without, as Java does', () => {
    const from = reader('80'.repeat(longest - 1) + '00ff')
    expect(from[name]()).toBe(0)
    expect(from.offset).toBe(longest)
  })
})

test('bits of an unsigned varint above the 32nd are dropped, as in Java', () => {
  expect(reader('ffffffff7f').unsignedVarint()).toBe(0xffffffff)
})

test.each([-1, 2 ** 32, 1.5, Number.NaN])('%d is not written as an unsigned varint', (value) => {
  expect(() => written((w) => w.unsignedVarint(value))).toThrow(EncodeError)
})

test.each([2 ** 31, -(2 ** 31) - 1, 0.5])('%d is not written as a varint', (value) => {
  expect(() => written((w) => w.varint(value))).toThrow(EncodeError)
})
