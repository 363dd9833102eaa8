import type { FieldTransform, RuleField } from '../format.ts'
import type { ResolvedSchema } from '../schema.ts'
import { valueRules, type AvroValueOptions } from './options.ts'
import { isMapLike, isObject, ownOrInherited } from './record-value.ts'
import type { AvroType, RecordField, RecordType, UnionType } from './types.ts'
import { BranchChooser } from './union-branch.ts'
import { UnionValue } from './union-value.ts'

/**
 * Lets rules at the fields of a value. What they see are the plain values of fields: those within arrays and maps one by one,
 * records by their own fields, and of a union the branch that the value is of.
 */
export class FieldVisit {
  readonly #type: AvroType
  readonly #options: AvroValueOptions
  readonly #patterns: readonly { pattern: RegExp; tags: readonly string[] }[]
  readonly #fields = new Map<RecordField, { tags: ReadonlySet<string>; fullName: string }>()
  readonly #choosers = new Map<UnionType, BranchChooser>()

  constructor(type: AvroType, { metadata }: ResolvedSchema, options: AvroValueOptions) {
    this.#type = type
    this.#options = options
    this.#patterns = Object.entries(metadata?.tags ?? {}).map(([path, tags]) => ({ pattern: wildcards(path), tags }))
  }

  /** A copy of the value with what `transform` gives for its fields. */
  run(value: unknown, transform: FieldTransform): Promise<unknown> {
    return this.#visit(this.#type, value, undefined, transform)
  }

  async #visit(
    type: AvroType,
    value: unknown,
    field: Omit<RuleField, 'type'> | undefined,
    transform: FieldTransform,
  ): Promise<unknown> {
    if (value === null || value === undefined) return value
    switch (type.kind) {
      case 'record':
        return isObject(value) ? this.#record(type, value, transform) : value
      case 'array': {
        if (!Array.isArray(value)) return value
        const items: unknown[] = []
        for (const item of value) items.push(await this.#visit(type.items, item, field, transform))
        return items
      }
      case 'map': {
        if (!isMapLike(value)) return value
        const entries: [unknown, unknown][] = []
        for (const [key, item] of value instanceof Map ? value : Object.entries(value)) {
          entries.push([key, await this.#visit(type.values, item, field, transform)])
        }
        return value instanceof Map ? new Map(entries) : Object.fromEntries(entries as [string, unknown][])
      }
      case 'union': {
        const branch = type.branches[this.#chooser(type).choose(value)]!
        if (!(value instanceof UnionValue)) return this.#visit(branch, value, field, transform)
        return new UnionValue(value.branch, await this.#visit(branch, value.value, field, transform))
      }
      default:
        return field === undefined ? value : transform({ ...field, type: type.kind.toUpperCase() }, value)
    }
  }

  async #record(
    type: RecordType,
    value: Readonly<Record<string, unknown>>,
    transform: FieldTransform,
  ): Promise<unknown> {
    const copy = { ...value }
    for (const field of type.fields) {
      const item = ownOrInherited(value, field.name)
      if (item === undefined) continue
      const about = { name: field.name, ...this.#about(type, field) }
      const changed = await this.#visit(field.type, item, about, transform)
      Object.defineProperty(copy, field.name, { value: changed, enumerable: true, configurable: true, writable: true })
    }
    return copy
  }

  #about(type: RecordType, field: RecordField): { tags: ReadonlySet<string>; fullName: string } {
    let about = this.#fields.get(field)
    if (about === undefined) {
      const fullName = `${type.name}.${field.name}`
      const more = this.#patterns.filter(({ pattern }) => pattern.test(fullName)).flatMap(({ tags }) => tags)
      about = { fullName, tags: new Set([...field.tags, ...more]) }
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

/** A path of Confluent's metadata: `*` stands for what is between two dots, `**` for anything, `?` for one character. */
function wildcards(path: string): RegExp {
  const source = path.replace(/\*\*|[*?]|[.+^${}()|[\]\\]/g, (match) => {
    if (match === '**') return '.*'
    if (match === '*') return '[^.]*'
    return match === '?' ? '[^.]' : `\\${match}`
  })
  return new RegExp(`^${source}$`)
}
