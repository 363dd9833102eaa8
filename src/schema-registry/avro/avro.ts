import type { Deserializer, SerdeContext } from '../../serdes.ts'
import type { WithSchema } from '../registry-deserializer.ts'
import { registrySerde, type RegistrySerde } from '../registry-serde.ts'
import type { RegistrySerdeOptions } from '../serde-options.ts'
import { avroFormat } from './avro-format.ts'
import type { AvroSchema } from './avro-schema.ts'
import type { AvroValueOptions } from './options.ts'

/** Options of the Avro serde. */
export interface AvroOptions<T> extends RegistrySerdeOptions<AvroSchema, T>, AvroValueOptions {
  /** Turns an object of your own into a value of the schema, before anything else is done with it. */
  toObject?: ((data: T) => unknown) | undefined
  /** Turns a value of the schema into an object of your own, after everything else was done with it. */
  fromObject?: ((value: unknown) => T) | undefined
}

/**
 * Avro with schemas in a registry: `avro<Order>({ registry, schema })`. What is read is trusted to be a T. Needs no package: the
 * codec is kafkawire's own, since it has to read longs of 64 bits and evolve schemas as Java's does.
 */
export function avro<T>(options: AvroOptions<T>): RegistrySerde<T> {
  const { toObject, fromObject, longs, unions, logicalTypes, ...frame } = options
  const serde = registrySerde(avroFormat<T>({ longs, unions, logicalTypes }), frame)
  if (toObject === undefined && fromObject === undefined) return serde
  const outgoing = (data: T): T => (toObject === undefined || data === null ? data : (toObject(data) as T))
  const incoming = (value: T): T => (fromObject === undefined || value === null ? value : fromObject(value))
  return {
    ...serde,
    serialize: (data, context) => serde.serialize(outgoing(data), context),
    deserialize: (bytes, context) => then(serde.deserialize(bytes, context), incoming),
    withSchema: () => withSchema(serde.withSchema(), incoming),
  }
}

function withSchema<T>(
  inner: Deserializer<WithSchema<T> | null>,
  incoming: (value: T) => T,
): Deserializer<WithSchema<T> | null> {
  return {
    deserialize: (bytes: Uint8Array | null, context: SerdeContext) =>
      then(inner.deserialize(bytes, context), (read) => read && { ...read, value: incoming(read.value) }),
  }
}

/** Waits only where there is something to wait for. */
function then<A, B>(value: A | Promise<A>, convert: (value: A) => B): B | Promise<B> {
  return value instanceof Promise ? converted(value, convert) : convert(value)
}

async function converted<A, B>(value: Promise<A>, convert: (value: A) => B): Promise<B> {
  return convert(await value)
}
