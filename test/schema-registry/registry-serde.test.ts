import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Kafka } from '../../src/kafka.ts'
import type { RecordHeader } from '../../src/protocol/records/record.ts'
import { SchemaRegistryClient } from '../../src/schema-registry/client/schema-registry-client.ts'
import { SchemaRegistryError, SerializationError } from '../../src/schema-registry/errors.ts'
import { json } from '../../src/schema-registry/json/json-schema.ts'
import type { SchemaChoice } from '../../src/schema-registry/serde-options.ts'
import type { SubjectStrategy } from '../../src/schema-registry/subjects.ts'
import { TestBroker } from '../../src/testing/test-broker.ts'
import { TestRegistry } from '../../src/testing/registry/test-registry.ts'

interface Order {
  id: number
  note?: string
}

const schema = { title: 'Order', type: 'object', required: ['id'], properties: { id: { type: 'integer' } } }

function titled(title: string): string {
  return JSON.stringify({ ...schema, title })
}

function context(topic = 'orders', headers: RecordHeader[] = []) {
  return { topic, field: 'value', headers } as const
}

describe('a serde with a registry', () => {
  let registry: TestRegistry
  let client: SchemaRegistryClient

  beforeEach(async () => {
    registry = await TestRegistry.start()
    client = new SchemaRegistryClient({ url: registry.url, maxRetries: 0 })
  })

  afterEach(async () => {
    await client.close()
    await registry.close()
  })

  test('asks the registry once for a schema and topic, then works without promises', async () => {
    const serde = json<Order>({ registry: client, schema })
    const first = (await Promise.all([
      serde.serialize({ id: 1 }, context()),
      serde.serialize({ id: 2 }, context()),
    ])) as Uint8Array[]
    expect(serde.serialize({ id: 1 }, context())).toEqual(first[0])
    expect(await serde.deserialize(first[0]!, context())).toEqual({ id: 1 })
    expect(serde.deserialize(first[1]!, context())).toEqual({ id: 2 })
    expect(registry.requests.map(({ method, path }) => `${method} ${path.join('/')}`)).toEqual([
      'POST subjects/orders-value/versions',
      'GET schemas/ids/1',
    ])
  })

  test('leaves null as the tombstone that it is', async () => {
    const serde = json<Order | null>({ registry: client, schema })
    expect(serde.serialize(null, context())).toBeNull()
    expect(serde.deserialize(null, context())).toBeNull()
    expect(await serde.withSchema().deserialize(null, context())).toBeNull()
    expect(registry.requests).toEqual([])
  })

  test('names the path, topic and schema of a value that does not fit', async () => {
    const serde = json<{ id: unknown }>({ registry: client, schema })
    const failure = await Promise.resolve(serde.serialize({ id: 'x' }, context())).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SerializationError)
    expect(failure).toMatchObject({ path: 'id', code: 'KAFKA_SERIALIZATION' })
    expect((failure as Error).message).toMatch(/id: must be integer: the value of a record of orders .* schema 1/)
  })

  test.each<[SubjectStrategy, string]>([
    ['topic', 'orders-value'],
    ['record', 'Order'],
    ['topic-record', 'orders-Order'],
    ['associated', 'bound'],
    [{ associated: { namespace: 'other', fallback: 'record' } }, 'Order'],
    [({ topic, field, recordName }) => `${field}.${topic}.${recordName}`, 'value.orders.Order'],
  ])('strategy %j registers under %s', async (subject, name) => {
    registry.associate({
      subject: 'bound',
      resourceName: 'orders',
      resourceNamespace: 'here',
      associationType: 'value',
    })
    await json<Order>({ registry: client, schema, subject }).serialize({ id: 1 }, context())
    expect(await client.subjects()).toEqual([name])
  })

  test.each<[SubjectStrategy, RegExp]>([
    ['record', /has no name, which the subject strategy record needs/],
    [{ associated: { fallback: 'none' } }, /associated with no subject/],
    [() => '', /returned no name/],
  ])('strategy %j without a name is a SerializationError, and nothing is registered', async (subject, message) => {
    const serde = json<Order>({ registry: client, schema: { type: 'object' }, subject })
    const failure = await Promise.resolve(serde.serialize({ id: 1 }, context())).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SerializationError)
    expect((failure as Error).message).toMatch(message)
    expect(await client.subjects()).toEqual([])
  })

  test('looks the schema up when it must not register, and tries again after a failure', async () => {
    const serde = json<Order>({ registry: client, schema, autoRegister: false })
    await expect(serde.serialize({ id: 1 }, context())).rejects.toThrow(SchemaRegistryError)
    const { id } = await client.register('orders-value', { schema: JSON.stringify(schema), schemaType: 'JSON' })
    expect(((await serde.serialize({ id: 1 }, context())) as Uint8Array)[4]).toBe(id)
  })

  test('uses the latest version, an id, a GUID, or a version by its metadata', async () => {
    const texts = [schema, { ...schema, required: [] }].map((value) => JSON.stringify(value))
    const metadata = { properties: { stage: 'old' } }
    const old = await client.register('orders-value', { schema: texts[0]!, schemaType: 'JSON', metadata })
    const latest = await client.register('orders-value', { schema: texts[1]!, schemaType: 'JSON' })
    const idOf = async (use: SchemaChoice): Promise<number> =>
      ((await json<Order>({ registry: client, use }).serialize({ id: 1 }, context())) as Uint8Array)[4]!
    expect(await idOf('latest')).toBe(latest.id)
    expect(await idOf({ id: old.id! })).toBe(old.id)
    expect(await idOf({ guid: old.guid! })).toBe(old.id)
    expect(await idOf({ metadata: { stage: 'old' } })).toBe(old.id)
  })

  test('asks for the latest version anew when its time is over', async () => {
    const impatient = new SchemaRegistryClient({ url: registry.url, latestCacheTtlMs: 0 })
    await client.register('orders-value', { schema: titled('a'), schemaType: 'JSON' })
    const serde = json<Order>({ registry: impatient, use: 'latest' })
    const first = (await serde.serialize({ id: 1 }, context())) as Uint8Array
    const { id } = await client.register('orders-value', { schema: titled('b'), schemaType: 'JSON' })
    const second = (await serde.serialize({ id: 1 }, context())) as Uint8Array
    expect([first[4], second[4]]).toEqual([1, id])
    await impatient.close()
  })

  test('chooses the schema by the data, and reads as the reader wants', async () => {
    const other = { title: 'Other', type: 'object', required: ['note'] }
    const serde = json<Partial<Order>>({
      registry: client,
      schema: (data) => (data.note === undefined ? schema : other),
      subject: 'record',
    })
    await serde.serialize({ id: 1 }, context())
    const bytes = (await serde.serialize({ note: 'n' }, context())) as Uint8Array
    expect(await client.subjects()).toEqual(['Order', 'Other'])
    await expect(json({ registry: client, readerSchema: schema }).deserialize(bytes, context())).rejects.toThrow(/id/)
  })

  test('replaces the header that a record was read with by its own', async () => {
    const headers = [{ key: '__value_schema_id', value: new Uint8Array(17) }]
    const serde = json<Order>({ registry: client, schema, framing: 'header' })
    const bytes = (await serde.serialize({ id: 1 }, context('orders', headers))) as Uint8Array
    expect(headers).toHaveLength(1)
    expect(await serde.deserialize(bytes, context('orders', headers))).toEqual({ id: 1 })
  })

  test.each([
    [Uint8Array.of(), /there are none/],
    [Uint8Array.of(1, 2), /the first is 1/],
    [Uint8Array.of(0, 0, 0), /cut off/],
  ])('refuses the bytes %j before it asks the registry', (bytes, message) => {
    expect(() => json({ registry: client }).deserialize(bytes, context())).toThrow(message)
    expect(registry.requests).toEqual([])
  })

  test('refuses a schema of another type, an unknown id, and a body that is not JSON', async () => {
    await client.register('avro', { schema: '"string"' })
    const read = (...bytes: number[]): unknown =>
      json({ registry: client }).deserialize(Uint8Array.from(bytes), context())
    await expect(read(0, 0, 0, 0, 1)).rejects.toThrow(/type AVRO, not JSON/)
    await expect(read(0, 0, 0, 0, 9)).rejects.toMatchObject({ status: 404, errorCode: 40403 })
    await client.register('orders-value', { schema: '{}', schemaType: 'JSON' })
    await expect(read(0, 0, 0, 0, 2, 0x7b)).rejects.toThrow(/not JSON/)
  })

  test('carries out rules, and fails for those that nothing carries out', async () => {
    const ruleSet = {
      domainRules: [
        { name: 'sealed', kind: 'TRANSFORM', mode: 'WRITEREAD', type: 'SEAL' },
        { name: 'positive', kind: 'CONDITION', mode: 'WRITE', type: 'CHECK', doc: 'ids are positive' },
      ],
    } as const
    await client.register('orders-value', { schema: '{"type":"object"}', schemaType: 'JSON', ruleSet })
    const executors = [
      {
        type: 'SEAL',
        execute: ({ mode }: { mode: string }, value: unknown) => ({ ...(value as Order), note: mode }),
      },
      { type: 'CHECK', execute: (_: unknown, value: unknown) => (value as Order).id > 0 },
    ]
    const serde = json<Order>({ registry: client, use: 'latest', rules: { executors } })
    const bytes = (await serde.serialize({ id: 1 }, context())) as Uint8Array
    expect(Buffer.from(bytes.subarray(5)).toString()).toBe('{"id":1,"note":"WRITE"}')
    expect(await serde.deserialize(bytes, context())).toEqual({ id: 1, note: 'READ' })
    await expect(serde.serialize({ id: 0 }, context())).rejects.toThrow(/rule positive is not met: ids are positive/)
    const without = json<Order>({ registry: client, use: 'latest' })
    await expect(without.serialize({ id: 1 }, context())).rejects.toThrow(/needs an executor for SEAL/)
  })

  test('plugs into producers and consumers, GUIDs in headers included', async () => {
    const broker = await TestBroker.start({ topics: { orders: { partitions: 1 } } })
    const kafka = new Kafka({ bootstrapServers: broker.bootstrapServers })
    const serde = json<Order>({ registry: client, schema, framing: 'header' })
    const producer = kafka.producer({ value: serde })
    await producer.send({ topic: 'orders', value: { id: 1 } })
    await producer.send({ topic: 'orders', value: { id: 2 }, headers: { trace: 'x' } })
    await expect(producer.send({ topic: 'orders', value: { id: 'no' } as never })).rejects.toThrow(SerializationError)
    const consumer = kafka.consumer({
      groupId: 'g',
      topics: ['orders'],
      autoOffsetReset: 'earliest',
      value: serde.withSchema(),
    })
    const read: unknown[] = []
    for await (const { value, headers } of consumer) {
      read.push([value?.value, value?.schema.guid === value?.guid, headers.map(({ key }) => key)])
      if (read.length === 2) break
    }
    expect(read).toEqual([
      [{ id: 1 }, true, ['__value_schema_id']],
      [{ id: 2 }, true, ['trace', '__value_schema_id']],
    ])
    await consumer.close()
    await producer.close()
    await broker.close()
  })
})
