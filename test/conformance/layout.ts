import type { Field } from '../../src/protocol/schema.ts'
import type { AnyMessage } from './known-messages.ts'
import { isIn, parseVersions, type KafkaField, type KafkaSchema } from './kafka-schema.ts'

/** One field as one version has it. */
export interface FieldLayout {
  name: string
  /** Kafka's name of the type, `[]` before it for an array; `struct` whatever its name. */
  type: string
  isNullable: boolean
  tag: number | undefined
  default: unknown
  fields: StructLayout | undefined
}

/** A struct as one version has it. */
export interface StructLayout {
  /** In wire order: plain fields, then tagged ones by tag. */
  present: FieldLayout[]
  /** Fields of other versions that are dropped in silence when they are set. */
  dropped: string[]
  /** Fields of other versions that must not be set. */
  refused: string[]
}

/** How our schema lays out a message at `version`. */
export function layoutOf(message: AnyMessage, version: number): StructLayout {
  return structLayout(message.root.type.fields!, version, message)
}

function structLayout(fields: Readonly<Record<string, Field<unknown>>>, version: number, of: AnyMessage): StructLayout {
  const present: FieldLayout[] = []
  const absent: [string, boolean][] = []
  for (const [name, field] of Object.entries(fields)) {
    if (field.isPresentAt(version)) present.push(fieldLayout(name, field, version, of))
    else absent.push([name, field.options.isIgnorable])
  }
  return sorted(present, absent)
}

function fieldLayout(name: string, field: Field<unknown>, version: number, of: AnyMessage): FieldLayout {
  const isArray = field.type.kind === 'array'
  const item = isArray ? field.type.element! : field
  if (isArray && (item.options.nullable !== undefined || !item.isPresentAt(version))) {
    throw new Error(`${of.name}.${name}: the elements of an array are never null and never absent`)
  }
  return {
    name,
    type: (isArray ? '[]' : '') + (item.type.kind === 'boolean' ? 'bool' : item.type.kind),
    isNullable: isIn(field.options.nullable, version),
    tag: field.options.tag,
    default: plainDefault(field.defaultValue()),
    fields: item.type.kind === 'struct' ? structLayout(item.type.fields!, version, of) : undefined,
  }
}

/** Fields compare as JSON values: bytes as an array, a struct's default as the word, since its fields are compared anyway. */
function plainDefault(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value]
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? 'struct' : value
}

/** How Kafka's JSON lays out a message at `version`. */
export function kafkaLayoutOf(schema: KafkaSchema, version: number): StructLayout {
  return kafkaStructLayout(schema.fields, version, schema)
}

function kafkaStructLayout(fields: KafkaField[], version: number, schema: KafkaSchema): StructLayout {
  const present: FieldLayout[] = []
  const absent: [string, boolean][] = []
  for (const field of fields) {
    const name = field.name[0]!.toLowerCase() + field.name.slice(1)
    if (isIn(parseVersions(field.versions), version)) present.push(kafkaFieldLayout(name, field, version, schema))
    else absent.push([name, String(field.ignorable) === 'true'])
  }
  return sorted(present, absent)
}

function kafkaFieldLayout(name: string, field: KafkaField, version: number, schema: KafkaSchema): FieldLayout {
  const itemType = field.type.replace('[]', '')
  const isStruct = /^[A-Z]/.test(itemType)
  const fields = field.fields ?? schema.commonStructs?.find((common) => common.name === itemType)?.fields
  return {
    name,
    type: isStruct ? field.type.replace(itemType, 'struct') : field.type,
    isNullable: isIn(parseVersions(field.nullableVersions), version),
    tag: isIn(parseVersions(field.taggedVersions), version) ? field.tag : undefined,
    default: kafkaDefault(field),
    fields: isStruct ? kafkaStructLayout(fields!, version, schema) : undefined,
  }
}

/** Kafka writes defaults as text or as a value; those of records are null in Java, but empty here: librdkafka takes no null. */
function kafkaDefault({ type, default: given }: KafkaField): unknown {
  if (given === 'null') return null
  if (type.startsWith('[]') || type === 'bytes' || type === 'records') return []
  if (type === 'string') return given ?? ''
  if (type === 'bool') return String(given) === 'true'
  if (type === 'uuid') return 'AAAAAAAAAAAAAAAAAAAAAA'
  if (type === 'int64') return BigInt(String(given ?? 0))
  return /^[A-Z]/.test(type) ? 'struct' : Number(given ?? 0)
}

function sorted(present: FieldLayout[], absent: [string, boolean][]): StructLayout {
  const plain = present.filter(({ tag }) => tag === undefined)
  const tagged = present.filter(({ tag }) => tag !== undefined).sort((a, b) => a.tag! - b.tag!)
  const namesOf = (isIgnorable: boolean): string[] =>
    absent.filter(([, ignorable]) => ignorable === isIgnorable).map(([name]) => name)
  return { present: [...plain, ...tagged], dropped: namesOf(true), refused: namesOf(false) }
}
