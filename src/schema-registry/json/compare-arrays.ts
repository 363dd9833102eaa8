import { unevaluatedDifferences } from './compare-objects.ts'
import { boundDifferences } from './compare-values.ts'
import { below, type CompareNodes, difference, type JsonIncompatibility } from './difference.ts'
import type { SchemaNode } from './schema-node.ts'

/** Arrays: what their items are, those at certain places included. */
export function arrayDifferences(
  reader: SchemaNode,
  writer: SchemaNode,
  compare: CompareNodes,
): readonly JsonIncompatibility[] {
  const [now, before] = [contentOf(reader), contentOf(writer)]
  const found = [
    ...below('items', compare(now.items, before.items)),
    ...placeDifferences(now, before, compare),
    ...additionalDifferences(now, before, compare),
    ...below('unevaluatedItems', unevaluatedDifferences('ITEMS', now, before, compare)),
    ...boundDifferences(reader, writer, 'maxItems', 'minItems'),
    ...boundDifferences(reader, writer, 'maxContains', 'minContains'),
  ]
  if (reader.raw['uniqueItems'] === true && writer.raw['uniqueItems'] !== true) {
    found.push(difference('UNIQUE_ITEMS_ADDED', 'uniqueItems'))
  }
  return found
}

/** What may be in an array. */
interface Content {
  /** Of every item. */
  readonly items: SchemaNode | undefined
  /** Of the first items, one by one. */
  readonly places: readonly SchemaNode[]
  readonly isClosed: boolean
  /** Of those behind them; undefined where it is no schema but true, false or not there. */
  readonly additional: SchemaNode | undefined
  readonly unevaluated: SchemaNode | undefined
}

function contentOf({ raw, document }: SchemaNode): Content {
  const { items, prefixItems, additionalItems, unevaluatedItems: unevaluated } = raw
  // Draft 2020-12 has the list under another name, and the rest under the list's.
  const places = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : []
  const rest = Array.isArray(prefixItems) ? items : additionalItems
  return {
    items: items === undefined || places.length > 0 || Array.isArray(items) ? undefined : document.node(items),
    places: places.map((place) => document.node(place)),
    isClosed: rest === false,
    additional: typeof rest === 'object' && !Array.isArray(rest) ? document.node(rest) : undefined,
    unevaluated: unevaluated === undefined || !document.isModern ? undefined : document.node(unevaluated),
  }
}

function placeDifferences(now: Content, before: Content, compare: CompareNodes): JsonIncompatibility[] {
  const count = Math.max(now.places.length, before.places.length)
  return Array.from({ length: count }, (_, index) => {
    const [node, earlier] = [now.places[index], before.places[index]]
    let found: readonly JsonIncompatibility[]
    if (node === undefined) found = removed(now, earlier!, compare)
    else if (earlier === undefined) found = added(before, node, compare)
    else found = compare(node, earlier)
    return below(`items/${index}`, found)
  }).flat()
}

function removed(now: Content, earlier: SchemaNode, compare: CompareNodes): readonly JsonIncompatibility[] {
  if (isOpen(now)) return []
  const partial = partialNode(now)
  if (partial === undefined) {
    return earlier.kind === 'never' ? [] : [difference('ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL')]
  }
  const found = compare(partial, earlier)
  if (found.length === 0) return []
  return [...found, difference('ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL')]
}

function added(before: Content, node: SchemaNode, compare: CompareNodes): readonly JsonIncompatibility[] {
  if (isOpen(before)) return node.kind === 'any' ? [] : [difference('ITEM_ADDED_TO_OPEN_CONTENT_MODEL')]
  const partial = partialNode(before)
  const found = partial === undefined ? [] : compare(node, partial)
  if (found.length === 0) return []
  return [...found, difference('ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL')]
}

function isOpen({ isClosed, additional, unevaluated }: Content): boolean {
  if (isClosed || additional !== undefined) return false
  return unevaluated === undefined || unevaluated.kind === 'any'
}

function partialNode({ additional, isClosed, unevaluated }: Content): SchemaNode | undefined {
  if (additional !== undefined) return additional
  if (isClosed || unevaluated === undefined) return undefined
  return unevaluated.kind === 'never' || unevaluated.kind === 'any' ? undefined : unevaluated
}

function additionalDifferences(now: Content, before: Content, compare: CompareNodes): readonly JsonIncompatibility[] {
  const at = 'additionalItems'
  if (now.isClosed !== before.isClosed) return now.isClosed ? [difference('ADDITIONAL_ITEMS_REMOVED', at)] : []
  if (now.additional !== undefined && before.additional === undefined) {
    return [difference('ADDITIONAL_ITEMS_NARROWED', at)]
  }
  return below(at, compare(now.additional, before.additional))
}
