import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { avro } from '../../src/schema-registry/avro/avro.ts'
import { SchemaRegistryClient } from '../../src/schema-registry/client/schema-registry-client.ts'
import { json } from '../../src/schema-registry/json/json-schema.ts'
import { protobuf } from '../../src/schema-registry/protobuf/protobuf.ts'
import type { RegistrySerde } from '../../src/schema-registry/registry-serde.ts'
import { TestRegistry } from '../../src/testing/registry/test-registry.ts'
import { ConfluentClient, type ConfluentRequest, type HexHeaders } from '../support/registry/confluent-client.ts'
import { startGoRegistry } from '../support/registry/go-registries.ts'
import { type RunningRegistry, startIfAvailable } from '../support/registry/running-registry.ts'

/** Registries, and how Confluent's client gets on with them. */
interface Registry {
  name: string
  start: () => Promise<RunningRegistry>
  /** Whether GUIDs are told where it asks for them. */
  hasGuids: boolean
  /** The form of Protobuf schemas that both clients can read back; undefined where there is none. */
  protobuf: 'text' | 'descriptor' | undefined
}

const registries: Registry[] = [
  { name: 'TestRegistry', start: () => TestRegistry.start(), hasGuids: true, protobuf: 'text' },
  // Refuses the descriptors that Confluent's client registers, and gives wrong ones.
  { name: 'AxonOps', start: () => startGoRegistry('axonops'), hasGuids: false, protobuf: undefined },
  // Keeps what it gets, and turns nothing into what Confluent's client can read.
  { name: 'srfake', start: () => startGoRegistry('srfake'), hasGuids: false, protobuf: 'descriptor' },
]

const avroV1 = {
  type: 'record',
  name: 'Order',
  namespace: 'acme',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'item', type: 'string' },
    { name: 'amount', type: 'double' },
    { name: 'data', type: 'bytes' },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'tags', type: { type: 'map', values: 'int' } },
  ],
}
const avroV2 = { ...avroV1, fields: [...avroV1.fields, { name: 'currency', type: 'string', default: 'EUR' }] }

const jsonV1 = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Order',
  type: 'object',
  properties: { id: { type: 'integer' }, item: { type: 'string' } },
  required: ['id'],
  additionalProperties: false,
}
const jsonV2 = { ...jsonV1, properties: { ...jsonV1.properties, currency: { type: 'string' } } }

const protoV1 = `syntax = "proto3";
package acme;
message First {}
message Order {
  map<string, int32> counts = 1;
  message Line { string item = 1; int64 id = 2; repeated double prices = 3; }
}`
const protoV2 = protoV1.replace('repeated double prices = 3;', 'repeated double prices = 3; string currency = 4;')

/** One kind of schema, in two versions, with what both clients take for each. */
interface Format {
  format: ConfluentRequest['format']
  serde: (registry: SchemaRegistryClient, version: 1 | 2, more?: object) => RegistrySerde<unknown>
  theirs: (version: 1 | 2) => Partial<ConfluentRequest>
  v1: unknown
  v2: unknown
  /** What a reader of the other version has for the two, and what is the same in kafkawire. */
  v1AsV2: unknown
  v2AsV1: unknown
}

const v1 = { id: 42, item: 'té', amount: 1.5, note: 'n', tags: { a: 1 } }
const formats: Format[] = [
  {
    format: 'AVRO',
    serde: (registry, version, more) => avro({ registry, schema: version === 1 ? avroV1 : avroV2, ...more }),
    theirs: (version) => ({ schema: JSON.stringify(version === 1 ? avroV1 : avroV2) }),
    v1: { ...v1, data: { $bytes: '00ff' } },
    v2: { ...v1, data: { $bytes: '00ff' }, currency: 'USD' },
    v1AsV2: { ...v1, data: { $bytes: '00ff' }, currency: 'EUR' },
    v2AsV1: { ...v1, data: { $bytes: '00ff' } },
  },
  {
    format: 'JSON',
    serde: (registry, version, more) => json({ registry, schema: version === 1 ? jsonV1 : jsonV2, ...more }),
    theirs: (version) => ({ schema: JSON.stringify(version === 1 ? jsonV1 : jsonV2) }),
    v1: { id: 42, item: 'té' },
    v2: { id: 42, item: 'té', currency: 'USD' },
    v1AsV2: { id: 42, item: 'té' },
    // A closed schema of version 1 does not take what version 2 has more.
    v2AsV1: undefined,
  },
  {
    format: 'PROTOBUF',
    serde: (registry, version, more) =>
      protobuf({
        registry,
        schema: version === 1 ? protoV1 : protoV2,
        message: 'acme.Order.Line',
        values: 'json',
        ...more,
      }),
    theirs: (version) => ({
      files: { 'order.proto': version === 1 ? protoV1 : protoV2 },
      main: 'order.proto',
      message: 'acme.Order.Line',
    }),
    v1: { item: 'té', id: '42', prices: [1.5] },
    v2: { item: 'té', id: '42', prices: [1.5], currency: 'USD' },
    v1AsV2: { item: 'té', id: '42', prices: [1.5] },
    v2AsV1: { item: 'té', id: '42', prices: [1.5] },
  },
]

const confluent = await startIfAvailable('confluent-kafka', () => ConfluentClient.start())

afterAll(() => confluent?.close())

/** Values as both clients' tests write them: bytes are tagged. */
function toOurs(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if ('$bytes' in value) return new Uint8Array(Buffer.from(value.$bytes as string, 'hex'))
  if (Array.isArray(value)) return value.map(toOurs)
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toOurs(item)]))
}

