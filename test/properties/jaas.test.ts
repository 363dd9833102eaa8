import { expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { parseJaas } from '../../src/properties/jaas.ts'

/** What Kafka's JaasContext (4.4.0) reads. */
test.each<[text: string, className: string, options: Record<string, string>]>([
  [
    'org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="alice-secret";',
    'org.apache.kafka.common.security.plain.PlainLoginModule',
    { password: 'alice-secret', username: 'alice' },
  ],
  ["a.B required username='KEY' password='SEC/RET+=';", 'a.B', { password: 'SEC/RET+=', username: 'KEY' }],
  ['a.B required username=alice password=se-cret_$x;', 'a.B', { password: 'se-cret_$x', username: 'alice' }],
  [
    'a.B required\n  username = "a\\"b"\n  password="x\\\\y\\tz\\101" ;',
    'a.B',
    { password: 'x\\y\tzA', username: 'a"b' },
  ],
  ['a.B sufficient k="it\'s" j=\'say "x"\';', 'a.B', { j: 'say "x"', k: "it's" }],
  ['a.B required /* c */ k=v // rest\n j="//not";', 'a.B', { j: '//not', k: 'v' }],
  ['a.B Required tokenauth="true";', 'a.B', { tokenauth: 'true' }],
  ['a.B required k="grüße";', 'a.B', { k: 'grüße' }],
  ['a.B required k="a;b=c";', 'a.B', { k: 'a;b=c' }],
  ['a.B required;', 'a.B', {}],
  ['a.B required k="";', 'a.B', { k: '' }],
  ['a.B required k="x" k="y";', 'a.B', { k: 'y' }],
  ['a.B required k=true;', 'a.B', { k: 'true' }],
  ['a.B required username="u" password="p\\q";', 'a.B', { password: 'pq', username: 'u' }],
])('reads %s as Java does', (text, className, options) => {
  const module = parseJaas(text)
  expect([module.className, Object.fromEntries(module.options)]).toEqual([className, options])
})

test.each([
  ['a.B required k=123;', '123'],
  ['a.B required k=a/b;', 'a/b'],
  ['a.B required k=https://idp/token;', 'https://idp/token'],
  ['a.B required k="=";', '='],
])('reads the value in %s, which Java refuses or would not have without quotes', (text, value) => {
  expect(parseJaas(text).options.get('k')).toBe(value)
})

test.each([
  ['', 'names no login module'],
  [';', 'names no login module'],
  ['a.B', 'needs a control flag'],
  ['a.B nonsense k="hunter2";', 'needs a control flag'],
  ['a.B required k="hunter2"', 'does not end in a semicolon'],
  ['a.B required k;', 'must have options as name="value"'],
  ['a.B required k=;', 'must have options as name="value"'],
  ['a.B required ="hunter2";', 'must have options as name="value"'],
  ['a.B required k="hunter2" x;', 'must have options as name="value"'],
  ['a.B required k="hunter2;', 'has a value without its closing quote'],
  ['a.B required k="hunter2\n";', 'has a value without its closing quote'],
  ['a.B required k="hunter2"; c.D optional j="w";', 'must name one login module'],
])('refuses %j as Java does, without showing a value', (text, message) => {
  expect(() => parseJaas(text)).toThrow(ConfigError)
  expect(() => parseJaas(text)).toThrow(`sasl.jaas.config ${message}`)
  expect(() => parseJaas(text)).not.toThrow('hunter2')
})
