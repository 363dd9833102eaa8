import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RecordHeader } from '../../../src/protocol/records/record.ts'
import { avro, type AvroOptions } from '../../../src/schema-registry/avro/avro.ts'
import { SchemaRegistryClient } from '../../../src/schema-registry/client/schema-registry-client.ts'
import type { RegisteredSchema, SchemaReference } from '../../../src/schema-registry/schema.ts'
import type { SerdeContext } from '../../../src/serdes.ts'
import { TestRegistry } from '../../../src/testing/registry/test-registry.ts'
import { fromHex, toHex, toValue, vectors } from './vectors.ts'

interface WireCase {
  name: string
  format: string
  framing: 'prefix' | 'header'
  topic: string
  field: 'key' | 'value'
  subject: string
  config: Record<string, unknown>
  schemaText: string
  schemaId: number
  references: SchemaReference[]
  value: unknown
  payloadHex: string
  headers: [name: string, hex: string][]
}

/** What Confluent's configuration is called here. */
function optionsOf({ framing, config, schemaText, references }: WireCase): Omit<AvroOptions<unknown>, 'registry'> {
  const strategies = {
    TOPIC: 'topic',
    RECORD: 'record',
    TOPIC_RECORD: 'topic-record',
    ASSOCIATED: 'associated',
  } as const
  const schema = { schema: schemaText, references }
  const metadata = config['use.latest.with.metadata'] as Record<string, string> | undefined
  const common = {
    framing,
    unions: 'tagged' as const,
    subject: strategies[config['subject.name.strategy.type'] as keyof typeof strategies],
    normalize: config['normalize.schemas'] === true,
  }
  if (config['use.latest.version'] === true) return { ...common, use: 'latest' }
  if (config['use.schema.id'] !== undefined) return { ...common, use: { id: config['use.schema.id'] as number } }
  if (metadata !== undefined) return { ...common, use: { metadata } }
  return { ...common, schema, autoRegister: config['auto.register.schemas'] !== false }
}

const cases = vectors<WireCase>('confluent-wire').filter(({ format }) => format === 'avro')

describe("records of Confluent's serialisers, through a registry that has their schemas", () => {
  let server: TestRegistry
  let registry: SchemaRegistryClient

  beforeAll(async () => {
    const schemas = vectors<RegisteredSchema>('registry-schemas')
    // What the vectors leave out.
    const meta = schemas.find(({ subject }) => subject === 'meta-value')!
    Object.assign(meta, { metadata: { properties: { v: '1' } } })
    server = await TestRegistry.start({ schemas })
    server.associate({
      subject: 'my-subject',
      resourceName: 'linked',
      resourceNamespace: '-',
      resourceId: 'linked',
      resourceType: 'topic',
      associationType: 'value',
    })
    registry = new SchemaRegistryClient({ url: server.url })
  })

  afterAll(async () => {
    await registry.close()
    await server.close()
  })

  test.each(cases)('$name is written the same, headers and all', async (vector) => {
    const headers: RecordHeader[] = []
    const serde = avro({ registry, ...optionsOf(vector) })
    const { topic, field } = vector
    const bytes = await serde.serialize(toValue(vector.value), { topic, field, headers })
    expect(toHex(bytes as Uint8Array)).toBe(vector.payloadHex)
    expect(headers.map(({ key, value }) => [key, toHex(value!)])).toEqual(vector.headers)
  })

  test.each(cases)('$name is read', async (vector) => {
    const headers = vector.headers.map(([key, hex]) => ({ key, value: fromHex(hex) }))
    const serde = avro({ registry, unions: 'tagged' })
    const context = { topic: vector.topic, field: vector.field, headers }
    expect(await serde.deserialize(fromHex(vector.payloadHex), context)).toStrictEqual(toValue(vector.value))
  })
})

