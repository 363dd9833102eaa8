import { describe, expect, test } from 'vitest'
import { SerializationError } from '../../src/schema-registry/errors.ts'
import {
  decodeHeader,
  decodeMessageIndexes,
  decodePrefix,
  encodeHeader,
  encodeMessageIndexes,
  encodePrefix,
} from '../../src/schema-registry/wire-format.ts'
import { readVectors, type WireVector } from '../support/registry/vectors.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

describe('framing', () => {
  const vectors = readVectors<WireVector>('confluent-wire')

  test.each(vectors.filter(({ framing }) => framing === 'prefix'))(
    'puts before $name what Confluent does',
    (vector) => {
      const { schemaId, payloadHex, messageIndexes } = vector
      const payload = bytes(payloadHex)
      const prefix = encodePrefix(schemaId, messageIndexes ?? undefined)
      expect(hex(payload.subarray(0, prefix.length))).toBe(hex(prefix))
      expect(decodePrefix(payload, messageIndexes !== null)).toEqual({
        id: schemaId,
        guid: undefined,
        messageIndexes: messageIndexes ?? undefined,
        bodyOffset: prefix.length,
      })
    },
  )

  test.each(vectors.filter(({ framing }) => framing === 'header'))(
    'puts into the header of $name what Confluent does',
    (vector) => {
      const { guid, headers, messageIndexes } = vector
      const [[, value] = ['', '']] = headers
      expect(hex(encodeHeader(guid, messageIndexes ?? undefined))).toBe(value)
      expect(decodeHeader(bytes(value), messageIndexes !== null)).toEqual({
        id: undefined,
        guid,
        messageIndexes: messageIndexes ?? undefined,
        bodyOffset: 0,
      })
    },
  )

  test.each([
    [[0], '00'],
    [[1], '0202'],
    [[1, 0, 2], '06020004'],
    [[64], '028001'],
    [[2 ** 31 - 1], '02feffffff0f'],
  ])('writes message indexes %j as %s and reads them back', (indexes, text) => {
    expect(hex(encodeMessageIndexes(indexes))).toBe(text)
    expect(decodeMessageIndexes(bytes(text), 0)).toEqual({ indexes, end: text.length / 2 })
  })

  test.each([
    ['', /there are none/],
    ['01', /the first is 1/],
    ['7b7d', /the first is 123/],
    ['000000', /cut off/],
    ['00ffffffff', /-1 is no schema id/],
  ])('refuses the bytes "%s"', (text, message) => {
    expect(() => decodePrefix(bytes(text), false)).toThrow(SerializationError)
    expect(() => decodePrefix(bytes(text), false)).toThrow(message)
  })

  test.each([
    ['0000000001', /cut off within the message indexes/],
    ['000000000104', /cut off/],
    ['000000000180', /cut off within/],
    ['000000000101', /negative/],
    ['0000000001feffffff0f', /do not fit/],
    ['0000000001ffffffffffff', /more than 5 bytes/],
  ])('refuses the message indexes of "%s"', (text, message) => {
    expect(() => decodePrefix(bytes(text), true)).toThrow(SerializationError)
    expect(() => decodePrefix(bytes(text), true)).toThrow(message)
  })

  test('refuses a header that holds no GUID', () => {
    expect(() => decodeHeader(bytes('01ff'), false)).toThrow(/must hold 1 and 16 bytes/)
    expect(() => decodeHeader(bytes(`00${'ab'.repeat(16)}`), false)).toThrow(/begin with 0/)
    expect(() => encodeHeader('no-guid')).toThrow(SerializationError)
  })
})
