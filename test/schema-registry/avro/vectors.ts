import { readFileSync } from 'node:fs'
import { UnionValue } from '../../../src/schema-registry/avro/union-value.ts'

/** The cases of one file of vectors. */
export function vectors<T>(name: string): T[] {
  const text = readFileSync(new URL(`../../vectors/registry/${name}.ndjson`, import.meta.url), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T)
}

export const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** A value as the vectors write it, as the codec takes it. */
export function toValue(tagged: unknown): unknown {
  if (typeof tagged !== 'object' || tagged === null) return tagged
  if (Array.isArray(tagged)) return tagged.map((item) => toValue(item))
  const given = tagged as Record<string, unknown>
  if (Object.hasOwn(given, '$long')) return BigInt(given['$long'] as string)
  if (Object.hasOwn(given, '$num')) return Number(given['$num'])
  if (Object.hasOwn(given, '$bytes')) return fromHex(given['$bytes'] as string)
  if (Object.hasOwn(given, '$union')) return new UnionValue(given['$union'] as string, toValue(given['value']))
  const entries = Object.entries(given).map(([key, item]): [string, unknown] => [key, toValue(item)])
  return Object.fromEntries(entries)
}
