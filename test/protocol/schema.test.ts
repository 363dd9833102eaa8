import { describe, expect, test } from 'vitest'
import { DecodeError, EncodeError } from '../../src/errors.ts'
import {
  array,
  boolean,
  bytes,
  Field,
  float64,
  int16,
  int32,
  int64,
  int8,
  MAX_ARRAY_LENGTH,
  nullable,
  records,
  string,
  struct,
  uint16,
  uuid,
} from '../../src/protocol/schema.ts'
import { decode, fromHex, hexOf, holding, thrownBy } from './schema/holding.ts'

describe('a type', () => {
  const uuidText = 'ASNFZ4mrze8BI0VniavN7w'
  const point = struct<{ x: number }>({ x: int8 })
  const cases: [name: string, field: Field<unknown>, value: unknown, plain: string, flexible: string][] = [
    ['int8', int8 as Field<unknown>, -2, 'fe', 'fe'],
    ['int16', int16 as Field<unknown>, 258, '0102', '0102'],
    ['uint16', uint16 as Field<unknown>, 65_535, 'ffff', 'ffff'],
    ['int32', int32 as Field<unknown>, -1, 'ffffffff', 'ffffffff'],
    ['int64', int64 as Field<unknown>, 1n, '0000000000000001', '0000000000000001'],
    ['float64', float64 as Field<unknown>, 1.5, '3ff8000000000000', '3ff8000000000000'],
    ['boolean', boolean as Field<unknown>, true, '01', '01'],
    ['uuid', uuid as Field<unknown>, uuidText, '0123456789abcdef'.repeat(2), '0123456789abcdef'.repeat(2)],
    ['string', string as Field<unknown>, 'ab', '00026162', '036162'],
    ['bytes', bytes as Field<unknown>, Uint8Array.of(1, 2), '000000020102', '030102'],
    ['records', records as Field<unknown>, Uint8Array.of(7), '0000000107', '0207'],
    ['array', array(int16) as Field<unknown>, [1, 2], '0000000200010002', '0300010002'],
    ['struct', point as Field<unknown>, { x: 5 }, '05', '0500'],
    ['array of structs', array(point) as Field<unknown>, [{ x: 5 }, { x: 6 }], '000000020506', '0305000600'],
    ['null string', nullable(string) as Field<unknown>, null, 'ffff', '00'],
    ['null bytes', nullable(bytes) as Field<unknown>, null, 'ffffffff', '00'],
    ['null array', nullable(array(int8)) as Field<unknown>, null, 'ffffffff', '00'],
    ['null struct', nullable(point) as Field<unknown>, null, 'ff', 'ff'],
    ['nullable struct', nullable(point) as Field<unknown>, { x: 5 }, '0105', '010500'],
  ]

  test.each(cases)('%s is encoded and decoded, plain and flexible', (_, field, value, plain, flexible) => {
    const of = holding(field)
    expect(hexOf(of, { value }, 0)).toBe(plain)
    expect(hexOf(of, { value }, 1)).toBe(`${flexible}00`)
    expect(decode(of, plain, 0)).toEqual({ value })
    expect(decode(of, `${flexible}00`, 1)).toEqual({ value })
  })

  test('boolean takes any byte but 0 for true, as Java does', () => {
    expect(decode(holding(boolean), '7f', 0)).toEqual({ value: true })
  })

  test('bytes are decoded as a view of the input', () => {
    const input = fromHex('0000000107')
    expect(holding(bytes).decode(input, 0).value.buffer).toBe(input.buffer)
  })
})

