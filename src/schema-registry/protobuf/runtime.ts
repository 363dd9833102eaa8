import type * as Protobuf from '@bufbuild/protobuf'
import type * as Reflect from '@bufbuild/protobuf/reflect'
import type * as WellKnown from '@bufbuild/protobuf/wkt'
import { KafkaError } from '../../errors.ts'
import { SerializationError } from '../errors.ts'
import { loadPackage } from '../optional-package.ts'
import { encodeFileDescriptor } from './descriptor-codec.ts'
import type { ProtoFile } from './symbols.ts'

/** The Protobuf library that does the work on messages. */
export interface Runtime extends Pick<
  typeof Protobuf,
  'create' | 'createFileRegistry' | 'createRegistry' | 'fromBinary' | 'fromJson' | 'isMessage' | 'toBinary' | 'toJson'
> {
  readonly reflect: typeof Reflect.reflect
  readonly FieldOptionsSchema: typeof WellKnown.FieldOptionsSchema
  readonly FileDescriptorProtoSchema: typeof WellKnown.FileDescriptorProtoSchema
  readonly FileDescriptorSetSchema: typeof WellKnown.FileDescriptorSetSchema
}

/** Loads @bufbuild/protobuf. Throws ConfigError when it is not installed. */
export function loadRuntime(): Promise<Runtime> {
  return loadPackage('@bufbuild/protobuf', 'Protobuf', async () => {
    const [protobuf, wellKnown, { reflect }] = await Promise.all([
      import('@bufbuild/protobuf'),
      import('@bufbuild/protobuf/wkt'),
      import('@bufbuild/protobuf/reflect'),
    ])
    const { FieldOptionsSchema, FileDescriptorProtoSchema, FileDescriptorSetSchema } = wellKnown
    return { ...protobuf, reflect, FieldOptionsSchema, FileDescriptorProtoSchema, FileDescriptorSetSchema }
  })
}

const registries = new WeakMap<ProtoFile, Protobuf.FileRegistry>()

/** Every type of a file and of what it imports, as the library knows them; made once per file. */
export function registryOf(runtime: Runtime, file: ProtoFile): Protobuf.FileRegistry {
  const known = registries.get(file)
  if (known !== undefined) return known
  const byName = new Map<string, ProtoFile>()
  addInOrder(file, byName)
  const files = [...byName.values()].map(({ descriptor }) =>
    runtime.fromBinary(runtime.FileDescriptorProtoSchema, encodeFileDescriptor(descriptor)),
  )
  try {
    const registry = runtime.createFileRegistry(runtime.create(runtime.FileDescriptorSetSchema, { file: files }))
    registries.set(file, registry)
    return registry
  } catch (cause) {
    throw asSerializationError(cause, 'the schema cannot be used')
  }
}

/** Imports before what imports them, each path once. */
function addInOrder(file: ProtoFile, byName: Map<string, ProtoFile>): void {
  if (byName.has(file.descriptor.name)) return
  for (const dependency of file.dependencies) addInOrder(dependency, byName)
  byName.set(file.descriptor.name, file)
}

/** The descriptor of a message. Throws SerializationError when the file and its imports define none of that name. */
export function messageOf(runtime: Runtime, file: ProtoFile, fullName: string): Protobuf.DescMessage {
  const message = registryOf(runtime, file).getMessage(fullName)
  if (message === undefined) throw new SerializationError(`the schema has no message ${fullName}`)
  return message
}

/** The error of the library as one of ours. */
export function asSerializationError(cause: unknown, what: string, path = ''): KafkaError {
  if (cause instanceof KafkaError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new SerializationError(`${what}: ${reason}`, { cause, path })
}
