import { type FieldDescriptor, LABEL, type MessageDescriptor, TYPE } from './descriptor.ts'
import { isMapEntry } from './printer.ts'
import { join, type ProtoFile, reachableFiles } from './symbols.ts'

/** Types that are the same on the wire for the values they share (Java: ScalarKind and FieldSchemaDiff). */
const KINDS: ReadonlyMap<number, string> = new Map<number, string>([
  ...[TYPE.int32, TYPE.int64, TYPE.uint32, TYPE.uint64, TYPE.bool, TYPE.enum].map((type) => [type, 'number'] as const),
  ...[TYPE.sint32, TYPE.sint64].map((type) => [type, 'zigzag number'] as const),
  ...[TYPE.fixed32, TYPE.sfixed32].map((type) => [type, '32-bit number'] as const),
  ...[TYPE.fixed64, TYPE.sfixed64].map((type) => [type, '64-bit number'] as const),
  ...[TYPE.string, TYPE.bytes].map((type) => [type, 'string'] as const),
  [TYPE.float, 'float'],
  [TYPE.double, 'double'],
  [TYPE.message, 'message'],
  [TYPE.group, 'group'],
])

/**
 * Why messages of `writer` cannot be read with `reader`, by the rules that registries have for it (Java: ProtobufSchemaDiff): fields
 * may come, go and be renamed, but not change what they are on the wire. Empty when they can.
 */
export function incompatibilities(reader: ProtoFile, writer: ProtoFile): readonly string[] {
  return new Comparison(reader, writer).run()
}

class Comparison {
  readonly #reader: ProtoFile
  readonly #writer: ProtoFile
  readonly #found: string[] = []
  /** Messages of imports that were compared. */
  readonly #seen = new Set<string>()

  constructor(reader: ProtoFile, writer: ProtoFile) {
    this.#reader = reader
    this.#writer = writer
  }

  run(): string[] {
    // The package is not part of the wire format: it may change.
    this.#messages(this.#reader.descriptor.messageType, this.#writer.descriptor.messageType, '')
    return this.#found
  }

  #messages(readers: readonly MessageDescriptor[], writers: readonly MessageDescriptor[], scope: string): void {
    for (const writer of writers) {
      const name = join(scope, writer.name)
      const reader = readers.find((one) => one.name === writer.name)
      if (reader !== undefined) this.#message(reader, writer, name)
      else if (!isMapEntry(writer)) this.#found.push(`message ${name} is gone`)
    }
  }

  #message(reader: MessageDescriptor, writer: MessageDescriptor, name: string): void {
    for (const field of writer.field) {
      const now = reader.field.find(({ number }) => number === field.number)
      if (now !== undefined) this.#field(now, field, `${name}.${field.name}`)
      else if (field.label === LABEL.required) this.#found.push(`required field ${name}.${field.name} is gone`)
      else if (isChoice(field) && writer.oneofDecl[field.oneofIndex!] !== undefined)
        this.#choice(reader, writer, field, name)
    }
    for (const field of reader.field) {
      const isNew = !writer.field.some(({ number }) => number === field.number)
      if (isNew && field.label === LABEL.required) this.#found.push(`required field ${name}.${field.name} is new`)
    }
    for (const [index, oneof] of reader.oneofDecl.entries()) {
      const moved = reader.field.filter(
        (field) =>
          isChoice(field) &&
          field.oneofIndex === index &&
          writer.field.some((before) => before.number === field.number && !isChoice(before)),
      )
      if (moved.length > 1) this.#found.push(`several fields moved into oneof ${name}.${oneof.name}`)
    }
    this.#messages(reader.nestedType, writer.nestedType, name)
  }

  /** A field may leave only with its oneof: what is left of it would look as if nothing was chosen. */
  #choice(reader: MessageDescriptor, writer: MessageDescriptor, field: FieldDescriptor, name: string): void {
    const oneof = writer.oneofDecl[field.oneofIndex!]!.name
    if (reader.oneofDecl.some((one) => one.name === oneof)) {
      this.#found.push(`field ${field.name} of oneof ${name}.${oneof} is gone`)
    }
  }

  #field(reader: FieldDescriptor, writer: FieldDescriptor, path: string): void {
    const now = KINDS.get(reader.type ?? 0)
    const before = KINDS.get(writer.type ?? 0)
    if (now !== before) {
      this.#found.push(`field ${path} was a ${before} and is a ${now}`)
      return
    }
    if ((reader.label === LABEL.required) !== (writer.label === LABEL.required)) {
      this.#found.push(`field ${path} is ${reader.label === LABEL.required ? 'now' : 'no longer'} required`)
    }
    const changesRepetition = (reader.label === LABEL.repeated) !== (writer.label === LABEL.repeated)
    // Of strings and messages the last one wins; numbers may be packed, which a single one is not.
    if (changesRepetition && now !== 'string' && now !== 'message') {
      this.#found.push(`field ${path} is ${reader.label === LABEL.repeated ? 'now' : 'no longer'} repeated`)
    }
    if (now === 'message' || now === 'group') this.#types(reader, writer, path)
  }

  #types(reader: FieldDescriptor, writer: FieldDescriptor, path: string): void {
    const now = relativeName(reader.typeName!, this.#reader)
    const before = relativeName(writer.typeName!, this.#writer)
    const messages = [messageOf(this.#reader, reader.typeName!), messageOf(this.#writer, writer.typeName!)] as const
    const areEntries = messages.every((message) => message !== undefined && isMapEntry(message))
    if (now !== before && !areEntries) {
      this.#found.push(`field ${path} was a ${before} and is a ${now}`)
      return
    }
    // Messages of the file itself, entries of its maps among them, are compared where they stand.
    if (this.#writer.symbols.has(writer.typeName!.slice(1)) || this.#seen.has(before)) return
    this.#seen.add(before)
    if (messages[0] !== undefined && messages[1] !== undefined) this.#message(messages[0], messages[1], before)
  }
}

function isChoice(field: FieldDescriptor): boolean {
  return field.oneofIndex !== undefined && field.proto3Optional !== true
}

/** The name within the file's package; the full name for what is imported. */
function relativeName(typeName: string, file: ProtoFile): string {
  const { package: scope = '' } = file.descriptor
  const prefix = scope === '' ? '.' : `.${scope}.`
  const isOwn = file.symbols.has(typeName.slice(1))
  return isOwn && typeName.startsWith(prefix) ? typeName.slice(prefix.length) : typeName.slice(1)
}

function messageOf(file: ProtoFile, typeName: string): MessageDescriptor | undefined {
  for (const { symbols } of reachableFiles([file])) {
    const symbol = symbols.get(typeName.slice(1))
    if (symbol?.kind === 'message') return symbol.descriptor
  }
  return undefined
}
