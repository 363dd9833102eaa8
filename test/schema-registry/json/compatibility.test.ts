import { describe, expect, test } from 'vitest'
import { SerializationError } from '../../../src/schema-registry/errors.ts'
import { incompatibilities } from '../../../src/schema-registry/json/compatibility.ts'
import type { ResolvedSchema } from '../../../src/schema-registry/schema.ts'

type Json = Record<string, unknown> | boolean

const MODERN = { $schema: 'https://json-schema.org/draft/2020-12/schema' }

function resolved(json: Json, references: [string, ResolvedSchema][] = []): ResolvedSchema {
  return { schemaType: 'JSON', schema: JSON.stringify(json), references: new Map(references) }
}

/** What stands in the way of reading with `reader` what was written with `writer`. */
function found(writer: Json, reader: Json): string[] {
  return incompatibilities(resolved(reader), resolved(writer)).map(({ type, path }) => `${type} ${path}`)
}

/** A tree of values. */
function tree(value: Json): Json {
  const node = { $ref: '#/definitions/node' }
  return { definitions: { node: { ...closed, properties: { value, left: node, right: node } } }, ...node }
}

const string = { type: 'string' }
const int = { type: 'integer' }
const number = { type: 'number' }
const closed = { type: 'object', additionalProperties: false }

describe('a JSON Schema that may follow another', () => {
  test.each<[what: string, writer: Json, reader: Json]>([
    ['says nothing', { type: 'object', properties: {} }, {}],
    ['is another for people only', { title: 'a', description: 'b' }, { title: 'c', default: 1 }],
    ['takes longer strings', { ...string, maxLength: 5, pattern: 'a' }, { ...string, maxLength: 6 }],
    ['takes fractions', int, number],
    ['takes a divisor of what was divided by', { ...number, multipleOf: 0.3 }, { ...number, multipleOf: 0.1 }],
    ['lists more values', { enum: ['a', { b: 1, c: 2 }] }, { enum: ['z', { c: 2, b: 1 }, 'a'] }],
    ['forbids less', { not: number }, { not: int }],
    ['is one of several', string, { anyOf: [number, string] }],
    ['is one of several types', int, { type: ['null', 'number'] }],
    ['has one more branch', { oneOf: [string, int] }, { oneOf: [int, { type: 'boolean' }, string] }],
    ['asks for less of all', { allOf: [string, { enum: ['a'] }] }, string],
    ['has an optional property more in a closed object', closed, { ...closed, properties: { a: string } }],
    [
      'has a required property more with a default in a closed object',
      closed,
      { ...closed, properties: { a: { ...string, default: '' } }, required: ['a'] },
    ],
    ['has no property that it takes anyway', { type: 'object', properties: { a: string } }, { type: 'object' }],
    [
      'takes by a pattern what it does not name any more',
      { ...closed, properties: { ab: string } },
      { ...closed, patternProperties: { '^a': string } },
    ],
    [
      'requires less',
      { type: 'object', properties: { a: string }, required: ['a'] },
      { type: 'object', properties: { a: string } },
    ],
    [
      'has one more place in a closed list',
      { items: [string], additionalItems: false },
      { items: [string, int], additionalItems: false },
    ],
    ['speaks of another draft', { items: [string] }, { ...MODERN, prefixItems: [string] }],
    [
      'moved into definitions',
      { properties: { a: string } },
      { properties: { a: { $ref: '#/definitions/a' } }, definitions: { a: string } },
    ],
  ])('%s', (_, writer, reader) => {
    expect(found(writer, reader)).toEqual([])
  })
})

