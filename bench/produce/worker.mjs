// One client, one lane, in a process of its own. Prints one line of JSON.
import { lanes, makeValues } from './lanes.mjs'

const { client: name, lane: laneName, bootstrap, topic, partitions, capMs } = JSON.parse(process.argv[2])
const lane = lanes[laneName]
const { valueBytes, compression = 'none', perCall = 1000 } = lane
const shape = JSON.parse(process.argv[2]).shape ?? lane.shape
const { createClient } = await import(`./clients/${name}.mjs`)
const values = makeValues(valueBytes)
const client = await createClient({ bootstrap, topic, partitions, values, compression, shape, perCall })

const shapes = { many, single, sequential, enqueue }
const run = shapes[shape]
// Until the optimizer has settled; what it takes is not counted.
await run(Math.min(lane.count / 4, 200_000), 2_000)
const cpuBefore = process.cpuUsage()
const startedAt = performance.now()
const result = await run(lane.count, capMs)
const ms = performance.now() - startedAt
const cpu = process.cpuUsage(cpuBefore)
await client.close()
console.log(
  JSON.stringify({
    ...result,
    ms,
    perSecond: (result.sent / ms) * 1000,
    megabytesPerSecond: (result.sent * valueBytes) / ms / 1000,
    cpuMs: (cpu.user + cpu.system) / 1000,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  }),
)
process.exit(0)

async function many(count, limitMs) {
  const endAt = performance.now() + limitMs
  let left = Math.ceil(count / perCall)
  let sent = 0
  const worker = async () => {
    while (left > 0 && performance.now() < endAt) {
      left--
      await client.sendMany(perCall)
      sent += perCall
    }
  }
  await Promise.all(Array.from({ length: 5 }, worker))
  return { sent }
}

async function single(count, limitMs) {
  const endAt = performance.now() + limitMs
  let left = count
  let sent = 0
  const worker = async () => {
    while (left > 0) {
      left--
      // Looking at the clock for each record would cost as much as some clients take for it.
      if ((left & 255) === 0 && performance.now() > endAt) left = 0
      await client.send(left)
      sent++
    }
  }
  await Promise.all(Array.from({ length: 1000 }, worker))
  return { sent }
}

async function sequential(count, limitMs) {
  const endAt = performance.now() + limitMs
  const times = []
  while (times.length < count && performance.now() < endAt) {
    const at = performance.now()
    await client.send(times.length)
    times.push(performance.now() - at)
  }
  times.sort((a, b) => a - b)
  return { sent: times.length, p50: times[Math.floor(times.length * 0.5)], p99: times[Math.floor(times.length * 0.99)] }
}

async function enqueue(count, limitMs) {
  const endAt = performance.now() + limitMs
  let sent = 0
  while (sent < count && performance.now() < endAt) {
    await client.enqueueMany(1000)
    sent += 1000
  }
  await client.flush()
  return { sent }
}
