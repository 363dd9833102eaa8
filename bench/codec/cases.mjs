import { createRequire } from 'node:module'
import { encodeRecordBatch } from '../../dist/modules/protocol/records/encode.js'
import { crc32c } from '../../dist/modules/protocol/bytes/crc32c.js'
import { metadataApi } from '../../dist/modules/protocol/messages/03-metadata.js'
import { readBatches } from '../../dist/modules/protocol/records/read-batches.js'
import { RecordBatchBuilder } from '../../dist/modules/protocol/records/record-batch-builder.js'

const require = createRequire(import.meta.url)

/** Records in a batch, and bytes of a value. */
export const COUNT = 1000
const VALUE_SIZE = 100
const NOW = 1_700_000_000_000

const values = Array.from({ length: COUNT }, (_, i) =>
  Buffer.from(Uint8Array.from({ length: VALUE_SIZE }, (_, j) => 97 + ((i * (j + 1)) % 26))),
)
const valueTexts = values.map((value) => value.toString('latin1'))
const keys = Array.from({ length: COUNT }, (_, i) => Buffer.from(`key-${i}`))
const keyTexts = keys.map((key) => key.toString('latin1'))
const headers = [
  { key: 'trace', value: Buffer.from('abcdef0123456789') },
  { key: 'type', value: Buffer.from('order') },
]

const toRecords = (headers) =>
  values.map((value, i) => ({ timestamp: NOW + i, key: keys[i], value, headers: headers ?? [] }))

/** The batches that are decoded: written once, by kafkawire, and the same for all. */
const batch = Buffer.from(await encodeRecordBatch(toRecords()))
const batchWithHeaders = Buffer.from(await encodeRecordBatch(toRecords(headers)))

const encode = (keys, values, headers) => () => {
  // Room for the whole batch, as a producer has it whose batches are as large as its batch size.
  const builder = new RecordBatchBuilder({ capacity: 131_072 })
  for (let i = 0; i < COUNT; i++) builder.append(NOW + i, keys[i], values[i], headers)
  return builder.finish()
}

const decode = (bytes, options) => () => {
  let count = 0
  for (const batch of readBatches(bytes, options)) count += batch.records().length
  return count
}

const walk = (bytes, options) => () => {
  let size = 0
  for (const batch of readBatches(bytes, options)) {
    const cursor = batch.cursor()
    while (cursor.next()) size += cursor.valueSize
  }
  return size
}

/** A Metadata response about COUNT partitions: 10 topics, 3 replicas each. */
const metadataOf = (version) => {
  const replicas = [1, 2, 3]
  const partition = (partitionIndex) => ({
    partitionIndex,
    leaderId: (partitionIndex % 3) + 1,
    leaderEpoch: version >= 7 ? 7 : -1,
    replicaNodes: replicas,
    isrNodes: replicas,
  })
  const response = {
    brokers: replicas.map((nodeId) => ({
      nodeId,
      host: `broker-${nodeId}.example.com`,
      port: 9092,
      rack: `rack-${nodeId}`,
    })),
    clusterId: 'MkU3OEVBNTcwNTJENDM2Qg',
    controllerId: 1,
    topics: Array.from({ length: 10 }, (_, i) => ({
      name: `topic-${i}`,
      ...(version >= 10 ? { topicId: 'QJ6u6a6_TWW0uKWGt0djDg' } : {}),
      partitions: Array.from({ length: COUNT / 10 }, (__, j) => partition(j)),
    })),
  }
  return Buffer.from(metadataApi.response.encode(response, version))
}
const metadata6 = metadataOf(6)
const metadata12 = metadataOf(12)

