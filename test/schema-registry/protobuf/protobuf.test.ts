import { create, type Message } from '@bufbuild/protobuf'
import { fileDesc, type GenMessage, messageDesc } from '@bufbuild/protobuf/codegenv2'
import { file_google_protobuf_timestamp } from '@bufbuild/protobuf/wkt'
import { describe, expect, it } from 'vitest'
import { SerializationError } from '../../../src/schema-registry/errors.ts'
import { compileProto } from '../../../src/schema-registry/protobuf/compile.ts'
import { protobuf } from '../../../src/schema-registry/protobuf/protobuf.ts'
import type { RuleExecutor } from '../../../src/schema-registry/rules/rule.ts'
import type { SerdeContext } from '../../../src/serdes.ts'
import { FakeRegistry } from './fake-registry.ts'
import { descriptorVectors, findVector } from './vectors.ts'

type Money = Message<'acme.common.Money'> & { currency: string; units: bigint }
type Line = Message<'acme.orders.Line'> & { sku: string; price?: Money }
type Order = Message<'acme.orders.Order'> & { id: string; lines: Line[]; level: number }

const text = (name: string): string => descriptorVectors.find((one) => one.name === name)!.text
const descriptor = (name: string): string => descriptorVectors.find((one) => one.name === name)!.fileDescriptorProto

const commonFile = fileDesc(descriptor('common.proto'))
const addressFile = fileDesc(descriptor('address.proto'), [commonFile])
const orderFile = fileDesc(descriptor('order.proto'), [addressFile, file_google_protobuf_timestamp])
const OrderSchema: GenMessage<Order> = messageDesc(orderFile, 1)

const context: SerdeContext = { topic: 'orders', field: 'value', headers: [] }

describe('protobuf with generated code', () => {
  it('registers the file and its imports as text, writes and reads typed messages', async () => {
    const registry = new FakeRegistry()
    const serde = protobuf({ registry: registry.client, schema: OrderSchema })
    const order = create(OrderSchema, {
      id: 'o1',
      lines: [{ sku: 's', price: { currency: 'EUR', units: 5n } }],
      level: 1,
    })
    const bytes = (await serde.serialize(order, context)) as Uint8Array
    expect(registry.schemas.map(({ subject }) => subject)).toEqual(['common.proto', 'address.proto', 'orders-value'])
    const main = registry.schemas[2]!
    expect(main.references).toEqual([{ name: 'address.proto', subject: 'address.proto', version: 1 }])
    expect(compileProto('order.proto', main.schema, findVector).descriptor).toEqual(
      findVector('order.proto')!.descriptor,
    )
    // Magic byte, id 3, one index, which is 1.
    expect([...bytes.subarray(0, 7)]).toEqual([0, 0, 0, 0, 3, 2, 2])
    const read: Order = await serde.deserialize(bytes, context)
    expect(read).toEqual(order)
    expect(read.lines[0]!.price!.units).toBe(5n)
  })

  it('reads as the generated type what another version of the schema wrote', async () => {
    const registry = new FakeRegistry()
    const older =
      'syntax = "proto3"; package acme.orders; message Old { string gone = 9; } message Order { string id = 1; string new = 10; }'
    const writer = protobuf({ registry: registry.client, schema: older, message: 'acme.orders.Order' })
    const bytes = (await writer.serialize({ id: 'o', new: 'n' }, context)) as Uint8Array
    const read = await protobuf<Order>({ registry: registry.client, readerSchema: OrderSchema }).deserialize(
      bytes,
      context,
    )
    expect(read.$typeName).toBe('acme.orders.Order')
    expect(read.id).toBe('o')
    expect(read.$unknown?.map(({ no }) => no)).toEqual([10])
  })
})

