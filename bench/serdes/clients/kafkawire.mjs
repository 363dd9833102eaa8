import { avro, json, protobuf, SchemaRegistryClient } from '../../../dist/schema-registry/index.js'

const make = { AVRO: avro, JSON: json, PROTOBUF: protobuf }

export async function createCodec({ format, schema, subject, url }) {
  const registry = new SchemaRegistryClient({ url })
  const serde = make[format]({ registry, schema })
  const context = { topic: subject.replace(/-value$/, ''), field: 'value', headers: [] }
  return {
    write: (value) => serde.serialize(value, context),
    read: (bytes) => serde.deserialize(bytes, context),
    close: () => registry.close(),
  }
}
