// No client: records are encoded into batches of 16 KiB and written down a bare socket, with nothing around it that a client needs.
// FLOOR_BATCHES says how many partitions a request carries, each with one batch; 5 requests are in flight. Or each call of sendMany is a request of its own, with a batch
// for each partition.
import { connect } from 'node:net'
import { crc32c } from '../../../dist/modules/protocol/bytes/crc32c.js'

const BATCH_BYTES = 16_384
const HEADER_BYTES = 61

export async function createClient({ bootstrap, topic, partitions, values, shape }) {
  const batchesPerRequest = Math.min(Number(process.env.FLOOR_BATCHES) || 1, partitions)
  const [host, port] = bootstrap.split(':')
  const bytes = values.map((value) => Buffer.from(value))
  const socket = connect({ host, port: Number(port) }).setNoDelay(true)
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  let buffered = Buffer.alloc(0)
  const waiting = []
  socket.on('data', (chunk) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
    while (buffered.length >= 4 && buffered.length >= 4 + buffered.readInt32BE(0)) {
      const size = buffered.readInt32BE(0)
      const response = buffered.subarray(4, 4 + size)
      buffered = buffered.subarray(4 + size)
      // correlation id, topic count, topic, partition count, partition, error code
      const error = response.readInt16BE(8 + 2 + topic.length + 4 + 4)
      if (error !== 0) throw new Error(`the broker answered with error ${error}`)
      waiting.shift()()
    }
  })
  let next = 0
  let correlationId = 0
  const request = (batches) => {
    const parts = []
    let length = 0
    for (const batch of batches) {
      const partitionHeader = Buffer.alloc(8)
      partitionHeader.writeInt32BE(next++ % partitions, 0)
      partitionHeader.writeInt32BE(batch.length, 4)
      parts.push(partitionHeader, batch)
      length += 8 + batch.length
    }
    // Produce version 7: header v1 with client id 'f', no transaction, acks -1, 30 s, one topic
    const head = Buffer.alloc(4 + 11 + 2 + 2 + 4 + 4 + 2 + topic.length + 4)
    head.writeInt32BE(head.length - 4 + length, 0)
    head.writeInt16BE(0, 4)
    head.writeInt16BE(7, 6)
    head.writeInt32BE(correlationId++, 8)
    head.writeInt16BE(1, 12)
    head.write('f', 14)
    head.writeInt16BE(-1, 15)
    head.writeInt16BE(-1, 17)
    head.writeInt32BE(30_000, 19)
    head.writeInt32BE(1, 23)
    head.writeInt16BE(topic.length, 27)
    head.write(topic, 29)
    head.writeInt32BE(batches.length, 29 + topic.length)
    socket.cork()
    socket.write(head)
    for (const part of parts) socket.write(part)
    process.nextTick(() => socket.uncork())
    return new Promise((resolve) => waiting.push(resolve))
  }
  if (shape === 'sequential')
    return { send: (i) => request([encode([bytes[i % 1000]], Date.now())]), close: () => socket.destroy() }
  const inFlight = new Set()
  let batches = []
  const submit = async () => {
    const promise = request(batches)
    batches = []
    inFlight.add(promise)
    void promise.then(() => inFlight.delete(promise))
    if (inFlight.size >= 5) await Promise.race(inFlight)
  }
  return {
    sendMany: (count) => {
      const perBatch = Math.ceil(count / partitions)
      const now = Date.now()
      const own = []
      for (let at = 0; at < count; at += perBatch)
        own.push(encode(bytes.slice(at, Math.min(at + perBatch, count)), now))
      return request(own)
    },
    enqueueMany: async (count) => {
      const perBatch = Math.floor((BATCH_BYTES - HEADER_BYTES) / (values[0].length + 9))
      const now = Date.now()
      for (let at = 0; at < count; at += perBatch) {
        batches.push(encode(bytes.slice(at, Math.min(at + perBatch, count)), now))
        if (batches.length === batchesPerRequest) await submit()
      }
    },
    flush: async () => {
      if (batches.length > 0) await submit()
      await Promise.all(inFlight)
    },
    close: () => socket.destroy(),
  }
}

function encode(values, now) {
  const target = Buffer.allocUnsafe(HEADER_BYTES + values.reduce((sum, value) => sum + value.length + 16, 0))
  let at = HEADER_BYTES
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    const size = 1 + 1 + varintSize(i) + 1 + varintSize(value.length) + value.length + 1
    at = varint(target, at, size)
    target[at++] = 0
    target[at++] = 0
    at = varint(target, at, i)
    target[at++] = 1
    at = varint(target, at, value.length)
    target.set(value, at)
    at += value.length
    target[at++] = 0
  }
  const batch = target.subarray(0, at)
  batch.writeBigInt64BE(0n, 0)
  batch.writeInt32BE(at - 12, 8)
  batch.writeInt32BE(-1, 12)
  batch[16] = 2
  batch.writeInt16BE(0, 21)
  batch.writeInt32BE(values.length - 1, 23)
  batch.writeBigInt64BE(BigInt(now), 27)
  batch.writeBigInt64BE(BigInt(now), 35)
  batch.writeBigInt64BE(-1n, 43)
  batch.writeInt16BE(-1, 51)
  batch.writeInt32BE(-1, 53)
  batch.writeInt32BE(values.length, 57)
  batch.writeUInt32BE(crc32c(batch, 21), 17)
  return batch
}

function varintSize(value) {
  let size = 1
  for (let rest = (value << 1) >>> 7; rest > 0; rest >>>= 7) size++
  return size
}

function varint(target, at, value) {
  let rest = value << 1
  while (rest > 127) {
    target[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  target[at++] = rest
  return at
}
