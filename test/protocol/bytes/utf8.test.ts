import { expect, test } from 'vitest'
import { EncodeError } from '../../../src/errors.ts'
import { decodeUtf8, encodeUtf8, writeUtf8 } from '../../../src/protocol/bytes/utf8.ts'

const long = 'x'.repeat(40)

test.each([
  ['empty text', '', ''],
  ['ASCII', 'topic-1', '746f7069632d31'],
  ['NUL', '\0', '00'],
  ['two bytes', 'é', 'c3a9'],
  ['three bytes', '€', 'e282ac'],
  ['the last character of the first plane', '\uffff', 'efbfbf'],
  ['a surrogate pair', '😀', 'f09f9880'],
  ['a byte order mark', '\ufeffa', 'efbbbf61'],
  ['long ASCII', long, '78'.repeat(40)],
  ['a late character outside ASCII', `${long}é`, `${'78'.repeat(40)}c3a9`],
])('%s is decoded and encoded', (_, text, hex) => {
  const bytes = Buffer.from(hex, 'hex')
  expect(decodeUtf8(bytes, 0, bytes.length)).toBe(text)
  expect(Buffer.from(encodeUtf8(text)).toString('hex')).toBe(hex)
  const target = new Uint8Array(2 + text.length * 3)
  expect(writeUtf8(target, 2, text)).toBe(bytes.length)
  expect(Buffer.from(target.subarray(2, 2 + bytes.length)).toString('hex')).toBe(hex)
})

test('only the bytes of the range are decoded', () => {
  expect(decodeUtf8(Buffer.from('abcdef'), 2, 4)).toBe('cd')
  expect(decodeUtf8(Buffer.from(`<${long}>`), 1, 41)).toBe(long)
})

test('malformed bytes become U+FFFD, as in Java', () => {
  expect(decodeUtf8(Buffer.from('61ff62', 'hex'), 0, 3)).toBe('a\ufffdb')
  expect(decodeUtf8(Buffer.from('e282', 'hex'), 0, 2)).toBe('\ufffd')
})

test.each([
  ['a high surrogate alone', '\ud800'],
  ['a low surrogate alone', 'a\udc00'],
  ['the halves swapped', '\udc00\ud800'],
  ['one at the end of long text', `${long}\ud83d`],
])('%s has no UTF-8 form and is refused', (_, text) => {
  expect(() => encodeUtf8(text)).toThrow(EncodeError)
  expect(() => writeUtf8(new Uint8Array(200), 0, text)).toThrow(EncodeError)
})
