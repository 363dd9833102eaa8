import { describe, expect, it } from 'vitest'
import type { SchemaFormat } from '../../../src/schema-registry/format.ts'
import type { ProtobufSchema } from '../../../src/schema-registry/protobuf/options.ts'
import { protobufFormat } from '../../../src/schema-registry/protobuf/protobuf-format.ts'
import type { ResolvedSchema, SchemaReference } from '../../../src/schema-registry/schema.ts'
import { decodeHeader, decodePrefix, encodeHeader, encodePrefix } from '../../../src/schema-registry/wire-format.ts'
import { descriptorVectors, vectors } from './vectors.ts'

interface WireVector {
  name: string
  format: string
  framing: 'prefix' | 'header'
  schemaId: number
  guid: string
  message: string
  messageIndexes: number[]
  protoText: string
  references: SchemaReference[]
  value: unknown
  payloadHex: string
  headers: [name: string, hex: string][]
}

interface RegisteredSchema {
  id: number
  subject: string
  version: number
  schema: string
  references?: SchemaReference[]
}

const registered = vectors<RegisteredSchema>('registry-schemas')
const cases = vectors<WireVector>('confluent-wire').filter(({ format }) => format === 'protobuf')

describe("Confluent's bytes of Protobuf records", () => {
  it.each(cases.map((vector) => [vector.name, vector] as const))(
    'are written and read with the descriptor that was registered: %s',
    async (_, vector) => {
      const schema = registered.find(({ id }) => id === vector.schemaId)!
      const { payloadHex, value } = vector
      expect(await roundTrip(vector, resolve(schema))).toEqual({ payloadHex, value })
    },
  )

  it.each(cases.map((vector) => [vector.name, vector] as const))(
    'are written and read with the text: %s',
    async (_, vector) => {
      const { payloadHex, value } = vector
      expect(await roundTrip(vector, resolveText(vector.protoText, vector.references))).toEqual({ payloadHex, value })
    },
  )
})

/** What the format writes for the vector's value, and what it reads from the vector's bytes. */
async function roundTrip(vector: WireVector, schema: ResolvedSchema): Promise<{ payloadHex: string; value: unknown }> {
  const format: SchemaFormat<ProtobufSchema, unknown> = protobufFormat({ message: vector.message, values: 'json' })
  await format.load?.()
  const writer = await format.writer(schema, undefined)
  expect(writer.messageIndexes).toEqual(vector.messageIndexes)
  expect(format.recordName(schema, undefined)).toBe(vector.message)
  const isHeader = vector.framing === 'header'
  const prefix = isHeader ? new Uint8Array(0) : encodePrefix(vector.schemaId, writer.messageIndexes)
  const payloadHex = hexOf(writer.encode(vector.value, prefix))
  const header = encodeHeader(vector.guid, writer.messageIndexes)
  if (isHeader) expect(hexOf(header)).toBe(vector.headers[0]![1])

  const payload = Buffer.from(vector.payloadHex, 'hex')
  const { messageIndexes, bodyOffset } = isHeader ? decodeHeader(header, true) : decodePrefix(payload, true)
  const reader = await format.reader(schema, undefined)
  return { payloadHex, value: reader.decode(payload.subarray(bodyOffset), messageIndexes) }
}

function resolve({ schema, references = [] }: RegisteredSchema): ResolvedSchema {
  return {
    schemaType: 'PROTOBUF',
    schema,
    references: new Map(
      references.map(({ name, subject, version }) => [
        name,
        resolve(registered.find((one) => one.subject === subject && one.version === version)!),
      ]),
    ),
  }
}

function resolveText(schema: string, references: readonly { name: string }[]): ResolvedSchema {
  return {
    schemaType: 'PROTOBUF',
    schema,
    references: new Map(
      references.flatMap(({ name }) => {
        const vector = descriptorVectors.find((one) => one.name === name)
        // Those that are left out here are built in.
        if (vector === undefined) return []
        const imports = vector.imports.map((path) => ({ name: path }))
        return [[name, resolveText(vector.text, imports)] as const]
      }),
    ),
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
