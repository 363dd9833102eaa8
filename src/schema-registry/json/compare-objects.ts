import { below, type CompareNodes, difference, type JsonIncompatibility } from './difference.ts'
import { boundDifferences } from './compare-values.ts'
import type { SchemaNode } from './schema-node.ts'

/** Objects: what their properties are, which must be there, and what else may be. */
export function objectDifferences(
  reader: SchemaNode,
  writer: SchemaNode,
  compare: CompareNodes,
): readonly JsonIncompatibility[] {
  const [now, before] = [contentOf(reader), contentOf(writer)]
  return [
    ...requiredDifferences(now, before),
    ...propertyDifferences(now, before, compare),
    ...dependencyDifferences(now, before, compare),
    ...additionalDifferences(now, before, compare),
    ...below('unevaluatedProperties', unevaluatedDifferences('PROPERTIES', now, before, compare)),
    ...boundDifferences(reader, writer, 'maxProperties', 'minProperties'),
  ]
}

/** What may be in an object. */
interface Content {
  readonly properties: ReadonlyMap<string, SchemaNode>
  readonly required: ReadonlySet<string>
  readonly patterns: readonly (readonly [pattern: RegExp, node: SchemaNode])[]
  readonly isClosed: boolean
  /** Undefined where `additionalProperties` is no schema but true, false or not there. */
  readonly additional: SchemaNode | undefined
  readonly unevaluated: SchemaNode | undefined
  readonly dependencies: ReadonlyMap<string, SchemaNode | ReadonlySet<string>>
}

function contentOf({ raw, document }: SchemaNode): Content {
  const { required, additionalProperties: additional, unevaluatedProperties: unevaluated } = raw
  const nodes = (value: unknown): [string, SchemaNode][] =>
    members(value).map(([name, json]) => [name, document.node(json)])
  const lists = [...members(raw['dependencies']), ...members(raw['dependentRequired'])]
  const schemas = [...lists.filter(([, value]) => !Array.isArray(value)), ...members(raw['dependentSchemas'])]
  return {
    properties: new Map(nodes(raw['properties'])),
    required: new Set(Array.isArray(required) ? required.map(String) : []),
    patterns: nodes(raw['patternProperties']).map(([pattern, node]) => [new RegExp(pattern, 'u'), node]),
    isClosed: additional === false,
    additional: typeof additional === 'object' ? document.node(additional) : undefined,
    // Known since draft 2019-09.
    unevaluated: unevaluated === undefined || !document.isModern ? undefined : document.node(unevaluated),
    dependencies: new Map<string, SchemaNode | ReadonlySet<string>>([
      ...lists.flatMap(([name, value]) => (Array.isArray(value) ? [[name, new Set(value.map(String))] as const] : [])),
      ...schemas.map(([name, value]) => [name, document.node(value)] as const),
    ]),
  }
}

