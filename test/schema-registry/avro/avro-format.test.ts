import { describe, expect, test } from 'vitest'
import { avroFormat } from '../../../src/schema-registry/avro/avro-format.ts'
import { standardLogicalTypes } from '../../../src/schema-registry/avro/logical-types.ts'
import { SerializationError } from '../../../src/schema-registry/errors.ts'
import type { ResolvedSchema } from '../../../src/schema-registry/schema.ts'
import { fromHex, toHex, toValue, vectors } from './vectors.ts'

interface WireCase {
  name: string
  format: string
  framing: 'prefix' | 'header'
  subject: string
  config: Record<string, unknown>
  schemaText: string
  schemaId: number
  references: { name: string }[]
  referencedSchemas: string[] | null
  value: unknown
  logicalValue?: Record<string, unknown>
  payloadHex: string
}

const format = avroFormat<unknown>({ unions: 'tagged' })
const nothing = new Uint8Array(0)

function resolved(schema: string, references: Record<string, ResolvedSchema> = {}): ResolvedSchema {
  return { schemaType: 'AVRO', schema, references: new Map(Object.entries(references)) }
}

/** The schema of a case. Those that it refers to may refer to the ones before them. */
function resolvedOf({ schemaText, references, referencedSchemas }: WireCase): ResolvedSchema {
  const known: Record<string, ResolvedSchema> = {}
  for (const [index, { name }] of references.entries()) known[name] = resolved(referencedSchemas![index]!, { ...known })
  return resolved(schemaText, known)
}

function prefixOf({ framing, schemaId }: WireCase): Uint8Array {
  if (framing === 'header') return nothing
  return fromHex(`00${schemaId.toString(16).padStart(8, '0')}`)
}

const cases = vectors<WireCase>('confluent-wire').filter(({ format }) => format === 'avro')

describe("the bytes of Confluent's serialisers", () => {
  test('are here', () => {
    expect(cases.length).toBeGreaterThan(40)
  })

  test.each(cases)('$name is written the same', async (vector) => {
    const writer = await format.writer(resolvedOf(vector), undefined)
    expect(toHex(writer.encode(toValue(vector.value), prefixOf(vector)))).toBe(vector.payloadHex)
  })

  test.each(cases)('$name is read', async (vector) => {
    const reader = await format.reader(resolvedOf(vector), undefined)
    const body = fromHex(vector.payloadHex).subarray(prefixOf(vector).length)
    expect(reader.decode(body, undefined)).toStrictEqual(toValue(vector.value))
  })

  test.each(cases.filter(({ config }) => config['subject.name.strategy.type'] === 'RECORD'))(
    '$name has the record that names its subject',
    (vector) => {
      expect(format.recordName(resolvedOf(vector), undefined)).toBe(vector.subject)
    },
  )

  test.each(cases.filter(({ logicalValue }) => logicalValue !== undefined && logicalValue !== null))(
    '$name has logical values that are read and written back',
    async (vector) => {
      const logical = avroFormat<Record<string, unknown>>({ logicalTypes: standardLogicalTypes })
      const body = fromHex(vector.payloadHex).subarray(prefixOf(vector).length)
      const value = (await logical.reader(resolvedOf(vector), undefined)).decode(body, undefined)
      const expected = vector.logicalValue as Record<string, Record<string, string>>
      expect(value['dec']).toBe(expected['dec']!['$decimal'])
      expect(value['fdec']).toBe(expected['fdec']!['$decimal'])
      expect(value['date']).toEqual(new Date(`${expected['date']!['$date']}T00:00:00Z`))
      expect(value['ts']).toEqual(new Date(expected['ts']!['$timestamp']!))
      expect(value['lts']).toEqual(new Date(`${expected['lts']!['$timestamp']}Z`))
      expect(value['id']).toBe(expected['id']!['$uuid'])
      const writer = await logical.writer(resolvedOf(vector), undefined)
      expect(toHex(writer.encode(value, prefixOf(vector)))).toBe(vector.payloadHex)
    },
  )
})

