import type { DescMessage } from '@bufbuild/protobuf'
import { checked, oneOf, type OptionTable, resolveOptions } from '../../config.ts'
import { SerializationError } from '../errors.ts'
import type { SchemaFormat, SchemaReader } from '../format.ts'
import { fileOf } from './file-loader.ts'
import { incompatibilities } from './compatibility.ts'
import { FieldVisit } from './field-visit.ts'
import { isGenerated, registration } from './given-schema.ts'
import { MessageCodec } from './message-codec.ts'
import { migratedBytes, migrationJson } from './migration.ts'
import { firstMessageName, messageIndexesOf, messageNameAt } from './message-index.ts'
import type { ResolvedSchema } from '../schema.ts'
import type { GeneratedMessage, ProtobufFormatOptions, ProtobufSchema } from './options.ts'
import { loadRuntime, messageOf, registryOf, type Runtime } from './runtime.ts'
import type { ProtoFile } from './symbols.ts'

const OPTIONS: OptionTable<ProtobufFormatOptions> = {
  message: checked<string | undefined>(undefined, (value) =>
    typeof value === 'string' && value !== '' ? undefined : 'the full name of a message',
  ),
  values: oneOf<'message' | 'json'>('message', ['message', 'json']),
  registerAs: oneOf<'text' | 'descriptor'>('text', ['text', 'descriptor']),
}

/**
 * Protobuf for `registrySerde`. `readAs` is the type of generated code that everything is read as; without it, messages are read with
 * the types that the registry's schema describes.
 */
export function protobufFormat<T>(
  options: ProtobufFormatOptions,
  readAs?: GeneratedMessage,
): SchemaFormat<ProtobufSchema, T> {
  const { message, values, registerAs } = resolveOptions<ProtobufFormatOptions>('protobuf', OPTIONS, options)
  let runtime: Runtime | undefined
  const loaded = (): Runtime => {
    if (runtime === undefined) throw new SerializationError('the Protobuf format is used before it is loaded')
    return runtime
  }
  const codecIn = (file: ProtoFile, fullName: string): MessageCodec => {
    const type = messageOf(loaded(), file, fullName)
    return new MessageCodec(loaded(), type, values === 'json' ? registryOf(loaded(), file) : undefined)
  }
  const codecOf = (generated: GeneratedMessage): MessageCodec => {
    const type = generated as unknown as DescMessage
    return new MessageCodec(loaded(), type, values === 'json' ? loaded().createRegistry(type.file) : undefined)
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
    toSchema: (given, registrar) => registration(loaded(), given, registrar, registerAs ?? 'text'),
    recordName: (schema, given) => nameIn(fileOf(schema), given),
    writer: (schema, given) => {
      const file = fileOf(schema)
      const name = nameIn(file, given)
      const messageIndexes = messageIndexesOf(file.descriptor, name)
      if (messageIndexes === undefined) throw new SerializationError(`the schema has no message ${name}`)
      const codec = isGenerated(given) ? codecOf(given) : codecIn(file, name)
      const visit = new FieldVisit(loaded(), schema)
      return {
        messageIndexes,
        encode: (value, prefix) => codec.encode(value, prefix),
        transformFields: (value, transform) =>
          codec.change(value, (one) => visit.run(codec.type, one, transform)) as Promise<T>,
        expressionValue: (value) => codec.expressionValue(value),
      }
    },
    migrator: (writer, reader) => {
      const [from, to] = [fileOf(writer), fileOf(reader)]
      const codecs = new Map<string, MessageCodec>()
      return async (body, messageIndexes = FIRST, change) => {
        const name = messageNameAt(from.descriptor, messageIndexes)
        let codec = codecs.get(name)
        if (codec === undefined) {
          codec = readAs === undefined ? codecIn(to, nameForReader(to, name, message)) : codecOf(readAs)
          codecs.set(name, codec)
        }
        const json = await change(migrationJson(loaded(), from, name, body))
        return codec.decode(migratedBytes(loaded(), to, codec.type, json)) as T
      }
    },
    incompatibilities: (reader, writer) => incompatibilities(fileOf(reader), fileOf(writer)),
    reader: (writer, reader) => {
      const writerFile = fileOf(writer)
      const generatedCodec = readAs === undefined ? undefined : codecOf(readAs)
      return readerBy(writer, reader ?? writer, (name) => {
        if (generatedCodec !== undefined) return generatedCodec
        const file = reader === undefined ? writerFile : fileOf(reader)
        return codecIn(file, reader === undefined ? name : nameForReader(file, name, message))
      })
    },
  }

  function readerBy(
    writer: ResolvedSchema,
    tagged: ResolvedSchema,
    codecFor: (writerName: string) => MessageCodec,
  ): SchemaReader<T> {
    const { descriptor } = fileOf(writer)
    const visit = new FieldVisit(loaded(), tagged)
    // Nearly all records of a schema are of one message: its indexes come as one array, or alike.
    const codecs = new Map<string, MessageCodec>()
    let first: MessageCodec | undefined
    // Rules come to a value after others were read: those of further messages have to be known again.
    const others = new WeakMap<object, MessageCodec>()
    const remember = (value: unknown, codec: MessageCodec): void => {
      if (typeof value === 'object' && value !== null) others.set(value, codec)
    }
    return {
      decode: (body, messageIndexes = FIRST) => {
        const key = messageIndexes.length === 1 ? String(messageIndexes[0]) : messageIndexes.join('.')
        let codec = codecs.get(key)
        if (codec === undefined) {
          codec = codecFor(messageNameAt(descriptor, messageIndexes))
          codecs.set(key, codec)
        }
        const value = codec.decode(body) as T
        first ??= codec
        if (codec !== first) remember(value, codec)
        return value
      },
      transformFields: async (value, transform) => {
        const codec = others.get(value as object) ?? first!
        const changed = (await codec.change(value, (one) => visit.run(codec.type, one, transform))) as T
        if (codec !== first) remember(changed, codec)
        return changed
      },
      expressionValue: (value) => (others.get(value as object) ?? first!).expressionValue(value),
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
