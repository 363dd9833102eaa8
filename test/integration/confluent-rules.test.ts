import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { avro } from '../../src/schema-registry/avro/avro.ts'
import { SchemaRegistryClient } from '../../src/schema-registry/client/schema-registry-client.ts'
import { json } from '../../src/schema-registry/json/json-schema.ts'
import { protobuf } from '../../src/schema-registry/protobuf/protobuf.ts'
import type { RegistrySerde } from '../../src/schema-registry/registry-serde.ts'
import { celRules } from '../../src/schema-registry/rules/cel.ts'
import { encryptionRules } from '../../src/schema-registry/rules/encryption/encryption-rules.ts'
import { localKms } from '../../src/schema-registry/rules/encryption/kms.ts'
import { jsonataRules } from '../../src/schema-registry/rules/jsonata.ts'
import type { Rule, RuleSet } from '../../src/schema-registry/schema.ts'
import type { SchemaChoice } from '../../src/schema-registry/serde-options.ts'
import { TestRegistry } from '../../src/testing/registry/test-registry.ts'
import { ConfluentClient, type ConfluentRequest } from '../support/registry/confluent-client.ts'
import { startGoRegistry } from '../support/registry/go-registries.ts'
import { type RunningRegistry, startIfAvailable } from '../support/registry/running-registry.ts'

/** A registry that keeps data contracts. */
interface Registry {
  name: string
  start: () => Promise<RunningRegistry>
  /** Whether it turns Protobuf texts into what Confluent's client reads. */
  knowsProtobuf: boolean
  /** Whether it tells the newest data key, which is asked for where keys expire. */
  tellsNewestKey: boolean
}

const registries: Registry[] = [
  { name: 'TestRegistry', start: () => TestRegistry.start(), knowsProtobuf: true, tellsNewestKey: true },
  { name: 'AxonOps', start: () => startGoRegistry('axonops'), knowsProtobuf: false, tellsNewestKey: false },
]

const executors = [...celRules(), jsonataRules(), ...encryptionRules({ kms: [localKms({ secret: 'hush' })] })]

interface Format {
  format: ConfluentRequest['format']
  /** A schema with the fields `name`, which is tagged, and `age`, or with one of them renamed. */
  schema: (name: string, age: string) => string
  serde: (
    registry: SchemaRegistryClient,
    options: { use?: SchemaChoice; readerSchema?: 'latest' },
  ) => RegistrySerde<unknown>
  theirs: (schema: string) => Partial<ConfluentRequest>
}

const PII = { 'confluent:tags': ['PII'] }
const formats: Format[] = [
  {
    format: 'AVRO',
    schema: (name, age) =>
      JSON.stringify({
        type: 'record',
        name: 'P',
        fields: [
          { name, type: 'string', ...PII },
          { name: age, type: 'int' },
        ],
      }),
    serde: (registry, options) => avro({ registry, rules: { executors }, ...options }),
    theirs: () => ({}),
  },
  {
    format: 'JSON',
    schema: (name, age) =>
      JSON.stringify({
        type: 'object',
        properties: { [name]: { type: 'string', ...PII }, [age]: { type: 'integer' } },
      }),
    serde: (registry, options) => json({ registry, rules: { executors }, ...options }),
    theirs: () => ({}),
  },
  {
    format: 'PROTOBUF',
    schema: (name, age) => `syntax = "proto3";
import "confluent/meta.proto";
message P {
  string ${name} = 1 [(confluent.field_meta).tags = "PII"];
  int32 ${age} = 2;
}
`,
    serde: (registry, options) => protobuf({ registry, rules: { executors }, values: 'json', ...options }),
    // Its message needs no tags: rules go by those that the registry knows.
    theirs: (schema) => ({
      files: { 'p.proto': schema.replace(/import .*\n/, '').replace(/ \[.*\]/, '') },
      main: 'p.proto',
      message: 'P',
    }),
  },
]

const confluent = await startIfAvailable('confluent-kafka', () => ConfluentClient.start())

afterAll(() => confluent?.close())

const person = { name: 'Zoë', age: 36 }

