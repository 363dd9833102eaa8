import { encodeUtf8 } from '../../protocol/bytes/utf8.ts'
import { type FieldDescriptor, LABEL, TYPE } from './descriptor.ts'
import { OPTION_MESSAGES } from './interpret-options.ts'
import { escapeBytes, floatText } from './names.ts'
import type { ProtoFile, ProtoSymbol } from './symbols.ts'
import { WIRE, WireReader } from './wire.ts'

/** What options belong to. */
type OptionOwner = keyof typeof OPTION_MESSAGES

/** One field of an encoded options message. */
interface OptionItem {
  readonly field: FieldDescriptor
  readonly name: string
  readonly text: string
}

/** Writes encoded options as text. What no known field or extension explains is left out: text has no form for it. */
export class OptionPrinter {
  readonly #symbols = new Map<string, ProtoSymbol>()
  readonly #extensions = new Map<string, { name: string; field: FieldDescriptor }>()

  /** `files` hold the types of options: descriptor.proto and whatever extends it. */
  constructor(files: Iterable<ProtoFile>) {
    for (const { symbols } of files) {
      for (const symbol of symbols.values()) {
        this.#symbols.set(symbol.fullName, symbol)
        if (symbol.kind !== 'extension') continue
        const { extendee, number } = symbol.descriptor
        this.#extensions.set(`${extendee}:${number}`, { name: symbol.fullName, field: symbol.descriptor })
      }
    }
  }

  /** `name = value` of each option that stands in a statement of its own. */
  statements(owner: OptionOwner, options: Uint8Array | undefined): string[] {
    return this.#items(OPTION_MESSAGES[owner], options)
      .filter(({ name }) => owner !== 'message' || name !== 'map_entry')
      .map(({ name, text, field }) => `${name} = ${isMessage(field) ? `{ ${text} }` : text}`)
  }

  /** ` [a = 1, b = 2]`, or nothing; `own` are options that the descriptor keeps itself. */
  brackets(owner: OptionOwner, options: Uint8Array | undefined, own: readonly string[]): string {
    const all = [...own, ...this.statements(owner, options)]
    return all.length === 0 ? '' : ` [${all.join(', ')}]`
  }

  #items(messageName: string, bytes: Uint8Array | undefined): OptionItem[] {
    if (bytes === undefined) return []
    // Pieces of a message that is not repeated belong together: text may set it once only.
    const items = new Map<number | symbol, OptionItem>()
    const reader = new WireReader(bytes)
    while (!reader.isAtEnd) {
      const { field: number, wireType } = reader.tag()
      const found = this.#field(messageName, number)
      if (found === undefined) reader.skip(wireType)
      else {
        for (const text of this.#values(reader, found.field, wireType)) {
          const isMerged = found.field.label !== LABEL.repeated
          const before = items.get(number)
          const whole = isMerged && before !== undefined && isMessage(found.field) ? `${before.text} ${text}` : text
          items.set(isMerged ? number : Symbol('item'), { ...found, text: whole })
        }
      }
    }
    return [...items.values()]
  }

  #field(messageName: string, number: number): { field: FieldDescriptor; name: string } | undefined {
    const message = this.#symbols.get(messageName)
    const field =
      message?.kind === 'message' ? message.descriptor.field.find((one) => one.number === number) : undefined
    if (field !== undefined) return { field, name: field.name }
    const extension = this.#extensions.get(`.${messageName}:${number}`)
    return extension === undefined ? undefined : { field: extension.field, name: `(.${extension.name})` }
  }

  #values(reader: WireReader, field: FieldDescriptor, wireType: number): string[] {
    const expected = wireTypeOf(field)
    if (wireType === WIRE.bytes && expected !== WIRE.bytes) {
      const packed = new WireReader(reader.bytes())
      const texts: string[] = []
      while (!packed.isAtEnd) texts.push(this.#value(packed, field))
      return texts
    }
    if (wireType !== expected) {
      reader.skip(wireType)
      return []
    }
    return [this.#value(reader, field)]
  }

  #value(reader: WireReader, field: FieldDescriptor): string {
    switch (field.type) {
      case TYPE.message:
        return this.#message(field.typeName!.slice(1), reader.bytes())
      case TYPE.string:
      case TYPE.bytes:
        return `"${escapeBytes(reader.bytes())}"`
      case TYPE.double:
      case TYPE.float:
        return floatOf(reader.raw(field.type === TYPE.float ? 4 : 8))
      case TYPE.fixed32:
      case TYPE.sfixed32:
      case TYPE.fixed64:
      case TYPE.sfixed64:
        return fixedOf(reader, field)
      case TYPE.enum:
        return this.#enumValue(field, Number(BigInt.asIntN(32, reader.varint())))
      default:
        return varintText(reader.varint(), field)
    }
  }

  /** In the text format extensions stand in brackets and messages need no colon. */
  #message(messageName: string, bytes: Uint8Array): string {
    return this.#items(messageName, bytes)
      .map(({ field, name, text }) => {
        const key = name.replace(/^\(\.(.*)\)$/, '[$1]')
        return isMessage(field) ? `${key} { ${text} }` : `${key}: ${text}`
      })
      .join(' ')
  }

  #enumValue(field: FieldDescriptor, number: number): string {
    const symbol = this.#symbols.get(field.typeName!.slice(1))
    const value = symbol?.kind === 'enum' ? symbol.descriptor.value.find((one) => one.number === number) : undefined
    return value?.name ?? String(number)
  }
}

/** Text in quotes. */
export function quoted(text: string): string {
  return `"${escapeBytes(encodeUtf8(text))}"`
}

function isMessage(field: FieldDescriptor): boolean {
  return field.type === TYPE.message || field.type === TYPE.group
}

function wireTypeOf(field: FieldDescriptor): number {
  switch (field.type) {
    case TYPE.message:
    case TYPE.string:
    case TYPE.bytes:
      return WIRE.bytes
    case TYPE.group:
      return WIRE.startGroup
    case TYPE.double:
    case TYPE.fixed64:
    case TYPE.sfixed64:
      return WIRE.fixed64
    case TYPE.float:
    case TYPE.fixed32:
    case TYPE.sfixed32:
      return WIRE.fixed32
    default:
      return WIRE.varint
  }
}

function floatOf(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return bytes.length === 4 ? floatText(view.getFloat32(0, true), true) : floatText(view.getFloat64(0, true), false)
}

function fixedOf(reader: WireReader, field: FieldDescriptor): string {
  const isShort = field.type === TYPE.fixed32 || field.type === TYPE.sfixed32
  const bytes = reader.raw(isShort ? 4 : 8)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (field.type === TYPE.fixed32) return String(view.getUint32(0, true))
  if (field.type === TYPE.sfixed32) return String(view.getInt32(0, true))
  return String(field.type === TYPE.fixed64 ? view.getBigUint64(0, true) : view.getBigInt64(0, true))
}

function varintText(value: bigint, field: FieldDescriptor): string {
  if (field.type === TYPE.bool) return value === 0n ? 'false' : 'true'
  if (field.type === TYPE.uint32 || field.type === TYPE.uint64) return String(value)
  if (field.type === TYPE.sint32 || field.type === TYPE.sint64) return String((value >> 1n) ^ -(value & 1n))
  return String(BigInt.asIntN(64, value))
}
