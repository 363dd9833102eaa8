import type { OptionField, OptionNamePart, OptionStatement, OptionValue } from './parsed-file.ts'
import type { TokenStream } from './token-stream.ts'

/** Reads `option name = value;`. */
export function parseOptionStatement(stream: TokenStream): OptionStatement {
  stream.expect('option')
  const statement = parseOption(stream)
  stream.expect(';')
  return statement
}

/** Reads `name = value`, as in brackets behind a field. */
export function parseOption(stream: TokenStream): OptionStatement {
  const { line, column } = stream.peek()
  const name: OptionNamePart[] = []
  do {
    if (stream.accept('(')) {
      name.push({ text: stream.expectTypeName('the name of an extension'), isExtension: true })
      stream.expect(')')
    } else name.push({ text: stream.expectIdentifier('the name of an option').text, isExtension: false })
  } while (stream.accept('.'))
  stream.expect('=')
  return { name, value: parseValue(stream, false), place: { line, column } }
}

/** Lists, angle brackets and `-inf` belong to the text format only: they may stand inside braces, not right behind `=`. */
function parseValue(stream: TokenStream, isTextFormat: boolean): OptionValue {
  const token = stream.peek()
  const place = { line: token.line, column: token.column }
  if (stream.at('{') || (isTextFormat && stream.at('<')))
    return { kind: 'message', fields: parseMessage(stream), place }
  if (isTextFormat && stream.at('[')) return { kind: 'list', values: parseList(stream), place }
  if (token.kind === 'string') return { kind: 'string', bytes: stream.expectBytes('a string'), place }
  const isNegative = stream.accept('-')
  const number = stream.peek()
  if (number.kind === 'integer') {
    const value = stream.expectInteger('a number', 2n ** 64n - 1n)
    return { kind: 'integer', value: isNegative ? -value : value, place }
  }
  if (number.kind === 'float') {
    stream.next()
    return { kind: 'float', value: isNegative ? -Number(number.text) : Number(number.text), place }
  }
  const text = stream.expectIdentifier('the value of an option').text
  if (!isNegative) return { kind: 'identifier', text, place }
  if (/^inf(inity)?$/i.test(text)) return { kind: 'float', value: -Infinity, place }
  if (/^nan$/i.test(text)) return { kind: 'float', value: Number.NaN, place }
  throw stream.error(`-${text} is not a number`, place)
}

function parseMessage(stream: TokenStream): OptionField[] {
  const end = stream.next().text === '<' ? '>' : '}'
  return stream.nested(() => {
    const fields: OptionField[] = []
    while (!stream.accept(end)) {
      const name = parseFieldName(stream)
      const isMessage = stream.at('{') || stream.at('<')
      if (!stream.accept(':') && !isMessage) throw stream.unexpected('":"')
      fields.push({ name, value: parseValue(stream, true) })
      if (!stream.accept(',')) stream.accept(';')
    }
    return fields
  })
}

function parseFieldName(stream: TokenStream): OptionNamePart {
  if (!stream.accept('[')) return { text: stream.expectIdentifier('a field or "}"').text, isExtension: false }
  let text = stream.expectTypeName('the name of an extension')
  while (stream.accept('/')) text += `/${stream.expectTypeName('the name of a type')}`
  stream.expect(']')
  return { text, isExtension: true }
}

function parseList(stream: TokenStream): OptionValue[] {
  stream.expect('[')
  return stream.nested(() => {
    const values: OptionValue[] = []
    if (stream.accept(']')) return values
    do values.push(parseValue(stream, true))
    while (stream.accept(','))
    stream.expect(']')
    return values
  })
}
