import { readFileSync } from 'node:fs'
import type { RegisteredSchema, SchemaReference } from '../../../src/schema-registry/schema.ts'

/** A record as Confluent's Python serialisers wrote it. */
export interface WireVector {
  name: string
  format: 'avro' | 'json' | 'protobuf'
  framing: 'prefix' | 'header'
  topic: string
  field: 'key' | 'value'
  subject: string
  version: number
  config: Record<string, unknown>
  schemaText: string
  references: SchemaReference[]
  schemaId: number
  guid: string
  messageIndexes: number[] | null
  value: unknown
  payloadHex: string
  /** The body of JSON as text, whose integers may be too large for numbers. */
  payloadText?: string
  headers: [name: string, hex: string][]
}

/** A request that Confluent's Python client sends. */
export interface RestVector {
  name: string
  requests: { method: string; target: string; headers: Record<string, string>; body: unknown }[]
  error: string | null
}

/** The cases of a file of test/vectors/registry. */
export function readVectors<T>(name: string): T[] {
  const file = new URL(`../../vectors/registry/${name}.ndjson`, import.meta.url)
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T)
}

/** The registry behind the wire vectors. */
export function vectorSchemas(): RegisteredSchema[] {
  return readVectors<RegisteredSchema>('registry-schemas')
}
