import { inspect } from '../../inspect-value.ts'
import { SerializationError } from '../errors.ts'
import type { ReferenceRegistrar } from '../format.ts'
import type { Schema, SchemaReference } from '../schema.ts'
import { loadDescriptor, wellKnownFile } from './compile.ts'
import { encodeFileDescriptor } from './descriptor-codec.ts'
import { loadFile, type ProtoSource } from './file-loader.ts'
import type { GeneratedMessage, ProtobufSchema, ProtobufSource } from './options.ts'
import { OptionPrinter } from './option-printer.ts'
import { parseProto } from './parser.ts'
import { printProto } from './printer.ts'
import type { Runtime } from './runtime.ts'
import { type ProtoFile, reachableFiles } from './symbols.ts'
import { wellKnownText } from './well-known.ts'

/** A file of generated code, as far as it is needed. */
interface GeneratedFile {
  readonly proto: { readonly $typeName: 'google.protobuf.FileDescriptorProto'; readonly name: string }
  readonly dependencies: readonly GeneratedFile[]
}

/** Whether what was given as a schema is the descriptor of a message in generated code. */
export function isGenerated(given: unknown): given is GeneratedMessage {
  if (typeof given !== 'object' || given === null) return false
  const { kind, typeName, file } = given as Partial<GeneratedMessage>
  return kind === 'message' && typeof typeName === 'string' && typeof file === 'object'
}

/**
 * What to register for a schema in any of its forms. The whole of it is checked first, so that nothing is left half-registered; then
 * imports are registered, dependencies first.
 */
export async function registration(
  runtime: Runtime,
  given: ProtobufSchema,
  registrar: ReferenceRegistrar,
  registerAs: 'text' | 'descriptor',
): Promise<Schema> {
  if (isGenerated(given)) {
    const files = new Map<string, string>()
    const text = generatedText(runtime, given.file as GeneratedFile, files)
    return registerSource({ schema: text, files: Object.fromEntries(files) }, registrar, registerAs)
  }
  if (typeof given === 'string') return registerSource({ schema: given }, registrar, registerAs)
  if (typeof given === 'object' && given !== null && typeof given.schema === 'string') {
    return registerSource(given, registrar, registerAs)
  }
  throw new SerializationError(
    `a Protobuf schema is a .proto text, an object with it in "schema", or a message of generated code, not ${inspect(given)}`,
  )
}

async function registerSource(
  source: ProtobufSource,
  registrar: ReferenceRegistrar,
  registerAs: 'text' | 'descriptor',
): Promise<Schema> {
  const { schema, files = {}, references = [] } = source
  const texts = new Map(Object.entries(files))
  const registered = new Set(references.map(({ name }) => name))
  // What is in the registry only can be checked no further than its grammar.
  if (registered.size === 0) loadFile(sourceIn(schema, texts))
  else for (const [path, text] of texts) importsOf(text, path)
  const known = new Map<string, Promise<SchemaReference>>()
  const register = async (text: string, name: string): Promise<Schema> => {
    const found: SchemaReference[] = []
    for (const path of importsOf(text, name)) {
      const imported = texts.get(path)
      if (imported !== undefined) {
        let reference = known.get(path)
        if (reference === undefined) {
          reference = register(imported, path).then((one) => registrar(path, one))
          known.set(path, reference)
        }
        found.push(await reference)
      } else if (!registered.has(path) && wellKnownText(path) === undefined) {
        throw new SerializationError(`${name} imports "${path}", which is neither in files nor in references`)
      }
    }
    const all = name === MAIN ? [...found, ...references] : found
    const form = registerAs === 'text' ? text : descriptorText(text, name, texts)
    return { schema: form, schemaType: 'PROTOBUF', ...(all.length === 0 ? {} : { references: all }) }
  }
  return register(schema, MAIN)
}

const MAIN = 'the schema'

/** The descriptor of a text, in base64. */
function descriptorText(text: string, name: string, texts: ReadonlyMap<string, string>): string {
  const file = loadFile(sourceIn(text, texts), name === MAIN ? 'schema.proto' : name)
  let characters = ''
  for (const byte of encodeFileDescriptor(file.descriptor)) characters += String.fromCharCode(byte)
  return btoa(characters)
}

function sourceIn(text: string, texts: ReadonlyMap<string, string>): ProtoSource {
  return {
    text,
    find: (path) => {
      const found = texts.get(path)
      return found === undefined ? undefined : sourceIn(found, texts)
    },
  }
}

function importsOf(text: string, name: string): readonly string[] {
  try {
    return parseProto(name, text).descriptor.dependency
  } catch (cause) {
    throw new SerializationError(`not a Protobuf schema: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}

/** The text of a file of generated code; those of its imports go to `files` by their paths. */
function generatedText(runtime: Runtime, file: GeneratedFile, files: Map<string, string>): string {
  const loaded = new Map<string, ProtoFile>()
  const load = (one: GeneratedFile): ProtoFile => {
    const { name } = one.proto
    const known = loaded.get(name)
    if (known !== undefined) return known
    const dependencies = new Map(one.dependencies.map((dependency) => [dependency.proto.name, dependency]))
    const result = loadDescriptor(runtime.toBinary(runtime.FileDescriptorProtoSchema, one.proto as never), (path) => {
      const dependency = dependencies.get(path)
      return dependency === undefined ? undefined : load(dependency)
    })
    loaded.set(name, result)
    return result
  }
  const main = load(file)
  const options = new OptionPrinter(reachableFiles([main, wellKnownFile('google/protobuf/descriptor.proto')!]))
  for (const [path, one] of loaded) {
    if (one !== main && wellKnownText(path) === undefined) files.set(path, printProto(one.descriptor, options))
  }
  return printProto(main.descriptor, options)
}
