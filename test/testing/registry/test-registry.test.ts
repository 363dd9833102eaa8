import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CompatibilityLevel } from '../../../src/schema-registry/client/answers.ts'
import { SchemaRegistryClient } from '../../../src/schema-registry/client/schema-registry-client.ts'
import type { Schema, SchemaType } from '../../../src/schema-registry/schema.ts'
import { TestRegistry } from '../../../src/testing/registry/test-registry.ts'

function record(...fields: object[]): string {
  return JSON.stringify({ type: 'record', name: 'R', fields })
}

const a = { name: 'a', type: 'int' }
const b = { name: 'b', type: 'int', default: 0 }
const c = { name: 'c', type: 'int' }

describe('TestRegistry', () => {
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

  test.each<[CompatibilityLevel, string[], string, boolean]>([
    ['BACKWARD', [record(a)], record(a, b), true],
    ['BACKWARD', [record(a)], record(a, c), false],
    ['BACKWARD', [record(c), record(a, b)], record(a, c), false],
    ['FORWARD', [record(a)], record(a, c), true],
    ['FORWARD', [record(a, c)], record(a), false],
    ['FULL', [record(a)], record(a, b), true],
    ['FULL', [record(a, c)], record(a), false],
    ['NONE', [record(a)], '"string"', true],
  ])('%s: after %j, %s is compatible: %s', async (compatibility, before, next, isCompatible) => {
    await client.setConfig('s', { compatibility: 'NONE' })
    for (const schema of before) await client.register('s', { schema })
    await client.setConfig('s', { compatibility })
    expect((await client.testCompatibility('s', { schema: next })).isCompatible).toBe(isCompatible)
    const registration = client.register('s', { schema: next })
    if (isCompatible) expect((await registration).id).toBeGreaterThan(0)
    else await expect(registration).rejects.toMatchObject({ status: 409, errorCode: 40901 })
  })

  test('transitive levels look at every version, others at the newest', async () => {
    await client.setConfig('s', { compatibility: 'NONE' })
    await client.register('s', { schema: record(a) })
    await client.register('s', { schema: record(a, c) })
    await client.setConfig('s', { compatibility: 'BACKWARD' })
    const next = { schema: record(a, c, b) }
    expect((await client.testCompatibility('s', next, { version: 'all' })).isCompatible).toBe(true)
    await client.setConfig('s', { compatibility: 'BACKWARD_TRANSITIVE' })
    const answer = await client.testCompatibility('s', next, { version: 'all', verbose: true })
    expect(answer.messages.join()).toContain('READER_FIELD_MISSING_DEFAULT_VALUE')
  })

  test.each<[SchemaType, string, string]>([
    ['JSON', '{"type":"string"}', '{"type":"number"}'],
    ['PROTOBUF', 'message M { optional int32 a = 1; }', 'message M { optional string a = 1; }'],
  ])('%s schemas are compared too', async (schemaType, before, next) => {
    await client.register('s', { schemaType, schema: before })
    await expect(client.register('s', { schemaType, schema: next })).rejects.toMatchObject({ errorCode: 40901 })
  })

  test.each<[SchemaType, string]>([
    ['AVRO', '{"type":"nothing"}'],
    ['JSON', '[]'],
    ['JSON', '{"$ref":"#/nowhere"}'],
    ['PROTOBUF', 'message M { Nothing a = 1; }'],
    ['PROTOBUF', ''],
  ])('%s: %s is no schema, and nothing is kept of it', async (schemaType, schema) => {
    await expect(client.register('s', { schemaType, schema })).rejects.toMatchObject({ status: 422, errorCode: 42201 })
    expect(await client.subjects()).toEqual([])
  })

  test('takes an encoded descriptor for the text that it stands for, and gives it when asked', async () => {
    const text: Schema = {
      schemaType: 'PROTOBUF',
      schema: 'syntax = "proto3";\n// for people\nmessage M { map<string, int32> m = 1; }',
    }
    const { id } = await client.register('s', text)
    const { schema } = await client.fetchById(id!, { format: 'serialized' })
    expect(Buffer.from(schema, 'base64').toString('latin1')).toContain('MEntry')
    expect((await client.register('s', { schemaType: 'PROTOBUF', schema })).id).toBe(id)
    const other = await client.register('other', { schemaType: 'PROTOBUF', schema })
    expect(other.id).toBe(id)
    expect((await client.fetchById(id!)).schema).toBe(text.schema)
  })
})
