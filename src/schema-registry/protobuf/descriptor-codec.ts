import { decodeUtf8, encodeUtf8 } from '../../protocol/bytes/utf8.ts'
import { DecodeError } from '../../errors.ts'
import type { FileDescriptor } from './descriptor.ts'
import { WIRE, WireReader, WireWriter } from './wire.ts'

/** A field of descriptor.proto: `key` is ours, `message` is set for messages, `isRepeated` for lists. */
interface Field {
  readonly key: string
  readonly number: number
  readonly type: 'string' | 'int32' | 'bool' | 'bytes' | 'message'
  readonly message?: () => readonly Field[]
  readonly isRepeated?: boolean
}

type Value = Record<string, unknown>

const text = (key: string, number: number): Field => ({ key, number, type: 'string' })
const texts = (key: string, number: number): Field => ({ key, number, type: 'string', isRepeated: true })
const int = (key: string, number: number): Field => ({ key, number, type: 'int32' })
const ints = (key: string, number: number): Field => ({ key, number, type: 'int32', isRepeated: true })
const flag = (key: string, number: number): Field => ({ key, number, type: 'bool' })
const options = (number: number): Field => ({ key: 'options', number, type: 'bytes' })
const list = (key: string, number: number, message: () => readonly Field[]): Field => ({
  key,
  number,
  type: 'message',
  message,
  isRepeated: true,
})

const range: readonly Field[] = [int('start', 1), int('end', 2)]
const field: readonly Field[] = [
  text('name', 1),
  text('extendee', 2),
  int('number', 3),
  int('label', 4),
  int('type', 5),
  text('typeName', 6),
  text('defaultValue', 7),
  options(8),
  int('oneofIndex', 9),
  text('jsonName', 10),
  flag('proto3Optional', 17),
]
const enumType: readonly Field[] = [
  text('name', 1),
  list('value', 2, () => [text('name', 1), int('number', 2), options(3)]),
  options(3),
  list('reservedRange', 4, () => range),
  texts('reservedName', 5),
]
const message: readonly Field[] = [
  text('name', 1),
  list('field', 2, () => field),
  list('nestedType', 3, () => message),
  list('enumType', 4, () => enumType),
  list('extensionRange', 5, () => [...range, options(3)]),
  list('extension', 6, () => field),
  options(7),
  list('oneofDecl', 8, () => [text('name', 1), options(2)]),
  list('reservedRange', 9, () => range),
  texts('reservedName', 10),
]
const method: readonly Field[] = [
  text('name', 1),
  text('inputType', 2),
  text('outputType', 3),
  options(4),
  flag('clientStreaming', 5),
  flag('serverStreaming', 6),
]
const service: readonly Field[] = [text('name', 1), list('method', 2, () => method), options(3)]
const file: readonly Field[] = [
  text('name', 1),
  text('package', 2),
  texts('dependency', 3),
  list('messageType', 4, () => message),
  list('enumType', 5, () => enumType),
  list('service', 6, () => service),
  list('extension', 7, () => field),
  options(8),
  ints('publicDependency', 10),
  ints('weakDependency', 11),
  text('syntax', 12),
  int('edition', 14),
]

/** How deep messages may nest in bytes from outside. */
const MAX_DEPTH = 64

/** The bytes of a google.protobuf.FileDescriptorProto, in the order that protoc writes. */
export function encodeFileDescriptor(descriptor: FileDescriptor): Uint8Array {
  return encode(descriptor as unknown as Value, file)
}

/**
 * Reads a google.protobuf.FileDescriptorProto. Source positions and what newer protoc versions add are left out. Throws DecodeError.
 */
export function decodeFileDescriptor(bytes: Uint8Array): FileDescriptor {
  return decode(bytes, file, 0) as unknown as FileDescriptor
}

function encode(value: Value, fields: readonly Field[]): Uint8Array {
  const writer = new WireWriter()
  for (const field of fields) {
    const item = value[field.key]
    if (item === undefined) continue
    for (const one of field.isRepeated === true ? (item as unknown[]) : [item]) encodeField(writer, field, one)
  }
  return writer.finish()
}

function encodeField(writer: WireWriter, field: Field, value: unknown): void {
  if (field.type === 'int32') writer.tag(field.number, WIRE.varint).varint(BigInt(value as number))
  else if (field.type === 'bool') writer.tag(field.number, WIRE.varint).varint(value === true ? 1n : 0n)
  else writer.tag(field.number, WIRE.bytes).bytes(fieldBytes(field, value))
}

function fieldBytes(field: Field, value: unknown): Uint8Array {
  if (field.type === 'string') return encodeUtf8(value as string)
  return field.type === 'bytes' ? (value as Uint8Array) : encode(value as Value, field.message!())
}

function decode(bytes: Uint8Array, fields: readonly Field[], depth: number): Value {
  if (depth > MAX_DEPTH) throw new DecodeError(`messages nest more than ${MAX_DEPTH} levels deep`, { offset: 0 })
  const value: Value = {}
  for (const field of fields) {
    if (field.isRepeated === true) value[field.key] = []
    else if (REQUIRED.has(field.key)) value[field.key] = field.type === 'string' ? '' : 0
  }
  const reader = new WireReader(bytes)
  while (!reader.isAtEnd) {
    const tag = reader.tag()
    const field = fields.find(({ number }) => number === tag.field)
    if (field === undefined) reader.skip(tag.wireType)
    else decodeField(reader, field, tag.wireType, value, depth)
  }
  return value
}

/** Keys that our descriptors always have. */
const REQUIRED: ReadonlySet<string> = new Set(['name', 'number', 'start', 'end', 'inputType', 'outputType', 'label'])

function decodeField(reader: WireReader, field: Field, wireType: number, value: Value, depth: number): void {
  const isNumber = field.type === 'int32' || field.type === 'bool'
  if (isNumber && wireType === WIRE.bytes && field.isRepeated === true) {
    const packed = new WireReader(reader.bytes())
    while (!packed.isAtEnd) (value[field.key] as unknown[]).push(Number(BigInt.asIntN(32, packed.varint())))
    return
  }
  if (wireType !== (isNumber ? WIRE.varint : WIRE.bytes)) {
    reader.skip(wireType)
    return
  }
  const item = isNumber ? decodeNumber(reader.varint(), field) : decodeBytes(reader.bytes(), field, depth)
  if (field.isRepeated === true) (value[field.key] as unknown[]).push(item)
  else value[field.key] = item
}

function decodeNumber(value: bigint, field: Field): number | boolean {
  return field.type === 'bool' ? value !== 0n : Number(BigInt.asIntN(32, value))
}

function decodeBytes(bytes: Uint8Array, field: Field, depth: number): unknown {
  if (field.type === 'string') return decodeUtf8(bytes, 0, bytes.length)
  return field.type === 'bytes' ? Uint8Array.from(bytes) : decode(bytes, field.message!(), depth + 1)
}
