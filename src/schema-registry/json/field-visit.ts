import type { FieldTransform, RuleField } from '../format.ts'
import { plainExpressionValue } from '../rules/expression-value.ts'
import { type TagsOf, tagPatterns } from '../rules/tag-patterns.ts'
import type { ResolvedSchema } from '../schema.ts'
import { SchemaDocument, type SchemaNode } from './schema-node.ts'

/** Words of a property's schema that hold its tags. */
const TAGS = 'confluent:tags'

interface Place {
  /** As Java has it: `$.customer.name`. */
  readonly path: string
  readonly field: Omit<RuleField, 'type'> | undefined
  readonly transform: FieldTransform
  readonly containing: () => unknown
}

type Plain = Readonly<Record<string, unknown>>

/**
 * Lets rules at the properties of a value: at the items of arrays one by one, at objects by their own properties, and of several schemas
 * that may hold (`oneOf`, `anyOf`) by the first that the value looks like.
 */
export class FieldVisit {
  readonly #schema: ResolvedSchema
  readonly #tagsOf: TagsOf
  readonly #fields = new Map<string, Omit<RuleField, 'type'>>()

  constructor(schema: ResolvedSchema) {
    this.#schema = schema
    this.#tagsOf = tagPatterns(schema.metadata)
  }

  /** A copy of the value with what `transform` gives for its properties. */
  run(value: unknown, transform: FieldTransform): Promise<unknown> {
    const { root } = SchemaDocument.of(this.#schema)
    return this.#visit(root, value, { path: '$', field: undefined, transform, containing: () => undefined })
  }

  async #visit(node: SchemaNode, value: unknown, place: Place): Promise<unknown> {
    if (value === null || value === undefined) return value
    switch (node.kind) {
      case 'object':
        return isPlain(value) ? this.#object(node, value, place) : value
      case 'array': {
        if (!Array.isArray(value)) return value
        const { items } = node.raw
        const item = node.document.node(Array.isArray(items) ? undefined : items)
        const changed: unknown[] = []
        for (const each of value) changed.push(await this.#visit(item, each, place))
        return changed
      }
      case 'allOf': {
        let changed: unknown = value
        // A value is one field, whichever of the schemas says so.
        const parts = node.parts().filter((part) => isPlain(value) || part === node.parts()[0])
        for (const part of parts) changed = await this.#visit(part, changed, place)
        return changed
      }
      case 'anyOf':
      case 'oneOf': {
        const part = node.parts().find((one) => isLike(one, value))
        return part === undefined ? value : this.#visit(part, value, place)
      }
      default: {
        if (place.field === undefined) return value
        return place.transform({ ...place.field, type: typeOf(node, value) }, value, place.containing)
      }
    }
  }

  async #object(node: SchemaNode, value: Plain, place: Place): Promise<unknown> {
    const copy = { ...value }
    const containing = (): unknown => plainExpressionValue(value)
    for (const [name, json] of Object.entries(node.raw['properties'] ?? {})) {
      if (!Object.hasOwn(value, name)) continue
      const path = `${place.path}.${name}`
      const field = this.#about(path, name, json)
      const inner = { ...place, path, field, containing }
      const changed = await this.#visit(node.document.node(json), value[name], inner)
      Object.defineProperty(copy, name, { value: changed, enumerable: true, configurable: true, writable: true })
    }
    return copy
  }

  #about(fullName: string, name: string, json: unknown): Omit<RuleField, 'type'> {
    let about = this.#fields.get(fullName)
    if (about === undefined) {
      const own = isPlain(json) && Array.isArray(json[TAGS]) ? json[TAGS].map(String) : []
      about = { name, fullName, tags: new Set([...own, ...this.#tagsOf(fullName)]) }
      this.#fields.set(fullName, about)
    }
    return about
  }
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function typeOf(node: SchemaNode, value: unknown): string {
  if (node.kind === 'enum' || node.kind === 'const') return 'ENUM'
  if (typeof value === 'string') return 'STRING'
  if (typeof value === 'boolean') return 'BOOLEAN'
  if (typeof value === 'bigint' || node.isInteger) return 'INT'
  return typeof value === 'number' ? 'DOUBLE' : 'RECORD'
}

/** Whether a value is probably one of a schema's: by its kind, the properties it must have and those that tell it from others. */
function isLike(node: SchemaNode, value: unknown): boolean {
  const { raw, document } = node
  switch (node.kind) {
    case 'null':
      return value === null
    case 'string':
    case 'boolean':
      return typeof value === node.kind
    case 'number':
      return typeof value === 'bigint' || (typeof value === 'number' && (!node.isInteger || Number.isInteger(value)))
    case 'array':
      return Array.isArray(value)
    case 'enum':
      return (raw['enum'] as unknown[]).includes(value)
    case 'const':
      return raw['const'] === value
    case 'never':
      return false
    case 'allOf':
      return node.parts().every((part) => isLike(part, value))
    case 'anyOf':
    case 'oneOf':
      return node.parts().some((part) => isLike(part, value))
    case 'object': {
      if (!isPlain(value)) return false
      const { required, additionalProperties, properties = {} } = raw
      const known = properties as Plain
      if (Array.isArray(required) && !required.every((name) => Object.hasOwn(value, String(name)))) return false
      return Object.entries(value).every(([name, item]) =>
        Object.hasOwn(known, name)
          ? item === undefined || isLike(document.node(known[name]), item)
          : additionalProperties !== false,
      )
    }
    default:
      return true
  }
}
