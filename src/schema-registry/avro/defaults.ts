import { isJsonObject, type JsonValue } from './json.ts'
import { Misfit } from './misfit.ts'
import type { AvroType } from './types.ts'
import type { AvroWriter } from './writer.ts'

const INT_MAX = 0x7fffffff
const LONG_MAX = 2n ** 63n - 1n

function isWholeWithin(json: JsonValue, max: number | bigint): boolean {
  if (typeof json === 'number' && !Number.isInteger(json)) return false
  if (typeof json !== 'number' && typeof json !== 'bigint') return false
  return BigInt(json) <= BigInt(max) && BigInt(json) >= -BigInt(max) - 1n
}

/** Whether a default fits its type, as Java judges it: any branch of a union will do, not the first alone. */
export function isValidDefault(type: AvroType, json: JsonValue): boolean {
  switch (type.kind) {
    case 'null':
      return json === null
    case 'boolean':
      return typeof json === 'boolean'
    case 'int':
      return isWholeWithin(json, INT_MAX)
    case 'long':
      return isWholeWithin(json, LONG_MAX)
    case 'float':
    case 'double':
      return typeof json === 'number' || typeof json === 'bigint'
    case 'string':
    case 'bytes':
    case 'enum':
    case 'fixed':
      return typeof json === 'string'
    case 'array':
      return Array.isArray(json) && json.every((item) => isValidDefault(type.items, item as JsonValue))
    case 'map':
      return isJsonObject(json) && Object.values(json).every((value) => isValidDefault(type.values, value))
    case 'union':
      return type.branches.some((branch) => isValidDefault(branch, json))
    default:
      return (
        isJsonObject(json) &&
        type.fields.every((field) => {
          const value = Object.hasOwn(json, field.name) ? json[field.name] : field.default
          return value !== undefined && isValidDefault(field.type, value)
        })
      )
  }
}

/** Writes a default as a value of its type. Throws Misfit for one that the type cannot carry. */
export function writeDefault(out: AvroWriter, type: AvroType, json: JsonValue): void {
  if (!isValidDefault(type, json)) throw new Misfit(`a default does not fit its type, ${type.kind}`)
  switch (type.kind) {
    case 'null':
      return
    case 'boolean':
      return out.boolean(json as boolean)
    case 'int':
      return out.int(Number(json))
    case 'long':
      return out.long(json as number | bigint)
    case 'float':
      return out.float(Number(json))
    case 'double':
      return out.double(Number(json))
    case 'string':
      return out.string(json as string)
    case 'bytes':
      return out.byteString(latin1(json as string))
    case 'fixed': {
      const bytes = latin1(json as string)
      if (bytes.length !== type.size) throw new Misfit(`a default of ${type.name} has not its size, ${type.size}`)
      return out.raw(bytes)
    }
    case 'enum': {
      const index = type.symbols.indexOf(json as string)
      if (index < 0) throw new Misfit(`a default of ${type.name} is none of its symbols`)
      return out.int(index)
    }
    case 'array': {
      const items = json as readonly JsonValue[]
      if (items.length > 0) out.int(items.length)
      for (const item of items) writeDefault(out, type.items, item)
      return out.int(0)
    }
    case 'map': {
      const entries = Object.entries(json as Record<string, JsonValue>)
      if (entries.length > 0) out.int(entries.length)
      for (const [key, value] of entries) {
        out.string(key)
        writeDefault(out, type.values, value)
      }
      return out.int(0)
    }
    case 'union': {
      const index = type.branches.findIndex((branch) => isValidDefault(branch, json))
      out.int(index)
      return writeDefault(out, type.branches[index]!, json)
    }
    case 'record': {
      const given = json as Record<string, JsonValue>
      for (const field of type.fields) {
        writeDefault(out, field.type, Object.hasOwn(given, field.name) ? given[field.name]! : field.default!)
      }
    }
  }
}

/** Bytes that JSON writes as the characters U+0000 to U+00FF. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.codePointAt(0)!
    if (code > 0xff) throw new Misfit('a default of bytes has a character above U+00FF')
    return code
  })
}
