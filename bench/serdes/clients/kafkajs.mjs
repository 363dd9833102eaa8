import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'

export async function createCodec({ url, id }) {
  const registry = new SchemaRegistry({ host: url })
  return {
    write: (value) => registry.encode(id, value),
    read: (bytes) => registry.decode(bytes),
    close: () => {},
  }
}