describe('schemas that users pass', () => {
  test('are registered as the text that was given', () => {
    expect(format.toSchema('"string"', undefined as never)).toEqual({ schema: '"string"', schemaType: 'AVRO' })
  })

  test('may be parsed JSON', () => {
    const given = { type: 'array', items: 'int' }
    expect(format.toSchema(given, undefined as never)).toEqual({ schema: JSON.stringify(given), schemaType: 'AVRO' })
  })

  test('may bring references, metadata and rules', () => {
    const references = [{ name: 'acme.Address', subject: 'address', version: 1 }]
    const metadata = { properties: { owner: 'me' } }
    const given = { schema: { type: 'array', items: 'acme.Address' }, references, metadata }
    expect(format.toSchema(given, undefined as never)).toEqual({
      schema: '{"type":"array","items":"acme.Address"}',
      schemaType: 'AVRO',
      references,
      metadata,
    })
  })

  test('are refused before the registry hears of them', () => {
    expect(() => format.toSchema('{"type":"enum"}', undefined as never)).toThrow(SerializationError)
    expect(() => format.toSchema('not json', undefined as never)).toThrow('the schema is not JSON')
  })
})

describe('reader schemas', () => {
  const older = resolved('{"type":"record","name":"User","fields":[{"name":"id","type":"int"}]}')
  const newer = resolved(
    '{"type":"record","name":"User","fields":[{"name":"id","type":"long"},{"name":"mail","type":"string","default":"-"}]}',
  )

  test('fill what the writer did not know, and leave out what the reader does not', async () => {
    const old = (await format.writer(older, undefined)).encode({ id: 7 }, nothing)
    expect((await format.reader(older, newer)).decode(old, undefined)).toStrictEqual({ id: 7, mail: '-' })
    const oldest = resolved('{"type":"record","name":"User","fields":[]}')
    expect((await format.reader(older, oldest)).decode(old, undefined)).toStrictEqual({})
  })

  test('read bytes at the top, which have no length', async () => {
    const reader = await format.reader(resolved('"bytes"'), resolved('"string"'))
    expect(reader.decode(fromHex('c3a9'), undefined)).toBe('é')
  })

  test('are told apart from those that cannot read', () => {
    expect(format.incompatibilities!(newer, older)).toEqual([])
    expect(format.incompatibilities!(older, newer)).toEqual([
      'TYPE_MISMATCH at /fields/0/type: reader type: INT not compatible with writer type: LONG',
    ])
  })
})

describe('fields for rules', () => {
  const schema: ResolvedSchema = {
    ...resolved(
      JSON.stringify({
        type: 'record',
        name: 'acme.User',
        fields: [
          { name: 'name', type: 'string', 'confluent:tags': ['PII'] },
          { name: 'mails', type: ['null', { type: 'array', items: 'string' }] },
          { name: 'home', type: { type: 'record', name: 'Home', fields: [{ name: 'city', type: 'string' }] } },
          { name: 'byYear', type: { type: 'map', values: 'int' } },
        ],
      }),
    ),
    metadata: { tags: { 'acme.*.mails': ['MAIL'], '**.city': ['PLACE'] } },
  }

  test('are visited with their names, types and tags, and replaced in a copy', async () => {
    const value = { name: 'Ada', mails: ['a@b', 'c@d'], home: { city: 'Ulm' }, byYear: { y: 1 } }
    const seen: string[] = []
    const writer = await format.writer(schema, undefined)
    const changed = await writer.transformFields!(value, ({ name, fullName, type, tags }, field) => {
      seen.push(`${fullName} ${type} ${[...tags].join()}`)
      expect(fullName.endsWith(`.${name}`)).toBe(true)
      return typeof field === 'string' ? field.toUpperCase() : field
    })
    expect(seen).toEqual([
      'acme.User.name STRING PII',
      'acme.User.mails STRING MAIL',
      'acme.User.mails STRING MAIL',
      'acme.Home.city STRING PLACE',
      'acme.User.byYear INT ',
    ])
    expect(changed).toStrictEqual({ name: 'ADA', mails: ['A@B', 'C@D'], home: { city: 'ULM' }, byYear: { y: 1 } })
    expect(value.name).toBe('Ada')
  })
})
