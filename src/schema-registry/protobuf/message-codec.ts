import type { DescMessage, JsonValue, Message, Registry } from '@bufbuild/protobuf'
import { inspect } from '../../inspect-value.ts'
import { SerializationError } from '../errors.ts'
import { checkNames, findMisfit } from './misfit.ts'
import { asSerializationError, type Runtime } from './runtime.ts'

/** How values look to users, as opposed to messages of the library. Both ways throw SerializationError. */
interface ValueForm {
  toMessage(value: unknown): Message
  fromMessage(message: Message): unknown
}

/** Turns values of one message type into bytes and back. Everything throws SerializationError. */
export class MessageCodec {
  readonly type: DescMessage
  readonly #runtime: Runtime
  readonly #form: ValueForm

  /** With a registry, which knows extensions and the types of Any, values are ProtoJSON; else messages, or plain objects like them. */
  constructor(runtime: Runtime, type: DescMessage, registry?: Registry) {
    this.type = type
    this.#runtime = runtime
    this.#form = registry === undefined ? messageForm(runtime, type) : jsonForm(runtime, type, registry)
  }

  /** `prefix` and the message behind it. */
  encode(value: unknown, prefix: Uint8Array): Uint8Array {
    const { type } = this
    const message = this.#form.toMessage(value)
    try {
      const body = this.#runtime.toBinary(type, message)
      if (prefix.length === 0) return body
      const bytes = new Uint8Array(prefix.length + body.length)
      bytes.set(prefix)
      bytes.set(body, prefix.length)
      return bytes
    } catch (cause) {
      throw asSerializationError(cause, `not a ${type.typeName}`, findMisfit(this.#runtime, type, message))
    }
  }

  decode(body: Uint8Array): unknown {
    let message: Message
    try {
      // Fields of bytes and unknown fields are views of what is read, and the record's bytes are not ours to keep.
      const own = new Uint8Array(body.length)
      own.set(body)
      message = this.#runtime.fromBinary(this.type, own)
    } catch (cause) {
      throw asSerializationError(cause, `not bytes of a ${this.type.typeName}`)
    }
    return this.#form.fromMessage(message)
  }

  /** The value as expressions see it: a reflected message, whose types they know. */
  expressionValue(value: unknown): unknown {
    return this.#runtime.reflect(this.type, this.#form.toMessage(value))
  }

  /** The value with what `change` makes of its message. */
  async change(value: unknown, change: (message: Message) => Promise<Message>): Promise<unknown> {
    return this.#form.fromMessage(await change(this.#form.toMessage(value)))
  }
}

function messageForm(runtime: Runtime, type: DescMessage): ValueForm {
  return {
    toMessage: (value) => {
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
    },
    fromMessage: (message) => message,
  }
}

function jsonForm(runtime: Runtime, type: DescMessage, registry: Registry): ValueForm {
  return {
    toMessage: (value) => {
      try {
        return runtime.fromJson(type, value as JsonValue, { registry })
      } catch (cause) {
        throw asSerializationError(cause, `not the JSON of a ${type.typeName}`)
      }
    },
    fromMessage: (message) => {
      try {
        return runtime.toJson(type, message, { registry })
      } catch (cause) {
        throw asSerializationError(cause, `the ${type.typeName} has no JSON form`)
      }
    },
  }
}
