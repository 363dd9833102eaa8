import type { MethodDescriptor, ServiceDescriptor } from './descriptor.ts'
import { parseOptionStatement } from './parse-options.ts'
import type { ParsedFile } from './parsed-file.ts'
import type { TokenStream } from './token-stream.ts'

/** Reads a service from its keyword to its closing brace. */
export function parseService(stream: TokenStream, file: ParsedFile): ServiceDescriptor {
  stream.expect('service')
  const name = stream.expectIdentifier('the name of a service')
  const descriptor: ServiceDescriptor = { name: name.text, method: [] }
  file.mark(descriptor, 'name', name)
  stream.block(`service ${name.text}`, () => {
    if (stream.at('option')) file.addOption(descriptor, parseOptionStatement(stream))
    else descriptor.method.push(parseMethod(stream, file))
  })
  return descriptor
}

function parseMethod(stream: TokenStream, file: ParsedFile): MethodDescriptor {
  stream.expect('rpc')
  const name = stream.expectIdentifier('the name of a method')
  const input = parseMethodType(stream)
  stream.expect('returns')
  const output = parseMethodType(stream)
  const descriptor: MethodDescriptor = { name: name.text, inputType: input.name, outputType: output.name }
  if (input.isStream) descriptor.clientStreaming = true
  if (output.isStream) descriptor.serverStreaming = true
  file.mark(descriptor, 'name', name)
  file.mark(descriptor, 'input', input.place)
  file.mark(descriptor, 'output', output.place)
  if (stream.accept(';')) return descriptor
  // Braces make options, even where nothing stands in them: protoc's descriptors show it.
  descriptor.options = new Uint8Array(0)
  stream.block(`method ${name.text}`, () => {
    file.addOption(descriptor, parseOptionStatement(stream))
  })
  return descriptor
}

function parseMethodType(stream: TokenStream): {
  name: string
  isStream: boolean
  place: { line: number; column: number }
} {
  stream.expect('(')
  const isStream = stream.at('stream') && stream.peek(1).text !== ')' && stream.accept('stream')
  const place = stream.peek()
  const name = stream.expectTypeName('the name of a message')
  stream.expect(')')
  return { name, isStream, place }
}