function members(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

function requiredDifferences(now: Content, before: Content): JsonIncompatibility[] {
  return [...before.properties.keys()]
    .filter((name) => now.properties.has(name) && now.required.has(name) && !before.required.has(name))
    .filter((name) => !hasDefault(now.properties.get(name)!))
    .map((name) => difference('REQUIRED_ATTRIBUTE_ADDED', `required/${name}`))
}

function propertyDifferences(now: Content, before: Content, compare: CompareNodes): JsonIncompatibility[] {
  const names = new Set([...before.properties.keys(), ...now.properties.keys()])
  return [...names].flatMap((name) => {
    const [node, earlier] = [now.properties.get(name), before.properties.get(name)]
    let found: readonly JsonIncompatibility[]
    if (node === undefined) found = removed(now, name, earlier!, compare)
    else if (earlier === undefined) found = added(now, before, name, node, compare)
    else found = compare(node, earlier)
    return below(`properties/${name}`, found)
  })
}

function removed(
  now: Content,
  name: string,
  earlier: SchemaNode,
  compare: CompareNodes,
): readonly JsonIncompatibility[] {
  if (isOpen(now)) return []
  const partial = partialNode(now, name)
  if (partial === undefined) {
    return earlier.kind === 'never' ? [] : [difference('PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL')]
  }
  const found = compare(partial, earlier)
  if (found.length === 0) return []
  return [...found, difference('PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL')]
}

function added(
  now: Content,
  before: Content,
  name: string,
  node: SchemaNode,
  compare: CompareNodes,
): readonly JsonIncompatibility[] {
  const isRequired = now.required.has(name)
  if (isOpen(before)) {
    // Anything could be there.
    if (node.kind === 'any') return []
    if (!isRequired) return [difference('OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL')]
    const how = hasDefault(node) ? 'REQUIRED_PROPERTY_WITH_DEFAULT' : 'REQUIRED_PROPERTY'
    return [difference(`${how}_ADDED_TO_OPEN_CONTENT_MODEL`)]
  }
  const found: JsonIncompatibility[] = []
  const partial = partialNode(before, name)
  const narrowed = partial === undefined ? [] : compare(node, partial)
  if (narrowed.length > 0) {
    found.push(...narrowed, difference('PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'))
  }
  if (isRequired && !hasDefault(node)) found.push(difference('REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL'))
  return found
}

function hasDefault({ raw }: SchemaNode): boolean {
  return raw['default'] !== undefined
}

/** Whether anything may be in the object besides what is named. */
function isOpen({ isClosed, additional, patterns, unevaluated }: Content): boolean {
  if (isClosed || additional !== undefined || patterns.length > 0) return false
  return unevaluated === undefined || unevaluated.kind === 'any'
}

/** What a property must be that is not named; undefined where nothing lets it be. */
function partialNode({ patterns, additional, isClosed, unevaluated }: Content, name: string): SchemaNode | undefined {
  const matching = patterns.find(([pattern]) => pattern.test(name))
  if (matching !== undefined) return matching[1]
  if (additional !== undefined) return additional
  if (isClosed || unevaluated === undefined) return undefined
  return unevaluated.kind === 'never' || unevaluated.kind === 'any' ? undefined : unevaluated
}

function dependencyDifferences(now: Content, before: Content, compare: CompareNodes): JsonIncompatibility[] {
  return [...now.dependencies].flatMap(([name, dependency]) => {
    const earlier = before.dependencies.get(name)
    return below(`dependencies/${name}`, oneDependency(dependency, earlier, compare))
  })
}

function oneDependency(
  now: SchemaNode | ReadonlySet<string>,
  before: SchemaNode | ReadonlySet<string> | undefined,
  compare: CompareNodes,
): readonly JsonIncompatibility[] {
  if (!(now instanceof Set)) {
    if (before === undefined || before instanceof Set) return [difference('DEPENDENCY_SCHEMA_ADDED')]
    return compare(now as SchemaNode, before as SchemaNode)
  }
  if (!(before instanceof Set)) return [difference('DEPENDENCY_ARRAY_ADDED')]
  const [names, earlier] = [[...now] as string[], [...before] as string[]]
  if (names.every((name) => before.has(name))) return []
  const isExtended = earlier.every((name) => now.has(name))
  return [difference(isExtended ? 'DEPENDENCY_ARRAY_EXTENDED' : 'DEPENDENCY_ARRAY_CHANGED')]
}

function additionalDifferences(now: Content, before: Content, compare: CompareNodes): readonly JsonIncompatibility[] {
  const at = 'additionalProperties'
  if (now.isClosed !== before.isClosed) return now.isClosed ? [difference('ADDITIONAL_PROPERTIES_REMOVED', at)] : []
  if (now.additional !== undefined && before.additional === undefined) {
    return [difference('ADDITIONAL_PROPERTIES_NARROWED', at)]
  }
  return below(at, compare(now.additional, before.additional))
}

/** What neither properties nor their schemas have looked at, and its like for the items of arrays. */
export function unevaluatedDifferences(
  what: 'PROPERTIES' | 'ITEMS',
  { unevaluated: now }: { readonly unevaluated: SchemaNode | undefined },
  { unevaluated: before }: { readonly unevaluated: SchemaNode | undefined },
  compare: CompareNodes,
): readonly JsonIncompatibility[] {
  if (now === undefined || before?.kind === 'never') return []
  if (now.kind === 'never') return [difference(`UNEVALUATED_${what}_REMOVED`)]
  if (before === undefined || (before.kind === 'any' && now.kind !== 'any')) {
    return [difference(`UNEVALUATED_${what}_NARROWED`)]
  }
  return compare(now, before)
}
