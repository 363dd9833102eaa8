import type { DescMessage } from '@bufbuild/protobuf'
import { SerializationError } from '../errors.ts'
import type { SchemaFormat, SchemaReader } from '../format.ts'
import { fileOf } from './file-loader.ts'
import { isGenerated, registration } from './given-schema.ts'
import { jsonCodec, type MessageCodec, messageCodec } from './message-codec.ts'
import { firstMessageName, messageIndexesOf, messageNameAt } from './message-index.ts'
import type { GeneratedMessage, ProtobufFormatOptions, ProtobufSchema } from './options.ts'
import { loadRuntime, messageOf, registryOf, type Runtime } from './runtime.ts'
import type { ProtoFile } from './symbols.ts'

/**
 * Protobuf for `registrySerde`. `readAs` is the type of generated code that everything is read as; without it, messages are read with
 * the types that the registry's schema describes.
 */
export function protobufFormat<T>(
  options: ProtobufFormatOptions,
  readAs?: GeneratedMessage,
): SchemaFormat<ProtobufSchema, T> {
  const { message, values = 'message' } = options
  let runtime: Runtime | undefined
  const loaded = (): Runtime => {
    if (runtime === undefined) throw new SerializationError('the Protobuf format is used before it is loaded')
    return runtime
  }
  const codecIn = (file: ProtoFile, fullName: string): MessageCodec => {
    const type = messageOf(loaded(), file, fullName)
    return values === 'json' ? jsonCodec(loaded(), type, registryOf(loaded(), file)) : messageCodec(loaded(), type)
  }
  const codecOf = (generated: GeneratedMessage): MessageCodec => {
    const type = generated as unknown as DescMessage
    return values === 'json'
      ? jsonCodec(loaded(), type, loaded().createRegistry(type.file))
      : messageCodec(loaded(), type)
  }
  const nameIn = (file: ProtoFile, given: ProtobufSchema | undefined): string => {
    const name = isGenerated(given) ? given.typeName : (message ?? firstMessageName(file.descriptor))
    if (name === undefined) throw new SerializationError('the schema defines no message')
    return name
  }

  return {
    schemaType: 'PROTOBUF',
    hasMessageIndexes: true,
    load: async () => {
      runtime ??= await loadRuntime()
    },
    toSchema: (given, registrar) => registration(loaded(), given, registrar),
    recordName: (schema, given) => nameIn(fileOf(schema), given),
    writer: (schema, given) => {
      const file = fileOf(schema)
      const name = nameIn(file, given)
      const messageIndexes = messageIndexesOf(file.descriptor, name)
      if (messageIndexes === undefined) throw new SerializationError(`the schema has no message ${name}`)
      const codec = isGenerated(given) ? codecOf(given) : codecIn(file, name)
      return { messageIndexes, encode: (value, prefix) => codec.encode(value, prefix) }
    },
    reader: (writer, reader) => {
      const writerFile = fileOf(writer)
      const generatedCodec = readAs === undefined ? undefined : codecOf(readAs)
      return readerBy(writerFile, (name) => {
        if (generatedCodec !== undefined) return generatedCodec
        const file = reader === undefined ? writerFile : fileOf(reader)
        return codecIn(file, reader === undefined ? name : nameForReader(file, name, message))
      })
    },
  }

  function readerBy(writerFile: ProtoFile, codecFor: (writerName: string) => MessageCodec): SchemaReader<T> {
    // Nearly all records of a schema are of one message: its indexes come as one array, or alike.
    const codecs = new Map<string, MessageCodec>()
    return {
      decode: (body, messageIndexes = FIRST) => {
        const key = messageIndexes.length === 1 ? String(messageIndexes[0]) : messageIndexes.join('.')
        let codec = codecs.get(key)
        if (codec === undefined) {
          codec = codecFor(messageNameAt(writerFile.descriptor, messageIndexes))
          codecs.set(key, codec)
        }
        return codec.decode(body) as T
      },
    }
  }
}

const FIRST: readonly number[] = [0]

/** The message of the reader's schema that stands for the writer's: that of its name, and else the one that was asked for. */
function nameForReader(file: ProtoFile, writerName: string, message: string | undefined): string {
  if (messageIndexesOf(file.descriptor, writerName) !== undefined) return writerName
  if (message !== undefined) return message
  throw new SerializationError(
    `the reader's schema has no message ${writerName}, which was written: name the one to read as`,
  )
}
