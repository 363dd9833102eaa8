import { shortName, type AvroType, type NamedType, type RecordType } from './types.ts'

/**
 * What a reader's schema calls the writer's names, by its aliases, as Java applies them: first those of types, all over the schema;
 * then those of fields, in a record of the writer whose name, so translated, is the reader's with its namespace.
 */
export class Aliases {
  readonly #types = new Map<string, string>()
  readonly #fields = new Map<string, Map<string, string>>()

  constructor(reader: AvroType) {
    const seen = new Set<AvroType>()
    const collect = (type: AvroType): void => {
      if (seen.has(type)) return
      seen.add(type)
      if (type.kind === 'array') collect(type.items)
      if (type.kind === 'map') collect(type.values)
      if (type.kind === 'union') type.branches.forEach(collect)
      if ('aliases' in type) for (const alias of type.aliases) this.#types.set(alias, type.name)
      if (type.kind !== 'record') return
      for (const field of type.fields) {
        for (const alias of field.aliases) this.#fieldsOf(type).set(alias, field.name)
        collect(field.type)
      }
    }
    collect(reader)
  }

  #fieldsOf(record: RecordType): Map<string, string> {
    const fields = this.#fields.get(record.name) ?? new Map<string, string>()
    this.#fields.set(record.name, fields)
    return fields
  }

  /** Full name that the reader has for a type of the writer. */
  typeName(writer: NamedType): string {
    return this.#types.get(writer.name) ?? writer.name
  }

  /** The same without its namespace. */
  shortName(writer: NamedType): string {
    return shortName(this.typeName(writer))
  }

  /** Name that the reader has for a field of a record of the writer. */
  fieldName(record: RecordType, field: string): string {
    return this.#fields.get(this.typeName(record))?.get(field) ?? field
  }
}
