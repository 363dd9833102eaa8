// One client reading one topic, in a process of its own. Prints one line of JSON.
// Time runs from the first record to the last: who joins a group sooner is another question.
const { client: name, shape, bootstrap, topic, partitions, count, valueBytes } = JSON.parse(process.argv[2])
const { consume } = await import(`./clients/${name}.mjs`)

let received = 0
let bytes = 0
let startedAt = 0
let startedWith
let firstCount = 0
let finish
// Not withResolvers: a native client may be built for Node 20.
const finished = new Promise((resolve) => (finish = resolve))
const groupId = `bench-${process.pid}-${Date.now()}`
/** Told of records that came, together or one by one, and of the bytes of their values. */
const onRecords = (records, valueSize) => {
  if (received === 0) {
    startedAt = performance.now()
    startedWith = process.cpuUsage()
    firstCount = records
  }
  received += records
  bytes += valueSize
  if (received >= count) finish()
}
const stop = await consume({ bootstrap, topic, partitions, groupId, count, shape, onRecords })
await finished
const ms = performance.now() - startedAt
const cpu = process.cpuUsage(startedWith)
if (bytes !== received * valueBytes) throw new Error(`${received} records had ${bytes} bytes of values`)
console.log(
  JSON.stringify({
    received,
    perSecond: ((received - firstCount) / ms) * 1000,
    megabytesPerSecond: bytes / ms / 1000,
    cpuMs: (cpu.user + cpu.system) / 1000,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  }),
)
// A profile is written at the end of a process that ends by itself.
await Promise.race([stop(), new Promise((resolve) => setTimeout(resolve, 2_000))])
process.exit(0)