describe('protobuf with .proto texts', () => {
  const source = {
    schema: text('order.proto'),
    files: { 'address.proto': text('address.proto'), 'common.proto': text('common.proto') },
  }

  it('registers imports before what imports them, once each, and no file that is built in', async () => {
    const registry = new FakeRegistry()
    const serde = protobuf<object>({
      registry: registry.client,
      schema: source,
      message: 'acme.orders.Order',
      values: 'json',
    })
    const order = { id: 'o1', ship: { street: 'x' }, at: '2024-02-29T12:34:56Z' }
    const bytes = (await serde.serialize(order, context)) as Uint8Array
    expect(registry.schemas.map(({ subject, schema }) => [subject, schema])).toEqual([
      ['common.proto', source.files['common.proto']],
      ['address.proto', source.files['address.proto']],
      ['orders-value', source.schema],
    ])
    expect(await serde.deserialize(bytes, context)).toEqual(order)
  })

  it('registers descriptors if asked to', async () => {
    const registry = new FakeRegistry()
    const given = { registry: registry.client, schema: source, registerAs: 'descriptor', values: 'json' } as const
    const bytes = await protobuf<object>(given).serialize({ sku: 's' }, context)
    const common = Buffer.from(registry.schemas[0]!.schema, 'base64')
    expect(common.toString('base64')).toBe(descriptor('common.proto'))
    expect(registry.schemas.map(({ subject }) => subject)).toEqual(['common.proto', 'address.proto', 'orders-value'])
    const reader = protobuf<object>({ registry: registry.client, values: 'json' })
    expect(await reader.deserialize(bytes as Uint8Array, context)).toEqual({ sku: 's' })
  })

  it('registers nothing when one of the files is wrong', async () => {
    const registry = new FakeRegistry()
    const schema = { ...source, files: { ...source.files, 'common.proto': 'syntax = "proto3"; message {' } }
    const serde = protobuf({ registry: registry.client, schema })
    await expect(serde.serialize({}, context)).rejects.toThrow(/common\.proto:1:28: expected the name of a message/)
    expect(registry.schemas).toEqual([])
  })

  it('refuses an import that nobody gave', async () => {
    const registry = new FakeRegistry()
    const serde = protobuf({ registry: registry.client, schema: text('order.proto') })
    await expect(serde.serialize({}, context)).rejects.toThrow(/"address\.proto" is not found/)
  })

  it('takes imports that are registered already', async () => {
    const registry = new FakeRegistry()
    await protobuf({ registry: registry.client, schema: source }).serialize({}, context)
    const references = [{ name: 'address.proto', subject: 'address.proto', version: 1 }]
    const serde = protobuf({ registry: registry.client, schema: { schema: text('order.proto'), references } })
    await serde.serialize({ sku: 's', price: { units: 1n } }, { ...context, topic: 'other' })
    expect(registry.schemas.at(-1)).toMatchObject({ subject: 'other-value', references })
  })

  it('counts the hidden messages of map fields', async () => {
    const registry = new FakeRegistry()
    const schema = text('maps.proto')
    const serde = protobuf({ registry: registry.client, schema, message: 'acme.maps.MapBefore.Inner' })
    const bytes = (await serde.serialize({ x: 'i' }, context)) as Uint8Array
    expect([...bytes.subarray(5, 8)]).toEqual([4, 2, 2])
    expect(await serde.deserialize(bytes, context)).toMatchObject({ $typeName: 'acme.maps.MapBefore.Inner', x: 'i' })
  })

  it('names subjects by the message', async () => {
    const registry = new FakeRegistry()
    const schema = text('basic.proto')
    await protobuf({ registry: registry.client, schema, message: 'acme.v1.Third', subject: 'topic-record' }).serialize(
      {},
      context,
    )
    expect(registry.schemas[0]!.subject).toBe('orders-acme.v1.Third')
  })

  it('reads with a schema of the reader', async () => {
    const registry = new FakeRegistry()
    const schema = 'syntax = "proto3"; message M { string id = 1; int64 n = 2; }'
    const readerSchema = 'syntax = "proto3"; message Other { } message M { string name = 1; }'
    const bytes = (await protobuf({ registry: registry.client, schema }).serialize(
      { id: 'a', n: 2n },
      context,
    )) as Uint8Array
    const reader = protobuf<object>({ registry: registry.client, readerSchema, values: 'json' })
    expect(await reader.deserialize(bytes, context)).toEqual({ name: 'a' })
  })
})

describe('rules about fields', () => {
  const schema = `syntax = "proto3"; package p; import "confluent/meta.proto";
    message Person {
      string name = 1 [(confluent.field_meta) = { tags: ["PII", "NAME"] }];
      repeated string aliases = 2 [(confluent.field_meta).tags = "PII"];
      oneof contact { string email = 3 [(confluent.field_meta).tags = "PII"]; int64 phone = 4; }
      map<string, Person> kin = 5;
      optional string note = 6;
    }`
  const shouted = { name: 'A', aliases: ['B', 'C'], email: 'D', kin: { k: { name: 'E', note: 'f' } }, note: 'g' }
  const whispered = { name: 'a', aliases: ['b', 'c'], email: 'd', kin: { k: { name: 'e', note: 'f' } }, note: 'g' }

  it.each(['WRITE', 'READ'] as const)('see the fields that are tagged, on %s', async (mode) => {
    const registry = new FakeRegistry()
    registry.ruleSet = { domainRules: [{ name: 'shout', kind: 'TRANSFORM', type: 'SHOUT', mode, tags: ['PII'] }] }
    const seen = new Set<string>()
    const shout: RuleExecutor = {
      type: 'SHOUT',
      executeField: (_, field, value) => {
        seen.add(`${field.fullName} ${field.type} ${[...field.tags].join(',')}`)
        return typeof value === 'string' ? value.toUpperCase() : value
      },
    }
    const serde = protobuf<object>({ registry: registry.client, schema, values: 'json', rules: { executors: [shout] } })
    const bytes = await serde.serialize(whispered, context)
    expect(await serde.deserialize(bytes as Uint8Array, context)).toEqual(shouted)
    expect([...seen]).toEqual([
      'p.Person.name STRING PII,NAME',
      'p.Person.aliases STRING PII',
      'p.Person.email STRING PII',
    ])
  })
})

