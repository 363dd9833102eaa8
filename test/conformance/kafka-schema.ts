import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { VersionRange } from '../../src/errors.ts'

/** A field as Kafka's JSON declares it, in as far as the wire shows it. */
export interface KafkaField {
  name: string
  type: string
  versions: string
  nullableVersions?: string
  tag?: number
  taggedVersions?: string
  default?: string | number | boolean
  ignorable?: boolean | string
  fields?: KafkaField[]
}

/** One file of Kafka's `common/message`. */
export interface KafkaSchema {
  name: string
  type: 'request' | 'response' | 'header' | 'data'
  apiKey?: number
  listeners?: string[]
  validVersions: string
  flexibleVersions: string
  fields: KafkaField[]
  commonStructs?: { name: string; fields: KafkaField[] }[]
}

/** All schemas of a Kafka release by name, fetched on first use. */
export function readKafkaSchemas(release: '3.9.1' | '4.4.0'): Map<string, KafkaSchema> {
  const script = fileURLToPath(new URL('../../scripts/fetch-kafka-schemas.mjs', import.meta.url))
  const folder = execFileSync(process.execPath, [script, release], { encoding: 'utf8' }).trim()
  const schemas = readdirSync(folder).map((file) => parse(readFileSync(join(folder, file), 'utf8')))
  return new Map(schemas.map((schema) => [schema.name, schema]))
}

/** Kafka's JSON has `//` comments, on lines of their own or after a value. */
function parse(text: string): KafkaSchema {
  const bare = text.replaceAll(/("(?:[^"\\]|\\.)*")|\/\/.*$/gm, (_, quoted: string | undefined) => quoted ?? '')
  return JSON.parse(bare) as KafkaSchema
}

/** What `3`, `1-4`, `2+` or `none` stand for. */
export function parseVersions(text: string | undefined): VersionRange | undefined {
  if (text === undefined || text === 'none') return undefined
  const [, min, dash, max] = /^(\d+)(?:(-)(\d+)|\+)?$/.exec(text)!
  if (dash !== undefined) return { min: Number(min), max: Number(max) }
  return { min: Number(min), max: text.endsWith('+') ? Infinity : Number(min) }
}

export function isIn(range: VersionRange | undefined, version: number): boolean {
  return range !== undefined && version >= range.min && version <= range.max
}
