import { concatBytes } from './bytes.ts'
import { type FieldDescriptor, LABEL, type MessageDescriptor } from './descriptor.ts'
import { encodeOptionField } from './encode-option.ts'
import { OptionTypes } from './option-types.ts'
import type { OptionStatement, ParsedFile } from './parsed-file.ts'
import type { ProtoFile, ProtoSymbol, Scope } from './symbols.ts'
import { WIRE, WireWriter } from './wire.ts'

/** The message of descriptor.proto that holds the options of each kind of definition. */
export const OPTION_MESSAGES = {
  file: 'google.protobuf.FileOptions',
  message: 'google.protobuf.MessageOptions',
  field: 'google.protobuf.FieldOptions',
  extension: 'google.protobuf.FieldOptions',
  oneof: 'google.protobuf.OneofOptions',
  enum: 'google.protobuf.EnumOptions',
  'enum value': 'google.protobuf.EnumValueOptions',
  service: 'google.protobuf.ServiceOptions',
  method: 'google.protobuf.MethodOptions',
  'extension range': 'google.protobuf.ExtensionRangeOptions',
} as const

/**
 * Encodes the options of every definition of the file into its descriptor: those that descriptor.proto knows merged and by number,
 * custom options behind them in the order of the text, which is what protoc writes. Throws ProtoError.
 */
export function interpretOptions(
  parsed: ParsedFile,
  scope: Scope,
  symbols: readonly ProtoSymbol[],
  optionTypes: () => ProtoFile,
): void {
  // Read only where there is something to interpret, and so never for descriptor.proto itself.
  if (parsed.options.size === 0) return
  const types = new OptionTypes(parsed, scope, optionTypes())
  const set = (kind: keyof typeof OPTION_MESSAGES, descriptor: { options?: Uint8Array }, fullName: string): void => {
    const statements = parsed.options.get(descriptor)
    if (statements !== undefined) descriptor.options = interpret(types, OPTION_MESSAGES[kind], statements, fullName)
  }
  set('file', parsed.descriptor, parsed.descriptor.package ?? '')
  for (const symbol of symbols) {
    if (symbol.kind === 'package') continue
    set(symbol.kind, symbol.descriptor, symbol.fullName)
    if (symbol.kind !== 'message') continue
    for (const range of symbol.descriptor.extensionRange) set('extension range', range, symbol.fullName)
  }
}

function interpret(
  types: OptionTypes,
  messageName: string,
  statements: readonly OptionStatement[],
  fullName: string,
): Uint8Array {
  const known = new OptionTree()
  const custom = new OptionTree()
  const given = new Set<string>()
  for (const statement of statements) {
    const path = resolvePath(types, messageName, statement, fullName)
    const last = path.at(-1)!
    const id = path.map(({ number }) => number).join('.')
    if (last.label !== LABEL.repeated && given.has(id)) {
      throw types.error(`option "${optionName(statement)}" is already set`, statement.place)
    }
    given.add(id)
    const encoded = encodeOptionField(types, last, statement.value, fullName)
    const tree = statement.name[0]!.isExtension ? custom : known
    tree.add(path, encoded)
  }
  return concatBytes([known.encode(true), custom.encode(false)])
}

/** The fields that the parts of an option's name stand for. */
function resolvePath(
  types: OptionTypes,
  messageName: string,
  statement: OptionStatement,
  fullName: string,
): FieldDescriptor[] {
  const path: FieldDescriptor[] = []
  let message: MessageDescriptor | undefined = types.message(messageName)
  let name = messageName
  for (const part of statement.name) {
    const before = path.at(-1)
    if (before !== undefined) {
      if (before.label === LABEL.repeated) {
        throw types.error(`option "${optionName(statement)}" goes into a repeated field`, statement.place)
      }
      name = before.typeName?.slice(1) ?? ''
      message = types.message(name)
    }
    const field: FieldDescriptor | undefined =
      message === undefined ? undefined : types.field(message, name, part, fullName)
    if (field === undefined) {
      throw types.error(
        `option "${optionName(statement)}" is unknown: is the file imported that defines it?`,
        statement.place,
      )
    }
    path.push(field)
  }
  if (messageName === OPTION_MESSAGES.message && path[0]?.name === 'map_entry') {
    throw types.error('map_entry is not set by hand: write a map field', statement.place)
  }
  return path
}

function optionName(statement: OptionStatement): string {
  return statement.name.map(({ text, isExtension }) => (isExtension ? `(${text})` : text)).join('.')
}

/** Encoded fields of an options message, where messages are merged from several statements. */
class OptionTree {
  readonly #fields = new Map<number, Uint8Array[] | OptionTree>()

  add(path: readonly FieldDescriptor[], encoded: Uint8Array): void {
    const [first, ...rest] = path
    const { number } = first!
    const entry = this.#fields.get(number)
    if (rest.length > 0) {
      const tree = entry instanceof OptionTree ? entry : new OptionTree()
      this.#fields.set(number, tree)
      tree.add(rest, encoded)
    } else if (Array.isArray(entry)) entry.push(encoded)
    else this.#fields.set(number, [encoded])
  }

  encode(isSorted: boolean): Uint8Array {
    const parts: Uint8Array[] = []
    const entries = [...this.#fields]
    if (isSorted) entries.sort(([a], [b]) => a - b)
    for (const [number, entry] of entries) {
      if (Array.isArray(entry)) parts.push(...entry)
      else parts.push(new WireWriter().tag(number, WIRE.bytes).bytes(entry.encode(isSorted)).finish())
    }
    return concatBytes(parts)
  }
}
