import { describe, expect, it } from 'vitest'
import { compileProto } from '../../../src/schema-registry/protobuf/compile.ts'
import { incompatibilities } from '../../../src/schema-registry/protobuf/compatibility.ts'
import { compileVector, descriptorVectors, findVector } from './vectors.ts'

function compare(writer: string, reader: string, syntax = 'proto3'): readonly string[] {
  const compile = (text: string): ReturnType<typeof compileProto> =>
    compileProto('x.proto', `syntax = "${syntax}"; ${text}`, findVector)
  return incompatibilities(compile(reader), compile(writer))
}

describe('compatibility of protobuf schemas', () => {
  it.each<[what: string, writer: string, reader: string]>([
    ['a new field', 'message M { int32 a = 1; }', 'message M { int32 a = 1; string b = 2; }'],
    ['a field less', 'message M { int32 a = 1; string b = 2; }', 'message M { int32 a = 1; }'],
    ['a new name', 'message M { int32 a = 1; }', 'message M { int32 b = 1; }'],
    ['a wider number', 'message M { int32 a = 1; }', 'message M { int64 a = 1; }'],
    ['an enum as a number', 'message M { E e = 1; } enum E { A = 0; }', 'message M { int32 e = 1; }'],
    ['bytes for a string', 'message M { string a = 1; }', 'message M { bytes a = 1; }'],
    ['a repeated string', 'message M { string a = 1; }', 'message M { repeated string a = 1; }'],
    ['another package', 'package p; message M { M m = 1; }', 'package q; message M { M m = 1; }'],
    ['a new message', 'message M { int32 a = 1; }', 'message N { } message M { int32 a = 1; }'],
    ['one field in a oneof', 'message M { int32 a = 1; }', 'message M { oneof o { int32 a = 1; int32 b = 2; } }'],
  ])('allows %s', (_, writer, reader) => {
    expect(compare(writer, reader)).toEqual([])
  })

  it.each<[what: string, writer: string, reader: string, reason: string]>([
    ['a message less', 'message M { } message N { }', 'message M { }', 'message N is gone'],
    [
      'another kind',
      'message M { int32 a = 1; }',
      'message M { string a = 1; }',
      'field M.a was a number and is a string',
    ],
    [
      'zigzag numbers',
      'message M { int32 a = 1; }',
      'message M { sint32 a = 1; }',
      'field M.a was a number and is a zigzag number',
    ],
    [
      'a repeated number',
      'message M { int32 a = 1; }',
      'message M { repeated int32 a = 1; }',
      'field M.a is now repeated',
    ],
    [
      'another message',
      'message M { A a = 1; } message A {} message B {}',
      'message M { B a = 1; } message A {} message B {}',
      'field M.a was a A and is a B',
    ],
    [
      'the values of a map',
      'message M { map<string, int32> a = 1; }',
      'message M { map<string, string> a = 1; }',
      'field M.AEntry.value was a number and is a string',
    ],
    [
      'a choice less',
      'message M { oneof o { int32 a = 1; int32 b = 2; } }',
      'message M { oneof o { int32 a = 1; } }',
      'field b of oneof M.o is gone',
    ],
    [
      'several fields in a oneof',
      'message M { int32 a = 1; int32 b = 2; }',
      'message M { oneof o { int32 a = 1; int32 b = 2; } }',
      'several fields moved into oneof M.o',
    ],
    [
      'nested fields',
      'message M { message N { int32 a = 1; } }',
      'message M { message N { float a = 1; } }',
      'field M.N.a was a number and is a float',
    ],
  ])('does not allow to change %s', (_, writer, reader, reason) => {
    expect(compare(writer, reader)).toEqual([reason])
  })

  it('does not allow required fields to come or go', () => {
    const [with1, with2] = ['message M { required int32 a = 1; }', 'message M { optional int32 b = 2; }']
    expect(compare(with1, with2, 'proto2')).toEqual(['required field M.a is gone'])
    expect(compare(with2, with1, 'proto2')).toEqual(['required field M.a is new'])
  })

  it.each(descriptorVectors.map(({ name }) => name))('finds %s compatible with itself', (name) => {
    expect(incompatibilities(compileVector(name), compileVector(name))).toEqual([])
  })
})