describe.each(registries)('data contracts with $name', ({ name, start, knowsProtobuf, tellsNewestKey }) => {
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

  describe.each(formats.filter(({ format }) => format !== 'PROTOBUF' || knowsProtobuf))('$format', (vector) => {
    const { format, serde, theirs } = vector
    const schema = vector.schema('name', 'age')

    async function registered(ruleSet: RuleSet): Promise<string> {
      const topic = `t-${randomUUID()}`
      await registry.register(`${topic}-value`, { schemaType: format, schema, ruleSet })
      return topic
    }

    const requestOf = (topic: string, rules: string[], conf: object): ConfluentRequest => ({
      format,
      url: running!.url,
      topic,
      rules,
      ...theirs(schema),
      conf: { 'use.latest.version': true, ...conf },
      ruleConf: { secret: 'hush' },
    })
    const toWrite = { 'auto.register.schemas': false }

    async function write(topic: string, value: unknown): Promise<string> {
      const context = { topic, field: 'value', headers: [] } as const
      const bytes = (await serde(registry, { use: 'latest' }).serialize(value, context)) as Uint8Array
      return Buffer.from(bytes).toString('hex')
    }

    async function read(topic: string, payload: string): Promise<unknown> {
      const context = { topic, field: 'value', headers: [] } as const
      return serde(registry, { readerSchema: 'latest' }).deserialize(Buffer.from(payload, 'hex'), context)
    }

    const ways = ['', 'with AES256_SIV', ...(tellsNewestKey ? ['with keys that expire'] : [])]
    test.each(ways)('what one encrypts the other decrypts %s', async (way) => {
      const params = {
        // One that both sides have to find, or make.
        'encrypt.kek.name': `kek-${randomUUID()}`,
        'encrypt.kms.type': 'local-kms',
        'encrypt.kms.key.id': 'my-key',
        ...(way === 'with keys that expire' ? { 'encrypt.dek.expiry.days': '7' } : {}),
        ...(way === 'with AES256_SIV' ? { 'encrypt.dek.algorithm': 'AES256_SIV' } : {}),
      }
      const rule: Rule = {
        name: 'hide',
        kind: 'TRANSFORM',
        mode: 'WRITEREAD',
        type: 'ENCRYPT',
        tags: ['PII'],
        params,
      }
      const known = ['ENCRYPT', 'local-kms']
      const ours = await registered({ domainRules: [rule] })
      const sent = await write(ours, person)
      expect(sent).not.toContain(Buffer.from('Zoë').toString('hex'))
      expect(await confluent!.deserialize({ ...requestOf(ours, known, {}), payload: sent })).toEqual(person)
      // Here the other side makes the keys.
      const theirKek: Rule = { ...rule, params: { ...params, 'encrypt.kek.name': `kek-${randomUUID()}` } }
      const other = await registered({ domainRules: [theirKek] })
      const { payload } = await confluent!.serialize({ ...requestOf(other, known, toWrite), value: person })
      expect(payload).not.toContain(Buffer.from('Zoë').toString('hex'))
      expect(await read(other, payload)).toEqual(person)
    })

    test.each<[expr: string, isMet: boolean]>([
      ['message.name.startsWith("Zo") && message.age > 35', true],
      ['message.age < 18', false],
      ['message.age < 18 ; message.name == "child"', true],
    ])('both judge alike of %s', async (expr, isMet) => {
      const topic = await registered({
        domainRules: [{ name: 'check', kind: 'CONDITION', mode: 'WRITE', type: 'CEL', expr }],
      })
      const theirs = (): Promise<unknown> =>
        confluent!.serialize({ ...requestOf(topic, ['CEL'], toWrite), value: person })
      if (isMet) {
        await write(topic, person)
        await theirs()
      } else {
        await expect(write(topic, person)).rejects.toThrow(/check/)
        await expect(theirs()).rejects.toThrow(/Rule expr failed/)
      }
    })

    test('both change fields alike', async () => {
      const rule: Rule = { name: 'up', kind: 'TRANSFORM', mode: 'READ', type: 'CEL_FIELD', tags: ['PII'] }
      const topic = await registered({ domainRules: [{ ...rule, expr: 'value + "!" + name + typeName' }] })
      const sent = await write(topic, person)
      const expected = { name: 'Zoë!nameSTRING', age: 36 }
      expect(await read(topic, sent)).toEqual(expected)
      expect(await confluent!.deserialize({ ...requestOf(topic, ['CEL_FIELD'], {}), payload: sent })).toEqual(expected)
    })

    test('both migrate alike from one version to the next', async () => {
      const topic = await registered({})
      const sent = await write(topic, person)
      const { payload } = await confluent!.serialize({ ...requestOf(topic, [], toWrite), value: person })
      await registry.setConfig(`${topic}-value`, { compatibility: 'NONE' })
      const expr = "$merge([$sift($, function($v, $k) {$k != 'age'}), {'years': $.'age'}])"
      const next = vector.schema('name', 'years')
      const migrationRules: Rule[] = [{ name: 'up', kind: 'TRANSFORM', mode: 'UPGRADE', type: 'JSONATA', expr }]
      await registry.register(`${topic}-value`, { schemaType: format, schema: next, ruleSet: { migrationRules } })
      const expected = { name: 'Zoë', years: 36 }
      const request = { ...requestOf(topic, ['JSONATA'], {}), ...theirs(next) }
      expect(await confluent!.deserialize({ ...request, payload: sent })).toEqual(expected)
      expect(await read(topic, payload)).toEqual(expected)
    })
  })
})
