import { describe, expect, test } from 'vitest'
import { ConfigError, EncodeError } from '../src/errors.ts'
import { bytes, json, type SerdeContext, string, toRecordHeaders } from '../src/serdes.ts'

const context: SerdeContext = { topic: 't', field: 'value', headers: [] }
const utf8 = (text: string) => new TextEncoder().encode(text)

describe('string', () => {
  test('reads UTF-8 and keeps null', async () => {
    expect(await string.deserialize(utf8('grüße 日本 😀'), context)).toBe('grüße 日本 😀')
    expect(await string.deserialize(null, context)).toBeNull()
    expect(await string.deserialize(utf8(''), context)).toBe('')
  })

  test('refuses anything but text', () => {
    expect(() => string.serialize(5 as unknown as string, context)).toThrow(EncodeError)
  })
})

describe('json', () => {
  test('round-trips a value', async () => {
    const serde = json<{ a: number[] }>()
    const encoded = await serde.serialize({ a: [1, 2] }, context)
    expect(encoded).toBe('{"a":[1,2]}')
    expect(await serde.deserialize(utf8(encoded as string), context)).toEqual({ a: [1, 2] })
  })

  test('refuses what JSON cannot say', () => {
    expect(() => json<unknown>().serialize(() => 1, context)).toThrow(EncodeError)
  })

  test('leaves a null record null', async () => {
    expect(await json<{ a: 1 }>().deserialize(null, context)).toBeNull()
  })
})

test('bytes leaves bytes as they are', async () => {
  const data = utf8('x')
  expect(await bytes.serialize(data, context)).toBe(data)
  expect(await bytes.deserialize(data, context)).toBe(data)
})

describe('toRecordHeaders', () => {
  test('takes an object', () => {
    expect(toRecordHeaders({ a: 'x', b: null })).toEqual([
      { key: 'a', value: utf8('x') },
      { key: 'b', value: null },
    ])
  })

  test('takes pairs and header objects, with duplicates, in order', () => {
    expect(toRecordHeaders([['a', '1'], { key: 'a', value: utf8('2') }, ['b', null]])).toEqual([
      { key: 'a', value: utf8('1') },
      { key: 'a', value: utf8('2') },
      { key: 'b', value: null },
    ])
  })

  test.each([5, 'x', { a: 5 }, [['a', undefined]], [[1, 'x']]])('refuses %j', (input) => {
    expect(() => toRecordHeaders(input as never)).toThrow(ConfigError)
  })
})
