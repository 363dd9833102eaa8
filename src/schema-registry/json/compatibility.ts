import type { ResolvedSchema } from '../schema.ts'
import { arrayDifferences } from './compare-arrays.ts'
import { objectDifferences } from './compare-objects.ts'
import { enumDifferences, numberDifferences, stringDifferences } from './compare-values.ts'
import { type CompareNodes, difference, type JsonIncompatibility } from './difference.ts'
import { SchemaDocument, type SchemaNode } from './schema-node.ts'

/**
 * Why not every value of the writer's schema is one of the reader's; empty when all are. The judgement of registries (Java:
 * SchemaDiff with COMPATIBLE_CHANGES_STRICT): stricter than reading itself, which looks at one value. Throws SerializationError for
 * what is no schema.
 */
export function incompatibilities(reader: ResolvedSchema, writer: ResolvedSchema): readonly JsonIncompatibility[] {
  const [readerRoot, writerRoot] = [SchemaDocument.of(reader).root, SchemaDocument.of(writer).root]
  let assumed: Pairs = new Map()
  // What is found within a circle rests on an assumption about it, which may turn out wrong: once more then, knowing better.
  for (;;) {
    const comparison = new Comparison(assumed)
    const found = comparison.compare(readerRoot, writerRoot)
    if (!comparison.hasAssumed || comparison.incompatibleCount <= countOf(assumed)) return found
    assumed = comparison.known
  }
}

type Pairs = Map<SchemaNode, Map<SchemaNode, readonly JsonIncompatibility[]>>

function countOf(pairs: Pairs): number {
  let count = 0
  for (const byWriter of pairs.values()) for (const found of byWriter.values()) if (found.length > 0) count++
  return count
}

const FITS: readonly JsonIncompatibility[] = []

class Comparison {
  readonly known: Pairs = new Map()
  readonly #assumed: Pairs
  readonly #underWay = new Map<SchemaNode, Set<SchemaNode>>()
  hasAssumed = false

  constructor(assumed: Pairs) {
    this.#assumed = assumed
  }

  get incompatibleCount(): number {
    return countOf(this.known)
  }

  readonly compare: CompareNodes = (reader, writer) => {
    if (reader === undefined) return FITS
    if (writer === undefined) return [difference('SCHEMA_ADDED')]
    const before = this.known.get(reader)?.get(writer)
    if (before !== undefined) return before
    const underWay = entry(this.#underWay, reader, () => new Set<SchemaNode>())
    if (underWay.has(writer)) {
      const earlier = this.#assumed.get(reader)?.get(writer)
      if (earlier !== undefined && earlier.length > 0) return earlier
      this.hasAssumed = true
      return FITS
    }
    underWay.add(writer)
    const found = this.#compare(reader, writer)
    underWay.delete(writer)
    entry(this.known, reader, () => new Map<SchemaNode, readonly JsonIncompatibility[]>()).set(writer, found)
    return found
  }

  #compare(reader: SchemaNode, writer: SchemaNode): readonly JsonIncompatibility[] {
    const isReaderMade = isCombined(reader)
    const isWriterMade = isCombined(writer)
    if (isReaderMade && !isWriterMade && this.#fitsOnePart(reader, writer)) return FITS
    if (isWriterMade && !isReaderMade && this.#onePartFits(reader, writer)) return FITS
    if (isReaderMade && isWriterMade) return this.#combined(reader, writer)
    if (reader.kind !== writer.kind) {
      if (writer.kind === 'never' || reader.kind === 'any') return FITS
      // As the JSON converter of Kafka Connect describes decimals, which it mended once.
      if (isConnectBytes(reader) && isConnectBytes(writer)) return FITS
      return [difference('TYPE_CHANGED')]
    }
    switch (reader.kind) {
      case 'string':
        return stringDifferences(reader, writer)
      case 'number':
        return numberDifferences(reader, writer)
      case 'enum':
      case 'const':
        return enumDifferences(reader, writer)
      case 'object':
        return objectDifferences(reader, writer, this.compare)
      case 'array':
        return arrayDifferences(reader, writer, this.compare)
      case 'not': {
        // What may not be has to become narrower.
        const [readerNot, writerNot] = [reader, writer].map((node) => node.document.node(node.raw['not']))
        return this.compare(writerNot, readerNot).length === 0 ? FITS : [difference('NOT_TYPE_EXTENDED', 'not')]
      }
      default:
        return FITS
    }
  }

  /** Whether a value that was of the writer's schema is of one of the reader's parts. */
  #fitsOnePart(reader: SchemaNode, writer: SchemaNode): boolean {
    const parts = reader.parts()
    if (reader.kind === 'allOf' && parts.length !== 1) return false
    return parts.some((part) => this.compare(part, writer).length === 0)
  }

  /** Whether one of the things that were true of a value of the writer's is all that the reader asks for. */
  #onePartFits(reader: SchemaNode, writer: SchemaNode): boolean {
    const parts = writer.parts()
    if (writer.kind !== 'allOf' && parts.length !== 1) return false
    return parts.some((part) => this.compare(reader, part).length === 0)
  }

