import type { AvroReader } from './reader.ts'
import type { AvroType } from './types.ts'

const known = new WeakMap<AvroType, number>()

/**
 * The fewest bytes that a value of the type takes. A record within itself counts as nothing, which is less than the truth only where
 * no union or container stands between: no value of it can end.
 */
export function minBytes(type: AvroType): number {
  switch (type.kind) {
    case 'null':
      return 0
    case 'float':
      return 4
    case 'double':
      return 8
    case 'fixed':
      return type.size
    case 'record': {
      const size = known.get(type)
      if (size !== undefined) return size
      known.set(type, 0)
      const sum = type.fields.reduce((sum, field) => sum + minBytes(field.type), 0)
      known.set(type, sum)
      return sum
    }
    default:
      return 1
  }
}

/** Passes over a value. */
export type Skip = (reader: AvroReader) => void

/** Compiles what passes over values of a type; `known` holds what was compiled before, which ends recursion. */
export function compileSkip(type: AvroType, known: Map<AvroType, Skip>): Skip {
  const compiled = known.get(type)
  if (compiled !== undefined) return compiled
  const keep = (skip: Skip): Skip => {
    known.set(type, skip)
    return skip
  }
  switch (type.kind) {
    case 'null':
      return () => {}
    case 'boolean':
      return (reader) => reader.skip(1)
    case 'int':
    case 'long':
    case 'enum':
      return (reader) => reader.skipLong()
    case 'float':
      return (reader) => reader.skip(4)
    case 'double':
      return (reader) => reader.skip(8)
    case 'string':
    case 'bytes':
      return (reader) => reader.skipByteString()
    case 'fixed': {
      const { size } = type
      return (reader) => reader.skip(size)
    }
    case 'array': {
      const [item, size] = [compileSkip(type.items, known), minBytes(type.items)]
      return keep((reader) => reader.skipBlocks(size, item))
    }
    case 'map': {
      const [value, size] = [compileSkip(type.values, known), 1 + minBytes(type.values)]
      const entry: Skip = (reader) => {
        reader.skipByteString()
        value(reader)
      }
      return keep((reader) => reader.skipBlocks(size, entry))
    }
    case 'union': {
      const branches = type.branches.map((branch) => compileSkip(branch, known))
      return keep((reader) => branches[reader.index(branches.length, 'branch')]!(reader))
    }
    default: {
      const fields: Skip[] = []
      const skip = keep((reader) => {
        reader.enter()
        for (const field of fields) field(reader)
        reader.leave()
      })
      for (const field of type.fields) fields.push(compileSkip(field.type, known))
      return skip
    }
  }
}
