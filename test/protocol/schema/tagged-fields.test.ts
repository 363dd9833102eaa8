import { describe, expect, test } from 'vitest'
import { DecodeError, EncodeError } from '../../../src/errors.ts'
import {
  array,
  bytes,
  int32,
  int8,
  message,
  nullable,
  string,
  struct,
  unknownTaggedFields,
} from '../../../src/protocol/schema.ts'
import { decode, hexOf, holding } from './holding.ts'

describe('tagged fields', () => {
  interface Tagged {
    plain: number
    text: string
    part: { id: number }
    count: number
    maybe: string | null
  }
  const tagged = message<Tagged>({
    name: 'Tagged',
    apiKey: null,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: {
      plain: int8,
      text: string.tagged(2),
      part: struct<{ id: number }>({ id: int8.default(-1) }).tagged(0),
      count: int32.since(1).tagged(1).default(5),
      maybe: nullable(string).tagged(3).default(null),
    },
  })
  const encodeUnknown = (fields: unknown) => (): unknown => tagged.encode({ [unknownTaggedFields]: fields } as never, 1)
  const defaults: Tagged = { plain: 1, text: '', part: { id: -1 }, count: 5, maybe: null }

  test('are left out when they have their defaults', () => {
    expect(hexOf(tagged, defaults, 1)).toBe('0100')
    expect(hexOf(tagged, { plain: 1, part: {} }, 1)).toBe('0100')
    expect(decode(tagged, '0100', 1)).toEqual(defaults)
  })

  test('are written in the order of their tags after the plain fields', () => {
    const value: Tagged = { plain: 1, text: 'a', part: { id: 4 }, count: 0, maybe: '' }
    const hex = '01 04 00020400 010400000000 02020261 030101'
    expect(hexOf(tagged, value, 1)).toBe(hex.replaceAll(' ', ''))
    expect(decode(tagged, hex, 1)).toEqual(value)
  })

  test('of a version that lacks them are refused like any other', () => {
    expect(() => tagged.encode({ count: 6 }, 0)).toThrow('Tagged version 0 cannot carry count')
  })

  test('that the schema does not know are kept, in every struct, and written again in order', () => {
    const hex = '01 03 0006 04 01 0902abcd 02020261 0a00'
    const value = decode(tagged, hex, 1) as Tagged & { [unknownTaggedFields]: unknown; part: object }
    expect(value[unknownTaggedFields]).toEqual([{ tag: 10, data: new Uint8Array(0) }])
    expect(value.part).toEqual({ id: 4, [unknownTaggedFields]: [{ tag: 9, data: Uint8Array.of(0xab, 0xcd) }] })
    expect(hexOf(tagged, value, 1)).toBe(hex.replaceAll(' ', ''))
  })

  test('that the schema does not know survive in a tagged struct that has its defaults otherwise', () => {
    const hex = '01 01 0006 ff 01 0902abcd'
    expect(hexOf(tagged, decode(tagged, hex, 1), 1)).toBe(hex.replaceAll(' ', ''))
  })

  test('with a wrong value are refused, even where it looks empty', () => {
    expect(() => tagged.encode({ part: 5 } as never, 1)).toThrow('Tagged.part: number is not an object')
    expect(() => tagged.encode({ text: null } as never, 1)).toThrow('Tagged.text: null where the version allows none')
    const listed = holding(array(int8).tagged(0))
    expect(() => listed.encode({ value: '' } as never, 1)).toThrow('Test.value: string is not an array')
    const binary = holding(bytes.tagged(0))
    expect(() => binary.encode({ value: [] } as never, 1)).toThrow('Test.value: object is not a Uint8Array')
  })

  test('given as unknown are refused when they are known, doubled or no bytes', () => {
    const data = Uint8Array.of(1)
    expect(encodeUnknown([{ tag: 0, data }])).toThrow('tag 0 is not unknown to this version')
    expect(
      encodeUnknown([
        { tag: 9, data },
        { tag: 9, data },
      ]),
    ).toThrow('tag 9 is given twice')
    expect(encodeUnknown([{ tag: 9, data: 'a' }])).toThrow('string is not a Uint8Array')
    expect(encodeUnknown([{ tag: -9, data }])).toThrow(EncodeError)
  })

  test.each([
    ['out of order', '0102 0900 0800', 'tag 8 follows tag 9'],
    ['given twice', '0102 0900 0900', 'tag 9 follows tag 9'],
    ['more than there may be', '01914e', '10001 tagged fields are announced'],
    ['longer than what is left', '01010905ab', '5 bytes are needed and 1 are left'],
    [
      'longer than their field',
      '01010106 000000000000',
      'Tagged.count at byte 8: 2 bytes are left of the tagged field',
    ],
    ['shorter than their field', '01010103 000000', 'Tagged.count at byte 4: 4 bytes are needed and 3 are left'],
  ])('%s are refused', (_, hex, text) => {
    expect(() => decode(tagged, hex, 1)).toThrow(text)
    expect(() => decode(tagged, hex, 1)).toThrow(DecodeError)
  })
})
