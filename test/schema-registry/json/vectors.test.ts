import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RecordHeader } from '../../../src/protocol/records/record.ts'
import { SchemaRegistryClient } from '../../../src/schema-registry/client/schema-registry-client.ts'
import { parseExact } from '../../../src/schema-registry/json/exact-json.ts'
import { json } from '../../../src/schema-registry/json/json-schema.ts'
import type { SubjectName } from '../../../src/schema-registry/subjects.ts'
import { TestRegistry } from '../../../src/testing/registry/test-registry.ts'
import { readVectors, vectorSchemas, type WireVector } from '../../support/registry/vectors.ts'

const vectors = readVectors<WireVector>('confluent-wire').filter(({ format }) => format === 'json')

describe('JSON Schema as Confluent writes it', () => {
  let registry: TestRegistry
  let client: SchemaRegistryClient

  beforeAll(async () => {
    registry = await TestRegistry.start({ schemas: vectorSchemas() })
    client = new SchemaRegistryClient({ url: registry.url })
  })

  afterAll(async () => {
    await client.close()
    await registry.close()
  })

  test('has vectors', () => expect(vectors).toHaveLength(17))

  test.each(vectors)('$name: the same id, headers and value are written', async (vector) => {
    const { topic, field, framing, schemaText, references, config } = vector
    const strategy = String(config['subject.name.strategy.type']).toLowerCase().replace('_', '-') as SubjectName
    const serde = json({ registry: client, schema: { schema: schemaText, references }, framing, subject: strategy })
    const headers: RecordHeader[] = []
    const value = parseExact(vector.payloadText!)
    const payload = (await serde.serialize(value, { topic, field, headers })) as Uint8Array
    const bodyOffset = framing === 'prefix' ? 5 : 0
    expect(Buffer.from(payload.subarray(0, bodyOffset)).toString('hex')).toBe(
      vector.payloadHex.slice(0, bodyOffset * 2),
    )
    expect(parseExact(Buffer.from(payload.subarray(bodyOffset)).toString())).toEqual(value)
    expect(headers.map(({ key, value }) => [key, Buffer.from(value!).toString('hex')])).toEqual(vector.headers)
    // What is known by now takes no promise.
    expect(serde.serialize(value, { topic, field, headers })).toEqual(payload)
  })

  test.each(vectors)('$name: the value is read', async (vector) => {
    const { topic, field } = vector
    const headers = vector.headers.map(([key, hex]) => ({ key, value: Buffer.from(hex, 'hex') }))
    const serde = json({ registry: client })
    const payload = Buffer.from(vector.payloadHex, 'hex')
    expect(await serde.deserialize(payload, { topic, field, headers })).toEqual(parseExact(vector.payloadText!))
    const read = await serde.withSchema().deserialize(payload, { topic, field, headers })
    expect(read?.schema.schema).toBe(vector.schemaText)
    expect(read?.schemaId).toBe(vector.framing === 'prefix' ? vector.schemaId : undefined)
    expect(read?.guid).toBe(vector.framing === 'header' ? vector.guid : undefined)
  })
})
