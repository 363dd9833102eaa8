import { registrySerde, type RegistrySerde } from '../registry-serde.ts'
import type { RegistrySerdeOptions } from '../serde-options.ts'
import { type ValueHooks, withHooks } from '../value-hooks.ts'
import { isGenerated } from './given-schema.ts'
import type { GeneratedMessage, ProtobufFormatOptions, ProtobufMessage, ProtobufSchema } from './options.ts'
import { protobufFormat } from './protobuf-format.ts'

/** Options of the Protobuf serde. */
export interface ProtobufOptions<T>
  extends RegistrySerdeOptions<ProtobufSchema, T>, ProtobufFormatOptions, ValueHooks<T> {}

/** Options of the Protobuf serde with a type of generated code. */
export interface GeneratedProtobufOptions<M extends GeneratedMessage> extends Omit<
  ProtobufOptions<ProtobufMessage<M>>,
  'schema' | 'message' | 'values'
> {
  /** What is written, and what everything is read as, whatever schema it was written with. */
  schema: M
  values?: 'message' | undefined
}

/**
 * Protobuf with schemas in a registry. With generated code, `protobuf({ registry, schema: OrderSchema })`, the type of values is
 * known; with a .proto text, `protobuf<Order>({ registry, schema: text })`, what is read is trusted to be a T. Needs the package
 * @bufbuild/protobuf.
 *
 * Written are the bytes of Java's KafkaProtobufSerializer. Message indexes count the hidden messages of map fields, as Java's and
 * Python's do.
 */
export function protobuf<M extends GeneratedMessage>(
  options: GeneratedProtobufOptions<M>,
): RegistrySerde<ProtobufMessage<M>>
export function protobuf<T = unknown>(options: ProtobufOptions<T>): RegistrySerde<T>
export function protobuf<T>(options: ProtobufOptions<T>): RegistrySerde<T> {
  const { message, values, registerAs, toObject, fromObject, ...frame } = options
  const hooks = { toObject, fromObject }
  const { schema, readerSchema } = frame
  if (isGenerated(readerSchema)) {
    // A type to read as is all that is needed: the registry need not know it.
    const format = protobufFormat<T>({ message, values, registerAs }, readerSchema)
    return withHooks(registrySerde(format, { ...frame, readerSchema: undefined }), hooks)
  }
  const readAs = readerSchema === undefined && isGenerated(schema) ? schema : undefined
  return withHooks(registrySerde(protobufFormat<T>({ message, values, registerAs }, readAs), frame), hooks)
}
