import { encodeDefault } from './default-decoder.ts'
import { notA, keyStep, within, Misfit } from './misfit.ts'
import { converterOf, type ValueRules } from './options.ts'
import { isMapLike, isObject, ownOrInherited } from './record-value.ts'
import type { AvroType, RecordType, UnionType } from './types.ts'
import { BranchChooser } from './union-branch.ts'
import { UnionValue } from './union-value.ts'
import type { AvroWriter } from './writer.ts'

/** Writes one value. Throws Misfit for one that the type cannot carry. */
export type Encode = (out: AvroWriter, value: unknown) => void

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const EXACT_LONG = 'a long: whole numbers beyond ±(2^53 - 1) must be bigints'
/** How deep recursive records may be nested: as for reading, and so that a value that holds itself ends. */
const MAX_DEPTH = 1000

/** Compiles what writes values; the same type gives the same function, which ends recursion. */
export class EncodeCompiler {
  readonly #rules: ValueRules
  readonly #compiled = new Map<AvroType, Encode>()

  constructor(rules: ValueRules) {
    this.#rules = rules
  }

  compile(type: AvroType): Encode {
    const compiled = this.#compiled.get(type)
    if (compiled !== undefined) return compiled
    const encode = this.#underlying(type)
    const converter = converterOf(type, this.#rules)
    const whole: Encode = converter === undefined ? encode : (out, value) => encode(out, converter.toAvro(value))
    this.#compiled.set(type, whole)
    return whole
  }

  #underlying(type: AvroType): Encode {
    switch (type.kind) {
      case 'null':
        return (_, value) => {
          if (value !== null && value !== undefined) throw notA('null', value)
        }
      case 'boolean':
        return (out, value) => {
          if (typeof value !== 'boolean') throw notA('a boolean', value)
          out.boolean(value)
        }
      case 'int':
        return (out, value) => {
          if (typeof value !== 'number' || (value | 0) !== value) throw notA('an int', value)
          out.int(value)
        }
      case 'long':
        return (out, value) => {
          const isLong =
            typeof value === 'bigint' ? value >= INT64_MIN && value <= INT64_MAX : Number.isSafeInteger(value)
          if (!isLong) throw notA(typeof value === 'number' ? EXACT_LONG : 'a long', value)
          out.long(value as number | bigint)
        }
      case 'float':
        return (out, value) => {
          if (typeof value !== 'number') throw notA('a float', value)
          out.float(value)
        }
      case 'double':
        return (out, value) => {
          if (typeof value !== 'number') throw notA('a double', value)
          out.double(value)
        }
      case 'string':
        return (out, value) => {
          if (typeof value !== 'string') throw notA('a string', value)
          out.string(value)
        }
      case 'bytes':
        return (out, value) => {
          if (!(value instanceof Uint8Array)) throw notA('bytes, a Uint8Array', value)
          out.byteString(value)
        }
      case 'fixed': {
        const { size } = type
        return (out, value) => {
          if (!(value instanceof Uint8Array)) throw notA(`${size} bytes, a Uint8Array`, value)
          if (value.length !== size) throw new Misfit(`${value.length} bytes are not the ${size} of ${type.name}`)
          out.raw(value)
        }
      }
      case 'enum': {
        const indexes = new Map<unknown, number>(type.symbols.map((symbol, index) => [symbol, index]))
        return (out, value) => {
          const index = indexes.get(value)
          if (index === undefined) throw notA(`one of the symbols of ${type.name}: ${type.symbols.join(', ')}`, value)
          out.int(index)
        }
      }
      case 'array':
        return arrayEncoder(this.compile(type.items))
      case 'map':
        return mapEncoder(this.compile(type.values))
      case 'union':
        return this.#union(type)
      default:
        return this.#record(type)
    }
  }

  #union(type: UnionType): Encode {
    const branches: Encode[] = []
    const chooser = new BranchChooser(type, this.#rules)
    for (const branch of type.branches) branches.push(this.compile(branch))
    return (out, value) => {
      const index = chooser.choose(value)
      out.int(index)
      branches[index]!(out, value instanceof UnionValue ? value.value : value)
    }
  }

  #record(type: RecordType): Encode {
    const names = type.fields.map((field) => field.name)
    const hasAwkwardName = names.some((name) => name in Object.prototype)
    const fields: Encode[] = []
    const defaults: (Uint8Array | undefined)[] = []
    const encode: Encode = (out, value) => {
      if (!isObject(value)) throw notA(`a record ${type.name}`, value)
      if (++out.depth > MAX_DEPTH) throw new Misfit(`records are nested more than ${MAX_DEPTH} deep`)
      let i = 0
      try {
        for (; i < fields.length; i++) {
          const item = hasAwkwardName ? ownOrInherited(value, names[i]!) : value[names[i]!]
          const missing = item === undefined ? defaults[i] : undefined
          if (missing === undefined) fields[i]!(out, item)
          else out.raw(missing)
        }
      } catch (error) {
        throw within(names[i]!, error)
      }
      out.depth--
    }
    // Known before its fields are compiled: they may lead back to it.
    this.#compiled.set(type, encode)
    for (const field of type.fields) {
      fields.push(this.compile(field.type))
      defaults.push(usableDefault(field))
    }
    return encode
  }
}

/** What a field that is left out is written as; undefined when it has no default, or one that is no value of its type. */
function usableDefault({ type, default: json }: RecordType['fields'][number]): Uint8Array | undefined {
  if (json === undefined) return undefined
  try {
    return encodeDefault(type, json)
  } catch (error) {
    if (error instanceof Misfit) return undefined
    throw error
  }
}

function arrayEncoder(item: Encode): Encode {
  return (out, value) => {
    if (!Array.isArray(value)) throw notA('an array', value)
    const { length } = value
    if (length > 0) out.int(length)
    let i = 0
    try {
      for (; i < length; i++) item(out, value[i])
    } catch (error) {
      throw within(i, error)
    }
    out.int(0)
  }
}

function mapEncoder(encode: Encode): Encode {
  return (out, value) => {
    if (!isMapLike(value)) throw notA('a map, an object or a Map', value)
    const entries = value instanceof Map ? [...value] : Object.entries(value)
    if (entries.length > 0) out.int(entries.length)
    for (const [key, item] of entries) {
      if (typeof key !== 'string') throw notA('a string, as keys of maps must be', key)
      try {
        out.string(key)
        encode(out, item)
      } catch (error) {
        throw within(keyStep(key), error)
      }
    }
    out.int(0)
  }
}
