import { expect, it } from 'vitest'
import { compileProto, wellKnownFile } from '../../../src/schema-registry/protobuf/compile.ts'
import { OptionPrinter } from '../../../src/schema-registry/protobuf/option-printer.ts'
import { printProto } from '../../../src/schema-registry/protobuf/printer.ts'
import { reachableFiles } from '../../../src/schema-registry/protobuf/symbols.ts'
import { compileVector, descriptorVectors, findVector } from './vectors.ts'

it.each(descriptorVectors.map(({ name }) => name))('prints %s as text that compiles to the same descriptor', (name) => {
  const file = compileVector(name)
  const descriptor = wellKnownFile('google/protobuf/descriptor.proto')!
  const text = printProto(file.descriptor, new OptionPrinter(reachableFiles([file, descriptor])))
  const again = compileProto(name, text, findVector)
  expect(again.descriptor).toEqual(file.descriptor)
})
