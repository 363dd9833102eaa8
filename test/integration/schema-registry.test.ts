import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { SchemaRegistryClient } from '../../src/schema-registry/client/schema-registry-client.ts'
import { SchemaRegistryError, SerializationError } from '../../src/schema-registry/errors.ts'
import { json } from '../../src/schema-registry/json/json-schema.ts'
import { TestRegistry } from '../../src/testing/registry/test-registry.ts'
import { isKafkaRequired } from '../support/provided-kafka.ts'
import { GoUnavailableError, type RunningRegistry, startGoRegistry } from '../support/registry/go-registries.ts'

/** Where the registries differ; what is not here is the same in all. */
interface Differences {
  name: string
  start: () => Promise<RunningRegistry>
  /** Whether versions and lookups tell GUIDs. */
  hasGuids: boolean
  /** Whether it compares schemas by itself. */
  checksCompatibility: boolean
  /** Whether deleting a subject lists versions that were deleted before. */
  deletesAgain: boolean
  /** Whether subjects/{s}/metadata answers. */
  findsMetadata: boolean
  /** Whether READONLY keeps subjects from being changed. */
  enforcesModes: boolean
}

const registries: Differences[] = [
  {
    name: 'TestRegistry',
    start: () => TestRegistry.start(),
    hasGuids: true,
    checksCompatibility: false,
    deletesAgain: false,
    findsMetadata: true,
    enforcesModes: true,
  },
  {
    name: 'AxonOps',
    start: () => startGoRegistry('axonops'),
    hasGuids: false,
    checksCompatibility: true,
    deletesAgain: false,
    findsMetadata: true,
    enforcesModes: true,
  },
  {
    name: 'srfake',
    start: () => startGoRegistry('srfake'),
    hasGuids: true,
    checksCompatibility: false,
    deletesAgain: true,
    findsMetadata: false,
    enforcesModes: false,
  },
]

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
  registries.map(async (registry) => {
    try {
      return { registry, running: await registry.start() }
    } catch (error) {
      if (!(error instanceof GoUnavailableError) || isKafkaRequired()) throw error
      process.stderr.write(
        `\n*** NO ${registry.name}: its tests are skipped, because ${error.message}. Install Go.\n\n`,
      )
      return { registry, running: undefined }
    }
  }),
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
    expect(await client.subjectsById(first.id!)).toContain(subject)
    expect(await client.versionsById(second.id!)).toContainEqual({ subject, version: 2 })
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
    expect(answer.isCompatible).toBe(!differences.checksCompatibility)
    expect(answer.messages.length > 0).toBe(differences.checksCompatibility)
    if (!differences.checksCompatibility) return
    expect(await refusal(client.register(subject, { schema: incompatible }))).toMatchObject({ status: 409 })
  })

  test('sets modes', async () => {
    const subject = unique('mode')
    await client.setMode(subject, 'READONLY')
    expect(await client.mode(subject)).toBe('READONLY')
    const registration = client.register(subject, { schema: v1 })
    if (differences.enforcesModes) expect((await refusal(registration)).errorCode).toBe(42205)
    else expect((await registration).id).toBeGreaterThan(0)
  })

  test('finds the latest version by metadata', async () => {
    const subject = unique('metadata')
    const metadata = { properties: { owner: 'x' } }
    await client.register(subject, { schema: v1, metadata })
    const found = client.latestWithMetadata(subject, { owner: 'x' })
    if (differences.findsMetadata) expect((await found).version).toBe(1)
    else expect((await refusal(found)).status).toBe(404)
  })

  test('JSON: values are written, read, and validated with references', async () => {
    const topic = unique('orders')
    const schema = JSON.stringify({ $id: `http://test/${topic}`, type: 'object', required: ['name'] })
    await client.register(`${topic}-customer`, { schema, schemaType: 'JSON' })
    const order = {
      schema: { type: 'object', properties: { customer: { $ref: 'customer.json' } } },
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
    const serde = json<object>({ registry: client, schema: { type: 'object' }, framing: 'header' })
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
