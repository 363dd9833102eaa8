import type { DescField, DescMessage, Message } from '@bufbuild/protobuf'
import { inspect } from '../../inspect-value.ts'
import { SerializationError } from '../errors.ts'
import type { Runtime } from './runtime.ts'

/** Refuses names that are no fields of the message: a misspelt one would be left out without a word. Throws SerializationError. */
export function checkNames(type: DescMessage, value: object, path = ''): void {
  for (const [name, item] of Object.entries(value)) {
    const member = type.members.find(({ localName }) => localName === name)
    const at = path === '' ? name : `${path}.${name}`
    if (member === undefined) throw new SerializationError(`${type.typeName} has no field ${name}`, { path: at })
    if (member.kind !== 'oneof') checkField(member, item, at)
    else if (isObject(item) && 'case' in item && item.case !== undefined) {
      const field = member.fields.find(({ localName }) => localName === item.case)
      if (field === undefined) {
        throw new SerializationError(`${type.typeName}.${member.name} has no field ${inspect(item.case)}`, { path: at })
      }
      checkField(field, 'value' in item ? item.value : undefined, `${at}.value`)
    }
  }
}

function checkField(field: DescField, item: unknown, path: string): void {
  if (!isObject(item) || field.message === undefined) return
  // Types of Protobuf itself have forms of their own, such as plain objects for Struct.
  if (field.message.typeName.startsWith('google.protobuf.')) return
  const { message } = field
  if (field.fieldKind === 'message') checkItem(message, item, path)
  else if (field.fieldKind === 'list' && Array.isArray(item)) {
    for (const [index, one] of item.entries()) checkItem(message, one, `${path}[${index}]`)
  } else if (field.fieldKind === 'map') {
    for (const [key, one] of Object.entries(item)) checkItem(message, one, `${path}[${JSON.stringify(key)}]`)
  }
}

function checkItem(type: DescMessage, item: unknown, path: string): void {
  if (isObject(item) && !('$typeName' in item)) checkNames(type, item, path)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** The path of the innermost field that cannot be written; empty when it cannot be told. */
export function findMisfit(runtime: Runtime, type: DescMessage, message: Message): string {
  for (const field of type.fields) {
    const value = fieldValue(message, field)
    if (value === undefined) continue
    for (const [suffix, item] of itemsOf(field, value)) {
      const path = `${field.oneof === undefined ? field.localName : `${field.oneof.localName}.value`}${suffix}`
      if (field.message !== undefined && isObject(item)) {
        if (isWritable(runtime, field.message, item)) continue
        const inner = findMisfit(runtime, field.message, item as Message)
        return inner === '' ? path : `${path}.${inner}`
      }
      const alone = { ...runtime.create(type), ...withField(field, value) }
      if (!isWritable(runtime, type, alone, field.number)) return path
    }
  }
  return ''
}

function fieldValue(message: Message, field: DescField): unknown {
  const members = message as unknown as Record<string, unknown>
  if (field.oneof === undefined) return members[field.localName]
  const chosen = members[field.oneof.localName] as { case?: unknown; value?: unknown } | undefined
  return chosen?.case === field.localName ? chosen.value : undefined
}

function withField(field: DescField, value: unknown): Record<string, unknown> {
  return field.oneof === undefined
    ? { [field.localName]: value }
    : { [field.oneof.localName]: { case: field.localName, value } }
}

function itemsOf(field: DescField, value: unknown): [suffix: string, item: unknown][] {
  if (field.fieldKind === 'list' && Array.isArray(value)) return value.map((item, index) => [`[${index}]`, item])
  if (field.fieldKind === 'map' && isObject(value)) {
    return Object.entries(value).map(([key, item]) => [`[${JSON.stringify(key)}]`, item])
  }
  return [['', value]]
}

/** Required fields that are missing are no misfit of the field at hand. */
function isWritable(runtime: Runtime, type: DescMessage, value: object, number?: number): boolean {
  try {
    runtime.toBinary(type, value as Message)
    return true
  } catch (error) {
    const { field } = error as { field?: unknown }
    const found = typeof field === 'function' ? (field.call(error) as DescField | undefined) : undefined
    return number !== undefined && found !== undefined && found.number !== number
  }
}
