import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { avro } from '../../../src/schema-registry/avro/avro.ts'
import { SchemaRegistryClient } from '../../../src/schema-registry/client/schema-registry-client.ts'
import { SerializationError } from '../../../src/schema-registry/errors.ts'
import { json } from '../../../src/schema-registry/json/json-schema.ts'
import { protobuf } from '../../../src/schema-registry/protobuf/protobuf.ts'
import type { RegistrySerde } from '../../../src/schema-registry/registry-serde.ts'
import { celRules } from '../../../src/schema-registry/rules/cel.ts'
import { jsonataRules } from '../../../src/schema-registry/rules/jsonata.ts'
import type { Rule, RuleSet, SchemaType } from '../../../src/schema-registry/schema.ts'
import type { RegistrySerdeOptions } from '../../../src/schema-registry/serde-options.ts'
import { TestRegistry } from '../../../src/testing/registry/test-registry.ts'

type Options = Omit<RegistrySerdeOptions<never, unknown>, 'schema' | 'readerSchema'> & {
  readerSchema?: 'latest' | { metadata: Record<string, string> }
}

/** One kind of schema: a person with a tagged name, an age, a weight and a list of tagged aliases; then with size in place of height. */
interface Format {
  schemaType: SchemaType
  schema: string
  /** With the field `height`, and with `size` in its place. */
  v1: string
  v2: string
  serde: (options: Options) => RegistrySerde<unknown>
}

const avroText = (...fields: object[]): string => JSON.stringify({ type: 'record', name: 'P', fields })
const jsonText = (properties: object): string => JSON.stringify({ type: 'object', properties })
const protoText = (fields: string): string =>
  `syntax = "proto3"; import "confluent/meta.proto"; message P { ${fields} }`
const PII = { 'confluent:tags': ['PII'] }

const formats: Format[] = [
  {
    schemaType: 'AVRO',
    schema: avroText(
      { name: 'name', type: ['null', 'string'], ...PII },
      { name: 'age', type: 'int' },
      { name: 'weight', type: 'double' },
      { name: 'aliases', type: { type: 'array', items: 'string' }, ...PII },
    ),
    v1: avroText({ name: 'id', type: 'long' }, { name: 'height', type: 'int' }),
    v2: avroText({ name: 'id', type: 'long' }, { name: 'size', type: 'int', default: 0 }),
    serde: (options) => avro({ ...(options as object), registry: options.registry }),
  },
  {
    schemaType: 'JSON',
    schema: jsonText({
      name: { oneOf: [{ type: 'null' }, { type: 'string' }], ...PII },
      age: { type: 'integer' },
      weight: { type: 'number' },
      aliases: { type: 'array', items: { type: 'string' }, ...PII },
    }),
    v1: jsonText({ id: { type: 'integer' }, height: { type: 'integer' } }),
    v2: jsonText({ id: { type: 'integer' }, size: { type: 'integer' } }),
    serde: (options) => json({ ...(options as object), registry: options.registry }),
  },
  {
    schemaType: 'PROTOBUF',
    schema: protoText(
      'string name = 1 [(confluent.field_meta).tags = "PII"]; int32 age = 2; double weight = 3; repeated string aliases = 4 [(confluent.field_meta).tags = "PII"];',
    ),
    v1: protoText('int32 id = 1; int32 height = 2;'),
    v2: protoText('int32 id = 1; int32 size = 3;'),
    serde: (options) => protobuf({ ...(options as object), registry: options.registry, values: 'json' }),
  },
]

const person = { name: 'ada', age: 36, weight: 50.5, aliases: ['a', 'b'] }
/** JSONata that renames a field. */
function rename(from: string, to: string): string {
  return `$merge([$sift($, function($v, $k) {$k != '${from}'}), {'${to}': $.'${from}'}])`
}

const context = { topic: 't', field: 'value', headers: [] } as const
const executors = [...celRules(), jsonataRules()]

