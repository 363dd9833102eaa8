import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { apiKeys } from '../../src/protocol/api-keys.ts'
import { apis, requests, responses } from '../../src/protocol/apis.ts'
import { knownMessages, type AnyMessage } from './known-messages.ts'
import { fromJson, toJson, type Json } from './message-json.ts'

/** One line of the vectors: what Java's generated code reads and writes. */
interface Vector {
  /** Name of the API, or of the schema when it is a header or data. */
  api: string
  key: number | null
  type: 'request' | 'response' | 'header' | 'data'
  version: number
  case: string
  json: Json
  hex: string
}

function read(file: string): Vector[] {
  const text = gunzipSync(readFileSync(new URL(`../vectors/${file}`, import.meta.url))).toString()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Vector)
}

/** Made by Kafka 4.4. */
const vectors = read('messages.ndjson.gz')
/** Made by Kafka 3.9: the versions that 4.0 dropped. Those that a broker from 0.11 on still needs are in the project. */
const dropped = read('messages-3.9-dropped.ndjson.gz').filter((vector) =>
  hasVersion(knownMessages.get(schemaName(vector)), vector.version),
)

/** APIs whose versions in the project begin below those of Kafka 4.4. */
const olderThan44 = new Set([
  'OffsetForLeaderEpoch',
  'WriteTxnMarkers',
  'DescribeAcls',
  'CreateAcls',
  'DeleteAcls',
  'DescribeConfigs',
  'AlterReplicaLogDirs',
  'DescribeLogDirs',
  'CreateDelegationToken',
  'RenewDelegationToken',
  'ExpireDelegationToken',
  'DescribeDelegationToken',
])

const bySchema = new Map<string, Vector[]>()
for (const vector of [...vectors, ...dropped]) {
  const name = schemaName(vector)
  const group = bySchema.get(name)
  if (group === undefined) bySchema.set(name, [vector])
  else group.push(vector)
}

function schemaName({ api, type }: Vector): string {
  if (type === 'request') return `${api}Request`
  return type === 'response' ? `${api}Response` : api
}

describe.each([...bySchema].filter(([name]) => knownMessages.has(name)))('%s', (name, cases) => {
  const message = knownMessages.get(name)!

  test('decodes every Java case to the values that Java read', () => {
    for (const { version, case: label, json, hex } of cases) {
      const value = message.decode(Buffer.from(hex, 'hex'), version)
      expect(toJson(message.root as never, value, version), `version ${version}, ${label}`).toEqual(json)
    }
  })

  test('encodes the values of every Java case to the bytes that Java wrote', () => {
    for (const { version, case: label, json, hex } of cases) {
      expect(hexOf(message, fromJson(message.root as never, json), version), `version ${version}, ${label}`).toBe(hex)
    }
  })

  test('encodes what it decoded to the same bytes', () => {
    for (const { version, case: label, hex } of cases) {
      const value = message.decode(Buffer.from(hex, 'hex'), version)
      expect(hexOf(message, value, version), `version ${version}, ${label}`).toBe(hex)
    }
  })
})

test('every version of every schema that Java wrote vectors for is in the project', () => {
  const missing = vectors
    .filter((vector) => !hasVersion(knownMessages.get(schemaName(vector)), vector.version))
    .map((vector) => `${schemaName(vector)} version ${vector.version}`)
  expect([...new Set(missing)]).toEqual([])
})

test('the versions that Kafka 4.0 dropped and older brokers need are checked too', () => {
  expect([...new Set(dropped.map(({ api }) => api))]).toEqual(
    apis.filter(({ name }) => olderThan44.has(name)).map(({ name }) => name),
  )
})

test('the tables by API key hold all 79 APIs, each under its own key', () => {
  expect(apis).toHaveLength(79)
  expect([...requests.keys()]).toEqual(apis.map(({ key }) => key))
  expect([...responses.keys()]).toEqual(apis.map(({ key }) => key))
  for (const { name, key, request, response } of apis) {
    expect(apiKeys).toHaveProperty(name, key)
    expect([request.name, request.apiKey]).toEqual([`${name}Request`, key])
    expect([response.name, response.apiKey]).toEqual([`${name}Response`, key])
    expect(response.versions).toEqual(request.versions)
  }
  for (const { api, key } of vectors) {
    if (key !== null) expect(requests.get(key)?.name).toBe(`${api}Request`)
  }
})

function hasVersion(message: AnyMessage | undefined, version: number): boolean {
  return message !== undefined && version >= message.versions.min && version <= message.versions.max
}

function hexOf(message: AnyMessage, value: unknown, version: number): string {
  return Buffer.from(message.encode(value as object, version)).toString('hex')
}
