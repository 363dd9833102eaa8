import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { avro } from '../../src/schema-registry/avro/avro.ts'
import { SchemaRegistryClient } from '../../src/schema-registry/client/schema-registry-client.ts'
import { SchemaRegistryError, SerializationError } from '../../src/schema-registry/errors.ts'
import { json } from '../../src/schema-registry/json/json-schema.ts'
import { protobuf } from '../../src/schema-registry/protobuf/protobuf.ts'
import { TestRegistry } from '../../src/testing/registry/test-registry.ts'
import { startApicurio } from '../support/registry/apicurio.ts'
import { startGoRegistry } from '../support/registry/go-registries.ts'
import { type RunningRegistry, startIfAvailable } from '../support/registry/running-registry.ts'

/** Where the registries differ; what is not here is the same in all. */
interface Differences {
  name: string
  start: () => Promise<RunningRegistry>
  /** Whether versions and lookups tell GUIDs. */
  hasGuids: boolean
  /** Whether it compares schemas by itself, and whether it tells why they do not fit. */
  compatibility: 'checked, with reasons' | 'checked' | 'unchecked'
  /** Whether deleting a subject lists versions that were deleted before. */
  deletesAgain: boolean
  /** Whether the subjects that have an id can be asked for. */
  listsSubjectsOfIds: boolean
  /** Whether metadata and rule sets come back. */
  keepsContracts: boolean
  /** What subjects/{s}/metadata answers. */
  metadata: 'found' | 'not found' | 'nothing'
  /** What comes of READONLY. */
  modes: 'enforced' | 'kept' | 'unknown'
  /** Whether encoded descriptors are taken for Protobuf. */
  takesDescriptors: boolean
}

const registries: Differences[] = [
  {
    name: 'TestRegistry',
    start: () => TestRegistry.start(),
    hasGuids: true,
    compatibility: 'checked, with reasons',
    deletesAgain: false,
    listsSubjectsOfIds: true,
    keepsContracts: true,
    metadata: 'found',
    modes: 'enforced',
    takesDescriptors: true,
  },
  {
    name: 'AxonOps',
    start: () => startGoRegistry('axonops'),
    hasGuids: false,
    compatibility: 'checked, with reasons',
    deletesAgain: false,
    listsSubjectsOfIds: true,
    keepsContracts: true,
    metadata: 'found',
    modes: 'enforced',
    takesDescriptors: false,
  },
  {
    name: 'srfake',
    start: () => startGoRegistry('srfake'),
    hasGuids: true,
    compatibility: 'unchecked',
    deletesAgain: true,
    listsSubjectsOfIds: true,
    keepsContracts: true,
    metadata: 'not found',
    modes: 'kept',
    takesDescriptors: true,
  },
  {
    name: 'Apicurio',
    start: () => startApicurio(),
    hasGuids: false,
    compatibility: 'checked',
    deletesAgain: false,
    listsSubjectsOfIds: false,
    keepsContracts: false,
    metadata: 'nothing',
    modes: 'unknown',
    takesDescriptors: true,
  },
]

/** Apicurio finds out by itself what a schema is, and needs this for JSON Schema. */
const $schema = 'http://json-schema.org/draft-07/schema#'

const v1 = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'a', type: 'int' }] })
const v2 = JSON.stringify({
  type: 'record',
  name: 'R',
  fields: [
    { name: 'a', type: 'int' },
    { name: 'b', type: 'string', default: '' },
  ],
})
const incompatible = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'c', type: 'string' }] })

const started = await Promise.all(
  registries.map(async (registry) => ({ registry, running: await startIfAvailable(registry.name, registry.start) })),
)

const unique = (name: string): string => `${name}-${randomUUID()}`

async function refusal(call: Promise<unknown>): Promise<SchemaRegistryError> {
  const error: unknown = await call.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(SchemaRegistryError)
  return error as SchemaRegistryError
}

afterAll(async () => {
  await Promise.all(started.map(async ({ running }) => running?.close()))
})

