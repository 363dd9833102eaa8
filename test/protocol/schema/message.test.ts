import { describe, expect, test } from 'vitest'
import { UnsupportedVersionError } from '../../../src/errors.ts'
import { ByteReader } from '../../../src/protocol/bytes/reader.ts'
import { ByteWriter } from '../../../src/protocol/bytes/writer.ts'
import { array, int64, int8, message, nullable, string, struct } from '../../../src/protocol/schema.ts'
import { decode, hexOf, holding, thrownBy } from './holding.ts'

describe('a version', () => {
  interface Changing {
    always: number
    added: number
    removed: string
    dropped: bigint
    name: string | null
    list: { inner: number }[]
  }
  const changing = message<Changing>({
    name: 'Changing',
    apiKey: 99,
    versions: { min: 1, max: 4 },
    flexibleFrom: null,
    fields: {
      always: int8.default(3),
      added: int8.since(2).default(-1),
      removed: string.until(2),
      dropped: int64.since(4).default(7n).ignorable(),
      name: nullable(string, 2, 3).default('x'),
      list: array(struct<{ inner: number }>({ inner: int8.since(3) })),
    },
  })

  test('has its own fields, and defaults for those it lacks', () => {
    expect(hexOf(changing, {}, 1)).toBe('03000000017800000000')
    expect(decode(changing, '05000161000162 00000000', 1)).toEqual({
      always: 5,
      added: -1,
      removed: 'a',
      dropped: 7n,
      name: 'b',
      list: [],
    })
    expect(decode(changing, '0506 ffff 00000001 09', 3)).toEqual({
      always: 5,
      added: 6,
      removed: '',
      dropped: 7n,
      name: null,
      list: [{ inner: 9 }],
    })
  })

  test('gives each decoded value objects of its own as defaults', () => {
    const of = message<{ list: number[] }>({
      name: 'Fresh',
      apiKey: null,
      versions: { min: 0, max: 1 },
      flexibleFrom: null,
      fields: { list: array(int8).since(1) },
    })
    const first = decode(of, '', 0)
    first.list.push(1)
    expect(decode(of, '', 0).list).toEqual([])
  })

  test('that cannot carry a value throws UnsupportedVersionError naming the field and the versions', () => {
    const error = thrownBy(() => changing.encode({ added: 5 }, 1))
    expect(error).toBeInstanceOf(UnsupportedVersionError)
    expect(error).toMatchObject({
      message: 'Changing version 1 cannot carry added: leave the field out or use a version that has it',
      api: 'Changing',
      client: { min: 1, max: 4 },
    })
    expect(() => changing.encode({ removed: 'a' }, 3)).toThrow('Changing version 3 cannot carry removed')
    expect(() => changing.encode({ list: [{}, { inner: 1 }] }, 2)).toThrow(
      'Changing version 2 cannot carry list[1].inner',
    )
  })

  test('drops an ignorable value, and carries a default in silence', () => {
    expect(hexOf(changing, { dropped: 9n, added: -1 }, 1)).toBe(hexOf(changing, {}, 1))
  })

  test('allows null only where it is declared', () => {
    expect(hexOf(changing, { name: null }, 2)).toBe(`03ff0000ffff00000000`)
    expect(() => changing.encode({ name: null }, 1)).toThrow('Changing.name: null where the version allows none')
    expect(() => changing.encode({ name: null }, 4)).toThrow('Changing.name: null where the version allows none')
  })

  test.each([0, 5, -1, 1.5, Number.NaN])('%d that the message lacks is refused in both directions', (version) => {
    expect(() => changing.encode({}, version)).toThrow(UnsupportedVersionError)
    expect(() => changing.decode(new Uint8Array(0), version)).toThrow(
      `Changing has no version ${version}: versions 1 to 4 are known`,
    )
  })
})

test('messages are written after and read before other bytes', () => {
  const of = holding(string)
  const writer = new ByteWriter()
  writer.int8(7)
  of.write(writer, { value: 'ab' }, 0)
  of.write(writer, { value: 'c' }, 1)
  const reader = new ByteReader(writer.finish())
  expect(reader.int8()).toBe(7)
  expect(of.read(reader, 0)).toEqual({ value: 'ab' })
  expect(of.read(reader, 1)).toEqual({ value: 'c' })
  expect(reader.remaining).toBe(0)
})
