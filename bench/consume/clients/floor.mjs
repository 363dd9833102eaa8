// No client: fetches from all partitions over a bare socket, one request in flight, the next one sent before the last answer is decoded; checks each batch's
// CRC and makes an object of each record, with nothing around it that a client needs.
import { connect } from 'node:net'
import { crc32c } from '../../../dist/modules/protocol/bytes/crc32c.js'

const PARTITION_BYTES = 1_048_576

export async function consume({ bootstrap, topic, partitions, onRecords }) {
  const [host, port] = bootstrap.split(':')
  const offsets = Array.from({ length: partitions }, () => 0n)
  const chunk = Buffer.alloc(65_536)
  let frame = Buffer.alloc(4)
  let filled = 0
  let isHead = true
  const socket = connect({ host, port: Number(port), onread: { buffer: chunk, callback: receive } }).setNoDelay(true)
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.write(request(topic, offsets))
  return () => socket.destroy()

  function receive(size, buffer) {
    for (let at = 0; at < size;) {
      const length = Math.min(size - at, frame.length - filled)
      frame.set(buffer.subarray(at, at + length), filled)
      filled += length
      at += length
      if (filled < frame.length) continue
      filled = 0
      if (isHead) {
        frame = Buffer.allocUnsafeSlow(frame.readInt32BE(0))
      } else {
        const whole = frame
        frame = Buffer.alloc(4)
        onFrame(whole)
      }
      isHead = !isHead
    }
    return true
  }

  function onFrame(bytes) {
    // correlation id, throttle time, topic count, topic, partition count
    let at = 4 + 4 + 4 + 2 + topic.length
    const count = bytes.readInt32BE(at)
    at += 4
    const sections = []
    for (let i = 0; i < count; i++) {
      const partition = bytes.readInt32BE(at)
      // error code, high watermark, last stable offset, aborted transactions
      const error = bytes.readInt16BE(at + 4)
      if (error !== 0) throw new Error(`the broker answered with error ${error}`)
      at += 4 + 2 + 8 + 8
      const aborted = bytes.readInt32BE(at)
      at += 4 + Math.max(0, aborted) * 16
      const size = bytes.readInt32BE(at)
      at += 4
      const end = at + Math.max(0, size)
      while (end - at >= 61 && end - at >= 12 + bytes.readInt32BE(at + 8)) {
        const next = at + 12 + bytes.readInt32BE(at + 8)
        offsets[partition] = bytes.readBigInt64BE(at) + BigInt(bytes.readInt32BE(at + 23)) + 1n
        sections.push(at, next)
        at = next
      }
      at = end
    }
    socket.write(request(topic, offsets))
    for (let i = 0; i < sections.length; i += 2) decode(bytes, sections[i], sections[i + 1], onRecords)
  }
}

function request(topic, offsets) {
  // Fetch version 4: header v1 with client id 'f', 500 ms, 1 byte, 50 MiB, one topic
  const body = Buffer.alloc(4 + 11 + 4 + 4 + 4 + 4 + 1 + 4 + 2 + topic.length + 4 + offsets.length * 16)
  body.writeInt32BE(body.length - 4, 0)
  body.writeInt16BE(1, 4)
  body.writeInt16BE(4, 6)
  body.writeInt16BE(1, 12)
  body.write('f', 14)
  body.writeInt32BE(-1, 15)
  body.writeInt32BE(500, 19)
  body.writeInt32BE(1, 23)
  body.writeInt32BE(52_428_800, 27)
  body.writeInt32BE(1, 32)
  body.writeInt16BE(topic.length, 36)
  body.write(topic, 38)
  let at = 38 + topic.length
  body.writeInt32BE(offsets.length, at)
  at += 4
  for (const [partition, offset] of offsets.entries()) {
    body.writeInt32BE(partition, at)
    body.writeBigInt64BE(offset, at + 4)
    body.writeInt32BE(PARTITION_BYTES, at + 12)
    at += 16
  }
  return body
}

function decode(bytes, start, end, onRecords) {
  if (bytes.readUInt32BE(start + 17) !== crc32c(bytes.subarray(start + 21, end), 0)) throw new Error('a CRC is wrong')
  const baseOffset = Number(bytes.readBigInt64BE(start))
  const baseTimestamp = Number(bytes.readBigInt64BE(start + 27))
  const count = bytes.readInt32BE(start + 57)
  const records = []
  const { buffer, byteOffset } = bytes
  let at = start + 61
  let valueBytes = 0
  const varint = () => {
    let byte = bytes[at++]
    let value = byte & 127
    for (let shift = 7; byte > 127; shift += 7) {
      byte = bytes[at++]
      value |= (byte & 127) << shift
    }
    return (value >>> 1) ^ -(value & 1)
  }
  for (let i = 0; i < count; i++) {
    varint()
    at++
    const timestamp = baseTimestamp + varint()
    const offset = baseOffset + varint()
    const keySize = varint()
    const key = keySize < 0 ? null : new Uint8Array(buffer, byteOffset + at, keySize)
    at += Math.max(0, keySize)
    const valueSize = varint()
    const value = new Uint8Array(buffer, byteOffset + at, valueSize)
    at += valueSize
    for (let headers = varint(); headers > 0; headers--) throw new Error('there are no headers in this log')
    records.push({ offset, timestamp, key, value })
    valueBytes += valueSize
  }
  onRecords(records.length, valueBytes)
}
