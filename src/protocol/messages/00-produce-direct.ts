import type { ByteReader } from '../bytes/reader.ts'
import { readUuid, ZERO_UUID } from '../bytes/uuid.ts'
import { type Encodable, MAX_ARRAY_LENGTH, unknownTaggedFields } from '../schema.ts'
import type { DirectCodec } from '../schema/direct.ts'
import type { ProducePartitionResult, ProduceRequest, ProduceResponse, ProduceTopicResult } from './00-produce.ts'

/** First version with compact lengths and tagged fields. */
const FLEXIBLE_FROM = 9
/** First version that names topics by id. */
const TOPIC_ID_FROM = 13

/** Requests of flexible versions with all fields given. */
export const directProduceRequest: DirectCodec<ProduceRequest> = {
  write(writer, value, version) {
    if (version < FLEXIBLE_FROM || !isUsual(value, version >= TOPIC_ID_FROM)) return false
    const { transactionalId, acks, timeoutMs, topicData } = value
    if (transactionalId === null) writer.unsignedVarint(0)
    else writer.compactString(transactionalId)
    writer.int16(acks)
    writer.int32(timeoutMs)
    writer.unsignedVarint(topicData.length + 1)
    for (const { name, topicId, partitionData } of topicData) {
      if (version >= TOPIC_ID_FROM) writer.uuid(topicId)
      else writer.compactString(name)
      writer.unsignedVarint(partitionData.length + 1)
      for (const { index, records } of partitionData) {
        writer.int32(index)
        writer.unsignedVarint(records!.length + 1)
        writer.raw(records!)
        writer.unsignedVarint(0)
      }
      writer.unsignedVarint(0)
    }
    writer.unsignedVarint(0)
    return true
  },
}

/** Whether all is there that the version has, and nothing that it does not know. Values themselves are checked when they are written. */
function isUsual(value: Encodable<ProduceRequest>, byId: boolean): value is ProduceRequest {
  const { transactionalId, acks, timeoutMs, topicData } = value
  if (transactionalId === undefined || acks === undefined || timeoutMs === undefined || topicData === undefined)
    return false
  if (unknownTaggedFields in value || !Array.isArray(topicData)) return false
  for (const topic of topicData) {
    if (unknownTaggedFields in topic || !Array.isArray(topic.partitionData)) return false
    if ((byId ? topic.topicId : topic.name) === undefined) return false
    for (const partition of topic.partitionData) {
      if (unknownTaggedFields in partition || partition.index === undefined) return false
      if (!(partition.records instanceof Uint8Array)) return false
    }
  }
  return true
}

/** Responses of flexible versions without tagged fields: those come with a new leader. */
export const directProduceResponse: DirectCodec<ProduceResponse> = {
  read(reader, version) {
    if (version < FLEXIBLE_FROM) return undefined
    const single = version >= TOPIC_ID_FROM ? readSingle(reader) : undefined
    if (single !== undefined) return single
    const topicCount = readCount(reader)
    if (topicCount === undefined) return undefined
    const responses: ProduceTopicResult[] = []
    while (responses.length < topicCount) {
      const topic = readTopic(reader, version)
      if (topic === undefined) return undefined
      responses.push(topic)
    }
    const throttleTimeMs = reader.int32()
    return reader.unsignedVarint() === 0 ? { responses, throttleTimeMs, nodeEndpoints: [] } : undefined
  },
}

/** Bytes of a response that names one topic by id, and one partition of it. */
const SINGLE_BYTES = 57

/** What a request of one partition nearly always gets. Undefined, with nothing read, when it is anything else. */
function readSingle(reader: ByteReader): ProduceResponse | undefined {
  const { bytes, offset: at, end } = reader
  if (end - at !== SINGLE_BYTES || bytes[at] !== 2 || bytes[at + 17] !== 2) return undefined
  // No records that are at fault, no message, and no tagged fields of partition, topic and response.
  if (bytes[at + 48] !== 1 || (bytes[at + 49]! | bytes[at + 50]! | bytes[at + 51]! | bytes[at + 56]!) !== 0)
    return undefined
  const topicId = readUuid(bytes, at + 1)
  const partition: ProducePartitionResult = {
    index: int32(bytes, at + 18),
    errorCode: (int32(bytes, at + 20) << 16) >> 16,
    baseOffset: int64(bytes, at + 24),
    logAppendTimeMs: int64(bytes, at + 32),
    logStartOffset: int64(bytes, at + 40),
    recordErrors: [],
    errorMessage: null,
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
  }
  const throttleTimeMs = int32(bytes, at + 52)
  reader.offset = at + SINGLE_BYTES
  return { responses: [{ name: '', topicId, partitionResponses: [partition] }], throttleTimeMs, nodeEndpoints: [] }
}

function int32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

function int64(bytes: Uint8Array, at: number): bigint {
  const high = int32(bytes, at)
  const low = int32(bytes, at + 4)
  if (high === 0) return low === 0 ? 0n : BigInt(low >>> 0)
  return high === -1 && low === -1 ? -1n : (BigInt(high) << 32n) | BigInt(low >>> 0)
}

/** How many elements an array has; undefined for null, and for more than the fields accept. */
function readCount(reader: ByteReader): number | undefined {
  const count = reader.unsignedVarint() - 1
  return count < 0 || count > MAX_ARRAY_LENGTH ? undefined : count
}

function readTopic(reader: ByteReader, version: number): ProduceTopicResult | undefined {
  let name = ''
  let topicId = ZERO_UUID
  if (version >= TOPIC_ID_FROM) {
    topicId = reader.uuid()
  } else {
    const size = reader.unsignedVarint() - 1
    if (size < 0) return undefined
    name = reader.utf8(size)
  }
  const count = readCount(reader)
  if (count === undefined) return undefined
  const partitionResponses: ProducePartitionResult[] = []
  while (partitionResponses.length < count) {
    const result = readPartition(reader)
    if (result === undefined) return undefined
    partitionResponses.push(result)
  }
  return reader.unsignedVarint() === 0 ? { name, topicId, partitionResponses } : undefined
}

function readPartition(reader: ByteReader): ProducePartitionResult | undefined {
  const index = reader.int32()
  const errorCode = reader.int16()
  const baseOffset = reader.int64()
  const logAppendTimeMs = reader.int64()
  const logStartOffset = reader.int64()
  // Neither records that are at fault, nor a message, nor tagged fields.
  if (reader.unsignedVarint() !== 1 || reader.unsignedVarint() !== 0 || reader.unsignedVarint() !== 0) return undefined
  const currentLeader = { leaderId: -1, leaderEpoch: -1 }
  const [recordErrors, errorMessage] = [[], null]
  return { index, errorCode, baseOffset, logAppendTimeMs, logStartOffset, recordErrors, errorMessage, currentLeader }
}
