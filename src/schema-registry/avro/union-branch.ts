import { inspect } from '../../inspect-value.ts'
import type { LogicalConverter } from './logical-types.ts'
import { Misfit } from './misfit.ts'
import { converterOf, type ValueRules } from './options.ts'
import { isMapLike, isObject, ownOrInherited } from './record-value.ts'
import { branchName, shortName, type AvroType, type RecordType, type UnionType } from './types.ts'
import { UnionValue } from './union-value.ts'

/**
 * Chooses the branch of a union for a value. A UnionValue says it. Else it is the first branch that carries the value exactly; then
 * the first that carries it at all, such as a float for 0.1. Of several records, the one with the most fields in common.
 */
export class BranchChooser {
  readonly #type: UnionType
  readonly #rules: ValueRules
  readonly #nullIndex: number
  /** The only branch besides null, if there is but one: what does not fit it fails there, with a better message. */
  readonly #onlyIndex: number
  readonly #converters = new Map<AvroType, LogicalConverter | undefined>()

  constructor(type: UnionType, rules: ValueRules) {
    this.#type = type
    this.#rules = rules
    this.#nullIndex = type.branches.findIndex((branch) => branch.kind === 'null')
    const others = type.branches.filter((branch) => branch.kind !== 'null')
    this.#onlyIndex = others.length === 1 ? type.branches.indexOf(others[0]!) : -1
  }

  /** Index of the branch. Throws Misfit when none takes the value. */
  choose(value: unknown): number {
    if ((value === null || value === undefined) && this.#nullIndex >= 0) return this.#nullIndex
    if (value instanceof UnionValue) return this.#named(value)
    if (this.#onlyIndex >= 0) return this.#onlyIndex
    const { branches } = this.#type
    let index = this.#mostAlike(value)
    if (index < 0) index = branches.findIndex((branch) => this.#fits(branch, value, true))
    if (index < 0) index = branches.findIndex((branch) => this.#fits(branch, value, false))
    if (index < 0) throw new Misfit(`${inspect(value)} fits none of ${this.#names()}`)
    return index
  }

  #named({ branch }: UnionValue): number {
    const { branches } = this.#type
    const index = branches.findIndex((type) => branchName(type) === branch)
    if (index >= 0) return index
    const short = branches.flatMap((type, index) => (shortName(branchName(type)) === branch ? [index] : []))
    if (short.length === 1) return short[0]!
    throw new Misfit(`the union has no branch ${inspect(branch)}: it has ${this.#names()}`)
  }

  #names(): string {
    return this.#type.branches.map((branch) => branchName(branch)).join(', ')
  }

  /** The record that takes the value and leaves out the fewest of its fields; -1 when no record takes it or there is no choice. */
  #mostAlike(value: unknown): number {
    const { branches } = this.#type
    const objects = branches.filter((branch) => branch.kind === 'record' || branch.kind === 'map')
    if (objects.length < 2 || !isMapLike(value) || value instanceof Map) return -1
    let [best, most] = [-1, -1]
    for (const [index, branch] of branches.entries()) {
      if (branch.kind !== 'record' || !this.#fits(branch, value, true)) continue
      const inCommon = branch.fields.filter(({ name }) => ownOrInherited(value, name) !== undefined).length
      if (inCommon > most) [best, most] = [index, inCommon]
    }
    return best
  }

  #fits(type: AvroType, value: unknown, isExact: boolean): boolean {
    if (!this.#converters.has(type)) this.#converters.set(type, converterOf(type, this.#rules))
    const converter = this.#converters.get(type)
    if (converter !== undefined) return converter.accepts(value)
    switch (type.kind) {
      case 'null':
        return value === null || value === undefined
      case 'boolean':
        return typeof value === 'boolean'
      case 'int':
        return typeof value === 'number' && (value | 0) === value && !(isExact && Object.is(value, -0))
      case 'long':
        if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value
        return Number.isSafeInteger(value) && !(isExact && Object.is(value, -0))
      case 'float':
        return typeof value === 'number' && (!isExact || Object.is(Math.fround(value), value))
      case 'double':
        return typeof value === 'number'
      case 'string':
        return typeof value === 'string'
      case 'enum':
        return type.symbols.includes(value as string)
      case 'bytes':
        return value instanceof Uint8Array
      case 'fixed':
        return value instanceof Uint8Array && value.length === type.size
      case 'array':
        return Array.isArray(value) && value.every((item) => this.#fits(type.items, item, isExact))
      case 'map': {
        if (!isMapLike(value)) return false
        const values = value instanceof Map ? [...value.values()] : Object.values(value)
        return values.every((item) => this.#fits(type.values, item, isExact))
      }
      case 'union':
        if (value instanceof UnionValue) return type.branches.some((branch) => branchName(branch) === value.branch)
        return type.branches.some((branch) => this.#fits(branch, value, isExact))
      default:
        return isObject(value) && !(value instanceof Map) && this.#fitsRecord(type, value, isExact)
    }
  }

  #fitsRecord(type: RecordType, value: Readonly<Record<string, unknown>>, isExact: boolean): boolean {
    return type.fields.every((field) => {
      const item = ownOrInherited(value, field.name)
      return (item === undefined && field.default !== undefined) || this.#fits(field.type, item, isExact)
    })
  }
}
