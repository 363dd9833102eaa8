import type { DescMessage, JsonValue } from '@bufbuild/protobuf'
import { asSerializationError, messageOf, registryOf, type Runtime } from './runtime.ts'
import type { ProtoFile } from './symbols.ts'

/** Reads a message as ProtoJSON with what has its default in it, which is what migration rules see (Java: ProtobufSchema.toJson). */
export function migrationJson(runtime: Runtime, file: ProtoFile, fullName: string, body: Uint8Array): unknown {
  const type = messageOf(runtime, file, fullName)
  try {
    const message = runtime.fromBinary(type, body)
    return runtime.toJson(type, message, { registry: registryOf(runtime, file), alwaysEmitImplicit: true })
  } catch (cause) {
    throw asSerializationError(cause, `not bytes of a ${fullName}`)
  }
}

/** The bytes of a message that migration rules have made, in ProtoJSON. */
export function migratedBytes(runtime: Runtime, file: ProtoFile, type: DescMessage, json: unknown): Uint8Array {
  try {
    return runtime.toBinary(type, runtime.fromJson(type, json as JsonValue, { registry: registryOf(runtime, file) }))
  } catch (cause) {
    throw asSerializationError(cause, `the migration rules left no ${type.typeName}`)
  }
}
