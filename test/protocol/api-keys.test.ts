import { expect, test } from 'vitest'
import { apiKeys, apiName } from '../../src/protocol/api-keys.ts'

test('each API has a number of its own, from 0 to 94 without a gap', () => {
  expect(Object.values(apiKeys)).toEqual(Array.from({ length: 95 }, (_, key) => key))
})

test('a number is named, or said to be unknown', () => {
  expect(apiName(apiKeys.ApiVersions)).toBe('ApiVersions')
  expect(apiName(94)).toBe('UnregisterController')
  expect(apiName(95)).toBe('unknown API 95')
})
