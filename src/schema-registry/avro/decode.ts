import { Misfit, within, keyStep } from './misfit.ts'
import { converterOf, type ValueRules } from './options.ts'
import type { AvroReader } from './reader.ts'
import { minBytes } from './skip.ts'
import { branchName, type AvroType, type RecordType } from './types.ts'
import { UnionValue } from './union-value.ts'

/** Reads one value. */
export type Decode = (reader: AvroReader) => unknown

/** Compiles what reads values as they were written; the same type gives the same function, which ends recursion. */
export class DecodeCompiler {
  readonly rules: ValueRules
  readonly #compiled = new Map<AvroType, Decode>()

  constructor(rules: ValueRules) {
    this.rules = rules
  }

  compile(type: AvroType): Decode {
    const compiled = this.#compiled.get(type)
    if (compiled !== undefined) return compiled
    const decode = this.converting(type, this.#underlying(type))
    this.#compiled.set(type, decode)
    return decode
  }

  /** The decoder with the conversion of the type's logical type behind it. */
  converting(type: AvroType, decode: Decode): Decode {
    const converter = converterOf(type, this.rules)
    return converter === undefined ? decode : (reader) => converter.fromAvro(decode(reader))
  }

  #underlying(type: AvroType): Decode {
    switch (type.kind) {
      case 'null':
        return () => null
      case 'boolean':
        return (reader) => reader.boolean()
      case 'int':
        return (reader) => reader.int()
      case 'long':
        return longDecoder(this.rules)
      case 'float':
        return (reader) => reader.float()
      case 'double':
        return (reader) => reader.double()
      case 'string':
        return (reader) => reader.string()
      case 'bytes':
        return (reader) => reader.byteString()
      case 'fixed': {
        const { size } = type
        return (reader) => reader.raw(size)
      }
      case 'enum': {
        const { symbols } = type
        return (reader) => symbols[reader.index(symbols.length, 'symbol')]
      }
      case 'array':
        return arrayDecoder(this.compile(type.items), minBytes(type.items))
      case 'map':
        return mapDecoder(this.compile(type.values), minBytes(type.values))
      case 'union':
        return unionDecoder(type.branches.map((branch) => this.branch(branch, this.compile(branch))))
      default:
        return this.#record(type)
    }
  }

  /** The decoder of a union's branch: it tags the value where that is asked for. */
  branch(type: AvroType, decode: Decode): Decode {
    if (!this.rules.tagsUnions || type.kind === 'null') return decode
    const name = branchName(type)
    return (reader) => new UnionValue(name, decode(reader))
  }

  #record(type: RecordType): Decode {
    const fields: FieldStep[] = []
    const decode = recordDecoder(
      type.fields.map((field) => field.name),
      fields,
      true,
    )
    // Known before its fields are compiled: they may lead back to it.
    this.#compiled.set(type, decode)
    for (const field of type.fields) fields.push({ name: field.name, decode: this.compile(field.type) })
    return decode
  }
}

/** A field as it comes off the wire; one without a name has no place in the record, its decoder only passes over it. */
export interface FieldStep {
  readonly name: string | undefined
  readonly decode: Decode
}

/** Reads a record: `steps` in the order of the wire, into an object whose fields stand in the order of `names`. */
export function recordDecoder(names: readonly string[], steps: readonly FieldStep[], isInOrder: boolean): Decode {
  const create = isInOrder && !names.includes('__proto__') ? emptyObjects() : copies(names)
  return (reader) => {
    reader.enter()
    const record = create()
    let i = 0
    try {
      for (; i < steps.length; i++) {
        const { name, decode } = steps[i]!
        if (name === undefined) decode(reader)
        else record[name] = decode(reader)
      }
    } catch (error) {
      throw within(steps[i]!.name ?? '(a field that is not read)', error)
    }
    reader.leave()
    return record
  }
}

/**
 * Makes plain objects to which fields are then added. A constructor for each schema lets the engine learn how many there will be:
 * filling `{}` takes half as long again, and grows slower with every schema that is in use.
 */
function emptyObjects(): () => Record<string, unknown> {
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- one for all schemas would be no help
  function Shape(): void {}
  Shape.prototype = Object.prototype
  const Plain = Shape as unknown as new () => Record<string, unknown>
  return () => new Plain()
}

/** Copies an object that has all fields: keeps their order however they come, and makes `__proto__` a field like any other. */
function copies(names: readonly string[]): () => Record<string, unknown> {
  const template = Object.fromEntries(names.map((name) => [name, null])) as Record<string, unknown>
  return () => ({ ...template })
}

export function longDecoder({ longs }: ValueRules): Decode {
  if (longs === 'auto') return (reader) => reader.long()
  if (longs === 'bigint') return (reader) => BigInt(reader.long())
  return (reader) => {
    const value = reader.long()
    if (typeof value === 'number') return value
    throw new Misfit(`${value} is beyond what a number holds exactly: read longs as 'auto' or 'bigint'`)
  }
}

/** @param size - fewest bytes of an item as it was written. */
export function arrayDecoder(item: Decode, size: number): Decode {
  return (reader) => {
    const items: unknown[] = []
    try {
      for (let count = reader.blockCount(size); count > 0; count = reader.blockCount(size)) {
        for (; count > 0; count--) items.push(item(reader))
      }
    } catch (error) {
      throw within(items.length, error)
    }
    return items
  }
}

/** @param size - fewest bytes of a value as it was written. */
export function mapDecoder(value: Decode, size: number): Decode {
  return (reader) => {
    const map: Record<string, unknown> = {}
    for (let count = reader.blockCount(size + 1); count > 0; count = reader.blockCount(size + 1)) {
      for (; count > 0; count--) {
        const key = reader.string()
        try {
          const decoded = value(reader)
          if (key === '__proto__') {
            Object.defineProperty(map, key, { value: decoded, enumerable: true, configurable: true, writable: true })
          } else {
            map[key] = decoded
          }
        } catch (error) {
          throw within(keyStep(key), error)
        }
      }
    }
    return map
  }
}

export function unionDecoder(branches: readonly Decode[]): Decode {
  return (reader) => branches[reader.index(branches.length, 'branch')]!(reader)
}
