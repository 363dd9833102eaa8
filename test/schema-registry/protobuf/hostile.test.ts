import { describe, expect, it } from 'vitest'
import { compileProto } from '../../../src/schema-registry/protobuf/compile.ts'
import { decodeFileDescriptor, encodeFileDescriptor } from '../../../src/schema-registry/protobuf/descriptor-codec.ts'
import { ProtoError } from '../../../src/schema-registry/protobuf/proto-error.ts'
import { KafkaError } from '../../../src/errors.ts'
import { compileVector, descriptorVectors } from './vectors.ts'

/** The same numbers on every run. */
function* random(seed: number): Generator<number> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

describe('hostile .proto texts', () => {
  it.each([
    ['messages', 'message M {'.repeat(100_000)],
    ['options', `option (a) = ${'{ a '.repeat(100_000)}`],
    ['lists', `option (a) = { a: ${'['.repeat(100_000)}`],
    ['groups', `message M { ${'optional group G = 1 { '.repeat(100_000)}`],
    ['scopes', `package ${'a.'.repeat(50_000)}a; message M { optional x.y z = 1; }`],
  ])('end in an error however deep %s nest', (_, text) => {
    expect(() => compileProto('deep.proto', text)).toThrow(ProtoError)
  })

  it('end in an error, or in a descriptor, wherever they are cut off', () => {
    for (const { name, text } of descriptorVectors) {
      for (let length = 0; length < text.length; length += 3) {
        try {
          compileProto(name, text.slice(0, length), compileVector)
        } catch (error) {
          if (!(error instanceof ProtoError) && !/no vector/.test(String(error))) throw error
        }
      }
    }
    expect(descriptorVectors.length).toBeGreaterThan(0)
  })

  it('end in an error of ours when bytes of a descriptor are changed', () => {
    const numbers = random(7)
    const next = (below: number): number => Math.floor(numbers.next().value! * below)
    for (const { fileDescriptorProto } of descriptorVectors) {
      const bytes = Buffer.from(fileDescriptorProto, 'base64')
      for (let round = 0; round < 100; round++) {
        const changed = Uint8Array.from(bytes)
        changed[next(changed.length)] = next(256)
        try {
          encodeFileDescriptor(decodeFileDescriptor(changed))
        } catch (error) {
          expect(error).toBeInstanceOf(KafkaError)
        }
      }
    }
  })
})

describe('errors of .proto texts', () => {
  it.each<[what: string, text: string, place: string, reason: RegExp]>([
    ['a type that is not defined', 'syntax = "proto3";\nmessage M {\n\tNope a = 1;\n}', '3:9', /"Nope" is not defined/],
    ['a string without an end', 'syntax = "proto3\n', '1:10', /does not end/],
    ['a comment without an end', 'syntax = "proto3";\n /* x', '2:2', /does not end/],
    ['a name behind a digit', 'message M { optional int32 a = 1x; }', '1:32', /1x is not a number/],
    ['an import that is made twice', 'import "a";import "a";', '1:12', /twice/],
    ['a number in use', 'message M { optional int32 a = 1; optional int32 b = 1; }', '1:54', /already used by "a"/],
    ['a reserved number', 'message M { reserved 1; optional int32 a = 1; }', '1:44', /reserved/],
    ['an option that is set twice', 'option java_package = "a"; option java_package = "b";', '1:35', /already set/],
    ['a value of the wrong kind', 'option java_package = 1;', '1:23', /takes a string/],
    ['a float as the key of a map', 'message M { map<float, int32> a = 1; }', '1:17', /key of a map/],
    ['an empty enum', 'enum E {}', '1:6', /no values/],
    ['an octal number with an 8', 'message M { optional int32 a = 08; }', '1:32', /octal/],
    ['a field that must not be an extension', 'message M {} extend M { optional int32 a = 1; }', '1:44', /extension/],
    ['prototype names as options', 'option __proto__ = 1;', '1:8', /unknown/],
    ['an unlabelled proto2 field', 'message M { int32 a = 1; }', '1:13', /"optional"/],
  ])('tell the place of %s', (_, text, place, reason) => {
    const error = errorOf(() => compileProto('x.proto', text, () => undefined))
    expect(error.reason).toMatch(reason)
    expect(`${error.line}:${error.column}`).toBe(place)
    expect(error.message).toMatch(`x.proto:${place}: `)
  })
})

function errorOf(run: () => unknown): ProtoError {
  try {
    run()
  } catch (error) {
    if (error instanceof ProtoError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
