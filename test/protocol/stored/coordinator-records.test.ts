import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { Message } from '../../../src/protocol/schema.ts'
import * as classic from '../../../src/protocol/stored/classic-group.ts'
import * as consumer from '../../../src/protocol/stored/consumer-group.ts'
import * as offsetCommit from '../../../src/protocol/stored/offset-commit.ts'
import { decodeOffsetsRecord } from '../../../src/protocol/stored/offsets-record.ts'
import * as share from '../../../src/protocol/stored/share-group.ts'
import * as streams from '../../../src/protocol/stored/streams-group.ts'
import * as topology from '../../../src/protocol/stored/streams-topology.ts'
import * as transaction from '../../../src/protocol/stored/transaction-record.ts'
import { encodeVersioned } from '../../../src/protocol/stored/versioned.ts'

/** A record with random content, written by the classes of Kafka 4.4.0 (kafka-group-coordinator, kafka-transaction-coordinator). */
interface Vector {
  topic: '__consumer_offsets' | '__transaction_state'
  /** Java's CoordinatorRecordType, and the int16 that stands for it in the key. */
  record: string
  type: number
  /** Of the value. */
  version: number
  case: string
  key: object
  keyHex: string
  /** As Java prints it: int64 as decimal string, bytes as hex, without tagged fields that have their default. */
  value: object
  valueHex: string
}

const vectors: Vector[] = gunzipSync(readFileSync(new URL('coordinator-records.ndjson.gz', import.meta.url)))
  .toString('utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Vector)

const valueMessages = new Map<string, Message<object>>()
for (const exported of [classic, consumer, offsetCommit, share, streams, topology, transaction].flatMap(
  (module): unknown[] => Object.values(module),
)) {
  if (exported instanceof Message) valueMessages.set(exported.name, exported as Message<object>)
}

/** The decoded record in the form of the vectors. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, content]) => [name, plain(content)]))
}

function decode(vector: Vector): { kind: string; key: object; value: object | null } {
  const key = Buffer.from(vector.keyHex, 'hex')
  const value = Buffer.from(vector.valueHex, 'hex')
  const decoded =
    vector.topic === '__consumer_offsets'
      ? decodeOffsetsRecord(key, value)
      : transaction.decodeTransactionRecord(key, value)
  return decoded
}

/** `ShareGroupMetadata` as `share-group-metadata`. The legacy commit is laid out as its successor, and read as such. */
function kindOf(record: string): string {
  if (record === 'LegacyOffsetCommit') return 'offset-commit'
  if (record === 'TransactionLog') return 'transaction'
  return record.replace(/(?<=.)[A-Z]/g, (letter) => `-${letter}`).toLowerCase()
}

describe.each([...new Set(vectors.map((vector) => vector.record))])('a %s record', (record) => {
  const cases = vectors.filter((vector) => vector.record === record)

  it.each(cases)('reads as Java does at version $version: $case', (vector) => {
    const { kind, key, value } = decode(vector)
    expect(kind).toBe(kindOf(record))
    expect(plain(key)).toEqual(vector.key)
    // Fields of other versions and tagged fields at their default are there as well.
    expect(plain(value)).toMatchObject(vector.value)
  })

  it('is written to the bytes that Java writes', () => {
    const name = record === 'LegacyOffsetCommit' ? 'OffsetCommitValue' : `${record}Value`
    const message = valueMessages.get(name)!
    for (const vector of cases) {
      const bytes = encodeVersioned(message, decode(vector).value!, vector.version)
      expect(Buffer.from(bytes).toString('hex')).toBe(vector.valueHex)
    }
  })
})
