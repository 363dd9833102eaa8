import { beforeAll, describe, expect, it } from 'vitest'
import { compileProto } from '../../../src/schema-registry/protobuf/compile.ts'
import { MessageCodec } from '../../../src/schema-registry/protobuf/message-codec.ts'
import { loadRuntime, messageOf, registryOf, type Runtime } from '../../../src/schema-registry/protobuf/runtime.ts'
import type { ProtoFile } from '../../../src/schema-registry/protobuf/symbols.ts'
import { compileVector, vectors } from './vectors.ts'

interface MessageVector {
  name: string
  file: string
  message: string
  json: object
  hex: string
}

interface EvolutionVector {
  name: string
  writerText: string
  readerText: string
  message: string
  writerJson: unknown
  hex: string
  json: unknown
  reencodedHex: string
}

/** Cases with extensions, or with several entries in a map: these stand in no fixed order. */
const UNORDERED: ReadonlySet<string> = new Set(['acme.p2.Legacy#17', 'acme.wkt.Wkt#13'])
const NO_PREFIX = new Uint8Array(0)

let runtime: Runtime
beforeAll(async () => {
  runtime = await loadRuntime()
})

describe('messages by their descriptors', () => {
  it.each(vectors<MessageVector>('proto-messages').map((vector) => [vector.name, vector] as const))(
    'writes and reads %s as protoc does',
    (name, { file, message, json, hex }) => {
      const codec = codecOf(compileVector(file), message)
      const written = codec.encode(json, NO_PREFIX)
      expect(codec.decode(written)).toEqual(json)
      if (UNORDERED.has(name)) expect(Buffer.from(written).sort()).toEqual(Buffer.from(hex, 'hex').sort())
      else expect(hexOf(written)).toBe(hex)
      const read = codec.decode(Buffer.from(hex, 'hex'))
      expect(read).toEqual(json)
      expect(hexOf(codec.encode(read, NO_PREFIX))).toBe(hex)
    },
  )

  it.each(vectors<EvolutionVector>('proto-evolution').map((vector) => [vector.name, vector] as const))(
    'reads with another version of the schema: %s',
    (_, vector) => {
      const writer = codecOf(compileProto('writer.proto', vector.writerText), vector.message)
      expect(hexOf(writer.encode(vector.writerJson, NO_PREFIX))).toBe(vector.hex)
      const file = compileProto('reader.proto', vector.readerText)
      expect(codecOf(file, vector.message).decode(Buffer.from(vector.hex, 'hex'))).toEqual(vector.json)
      const type = messageOf(runtime, file, vector.message)
      const read = runtime.fromBinary(type, Buffer.from(vector.hex, 'hex'))
      expect(hexOf(runtime.toBinary(type, read))).toBe(vector.reencodedHex)
    },
  )
})

function codecOf(file: ProtoFile, message: string): MessageCodec {
  return new MessageCodec(runtime, messageOf(runtime, file, message), registryOf(runtime, file))
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