describe('a JSON Schema that may not follow another tells why', () => {
  test.each<[writer: Json, reader: Json, expected: string[]]>([
    [string, number, ['TYPE_CHANGED #/']],
    [{}, string, ['TYPE_CHANGED #/']],
    [
      { ...string, minLength: 1 },
      { ...string, minLength: 2, maxLength: 3 },
      ['MAX_LENGTH_ADDED #/maxLength', 'MIN_LENGTH_INCREASED #/minLength'],
    ],
    [{ ...string, pattern: 'a' }, { ...string, pattern: 'b' }, ['PATTERN_CHANGED #/pattern']],
    [number, int, ['TYPE_NARROWED #/']],
    [
      { ...number, maximum: 5 },
      { ...number, maximum: 4, exclusiveMinimum: 1 },
      ['MAXIMUM_DECREASED #/maximum', 'EXCLUSIVE_MINIMUM_ADDED #/exclusiveMinimum'],
    ],
    [{ ...number, multipleOf: 2 }, { ...number, multipleOf: 3 }, ['MULTIPLE_OF_CHANGED #/multipleOf']],
    [{ ...number, multipleOf: 0.1 }, { ...number, multipleOf: 0.3 }, ['MULTIPLE_OF_EXPANDED #/multipleOf']],
    [{ enum: [1, 2] }, { enum: [1] }, ['ENUM_ARRAY_NARROWED #/enum']],
    [{ const: 1 }, { const: 2 }, ['ENUM_ARRAY_CHANGED #/const']],
    [{ not: int }, { not: number }, ['NOT_TYPE_EXTENDED #/not']],
    [{ oneOf: [string, int] }, { oneOf: [string] }, ['SUM_TYPE_NARROWED #/']],
    [{ anyOf: [string, int] }, { allOf: [string, int] }, ['COMBINED_TYPE_CHANGED #/']],
    [{ oneOf: [string, int] }, { oneOf: [string, { type: 'null' }] }, ['COMBINED_TYPE_SUBSCHEMAS_CHANGED #/']],
    [
      { type: 'object', properties: { a: string } },
      { type: 'object', properties: { a: int, b: string }, required: ['a'] },
      [
        'REQUIRED_ATTRIBUTE_ADDED #/required/a',
        'TYPE_CHANGED #/properties/a',
        'OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/b',
      ],
    ],
    [{ ...closed, properties: { a: string } }, closed, ['PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/a']],
    [
      closed,
      { ...closed, properties: { a: string }, required: ['a'] },
      ['REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/a'],
    ],
    [{ type: 'object' }, closed, ['ADDITIONAL_PROPERTIES_REMOVED #/additionalProperties']],
    [
      { ...MODERN, type: 'object' },
      { ...MODERN, type: 'object', unevaluatedProperties: false },
      ['UNEVALUATED_PROPERTIES_REMOVED #/unevaluatedProperties'],
    ],
    [
      { ...MODERN, type: 'object', dependentRequired: { a: ['b'] } },
      { ...MODERN, type: 'object', dependentRequired: { a: ['b', 'c'] } },
      ['DEPENDENCY_ARRAY_EXTENDED #/dependencies/a'],
    ],
    [
      { items: string },
      { items: int, uniqueItems: true },
      ['TYPE_CHANGED #/items', 'UNIQUE_ITEMS_ADDED #/uniqueItems'],
    ],
    [{ items: [string] }, { items: [string, int] }, ['ITEM_ADDED_TO_OPEN_CONTENT_MODEL #/items/1']],
  ])('%j, then %j', (writer, reader, expected) => {
    expect(found(writer, reader)).toEqual(expected)
  })

  test('schemas that contain themselves are compared to their ends', () => {
    expect(found(tree(int), tree(number))).toEqual([])
    expect(found(tree(number), tree(int))).toContain('TYPE_NARROWED #/properties/value')
  })

  test('references lead into other schemas, by name and next to the $id', () => {
    const customer = resolved({ properties: { name: string } })
    const changed = resolved({ properties: { name: int } })
    const order = { $id: 'http://test/order.json', properties: { customer: { $ref: 'customer.json' } } }
    const compare = (name: string, reader: ResolvedSchema) =>
      incompatibilities(resolved(order, [[name, reader]]), resolved(order, [[name, customer]]))
    for (const name of ['customer.json', 'http://test/customer.json']) {
      expect(compare(name, customer)).toEqual([])
      expect(compare(name, changed)).toEqual([{ type: 'TYPE_CHANGED', path: '#/properties/customer/properties/name' }])
    }
  })

  test.each([{ $ref: '#/nowhere' }, { $ref: '#' }, { properties: { a: { $ref: 'other.json' } } }])(
    '%j is refused: its reference cannot be followed',
    (json) => expect(() => found(json, { properties: { a: string } })).toThrow(SerializationError),
  )
})
