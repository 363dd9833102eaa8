import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Kafka } from '../../../src/kafka.ts'
import { SchemaRegistryClient } from '../../../src/schema-registry/client/schema-registry-client.ts'
import { SerializationError } from '../../../src/schema-registry/errors.ts'
import { json } from '../../../src/schema-registry/json/json-schema.ts'
import type { RegistrySerde } from '../../../src/schema-registry/registry-serde.ts'
import { deadLetters } from '../../../src/schema-registry/rules/dead-letters.ts'
import type { RuleExecutor, Rules } from '../../../src/schema-registry/rules/rule.ts'
import type { Rule, RuleSet } from '../../../src/schema-registry/schema.ts'
import { TestRegistry } from '../../../src/testing/registry/test-registry.ts'
import { TestBroker } from '../../../src/testing/test-broker.ts'

const schema = JSON.stringify({
  type: 'object',
  properties: { name: { type: 'string', 'confluent:tags': ['PII'] }, id: { type: 'integer' } },
})
const value = { name: 'ada', id: 1 }
const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString()

/** Refuses ids that are not positive, adds to names, fails, or leaves nothing. */
const executors: RuleExecutor[] = [
  { type: 'CHECK', execute: (_, item) => (item as typeof value).id > 0 },
  { type: 'MARK', executeField: ({ rule, mode }, _, item) => `${String(item)} ${rule.name} ${mode}` },
  {
    type: 'FAIL',
    execute: () => {
      throw new RangeError('broken')
    },
  },
  { type: 'NOTHING', execute: () => undefined },
]

function mark(name: string, tags: string[] = ['PII']): Rule {
  return { name, kind: 'TRANSFORM', mode: 'WRITEREAD', type: 'MARK', tags }
}

const context = () => ({ topic: 't', field: 'value' as const, headers: [] })

async function written(serde: RegistrySerde<typeof value>, item: typeof value): Promise<Uint8Array> {
  return (await serde.serialize(item, context())) as Uint8Array
}

