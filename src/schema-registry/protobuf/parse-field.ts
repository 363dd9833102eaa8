import {
  emptyMessage,
  type FieldDescriptor,
  type FieldType,
  LABEL,
  type Label,
  MAP_ENTRY_OPTION,
  type MessageDescriptor,
  TYPE,
} from './descriptor.ts'
import { jsonNameOf, mapEntryName } from './names.ts'
import { parseDefault } from './parse-default.ts'
import { parseOption } from './parse-options.ts'
import type { ParsedFile } from './parsed-file.ts'
import type { TokenStream } from './token-stream.ts'

/** What a field is declared in. */
export interface FieldOwner {
  readonly kind: 'message' | 'oneof' | 'extend'
  /** Where the messages go that map fields and groups declare. */
  readonly messages: MessageDescriptor[]
  /** Reads the braces of a group. */
  readonly parseGroup: (stream: TokenStream, file: ParsedFile, message: MessageDescriptor) => void
}

const MAX_INT32 = 2_147_483_647n

/** Types that are keywords: no message or enum can be meant. */
const SCALARS: ReadonlyMap<string, FieldType> = new Map(
  Object.entries(TYPE).filter(([name]) => !['message', 'enum', 'group'].includes(name)),
)

/** Reads one field up to its semicolon, or the closing brace of a group. */
export function parseField(stream: TokenStream, file: ParsedFile, owner: FieldOwner): FieldDescriptor {
  const start = stream.peek()
  const label = parseLabel(stream)
  if (label !== undefined && owner.kind === 'oneof') throw stream.error('fields of a oneof have no label', start)
  if (stream.at('map') && stream.peek(1).text === '<') {
    if (label !== undefined) throw stream.error('map fields have no label', start)
    if (owner.kind !== 'message') throw stream.error(`map fields cannot stand in ${owner.kind}`, start)
    return parseMapField(stream, file, owner)
  }
  checkLabel(stream, file, owner, label)
  const typePlace = stream.peek()
  const field: FieldDescriptor = { name: '', number: 0, label: label ?? LABEL.optional }
  if (file.isProto3() && label === LABEL.optional && owner.kind === 'message') field.proto3Optional = true
  file.mark(field, 'type', typePlace)
  if (stream.at('group') && stream.peek(1).kind === 'identifier' && stream.peek(3).kind === 'integer') {
    return parseGroupField(stream, file, owner, field)
  }
  parseType(stream, field)
  parseNameAndNumber(stream, file, field)
  parseFieldOptions(stream, file, field)
  stream.expect(';')
  return field
}

/** Reads `extend Message { fields }`. */
export function parseExtend(
  stream: TokenStream,
  file: ParsedFile,
  extensions: FieldDescriptor[],
  owner: FieldOwner,
): void {
  stream.expect('extend')
  const place = stream.peek()
  const extendee = stream.expectTypeName('the name of a message to extend')
  const before = extensions.length
  stream.block(`extend ${extendee}`, () => {
    const field = parseField(stream, file, { ...owner, kind: 'extend' })
    field.extendee = extendee
    file.mark(field, 'extendee', place)
    extensions.push(field)
  })
  if (extensions.length === before) throw stream.error(`extend ${extendee} has no fields`, place)
}

function parseLabel(stream: TokenStream): Label | undefined {
  if (stream.accept('optional')) return LABEL.optional
  if (stream.accept('required')) return LABEL.required
  return stream.accept('repeated') ? LABEL.repeated : undefined
}

function checkLabel(stream: TokenStream, file: ParsedFile, owner: FieldOwner, label: Label | undefined): void {
  if (file.isEditions()) {
    if (label === LABEL.optional) throw stream.error('editions have no label "optional": it is the default')
    if (label === LABEL.required) throw stream.error('editions have no label "required": see features.field_presence')
    return
  }
  if (file.isProto3()) {
    if (label === LABEL.required) throw stream.error('proto3 has no required fields')
  } else if (label === undefined && owner.kind !== 'oneof') {
    throw stream.unexpected('"required", "optional" or "repeated"')
  }
}

