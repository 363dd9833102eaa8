// One client reading one partition, in a process of its own. Says when it is ready, and in the end when each record came, in milliseconds since the epoch.
const { client: name, shape, bootstrap, topic, count } = JSON.parse(process.argv[2])
const { consume } = await import(`../consume/clients/${name}.mjs`)

const arrivals = []
// Not withResolvers: a native client may be built for Node 20.
let finish
const finished = new Promise((resolve) => (finish = resolve))
const onRecords = (records) => {
  const now = performance.timeOrigin + performance.now()
  if (arrivals.length === 0) process.stdout.write('ready\n')
  for (let i = 0; i < records; i++) arrivals.push(now)
  if (arrivals.length >= count) finish()
}
const groupId = `latency-${process.pid}-${Date.now()}`
await consume({ bootstrap, topic, partitions: 1, groupId, count: Infinity, shape, onRecords })
await finished
process.stdout.write(`${JSON.stringify(arrivals)}\n`, () => process.exit(0))
