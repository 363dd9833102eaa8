// Connects, asks and closes 10,000 times, and fails when memory or handles grow:
//   node --expose-gc test/soak/connect-cycles.mjs [cycles]
// The broker runs in a process of its own, so that the figures are the client's alone.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Kafka } from '../../dist/index.js'
import { TestBroker } from '../../dist/testing/index.js'

const MEBIBYTE = 1024 * 1024
/** Growth after the first tenth of the cycles: of what is alive, and of what the process holds, which the collector lets swing. */
const MAX_HEAP_GROWTH = MEBIBYTE
const MAX_RSS_GROWTH = 32 * MEBIBYTE

async function measure() {
  // Sockets are gone some turns of the event loop after they were closed.
  await sleep(100)
  globalThis.gc()
  const { rss, heapUsed } = process.memoryUsage()
  return { rss, heapUsed, handles: process.getActiveResourcesInfo().length }
}

if (process.send === undefined) {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc')
  const cycles = Number(process.argv[2] ?? 10_000)
  const child = fork(fileURLToPath(import.meta.url))
  const [bootstrapServers] = await once(child, 'message')
  const kafka = new Kafka({ bootstrapServers })
  let first
  for (let cycle = 1; cycle <= cycles; cycle++) {
    const admin = kafka.admin()
    const topics = await admin.listTopics()
    if (topics.length !== 1) throw new Error(`${topics.length} topics`)
    await admin.close()
    if (cycle % (cycles / 10) !== 0) continue
    const { rss, heapUsed, handles } = await measure()
    first ??= { rss, heapUsed, handles }
    const [resident, heap] = [rss, heapUsed].map((bytes) => (bytes / MEBIBYTE).toFixed(1))
    console.log(`${cycle} cycles: heap ${heap} MiB, RSS ${resident} MiB, ${handles} handles`)
    if (handles > first.handles) throw new Error('handles have grown')
    if (heapUsed > first.heapUsed + MAX_HEAP_GROWTH) throw new Error('the heap has grown')
    if (rss > first.rss + MAX_RSS_GROWTH) throw new Error('memory has grown')
  }
  child.disconnect()
} else {
  const broker = await TestBroker.start({ topics: { t: 1 } })
  process.send(broker.bootstrapServers)
  process.once('disconnect', () => process.exit())
}
