import type { EnumDescriptor, FieldDescriptor, MessageDescriptor } from './descriptor.ts'
import type { OptionNamePart, ParsedFile } from './parsed-file.ts'
import type { Place, ProtoError } from './proto-error.ts'
import { type ProtoFile, type ProtoSymbol, reachableFiles, type Scope } from './symbols.ts'

/**
 * Types of options, as one file sees them. Extensions have to be visible by their names; the types of their fields only have to be
 * somewhere among the imports of imports.
 */
export class OptionTypes {
  readonly #parsed: ParsedFile
  readonly #scope: Scope
  readonly #files: readonly ProtoFile[]

  constructor(parsed: ParsedFile, scope: Scope, optionTypes: ProtoFile) {
    this.#parsed = parsed
    this.#scope = scope
    const reachable = reachableFiles(scope.dependencies)
    // A descriptor.proto that the file imports is the one whose messages its extensions extend.
    this.#files = [...reachable, optionTypes]
  }

  message(fullName: string): MessageDescriptor | undefined {
    const symbol = this.#symbol(fullName)
    return symbol?.kind === 'message' ? symbol.descriptor : undefined
  }

  enum(fullName: string): EnumDescriptor | undefined {
    const symbol = this.#symbol(fullName)
    return symbol?.kind === 'enum' ? symbol.descriptor : undefined
  }

  /** The field or extension of a message that a name means within `scope`. */
  field(
    message: MessageDescriptor,
    messageName: string,
    name: OptionNamePart,
    scope: string,
  ): FieldDescriptor | undefined {
    if (!name.isExtension) {
      return message.field.find((field) => field.name === name.text || isGroupName(field, name.text))
    }
    const symbol = this.#scope.find(name.text, scope, ({ kind }) => kind === 'extension')
    return symbol?.kind === 'extension' && symbol.descriptor.extendee === `.${messageName}`
      ? symbol.descriptor
      : undefined
  }

  error(reason: string, place: Place): ProtoError {
    return this.#parsed.errorAt(reason, place)
  }

  #symbol(fullName: string): ProtoSymbol | undefined {
    const own = this.#scope.get(fullName)
    if (own !== undefined) return own
    for (const { symbols } of this.#files) {
      const symbol = symbols.get(fullName)
      if (symbol !== undefined) return symbol
    }
    return undefined
  }
}

/** In the text format a group goes by the name of its message. */
function isGroupName(field: FieldDescriptor, name: string): boolean {
  return field.type === 10 && field.typeName?.split('.').at(-1) === name
}
