import type { DescMessage, JsonValue, Message, Registry } from '@bufbuild/protobuf'
import { inspect } from '../../inspect-value.ts'
import { concatBytes } from './bytes.ts'
import { SerializationError } from '../errors.ts'
import { checkNames, findMisfit } from './misfit.ts'
import { asSerializationError, type Runtime } from './runtime.ts'

/** Turns values of one message type into bytes and back. Both throw SerializationError. */
export interface MessageCodec {
  encode(value: unknown, prefix: Uint8Array): Uint8Array
  decode(body: Uint8Array): unknown
}

/** A codec of messages, where plain objects with a message's fields may be written too. */
export function messageCodec(runtime: Runtime, type: DescMessage): MessageCodec {
  return {
    encode: (value, prefix) => {
      const message = toMessage(runtime, type, value)
      try {
        return behind(prefix, runtime.toBinary(type, message))
      } catch (cause) {
        const place = findMisfit(runtime, type, message)
        throw asSerializationError(cause, `not a ${type.typeName}`, place)
      }
    },
    decode: (body) => decode(runtime, type, body),
  }
}

/** A codec of ProtoJSON; `registry` knows extensions and the types of Any. */
export function jsonCodec(runtime: Runtime, type: DescMessage, registry: Registry): MessageCodec {
  return {
    encode: (value, prefix) => {
      try {
        return behind(prefix, runtime.toBinary(type, runtime.fromJson(type, value as JsonValue, { registry })))
      } catch (cause) {
        throw asSerializationError(cause, `not the JSON of a ${type.typeName}`)
      }
    },
    decode: (body) => {
      const message = decode(runtime, type, body)
      try {
        return runtime.toJson(type, message, { registry })
      } catch (cause) {
        throw asSerializationError(cause, `the ${type.typeName} has no JSON form`)
      }
    },
  }
}

function decode(runtime: Runtime, type: DescMessage, body: Uint8Array): Message {
  try {
    // Fields of bytes and unknown fields are views of what is read, and the record's bytes are not ours to keep.
    return runtime.fromBinary(type, new Uint8Array(body))
  } catch (cause) {
    throw asSerializationError(cause, `not bytes of a ${type.typeName}`)
  }
}

function behind(prefix: Uint8Array, body: Uint8Array): Uint8Array {
  return prefix.length === 0 ? body : concatBytes([prefix, body])
}

function toMessage(runtime: Runtime, type: DescMessage, value: unknown): Message {
  if (typeof value !== 'object' || value === null) {
    throw new SerializationError(`a ${type.typeName} is an object, not ${inspect(value)}`)
  }
  const { $typeName } = value as { $typeName?: unknown }
  if ($typeName === type.typeName) return value as Message
  if ($typeName !== undefined) {
    throw new SerializationError(`a ${type.typeName} is to be written, not ${inspect($typeName)}`)
  }
  checkNames(type, value)
  try {
    return runtime.create(type, value as never)
  } catch (cause) {
    throw asSerializationError(cause, `not a ${type.typeName}`)
  }
}