describe.each(started)('against $registry.name', ({ running, registry: differences }) => {
  let client: SchemaRegistryClient

  beforeAll(() => {
    if (running !== undefined) client = new SchemaRegistryClient({ url: running.url, retryBackoffMs: 10 })
  })

  afterAll(() => client?.close())

  beforeEach((context) => {
    if (running === undefined) context.skip('the registry does not run')
  })

  test('registers versions, finds them by id, number, text and as the latest', async () => {
    const subject = unique('versions')
    const first = await client.register(subject, { schema: v1 })
    const second = await client.register(subject, { schema: v2 })
    expect(second.id).not.toBe(first.id)
    expect(await client.register(subject, { schema: v1 })).toEqual(first)
    expect(await client.versions(subject)).toEqual([1, 2])
    expect(JSON.parse((await client.schemaById(first.id!)).schema)).toEqual(JSON.parse(v1))
    expect(await client.version(subject, 1)).toMatchObject({ id: first.id, version: 1, schemaType: 'AVRO' })
    expect(await client.latest(subject)).toMatchObject({ id: second.id, version: 2 })
    expect(await client.lookup(subject, { schema: v1 })).toMatchObject({ id: first.id, version: 1 })
    expect(await client.subjects()).toContain(subject)
    expect(await client.versionsById(second.id!)).toContainEqual({ subject, version: 2 })
    const subjects = client.subjectsById(first.id!)
    if (differences.listsSubjectsOfIds) expect(await subjects).toContain(subject)
    else expect((await refusal(subjects)).status).toBe(404)
  })

  test('finds subjects whose names need escapes', async () => {
    const subject = unique('a b é')
    const { id } = await client.register(subject, { schema: v1 })
    expect(await client.latest(subject)).toMatchObject({ id, subject })
  })

  test('keeps subjects of a context apart', async () => {
    const context = new SchemaRegistryClient({ url: running!.url, context: '.staging' })
    const subject = unique('context')
    const { id } = await context.register(subject, { schema: v1 })
    expect((await context.latest(subject)).id).toBe(id)
    expect((await refusal(client.latest(subject))).errorCode).toBe(40401)
    await context.close()
  })

  test('refuses what is not there with codes that tell what', async () => {
    const subject = unique('missing')
    expect(await refusal(client.latest(subject))).toMatchObject({ status: 404, errorCode: 40401 })
    await client.register(subject, { schema: v1 })
    expect(await refusal(client.version(subject, 9))).toMatchObject({ status: 404, errorCode: 40402 })
    expect(await refusal(client.schemaById(999_999))).toMatchObject({ status: 404, errorCode: 40403 })
    expect(await refusal(client.lookup(subject, { schema: v2 }))).toMatchObject({ status: 404, errorCode: 40403 })
  })

  test('deletes versions and subjects', async () => {
    const subject = unique('deleted')
    await client.register(subject, { schema: v1 })
    await client.register(subject, { schema: v2 })
    expect(await client.deleteVersion(subject, 1)).toBe(1)
    expect(await client.versions(subject)).toEqual([2])
    // Other schemas may refer to it.
    expect((await client.version(subject, 1)).version).toBe(1)
    expect(await client.deleteSubject(subject)).toEqual(differences.deletesAgain ? [1, 2] : [2])
    expect((await refusal(client.latest(subject))).status).toBe(404)
  })

  test('keeps settings for a subject', async () => {
    const subject = unique('config')
    await client.register(subject, { schema: v1 })
    await client.setConfig(subject, { compatibility: 'NONE' })
    expect((await client.config(subject)).compatibility).toBe('NONE')
    expect((await client.config()).compatibility).toBe('BACKWARD')
  })

  test('says what is compatible, and refuses the rest where it checks', async () => {
    const subject = unique('compatibility')
    await client.register(subject, { schema: v1 })
    expect((await client.testCompatibility(subject, { schema: v2 })).isCompatible).toBe(true)
    const answer = await client.testCompatibility(subject, { schema: incompatible }, { verbose: true })
    expect(answer.isCompatible).toBe(differences.compatibility === 'unchecked')
    expect(answer.messages.length > 0).toBe(differences.compatibility === 'checked, with reasons')
    const registration = client.register(subject, { schema: incompatible })
    if (differences.compatibility === 'unchecked') expect((await registration).id).toBeGreaterThan(0)
    else expect(await refusal(registration)).toMatchObject({ status: 409 })
  })

  test('sets modes', async () => {
    const subject = unique('mode')
    await client.setMode(subject, 'READONLY')
    if (differences.modes === 'unknown') {
      expect((await refusal(client.mode(subject))).message).toMatch(/instead of an object/)
      return
    }
    expect(await client.mode(subject)).toBe('READONLY')
    const registration = client.register(subject, { schema: v1 })
    if (differences.modes === 'enforced') expect((await refusal(registration)).errorCode).toBe(42205)
    else expect((await registration).id).toBeGreaterThan(0)
  })

  test('finds the latest version by metadata', async () => {
    const subject = unique('metadata')
    const metadata = { properties: { owner: 'x' } }
    await client.register(subject, { schema: v1, metadata })
    const found = client.latestWithMetadata(subject, { owner: 'x' })
    if (differences.metadata === 'found') expect((await found).version).toBe(1)
    else if (differences.metadata === 'not found') expect((await refusal(found)).status).toBe(404)
    else expect((await refusal(found)).message).toMatch(/instead of an object/)
  })

  test('keeps data contracts, or drops them whole', async () => {
    const subject = unique('contract')
    const ruleSet = {
      domainRules: [{ name: 'r', kind: 'CONDITION', mode: 'WRITE', type: 'CEL', expr: 'true' }],
    } as const
    await client.register(subject, { schema: v1, ruleSet, metadata: { tags: { 'R.a': ['PII'] } } })
    const latest = await client.latest(subject)
    if (differences.keepsContracts) {
      expect(latest).toMatchObject({ ruleSet, metadata: { tags: { 'R.a': ['PII'] } } })
    } else {
      expect([latest.ruleSet, latest.metadata]).toEqual([undefined, undefined])
    }
  })

  test('Avro: values are written and read with references, and as another version', async () => {
    const topic = unique('orders')
    const customer = { type: 'record', name: `c.Customer`, fields: [{ name: 'name', type: 'string' }] }
    await client.register(`${topic}-customer`, { schema: JSON.stringify(customer) })
    const references = [{ name: 'c.Customer', subject: `${topic}-customer`, version: 1 }]
    const fields = [{ name: 'customer', type: 'c.Customer' }]
    const schema = { type: 'record', name: 'Order', fields }
    const serde = avro<object>({ registry: client, schema: { schema, references } })
    const context = { topic, field: 'value', headers: [] } as const
    const value = { customer: { name: 'Zoë' } }
    const bytes = (await serde.serialize(value, context)) as Uint8Array
    expect(await avro({ registry: client }).deserialize(bytes, context)).toEqual(value)
    const more = { ...schema, fields: [...fields, { name: 'note', type: 'string', default: 'none' }] }
    const newer = avro<object>({ registry: client, schema: { schema: more, references } })
    const newBytes = (await newer.serialize({ ...value, note: 'x' }, context)) as Uint8Array
    const latest = avro({ registry: client, readerSchema: 'latest' })
    expect(await latest.deserialize(bytes, context)).toEqual({ ...value, note: 'none' })
    const older = avro({ registry: client, readerSchema: { schema, references } })
    expect(await older.deserialize(newBytes, context)).toEqual(value)
  })

  test('Protobuf: values are written and read with imports, in nested messages', async () => {
    const topic = unique('orders')
    // Without a slash, which AxonOps does not decode in subjects.
    const path = `${topic}-customer.proto`
    const text = `syntax = "proto3"; package p; import "${path}"; message First {} message Order { map<string, int32> counts = 1; message Line { Customer customer = 1; } }`
    const files = { [path]: 'syntax = "proto3"; package p; message Customer { string name = 1; }' }
    const serde = protobuf<object>({ registry: client, schema: { schema: text, files }, message: 'p.Order.Line' })
    const context = { topic, field: 'value', headers: [] } as const
    const bytes = (await serde.serialize({ customer: { name: 'Zoë' } }, context)) as Uint8Array
    expect([...bytes.subarray(5, 8)]).toEqual([4, 2, 2])
    const read = protobuf({ registry: client, values: 'json' }).deserialize(bytes, context)
    expect(await read).toEqual({ customer: { name: 'Zoë' } })
  })

  test('Protobuf: encoded descriptors are taken, or refused as no schema', async () => {
    const topic = unique('descriptors')
    const schema = 'syntax = "proto3"; message Order { string id = 1; }'
    const serde = protobuf<object>({ registry: client, schema, registerAs: 'descriptor', values: 'json' })
    const context = { topic, field: 'value', headers: [] } as const
    const written = Promise.resolve(serde.serialize({ id: 'x' }, context))
    if (!differences.takesDescriptors) {
      expect((await refusal(written)).errorCode).toBe(42201)
      return
    }
    const reader = protobuf({ registry: client, values: 'json' })
    expect(await reader.deserialize((await written) as Uint8Array, context)).toEqual({ id: 'x' })
  })

  test('JSON: values are written, read, and validated with references', async () => {
    const topic = unique('orders')
    const schema = JSON.stringify({ $schema, $id: `http://test/${topic}`, type: 'object', required: ['name'] })
    await client.register(`${topic}-customer`, { schema, schemaType: 'JSON' })
    const order = {
      schema: { $schema, type: 'object', properties: { customer: { $ref: 'customer.json' } } },
      references: [{ name: 'customer.json', subject: `${topic}-customer`, version: 1 }],
    }
    const serde = json<object>({ registry: client, schema: order })
    const context = { topic, field: 'value', headers: [] } as const
    const value = { customer: { name: 'Zoë' } }
    const bytes = await serde.serialize(value, context)
    expect(await json({ registry: client }).deserialize(bytes as Uint8Array, context)).toEqual(value)
    expect(() => serde.serialize({ customer: {} }, context)).toThrow(SerializationError)
  })

  test('GUIDs in headers, or a clear error where the registry has none', async () => {
    const topic = unique('guids')
    const serde = json<object>({ registry: client, schema: { $schema, type: 'object' }, framing: 'header' })
    const context = { topic, field: 'value', headers: [] } as const
    const written = serde.serialize({ a: 1 }, context)
    if (!differences.hasGuids) {
      await expect(written).rejects.toThrow(/has no GUID/)
      return
    }
    expect(Buffer.from((await written) as Uint8Array).toString()).toBe('{"a":1}')
    expect(context.headers).toHaveLength(1)
    expect(await serde.deserialize((await written) as Uint8Array, context)).toEqual({ a: 1 })
  })
})
