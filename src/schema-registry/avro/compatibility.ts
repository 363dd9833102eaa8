import { shortName, type AvroType, type EnumType, type FixedType, type RecordType } from './types.ts'

/** One reason why values of a writer's schema cannot all be read with a reader's; types and places are Java's. */
export interface AvroIncompatibility {
  readonly type:
    | 'NAME_MISMATCH'
    | 'FIXED_SIZE_MISMATCH'
    | 'MISSING_ENUM_SYMBOLS'
    | 'READER_FIELD_MISSING_DEFAULT_VALUE'
    | 'TYPE_MISMATCH'
    | 'MISSING_UNION_BRANCH'
  /** JSON pointer into the reader's schema, or into the writer's below one of its unions. */
  readonly location: string
  readonly message: string
}

const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  string: ['bytes'],
  bytes: ['string'],
}

/**
 * Why not every value of the writer's schema can be read with the reader's; empty when all can. The judgement of Java's
 * SchemaCompatibility, which registries make: stricter than reading itself, which looks at one value.
 */
export function incompatibilities(reader: AvroType, writer: AvroType): readonly AvroIncompatibility[] {
  return new Check().compare(reader, writer, '')
}

class Check {
  readonly #known = new Map<AvroType, Map<AvroType, readonly AvroIncompatibility[]>>()

  compare(reader: AvroType, writer: AvroType, at: string): readonly AvroIncompatibility[] {
    const known = this.#known.get(reader) ?? new Map<AvroType, readonly AvroIncompatibility[]>()
    this.#known.set(reader, known)
    const before = known.get(writer)
    if (before !== undefined) return before
    // Recursive types are compatible until something shows that they are not.
    known.set(writer, [])
    const found = this.#judge(reader, writer, at)
    known.set(writer, found)
    return found
  }

  #judge(reader: AvroType, writer: AvroType, at: string): readonly AvroIncompatibility[] {
    if (writer.kind === 'union') {
      return writer.branches.flatMap((branch, index) => {
        const found = this.compare(reader, branch, `${at}/${index}`)
        return found.length > 0 && reader.kind === 'union' ? [missingBranch(branch, `${at}/${index}`)] : found
      })
    }
    if (reader.kind === 'union') {
      const isTaken = reader.branches.some((branch) => this.compare(branch, writer, at).length === 0)
      return isTaken ? [] : [missingBranch(writer, at)]
    }
    if (reader.kind !== writer.kind) {
      if (PROMOTIONS[reader.kind]?.includes(writer.kind) === true) return []
      const message = `reader type: ${kindOf(reader)} not compatible with writer type: ${kindOf(writer)}`
      return [{ type: 'TYPE_MISMATCH', location: at === '' ? '/' : at, message }]
    }
    switch (reader.kind) {
      case 'array':
        return this.compare(reader.items, (writer as typeof reader).items, `${at}/items`)
      case 'map':
        return this.compare(reader.values, (writer as typeof reader).values, `${at}/values`)
      case 'fixed':
        return [...nameMismatch(reader, writer as FixedType, at), ...sizeMismatch(reader, writer as FixedType, at)]
      case 'enum':
        return [...nameMismatch(reader, writer as EnumType, at), ...missingSymbols(reader, writer as EnumType, at)]
      case 'record':
        return [...nameMismatch(reader, writer as RecordType, at), ...this.#fields(reader, writer as RecordType, at)]
      default:
        return []
    }
  }

  #fields(reader: RecordType, writer: RecordType, at: string): readonly AvroIncompatibility[] {
    return reader.fields.flatMap((field, index) => {
      const place = `${at}/fields/${index}`
      const source =
        writer.fields.find(({ name }) => name === field.name) ??
        writer.fields.find(({ name }) => field.aliases.includes(name))
      if (source !== undefined) return this.compare(field.type, source.type, `${place}/type`)
      // An enum has a default of its own, which Java takes for the field's here.
      if (field.default !== undefined || (field.type.kind === 'enum' && field.type.default !== undefined)) return []
      return [{ type: 'READER_FIELD_MISSING_DEFAULT_VALUE' as const, location: place, message: field.name }]
    })
  }
}

function kindOf(type: AvroType): string {
  return type.kind.toUpperCase()
}

function missingBranch(writer: AvroType, at: string): AvroIncompatibility {
  const message = `reader union lacking writer type: ${kindOf(writer)}`
  return { type: 'MISSING_UNION_BRANCH', location: at === '' ? '/' : at, message }
}

function nameMismatch(
  reader: RecordType | EnumType | FixedType,
  writer: RecordType | EnumType | FixedType,
  at: string,
): readonly AvroIncompatibility[] {
  if (shortName(reader.name) === shortName(writer.name) || reader.aliases.includes(writer.name)) return []
  return [{ type: 'NAME_MISMATCH', location: `${at}/name`, message: `expected: ${writer.name}` }]
}

function sizeMismatch(reader: FixedType, writer: FixedType, at: string): readonly AvroIncompatibility[] {
  if (reader.size === writer.size) return []
  const message = `expected: ${writer.size}, found: ${reader.size}`
  return [{ type: 'FIXED_SIZE_MISMATCH', location: `${at}/size`, message }]
}

function missingSymbols(reader: EnumType, writer: EnumType, at: string): readonly AvroIncompatibility[] {
  const missing = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol)).sort()
  if (missing.length === 0 || reader.default !== undefined) return []
  return [{ type: 'MISSING_ENUM_SYMBOLS', location: `${at}/symbols`, message: `[${missing.join(', ')}]` }]
}
