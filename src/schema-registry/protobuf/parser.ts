import { tokenize } from './lexer.ts'
import { parseEnum } from './parse-enum.ts'
import { parseExtend } from './parse-field.ts'
import { ownerOf, parseMessage } from './parse-message.ts'
import { parseOptionStatement } from './parse-options.ts'
import { parseService } from './parse-service.ts'
import { ParsedFile } from './parsed-file.ts'
import { TokenStream } from './token-stream.ts'

/** Editions that can be read, by the number that descriptors give them. */
const EDITIONS: ReadonlyMap<string, number> = new Map([
  ['2023', 1000],
  ['2024', 1001],
])

/** Names are looked up in every scope around them. */
const MAX_PACKAGE_PARTS = 100

/**
 * Reads a .proto text: its own grammar only, no other file is looked at. Throws ProtoError at the first token that cannot stand
 * where it does.
 */
export function parseProto(name: string, text: string): ParsedFile {
  const stream = new TokenStream(tokenize(text, name), name)
  const file = new ParsedFile(name)
  while (stream.accept(';'));
  if (stream.at('syntax') || stream.at('edition')) parseSyntax(stream, file)
  while (stream.peek().kind !== 'end') if (!stream.accept(';')) parseStatement(stream, file)
  return file
}

function parseSyntax(stream: TokenStream, file: ParsedFile): void {
  const keyword = stream.next().text
  stream.expect('=')
  const place = stream.peek()
  const value = stream.expectText(`the ${keyword} in quotes`)
  stream.expect(';')
  if (keyword === 'edition') {
    const edition = EDITIONS.get(value)
    if (edition === undefined) throw stream.error(`edition "${value}" is not known: 2023 and 2024 are`, place)
    file.descriptor.syntax = 'editions'
    file.descriptor.edition = edition
  } else if (value === 'proto3') file.descriptor.syntax = value
  else if (value !== 'proto2') throw stream.error(`syntax "${value}" is not known: proto2 and proto3 are`, place)
}

function parseStatement(stream: TokenStream, file: ParsedFile): void {
  const { descriptor } = file
  switch (stream.peek().text) {
    case 'message':
      descriptor.messageType.push(parseMessage(stream, file))
      return
    case 'enum':
      descriptor.enumType.push(parseEnum(stream, file))
      return
    case 'service':
      descriptor.service.push(parseService(stream, file))
      return
    case 'extend':
      parseExtend(stream, file, descriptor.extension, ownerOf(descriptor.messageType))
      return
    case 'import':
      parseImport(stream, file)
      return
    case 'package':
      parsePackage(stream, file)
      return
    case 'option':
      file.addOption(descriptor, parseOptionStatement(stream))
      return
    default:
      throw stream.unexpected('a statement of a file, such as "message"')
  }
}

function parseImport(stream: TokenStream, file: ParsedFile): void {
  const { descriptor } = file
  const place = stream.expect('import')
  if (stream.accept('public')) descriptor.publicDependency.push(descriptor.dependency.length)
  else if (stream.accept('weak')) descriptor.weakDependency.push(descriptor.dependency.length)
  const path = stream.expectText('the path of a file in quotes')
  stream.expect(';')
  if (descriptor.dependency.includes(path)) throw stream.error(`"${path}" is imported twice`, place)
  descriptor.dependency.push(path)
  file.importPlaces.push({ line: place.line, column: place.column })
}

function parsePackage(stream: TokenStream, file: ParsedFile): void {
  const place = stream.expect('package')
  if (file.descriptor.package !== undefined) throw stream.error('a file has one package only', place)
  const parts: string[] = []
  do parts.push(stream.expectIdentifier('the name of a package').text)
  while (stream.accept('.'))
  stream.expect(';')
  if (parts.length > MAX_PACKAGE_PARTS) throw stream.error(`a package has at most ${MAX_PACKAGE_PARTS} parts`, place)
  file.descriptor.package = parts.join('.')
}
