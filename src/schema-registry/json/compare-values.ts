import { difference, type JsonIncompatibility } from './difference.ts'
import type { SchemaNode } from './schema-node.ts'

/** Strings: their length and pattern. */
export function stringDifferences(reader: SchemaNode, writer: SchemaNode): JsonIncompatibility[] {
  const found = boundDifferences(reader, writer, 'maxLength', 'minLength')
  const [pattern, before] = [reader.raw['pattern'], writer.raw['pattern']]
  if (typeof pattern === 'string' && pattern !== before) {
    found.push(difference(before === undefined ? 'PATTERN_ADDED' : 'PATTERN_CHANGED', 'pattern'))
  }
  return found
}

/** Numbers: their range, what they are multiples of, and whether they are whole. */
export function numberDifferences(reader: SchemaNode, writer: SchemaNode): JsonIncompatibility[] {
  const found = [
    ...boundDifferences(reader, writer, 'maximum', 'minimum'),
    ...boundDifferences(reader, writer, 'exclusiveMaximum', 'exclusiveMinimum'),
  ]
  const [multipleOf, before] = [numberOf(reader, 'multipleOf'), numberOf(writer, 'multipleOf')]
  if (multipleOf !== undefined && multipleOf !== before) {
    if (before === undefined) found.push(difference('MULTIPLE_OF_ADDED', 'multipleOf'))
    else if (isMultiple(multipleOf, before)) found.push(difference('MULTIPLE_OF_EXPANDED', 'multipleOf'))
    else if (!isMultiple(before, multipleOf)) found.push(difference('MULTIPLE_OF_CHANGED', 'multipleOf'))
  }
  if (reader.isInteger && !writer.isInteger) found.push(difference('TYPE_NARROWED'))
  return found
}

/** Lists of values: every value of before must still be there. */
export function enumDifferences(reader: SchemaNode, writer: SchemaNode): JsonIncompatibility[] {
  if (reader.kind === 'const') {
    const isSame = canonical(reader.raw['const']) === canonical(writer.raw['const'])
    return isSame ? [] : [difference('ENUM_ARRAY_CHANGED', 'const')]
  }
  const [now, before] = [reader, writer].map(({ raw }) => new Set((raw['enum'] as unknown[]).map(canonical)))
  if ([...before!].every((value) => now!.has(value))) return []
  const isNarrowed = [...now!].every((value) => before!.has(value))
  return [difference(isNarrowed ? 'ENUM_ARRAY_NARROWED' : 'ENUM_ARRAY_CHANGED', 'enum')]
}

/** An upper bound may only rise or go, a lower one only sink or go. */
export function boundDifferences(
  reader: SchemaNode,
  writer: SchemaNode,
  upper: string,
  lower: string,
): JsonIncompatibility[] {
  const found: JsonIncompatibility[] = []
  for (const keyword of [upper, lower]) {
    const [bound, before] = [numberOf(reader, keyword), numberOf(writer, keyword)]
    if (bound === undefined || bound === before) continue
    const name = keyword.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
    if (before === undefined) found.push(difference(`${name}_ADDED`, keyword))
    else if (keyword === upper && bound < before) found.push(difference(`${name}_DECREASED`, keyword))
    else if (keyword === lower && bound > before) found.push(difference(`${name}_INCREASED`, keyword))
  }
  return found
}

function numberOf({ raw }: SchemaNode, keyword: string): number | undefined {
  const value = raw[keyword]
  return typeof value === 'number' ? value : undefined
}

/** Whether one decimal number is a multiple of another, exactly. */
function isMultiple(value: number, of: number): boolean {
  const decimals = Math.max(decimalsOf(value), decimalsOf(of))
  const scaled = (number: number): bigint => BigInt(number.toFixed(decimals).replace('.', ''))
  const divisor = scaled(of)
  return divisor !== 0n && scaled(value) % divisor === 0n
}

function decimalsOf(value: number): number {
  const [, fraction = '', exponent = '0'] = /^-?\d+(?:\.(\d+))?(?:e([-+]\d+))?$/.exec(String(value)) ?? []
  return Math.min(100, Math.max(0, fraction.length - Number(exponent)))
}

/** Text that is the same for the same JSON, whatever the order of its members. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
