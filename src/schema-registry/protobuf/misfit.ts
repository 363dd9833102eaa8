import type { DescField, DescMessage, Message, ScalarType } from '@bufbuild/protobuf'
import { inspect } from '../../inspect-value.ts'
import { SerializationError } from '../errors.ts'
import { TYPE } from './descriptor.ts'
import type { Runtime } from './runtime.ts'

/** Refuses names that are no fields of the message: a misspelt one would be left out without a word. Throws SerializationError. */
export function checkNames(type: DescMessage, value: object): void {
  // Nearly every value is right, and needs no paths.
  if (!isPlainlyRight(type, value)) checkMembers(type, value, '')
}

/** Members by the names that they have in objects; looked up for each member of each record. */
const members = new WeakMap<DescMessage, Map<string, DescMessage['members'][number]>>()

function membersOf(type: DescMessage): ReadonlyMap<string, DescMessage['members'][number]> {
  let byName = members.get(type)
  if (byName === undefined) {
    byName = new Map(type.members.map((member) => [member.localName, member]))
    members.set(type, byName)
  }
  return byName
}

/** Whether there is nothing to refuse; false also for what takes a closer look, such as what is chosen of a `oneof`. */
function isPlainlyRight(type: DescMessage, value: object): boolean {
  const known = membersOf(type)
  for (const name of Object.keys(value)) {
    const member = known.get(name)
    if (member === undefined || member.kind === 'oneof') return false
    const item = (value as Readonly<Record<string, unknown>>)[name]
    if (item === undefined) continue
    if (member.fieldKind === 'scalar') {
      if (!isTyped(member.scalar, item)) return false
    } else if (member.fieldKind === 'list' && member.scalar !== undefined && Array.isArray(item)) {
      for (const one of item) if (one !== undefined && !isTyped(member.scalar, one)) return false
    } else if (member.fieldKind !== 'enum') return false
  }
  return true
}

function isTyped(type: ScalarType, value: unknown): boolean {
  const expected = SILENT_TYPES.get(type)
  return expected === undefined || (expected === 'bytes' ? value instanceof Uint8Array : typeof value === expected)
}

function checkMembers(type: DescMessage, value: object, path: string): void {
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

function checkField(field: DescField, value: unknown, path: string): void {
  for (const [suffix, item] of itemsOf(field, value)) {
    if (item === undefined) continue
    if (field.message !== undefined) checkItem(field.message, item, path + suffix)
    else if (field.scalar !== undefined) checkScalar(field.scalar, item, path + suffix)
  }
}

/** What the library would turn into something else in silence; it refuses numbers that do not fit itself. */
function checkScalar(type: ScalarType, value: unknown, path: string): void {
  if (isTyped(type, value)) return
  throw new SerializationError(`expected ${SILENT_TYPES.get(type)}, not ${inspect(value)}`, { path })
}

/** By the numbers of FieldDescriptorProto.Type, which are those of the library's ScalarType. */
const SILENT_TYPES: ReadonlyMap<number, 'boolean' | 'string' | 'bytes'> = new Map([
  [TYPE.bool, 'boolean'],
  [TYPE.string, 'string'],
  [TYPE.bytes, 'bytes'],
] as const)

function checkItem(type: DescMessage, item: unknown, path: string): void {
  // Types of Protobuf itself have forms of their own, such as plain objects for Struct.
  if (isObject(item) && !('$typeName' in item) && !type.typeName.startsWith('google.protobuf.')) {
    checkMembers(type, item, path)
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** The path of the innermost field that cannot be written; empty when it cannot be told. */
export function findMisfit(runtime: Runtime, type: DescMessage, message: Message): string {
  for (const field of type.fields) {
    const value = fieldValue(message, field)
    if (value === undefined) continue
    for (const [suffix, item, key] of itemsOf(field, value)) {
      const path = `${field.oneof === undefined ? field.localName : `${field.oneof.localName}.value`}${suffix}`
      if (field.message !== undefined && isObject(item)) {
        if (isWritable(runtime, field.message, item)) continue
        const inner = findMisfit(runtime, field.message, item as Message)
        return inner === '' ? path : `${path}.${inner}`
      }
      const alone = { ...runtime.create(type), ...withField(field, item, key) }
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

function withField(field: DescField, item: unknown, key: string): Record<string, unknown> {
  const value = field.fieldKind === 'list' ? [item] : field.fieldKind === 'map' ? { [key]: item } : item
  return field.oneof === undefined
    ? { [field.localName]: value }
    : { [field.oneof.localName]: { case: field.localName, value } }
}

function itemsOf(field: DescField, value: unknown): [suffix: string, item: unknown, key: string][] {
  if (field.fieldKind === 'list' && Array.isArray(value)) return value.map((item, index) => [`[${index}]`, item, ''])
  if (field.fieldKind === 'map' && isObject(value)) {
    return Object.entries(value).map(([key, item]) => [`[${JSON.stringify(key)}]`, item, key])
  }
  return [['', value, '']]
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
