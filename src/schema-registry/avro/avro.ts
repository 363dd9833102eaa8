import { registrySerde, type RegistrySerde } from '../registry-serde.ts'
import type { RegistrySerdeOptions } from '../serde-options.ts'
import { type ValueHooks, withHooks } from '../value-hooks.ts'
import { avroFormat } from './avro-format.ts'
import type { AvroSchema } from './avro-schema.ts'
import type { AvroValueOptions } from './options.ts'

/** Options of the Avro serde. */
export interface AvroOptions<T> extends RegistrySerdeOptions<AvroSchema, T>, AvroValueOptions, ValueHooks<T> {}

/**
 * Avro with schemas in a registry: `avro<Order>({ registry, schema })`. What is read is trusted to be a T. Needs no package: the
 * codec is kafkawire's own, since it has to read longs of 64 bits and evolve schemas as Java's does.
 */
export function avro<T>(options: AvroOptions<T>): RegistrySerde<T> {
  const { toObject, fromObject, longs, unions, logicalTypes, ...frame } = options
  const serde = registrySerde(avroFormat<T>({ longs, unions, logicalTypes }), frame)
  return withHooks(serde, { toObject, fromObject })
}
