import type { SchemaReference } from '../schema.ts'

/**
 * The descriptor of a message in code that protoc-gen-es generated, such as `OrderSchema`. Described by its shape, so that types of
 * the package are needed by those only who use it.
 */
export interface GeneratedMessage {
  readonly kind: 'message'
  /** Full name of the message. */
  readonly typeName: string
  readonly file: object
}

/** A .proto text with what it imports. */
export interface ProtobufSource {
  readonly schema: string
  /**
   * Texts of imported files by their paths, and of those that they import: each is registered as a reference. Files of
   * `google/protobuf`, `google/type` and `confluent` are built in.
   */
  readonly files?: Readonly<Record<string, string>> | undefined
  /** Imported files that are registered already; `name` is the path. */
  readonly references?: readonly SchemaReference[] | undefined
}

/** What can be given as a schema. Pass the same object every time: it is what caches go by. */
export type ProtobufSchema = string | ProtobufSource | GeneratedMessage

/** The message type that a descriptor of generated code stands for; any message for other schemas. */
export type ProtobufMessage<S> = S extends { readonly $codegenv2: { readonly a: infer Message } }
  ? Message
  : S extends GeneratedMessage
    ? { readonly $typeName: string }
    : unknown

/** Options of `protobuf` beside those of every registry serde. */
export interface ProtobufFormatOptions {
  /** Full name of the message to write, when the schema is a text; default its first message. */
  message?: string | undefined
  /**
   * How values look. `message` (default): messages of @bufbuild/protobuf, and for writing also plain objects with their fields.
   * `json`: ProtoJSON, as Protobuf's own JSON mapping has it.
   */
  values?: 'message' | 'json' | undefined
  /**
   * What is registered: `text` (default), which every registry takes, or `descriptor`, the encoded FileDescriptorProto in base64, which
   * Confluent's Python and JavaScript clients need where a registry does not turn one into the other.
   */
  registerAs?: 'text' | 'descriptor' | undefined
}
