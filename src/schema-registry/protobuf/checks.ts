import {
  type EnumDescriptor,
  type FieldDescriptor,
  MAX_FIELD_NUMBER,
  type MessageDescriptor,
  type NumberRange,
} from './descriptor.ts'
import { jsonNameOf } from './names.ts'
import type { OptionStatement, OptionValue, ParsedFile } from './parsed-file.ts'
import type { ProtoSymbol, Scope } from './symbols.ts'

/** Options messages that proto3 files may extend; they may extend nothing else. */
const OPTION_MESSAGE = /^\.google\.protobuf\.\w+Options$|^\.google\.protobuf\.FeatureSet$/

/** Checks what is left of the language's rules once names are resolved. Throws ProtoError. */
export function checkFile(parsed: ParsedFile, scope: Scope, symbols: readonly ProtoSymbol[]): void {
  for (const symbol of symbols) {
    if (symbol.kind === 'message') checkMessage(parsed, symbol.descriptor)
    else if (symbol.kind === 'enum') checkEnum(parsed, symbol.descriptor)
    else if (symbol.kind === 'field') checkField(parsed, scope, symbol.descriptor)
    else if (symbol.kind === 'extension') {
      checkField(parsed, scope, symbol.descriptor)
      if (parsed.isProto3() && !OPTION_MESSAGE.test(symbol.descriptor.extendee ?? '')) {
        throw parsed.error('proto3 allows extensions of options only', symbol.descriptor, 'extendee')
      }
    }
  }
}

function checkField(parsed: ParsedFile, scope: Scope, field: FieldDescriptor): void {
  const { number } = field
  if (number < 1) throw parsed.error('field numbers start at 1', field, 'number')
  if (number > MAX_FIELD_NUMBER) throw parsed.error(`field numbers end at ${MAX_FIELD_NUMBER}`, field, 'number')
  if (number >= 19_000 && number < 20_000) {
    throw parsed.error('field numbers 19000 to 19999 are reserved for Protobuf itself', field, 'number')
  }
  if (parsed.isProto3() && field.typeName !== undefined) {
    const type = scope.get(field.typeName.slice(1))
    if (type?.kind === 'enum' && type.descriptor.value[0]?.number !== 0) {
      throw parsed.error(`enum ${type.fullName} does not start at zero: proto3 cannot use it`, field, 'type')
    }
  }
}

function checkMessage(parsed: ParsedFile, message: MessageDescriptor): void {
  const byNumber = new Map<number, string>()
  for (const field of message.field) {
    const other = byNumber.get(field.number)
    if (other !== undefined) {
      throw parsed.error(`field number ${field.number} is already used by "${other}"`, field, 'number')
    }
    byNumber.set(field.number, field.name)
    if (isWithin(message.reservedRange, field.number)) {
      throw parsed.error(`field number ${field.number} is reserved`, field, 'number')
    }
    if (message.reservedName.includes(field.name)) throw parsed.error(`field name "${field.name}" is reserved`, field)
    if (isWithin(message.extensionRange, field.number)) {
      throw parsed.error(`field number ${field.number} is set aside for extensions`, field, 'number')
    }
  }
  checkRanges(parsed, [...message.reservedRange, ...message.extensionRange])
  if (parsed.isProto3() && message.extensionRange[0] !== undefined) {
    throw parsed.error('proto3 has no extension ranges', message.extensionRange[0])
  }
  checkJsonNames(parsed, message)
}

function checkRanges(parsed: ParsedFile, ranges: readonly NumberRange[]): void {
  const sorted = [...ranges].sort((a, b) => a.start - b.start)
  for (const [index, range] of sorted.entries()) {
    const before = sorted[index - 1]
    if (before !== undefined && range.start < before.end) {
      throw parsed.error('the range overlaps another one of the message', range)
    }
  }
}

/** proto2 lets names that differ only in their JSON form stand, as protoc does with a warning. */
function checkJsonNames(parsed: ParsedFile, message: MessageDescriptor): void {
  if (find(parsed.options.get(message), ['deprecated_legacy_json_field_conflicts']) === 'true') return
  const names = new Map<string, FieldDescriptor>()
  for (const field of message.field) {
    const jsonName = field.jsonName ?? jsonNameOf(field.name)
    const other = names.get(jsonName)
    names.set(jsonName, field)
    if (other === undefined) continue
    const isGiven = [field, other].some(({ name, jsonName }) => jsonName !== undefined && jsonName !== jsonNameOf(name))
    if (parsed.descriptor.syntax === undefined && !isGiven) continue
    throw parsed.error(`the JSON name "${jsonName}" is also that of field "${other.name}"`, field)
  }
}

function checkEnum(parsed: ParsedFile, descriptor: EnumDescriptor): void {
  const statements = parsed.options.get(descriptor)
  const byNumber = new Map<number, string>()
  const allowsAlias = find(statements, ['allow_alias']) === 'true'
  if (isOpen(parsed, statements) && descriptor.value[0]!.number !== 0) {
    throw parsed.error('the first value of an open enum is zero', descriptor.value[0]!, 'number')
  }
  for (const value of descriptor.value) {
    const other = byNumber.get(value.number)
    if (other !== undefined && !allowsAlias) {
      throw parsed.error(`${value.number} is also the number of "${other}": see option allow_alias`, value, 'number')
    }
    byNumber.set(value.number, value.name)
    if (descriptor.reservedRange.some(({ start, end }) => value.number >= start && value.number <= end)) {
      throw parsed.error(`number ${value.number} is reserved`, value, 'number')
    }
    if (descriptor.reservedName.includes(value.name)) throw parsed.error(`name "${value.name}" is reserved`, value)
  }
}

/** Enums of proto2 are closed, those of proto3 open; in editions a feature of the enum, or else of the file, tells. */
function isOpen(parsed: ParsedFile, statements: readonly OptionStatement[] | undefined): boolean {
  if (!parsed.isEditions()) return parsed.isProto3()
  const ofFile = parsed.options.get(parsed.descriptor)
  return (find(statements, ['features', 'enum_type']) ?? find(ofFile, ['features', 'enum_type'])) !== 'CLOSED'
}

/** The identifier that an option is set to; `name` may go into a message, with dots or in braces. */
function find(statements: readonly OptionStatement[] | undefined, name: readonly string[]): string | undefined {
  for (const statement of statements ?? []) {
    const given = statement.name.map(({ text }) => text)
    if (statement.name.some(({ isExtension }) => isExtension) || given.some((part, index) => part !== name[index]))
      continue
    let value: OptionValue | undefined = statement.value
    for (const part of name.slice(given.length)) {
      value = value?.kind === 'message' ? value.fields.findLast((field) => field.name.text === part)?.value : undefined
    }
    if (value?.kind === 'identifier') return value.text
  }
  return undefined
}

function isWithin(ranges: readonly NumberRange[], number: number): boolean {
  return ranges.some(({ start, end }) => number >= start && number < end)
}
