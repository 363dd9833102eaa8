// Latency of sequential acks=all sends next to a bare socket that sends the very same bytes to the same broker in the same run.
//   node latency/run.mjs [sends] with Node 24, which runs TypeScript; KAFKA_BOOTSTRAP=host:port for brokers that run already
// To a partition without replicas on a cluster of one broker, where acks=all is the same as acks=1, and to one with three replicas, of which two
// must have the record, on a cluster of three. Prints both medians and their ratio.
import { once } from 'node:events'
import { connect } from 'node:net'
import process from 'node:process'
import { Kafka } from '../../src/index.ts'
import { startCluster } from '../../test/support/kafka/cluster.ts'

const BLOCK = 250
const PRODUCE = 0
/** After so many sends most of kafkawire's code is compiled. */
const WARM_UP = 10_000

/** Milliseconds of each run of `send`. */
async function time(count, send) {
  const durations = []
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now()
    await send()
    durations.push(performance.now() - startedAt)
  }
  return durations
}

/** A socket that writes a frame and resolves with the end of the frame that answers it. */
async function bareSocket(port, host) {
  const socket = connect(port, host)
  socket.setNoDelay(true)
  await once(socket, 'connect')
  let answered
  let received = 0
  let expected = 0
  socket.on('data', (chunk) => {
    if (received === 0) expected = 4 + chunk.readInt32BE(0)
    received += chunk.length
    if (received < expected) return
    received = 0
    answered()
  })
  const send = (frame) =>
    new Promise((resolve) => {
      answered = resolve
      socket.write(frame)
    })
  return { send, close: () => socket.destroy() }
}

/** The frame of the last produce request that a client sends, copied from what goes over its socket. */
function spyOnProduce() {
  const spy = { frame: undefined, port: 0 }
  const socketFactory = ({ host, port }) => {
    const socket = connect(port, host)
    const write = socket.write.bind(socket)
    socket.write = (bytes, ...rest) => {
      if (bytes.readInt16BE?.(4) === PRODUCE || (bytes[4] === 0 && bytes[5] === PRODUCE)) {
        spy.frame = Buffer.from(bytes)
        spy.port = port
      }
      return write(bytes, ...rest)
    }
    return socket
  }
  return { spy, socketFactory }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

async function bench(bootstrapServers, sends, replicas) {
  const options = { acks: 'all', idempotence: false, lingerMs: 0 }
  const topic = `latency-${replicas}`
  const record = { topic, partition: 0, value: 'x'.repeat(100) }
  const admin = new Kafka({ bootstrapServers }).admin()
  const configs = { 'min.insync.replicas': String(Math.min(2, replicas)) }
  await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: replicas, configs }])
  await admin.close()
  const { spy, socketFactory } = spyOnProduce()
  const spied = new Kafka({ bootstrapServers, socketFactory }).producer(options)
  await spied.send(record)
  await spied.close()
  const bare = await bareSocket(spy.port, bootstrapServers.split(':')[0])
  const producer = new Kafka({ bootstrapServers }).producer(options)
  const [kafkawire, socket] = [[], []]
  const sendRecord = () => producer.send(record)
  const sendFrame = () => bare.send(spy.frame)
  await time(WARM_UP, sendRecord)
  await time(WARM_UP, sendFrame)
  // In turns, so that both see the same machine.
  for (let sent = 0; sent < sends; sent += BLOCK) {
    kafkawire.push(...(await time(BLOCK, sendRecord)))
    socket.push(...(await time(BLOCK, sendFrame)))
  }
  await producer.close()
  bare.close()
  const [ours, theirs] = [median(kafkawire), median(socket)]
  const what = `p50 of ${sends} sends to ${replicas} replica${replicas === 1 ? '' : 's'}`
  const figures = `kafkawire ${ours.toFixed(3)} ms, bare socket ${theirs.toFixed(3)} ms`
  console.log(`${what}: ${figures}, ratio ${(ours / theirs).toFixed(3)}`)
}

const sends = Number(process.argv[2] ?? 20_000)
for (const brokers of [1, 3]) {
  const cluster = process.env.KAFKA_BOOTSTRAP
    ? undefined
    : await startCluster({ brokers, jvmArgs: ['-Xmx1g', '-XX:TieredStopAtLevel=4'] })
  try {
    await bench(process.env.KAFKA_BOOTSTRAP || cluster.bootstrapServers, sends, brokers)
  } finally {
    await cluster?.close()
  }
}
