// Compiled by `npm run check`, never run: what users of kafkawire/schema-registry write must infer, and mistakes must not compile.
import { Kafka } from '../../src/index.ts'
import {
  avro,
  type GeneratedMessage,
  json,
  localKms,
  protobuf,
  type RuleExecutor,
  SchemaRegistryClient,
  encryptionRules,
} from '../../src/schema-registry/index.ts'

interface Order {
  item: string
  amount: number
}

const kafka = new Kafka({ bootstrapServers: 'localhost:9092' })
const registry = new SchemaRegistryClient({ url: 'http://localhost:8081' })
const schema = '{"type":"string"}'

export async function typedByTheUser(): Promise<void> {
  for (const value of [
    avro<Order>({ registry, schema }),
    json<Order>({ registry, schema }),
    protobuf<Order>({ registry, schema: 'message Order {}' }),
  ]) {
    const producer = kafka.producer({ value })
    await producer.send({ topic: 'orders', value: { item: 'tea', amount: 1 } })
    await producer.send({ topic: 'orders', value: null })
    // @ts-expect-error an order has an amount
    await producer.send({ topic: 'orders', value: { item: 'tea' } })
    for await (const record of kafka.consumer({ groupId: 'g', topics: ['orders'], value })) {
      const amount: number = record.value.amount
      void amount
    }
    for await (const record of kafka.consumer({ groupId: 'g', topics: ['orders'], value: value.withSchema() })) {
      const item: string | undefined = record.value?.value.item
      const id: number | undefined = record.value?.schemaId
      const guid: string | undefined = record.value?.guid
      const text: string | undefined = record.value?.schema.schema
      void [item, id, guid, text]
    }
  }
}

/** What protoc-gen-es makes of a message, as far as types go. */
type OrderMessage = { readonly $typeName: 'acme.Order'; item: string; amount: bigint }
declare const OrderSchema: GeneratedMessage & { readonly $codegenv2: { readonly a: OrderMessage } }

export async function typedByGeneratedCode(): Promise<void> {
  const value = protobuf({ registry, schema: OrderSchema })
  for await (const record of kafka.consumer({ groupId: 'g', topics: ['orders'], value })) {
    const amount: bigint = record.value.amount
    // @ts-expect-error no such field
    void record.value.price
    void amount
  }
}

export class Money {
  readonly cents: number

  constructor(cents: number) {
    this.cents = cents
  }
}

avro<Money>({ registry, schema, toObject: ({ cents }) => ({ cents }), fromObject: () => new Money(1) })
// @ts-expect-error another class than the values have
avro<Money>({ registry, schema, fromObject: () => new Date() })
// @ts-expect-error an unknown option
json<Order>({ registry, schema, validates: true })
// @ts-expect-error an unknown strategy
avro<Order>({ registry, schema, subject: 'topics' })
// @ts-expect-error the schema chosen by an id needs a number
avro<Order>({ registry, use: { id: '1' } })
// @ts-expect-error a registry is needed
avro<Order>({ schema })

const executors: readonly RuleExecutor[] = encryptionRules({ kms: [localKms({ secret: 's' })] })
json<Order>({ registry, schema, rules: { executors, overrides: { ENCRYPT: { onFailure: 'NONE' } } } })