describe('encoding refuses', () => {
  const list = array(struct<{ name: string }>({ name: string })) as Field<unknown>
  const cases: [what: string, field: Field<unknown>, value: unknown, message: string][] = [
    ['text for a number', int32 as Field<unknown>, '1', 'cannot encode Test.value: "1" is not an int32'],
    ['2^31 for an int32', int32 as Field<unknown>, 2 ** 31, 'cannot encode Test.value: 2147483648 is not an int32'],
    ['NaN for an int32', int32 as Field<unknown>, Number.NaN, 'cannot encode Test.value: NaN is not an int32'],
    ['a bigint for an int32', int32 as Field<unknown>, 1n, 'cannot encode Test.value: 1 is not an int32'],
    ['a number for an int64', int64 as Field<unknown>, 1, 'cannot encode Test.value: 1 is not an int64'],
    ['a number for text', string as Field<unknown>, 1, 'cannot encode Test.value: 1 is not a string'],
    [
      'a lone surrogate',
      string as Field<unknown>,
      '\ud800',
      'cannot encode Test.value: a lone surrogate has no UTF-8 form',
    ],
    ['null', string as Field<unknown>, null, 'cannot encode Test.value: null where the version allows none'],
    ['null bytes', bytes as Field<unknown>, null, 'cannot encode Test.value: null where the version allows none'],
    ['a null array', list, null, 'cannot encode Test.value: null where the version allows none'],
    ['text for bytes', bytes as Field<unknown>, 'ab', 'cannot encode Test.value: string is not a Uint8Array'],
    ['an object for an array', list, {}, 'cannot encode Test.value: object is not an array'],
    ['a null element', list, [{ name: '' }, null], 'cannot encode Test.value[1]: null is not an object'],
    ['text for a struct', list, ['a'], 'cannot encode Test.value[0]: string is not an object'],
    ['a wrong field deep down', list, [{}, { name: 5 }], 'cannot encode Test.value[1].name: 5 is not a string'],
  ]
  test.each(cases)('%s, and names the place', (_, field, value, text) => {
    for (const version of [0, 1]) {
      const error = thrownBy(() => holding(field).encode({ value }, version))
      expect(error).toBeInstanceOf(EncodeError)
      expect((error as EncodeError).message).toBe(text)
      expect(text).toContain(`${(error as EncodeError).path}: ${(error as EncodeError).reason}`)
    }
  })

  test('what is no object as the message itself', () => {
    expect(() => holding(int8).encode(null as never, 0)).toThrow('cannot encode Test: null is not an object')
    expect(() => holding(int8).encode(5 as never, 0)).toThrow('cannot encode Test: number is not an object')
  })
})

describe('decoding refuses', () => {
  const list = array(struct<{ name: string }>({ name: string })) as Field<unknown>
  const cases: [what: string, field: Field<unknown>, version: number, hex: string, message: string][] = [
    [
      'the end of the input',
      int32 as Field<unknown>,
      0,
      '0001',
      'Test.value at byte 0: 4 bytes are needed and 2 are left',
    ],
    ['bytes left over', int8 as Field<unknown>, 0, '0102', 'Test at byte 1: 1 bytes are left over'],
    ['a negative length', string as Field<unknown>, 0, 'fffe', 'Test.value at byte 0: length -2 is negative'],
    ['null', string as Field<unknown>, 0, 'ffff', 'Test.value at byte 0: null where the version allows none'],
    ['compact null', string as Field<unknown>, 1, '0000', 'Test.value at byte 0: null where the version allows none'],
    [
      'a mark that is neither',
      nullable(struct<{ x: number }>({ x: int8 })) as Field<unknown>,
      0,
      '0205',
      'Test.value at byte 0: 2 does not say whether a struct follows: 1 and -1 do',
    ],
    [
      'a broken element',
      list,
      0,
      '00000002000161000561',
      'Test.value[1].name at byte 9: 5 bytes are needed and 1 are left',
    ],
  ]
  test.each(cases)('%s, and names the place', (_, field, version, hex, text) => {
    const error = thrownBy(() => decode(holding(field), hex, version))
    expect(error).toBeInstanceOf(DecodeError)
    const { message: whole, path, offset, reason } = error as DecodeError
    expect(whole).toBe(`cannot decode ${text}`)
    expect(text).toBe(`${path} at byte ${offset}: ${reason}`)
  })

  test.each([
    ['plain', 0, '7fffffff'],
    ['compact', 1, 'ffffffff0f'],
  ])('a huge count in %s form before it reads or makes anything', (_, version, count) => {
    let reads = 0
    const counted = new Field<number>(
      { ...int8.type, compile: () => ({ minSize: 1, read: () => ++reads, write: () => undefined }) },
      int8.options,
    )
    expect(() => decode(holding(array(counted)), count, version)).toThrow(/elements are announced and 0 bytes are left/)
    expect(reads).toBe(0)
  })

  test('more elements than an array may have, though the bytes would be there', () => {
    const count = MAX_ARRAY_LENGTH + 1
    const input = new Uint8Array(4 + count)
    new DataView(input.buffer).setInt32(0, count)
    expect(() => holding(array(int8)).decode(input, 0)).toThrow(`${count} elements are announced`)
  })

  test('huge lengths of text and bytes', () => {
    expect(() => decode(holding(string), '7fff61', 0)).toThrow('32767 bytes are needed and 1 are left')
    expect(() => decode(holding(string), 'ffffffff0f61', 1)).toThrow('4294967294 bytes are needed and 1 are left')
    expect(() => decode(holding(bytes), '7fffffff61', 0)).toThrow('2147483647 bytes are needed and 1 are left')
    expect(() => decode(holding(bytes), 'ffffffff0f61', 1)).toThrow('4294967294 bytes are needed and 1 are left')
  })
})

test('a field is changed only in the copy that its methods return', () => {
  int8.since(3).until(4).tagged(1).default(5).ignorable()
  nullable(int8)
  expect(int8.options).toEqual({
    since: 0,
    until: Infinity,
    nullable: undefined,
    tag: undefined,
    default: undefined,
    isIgnorable: false,
  })
})
