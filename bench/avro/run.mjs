/**
 * Measures the Avro serde next to bare avsc, which does no framing: `node avro/run.mjs [--runs N]`, after `npm run build` in the
 * root. Prints the median of N runs (default 9), which take turns so that a disturbance hits all cases alike; the time is that of
 * the CPU, because machines are shared. @confluentinc/schemaregistry takes part when it can be loaded: it is large, so it is no
 * dependency of this folder; `npm install --no-save @confluentinc/schemaregistry` here.
 */
import { parseArgs } from 'node:util'
import avsc from 'avsc'
import { avro, AvroCodec, SchemaRegistryClient } from '../../dist/schema-registry/index.js'

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '9' } } })
const SLICE_MS = 150
const BATCH = 1000

const schema = {
  type: 'record',
  name: 'Order',
  namespace: 'acme',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'customer', type: 'string' },
    { name: 'amount', type: 'double' },
    { name: 'quantity', type: 'int' },
    { name: 'createdAt', type: 'long' },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'status', type: { type: 'enum', name: 'Status', symbols: ['NEW', 'PAID'] } },
  ],
}
const value = {
  id: 'order-000123',
  customer: 'customer-42',
  amount: 12.5,
  quantity: 3,
  createdAt: 1_700_000_000_000,
  note: 'leave it!',
  tags: ['a', 'bc'],
  status: 'PAID',
}

/** A program has more schemas than one: what is measured must not be tuned to a single shape of record. */
const others = Array.from({ length: 8 }, (_, k) => {
  const types = ['int', 'string', 'double', 'long']
  const samples = [1, 's', 1.5, 5e9]
  const fields = Array.from({ length: 3 + k }, (_, i) => ({ name: `f${k}_${i}`, type: types[i % 4] }))
  const schema = { type: 'record', name: `Other${k}`, fields }
  return { schema, value: Object.fromEntries(fields.map(({ name }, i) => [name, samples[i % 4]])) }
})
for (const { schema, value } of others) {
  const [type, codec] = [avsc.Type.forSchema(schema), new AvroCodec(schema)]
  for (let i = 0; i < 2000; i++) {
    type.fromBuffer(type.toBuffer(value))
    codec.decode(codec.encode(value))
  }
}

const registry = new SchemaRegistryClient({
  url: 'http://registry.invalid',
  fetch: async () => Response.json({ id: 7, schema: JSON.stringify(schema), version: 1, subject: 'orders-value' }),
})
const serde = avro({ registry, schema })
const context = { topic: 'orders', field: 'value', headers: [] }
const framed = await serde.serialize(value, context)
await serde.deserialize(framed, context)

const type = avsc.Type.forSchema(schema)
const bare = type.toBuffer(value)
const codec = new AvroCodec(schema)
if (Buffer.compare(bare, framed.subarray(5)) !== 0) throw new Error('kafkawire and avsc differ')

const json = Buffer.from(JSON.stringify(value))
const cases = [
  { name: 'avsc, write', run: () => type.toBuffer(value) },
  { name: 'kafkawire codec, write', run: () => codec.encode(value) },
  { name: 'kafkawire serde, write', run: () => serde.serialize(value, context) },
  { name: 'JSON, write', run: () => Buffer.from(JSON.stringify(value)) },
  { name: 'avsc, read', run: () => type.fromBuffer(bare) },
  { name: 'kafkawire codec, read', run: () => codec.decode(bare) },
  { name: 'kafkawire serde, read', run: () => serde.deserialize(framed, context) },
  { name: 'JSON, read', run: () => JSON.parse(json.toString()) },
  ...(await confluent()),
]

/** Confluent's own client, with the registry that it brings for tests. */
async function confluent() {
  let sr
  try {
    sr = await import('@confluentinc/schemaregistry')
  } catch {
    return []
  }
  const { AvroDeserializer, AvroSerializer, SchemaRegistryClient, SerdeType } = sr.default ?? sr
  const client = SchemaRegistryClient.newClient({ baseURLs: ['mock://'] })
  await client.register('orders-value', { schemaType: 'AVRO', schema: JSON.stringify(schema) })
  const write = new AvroSerializer(client, SerdeType.VALUE, {
    useLatestVersion: true,
    subjectNameStrategyType: 'TOPIC',
  })
  const read = new AvroDeserializer(client, SerdeType.VALUE, {})
  const bytes = await write.serialize('orders', value)
  return [
    { name: '@confluentinc/schemaregistry, write', run: () => write.serialize('orders', value), isAsync: true },
    { name: '@confluentinc/schemaregistry, read', run: () => read.deserialize('orders', bytes), isAsync: true },
  ]
}

async function measure({ run, isAsync = false }) {
  const startedAt = performance.now()
  const before = process.cpuUsage()
  let count = 0
  while (performance.now() - startedAt < SLICE_MS) {
    for (let i = 0; i < BATCH; i++) {
      if (isAsync) await run()
      else run()
    }
    count += BATCH
  }
  const { user, system } = process.cpuUsage(before)
  return (count / (user + system)) * 1000
}

const samples = new Map(cases.map(({ name }) => [name, []]))
for (const each of cases) await measure(each)
for (let i = 0; i < Number(options.runs); i++) {
  for (const each of cases) samples.get(each.name).push(await measure(each))
}
console.log(
  `Node.js ${process.versions.node}, a record of ${framed.length - 5} bytes, median of ${options.runs} runs\n`,
)
for (const { name } of cases) {
  const sorted = samples.get(name).sort((a, b) => a - b)
  console.log(`${name.padEnd(40)}${sorted[Math.floor(sorted.length / 2)].toFixed(0).padStart(8)} k/s`)
}
await registry.close()
