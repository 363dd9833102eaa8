import { SerializationError } from '../errors.ts'
import type { SchemaFormat, SchemaMigrator, SchemaReader, SchemaWriter } from '../format.ts'
import type { ResolvedSchema } from '../schema.ts'
import { toRegistrySchema, typeOfSchema, type AvroSchema } from './avro-schema.ts'
import { AvroCodec } from './codec.ts'
import { incompatibilities } from './compatibility.ts'
import { FieldVisit } from './field-visit.ts'
import type { AvroValueOptions } from './options.ts'
import { AvroWriter } from './writer.ts'

/** Avro, for `registrySerde`. The bytes are those of Confluent's Java serialisers. */
export function avroFormat<T>(options: AvroValueOptions = {}): SchemaFormat<AvroSchema, T> {
  return {
    schemaType: 'AVRO',
    hasMessageIndexes: false,
    toSchema: toRegistrySchema,
    recordName: (schema) => {
      const type = typeOfSchema(schema)
      return 'name' in type ? type.name : undefined
    },
    writer: (schema) => avroWriter<T>(schema, options),
    reader: (writer, reader) => avroReader<T>(writer, reader, options),
    migrator: (writer, reader) => avroMigrator<T>(writer, reader, options),
    incompatibilities: (reader, writer) =>
      incompatibilities(typeOfSchema(reader), typeOfSchema(writer)).map(
        ({ type, location, message }) => `${type} at ${location}: ${message}`,
      ),
  }
}

function avroWriter<T>(schema: ResolvedSchema, options: AvroValueOptions): SchemaWriter<T> {
  const parsed = typeOfSchema(schema)
  const codec = new AvroCodec<T>({ parsed }, options)
  const visit = new FieldVisit(parsed, schema, options)
  return {
    encode: parsed.kind === 'bytes' ? bareBytes(codec) : (value, prefix) => codec.encode(value, prefix),
    transformFields: async (value, transform) => (await visit.run(value, transform)) as T,
    expressionValue: (value) => visit.expressionValue(value),
  }
}

/** Bytes at the top of a schema are written as they are, without a length, as Confluent's serialisers do. */
function bareBytes<T>(codec: AvroCodec<T>): SchemaWriter<T>['encode'] {
  return (value, prefix) => {
    const encoded = codec.encode(value)
    let lengthSize = 1
    while (encoded[lengthSize - 1]! > 0x7f) lengthSize++
    const framed = new Uint8Array(prefix.length + encoded.length - lengthSize)
    framed.set(prefix)
    framed.set(encoded.subarray(lengthSize), prefix.length)
    return framed
  }
}

function avroReader<T>(
  writer: ResolvedSchema,
  reader: ResolvedSchema | undefined,
  options: AvroValueOptions,
): SchemaReader<T> {
  const written = typeOfSchema(writer)
  const isSame = reader === undefined || (reader.schema === writer.schema && reader.references.size === 0)
  const parsed = isSame ? written : typeOfSchema(reader)
  const decode = new AvroCodec<T>({ parsed }, options).decoderOf({ parsed: written })
  const visit = new FieldVisit(parsed, reader ?? writer, options)
  return {
    decode: written.kind === 'bytes' ? (body) => decode(withLength(body)) : (body) => decode(body),
    transformFields: async (value, transform) => (await visit.run(value, transform)) as T,
    expressionValue: (value) => visit.expressionValue(value),
  }
}

/** JSON in between has plain values, without the user's logical types; what comes of it must be a value of the reader's schema. */
function avroMigrator<T>(writer: ResolvedSchema, reader: ResolvedSchema, options: AvroValueOptions): SchemaMigrator<T> {
  const written = new AvroCodec({ parsed: typeOfSchema(writer) })
  const parsed = typeOfSchema(reader)
  const plain = new AvroCodec({ parsed })
  const read = new AvroCodec<T>({ parsed }, options)
  return async (body, _, change) => {
    const value = await change(written.decode(written.type.kind === 'bytes' ? withLength(body) : body))
    return read.decode(plain.encode(value))
  }
}

/** Bytes at the top of a schema come without a length: with it they are read like others. */
function withLength(body: Uint8Array): Uint8Array {
  if (body.length > 0x7fffffff) throw new SerializationError('the value is longer than 2 GiB')
  const out = new AvroWriter()
  out.begin()
  out.byteString(body)
  return out.finish()
}