async function write(serde: RegistrySerde<unknown>, topic: string, value: unknown, field: 'key' | 'value' = 'value') {
  const context = { topic, field, headers: [] as { key: string; value: Uint8Array | null }[] }
  const payload = Buffer.from((await serde.serialize(toOurs(value), context)) as Uint8Array).toString('hex')
  const headers = context.headers.map(({ key, value }) => [key, Buffer.from(value!).toString('hex')] as const)
  return { payload, headers }
}

async function read(serde: RegistrySerde<unknown>, topic: string, payload: string, headers: HexHeaders) {
  const ours = headers.map(([key, hex]) => ({ key, value: new Uint8Array(Buffer.from(hex, 'hex')) }))
  return serde.deserialize(new Uint8Array(Buffer.from(payload, 'hex')), { topic, field: 'value', headers: ours })
}

describe.each(registries)('confluent-kafka with $name', ({ name, start, hasGuids, protobuf: form }) => {
  let running: RunningRegistry | undefined
  let registry: SchemaRegistryClient

  beforeAll(async () => {
    running = await startIfAvailable(name, start)
    if (running !== undefined) registry = new SchemaRegistryClient({ url: running.url, latestCacheTtlMs: 0 })
    // Where it was never built, that takes a while.
  }, 900_000)

  afterAll(async () => {
    await registry?.close()
    await running?.close()
  })

  beforeEach((context) => {
    if (running === undefined || confluent === undefined) context.skip('not installed')
  })

  /** Whether the registry sees that both clients mean the same schema: two encoded descriptors differ in the file's name. */
  const isOneSchema = (format: string): boolean => format !== 'PROTOBUF' || form === 'text'
  const registerAs = (format: string): object => (format === 'PROTOBUF' ? { registerAs: form } : {})
  const usable = formats.filter(({ format }) => format !== 'PROTOBUF' || form !== undefined)

  const framings = hasGuids ? (['prefix', 'header'] as const) : (['prefix'] as const)
  describe.each(framings)('schema identifiers in the %s', (framing) => {
    test.each(usable)('$format: what each writes the other reads', async ({ format, serde, theirs, v1 }) => {
      const request = { format, url: running!.url, topic: `t-${randomUUID()}` }
      const ours = serde(registry, 1, { framing, ...registerAs(format) })
      const sent = await write(ours, request.topic, v1)
      expect(await confluent!.deserialize({ ...request, ...theirs(1), ...sent })).toEqual(v1)
      const written = await confluent!.serialize({ ...request, ...theirs(1), value: v1, framing })
      expect(await read(ours, request.topic, written.payload, written.headers)).toEqual(toOurs(v1))
      const prefix = framing === 'prefix' ? 10 : 0
      if (isOneSchema(format)) {
        expect(written.payload.slice(0, prefix)).toBe(sent.payload.slice(0, prefix))
        expect(written.headers).toEqual(sent.headers)
        expect(await registry.versions(`${request.topic}-value`)).toEqual([1])
      }
      // Blanks are free in JSON.
      if (format !== 'JSON') expect(written.payload.slice(prefix)).toBe(sent.payload.slice(prefix))
    })
  })

  test.each(usable)('$format: keys go the same ways', async ({ format, serde, theirs, v1 }) => {
    const request = { format, url: running!.url, topic: `t-${randomUUID()}`, field: 'key' as const }
    const sent = await write(serde(registry, 1, registerAs(format)), request.topic, v1, 'key')
    expect(await confluent!.deserialize({ ...request, ...theirs(1), ...sent })).toEqual(v1)
    expect(await registry.subjects()).toContain(`${request.topic}-key`)
  })

  test.each(usable)('$format: version 1 is written by either and read as version 2 by the other', async (vector) => {
    const { format, serde, theirs, v1, v1AsV2 } = vector
    const request = { format, url: running!.url, topic: `t-${randomUUID()}` }
    const sent = await write(serde(registry, 1, registerAs(format)), request.topic, v1)
    const written = await confluent!.serialize({ ...request, ...theirs(1), value: v1 })
    // Version 2 becomes the latest.
    await write(serde(registry, 2, registerAs(format)), request.topic, vector.v2)
    if (isOneSchema(format)) expect(await registry.versions(`${request.topic}-value`)).toEqual([1, 2])
    expect(await confluent!.deserialize({ ...request, ...theirs(2), ...sent })).toEqual(v1AsV2)
    const ours = serde(registry, 2, { readerSchema: 'latest' })
    expect(await read(ours, request.topic, written.payload, written.headers)).toEqual(toOurs(v1AsV2))
  })

  test.each(usable)('$format: version 2 is written by either and read as version 1 by the other', async (vector) => {
    const { format, serde, theirs, v2, v2AsV1 } = vector
    const request = { format, url: running!.url, topic: `t-${randomUUID()}` }
    await write(serde(registry, 1, registerAs(format)), request.topic, vector.v1)
    const sent = await write(serde(registry, 2, registerAs(format)), request.topic, v2)
    const written = await confluent!.serialize({ ...request, ...theirs(2), value: v2 })
    const ours = serde(registry, 1, { readerSchema: format === 'AVRO' ? avroV1 : format === 'JSON' ? jsonV1 : protoV1 })
    const theirRead = (): Promise<unknown> => confluent!.deserialize({ ...request, ...theirs(1), ...sent })
    const ourRead = (): Promise<unknown> => read(ours, request.topic, written.payload, written.headers)
    if (v2AsV1 === undefined) {
      await expect(theirRead()).rejects.toThrow(/currency/)
      await expect(ourRead()).rejects.toThrow(/currency/)
    } else {
      expect(await theirRead()).toEqual(v2AsV1)
      expect(await ourRead()).toEqual(toOurs(v2AsV1))
    }
  })
})
