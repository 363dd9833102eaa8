import { KafkaError } from '../../errors.ts'
import { SerializationError } from '../errors.ts'
import type { ResolvedSchema } from '../schema.ts'
import { compileProto, loadDescriptor } from './compile.ts'
import type { ProtoFile } from './symbols.ts'

/** A schema's text, and the texts that it imports by their paths. */
export interface ProtoSource {
  readonly text: string
  readonly find: (path: string) => ProtoSource | undefined
}

/** The name of a file that is registered without one. */
const MAIN_FILE = '(schema).proto'

/** Imports of imports: a chain longer than this one is no honest schema. */
const MAX_IMPORT_DEPTH = 100

const loaded = new WeakMap<ResolvedSchema, ProtoFile>()

/** The file of a registered schema, compiled once. Throws SerializationError for a text that is no Protobuf schema. */
export function fileOf(schema: ResolvedSchema): ProtoFile {
  const known = loaded.get(schema)
  if (known !== undefined) return known
  const file = loadFile(sourceOf(schema))
  loaded.set(schema, file)
  return file
}

/** Compiles a source and everything it imports. Throws SerializationError that tells the place. */
export function loadFile(source: ProtoSource, name: string = MAIN_FILE): ProtoFile {
  const loader = new FileLoader()
  try {
    return loader.load(name, source)
  } catch (cause) {
    if (cause instanceof SerializationError || !(cause instanceof KafkaError)) throw cause
    throw new SerializationError(`not a Protobuf schema: ${cause.message}`, { cause })
  }
}

/** Some servers keep only the references of the schema itself, with those of its imports among them: so outer ones are asked too. */
function sourceOf(schema: ResolvedSchema, outer?: ProtoSource['find']): ProtoSource {
  const find = (path: string): ProtoSource | undefined => {
    const found = schema.references.get(path)
    return found === undefined ? outer?.(path) : sourceOf(found, find)
  }
  return { text: schema.schema, find }
}

/** Loads each imported path once, so that types are the same by whichever way they come. */
class FileLoader {
  readonly #files = new Map<string, ProtoFile>()
  readonly #open = new Set<string>()

  load(name: string, source: ProtoSource): ProtoFile {
    const lookup = (path: string): ProtoFile | undefined => this.#import(path, source)
    const bytes = descriptorBytes(source.text)
    return bytes === undefined ? compileProto(name, source.text, lookup) : this.#descriptor(name, bytes, lookup)
  }

  #import(path: string, importer: ProtoSource): ProtoFile | undefined {
    const known = this.#files.get(path)
    if (known !== undefined) return known
    const source = importer.find(path)
    if (source === undefined) return undefined
    if (this.#open.has(path)) throw new SerializationError(`"${path}" imports itself, directly or through others`)
    if (this.#open.size >= MAX_IMPORT_DEPTH) {
      throw new SerializationError(`imports go more than ${MAX_IMPORT_DEPTH} files deep`)
    }
    this.#open.add(path)
    const file = this.load(path, source)
    this.#open.delete(path)
    this.#files.set(path, file)
    return file
  }

  /** A descriptor brings a name of its own, but imports know it by their path. */
  #descriptor(name: string, bytes: Uint8Array, lookup: (path: string) => ProtoFile | undefined): ProtoFile {
    const file = loadDescriptor(bytes, lookup)
    file.descriptor.name = name
    return file
  }
}

/**
 * The bytes of a schema that was registered as a descriptor in base64, as Confluent's Python and JavaScript clients do; undefined for
 * text, which cannot do without punctuation.
 */
export function descriptorBytes(schema: string): Uint8Array | undefined {
  const text = schema.trim()
  if (text === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined
  if (text.replace(/=+$/, '').length % 4 === 1) return undefined
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