  #combined(reader: SchemaNode, writer: SchemaNode): readonly JsonIncompatibility[] {
    const [readerParts, writerParts] = [distinct(reader.parts()), distinct(writer.parts())]
    if (!isCriterionKept(reader, writer)) return [difference('COMBINED_TYPE_CHANGED')]
    const found: JsonIncompatibility[] = []
    if (writerParts.length < readerParts.length && reader.kind === 'allOf') {
      found.push(difference('PRODUCT_TYPE_EXTENDED'))
    }
    if (writerParts.length > readerParts.length && writer.kind !== 'allOf') found.push(difference('SUM_TYPE_NARROWED'))
    const fitting = writerParts.map((part) =>
      readerParts.flatMap((other, index) => (this.compare(other, part).length === 0 ? [index] : [])),
    )
    if (matchedCount(fitting) < Math.min(writerParts.length, readerParts.length)) {
      found.push(difference('COMBINED_TYPE_SUBSCHEMAS_CHANGED'))
    }
    return found
  }
}

function isCombined({ kind }: SchemaNode): boolean {
  return kind === 'allOf' || kind === 'anyOf' || kind === 'oneOf'
}

function isConnectBytes({ raw }: SchemaNode): boolean {
  return raw['connect.type'] === 'bytes'
}

/** Whether the reader joins its parts in a way that lets through whatever the writer's way did. */
function isCriterionKept(reader: SchemaNode, writer: SchemaNode): boolean {
  if (reader.kind === writer.kind || reader.kind === 'anyOf') return true
  const [isReaderSingle, isWriterSingle] = [reader, writer].map((node) => node.parts().length === 1)
  return (
    (isReaderSingle === true && isWriterSingle === true) ||
    (isWriterSingle === true && reader.kind === 'oneOf') ||
    (isReaderSingle === true && writer.kind === 'allOf')
  )
}

/** Parts without those that say the same as another. */
function distinct(parts: readonly SchemaNode[]): SchemaNode[] {
  return [
    ...new Map(parts.map((part) => [`${part.kind} ${part.isInteger} ${JSON.stringify(part.raw)}`, part])).values(),
  ]
}

/** The most that can be paired off, each with another of those that it fits (a maximum matching, by augmenting paths). */
function matchedCount(fitting: readonly (readonly number[])[]): number {
  const takenBy = new Map<number, number>()
  const place = (index: number, visited: Set<number>): boolean => {
    for (const choice of fitting[index]!) {
      if (visited.has(choice)) continue
      visited.add(choice)
      const holder = takenBy.get(choice)
      if (holder !== undefined && !place(holder, visited)) continue
      takenBy.set(choice, index)
      return true
    }
    return false
  }
  return fitting.filter((_, index) => place(index, new Set())).length
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
