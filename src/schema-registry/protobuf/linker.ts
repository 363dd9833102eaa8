import { checkFile } from './checks.ts'
import { type FieldDescriptor, LABEL, TYPE } from './descriptor.ts'
import { interpretOptions } from './interpret-options.ts'
import type { ParsedFile } from './parsed-file.ts'
import { definitions, packagesOf, type ProtoFile, type ProtoSymbol, Scope } from './symbols.ts'

/**
 * Resolves every name in a parsed file, checks it against the rules of the language, and encodes its options. The descriptor of
 * `parsed` is completed in place. `dependencies` are the files it imports, in order; `optionTypes` is descriptor.proto.
 * Throws ProtoError at the first thing that is wrong.
 */
export function linkFile(
  parsed: ParsedFile,
  dependencies: readonly ProtoFile[],
  optionTypes: () => ProtoFile,
): ProtoFile {
  const { descriptor } = parsed
  const own = [...definitions(descriptor)]
  const symbols = new Map<string, ProtoSymbol>()
  for (const symbol of packagesOf(descriptor)) symbols.set(symbol.fullName, symbol)
  const scope = new Scope(symbols, dependencies)
  for (const symbol of own) {
    const other = scope.get(symbol.fullName)
    if (other !== undefined) throw parsed.error(`"${symbol.fullName}" is already defined`, symbolPlace(symbol))
    symbols.set(symbol.fullName, symbol)
  }
  for (const symbol of own) linkSymbol(parsed, scope, symbol)
  checkFile(parsed, scope, own)
  interpretOptions(parsed, scope, own, optionTypes)
  return { descriptor, dependencies, symbols }
}

function linkSymbol(parsed: ParsedFile, scope: Scope, symbol: ProtoSymbol): void {
  if (symbol.kind === 'field') linkType(parsed, scope, symbol.descriptor, symbol.scope)
  else if (symbol.kind === 'extension') {
    linkType(parsed, scope, symbol.descriptor, symbol.scope)
    linkExtendee(parsed, scope, symbol.descriptor, symbol.scope)
  } else if (symbol.kind === 'method') {
    const { descriptor, fullName } = symbol
    const find = (name: string, of: 'input' | 'output'): string => {
      const type = scope.find(name, fullName, isType)
      if (type === undefined) throw parsed.error(`"${name}" is not defined`, descriptor, of)
      if (type.kind !== 'message') throw parsed.error(`"${name}" is not a message`, descriptor, of)
      return `.${type.fullName}`
    }
    descriptor.inputType = find(descriptor.inputType, 'input')
    descriptor.outputType = find(descriptor.outputType, 'output')
  }
}

function linkType(parsed: ParsedFile, scope: Scope, field: FieldDescriptor, owner: string): void {
  if (field.typeName !== undefined) {
    const type = scope.find(field.typeName, owner, isType)
    if (type === undefined) throw parsed.error(`"${field.typeName}" is not defined`, field, 'type')
    field.typeName = `.${type.fullName}`
    field.type ??= type.kind === 'enum' ? TYPE.enum : TYPE.message
    if (field.defaultValue !== undefined) checkNamedDefault(parsed, field, type)
  }
  if (field.defaultValue === undefined) return
  if (parsed.isProto3()) throw parsed.error('proto3 has no explicit defaults', field, 'default')
  if (field.label === LABEL.repeated) throw parsed.error('repeated fields have no default', field, 'default')
}

function checkNamedDefault(parsed: ParsedFile, field: FieldDescriptor, type: ProtoSymbol): void {
  if (type.kind !== 'enum') throw parsed.error('messages have no default', field, 'default')
  if (!type.descriptor.value.some(({ name }) => name === field.defaultValue)) {
    throw parsed.error(`enum ${type.fullName} has no value "${field.defaultValue}"`, field, 'default')
  }
}

function linkExtendee(parsed: ParsedFile, scope: Scope, field: FieldDescriptor, owner: string): void {
  const name = field.extendee!
  const type = scope.find(name, owner, isType)
  if (type === undefined) throw parsed.error(`"${name}" is not defined`, field, 'extendee')
  if (type.kind !== 'message') throw parsed.error(`"${name}" is not a message`, field, 'extendee')
  field.extendee = `.${type.fullName}`
  const { number } = field
  if (!type.descriptor.extensionRange.some(({ start, end }) => number >= start && number < end)) {
    throw parsed.error(`"${type.fullName}" does not let field ${number} be an extension`, field, 'number')
  }
}

/** Whether the symbol can be the type of a field. */
export function isType(symbol: ProtoSymbol): boolean {
  return symbol.kind === 'message' || symbol.kind === 'enum'
}

function symbolPlace(symbol: ProtoSymbol): object {
  return symbol.kind === 'package' ? symbol : symbol.descriptor
}