describe('what protobuf refuses', () => {
  const schema = text('basic.proto')

  it.each<[what: string, value: unknown, path: string]>([
    ['a number out of range', { i32: 2 ** 40 }, 'i32'],
    ['a string for a number', { f64: 'x' }, 'f64'],
    ['text in a list of numbers', { packed: [1, 'x'] }, 'packed[1]'],
    ['an unknown field', { nope: 1 }, 'nope'],
  ])('names the path of %s', async (_, value, path) => {
    const serde = protobuf({ registry: new FakeRegistry().client, schema })
    const error: unknown = await Promise.resolve(serde.serialize(value, context)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SerializationError)
    expect((error as SerializationError).path).toBe(path)
  })

  it('names the path within nested messages', async () => {
    const serde = protobuf({ registry: new FakeRegistry().client, schema, message: 'acme.v1.Third' })
    const write = async (value: unknown): Promise<unknown> => serde.serialize(value, context)
    await expect(write({ more: [{ id: 'a' }, { id: 5 }] })).rejects.toMatchObject({ path: 'more[1].id' })
    await expect(write({ more: [{ name: 'a' }] })).rejects.toMatchObject({ path: 'more[0].name' })
  })

  it.each<[what: string, value: unknown, reason: RegExp]>([
    ['no object', 5, /is an object, not 5/],
    [
      'a message of another type',
      create(OrderSchema),
      /a acme\.v1\.AllScalars is to be written, not "acme\.orders\.Order"/,
    ],
  ])('refuses %s', async (_, value, reason) => {
    const serde = protobuf({ registry: new FakeRegistry().client, schema })
    await expect(serde.serialize(value, context)).rejects.toThrow(reason)
  })

  it.each<[what: string, tail: number[], reason: RegExp]>([
    ['an index out of range', [2, 18], /message index \[9\] is out of range/],
    ['a nested index out of range', [4, 0, 0], /message index \[0, 0\] is out of range/],
    ['a body that is cut off', [0, 0x0a, 5], /not bytes of a acme\.v1\.AllScalars/],
    ['a field number of 0', [0, 0, 0], /not bytes of a acme\.v1\.AllScalars/],
    ['no indexes at all', [], /cut off/],
  ])('refuses bytes with %s', async (_, tail, reason) => {
    const registry = new FakeRegistry()
    const serde = protobuf({ registry: registry.client, schema })
    await serde.serialize({}, context)
    const read = async (): Promise<unknown> => serde.deserialize(Uint8Array.from([0, 0, 0, 0, 1, ...tail]), context)
    await expect(read()).rejects.toThrow(reason)
    await expect(read()).rejects.toBeInstanceOf(SerializationError)
  })

  it('refuses the index of a map entry, which a writer makes that does not count them', async () => {
    const registry = new FakeRegistry()
    const serde = protobuf({ registry: registry.client, schema: text('maps.proto') })
    await serde.serialize({}, context)
    const read = async (): Promise<unknown> => serde.deserialize(Uint8Array.from([0, 0, 0, 0, 1, 4, 2, 0]), context)
    await expect(read()).rejects.toThrow(/map entry acme\.maps\.MapBefore\.CountsEntry/)
  })

  it('refuses options that cannot be used', () => {
    const registry = new FakeRegistry().client
    expect(() => protobuf<object>({ registry, schema, values: 'text' as never })).toThrow(/values must be/)
    expect(() => protobuf<object>({ registry, schema, message: '' })).toThrow(/message must be/)
  })

  it('registers nothing when a file is wrong beside imports that are registered', async () => {
    const registry = new FakeRegistry()
    const files = { 'a.proto': 'message A {}', 'b.proto': 'message {' }
    const references = [{ name: 'c.proto', subject: 'c.proto', version: 1 }]
    const source = { schema: 'import "a.proto"; import "b.proto"; import "c.proto";', files, references }
    const serde = protobuf<object>({ registry: registry.client, schema: source })
    await expect(serde.serialize({}, context)).rejects.toThrow(/b\.proto:1:9/)
    expect(registry.schemas).toEqual([])
  })

  it('refuses a message that the schema does not have', async () => {
    const serde = protobuf({ registry: new FakeRegistry().client, schema, message: 'acme.v1.Nope' })
    await expect(serde.serialize({}, context)).rejects.toThrow(/has no message acme\.v1\.Nope/)
  })
})