function parseType(stream: TokenStream, field: FieldDescriptor): void {
  const scalar = stream.peek().kind === 'identifier' ? SCALARS.get(stream.peek().text) : undefined
  if (scalar === undefined) field.typeName = stream.expectTypeName('the type of a field')
  else {
    stream.next()
    field.type = scalar
  }
}

function parseNameAndNumber(stream: TokenStream, file: ParsedFile, field: FieldDescriptor): void {
  const name = stream.expectIdentifier('the name of a field')
  field.name = name.text
  file.mark(field, 'name', name)
  stream.expect('=')
  file.mark(field, 'number', stream.peek())
  field.number = Number(stream.expectInteger('the number of a field', MAX_INT32))
  field.jsonName = jsonNameOf(field.name)
}

/** Reads the brackets behind a field, if there are any. */
function parseFieldOptions(stream: TokenStream, file: ParsedFile, field: FieldDescriptor): void {
  if (!stream.accept('[')) return
  const given = new Set<string>()
  do {
    const { text } = stream.peek()
    if (stream.peek(1).text !== '=' || (text !== 'default' && text !== 'json_name')) {
      file.addOption(field, parseOption(stream))
      continue
    }
    if (given.has(text)) throw stream.error(`${text} is given twice`)
    given.add(text)
    stream.next()
    stream.expect('=')
    file.mark(field, text === 'default' ? 'default' : 'jsonName', stream.peek())
    if (text === 'default') field.defaultValue = parseDefault(stream, field.type)
    else field.jsonName = stream.expectText('a name in quotes')
  } while (stream.accept(','))
  stream.expect(']')
}

function parseGroupField(
  stream: TokenStream,
  file: ParsedFile,
  owner: FieldOwner,
  field: FieldDescriptor,
): FieldDescriptor {
  if (file.isProto3()) throw stream.error('proto3 has no groups')
  if (file.isEditions()) throw stream.error('editions have no groups: see features.message_encoding')
  stream.expect('group')
  const place = stream.peek()
  parseNameAndNumber(stream, file, field)
  const message = emptyMessage(field.name)
  if (!/^[A-Z]/.test(message.name)) throw stream.error('the name of a group starts with a capital letter', place)
  file.mark(message, 'name', place)
  field.name = message.name.toLowerCase()
  field.jsonName = jsonNameOf(field.name)
  field.type = TYPE.group
  field.typeName = message.name
  parseFieldOptions(stream, file, field)
  owner.messages.push(message)
  owner.parseGroup(stream, file, message)
  return field
}

function parseMapField(stream: TokenStream, file: ParsedFile, owner: FieldOwner): FieldDescriptor {
  const start = stream.expect('map')
  const key: FieldDescriptor = { name: 'key', number: 1, label: LABEL.optional, jsonName: 'key' }
  const value: FieldDescriptor = { name: 'value', number: 2, label: LABEL.optional, jsonName: 'value' }
  stream.expect('<')
  file.mark(key, 'type', stream.peek())
  parseType(stream, key)
  if (key.type === undefined || key.type === TYPE.double || key.type === TYPE.float || key.type === TYPE.bytes) {
    throw file.error('the key of a map is an integer, bool or string', key, 'type')
  }
  stream.expect(',')
  file.mark(value, 'type', stream.peek())
  parseType(stream, value)
  stream.expect('>')
  const field: FieldDescriptor = { name: '', number: 0, label: LABEL.repeated }
  file.mark(field, 'type', start)
  parseNameAndNumber(stream, file, field)
  parseFieldOptions(stream, file, field)
  stream.expect(';')
  if (field.defaultValue !== undefined) throw file.error('map fields have no default', field, 'default')
  const entry = emptyMessage(mapEntryName(field.name))
  entry.field.push(key, value)
  entry.options = Uint8Array.of(MAP_ENTRY_OPTION << 3, 1)
  file.mark(entry, 'name', start)
  // What a feature says of a map, it says of its keys and values.
  for (const option of file.options.get(field) ?? []) {
    if (option.name[0]?.text !== 'features' || option.name[0].isExtension) continue
    file.addOption(key, option)
    file.addOption(value, option)
  }
  field.typeName = entry.name
  owner.messages.push(entry)
  return field
}
