import { emptyMessage, MAX_FIELD_NUMBER, type MessageDescriptor } from './descriptor.ts'
import { parseEnum } from './parse-enum.ts'
import { type FieldOwner, parseExtend, parseField } from './parse-field.ts'
import { parseOption, parseOptionStatement } from './parse-options.ts'
import type { OptionStatement, ParsedFile } from './parsed-file.ts'
import { parseReservedNames } from './reserved-names.ts'
import type { TokenStream } from './token-stream.ts'

/** Reads a message from its keyword to its closing brace. */
export function parseMessage(stream: TokenStream, file: ParsedFile): MessageDescriptor {
  stream.expect('message')
  const name = stream.expectIdentifier('the name of a message')
  const message = emptyMessage(name.text)
  file.mark(message, 'name', name)
  parseMessageBody(stream, file, message)
  return message
}

/** Reads the braces of a message or group and what is in them. */
export function parseMessageBody(stream: TokenStream, file: ParsedFile, message: MessageDescriptor): void {
  stream.block(`message ${message.name}`, () => parseMember(stream, file, message))
  addSyntheticOneofs(message)
}

function parseMember(stream: TokenStream, file: ParsedFile, message: MessageDescriptor): void {
  switch (stream.peek().kind === 'identifier' ? stream.peek().text : '') {
    case 'message':
      message.nestedType.push(parseMessage(stream, file))
      return
    case 'enum':
      message.enumType.push(parseEnum(stream, file))
      return
    case 'extend':
      parseExtend(stream, file, message.extension, ownerOf(message.nestedType))
      return
    case 'extensions':
      parseExtensionRanges(stream, file, message)
      return
    case 'reserved':
      parseReserved(stream, file, message)
      return
    case 'option':
      file.addOption(message, parseOptionStatement(stream))
      return
    case 'oneof':
      parseOneof(stream, file, message)
      return
    default:
      message.field.push(parseField(stream, file, ownerOf(message.nestedType)))
  }
}

/** What fields stand in whose map entries and groups go to `messages`. */
export function ownerOf(messages: MessageDescriptor[]): FieldOwner {
  return { kind: 'message', messages, parseGroup: parseMessageBody }
}

function parseOneof(stream: TokenStream, file: ParsedFile, message: MessageDescriptor): void {
  stream.expect('oneof')
  const name = stream.expectIdentifier('the name of a oneof')
  const oneof = { name: name.text }
  file.mark(oneof, 'name', name)
  const oneofIndex = message.oneofDecl.push(oneof) - 1
  const before = message.field.length
  stream.block(`oneof ${name.text}`, () => {
    if (stream.at('option')) {
      file.addOption(oneof, parseOptionStatement(stream))
      return
    }
    const field = parseField(stream, file, { ...ownerOf(message.nestedType), kind: 'oneof' })
    field.oneofIndex = oneofIndex
    message.field.push(field)
  })
  if (message.field.length === before) throw file.error(`oneof ${name.text} has no fields`, oneof)
}

/** A proto3 `optional` field is alone in a oneof of its own, behind the others, so that older readers see its presence. */
function addSyntheticOneofs(message: MessageDescriptor): void {
  const names = new Set([...message.field, ...message.oneofDecl].map(({ name }) => name))
  for (const field of message.field) {
    if (field.proto3Optional !== true) continue
    let name = field.name.startsWith('_') ? field.name : `_${field.name}`
    while (names.has(name)) name = `X${name}`
    names.add(name)
    field.oneofIndex = message.oneofDecl.push({ name }) - 1
  }
}

function parseExtensionRanges(stream: TokenStream, file: ParsedFile, message: MessageDescriptor): void {
  stream.expect('extensions')
  const first = message.extensionRange.length
  do message.extensionRange.push(parseRange(stream, file))
  while (stream.accept(','))
  if (stream.accept('[')) {
    const statements: OptionStatement[] = []
    do statements.push(parseOption(stream))
    while (stream.accept(','))
    stream.expect(']')
    for (const range of message.extensionRange.slice(first))
      for (const statement of statements) file.addOption(range, statement)
  }
  stream.expect(';')
}

function parseReserved(stream: TokenStream, file: ParsedFile, message: MessageDescriptor): void {
  stream.expect('reserved')
  if (parseReservedNames(stream, file, message.reservedName)) return
  do message.reservedRange.push(parseRange(stream, file))
  while (stream.accept(','))
  stream.expect(';')
}

function parseRange(stream: TokenStream, file: ParsedFile): { start: number; end: number } {
  const place = stream.peek()
  const max = BigInt(MAX_FIELD_NUMBER)
  const start = Number(stream.expectInteger('a field number', max))
  let last = start
  if (stream.accept('to'))
    last = stream.accept('max') ? MAX_FIELD_NUMBER : Number(stream.expectInteger('a field number', max))
  if (start === 0) throw stream.error('field numbers start at 1', place)
  if (last < start) throw stream.error('the range ends before it starts', place)
  const range = { start, end: last + 1 }
  file.mark(range, 'name', place)
  return range
}
