import { decodeFileDescriptor } from './descriptor-codec.ts'
import { linkFile } from './linker.ts'
import { jsonNameOf } from './names.ts'
import { parseProto } from './parser.ts'
import { ProtoError } from './proto-error.ts'
import { definitions, packagesOf, type ProtoFile, type ProtoSymbol } from './symbols.ts'
import { wellKnownText } from './well-known.ts'

/** Finds the file that an import names; undefined when there is none. */
export type ImportLookup = (path: string) => ProtoFile | undefined

/**
 * Compiles a .proto text to the descriptor that protoc makes of it. Imports come from `lookup`, and else from the files that every
 * Protobuf installation has. Throws ProtoError at the first thing that is wrong.
 */
export function compileProto(name: string, text: string, lookup: ImportLookup = () => undefined): ProtoFile {
  const parsed = parseProto(name, text)
  const dependencies = parsed.descriptor.dependency.map((path, index) => {
    const found = lookup(path) ?? wellKnownFile(path)
    if (found === undefined) throw parsed.errorAt(`import "${path}" is not found`, parsed.importPlaces[index]!)
    return found
  })
  return linkFile(parsed, dependencies, () => wellKnownFile('google/protobuf/descriptor.proto')!)
}

/**
 * The file of an encoded FileDescriptorProto, which some clients register in place of text. Its types are taken as resolved.
 * Throws DecodeError, or ProtoError for an import that is not found.
 */
export function loadDescriptor(bytes: Uint8Array, lookup: ImportLookup = () => undefined): ProtoFile {
  const descriptor = decodeFileDescriptor(bytes)
  const symbols = new Map<string, ProtoSymbol>()
  for (const symbol of packagesOf(descriptor)) symbols.set(symbol.fullName, symbol)
  for (const symbol of definitions(descriptor)) {
    symbols.set(symbol.fullName, symbol)
    if (symbol.kind === 'field' || symbol.kind === 'extension') {
      symbol.descriptor.jsonName ??= jsonNameOf(symbol.descriptor.name)
    }
  }
  const dependencies = descriptor.dependency.map((path) => {
    const found = lookup(path) ?? wellKnownFile(path)
    if (found === undefined) {
      throw new ProtoError(`import "${path}" is not found`, { file: descriptor.name, line: 1, column: 1 })
    }
    return found
  })
  return { descriptor, dependencies, symbols }
}

const wellKnown = new Map<string, ProtoFile>()

/** A file that is part of Protobuf, of Google's common types or of Confluent's; compiled at first use. */
export function wellKnownFile(path: string): ProtoFile | undefined {
  const known = wellKnown.get(path)
  if (known !== undefined) return known
  const text = wellKnownText(path)
  if (text === undefined) return undefined
  const file = compileProto(path, text)
  wellKnown.set(path, file)
  return file
}
