import type { JsonValue } from './json.ts'

/** Names of the types that need no definition. */
export type PrimitiveName = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' | 'bytes'

/** What a schema says of the meaning of a type's values. Invalid annotations are left out, as the specification has it. */
export interface LogicalAnnotation {
  /** Such as `decimal` or `timestamp-millis`. */
  readonly name: string
  /** Decimals: how many digits a value may have. */
  readonly precision?: number | undefined
  /** Decimals: how many of them stand behind the point. */
  readonly scale?: number | undefined
}

export interface PrimitiveType {
  readonly kind: PrimitiveName
  readonly logical: LogicalAnnotation | undefined
}

export interface RecordField {
  readonly name: string
  /** Set once the whole schema has been read: a type may be named before it is defined. */
  type: AvroType
  /** As JSON has it; undefined when there is none. */
  readonly default: JsonValue | undefined
  readonly aliases: readonly string[]
  /** Confluent's tags, for rules. */
  readonly tags: readonly string[]
}

export interface RecordType {
  readonly kind: 'record'
  /** With its namespace. */
  readonly name: string
  /** With their namespaces. */
  readonly aliases: readonly string[]
  readonly fields: RecordField[]
}

export interface EnumType {
  readonly kind: 'enum'
  readonly name: string
  readonly aliases: readonly string[]
  readonly symbols: readonly string[]
  /** Stands for symbols that a reader does not know. */
  readonly default: string | undefined
}

export interface FixedType {
  readonly kind: 'fixed'
  readonly name: string
  readonly aliases: readonly string[]
  /** Bytes. */
  readonly size: number
  readonly logical: LogicalAnnotation | undefined
}

export interface ArrayType {
  readonly kind: 'array'
  items: AvroType
}

export interface MapType {
  readonly kind: 'map'
  values: AvroType
}

export interface UnionType {
  readonly kind: 'union'
  readonly branches: AvroType[]
}

export type NamedType = RecordType | EnumType | FixedType

/** A schema whose names are resolved: recursive types refer to themselves. */
export type AvroType = PrimitiveType | NamedType | ArrayType | MapType | UnionType

/** How a union tells the type apart from its other branches: the full name, or the kind of a type that has none. */
export function branchName(type: AvroType): string {
  return type.kind === 'record' || type.kind === 'enum' || type.kind === 'fixed' ? type.name : type.kind
}

/** A name without its namespace. */
export function shortName(fullName: string): string {
  return fullName.slice(fullName.lastIndexOf('.') + 1)
}
