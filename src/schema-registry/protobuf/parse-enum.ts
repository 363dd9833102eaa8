import type { EnumDescriptor, EnumValueDescriptor } from './descriptor.ts'
import { parseOption, parseOptionStatement } from './parse-options.ts'
import type { ParsedFile } from './parsed-file.ts'
import { parseReservedNames } from './reserved-names.ts'
import type { TokenStream } from './token-stream.ts'

const MAX_INT32 = 2_147_483_647

/** Reads an enum from its keyword to its closing brace. */
export function parseEnum(stream: TokenStream, file: ParsedFile): EnumDescriptor {
  stream.expect('enum')
  const name = stream.expectIdentifier('the name of an enum')
  const descriptor: EnumDescriptor = { name: name.text, value: [], reservedRange: [], reservedName: [] }
  file.mark(descriptor, 'name', name)
  stream.block(`enum ${name.text}`, () => {
    if (stream.at('option') && stream.peek(1).text !== '=') file.addOption(descriptor, parseOptionStatement(stream))
    else if (stream.at('reserved') && stream.peek(1).text !== '=') parseReserved(stream, file, descriptor)
    else descriptor.value.push(parseEnumValue(stream, file))
  })
  if (descriptor.value.length === 0) throw file.error(`enum ${name.text} has no values`, descriptor)
  return descriptor
}

function parseEnumValue(stream: TokenStream, file: ParsedFile): EnumValueDescriptor {
  const name = stream.expectIdentifier('the name of an enum value')
  stream.expect('=')
  const numberPlace = stream.peek()
  const descriptor: EnumValueDescriptor = {
    name: name.text,
    number: stream.expectSignedInteger('the number of an enum value'),
  }
  file.mark(descriptor, 'name', name)
  file.mark(descriptor, 'number', numberPlace)
  if (stream.accept('[')) {
    do file.addOption(descriptor, parseOption(stream))
    while (stream.accept(','))
    stream.expect(']')
  }
  stream.expect(';')
  return descriptor
}

function parseReserved(stream: TokenStream, file: ParsedFile, descriptor: EnumDescriptor): void {
  stream.expect('reserved')
  if (parseReservedNames(stream, file, descriptor.reservedName)) return
  do {
    const place = stream.peek()
    const start = stream.expectSignedInteger('a number or name to reserve')
    let end = start
    if (stream.accept('to'))
      end = stream.accept('max') ? MAX_INT32 : stream.expectSignedInteger('the last reserved number')
    if (end < start) throw stream.error('the range ends before it starts', place)
    descriptor.reservedRange.push({ start, end })
  } while (stream.accept(','))
  stream.expect(';')
}
