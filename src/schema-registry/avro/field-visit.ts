import type { FieldTransform, RuleField } from '../format.ts'
import { type TagsOf, tagPatterns } from '../rules/tag-patterns.ts'
import type { ResolvedSchema } from '../schema.ts'
import { valueRules, type AvroValueOptions } from './options.ts'
import { isMapLike, isObject, ownOrInherited } from './record-value.ts'
import type { AvroType, RecordField, RecordType, UnionType } from './types.ts'
import { BranchChooser } from './union-branch.ts'
import { UnionValue } from './union-value.ts'

const NOTHING = (): undefined => undefined

/**
 * Lets rules at the fields of a value. What they see are the plain values of fields: those within arrays and maps one by one,
 * records by their own fields, and of a union the branch that the value is of.
 */
export class FieldVisit {
  readonly #type: AvroType
  readonly #options: AvroValueOptions
  readonly #tagsOf: TagsOf
  readonly #fields = new Map<RecordField, { tags: ReadonlySet<string>; fullName: string }>()
  readonly #choosers = new Map<UnionType, BranchChooser>()

  constructor(type: AvroType, { metadata }: ResolvedSchema, options: AvroValueOptions) {
    this.#type = type
    this.#options = options
    this.#tagsOf = tagPatterns(metadata)
  }

  /** A copy of the value with what `transform` gives for its fields. */
  run(value: unknown, transform: FieldTransform): Promise<unknown> {
    return this.#visit(this.#type, value, undefined, transform, NOTHING)
  }

  /** The value as expressions see it: of union branches only the value, ints and longs as bigints. */
  expressionValue(value: unknown): unknown {
    return this.#expressionValue(this.#type, value)
  }

  #expressionValue(type: AvroType, value: unknown): unknown {
    if (value === null || value === undefined) return null
    switch (type.kind) {
      case 'int':
      case 'long':
        return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value
      case 'record': {
        if (!isObject(value)) return value
        const members = type.fields.map(
          ({ name, type }) => [name, this.#expressionValue(type, ownOrInherited(value, name))] as const,
        )
        return Object.fromEntries(members)
      }
      case 'array':
        return Array.isArray(value) ? value.map((item) => this.#expressionValue(type.items, item)) : value
      case 'map': {
        if (!isMapLike(value)) return value
        const entries = value instanceof Map ? [...value] : Object.entries(value)
        return new Map(entries.map(([key, item]) => [key, this.#expressionValue(type.values, item)] as const))
      }
      case 'union': {
        const branch = type.branches[this.#chooser(type).choose(value)]!
        return this.#expressionValue(branch, value instanceof UnionValue ? value.value : value)
      }
      default:
        return value
    }
  }

  async #visit(
    type: AvroType,
    value: unknown,
    field: Omit<RuleField, 'type'> | undefined,
    transform: FieldTransform,
    containing: () => unknown,
  ): Promise<unknown> {
    if (value === null || value === undefined) return value
    switch (type.kind) {
      case 'record':
        return isObject(value) ? this.#record(type, value, transform) : value
      case 'array': {
        if (!Array.isArray(value)) return value
        const items: unknown[] = []
        for (const item of value) items.push(await this.#visit(type.items, item, field, transform, containing))
        return items
      }
      case 'map': {
        if (!isMapLike(value)) return value
        const entries: [unknown, unknown][] = []
        for (const [key, item] of value instanceof Map ? value : Object.entries(value)) {
          entries.push([key, await this.#visit(type.values, item, field, transform, containing)])
        }
        return value instanceof Map ? new Map(entries) : Object.fromEntries(entries as [string, unknown][])
      }
      case 'union': {
        const branch = type.branches[this.#chooser(type).choose(value)]!
        if (!(value instanceof UnionValue)) return this.#visit(branch, value, field, transform, containing)
        return new UnionValue(value.branch, await this.#visit(branch, value.value, field, transform, containing))
      }
      default:
        return field === undefined ? value : transform({ ...field, type: type.kind.toUpperCase() }, value, containing)
    }
  }

  async #record(
    type: RecordType,
    value: Readonly<Record<string, unknown>>,
    transform: FieldTransform,
  ): Promise<unknown> {
    const copy = { ...value }
    const containing = (): unknown => this.#expressionValue(type, value)
    for (const field of type.fields) {
      const item = ownOrInherited(value, field.name)
      if (item === undefined) continue
      const about = { name: field.name, ...this.#about(type, field) }
      const changed = await this.#visit(field.type, item, about, transform, containing)
      Object.defineProperty(copy, field.name, { value: changed, enumerable: true, configurable: true, writable: true })
    }
    return copy
  }

  #about(type: RecordType, field: RecordField): { tags: ReadonlySet<string>; fullName: string } {
    let about = this.#fields.get(field)
    if (about === undefined) {
      const fullName = `${type.name}.${field.name}`
      about = { fullName, tags: new Set([...field.tags, ...this.#tagsOf(fullName)]) }
      this.#fields.set(field, about)
    }
    return about
  }

  #chooser(type: UnionType): BranchChooser {
    const chooser = this.#choosers.get(type) ?? new BranchChooser(type, valueRules(this.#options))
    this.#choosers.set(type, chooser)
    return chooser
  }
}
