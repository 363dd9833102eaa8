import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../src/errors.ts'
import { ByteReader } from '../../src/protocol/bytes/reader.ts'
import { ByteWriter } from '../../src/protocol/bytes/writer.ts'
import { ZERO_UUID } from '../../src/protocol/bytes/uuid.ts'
import { requestHeader, responseHeader } from '../../src/protocol/header.ts'
import { produceApi, type ProduceResponse } from '../../src/protocol/messages/00-produce.ts'
import type { Codec } from '../../src/protocol/schema/field.ts'
import { type AnyMessage, knownMessages } from '../conformance/known-messages.ts'
import { arbitrarySample } from './arbitrary-message.ts'

const shortened = [...knownMessages.values()].filter(({ direct }) => Object.keys(direct).length > 0)
const numRuns = Number(process.env['KAFKAWIRE_FUZZ_RUNS'] ?? 500)

function fieldsOf(message: AnyMessage, version: number): Codec<object> {
  return message.root.compile(version, message.isFlexible(version))
}

describe.each(shortened)('$name', (message) => {
  test('is written straight as by its fields, or not at all', () => {
    const property = fc.property(arbitrarySample([message]), ({ version, value }) => {
      const [straight, byFields] = [new ByteWriter(), new ByteWriter()]
      fieldsOf(message, version).write(byFields, value)
      const isWritten = message.direct.write?.(straight, value, version) === true
      expect(straight.finish()).toEqual(isWritten ? byFields.finish() : new Uint8Array(0))
    })
    fc.assert(property, { numRuns })
  })

  test('is read straight as by its fields, or not at all', () => {
    const property = fc.property(arbitrarySample([message]), fc.nat(), ({ version, value }, draw) => {
      const bytes = message.encode(value, version)
      for (const part of [bytes, bytes.subarray(0, draw % (bytes.length + 1)), flipped(bytes, draw)]) {
        const byFields = outcome(fieldsOf(message, version).read, part)
        const straight = outcome((reader) => message.direct.read?.(reader, version), part)
        expect([byFields, undefined]).toContainEqual(straight)
      }
    })
    fc.assert(property, { numRuns })
  })
})

function flipped(bytes: Uint8Array, draw: number): Uint8Array {
  const copy = bytes.slice()
  const bit = draw % (bytes.length * 8)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

/** What was read and where the reader stands then; undefined when nothing was, or it was refused: that is for the fields to say. */
function outcome(read: (reader: ByteReader) => object | undefined, bytes: Uint8Array): [object, number] | undefined {
  const reader = new ByteReader(bytes)
  try {
    const value = read(reader)
    return value && [value, reader.offset]
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError)
    return undefined
  }
}

const topicId = 'kx1gCeDHSJiSPYNr8SYJiQ'
const partitionData = [{ index: 3, records: Uint8Array.of(1, 2, 3) }]

test.each([9, 12, 13])('what a producer sends and gets in version %i goes the straight way', (version) => {
  const place = version < 13 ? { name: 'orders', topicId: ZERO_UUID } : { name: '', topicId }
  const request = { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData: [{ ...place, partitionData }] }
  expect(produceApi.request.direct.write!(new ByteWriter(), request, version)).toBe(true)
  const partition = {
    index: 3,
    errorCode: 0,
    baseOffset: 17n,
    logAppendTimeMs: -1n,
    logStartOffset: 0n,
    recordErrors: [],
    errorMessage: null,
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
  }
  const response: ProduceResponse = {
    responses: [{ ...place, partitionResponses: [partition] }],
    throttleTimeMs: 0,
    nodeEndpoints: [],
  }
  const bytes = produceApi.response.encode(response, version)
  expect(produceApi.response.direct.read!(new ByteReader(bytes), version)).toEqual(response)
})

test.each([0n, 1n, -1n, -2n, 0xffff_ffffn, 0x1_0000_0000n, -0x1_0000_0000n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)])(
  'the answer about one partition says %d as it was written',
  (value) => {
    const partition = {
      index: 0x7fff_fffe,
      errorCode: -1,
      baseOffset: value,
      logAppendTimeMs: -1n - value,
      logStartOffset: value / 3n,
      recordErrors: [],
      errorMessage: null,
      currentLeader: { leaderId: -1, leaderEpoch: -1 },
    }
    const responses = [{ name: '', topicId, partitionResponses: [partition] }]
    const response: ProduceResponse = { responses, throttleTimeMs: -5, nodeEndpoints: [] }
    const bytes = produceApi.response.encode(response, 13)
    expect(produceApi.response.decode(bytes, 13)).toEqual(response)
    expect(fieldsOf(produceApi.response as AnyMessage, 13).read(new ByteReader(bytes))).toEqual(response)
    // Whatever is changed, it is read as by the fields or not at all.
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = flipped(bytes, bit)
      const byFields = outcome(fieldsOf(produceApi.response as AnyMessage, 13).read, changed)
      const straight = outcome((reader) => produceApi.response.direct.read!(reader, 13), changed)
      expect([byFields, undefined]).toContainEqual(straight)
    }
  },
)

test('headers go the straight way', () => {
  const header = { requestApiKey: 0, requestApiVersion: 13, correlationId: 7, clientId: 'shop' }
  expect(requestHeader.direct.write!(new ByteWriter(), header, 2)).toBe(true)
  const bytes = Uint8Array.of(0, 0, 0, 5, 0)
  expect(responseHeader.direct.read!(new ByteReader(bytes), 1)).toEqual({ correlationId: 5 })
})

test('what the short cut cannot write fails where the fields fail', () => {
  const request = { transactionalId: null, acks: 70_000, timeoutMs: 30_000, topicData: [] }
  expect(() => produceApi.request.encode(request, 13)).toThrow(/ProduceRequest\.acks/)
  const bytes = produceApi.response.encode({ responses: [], throttleTimeMs: 0 }, 13)
  expect(() => produceApi.response.decode(bytes.subarray(0, 3), 13)).toThrow(/ProduceResponse\.throttleTimeMs/)
})
