// One client and one format, in a process of its own. Prints one line of JSON.
import { TestRegistry } from '../../dist/testing/index.js'
import { others, schemas, values } from './record.mjs'

const { client, format, runs, sliceMs } = JSON.parse(process.argv[2])
const { createCodec } = await import(`./clients/${client}.mjs`)
const registry = await TestRegistry.start()
const open = []

async function prepare(subject, schema) {
  const body = JSON.stringify({ schemaType: format, schema })
  const answer = await fetch(`${registry.url}/subjects/${subject}/versions`, { method: 'POST', body })
  const { id } = await answer.json()
  const codec = await createCodec({ format, schema, subject, id, url: registry.url })
  open.push(codec)
  return codec
}

if (format === 'AVRO') {
  for (const [index, other] of others.entries()) {
    const codec = await prepare(`other${index}-value`, other.schema)
    for (let i = 0; i < 2000; i++) {
      const bytes = codec.write(other.value)
      const read = codec.read(bytes instanceof Promise ? await bytes : bytes)
      if (read instanceof Promise) await read
    }
  }
}

const value = values[format]
const codec = await prepare('orders-value', schemas[format])
const bytes = Buffer.from(await codec.write(value))
const read = await codec.read(bytes)
for (const name of Object.keys(value)) {
  if (String(read[name]) !== String(value[name])) throw new Error(`${client} ${format}: ${name} is ${read[name]}`)
}

/** Calls for each second of CPU time. */
async function measure(call) {
  let isAsync = call() instanceof Promise
  const startedAt = performance.now()
  const before = process.cpuUsage()
  let count = 0
  while (performance.now() - startedAt < sliceMs) {
    for (let i = 0; i < 500; i++) {
      if (isAsync) await call()
      else call()
    }
    count += 500
  }
  const { user, system } = process.cpuUsage(before)
  return (count / (user + system)) * 1e6
}

const calls = { write: () => codec.write(value), read: () => codec.read(bytes) }
const samples = { write: [], read: [] }
for (const call of Object.values(calls)) await measure(call)
for (let run = 0; run < runs; run++) {
  for (const [name, call] of Object.entries(calls)) samples[name].push(await measure(call))
}
for (const one of open) await one.close()
await registry.close()
const peakRssMb = process.resourceUsage().maxRSS / 1024
console.log(JSON.stringify({ ...samples, size: bytes.length, peakRssMb }))
process.exit(0)
