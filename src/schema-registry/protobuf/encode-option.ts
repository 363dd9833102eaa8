import { concatBytes } from './bytes.ts'
import { type FieldDescriptor, LABEL, TYPE } from './descriptor.ts'
import type { OptionTypes } from './option-types.ts'
import type { OptionField, OptionValue } from './parsed-file.ts'
import { isInRange } from './parse-default.ts'
import type { ProtoError } from './proto-error.ts'
import { WIRE, WireWriter } from './wire.ts'

/** Tag and value of one field of an options message, or of all items of a list. `scope` is where names are looked up from. */
export function encodeOptionField(
  types: OptionTypes,
  field: FieldDescriptor,
  value: OptionValue,
  scope: string,
): Uint8Array {
  if (value.kind === 'list') {
    if (field.label !== LABEL.repeated)
      throw types.error(`"${field.name}" is not repeated: it takes no list`, value.place)
    return concatBytes(value.values.map((item) => encodeOptionField(types, field, item, scope)))
  }
  const writer = new WireWriter()
  const { number } = field
  switch (field.type) {
    case TYPE.message:
      return writer
        .tag(number, WIRE.bytes)
        .bytes(encodeMessage(types, field, value, scope))
        .finish()
    case TYPE.group:
      writer.tag(number, WIRE.startGroup).raw(encodeMessage(types, field, value, scope))
      return writer.tag(number, WIRE.endGroup).finish()
    case TYPE.string:
    case TYPE.bytes:
      if (value.kind !== 'string') throw mismatch(types, field, value, 'a string')
      return writer.tag(number, WIRE.bytes).bytes(value.bytes).finish()
    case TYPE.float:
    case TYPE.double:
      return encodeFloat(writer, types, field, value)
    case TYPE.fixed32:
    case TYPE.sfixed32:
      return writer
        .tag(number, WIRE.fixed32)
        .raw(littleEndian(integerOf(types, field, value), 4))
        .finish()
    case TYPE.fixed64:
    case TYPE.sfixed64:
      return writer
        .tag(number, WIRE.fixed64)
        .raw(littleEndian(integerOf(types, field, value), 8))
        .finish()
    default:
      return writer
        .tag(number, WIRE.varint)
        .varint(varintOf(types, field, value))
        .finish()
  }
}

function encodeMessage(types: OptionTypes, field: FieldDescriptor, value: OptionValue, scope: string): Uint8Array {
  if (value.kind !== 'message') throw mismatch(types, field, value, 'a message in braces')
  const name = field.typeName?.slice(1) ?? ''
  const encoded = value.fields.map((item) => encodeMember(types, name, item, scope))
  // A stable sort: items of repeated fields keep their order.
  return concatBytes(encoded.sort((a, b) => a.number - b.number).map(({ bytes }) => bytes))
}

function encodeMember(
  types: OptionTypes,
  messageName: string,
  item: OptionField,
  scope: string,
): { number: number; bytes: Uint8Array } {
  if (item.name.text.includes('/')) {
    throw types.error('an Any cannot be written out in an option', item.value.place)
  }
  const message = types.message(messageName)
  const field = message === undefined ? undefined : types.field(message, messageName, item.name, scope)
  if (field === undefined) {
    throw types.error(`message "${messageName}" has no field "${item.name.text}"`, item.value.place)
  }
  return { number: field.number, bytes: encodeOptionField(types, field, item.value, scope) }
}

function varintOf(types: OptionTypes, field: FieldDescriptor, value: OptionValue): bigint {
  if (field.type === TYPE.bool) {
    const isTrue = value.kind === 'identifier' && value.text === 'true'
    if (!isTrue && !(value.kind === 'identifier' && value.text === 'false'))
      throw mismatch(types, field, value, 'true or false')
    return isTrue ? 1n : 0n
  }
  if (field.type === TYPE.enum) return enumValue(types, field, value)
  const number = integerOf(types, field, value)
  const isZigzag = field.type === TYPE.sint32 || field.type === TYPE.sint64
  return isZigzag ? (number << 1n) ^ (number >> 63n) : number
}

function enumValue(types: OptionTypes, field: FieldDescriptor, value: OptionValue): bigint {
  if (value.kind !== 'identifier') throw mismatch(types, field, value, 'the name of an enum value')
  const found = types.enum(field.typeName?.slice(1) ?? '')?.value.find(({ name }) => name === value.text)
  if (found === undefined) {
    throw types.error(`enum ${field.typeName?.slice(1)} has no value "${value.text}"`, value.place)
  }
  return BigInt(found.number)
}

function integerOf(types: OptionTypes, field: FieldDescriptor, value: OptionValue): bigint {
  if (value.kind !== 'integer') throw mismatch(types, field, value, 'an integer')
  if (!isInRange(value.value, field.type!))
    throw types.error(`${value.value} does not fit "${field.name}"`, value.place)
  return value.value
}

function encodeFloat(writer: WireWriter, types: OptionTypes, field: FieldDescriptor, value: OptionValue): Uint8Array {
  const number = floatOf(value)
  if (number === undefined) throw mismatch(types, field, value, 'a number')
  const isFloat = field.type === TYPE.float
  const view = new DataView(new ArrayBuffer(isFloat ? 4 : 8))
  if (isFloat) view.setFloat32(0, number, true)
  else view.setFloat64(0, number, true)
  return writer
    .tag(field.number, isFloat ? WIRE.fixed32 : WIRE.fixed64)
    .raw(new Uint8Array(view.buffer))
    .finish()
}

function floatOf(value: OptionValue): number | undefined {
  if (value.kind === 'float') return value.value
  if (value.kind === 'integer') return Number(value.value)
  if (value.kind !== 'identifier') return undefined
  if (value.text === 'inf') return Infinity
  return value.text === 'nan' ? Number.NaN : undefined
}

function littleEndian(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index++) bytes[index] = Number((value >> BigInt(8 * index)) & 255n)
  return bytes
}

function mismatch(types: OptionTypes, field: FieldDescriptor, value: OptionValue, expected: string): ProtoError {
  return types.error(`option "${field.name}" takes ${expected}`, value.place)
}
