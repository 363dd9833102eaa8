import { typeOfSchema } from '../../schema-registry/avro/avro-schema.ts'
import { incompatibilities as avroIncompatibilities } from '../../schema-registry/avro/compatibility.ts'
import { parseSchema as parseAvro } from '../../schema-registry/avro/parse.ts'
import { incompatibilities as jsonIncompatibilities } from '../../schema-registry/json/compatibility.ts'
import { SchemaDocument } from '../../schema-registry/json/schema-node.ts'
import { wellKnownFile } from '../../schema-registry/protobuf/compile.ts'
import { incompatibilities as protobufIncompatibilities } from '../../schema-registry/protobuf/compatibility.ts'
import { encodeFileDescriptor } from '../../schema-registry/protobuf/descriptor-codec.ts'
import { descriptorBytes, fileOf } from '../../schema-registry/protobuf/file-loader.ts'
import { OptionPrinter } from '../../schema-registry/protobuf/option-printer.ts'
import { printProto } from '../../schema-registry/protobuf/printer.ts'
import { reachableFiles } from '../../schema-registry/protobuf/symbols.ts'
import type { ResolvedSchema } from '../../schema-registry/schema.ts'

/** Throws SerializationError for a text that is no schema of its type. */
export function checkSchema(schema: ResolvedSchema): void {
  if (schema.schemaType === 'PROTOBUF') fileOf(schema)
  else if (schema.schemaType === 'JSON') void SchemaDocument.of(schema).root
  else if (schema.references.size === 0) parseAvro(schema.schema)
  else typeOfSchema(schema)
}

/** A schema's text without what does not count in it: blanks in JSON; blanks, comments and order of Protobuf's, or its encoded form. */
export function canonicalText(schema: ResolvedSchema): string {
  return schema.schemaType === 'PROTOBUF' ? protoText(schema) : JSON.stringify(JSON.parse(schema.schema))
}

/** What Confluent's registry keeps: encoded descriptors become text. */
export function keptText(schema: ResolvedSchema): string {
  const isEncoded = schema.schemaType === 'PROTOBUF' && descriptorBytes(schema.schema) !== undefined
  return isEncoded ? protoText(schema) : schema.schema
}

/** A Protobuf schema as an encoded FileDescriptorProto in base64, for `format=serialized`. */
export function serialized(schema: ResolvedSchema): string {
  return Buffer.from(encodeFileDescriptor(fileOf(schema).descriptor)).toString('base64')
}

/** Why not all that was written with one schema can be read with another of its type, in words. */
export function incompatibilities(reader: ResolvedSchema, writer: ResolvedSchema): readonly string[] {
  const { schemaType } = reader
  if (schemaType !== writer.schemaType) return [`a schema of type ${schemaType} after ${writer.schemaType}`]
  if (schemaType === 'PROTOBUF') return protobufIncompatibilities(fileOf(reader), fileOf(writer))
  if (schemaType === 'JSON') return jsonIncompatibilities(reader, writer).map(({ type, path }) => `${type} at ${path}`)
  return avroIncompatibilities(typeOfSchema(reader), typeOfSchema(writer)).map(
    ({ type, location, message }) => `${type} at ${location}: ${message}`,
  )
}

function protoText(schema: ResolvedSchema): string {
  const file = fileOf(schema)
  const options = new OptionPrinter(reachableFiles([file, wellKnownFile('google/protobuf/descriptor.proto')!]))
  return printProto(file.descriptor, options)
}
