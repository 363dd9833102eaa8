import {
  type EnumDescriptor,
  type FieldDescriptor,
  type FileDescriptor,
  LABEL,
  MAX_FIELD_NUMBER,
  type MessageDescriptor,
  type NumberRange,
  type ServiceDescriptor,
  TYPE,
} from './descriptor.ts'
import { jsonNameOf } from './names.ts'
import { type OptionPrinter, quoted } from './option-printer.ts'
import { join } from './symbols.ts'

const TYPE_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(TYPE).map(([name, number]) => [number, name]))
const MAX_INT32 = 2_147_483_647

/**
 * Writes a descriptor as .proto text that compiles to the same descriptor: for registries that take no descriptors, when a schema is
 * given as generated code. Types are written with a leading dot; map entries become map fields again.
 */
export function printProto(file: FileDescriptor, options: OptionPrinter): string {
  return new Printer(file, options).print()
}

class Printer {
  readonly #file: FileDescriptor
  readonly #options: OptionPrinter
  readonly #lines: string[] = []

  constructor(file: FileDescriptor, options: OptionPrinter) {
    this.#file = file
    this.#options = options
  }

  print(): string {
    const file = this.#file
    const scope = file.package ?? ''
    if (file.syntax === 'editions') this.#line(0, `edition = "${file.edition === 1001 ? '2024' : '2023'}";`)
    else this.#line(0, `syntax = "${file.syntax ?? 'proto2'}";`)
    if (scope !== '') this.#line(0, `package ${scope};`)
    for (const [index, path] of file.dependency.entries()) {
      const isWeak = file.weakDependency.includes(index) ? 'weak ' : ''
      this.#line(0, `import ${file.publicDependency.includes(index) ? 'public ' : isWeak}${quoted(path)};`)
    }
    this.#statements(0, 'file', file.options)
    const groups = groupNames(file.extension)
    for (const message of file.messageType) if (!groups.has(message.name)) this.#message(0, message, scope)
    for (const descriptor of file.enumType) this.#enum(0, descriptor)
    this.#extensions(0, file.extension, file.messageType, scope)
    for (const service of file.service) this.#service(service)
    return `${this.#lines.join('\n')}\n`
  }

