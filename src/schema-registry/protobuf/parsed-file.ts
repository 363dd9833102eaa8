import type { FileDescriptor } from './descriptor.ts'
import { type Place, ProtoError } from './proto-error.ts'

/** One `option name = value`, not yet looked up: its type is known only when all names are. */
export interface OptionStatement {
  readonly name: readonly OptionNamePart[]
  readonly value: OptionValue
  readonly place: Place
}

/** `a` or, of an extension, `(.pkg.a)`. */
export interface OptionNamePart {
  readonly text: string
  readonly isExtension: boolean
}

/** A value as it is written; its type decides later what it means. */
export type OptionValue = { readonly place: Place } & (
  | { readonly kind: 'identifier'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly bytes: Uint8Array }
  | { readonly kind: 'message'; readonly fields: readonly OptionField[] }
  | { readonly kind: 'list'; readonly values: readonly OptionValue[] }
)

/** A field in a message value of the text format. */
export interface OptionField {
  readonly name: OptionNamePart
  readonly value: OptionValue
}

/** What a place is of: descriptors have no room for places, so they are kept beside. */
export type PlaceOf = 'name' | 'number' | 'type' | 'extendee' | 'default' | 'jsonName' | 'input' | 'output' | 'end'

/** A file as it was read: names of types are as written, and options wait for interpretation. */
export class ParsedFile {
  readonly descriptor: FileDescriptor
  /** Options by the descriptor that they stand in, in the order of the text. */
  readonly options: Map<object, OptionStatement[]> = new Map()
  /** Where each import statement starts, in the order of `dependency`. */
  readonly importPlaces: Place[] = []
  readonly #places = new Map<object, Map<PlaceOf, Place>>()

  constructor(name: string) {
    this.descriptor = {
      name,
      dependency: [],
      publicDependency: [],
      weakDependency: [],
      messageType: [],
      enumType: [],
      service: [],
      extension: [],
    }
  }

  isEditions(): boolean {
    return this.descriptor.syntax === 'editions'
  }

  isProto3(): boolean {
    return this.descriptor.syntax === 'proto3'
  }

  mark(descriptor: object, of: PlaceOf, place: Place): void {
    let places = this.#places.get(descriptor)
    if (places === undefined) {
      places = new Map()
      this.#places.set(descriptor, places)
    }
    places.set(of, { line: place.line, column: place.column })
  }

  addOption(descriptor: object, statement: OptionStatement): void {
    const statements = this.options.get(descriptor)
    if (statements === undefined) this.options.set(descriptor, [statement])
    else statements.push(statement)
  }

  /** The error at that part of the descriptor, or at its name, or at the start of the file. */
  error(reason: string, descriptor: object, of: PlaceOf = 'name'): ProtoError {
    const places = this.#places.get(descriptor)
    return this.errorAt(reason, places?.get(of) ?? places?.get('name') ?? { line: 1, column: 1 })
  }

  errorAt(reason: string, place: Place): ProtoError {
    return new ProtoError(reason, { file: this.descriptor.name, line: place.line, column: place.column })
  }
}
