import { SerializationError } from '../errors.ts'
import type { ResolvedSchema } from '../schema.ts'
import { draftOf, idOf, type JsonObject, parseSchema } from './schema-text.ts'

/** What a schema is about. `any` takes every value, `never` none; the last three are made of parts. */
type NodeKind =
  | 'any'
  | 'never'
  | 'null'
  | 'boolean'
  | 'string'
  | 'number'
  | 'object'
  | 'array'
  | 'enum'
  | 'const'
  | 'not'
  | 'conditional'
  | 'allOf'
  | 'anyOf'
  | 'oneOf'

/** A schema, or one of the things that it says at once, for comparing it with another. */
export interface SchemaNode {
  readonly kind: NodeKind
  /** The JSON that it comes from, which may say other things too. */
  readonly raw: JsonObject
  /** Of `allOf`, `anyOf` and `oneOf`; those of a `$ref` circle are there once they are asked for. */
  readonly parts: () => readonly SchemaNode[]
  /** Number: whether it must be whole. */
  readonly isInteger: boolean
  readonly document: SchemaDocument
}

const COMBINERS = ['allOf', 'anyOf', 'oneOf'] as const

/** Keywords that tell what is meant where there is no `type`. */
const KEYWORDS: readonly (readonly [kind: NodeKind, keywords: readonly string[]])[] = [
  ['string', ['minLength', 'maxLength', 'pattern', 'format']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
  [
    'array',
    ['items', 'prefixItems', 'additionalItems', 'unevaluatedItems', 'minItems', 'maxItems', 'uniqueItems', 'contains'],
  ],
  [
    'object',
    [
      'properties',
      'required',
      'minProperties',
      'maxProperties',
      'dependencies',
      'dependentRequired',
      'dependentSchemas',
      'patternProperties',
      'additionalProperties',
      'unevaluatedProperties',
      'propertyNames',
    ],
  ],
]

const documents = new WeakMap<ResolvedSchema, SchemaDocument>()

/** The text of one schema, whose parts become nodes as they are asked for, each once. */
export class SchemaDocument {
  readonly #root: JsonObject | boolean
  readonly #schema: ResolvedSchema
  readonly #nodes = new Map<object, SchemaNode>()
  readonly #underWay = new Set<object>()
  /** Whether draft 2019-09 or a newer one is spoken, where `$ref` stands beside other keywords. */
  readonly isModern: boolean

  private constructor(schema: ResolvedSchema) {
    this.#schema = schema
    this.#root = parseSchema(schema.schema)
    const draft = draftOf(this.#root)
    this.isModern = draft === '2019' || draft === '2020'
  }

  static of(schema: ResolvedSchema): SchemaDocument {
    let document = documents.get(schema)
    if (document === undefined) {
      document = new SchemaDocument(schema)
      documents.set(schema, document)
    }
    return document
  }

  get root(): SchemaNode {
    return this.node(this.#root)
  }

  /** The node of a schema within the text; whatever is no schema takes every value. */
  node(json: unknown): SchemaNode {
    if (typeof json !== 'object' || json === null) return json === false ? this.#single('never') : this.#single('any')
    let node = this.#nodes.get(json)
    if (node !== undefined) return node
    if (this.#underWay.has(json)) throw new SerializationError('not a JSON Schema: a $ref leads to itself')
    this.#underWay.add(json)
    node = this.#make(json as JsonObject)
    this.#underWay.delete(json)
    this.#nodes.set(json, node)
    return node
  }

  #make(raw: JsonObject): SchemaNode {
    const said: SchemaNode[] = []
    if (typeof raw['$ref'] === 'string') {
      const target = this.#find(raw['$ref'])
      if (!this.isModern) return target
      said.push(target)
    }
    if (Array.isArray(raw['enum'])) said.push(this.#single('enum', raw))
    if (raw['const'] !== undefined) said.push(this.#single('const', raw))
    for (const combiner of COMBINERS) {
      const parts = raw[combiner]
      if (Array.isArray(parts)) said.push(this.#combined(combiner, raw, () => parts.map((part) => this.node(part))))
    }
    if (raw['not'] !== undefined) said.push(this.#single('not', raw))
    if (raw['if'] !== undefined) said.push(this.#single('conditional', raw))
    said.push(...this.#typed(raw))
    if (said.length === 0) return this.#single('any', raw)
    return said.length === 1 ? said[0]! : this.#combined('allOf', raw, () => said)
  }

  #typed(raw: JsonObject): SchemaNode[] {
    const { type } = raw
    if (typeof type === 'string') return [this.#ofType(type, raw)]
    if (Array.isArray(type)) {
      const parts = type.map((one) => this.#ofType(String(one), raw))
      return [this.#combined('anyOf', raw, () => parts)]
    }
    return KEYWORDS.filter(([, keywords]) => keywords.some((keyword) => Object.hasOwn(raw, keyword))).map(([kind]) =>
      this.#single(kind, raw),
    )
  }

  #ofType(type: string, raw: JsonObject): SchemaNode {
    if (type === 'integer') return { ...this.#single('number', raw), isInteger: true }
    const known = ['null', 'boolean', 'string', 'number', 'object', 'array'].includes(type)
    return this.#single(known ? (type as NodeKind) : 'any', raw)
  }

  #single(kind: NodeKind, raw: JsonObject = {}): SchemaNode {
    return { kind, raw, parts: () => [], isInteger: false, document: this }
  }

  #combined(kind: 'allOf' | 'anyOf' | 'oneOf', raw: JsonObject, make: () => SchemaNode[]): SchemaNode {
    let parts: SchemaNode[] | undefined
    return { kind, raw, parts: () => (parts ??= make()), isInteger: false, document: this }
  }

  /** What a `$ref` names: in this text, or in one that it refers to. */
  #find(ref: string): SchemaNode {
    const [uri = '', fragment = ''] = ref.split('#', 2)
    const document = uri === '' || uri === idOf(this.#root) ? this : this.#referred(uri)
    const found = document === undefined ? embedded(this.#root, uri) : document.#at(decodeURIComponent(fragment))
    if (found === undefined) throw new SerializationError(`not a JSON Schema: $ref ${ref} leads nowhere`)
    return (document ?? this).node(found)
  }

  #referred(uri: string): SchemaDocument | undefined {
    const base = idOf(this.#root)
    const absolute = (name: string): string =>
      base !== undefined && URL.canParse(name, base) ? new URL(name, base).href : name
    for (const [name, target] of this.#schema.references) {
      if (name === uri || absolute(name) === absolute(uri)) return SchemaDocument.of(target)
    }
    return undefined
  }

  #at(fragment: string): unknown {
    if (fragment === '') return this.#root
    if (!fragment.startsWith('/')) return embedded(this.#root, `#${fragment}`)
    let at: unknown = this.#root
    for (const part of fragment.slice(1).split('/')) {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
      at = (at as Record<string, unknown>)[name]
    }
    return at
  }
}

/** A schema within another that has an `$id` or an anchor of its own. */
function embedded(json: unknown, name: string): unknown {
  if (typeof json !== 'object' || json === null) return undefined
  const { $id, id, $anchor } = json as Record<string, unknown>
  if ($id === name || id === name || (typeof $anchor === 'string' && `#${$anchor}` === name)) return json
  for (const item of Object.values(json)) {
    const found = embedded(item, name)
    if (found !== undefined) return found
  }
  return undefined
}