describe.each(formats)('data contracts of $schemaType', ({ schemaType, schema, v1, v2, serde }) => {
  let registry: TestRegistry
  let client: SchemaRegistryClient

  beforeEach(async () => {
    registry = await TestRegistry.start()
    client = new SchemaRegistryClient({ url: registry.url, maxRetries: 0, latestCacheTtlMs: 0 })
  })

  afterEach(async () => {
    await client.close()
    await registry.close()
  })

  async function register(text: string, ruleSet: RuleSet): Promise<void> {
    await client.register('t-value', { schemaType, schema: text, ruleSet })
  }

  const using = (more: Partial<Options> = {}): RegistrySerde<unknown> =>
    serde({ registry: client, use: 'latest', rules: { executors }, ...more })
  const written = async (value: unknown, more?: Partial<Options>): Promise<Uint8Array> =>
    (await using(more).serialize(value, context)) as Uint8Array
  const read = async (bytes: Uint8Array, more?: Partial<Options>): Promise<unknown> =>
    using(more).deserialize(bytes, context)

  test.each<[expr: string, isMet: boolean]>([
    ['message.age > 35 && message.age % 2 == 0', true],
    ['message.weight * 2.0 == 101.0', true],
    ['size(message.aliases) == 2 && message.name.startsWith("a")', true],
    ['message.age < 18', false],
    ['message.nothing == 1', false],
    ['message.age < 18 ; message.name == "child"', true],
    ['now > timestamp("2020-01-01T00:00:00Z")', true],
  ])('CEL: %s', async (expr, isMet) => {
    await register(schema, { domainRules: [{ name: 'r', kind: 'CONDITION', mode: 'WRITE', type: 'CEL', expr }] })
    if (isMet) expect(await read(await written(person))).toEqual(person)
    else await expect(written(person)).rejects.toThrow(SerializationError)
  })

  test('CEL makes another value', async () => {
    const expr = '{"name": message.name + "!", "age": message.age + 1, "weight": message.weight, "aliases": []}'
    await register(schema, { domainRules: [{ name: 'r', kind: 'TRANSFORM', mode: 'WRITE', type: 'CEL', expr }] })
    expect(await read(await written(person))).toMatchObject({ name: 'ada!', age: 37, weight: 50.5 })
  })

  test('CEL_FIELD changes the fields with its tags, one by one', async () => {
    const rule: Rule = {
      name: 'mask',
      kind: 'TRANSFORM',
      mode: 'READ',
      type: 'CEL_FIELD',
      tags: ['PII'],
      expr: 'typeName == "STRING" ; value + "-" + name + "-" + string(message.age)',
    }
    await register(schema, { domainRules: [rule] })
    const bytes = await written(person)
    expect(await read(bytes, { rules: { executors, overrides: { mask: { disabled: true } } } })).toEqual(person)
    const changed = { name: 'ada-name-36', aliases: ['a-aliases-36', 'b-aliases-36'] }
    expect(await read(bytes)).toEqual({ ...person, ...changed })
  })

  test('CEL_FIELD without tags looks at every field, and integers stay integers', async () => {
    const expr = 'name == "age" ; value + 1'
    await register(schema, { domainRules: [{ name: 'r', kind: 'TRANSFORM', mode: 'WRITE', type: 'CEL_FIELD', expr }] })
    expect(await read(await written(person))).toEqual({ ...person, age: 37 })
    const condition = 'name == "age" ; value < 18'
    await register(schema, {
      domainRules: [{ name: 'child', kind: 'CONDITION', mode: 'WRITE', type: 'CEL_FIELD', expr: condition }],
    })
    await expect(written(person)).rejects.toThrow(/rule child is not met/)
  })

  test('JSONATA migrates between versions, both ways and over several steps', async () => {
    await client.setConfig('t-value', { compatibility: 'NONE' })
    const migrationRules: Rule[] = [
      { name: 'up', kind: 'TRANSFORM', mode: 'UPGRADE', type: 'JSONATA', expr: rename('height', 'size') },
      { name: 'down', kind: 'TRANSFORM', mode: 'DOWNGRADE', type: 'JSONATA', expr: rename('size', 'height') },
    ]
    await client.register('t-value', { schemaType, schema: v1, metadata: { properties: { major: '1' } } })
    const old = await written({ id: 1, height: 180 })
    const metadata = { properties: { major: '2' } }
    await client.register('t-value', { schemaType, schema: v2, metadata, ruleSet: { migrationRules } })
    const young = await written({ id: 2, size: 170 })
    // A version without rules between, and one more after it.
    const note = { properties: { major: '3' } }
    await client.register('t-value', { schemaType, schema: v2, metadata: note })
    expect(await read(old, { readerSchema: 'latest' })).toEqual({ id: 1, size: 180 })
    expect(await read(young, { readerSchema: 'latest' })).toEqual({ id: 2, size: 170 })
    expect(await read(young, { readerSchema: { metadata: { major: '1' } } })).toEqual({ id: 2, height: 170 })
    expect(await read(old, { readerSchema: { metadata: { major: '2' } } })).toEqual({ id: 1, size: 180 })
    // As they were written, nothing is changed.
    expect(await read(old)).toEqual({ id: 1, height: 180 })
  })

  test('what a migration leaves must be a value of the schema', async () => {
    await client.setConfig('t-value', { compatibility: 'NONE' })
    await client.register('t-value', { schemaType, schema: v1 })
    const old = await written({ id: 1, height: 180 })
    const expr = "{'id': 'none', 'size': 'x'}"
    await register(v2, { migrationRules: [{ name: 'up', kind: 'TRANSFORM', mode: 'UPGRADE', type: 'JSONATA', expr }] })
    const reading = read(old, { readerSchema: 'latest' })
    await expect(reading).rejects.toThrow(SerializationError)
    await expect(reading).rejects.toThrow(/is no value of schema/)
  })

  test('rules about the encoding see the bytes of the body', async () => {
    const flip = {
      type: 'FLIP',
      execute: (_: unknown, value: unknown) => (value as Uint8Array).map((byte) => byte ^ 0xff),
    }
    const rules = { executors: [flip] }
    const plain = await (async () => {
      await register(schema, {})
      return written(person)
    })()
    await register(schema, { encodingRules: [{ name: 'flip', kind: 'TRANSFORM', mode: 'WRITEREAD', type: 'FLIP' }] })
    const bytes = await written(person, { rules })
    const bodyOffset = schemaType === 'PROTOBUF' ? 6 : 5
    expect(bytes.subarray(bodyOffset)).toEqual(plain.subarray(bodyOffset).map((byte) => byte ^ 0xff))
    expect(await read(bytes, { rules })).toEqual(person)
  })
})
