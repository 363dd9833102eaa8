import { inspect } from '../../inspect-value.ts'
import { SerializationError } from '../errors.ts'
import { canonicalForm } from './canonical.ts'
import { isValidDefault } from './defaults.ts'
import { isJsonObject, parseJson, type JsonValue } from './json.ts'
import { logicalAnnotation } from './logical-annotation.ts'
import type { AvroType, EnumType, FixedType, NamedType, PrimitiveName, RecordField, RecordType } from './types.ts'

export interface ParseOptions {
  /** Types of other schemas, by full name. Those that the schema defines are added, unless it turns out invalid. */
  names?: Map<string, NamedType>
  /**
   * Whether a default that its type cannot carry is refused. True by default; schemas that are in use already are read without, as
   * Java does, since records written with them are to be read all the same.
   */
  checksDefaults?: boolean
}

/** How deep types may be nested in the text of a schema. */
const MAX_DEPTH = 200

const PRIMITIVES = new Set<string>(['null', 'boolean', 'int', 'long', 'float', 'double', 'string', 'bytes'])

/** What Java takes for a name: letters and digits of any script. */
const NAME = /^[\p{L}_][\p{L}\p{Nd}_]*$/u

type Definition = { readonly [key: string]: JsonValue }
type Assign = (type: AvroType) => void

/**
 * Reads an Avro schema, given as JSON text or as parsed JSON. Takes and refuses what Java's parser does: names may come before their
 * definition, unions may be empty, a type may be defined twice alike. Throws SerializationError for what is no schema.
 */
export function parseSchema(schema: string | object, options: ParseOptions = {}): AvroType {
  const json = typeof schema === 'string' ? parseJson(schema) : (schema as JsonValue)
  return new Parser(options.names ?? new Map<string, NamedType>(), options.checksDefaults ?? true).parse(json)
}

class Parser {
  readonly #known: Map<string, NamedType>
  readonly #checksDefaults: boolean
  readonly #defined = new Map<string, NamedType>()
  /** Names that had no definition yet when they were met. */
  readonly #unresolved: { name: string; namespace: string; assign: Assign }[] = []
  /** What can be told only when every name is resolved. */
  readonly #checks: (() => void)[] = []

  constructor(known: Map<string, NamedType>, checksDefaults: boolean) {
    this.#known = known
    this.#checksDefaults = checksDefaults
  }