/** Each case does one batch a run. `bytes` is what it handles in one. */
const cases = [
  { name: 'kafkawire encode, bytes', run: encode(keys, values), bytes: batch.length },
  { name: 'kafkawire encode, text', run: encode(keyTexts, valueTexts), bytes: batch.length },
  { name: 'kafkawire encode, bytes and 2 headers', run: encode(keys, values, headers), bytes: batchWithHeaders.length },
  { name: 'kafkawire decode, objects', run: decode(batch), bytes: batch.length },
  { name: 'kafkawire decode, objects with 2 headers', run: decode(batchWithHeaders), bytes: batchWithHeaders.length },
  { name: 'kafkawire decode, objects, crc unchecked', run: decode(batch, { checkCrcs: false }), bytes: batch.length },
  { name: 'kafkawire decode, cursor', run: walk(batch), bytes: batch.length },
  { name: 'kafkawire decode, cursor, crc unchecked', run: walk(batch, { checkCrcs: false }), bytes: batch.length },
  { name: 'kafkawire crc-32c', run: () => crc32c(batch), bytes: batch.length },
  {
    name: 'kafkawire metadata v12, decode',
    run: () => metadataApi.response.decode(metadata12, 12),
    bytes: metadata12.length,
  },
  {
    name: 'kafkawire metadata v6, decode',
    run: () => metadataApi.response.decode(metadata6, 6),
    bytes: metadata6.length,
  },
]

/** kafkajs 2.2.4. Its batches are decoded without a look at the checksum. */
function kafkajs() {
  const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0/index.js')
  const Record = require('kafkajs/src/protocol/recordBatch/record/v0/index.js')
  const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder.js')
  const Decoder = require('kafkajs/src/protocol/decoder.js')
  const crc = require('kafkajs/src/protocol/recordBatch/crc32C/crc32C.js')
  const metadataResponse = require('kafkajs/src/protocol/requests/metadata/v6/response.js')
  const encodeWith = (headers) => () =>
    RecordBatch({
      firstTimestamp: NOW,
      maxTimestamp: NOW + COUNT - 1,
      lastOffsetDelta: COUNT - 1,
      records: values.map((value, i) =>
        Record({ offsetDelta: i, timestampDelta: i, key: keys[i], value, headers: headers ?? {} }),
      ),
    })
  const headersOf = { trace: headers[0].value, type: headers[1].value }
  return [
    { name: 'kafkajs encode, bytes', run: encodeWith(), bytes: batch.length },
    { name: 'kafkajs encode, bytes and 2 headers', run: encodeWith(headersOf), bytes: batchWithHeaders.length },
    { name: 'kafkajs decode, objects, crc unchecked', run: () => decodeBatch(new Decoder(batch)), bytes: batch.length },
    { name: 'kafkajs crc-32c', run: () => crc(batch), bytes: batch.length },
    { name: 'kafkajs metadata v6, decode', run: () => metadataResponse.decode(metadata6), bytes: metadata6.length },
  ]
}

/** @platformatic/kafka 2.12.1. Its batches are decoded without a look at the checksum; its CRC is native code or WebAssembly. */
async function platformatic() {
  const folder = new URL('../node_modules/@platformatic/kafka/dist/protocol/', import.meta.url)
  const { createRecordsBatch, readRecordsBatches } = await import(new URL('records.js', folder))
  const { Reader } = await import(new URL('reader.js', folder))
  const { crc32c } = await import(new URL('crc32c.js', folder))
  const { parseResponse } = await import(new URL('../apis/metadata/metadata-v12.js', folder))
  const encodeWith = (headers) => () =>
    createRecordsBatch(
      values.map((value, i) => ({
        key: keys[i],
        value,
        timestamp: BigInt(NOW + i),
        headers,
        topic: 't',
        partition: 0,
      })),
    ).buffer
  const headersOf = new Map(headers.map(({ key, value }) => [Buffer.from(key), value]))
  return [
    { name: 'platformatic encode, bytes', run: encodeWith(), bytes: batch.length },
    { name: 'platformatic encode, bytes and 2 headers', run: encodeWith(headersOf), bytes: batchWithHeaders.length },
    {
      name: 'platformatic decode, objects, crc unchecked',
      run: () => readRecordsBatches(Reader.from(batch)).length,
      bytes: batch.length,
    },
    { name: 'platformatic crc-32c', run: () => crc32c(batch), bytes: batch.length },
    {
      name: 'platformatic metadata v12, decode',
      run: () => parseResponse(0, 3, 12, Reader.from(metadata12)),
      bytes: metadata12.length,
    },
  ]
}

/** All cases; those of clients that do not load here are left out, with a word about it. */
export async function loadCases() {
  const all = [...cases]
  for (const [name, load] of Object.entries({ kafkajs, platformatic })) {
    try {
      all.push(...(await load()))
    } catch (error) {
      console.error(`${name} is left out: ${error.message.split('\n')[0]}`)
    }
  }
  return all
}
