import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { parseProperties } from '../../src/properties/parse.ts'

/**
 * Texts, by hand and at random, and what java.util.Properties of Java 17 reads in them. Left out: a text that is a backslash
 * and nothing more at its end, where Java has an entry without a name.
 */
const vectors = JSON.parse(readFileSync(new URL('java-properties.json', import.meta.url), 'utf8')) as [
  text: string,
  entries: Record<string, string>,
][]

test('there are vectors', () => {
  expect(vectors.length).toBeGreaterThan(190)
})

test.each(vectors)('reads %j as Java does', (text, entries) => {
  expect(Object.fromEntries(parseProperties(text))).toEqual(entries)
})

test('takes the last of several values, in the place of the last', () => {
  expect([...parseProperties('a=1\nb=2\na=3')]).toEqual([
    ['b', '2'],
    ['a', '3'],
  ])
})

test('overlooks a byte order mark, which Java would take for a part of the first name', () => {
  expect(parseProperties('\ufeffa=b').get('a')).toBe('b')
})

test('has names of any kind, such as those of an object', () => {
  expect(parseProperties('__proto__=x').get('__proto__')).toBe('x')
})

test('refuses an escape without its digits, naming the property', () => {
  expect(() => parseProperties('ssl.ca.location=C:\\users\\me')).toThrow(ConfigError)
  expect(() => parseProperties('ssl.ca.location=C:\\users\\me')).toThrow(
    'the properties have \\u without four hexadecimal digits in ssl.ca.location: write \\\\ for a backslash',
  )
})