describe('what comes after a rule', () => {
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

  async function serdeOf(domainRules: Rule[], rules: Rules = {}, more: RuleSet = {}) {
    await client.register('t-value', { schemaType: 'JSON', schema, ruleSet: { domainRules, ...more } })
    return json<typeof value>({ registry: client, use: 'latest', rules: { executors, ...rules } })
  }

  test.each<[string, Partial<Rule>]>([
    ['not met', { kind: 'CONDITION', type: 'CHECK' }],
    ['failed, see the cause', { kind: 'TRANSFORM', type: 'FAIL' }],
    ['left no value', { kind: 'TRANSFORM', type: 'NOTHING' }],
    ['needs an executor for OTHER', { kind: 'TRANSFORM', type: 'OTHER' }],
  ])('a rule that is %s is an error, unless its action is NONE', async (message, rule) => {
    const bad = { ...value, id: -1 }
    const whole = { name: 'r', mode: 'WRITE', type: 'CHECK', ...rule } as const
    const serde = await serdeOf([whole])
    await expect(serde.serialize(bad, context())).rejects.toThrow(message)
    const lenient = await serdeOf([{ ...whole, onFailure: 'NONE' }])
    expect(text((await written(lenient, bad)).subarray(5))).toBe(JSON.stringify(bad))
  })

  test('actions for writing and reading are parted by a comma', async () => {
    const seen: string[] = []
    const actions = ['A', 'B'].map((type) => ({
      type,
      run: ({ mode }: { mode: string }) => void seen.push(`${type} ${mode}`),
    }))
    const rule: Rule = { name: 'r', kind: 'CONDITION', mode: 'WRITEREAD', type: 'CHECK', onSuccess: 'A,B' }
    const serde = await serdeOf([rule], { actions })
    await serde.deserialize(await written(serde, value), context())
    expect(seen).toEqual(['A WRITE', 'B READ'])
  })

  test('an action that nobody carries out is an error', async () => {
    const serde = await serdeOf([{ name: 'r', kind: 'CONDITION', mode: 'WRITE', type: 'CHECK', onSuccess: 'DLQ' }])
    await expect(serde.serialize(value, context())).rejects.toThrow(/action DLQ: pass one in rules.actions/)
  })

  test('while reading the rule that came last is the first, and of alike ones only the first is carried out', async () => {
    const serde = await serdeOf([mark('a'), mark('b', ['PII', 'X']), mark('c')])
    const bytes = await written(serde, value)
    expect(text(bytes.subarray(5))).toContain('"ada a WRITE b WRITE"')
    expect((await serde.deserialize(bytes, context())).name).toBe('ada a WRITE b WRITE c READ b READ')
  })

  test.each<[what: string, rules: Rules, more: RuleSet, runs: boolean]>([
    ['always', {}, {}, true],
    ['but for overrides by name', { overrides: { r: { disabled: true } } }, {}, false],
    ['but for overrides by type', { overrides: { FAIL: { disabled: true } } }, {}, false],
    [
      'though a name says otherwise than a type',
      { overrides: { r: { disabled: false }, FAIL: { disabled: true } } },
      {},
      true,
    ],
    ['in no environment', {}, { enableAt: 'NONE' }, false],
    ['elsewhere', { environment: 'CLIENT' }, { enableAt: 'SERVER' }, false],
    ['here', { environment: 'CLIENT' }, { enableAt: 'CLIENT' }, true],
  ])('rules are carried out %s', async (_, rules, more, runs) => {
    const serde = await serdeOf([{ name: 'r', kind: 'TRANSFORM', mode: 'WRITE', type: 'FAIL' }], rules, more)
    const bytes = written(serde, value)
    if (runs) await expect(bytes).rejects.toThrow(SerializationError)
    else expect(text((await bytes).subarray(5))).toBe(JSON.stringify(value))
  })

  test('DLQ sends what was refused to a topic of its own, and what is there can be read', async () => {
    const broker = await TestBroker.start({ topics: { t: { partitions: 1 }, dead: { partitions: 1 } } })
    const kafka = new Kafka({ bootstrapServers: broker.bootstrapServers })
    const producer = kafka.producer()
    const check: Rule = {
      name: 'positive',
      kind: 'CONDITION',
      mode: 'WRITEREAD',
      type: 'CHECK',
      onFailure: 'DLQ',
      params: { 'dlq.topic': 'dead' },
    }
    const hide: Rule = {
      name: 'hide',
      kind: 'TRANSFORM',
      mode: 'WRITE',
      type: 'ENCRYPT',
      tags: ['PII'],
      onFailure: 'NONE',
    }
    const serde = await serdeOf([check, hide], { actions: [deadLetters({ producer })] })
    const bad = { name: 'eve', id: -1 }
    const headers = [{ key: 'trace', value: Buffer.from('x') }]
    await expect(serde.serialize(bad, { ...context(), headers })).rejects.toThrow(/positive failed.* went to dead/)
    const lenient = await serdeOf([check, hide], { overrides: { positive: { onFailure: 'NONE' } } })
    const bytes = await written(lenient, bad)
    await expect(serde.deserialize(bytes, context())).rejects.toThrow(/went to dead/)

    const consumer = kafka.consumer({ groupId: 'g', topics: ['dead'], autoOffsetReset: 'earliest' })
    const records: { value: Uint8Array | null; headers: readonly { key: string; value: Uint8Array | null }[] }[] = []
    for await (const record of consumer) {
      records.push(record)
      if (records.length === 2) break
    }
    const [sent, received] = records
    // What was to be encrypted is not shown.
    expect(JSON.parse(text(sent!.value))).toEqual({ name: '<REDACTED>', id: -1 })
    expect(Object.fromEntries(sent!.headers.map(({ key, value: bytes }) => [key, text(bytes)]))).toMatchObject({
      trace: 'x',
      '__rule.name': 'positive',
      '__rule.mode': 'WRITE',
      '__rule.subject': 't-value',
      '__rule.topic': 't',
      '__rule.exception': expect.stringMatching(/positive is not met/) as string,
    })
    expect(Buffer.from(received!.value!)).toEqual(Buffer.from(bytes))
    expect(await serde.deserialize(received!.value, { ...context(), headers: received!.headers })).toEqual(bad)
    await consumer.close()
    await producer.close()
    await broker.close()
  })
})