describe('the avro serde', () => {
  interface User {
    id: number
    name: string
  }
  const v1 = {
    type: 'record',
    name: 'User',
    namespace: 'acme',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'name', type: 'string' },
    ],
  }
  const v2 = { ...v1, fields: [...v1.fields, { name: 'mail', type: ['null', 'string'], default: null }] }
  const context: SerdeContext = { topic: 'users', field: 'value', headers: [] }
  const ada: User = { id: 1, name: 'Ada' }
  let server: TestRegistry
  let registry: SchemaRegistryClient

  beforeEach(async () => {
    server = await TestRegistry.start()
    registry = new SchemaRegistryClient({ url: server.url, maxRetries: 0 })
  })

  afterEach(async () => {
    await registry.close()
    await server.close()
  })

  test('registers a schema once, and is synchronous from then on', async () => {
    const serde = avro<User>({ registry, schema: v1 })
    const first = await serde.serialize(ada, context)
    const asked = server.requests.length
    const second = serde.serialize(ada, context)
    expect(second).toStrictEqual(first)
    expect(await serde.deserialize(second as Uint8Array, context)).toStrictEqual(ada)
    expect(serde.deserialize(second as Uint8Array, context)).toStrictEqual(ada)
    expect(server.requests.slice(0, asked).filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  test('tells the schema that a record was written with', async () => {
    const serde = avro<User>({ registry, schema: v1 })
    const bytes = (await serde.serialize(ada, context)) as Uint8Array
    const read = await serde.withSchema().deserialize(bytes, context)
    expect(read).toMatchObject({ value: ada, schemaId: 1, schema: { schema: JSON.stringify(v1) } })
  })

  test('leaves tombstones alone', async () => {
    const serde = avro<User | null>({ registry, schema: v1, fromObject: () => ada, toObject: () => ada })
    expect(await serde.serialize(null, context)).toBeNull()
    expect(await serde.deserialize(null, context)).toBeNull()
  })

  test('reads old records with a new schema, and new ones with an old schema', async () => {
    const older = avro<User>({ registry, schema: v1, readerSchema: v1 })
    const newer = avro<User & { mail: string | null }>({ registry, schema: v2, readerSchema: v2 })
    const old = (await older.serialize(ada, context)) as Uint8Array
    const young = (await newer.serialize({ ...ada, mail: 'a@b' }, context)) as Uint8Array
    expect(await newer.deserialize(old, context)).toStrictEqual({ ...ada, mail: null })
    expect(await older.deserialize(young, context)).toStrictEqual(ada)
  })

  test('reads as the latest version if asked for', async () => {
    const bytes = (await avro<User>({ registry, schema: v1 }).serialize(ada, context)) as Uint8Array
    await registry.register('users-value', { schema: JSON.stringify(v2) })
    const serde = avro<User & { mail: string | null }>({ registry, readerSchema: 'latest' })
    expect(await serde.deserialize(bytes, context)).toStrictEqual({ ...ada, mail: null })
  })

  test('writes with the latest version, unless that could not read what the schema describes', async () => {
    await registry.register('users-value', { schema: JSON.stringify(v2) })
    const serde = avro<User>({ registry, use: 'latest', schema: v1 })
    expect(toHex((await serde.serialize(ada, context)) as Uint8Array)).toBe('0000000001020641646100')
    const narrow = { ...v1, fields: [{ name: 'id', type: 'string' }] }
    await expect(avro({ registry, use: 'latest', schema: narrow }).serialize({ id: 's' }, context)).rejects.toThrow(
      'TYPE_MISMATCH at /fields/0/type',
    )
  })

  test('turns objects of your own into values and back', async () => {
    class Person {
      readonly label: string
      constructor(label: string) {
        this.label = label
      }
    }
    const serde = avro<Person>({
      registry,
      schema: v1,
      toObject: ({ label }) => ({ id: label.length, name: label }),
      fromObject: (value) => new Person((value as User).name),
    })
    const bytes = (await serde.serialize(new Person('Ada'), context)) as Uint8Array
    expect(await serde.deserialize(bytes, context)).toStrictEqual(new Person('Ada'))
    expect(serde.deserialize(bytes, context)).toStrictEqual(new Person('Ada'))
    expect(await serde.withSchema().deserialize(bytes, context)).toMatchObject({ value: new Person('Ada') })
  })

  test('sends nothing for what is no schema', async () => {
    const serde = avro({ registry, schema: { type: 'record', name: 'R' } })
    await expect((async () => serde.serialize({}, context))()).rejects.toMatchObject({ code: 'KAFKA_SERIALIZATION' })
    expect(server.requests).toEqual([])
  })

  test('names the place of what does not fit', async () => {
    const serde = avro<unknown>({ registry, schema: v1 })
    await expect((async () => serde.serialize({ id: 1, name: 2 }, context))()).rejects.toMatchObject({
      code: 'KAFKA_SERIALIZATION',
      path: 'name',
      message: expect.stringContaining('2 is not a string'),
    })
  })

  test('lets rules at fields by their tags, on both ways', async () => {
    const fields = [v1.fields[0]!, { name: 'name', type: 'string', 'confluent:tags': ['PII'] }]
    const rule = { name: 'hide', kind: 'TRANSFORM', mode: 'WRITEREAD', type: 'TURN', tags: ['PII'] } as const
    const turned = new Map<unknown, string>([
      ['Ada', 'adA'],
      ['adA', 'Ada'],
    ])
    const serde = avro<User>({
      registry,
      schema: { schema: { ...v1, fields }, ruleSet: { domainRules: [rule] } },
      rules: { executors: [{ type: 'TURN', executeField: (_, __, value) => turned.get(value) }] },
    })
    const bytes = (await serde.serialize(ada, context)) as Uint8Array
    expect(toHex(bytes)).toBe('00000000010206616441')
    expect(await serde.deserialize(bytes, context)).toStrictEqual(ada)
  })
})