  #message(level: number, message: MessageDescriptor, outer: string): void {
    this.#line(level, `message ${message.name} {`)
    this.#messageBody(level + 1, message, join(outer, message.name))
    this.#line(level, '}')
  }

  /**
   * Entries of maps and messages of groups come into being where their field stands, so fields go right before the next message
   * that the descriptor names: the order of nested messages is part of the wire format of registries.
   */
  #messageBody(level: number, message: MessageDescriptor, scope: string): void {
    this.#statements(level, 'message', message.options)
    const fields = [...message.field]
    const written = new Set<FieldDescriptor>()
    const writeField = (field: FieldDescriptor): void => {
      if (written.has(field)) return
      for (const one of this.#siblings(message, field)) written.add(one)
      this.#fieldOrOneof(level, message, field, scope)
    }
    const extensionGroups = groupNames(message.extension)
    for (const nested of message.nestedType) {
      const index = fields.findIndex((field) => declares(field, join(scope, nested.name), isMapEntry(nested)))
      if (index >= 0) for (const field of fields.slice(0, index + 1)) writeField(field)
      else if (!extensionGroups.has(nested.name)) this.#message(level, nested, scope)
    }
    for (const field of fields) writeField(field)
    for (const descriptor of message.enumType) this.#enum(level, descriptor)
    for (const range of message.extensionRange) {
      const options = this.#options.brackets('extension range', range.options, [])
      this.#line(level, `extensions ${rangeText(range, MAX_FIELD_NUMBER + 1, -1)}${options};`)
    }
    this.#extensions(level, message.extension, message.nestedType, scope)
    this.#reserved(level, message, MAX_FIELD_NUMBER + 1, -1)
  }

  /** The fields that are written with this one: all of its oneof. */
  #siblings(message: MessageDescriptor, field: FieldDescriptor): readonly FieldDescriptor[] {
    if (field.oneofIndex === undefined || field.proto3Optional === true) return [field]
    return message.field.filter((other) => other.oneofIndex === field.oneofIndex && other.proto3Optional !== true)
  }

  #fieldOrOneof(level: number, message: MessageDescriptor, field: FieldDescriptor, scope: string): void {
    if (field.oneofIndex === undefined || field.proto3Optional === true) {
      this.#field(level, field, message.nestedType, scope, this.#label(field))
      return
    }
    const oneof = message.oneofDecl[field.oneofIndex]!
    this.#line(level, `oneof ${oneof.name} {`)
    this.#statements(level + 1, 'oneof', oneof.options)
    for (const member of this.#siblings(message, field)) this.#field(level + 1, member, message.nestedType, scope, '')
    this.#line(level, '}')
  }

  #label(field: FieldDescriptor): string {
    if (field.label === LABEL.repeated) return 'repeated '
    if (field.label === LABEL.required) return 'required '
    const isProto2 = this.#file.syntax === undefined || this.#file.syntax === 'proto2'
    return isProto2 || field.proto3Optional === true ? 'optional ' : ''
  }

  #field(
    level: number,
    field: FieldDescriptor,
    nested: readonly MessageDescriptor[],
    scope: string,
    label: string,
  ): void {
    const tail = ` = ${field.number}${this.#options.brackets('field', field.options, ownOptions(field))}`
    const message = nested.find(({ name }) => field.typeName === `.${join(scope, name)}`)
    if (field.type === TYPE.group && message !== undefined) {
      this.#line(level, `${label}group ${message.name}${tail} {`)
      this.#messageBody(level + 1, message, join(scope, message.name))
      this.#line(level, '}')
    } else if (message !== undefined && isMapEntry(message)) {
      const [key, value] = ['key', 'value'].map((name) => message.field.find((one) => one.name === name))
      this.#line(level, `map<${typeText(key!)}, ${typeText(value!)}> ${field.name}${tail};`)
    } else this.#line(level, `${label}${typeText(field)} ${field.name}${tail};`)
  }

  #extensions(
    level: number,
    extensions: readonly FieldDescriptor[],
    nested: readonly MessageDescriptor[],
    scope: string,
  ): void {
    for (const field of extensions) {
      this.#line(level, `extend ${field.extendee} {`)
      this.#field(level + 1, field, nested, scope, this.#label(field))
      this.#line(level, '}')
    }
  }

  #enum(level: number, descriptor: EnumDescriptor): void {
    this.#line(level, `enum ${descriptor.name} {`)
    this.#statements(level + 1, 'enum', descriptor.options)
    for (const { name, number, options } of descriptor.value) {
      this.#line(level + 1, `${name} = ${number}${this.#options.brackets('enum value', options, [])};`)
    }
    this.#reserved(level + 1, descriptor, MAX_INT32, 0)
    this.#line(level, '}')
  }

  #reserved(
    level: number,
    { reservedRange, reservedName }: { reservedRange: NumberRange[]; reservedName: string[] },
    max: number,
    offset: number,
  ): void {
    for (const range of reservedRange) this.#line(level, `reserved ${rangeText(range, max, offset)};`)
    const names = this.#file.syntax === 'editions' ? reservedName : reservedName.map((name) => quoted(name))
    if (names.length > 0) this.#line(level, `reserved ${names.join(', ')};`)
  }

  #service(service: ServiceDescriptor): void {
    this.#line(0, `service ${service.name} {`)
    this.#statements(1, 'service', service.options)
    for (const method of service.method) {
      const input = `${method.clientStreaming === true ? 'stream ' : ''}${method.inputType}`
      const output = `${method.serverStreaming === true ? 'stream ' : ''}${method.outputType}`
      const signature = `rpc ${method.name}(${input}) returns (${output})`
      if (method.options === undefined) {
        this.#line(1, `${signature};`)
        continue
      }
      this.#line(1, `${signature} {`)
      this.#statements(2, 'method', method.options)
      this.#line(1, '}')
    }
    this.#line(0, '}')
  }

  #statements(level: number, kind: Parameters<OptionPrinter['statements']>[0], options: Uint8Array | undefined): void {
    for (const statement of this.#options.statements(kind, options)) this.#line(level, `option ${statement};`)
  }

  #line(level: number, text: string): void {
    this.#lines.push('  '.repeat(level) + text)
  }
}

/** Whether a message is the entry of a map field. */
export function isMapEntry(message: MessageDescriptor): boolean {
  return message.options?.[0] === 0x38 && message.options[1] === 1
}

function declares(field: FieldDescriptor, fullName: string, isEntry: boolean): boolean {
  return field.typeName === `.${fullName}` && (isEntry || field.type === TYPE.group)
}

function groupNames(extensions: readonly FieldDescriptor[]): ReadonlySet<string> {
  return new Set(
    extensions.filter(({ type }) => type === TYPE.group).map(({ typeName }) => typeName!.split('.').at(-1)!),
  )
}

function typeText(field: FieldDescriptor): string {
  return field.typeName ?? TYPE_NAMES.get(field.type ?? 0) ?? 'bytes'
}

function ownOptions(field: FieldDescriptor): string[] {
  const own: string[] = []
  if (field.defaultValue !== undefined) {
    if (field.type === TYPE.string) own.push(`default = ${quoted(field.defaultValue)}`)
    // Descriptors keep bytes with escapes in place, so that they are a literal once in quotes.
    else own.push(field.type === TYPE.bytes ? `default = "${field.defaultValue}"` : `default = ${field.defaultValue}`)
  }
  if (field.jsonName !== undefined && field.jsonName !== jsonNameOf(field.name)) {
    own.push(`json_name = ${quoted(field.jsonName)}`)
  }
  return own
}

/** `offset` is what to add to the end for the last number of the range. */
function rangeText({ start, end }: NumberRange, max: number, offset: number): string {
  if (end >= max) return `${start} to max`
  const last = end + offset
  return last === start ? String(start) : `${start} to ${last}`
}
