import { createFileRegistry, create, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import registryModule from '@confluentinc/schemaregistry'

const { SchemaRegistryClient, SerdeType } = registryModule

export async function createCodec({ format, subject, url }) {
  const registry = SchemaRegistryClient.newClient({ baseURLs: [url] })
  const topic = subject.replace(/-value$/, '')
  const kind = { AVRO: 'Avro', JSON: 'Json', PROTOBUF: 'Protobuf' }[format]
  const config = {
    useLatestVersion: true,
    subjectNameStrategyType: 'TOPIC',
    ...(format === 'JSON' ? { validate: true } : {}),
  }
  const serializer = new registryModule[`${kind}Serializer`](registry, SerdeType.VALUE, config)
  const deserializer = new registryModule[`${kind}Deserializer`](registry, SerdeType.VALUE, {})
  let prepare = (value) => value
  if (format === 'PROTOBUF') {
    const { schema } = await (await fetch(`${url}/subjects/${subject}/versions/1?format=serialized`)).json()
    const file = fromBinary(FileDescriptorProtoSchema, Buffer.from(schema, 'base64'))
    const types = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }))
    const type = types.getMessage('acme.Order')
    serializer.registry.add(type)
    prepare = (value) => create(type, value)
  }
  return {
    write: (value) => serializer.serialize(topic, prepare(value)),
    read: (bytes) => deserializer.deserialize(topic, bytes),
    close: () => {},
  }
}
