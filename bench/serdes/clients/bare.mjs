// The codec alone, without a registry or framing: avsc, JSON of the runtime without any check, @bufbuild/protobuf.
import { createFileRegistry, create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import avsc from 'avsc'

export async function createCodec({ format, schema, subject, url }) {
  if (format === 'AVRO') {
    const type = avsc.Type.forSchema(JSON.parse(schema))
    return { write: (value) => type.toBuffer(value), read: (bytes) => type.fromBuffer(bytes), close: () => {} }
  }
  if (format === 'JSON') {
    return {
      write: (value) => Buffer.from(JSON.stringify(value)),
      read: (bytes) => JSON.parse(bytes.toString()),
      close: () => {},
    }
  }
  const { schema: encoded } = await (await fetch(`${url}/subjects/${subject}/versions/1?format=serialized`)).json()
  const file = fromBinary(FileDescriptorProtoSchema, Buffer.from(encoded, 'base64'))
  const type = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getMessage('acme.Order')
  return {
    write: (value) => toBinary(type, create(type, value)),
    read: (bytes) => fromBinary(type, bytes),
    close: () => {},
  }
}
