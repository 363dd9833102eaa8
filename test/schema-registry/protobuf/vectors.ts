import { readFileSync } from 'node:fs'
import { compileProto } from '../../../src/schema-registry/protobuf/compile.ts'
import type { ProtoFile } from '../../../src/schema-registry/protobuf/symbols.ts'

export interface DescriptorVector {
  name: string
  text: string
  imports: string[]
  fileDescriptorProto: string
  messageIndexes: Record<string, number[]>
}

/** The cases of one file of test/vectors/registry. */
export function vectors<T>(name: string): T[] {
  const text = readFileSync(new URL(`../../vectors/registry/${name}.ndjson`, import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

export const descriptorVectors: DescriptorVector[] = vectors<DescriptorVector>('proto-descriptors')

/** A file of the descriptor vectors, compiled from its text with the others as imports. */
export function compileVector(name: string): ProtoFile {
  return findVector(name) ?? missing(name)
}

/** As compileVector; undefined for other files. */
export function findVector(name: string): ProtoFile | undefined {
  const vector = descriptorVectors.find((one) => one.name === name)
  return vector === undefined ? undefined : compileProto(name, vector.text, findVector)
}

function missing(name: string): never {
  throw new Error(`there is no vector ${name}`)
}