  parse(json: JsonValue): AvroType {
    let root: AvroType | undefined
    this.#type(json, '', 0, (type) => {
      root = type
    })
    for (const { name, namespace, assign } of this.#unresolved) {
      const type = this.#find(name, namespace)
      if (type === undefined) throw invalid(`${inspect(name)} is not defined`)
      assign(type)
    }
    for (const check of this.#checks) check()
    for (const [name, type] of this.#defined) this.#known.set(name, type)
    return root!
  }

  #find(name: string, namespace: string): AvroType | undefined {
    const full = name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
    return this.#defined.get(full) ?? this.#known.get(full) ?? this.#defined.get(name) ?? this.#known.get(name)
  }

  #type(json: JsonValue | undefined, namespace: string, depth: number, assign: Assign): void {
    if (depth > MAX_DEPTH) throw invalid(`types are nested more than ${MAX_DEPTH} deep`)
    if (typeof json === 'string') return this.#named(json, namespace, assign)
    if (Array.isArray(json)) return this.#union(json as readonly JsonValue[], namespace, depth, assign)
    if (!isJsonObject(json)) throw invalid(`${inspect(json)} is no type`)
    const kind = json['type']
    switch (kind) {
      case 'record':
      case 'error':
        return this.#record(json, namespace, depth, assign)
      case 'enum':
        return assign(this.#define(this.#enum(json, namespace)))
      case 'fixed':
        return assign(this.#define(this.#fixed(json, namespace)))
      case 'array': {
        if (json['items'] === undefined) throw invalid('an array has no items')
        const array = { kind, items: undefined as unknown as AvroType }
        this.#type(json['items'], namespace, depth + 1, (items) => {
          array.items = items
        })
        return assign(array)
      }
      case 'map': {
        if (json['values'] === undefined) throw invalid('a map has no values')
        const map = { kind, values: undefined as unknown as AvroType }
        this.#type(json['values'], namespace, depth + 1, (values) => {
          map.values = values
        })
        return assign(map)
      }
      default:
        if (typeof kind === 'string' && PRIMITIVES.has(kind)) {
          return assign({ kind: kind as PrimitiveName, logical: logicalAnnotation(json, kind) })
        }
        if (kind === undefined) throw invalid('a definition has no type')
        return this.#type(kind, namespace, depth + 1, assign)
    }
  }

  #named(name: string, namespace: string, assign: Assign): void {
    if (PRIMITIVES.has(name)) return assign({ kind: name as PrimitiveName, logical: undefined })
    const type = this.#find(name, namespace)
    if (type === undefined) this.#unresolved.push({ name, namespace, assign })
    else assign(type)
  }

  #union(branches: readonly JsonValue[], namespace: string, depth: number, assign: Assign): void {
    const union = { kind: 'union' as const, branches: [] as AvroType[] }
    for (const [index, branch] of branches.entries()) {
      this.#type(branch, namespace, depth + 1, (type) => {
        union.branches[index] = type
      })
    }
    this.#checks.push(() => {
      const seen = new Set<string>()
      for (const branch of union.branches) {
        if (branch.kind === 'union') throw invalid('a union holds a union')
        const name = 'name' in branch ? branch.name : branch.kind
        if (seen.has(name)) throw invalid(`a union has two branches ${name}`)
        seen.add(name)
      }
    })
    assign(union)
  }

  #record(json: Definition, namespace: string, depth: number, assign: Assign): void {
    const { name, aliases } = this.#names(json, namespace)
    const fields: RecordField[] = []
    const record: RecordType = { kind: 'record', name, aliases, fields }
    this.#define(record)
    assign(record)
    if (!Array.isArray(json['fields'])) throw invalid(`record ${name} has no fields`)
    const seen = new Set<string>()
    for (const given of json['fields'] as readonly JsonValue[]) {
      if (!isJsonObject(given)) throw invalid(`record ${name} has a field that is no object`)
      const field = this.#field(given, name)
      if (seen.has(field.name)) throw invalid(`record ${name} has two fields ${field.name}`)
      seen.add(field.name)
      fields.push(field)
      if (given['type'] === undefined) throw invalid(`field ${field.name} of ${name} has no type`)
      this.#type(given['type'], namespaceOf(name), depth + 1, (type) => {
        field.type = type
      })
    }
  }

  #field(json: Definition, owner: string): RecordField {
    const name = json['name']
    if (typeof name !== 'string') throw invalid(`record ${owner} has a field without a name`)
    checkName(name)
    const field: RecordField = {
      name,
      type: undefined as unknown as AvroType,
      default: json['default'],
      aliases: texts(json['aliases'], `the aliases of field ${name}`),
      tags: texts(json['confluent:tags'], `the tags of field ${name}`),
    }
    if (this.#checksDefaults && field.default !== undefined) {
      this.#checks.push(() => {
        if (!isValidDefault(field.type, field.default!)) {
          throw invalid(`the default of field ${name} of ${owner} does not fit its type`)
        }
      })
    }
    return field
  }

  #enum(json: Definition, namespace: string): EnumType {
    const { name, aliases } = this.#names(json, namespace)
    if (!Array.isArray(json['symbols'])) throw invalid(`enum ${name} has no symbols`)
    const symbols = texts(json['symbols'], `the symbols of enum ${name}`)
    for (const symbol of symbols) checkName(symbol)
    if (new Set(symbols).size !== symbols.length) throw invalid(`enum ${name} has a symbol twice`)
    const fallback = json['default']
    if (fallback !== undefined && !symbols.includes(fallback as string)) {
      throw invalid(`the default of enum ${name}, ${inspect(fallback)}, is none of its symbols`)
    }
    return { kind: 'enum', name, aliases, symbols, default: fallback as string | undefined }
  }

  #fixed(json: Definition, namespace: string): FixedType {
    const { name, aliases } = this.#names(json, namespace)
    const size = json['size']
    if (!Number.isInteger(size) || (size as number) < 0 || (size as number) > 0x7fffffff) {
      throw invalid(`fixed ${name} needs a size, a whole number, not ${inspect(size)}`)
    }
    return {
      kind: 'fixed',
      name,
      aliases,
      size: size as number,
      logical: logicalAnnotation(json, 'fixed', size as number),
    }
  }

  /** Puts a type under its name. A second definition has to be the same as the first. */
  #define<T extends NamedType>(type: T): T {
    const first = this.#defined.get(type.name) ?? this.#known.get(type.name)
    if (first === undefined) {
      this.#defined.set(type.name, type)
    } else {
      this.#checks.push(() => {
        if (canonicalForm(first) !== canonicalForm(type)) throw invalid(`${type.name} is defined twice, differently`)
      })
    }
    return type
  }

  #names(json: Definition, namespace: string): { name: string; aliases: string[] } {
    const given = json['name']
    if (typeof given !== 'string') throw invalid(`${inspect(json['type'])} has no name`)
    const own = json['namespace']
    let space = typeof own === 'string' ? own : namespace
    if (given.includes('.')) space = namespaceOf(given)
    const short = given.slice(given.lastIndexOf('.') + 1)
    checkName(short)
    const name = space === '' ? short : `${space}.${short}`
    if (PRIMITIVES.has(name)) throw invalid(`a type may not be named ${name}, which is a primitive type`)
    const aliases = texts(json['aliases'], `the aliases of ${name}`)
    return {
      name,
      aliases: aliases.map((alias) => (alias.includes('.') || space === '' ? alias : `${space}.${alias}`)),
    }
  }
}

function namespaceOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf('.'), 0))
}

function checkName(name: string): void {
  if (!NAME.test(name)) throw invalid(`${inspect(name)} is no name: letters, digits and _ only, no digit first`)
}

function texts(json: JsonValue | undefined, what: string): string[] {
  if (json === undefined || json === null) return []
  const isTexts = Array.isArray(json) && json.every((item) => typeof item === 'string')
  if (!isTexts) throw invalid(`${what} must be a list of strings`)
  return [...(json as readonly string[])]
}

function invalid(reason: string): SerializationError {
  return new SerializationError(`not an Avro schema: ${reason}`)
}
