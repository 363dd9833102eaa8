import type { Deserializer, Serde } from '../serdes.ts'
import type { SchemaFormat } from './format.ts'
import { RegistryDeserializer, type WithSchema } from './registry-deserializer.ts'
import { RegistrySerializer } from './registry-serializer.ts'
import { type RegistrySerdeOptions, serdeSettings } from './serde-options.ts'

/** A serde that works with a registry. */
export interface RegistrySerde<T> extends Serde<T> {
  /** Reads values along with the schemas that they were written with: a deserialiser for consumers that need to know. */
  withSchema(): Deserializer<WithSchema<T> | null>
}

/** Puts a format to work: `avro`, `json` and `protobuf` are made with it, and so may be formats of your own. */
export function registrySerde<S, T>(format: SchemaFormat<S, T>, options: RegistrySerdeOptions<S, T>): RegistrySerde<T> {
  const settings = serdeSettings(options)
  const serializer = new RegistrySerializer(format, settings)
  const deserializer = new RegistryDeserializer(format, settings)
  return {
    addsHeaders: serializer.addsHeaders,
    serialize: (data, context) => serializer.serialize(data, context),
    deserialize: (bytes, context) => deserializer.deserialize(bytes, context),
    withSchema: () => ({ deserialize: (bytes, context) => deserializer.deserializeWithSchema(bytes, context) }),
  }
}
