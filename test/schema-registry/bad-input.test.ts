import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError, TimeoutError } from '../../src/errors.ts'
import { Kafka } from '../../src/kafka.ts'
import { avro } from '../../src/schema-registry/avro/avro.ts'
import { SchemaRegistryClient } from '../../src/schema-registry/client/schema-registry-client.ts'
import { SchemaRegistryError, SerializationError } from '../../src/schema-registry/errors.ts'
import { json } from '../../src/schema-registry/json/json-schema.ts'
import { protobuf } from '../../src/schema-registry/protobuf/protobuf.ts'
import type { RegistrySerde } from '../../src/schema-registry/registry-serde.ts'
import type { SchemaType } from '../../src/schema-registry/schema.ts'
import { TestBroker } from '../../src/testing/test-broker.ts'
import { TestRegistry, type TestRegistryAnswer } from '../../src/testing/registry/test-registry.ts'

/** A format with a value of its schema, one that does not fit and where, and a schema that is none. */
interface Format {
  schemaType: SchemaType
  serde: (registry: SchemaRegistryClient, more?: object) => RegistrySerde<unknown>
  value: unknown
  misfit: unknown
  path: string
  bad: (registry: SchemaRegistryClient) => RegistrySerde<unknown>
  /** Bytes behind the id that are no value. */
  garbage: number[]
}

const proto = 'syntax = "proto3"; message Order { Line line = 1; message Line { int32 amount = 1; } }'
const formats: Format[] = [
  {
    schemaType: 'AVRO',
    serde: (registry, more) => {
      const line = { type: 'record', name: 'Line', fields: [{ name: 'amount', type: 'int' }] }
      const schema = { type: 'record', name: 'Order', fields: [{ name: 'line', type: line }] }
      return avro({ registry, schema, ...more })
    },
    value: { line: { amount: 1 } },
    misfit: { line: { amount: 'one' } },
    path: 'line.amount',
    bad: (registry) => avro({ registry, schema: '{"type":"record"}' }),
    garbage: [0x80],
  },
  {
    schemaType: 'JSON',
    serde: (registry, more) => {
      const line = { type: 'object', properties: { amount: { type: 'integer' } } }
      return json({ registry, schema: { type: 'object', properties: { line } }, ...more })
    },
    value: { line: { amount: 1 } },
    misfit: { line: { amount: 'one' } },
    path: 'line.amount',
    bad: (registry) => json({ registry, schema: '{"type"' }),
    garbage: [0x7b],
  },
  {
    schemaType: 'PROTOBUF',
    serde: (registry, more) => protobuf({ registry, schema: proto, values: 'json', ...more }),
    value: { line: { amount: 1 } },
    misfit: { line: { amount: 'one' } },
    path: '',
    bad: (registry) => protobuf({ registry, schema: 'message Order { Nothing nothing = 1; }' }),
    garbage: [0, 0x0a, 9],
  },
]

const context = { topic: 't', field: 'value', headers: [] } as const

async function failureOf(call: Promise<unknown>): Promise<Error> {
  const error: unknown = await call.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(Error)
  return error as Error
}

