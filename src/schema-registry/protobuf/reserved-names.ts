import type { ParsedFile } from './parsed-file.ts'
import type { TokenStream } from './token-stream.ts'

/**
 * Reads what follows `reserved` when it is names: strings in proto2 and proto3, identifiers in editions. False, with nothing read,
 * when it is numbers.
 */
export function parseReservedNames(stream: TokenStream, file: ParsedFile, names: string[]): boolean {
  const { kind } = stream.peek()
  if (kind !== 'string' && kind !== 'identifier') return false
  if ((kind === 'identifier') !== file.isEditions()) {
    throw stream.error(
      kind === 'string' ? 'editions reserve names without quotes' : 'reserved names are written in quotes',
    )
  }
  do {
    const place = stream.peek()
    const name =
      kind === 'string' ? stream.expectText('a name in quotes') : stream.expectIdentifier('a name to reserve').text
    if (names.includes(name)) throw stream.error(`"${name}" is reserved twice`, place)
    names.push(name)
  } while (stream.accept(','))
  stream.expect(';')
  return true
}
