import type { Aliases } from './aliases.ts'
import { shortName, type AvroType, type UnionType } from './types.ts'

/**
 * Whether two unions have the same branches in the same order, down to the names of fields, whatever the namespaces. A branch then
 * stands for the branch at its place: without this an enum that moved to another namespace would find none.
 */
export function areAlikeUnions(writer: UnionType, reader: UnionType, aliases: Aliases): boolean {
  const seen = new Map<AvroType, Set<AvroType>>()
  const isAlike = (writer: AvroType, reader: AvroType): boolean => {
    if (writer.kind === 'array') return reader.kind === 'array' && isAlike(writer.items, reader.items)
    if (writer.kind === 'map') return reader.kind === 'map' && isAlike(writer.values, reader.values)
    if (writer.kind === 'union') return reader.kind === 'union' && areAll(writer.branches, reader.branches)
    if (!('name' in writer)) return writer.kind === reader.kind
    if (!('name' in reader) || aliases.shortName(writer) !== shortName(reader.name)) return false
    if (writer.kind === 'fixed') return reader.kind === 'fixed' && writer.size === reader.size
    if (writer.kind === 'enum') return reader.kind === 'enum' && writer.symbols.join() === reader.symbols.join()
    if (reader.kind !== 'record') return false
    const pairs = seen.get(writer) ?? new Set<AvroType>()
    if (pairs.has(reader)) return true
    seen.set(writer, pairs.add(reader))
    const names = writer.fields.map((field) => aliases.fieldName(writer, field.name))
    return (
      names.join() === reader.fields.map((field) => field.name).join() &&
      areAll(
        writer.fields.map((field) => field.type),
        reader.fields.map((field) => field.type),
      )
    )
  }
  const areAll = (writers: readonly AvroType[], readers: readonly AvroType[]): boolean =>
    writers.length === readers.length && writers.every((type, index) => isAlike(type, readers[index]!))
  return areAll(writer.branches, reader.branches)
}