describe.each(formats)('bad input of $schemaType', ({ schemaType, serde, value, misfit, path, bad, garbage }) => {
  let registry: TestRegistry
  let client: SchemaRegistryClient

  beforeEach(async () => {
    registry = await TestRegistry.start()
    client = new SchemaRegistryClient({ url: registry.url, maxRetries: 1, retryBackoffMs: 1 })
  })

  afterEach(async () => {
    await client.close()
    await registry.close()
  })

  const write = async (item: unknown, more?: object): Promise<Uint8Array> =>
    (await serde(client, more).serialize(item, context)) as Uint8Array
  const read = async (bytes: Uint8Array): Promise<unknown> => serde(client).deserialize(bytes, context)

  test('an unknown id, a wrong magic byte and bytes that are cut off', async () => {
    const bytes = await write(value)
    const unknown = bytes.slice()
    unknown[4] = 99
    expect(await failureOf(read(unknown))).toMatchObject({ status: 404, errorCode: 40403 })
    const magic = bytes.slice()
    magic[0] = 7
    expect(await failureOf(read(magic))).toBeInstanceOf(SerializationError)
    for (let length = 0; length < 5; length++) {
      expect(await failureOf(read(bytes.slice(0, length)))).toBeInstanceOf(SerializationError)
    }
    const broken = Uint8Array.from([...bytes.slice(0, 5), ...garbage])
    const failure = await failureOf(read(broken))
    expect(failure).toBeInstanceOf(SerializationError)
    expect(failure.message).toMatch(/the value of a record of t is no value of schema 1/)
  })

  test('a subject that was deleted', async () => {
    await write(value)
    await client.deleteSubject('t-value')
    expect(await failureOf(write(value, { autoRegister: false }))).toMatchObject({ errorCode: 40401 })
    expect(await failureOf(write(value, { use: 'latest', schema: undefined }))).toMatchObject({ status: 404 })
  })

  test('a value that does not fit names its path, before anything is sent', async () => {
    const broker = await TestBroker.start({ topics: { t: { partitions: 1 } } })
    const kafka = new Kafka({ bootstrapServers: broker.bootstrapServers })
    const producer = kafka.producer({ value: serde(client) })
    const failure = await failureOf(producer.send({ topic: 't', value: misfit }))
    expect(failure).toBeInstanceOf(SerializationError)
    if (path !== '') expect(failure).toMatchObject({ path })
    expect(failure.message).toMatch(/amount/)
    await producer.send({ topic: 't', value })
    await producer.close()
    const consumer = kafka.consumer({ topics: ['t'], groupId: 'g', autoOffsetReset: 'earliest', value: serde(client) })
    for await (const record of consumer) {
      expect([record.offset, record.value]).toEqual([0, value])
      break
    }
    await consumer.close()
    await broker.close()
  })

  test('a schema that is none is refused before the registry hears of it', async () => {
    const failure = await failureOf(Promise.resolve(bad(client).serialize(value, context)))
    expect(failure).toBeInstanceOf(SerializationError)
    expect(registry.requests).toEqual([])
  })

  test.each<[what: string, answer: TestRegistryAnswer, requests: number]>([
    ['401', { status: 401, body: { error_code: 401, message: 'Unauthorized' } }, 1],
    ['403', { status: 403, body: { error_code: 40301, message: 'Forbidden' } }, 1],
    ['409', { status: 409, body: { error_code: 40901, message: 'incompatible' } }, 1],
    ['422', { status: 422, body: { error_code: 42201, message: 'Invalid schema' } }, 1],
    ['429', { status: 429, body: '' }, 2],
    ['500', { status: 500, body: { error_code: 50001, message: 'store' } }, 2],
    ['503', { status: 503, body: '<html>down</html>' }, 2],
    ['HTML', { status: 200, body: '<html>hello</html>', headers: { 'content-type': 'text/html' } }, 1],
    ['nothing', { status: 200 }, 1],
  ])('%s from the registry, while writing and while reading', async (_, answer, requests) => {
    const bytes = await write(value)
    registry.requests.length = 0
    const release = registry.control(() => answer)
    const fresh = new SchemaRegistryClient({ url: registry.url, maxRetries: 1, retryBackoffMs: 1 })
    const written = Promise.resolve(serde(fresh).serialize(value, context))
    expect(await failureOf(written)).toBeInstanceOf(SchemaRegistryError)
    expect(registry.requests).toHaveLength(requests)
    const reading = Promise.resolve(serde(fresh).deserialize(bytes, context))
    expect(await failureOf(reading)).toMatchObject({ name: 'SchemaRegistryError' })
    // What has failed is tried again, and nothing was half-registered meanwhile.
    release()
    expect(Buffer.from((await serde(fresh).serialize(value, context)) as Uint8Array)).toEqual(Buffer.from(bytes))
    expect(await fresh.versions('t-value')).toEqual([1])
    await fresh.close()
  })

  test('a hung registry is given up at the deadline of the serde', async () => {
    const bytes = await write(value)
    registry.control(() => 'hang')
    const fresh = new SchemaRegistryClient({ url: registry.url })
    const impatient = serde(fresh, { timeoutMs: 50 })
    expect(await failureOf(Promise.resolve(impatient.serialize(value, context)))).toBeInstanceOf(TimeoutError)
    expect(await failureOf(Promise.resolve(impatient.deserialize(bytes, context)))).toBeInstanceOf(TimeoutError)
    await fresh.close()
  })

  test('a schema of another type', async () => {
    const bytes = await write(value)
    const other = formats.find((format) => format.schemaType !== schemaType)!
    const failure = await failureOf(Promise.resolve(other.serde(client).deserialize(bytes, context)))
    expect(failure).toBeInstanceOf(SerializationError)
    expect(failure.message).toContain(`of type ${schemaType}, not ${other.schemaType}`)
  })

  test('options that nobody knows are a ConfigError that names them', () => {
    expect(() => serde(client, { autoregister: false })).toThrow(ConfigError)
    expect(() => serde(client, { autoregister: false })).toThrow(/autoregister/)
  })
})
