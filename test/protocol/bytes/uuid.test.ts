import { describe, expect, test } from 'vitest'
import { EncodeError } from '../../../src/errors.ts'
import { readUuid, writeUuid, ZERO_UUID } from '../../../src/protocol/bytes/uuid.ts'

describe('a UUID', () => {
  const cases: [text: string, hex: string][] = [
    [ZERO_UUID, '00000000000000000000000000000000'],
    ['AAAAAAAAAAAAAAAAAAAAAQ', '00000000000000000000000000000001'],
    ['_____________________w', 'ffffffffffffffffffffffffffffffff'],
    ['ASNFZ4mrze8BI0VniavN7w', '0123456789abcdef0123456789abcdef'],
    ['--------------------_g', Buffer.from('--------------------_g', 'base64url').toString('hex')],
  ]

  test.each(cases)('%s stands for %s both ways', (text, hex) => {
    expect(readUuid(Buffer.from(hex, 'hex'), 0)).toBe(text)
    const bytes = new Uint8Array(16)
    writeUuid(bytes, 0, text)
    expect(Buffer.from(bytes).toString('hex')).toBe(hex)
  })

  test('may follow any other, or text that is none', () => {
    for (const [text, hex] of [...cases, ...cases.toReversed(), ...cases]) {
      const bytes = new Uint8Array(16)
      for (let again = 0; again < 2; again++) {
        expect(readUuid(Buffer.from(hex, 'hex'), 0)).toBe(text)
        writeUuid(bytes, 0, text)
        expect(Buffer.from(bytes).toString('hex')).toBe(hex)
        expect(() => writeUuid(bytes, 0, `${text.slice(0, 21)}B`)).toThrow(EncodeError)
      }
    }
  })

  test('is read and written at an offset', () => {
    const bytes = new Uint8Array(20)
    writeUuid(bytes, 3, 'ASNFZ4mrze8BI0VniavN7w')
    expect(Buffer.from(bytes).toString('hex')).toBe('0000000123456789abcdef0123456789abcdef00')
    expect(readUuid(bytes, 3)).toBe('ASNFZ4mrze8BI0VniavN7w')
  })
})

test.each([
  ['too short', 'AAAAAAAAAAAAAAAAAAAAA'],
  ['too long', 'AAAAAAAAAAAAAAAAAAAAAAA'],
  ['padded', 'AAAAAAAAAAAAAAAAAAAA=='],
  ['plain base64', 'AAAAAAAAAAAAAAAAAAAA+A'],
  ['more than 128 bits', 'AAAAAAAAAAAAAAAAAAAAAB'],
  ['not ASCII', 'AAAAAAAAAAAAAAAAAAAAAé'],
  ['in the hyphenated form', '01234567-89ab-cdef-0123-456789abcdef'],
  ['a number', 5],
  ['null', null],
  ['an object without a prototype', Object.create(null)],
])('text that is %s is refused', (_, text) => {
  expect(() => writeUuid(new Uint8Array(16), 0, text as string)).toThrow(EncodeError)
})
