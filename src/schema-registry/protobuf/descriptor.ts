/**
 * google.protobuf.FileDescriptorProto and what is in it, as plain objects. Names are those of descriptor.proto in camelCase.
 * Options are kept encoded: custom options have no other form where their extension is not known.
 */
export interface FileDescriptor {
  name: string
  package?: string
  dependency: string[]
  /** Indexes into `dependency`. */
  publicDependency: number[]
  weakDependency: number[]
  messageType: MessageDescriptor[]
  enumType: EnumDescriptor[]
  service: ServiceDescriptor[]
  extension: FieldDescriptor[]
  options?: Uint8Array
  /** Absent for proto2. */
  syntax?: string
  /** 1000 for 2023, 1001 for 2024; only where `syntax` is `editions`. */
  edition?: number
}

export interface MessageDescriptor {
  name: string
  field: FieldDescriptor[]
  nestedType: MessageDescriptor[]
  enumType: EnumDescriptor[]
  extensionRange: ExtensionRange[]
  extension: FieldDescriptor[]
  options?: Uint8Array
  oneofDecl: OneofDescriptor[]
  reservedRange: NumberRange[]
  reservedName: string[]
}

/** The end is exclusive in messages and inclusive in enums. */
export interface NumberRange {
  start: number
  end: number
}

export interface ExtensionRange extends NumberRange {
  options?: Uint8Array
}

export interface FieldDescriptor {
  name: string
  extendee?: string
  number: number
  label: Label
  /** Absent until the type name is resolved. */
  type?: FieldType
  typeName?: string
  defaultValue?: string
  options?: Uint8Array
  oneofIndex?: number
  jsonName?: string
  proto3Optional?: boolean
}

export interface OneofDescriptor {
  name: string
  options?: Uint8Array
}

export interface EnumDescriptor {
  name: string
  value: EnumValueDescriptor[]
  options?: Uint8Array
  reservedRange: NumberRange[]
  reservedName: string[]
}

export interface EnumValueDescriptor {
  name: string
  number: number
  options?: Uint8Array
}

export interface ServiceDescriptor {
  name: string
  method: MethodDescriptor[]
  options?: Uint8Array
}

export interface MethodDescriptor {
  name: string
  inputType: string
  outputType: string
  options?: Uint8Array
  clientStreaming?: boolean
  serverStreaming?: boolean
}

/** FieldDescriptorProto.Label. */
export const LABEL = { optional: 1, required: 2, repeated: 3 } as const
export type Label = (typeof LABEL)[keyof typeof LABEL]

/** FieldDescriptorProto.Type, by the keyword that names it. */
export const TYPE = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  group: 10,
  message: 11,
  bytes: 12,
  uint32: 13,
  enum: 14,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
} as const
export type FieldType = (typeof TYPE)[keyof typeof TYPE]

/** The highest field number. */
export const MAX_FIELD_NUMBER = 536_870_911

/** Field numbers of options that the compiler itself writes. */
export const MAP_ENTRY_OPTION = 7

/** A message with nothing in it. */
export function emptyMessage(name: string): MessageDescriptor {
  return {
    name,
    field: [],
    nestedType: [],
    enumType: [],
    extensionRange: [],
    extension: [],
    oneofDecl: [],
    reservedRange: [],
    reservedName: [],
  }
}
