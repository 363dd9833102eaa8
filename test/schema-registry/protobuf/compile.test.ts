import { describe, expect, it } from 'vitest'
import { compileProto } from '../../../src/schema-registry/protobuf/compile.ts'
import { decodeFileDescriptor, encodeFileDescriptor } from '../../../src/schema-registry/protobuf/descriptor-codec.ts'
import { ProtoError } from '../../../src/schema-registry/protobuf/proto-error.ts'
import { compileVector, descriptorVectors, vectors } from './vectors.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('compiling .proto texts', () => {
  it.each(descriptorVectors.map((vector) => [vector.name, vector] as const))(
    'makes the descriptor of %s that protoc makes, byte for byte',
    (name, vector) => {
      const expected = Buffer.from(vector.fileDescriptorProto, 'base64')
      const { descriptor } = compileVector(name)
      expect(descriptor).toEqual(decodeFileDescriptor(expected))
      expect(hex(encodeFileDescriptor(descriptor))).toBe(hex(expected))
    },
  )

  it.each(
    vectors<{ name: string; text: string; error: string }>('proto-bad').map((vector) => [vector.name, vector] as const),
  )('refuses %s where protoc does', (name, { text, error }) => {
    const thrown = errorOf(() => compileProto(name, text))
    expect(thrown).toBeInstanceOf(ProtoError)
    const place = /^[\w.]+:(\d+):(\d+): /.exec(error)
    const { line, column } = thrown as ProtoError
    expect([line, column]).toEqual(place === null ? [line, column] : [Number(place[1]), Number(place[2])])
    expect(line).toBeGreaterThan(0)
  })
})

function errorOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
