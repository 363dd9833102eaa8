import { describe, expect, test } from 'vitest'
import {
  flag,
  implementing,
  integer,
  milliseconds,
  oneOf,
  type OptionTable,
  resolveOptions,
  text,
  texts,
} from '../src/config.ts'
import { ConfigError } from '../src/errors.ts'

interface Sample {
  lingerMs: number
  batchSizeBytes: number
  isOn: boolean
  mode: 'a' | 'b'
  name: string | undefined
  topics: readonly string[] | undefined
  key: { serialize(): void } | undefined
}

const TABLE: OptionTable<Sample> = {
  lingerMs: milliseconds(5),
  batchSizeBytes: integer(16, { min: 1, max: 100 }),
  isOn: flag(true),
  mode: oneOf('a', ['a', 'b']),
  name: text(),
  topics: texts(),
  key: implementing<{ serialize(): void }>('serialize'),
}

function complaint(given: object): { option: string; message: string } {
  try {
    resolveOptions('sample', TABLE, given)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    const { option, message, code } = error as ConfigError
    expect(code).toBe('KAFKA_CONFIG')
    return { option, message }
  }
  throw new Error('the options were accepted')
}

describe('resolveOptions', () => {
  test('gives each option its default and keeps what was given', () => {
    expect(resolveOptions('sample', TABLE, { batchSizeBytes: 7, mode: 'b' })).toEqual({
      lingerMs: 5,
      batchSizeBytes: 7,
      isOn: true,
      mode: 'b',
      name: undefined,
      topics: undefined,
      key: undefined,
    })
  })

  test('takes undefined for not given', () => {
    expect(resolveOptions('sample', TABLE, { lingerMs: undefined }).lingerMs).toBe(5)
  })

  test.each([
    [{ linger: 5 }, 'linger', 'sample has no option linger: did you mean lingerMs?'],
    [{ LINGERMS: 5 }, 'LINGERMS', 'sample has no option LINGERMS: did you mean lingerMs?'],
    [
      { somethingElse: 5 },
      'somethingElse',
      'sample has no option somethingElse: known are lingerMs, batchSizeBytes, isOn, mode, name, topics, key',
    ],
    [{ constructor: 1 }, 'constructor', undefined],
    [{ lingerMs: '5' }, 'lingerMs', 'lingerMs must be a whole number from 0 to 2147483647, not "5"'],
    [{ lingerMs: Number.NaN }, 'lingerMs', undefined],
    [{ lingerMs: 2 ** 31 }, 'lingerMs', undefined],
    [{ batchSizeBytes: 0 }, 'batchSizeBytes', 'batchSizeBytes must be a whole number from 1 to 100, not 0'],
    [{ batchSizeBytes: 1.5 }, 'batchSizeBytes', undefined],
    [{ isOn: 'true' }, 'isOn', 'isOn must be true or false, not "true"'],
    [{ mode: 'c' }, 'mode', 'mode must be one of a, b, not "c"'],
    [{ name: '' }, 'name', 'name must be a string that is not empty, not ""'],
    [{ topics: 'orders' }, 'topics', 'topics must be an array of strings that are not empty, not "orders"'],
    [{ topics: ['a', ''] }, 'topics', undefined],
    [{ key: {} }, 'key', 'key must be an object with serialize, not an object'],
    [{ key: null }, 'key', 'key must be an object with serialize, not null'],
  ])('refuses %j', (given, option, message) => {
    const refused = complaint(given)
    expect(refused.option).toBe(option)
    if (message !== undefined) expect(refused.message).toBe(message)
  })

  test.each([null, 5, 'x', []])('refuses %j in place of options', (given) => {
    expect(() => resolveOptions('sample', TABLE, given as unknown as object)).toThrow(ConfigError)
  })
})
