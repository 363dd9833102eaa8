import { SerializationError } from '../errors.ts'
import { canonicalForm } from './canonical.ts'
import { DecodeCompiler, type Decode } from './decode.ts'
import { EncodeCompiler, type Encode } from './encode.ts'
import { fingerprint, rabinFingerprint, type FingerprintAlgorithm } from './fingerprint.ts'
import { toSerializationError } from './misfit.ts'
import { valueRules, type AvroValueOptions, type ValueRules } from './options.ts'
import { parseSchema } from './parse.ts'
import { AvroReader } from './reader.ts'
import { Resolution } from './resolve.ts'
import type { AvroType } from './types.ts'
import { AvroWriter } from './writer.ts'

const NOTHING = new Uint8Array(0)

/** Shared by all that encode: one message is finished before the next begins. */
let sharedWriter: AvroWriter | undefined = new AvroWriter()

/** Reads messages. */
export type AvroDecoder<T> = (bytes: Uint8Array) => T

/**
 * Writes and reads values of one Avro schema: `new AvroCodec<Order>(schemaText)`. What is read is trusted to be a T. Compiles the
 * schema to closures once; no code is generated, so that it runs where `eval` is forbidden.
 */
export class AvroCodec<T = unknown> {
  /** The schema with its names resolved. */
  readonly type: AvroType
  readonly #rules: ValueRules
  readonly #decoders: DecodeCompiler
  readonly #encode: Encode
  readonly #decode: Decode

  /**
   * @param schema - JSON text, parsed JSON, or a type that `parseSchema` gave.
   * Throws SerializationError for what is no schema.
   */
  constructor(schema: string | object | { readonly parsed: AvroType }, options: AvroValueOptions = {}) {
    this.type = toType(schema)
    this.#rules = valueRules(options)
    this.#decoders = new DecodeCompiler(this.#rules)
    this.#encode = new EncodeCompiler(this.#rules).compile(this.type)
    this.#decode = this.#decoders.compile(this.type)
  }

  /** `prefix` and the value behind it. Throws SerializationError, with the path of what does not fit the schema. */
  encode(value: T, prefix: Uint8Array = NOTHING): Uint8Array {
    // A converter of a user's may encode something itself.
    const out = sharedWriter ?? new AvroWriter()
    sharedWriter = undefined
    try {
      out.begin()
      if (prefix.length > 0) out.raw(prefix)
      this.#encode(out, value)
      return out.finish()
    } catch (error) {
      throw error instanceof RangeError
        ? new SerializationError('the value is nested too deep', { cause: error })
        : toSerializationError(error)
    } finally {
      sharedWriter = out
    }
  }

  /** The value that takes up all of `bytes`. Throws SerializationError for bytes that are none. */
  decode(bytes: Uint8Array): T {
    return decodeAll(this.#decode, bytes) as T
  }

  /** What reads values that were written with another schema as values of this one. */
  decoderOf(writer: string | object | { readonly parsed: AvroType }): AvroDecoder<T> {
    const writerType = toType(writer)
    if (writerType === this.type) return (bytes) => this.decode(bytes)
    const decode = new Resolution(this.type, this.#decoders).compile(writerType, this.type)
    return (bytes) => decodeAll(decode, bytes) as T
  }

  /** Parsing Canonical Form of the specification. */
  get canonicalForm(): string {
    return canonicalForm(this.type)
  }

  /** Digest of the canonical form; CRC-64-AVRO in little endian. */
  fingerprint(algorithm: FingerprintAlgorithm = 'SHA-256'): Uint8Array {
    return fingerprint(this.type, algorithm)
  }

  /** CRC-64-AVRO of the canonical form: by it single-object encoding names the schema. */
  get rabinFingerprint(): bigint {
    return rabinFingerprint(this.type)
  }
}

function toType(schema: string | object): AvroType {
  return typeof schema === 'object' && 'parsed' in schema ? (schema.parsed as AvroType) : parseSchema(schema)
}

function decodeAll(decode: Decode, bytes: Uint8Array): unknown {
  const reader = new AvroReader(bytes)
  try {
    const value = decode(reader)
    if (reader.remaining === 0) return value
  } catch (error) {
    throw toSerializationError(error)
  }
  throw new SerializationError(`${reader.remaining} bytes are left behind the value: another schema wrote them`)
}
